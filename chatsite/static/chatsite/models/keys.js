/** Keyboard shortcuts: a table serves the handler and the list people can read. */

/** @typedef {{keys: string[], action: string, group: string}} Shortcut keys: alternatives; "g i" is a sequence */

const SEQUENCE_MS = 1200;

export class Keys {
  #table = new Map();
  #starts = new Set();
  #pending = null;
  #now;

  /** @param {Shortcut[]} shortcuts */
  constructor(shortcuts, now = Date.now) {
    this.#now = now;
    for (const { keys, action } of shortcuts) {
      for (const key of keys) {
        this.#table.set(key, action);
        if (key.includes(" ")) this.#starts.add(key.split(" ")[0]);
      }
    }
  }

  /**
   * @param {{key: string, shiftKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, isComposing?: boolean}} event
   * @returns {string | null} the action, if this key completes one
   */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
    const key = named(event);
    const pending = this.#pending && this.#now() - this.#pending.at <= SEQUENCE_MS ? this.#pending.key : null;
    this.#pending = null;
    if (pending && this.#table.has(`${pending} ${key}`)) return this.#table.get(`${pending} ${key}`);
    if (this.#starts.has(key)) {
      this.#pending = { key, at: this.#now() };
      return null;
    }
    return this.#table.get(key) ?? null;
  }
}

/** Letters by what they are whatever Caps Lock says; signs by what they print. */
function named({ key, shiftKey }) {
  if (!/^[a-z]$/i.test(key)) return key;
  return shiftKey ? `Shift+${key.toUpperCase()}` : key.toLowerCase();
}
