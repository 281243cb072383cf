import { backoff } from "../helpers/backoff.js";

const ANSWER_MS = 10_000;

/**
 * Which sessions a connection follows, and whether each is caught up. Asks once at a time per
 * session, asks again when no answer comes, and slows down when asking does not help.
 */
export class Subscriptions {
  #entries = new Map();
  #send;
  #timers;
  #random;

  /** @param {{send: (frame: object) => boolean, timers: any, random: () => number}} options */
  constructor({ send, timers, random }) {
    this.#send = send;
    this.#timers = timers;
    this.#random = random;
  }

  /** @param {import("./feed.js").Feed} feed */
  add(feed) {
    if (this.#entries.has(feed.sessionId)) this.remove(feed.sessionId);
    const stop = new AbortController();
    const entry = { feed, stop, asked: false, tries: 0, timer: null, denied: false };
    this.#entries.set(feed.sessionId, entry);
    feed.addEventListener("resync", () => this.#ask(entry), { signal: stop.signal });
    feed.addEventListener("synced", () => { entry.tries = 0; }, { signal: stop.signal });
  }

  /** @param {string} sessionId */
  remove(sessionId) {
    const entry = this.#entries.get(sessionId);
    entry?.stop.abort();
    this.#stopTimer(entry);
    return this.#entries.delete(sessionId);
  }

  /** @param {string} sessionId */
  sync(sessionId) {
    const entry = this.#entries.get(sessionId);
    if (entry) this.#subscribe(entry);
  }

  syncAll() {
    for (const entry of this.#entries.values()) {
      entry.denied = false;
      entry.tries = 0;
      this.#subscribe(entry);
    }
  }

  /** The socket is gone, and every answer with it. */
  lost() {
    for (const entry of this.#entries.values()) {
      entry.asked = false;
      this.#stopTimer(entry);
      entry.feed.interrupted();
    }
  }

  /** Hand a frame to the session it speaks of. */
  route(frame) {
    if (frame.type === "head") {
      for (const [id, version] of Object.entries(frame.heads ?? {})) {
        this.#entries.get(id)?.feed.receive({ type: "head", version });
      }
      return;
    }
    const entry = this.#entries.get(frame.session_id ?? frame.session?.id);
    if (!entry) return;
    if (frame.type === "subscribed" || (frame.type === "error" && !frame.client_msg_id && entry.asked)) this.#answered(entry, frame);
    entry.feed.receive(frame);
  }

  /**
   * Bring every session up to date over REST.
   * @param {(sessionId: string, afterVersion: number) => Promise<{results: any[], version: number}>} getChanges
   */
  async poll(getChanges) {
    await Promise.all([...this.#entries.values()].map(async ({ feed, denied }) => {
      if (denied) return;
      try {
        for (let page = 0; page < 50; page += 1) {
          const before = feed.version;
          feed.applyChanges(await getChanges(feed.sessionId, before));
          if (feed.version <= before || !feed.behind) break;
        }
      } catch { /* tried again at the next poll */ }
    }));
  }

  #answered(entry, frame) {
    entry.asked = false;
    this.#stopTimer(entry);
    if (frame.type !== "error") return;
    if (frame.code === "RATE_LIMITED" || /^(INTERNAL|SERVICE)/.test(frame.code)) {
      this.#later(entry, Math.max((frame.retry_after ?? 1) * 1000, backoff(entry.tries++, { random: this.#random })));
    } else entry.denied = true;
  }

  /** A feed found a hole. The first question goes out at once, the next ones ever slower. */
  #ask(entry) {
    if (entry.asked || entry.denied || entry.timer !== null) return;
    if (entry.tries === 0) this.#subscribe(entry);
    else this.#later(entry, 100 + backoff(entry.tries, { base: 250, cap: 15_000, random: this.#random }));
  }

  #subscribe(entry) {
    this.#stopTimer(entry);
    entry.tries += 1;
    entry.asked = this.#send({ type: "subscribe", session_id: entry.feed.sessionId, ...entry.feed.beginSync() });
    if (entry.asked) this.#later(entry, ANSWER_MS);
  }

  #later(entry, delay) {
    this.#stopTimer(entry);
    entry.timer = this.#timers.setTimeout(() => {
      entry.timer = null;
      this.#subscribe(entry);
    }, delay);
  }

  #stopTimer(entry) {
    if (entry?.timer != null) this.#timers.clearTimeout(entry.timer);
    if (entry) entry.timer = null;
  }
}
