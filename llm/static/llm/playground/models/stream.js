/**
 * The one stream of a page: all slots of a turn. It reconnects by itself with the place it got to, and
 * asks for a new ticket each time, since one lives for a minute only.
 *
 * Raises `event` (detail {turnId, type, data}), `state` (detail "live" | "waiting" | "over") and `gone`
 * (the server does not know the turn).
 */
import { backoff } from "../../../sessions_app/helpers/backoff.js";
import { emit } from "../../../sessions_app/helpers/events.js";
import { EventReader } from "../helpers/sse.js";

// The server says something every 15 seconds, if only a comment.
const SILENCE_MS = 40_000;

export class TurnStream extends EventTarget {
  #ticket;
  #fetch;
  #base;
  #timers;
  #random;
  #run = null;
  #resting = false;

  /**
   * @param {object} options
   * @param {(turnId: string) => Promise<string>} options.ticket throws an ApiError
   * @param {typeof fetch} [options.fetch]
   * @param {string} [options.base]
   * @param {{setTimeout: Function, clearTimeout: Function}} [options.timers]
   * @param {() => number} [options.random]
   */
  constructor({ ticket, fetch: get = (...args) => globalThis.fetch(...args), base = "/api/v1", timers = globalThis, random = Math.random }) {
    super();
    this.#ticket = ticket;
    this.#fetch = get;
    this.#base = base;
    this.#timers = { set: (run, ms) => timers.setTimeout(run, ms), clear: (id) => timers.clearTimeout(id) };
    this.#random = random;
  }

  /** The turn that is followed, or null. */
  get turnId() { return this.#run?.turnId ?? null; }

  // Actions

  /** Follow a turn until it is over; whatever was followed before is left. */
  follow(turnId) {
    if (this.#run?.turnId === turnId) return;
    this.leave();
    const run = { turnId, lastId: "", attempt: 0, over: false, wake: null, abort: null };
    this.#run = run;
    this.#keep(run);
  }

  leave() {
    if (!this.#run) return;
    this.#run.over = true;
    this.#run.abort?.abort();
    this.#run.wake?.();
    this.#run = null;
  }

  /** Nobody looks: give the connection back until `wake()`. All tabs of a browser share six of them. */
  rest() {
    this.#resting = true;
    this.#run?.abort?.abort();
  }

  /** The network is back, or somebody looks again: do not wait any longer. */
  wake() {
    this.#resting = false;
    if (this.#run) this.#run.attempt = 0;
    this.#run?.wake?.();
  }

  // Internals

  async #keep(run) {
    while (!run.over) {
      if (this.#resting) {
        await new Promise((resolve) => { run.wake = resolve; });
        continue;
      }
      try {
        if (await this.#read(run)) return this.#end(run, "over");
      } catch (error) {
        if (run.over) return undefined;
        if (error.status === 404 || error.status === 403) return this.#end(run, "gone");
      }
      if (run.over) return undefined;
      if (this.#resting) continue;
      emit(this, "state", "waiting");
      await this.#pause(run, Math.max(300, backoff(run.attempt, { base: 1000, cap: 15_000, random: this.#random })));
      run.attempt += 1;
    }
    return undefined;
  }

  #end(run, how) {
    if (this.#run === run) this.#run = null;
    run.over = true;
    if (how === "gone") emit(this, "gone", run.turnId);
    emit(this, "state", "over");
  }

  /** One connection; answers whether the turn came to its end on it. */
  async #read(run) {
    const ticket = await this.#ticket(run.turnId);
    if (run.over || this.#resting) return false;
    run.abort = new AbortController();
    const answer = await this.#fetch(`${this.#base}/streams/turn/${run.turnId}?st=${encodeURIComponent(ticket)}`, {
      headers: { Accept: "text/event-stream", ...(run.lastId ? { "Last-Event-ID": run.lastId } : {}) },
      cache: "no-store", signal: run.abort.signal,
    });
    if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status === 401 ? 0 : answer.status });
    emit(this, "state", "live");
    if (answer.status === 204) {
      // All of it was seen before.
      emit(this, "event", { turnId: run.turnId, type: "done", data: {} });
      return true;
    }
    const reader = answer.body.getReader();
    const events = new EventReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await this.#within(run, reader.read());
      if (done || run.over) return false;
      run.attempt = 0;
      for (const event of events.feed(decoder.decode(value, { stream: true }))) {
        if (run.over) return false;
        if (event.id) run.lastId = event.id;
        emit(this, "event", { turnId: run.turnId, type: event.type, data: JSON.parse(event.data) });
        if (event.type === "done") {
          run.abort.abort();
          return true;
        }
      }
    }
  }

  /** A connection that says nothing at all is dead, whatever the network thinks. */
  #within(run, reading) {
    const timer = this.#timers.set(() => run.abort.abort(), SILENCE_MS);
    return reading.finally(() => this.#timers.clear(timer));
  }

  #pause(run, ms) {
    return new Promise((resolve) => {
      const timer = this.#timers.set(resolve, ms);
      run.wake = () => { this.#timers.clear(timer); resolve(); };
    }).finally(() => { run.wake = null; });
  }
}
