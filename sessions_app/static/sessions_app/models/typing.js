/** Who is typing; forgets by itself, because the frame that says "stopped" may be lost. */
export class Typing {
  #users = new Map();
  #timer = null;
  #options;

  /** @param {{now: () => number, timers: any, keepMs: number, onChange: () => void}} options */
  constructor(options) {
    this.#options = options;
  }

  get users() { return [...this.#users.values()].map(({ user }) => user); }

  /**
   * @param {{id: number | null}} user
   * @param {boolean} active
   */
  set(user, active) {
    if (user?.id == null || (!active && !this.#users.has(user.id))) return;
    if (active) this.#users.set(user.id, { user, until: this.#options.now() + this.#options.keepMs });
    else this.#users.delete(user.id);
    this.#watch();
    this.#options.onChange();
  }

  clear() {
    this.#users.clear();
    this.#watch();
  }

  #watch() {
    if (this.#timer !== null) this.#options.timers.clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#users.size) this.#timer = this.#options.timers.setTimeout(() => this.#forget(), 1000);
  }

  #forget() {
    const now = this.#options.now();
    const before = this.#users.size;
    for (const [id, { until }] of this.#users) if (until <= now) this.#users.delete(id);
    this.#watch();
    if (this.#users.size !== before) this.#options.onChange();
  }
}

/**
 * Tells the other side that we type: at most one frame in three seconds, and one when we stop.
 */
export class TypingSender {
  #send;
  #timers;
  #now;
  #sentAt = null;
  #idle = null;

  /** @param {{send: (active: boolean) => void, now?: () => number, timers?: any}} options */
  constructor({ send, now = Date.now, timers = globalThis }) {
    this.#send = send;
    this.#now = now;
    this.#timers = { setTimeout: (f, ms) => timers.setTimeout(f, ms), clearTimeout: (id) => timers.clearTimeout(id) };
  }

  /** Call for every keystroke that leaves text in the field. */
  key() {
    if (this.#sentAt === null || this.#now() - this.#sentAt >= 3000) {
      this.#sentAt = this.#now();
      this.#send(true);
    }
    this.#timers.clearTimeout(this.#idle);
    this.#idle = this.#timers.setTimeout(() => this.stop(), 4000);
  }

  /** Call when the field is emptied, sent or left. */
  stop() {
    this.#timers.clearTimeout(this.#idle);
    if (this.#sentAt === null) return;
    this.#sentAt = null;
    this.#send(false);
  }
}
