/**
 * Storage that never throws. Browsers may deny storage to an embedded page, or refuse a write when
 * it is full; then values live in memory for as long as the page does.
 */
export class SafeStorage {
  #memory = new Map();
  #prefix;
  #backing = null;

  /**
   * @param {string} prefix put before every key
   * @param {() => Storage} [open] returns the real storage; may throw
   */
  constructor(prefix, open = () => globalThis.localStorage) {
    this.#prefix = prefix;
    try {
      const backing = open();
      const probe = `${prefix}?`;
      backing.setItem(probe, "1");
      backing.removeItem(probe);
      this.#backing = backing;
    } catch { /* denied: memory only */ }
  }

  /** Whether what is written here is still there after a reload. */
  get lasting() {
    return this.#backing !== null;
  }

  /** @param {string} key */
  get(key) {
    if (this.#memory.has(key)) return this.#memory.get(key);
    try {
      const raw = this.#backing?.getItem(this.#prefix + key);
      return raw == null ? null : JSON.parse(raw);
    } catch {
      return null;
    }
  }

  /**
   * @param {string} key
   * @param {any} value anything JSON can hold
   * @returns {boolean} whether it was really stored
   */
  set(key, value) {
    try {
      if (!this.#backing) throw new Error("denied");
      this.#backing.setItem(this.#prefix + key, JSON.stringify(value));
      this.#memory.delete(key);
      return true;
    } catch {
      this.#memory.set(key, value);
      return false;
    }
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    try {
      this.#backing?.removeItem(this.#prefix + key);
    } catch { /* nothing to remove */ }
  }

  /**
   * All keys that begin with `start`, without this storage's own prefix.
   * @param {string} [start]
   * @returns {string[]}
   */
  keys(start = "") {
    const found = new Set([...this.#memory.keys()].filter((key) => key.startsWith(start)));
    try {
      for (let index = 0; index < (this.#backing?.length ?? 0); index += 1) {
        const key = this.#backing.key(index);
        if (key?.startsWith(this.#prefix + start)) found.add(key.slice(this.#prefix.length));
      }
    } catch { /* memory only */ }
    return [...found];
  }
}
