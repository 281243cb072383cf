import { emit } from "../../sessions_app/helpers/events.js";

const KINDS = new Set(["init", "open", "closed", "phone", "user", "metadata", "reset"]);

/**
 * The typed conversation with the loader on the host page. Only the parent window is listened to,
 * and answers go to the one origin that greeted us (which frame-ancestors has already allowed).
 * Raises each message of the loader as an event of its type.
 */
export class Bridge extends EventTarget {
  #origin = null;
  #window;

  /** @param {Window} [win] */
  constructor(win = window) {
    super();
    this.#window = win;
    win.addEventListener("message", (event) => this.#hear(event));
  }

  /** Whether we stand in somebody's page at all. */
  get framed() { return this.#window.parent !== this.#window; }

  /**
   * @param {string} type
   * @param {Record<string, any>} [body]
   */
  tell(type, body = {}) {
    if (this.#origin) this.#window.parent.postMessage({ cc: 1, type, ...body }, this.#origin);
  }

  #hear({ source, origin, data }) {
    if (!this.framed || source !== this.#window.parent || data?.cc !== 1 || !KINDS.has(data.type)) return;
    if (data.type === "init") this.#origin ??= origin;
    if (origin === this.#origin) emit(this, data.type, data);
  }
}
