/** Keyboard shortcuts: one table for the handler and for the list people can read. */

/** @typedef {{keys: string[], action: string, group: string}} Shortcut keys: alternatives; "g i" is a sequence */

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { keys: ["j", "ArrowDown"], action: "next", group: "list" },
  { keys: ["k", "ArrowUp"], action: "previous", group: "list" },
  { keys: ["Enter", "o"], action: "open", group: "list" },
  { keys: ["/"], action: "search", group: "list" },
  { keys: ["Escape", "u"], action: "back", group: "list" },
  { keys: ["r"], action: "reply", group: "chat" },
  { keys: ["n"], action: "note", group: "chat" },
  { keys: ["c"], action: "claim", group: "chat" },
  { keys: ["Shift+C"], action: "release", group: "chat" },
  { keys: ["t"], action: "transfer", group: "chat" },
  { keys: ["e"], action: "close", group: "chat" },
  { keys: ["Shift+E"], action: "reopen", group: "chat" },
  { keys: ["l"], action: "tag", group: "chat" },
  { keys: ["d"], action: "details", group: "chat" },
  { keys: ["End"], action: "newest", group: "chat" },
  { keys: ["g w"], action: "view:waiting", group: "views" },
  { keys: ["g m"], action: "view:mine", group: "views" },
  { keys: ["g b"], action: "view:bot", group: "views" },
  { keys: ["g i"], action: "view:open", group: "views" },
  { keys: ["g c"], action: "view:closed", group: "views" },
  { keys: ["?"], action: "shortcuts", group: "views" },
];

const SEQUENCE_MS = 1200;

export class Keys {
  #table = new Map();
  #starts = new Set();
  #pending = null;
  #now;

  constructor(shortcuts = SHORTCUTS, now = Date.now) {
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
