import { backoff, spread } from "../helpers/backoff.js";
import { emit } from "../helpers/events.js";
import { Subscriptions } from "./subscriptions.js";

/** Close codes after which trying again by itself cannot help. */
const FINAL = new Set([4403]);
const SETTLED_MS = 5000;
const CONNECT_MS = 10_000;

/**
 * @typedef {object} ConnectionOptions
 * @property {string | (() => string)} url ws(s) address without a query
 * @property {(want: {fresh: boolean}) => Promise<string>} getTicket `fresh`: the server refused our
 *   sign-in, so get a new access token first. Throws an error with `status` when it is refused.
 * @property {(sessionId: string, afterVersion: number) => Promise<{results: any[], version: number}>} [getChanges]
 *   what to poll while there is no socket
 * @property {typeof WebSocket} [WebSocket]
 * @property {() => number} [random] 0..1
 * @property {() => number} [now] milliseconds that never run backwards
 * @property {{setTimeout: Function, clearTimeout: Function}} [timers]
 * @property {number} [pollAfterMs] how long without a socket before polling starts
 * @property {number} [pollEveryMs]
 */

/**
 * One WebSocket for any number of sessions, which comes back by itself.
 *
 * Raises `state` (detail {state, code}), `ready` (detail the server's ready frame), `frame` (detail
 * every other frame), `toolarge` (the server refused the size of what we sent).
 * States: idle, connecting, open, waiting (will try again), denied (will not), closed (by us).
 */
export class Connection extends EventTarget {
  #options;
  #socket = null;
  #state = "idle";
  #attempt = 0;
  #oversized = 0;
  #generation = 0;
  #fresh = false;
  #heartbeatMs = 15_000;
  #lastHeard = 0;
  #lastPing = 0;
  #openedAt = 0;
  #lostAt = null;
  #timers = new Map();
  #subscriptions;

  /** @param {ConnectionOptions} options */
  constructor(options) {
    super();
    this.#options = {
      WebSocket: globalThis.WebSocket,
      random: Math.random,
      now: () => performance.now(),
      timers: { setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (id) => clearTimeout(id) },
      pollAfterMs: 5000,
      pollEveryMs: 4000,
      ...options,
    };
    this.#subscriptions = new Subscriptions({
      send: (frame) => this.send(frame),
      timers: this.#options.timers,
      random: this.#options.random,
    });
  }

  get state() { return this.#state; }
  get isOpen() { return this.#state === "open"; }
  /** Whether sessions are kept up to date by polling because no socket can be had. */
  get polling() {
    return this.#lostAt !== null && this.#options.now() - this.#lostAt >= this.#options.pollAfterMs;
  }

  /** Start, or start again after `denied` or `disconnect()`. */
  connect() {
    if (["connecting", "open"].includes(this.#state)) return;
    this.#attempt = 0;
    this.#oversized = 0;
    this.#lostAt ??= this.#options.now();
    this.#schedulePoll(this.#options.pollAfterMs);
    this.#open();
  }

  /** Stop for good; nothing is tried until `connect()`. */
  disconnect() {
    this.#drop(1000);
    this.#lostAt = null;
    [...this.#timers.keys()].forEach((name) => this.#cancel(name));
    this.#become("closed");
  }

  /** The network or the reader is back: do not wait, and do not trust an old socket unseen. */
  wake() {
    if (this.#state === "waiting") {
      this.#attempt = 0;
      this.#open();
    } else if (this.isOpen) this.probe();
  }

  /**
   * Ask the server for a sign of life, and give the socket up when none comes in time.
   * @param {number} [withinMs]
   */
  probe(withinMs = 4000) {
    if (!this.isOpen) return;
    const asked = this.#options.now();
    this.#ping();
    this.#after("probe", withinMs, () => {
      if (this.isOpen && this.#lastHeard < asked) this.#lose(4408);
    });
  }

  /**
   * Keep a session's feed up to date from now on.
   * @param {import("./feed.js").Feed} feed
   */
  follow(feed) {
    this.#subscriptions.add(feed);
    if (this.isOpen) this.#subscriptions.sync(feed.sessionId);
    else if (this.polling) this.#schedulePoll(0);
  }

  /** @param {string} sessionId */
  unfollow(sessionId) {
    if (this.#subscriptions.remove(sessionId)) this.send({ type: "unsubscribe", session_id: sessionId });
  }

  /**
   * @param {object} frame
   * @returns {boolean} whether it was handed to an open socket; not a promise that it arrived
   */
  send(frame) {
    if (!this.isOpen || this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  // Opening

  async #open() {
    this.#cancel("retry");
    this.#drop();
    const generation = ++this.#generation;
    this.#become("connecting");
    this.#after("connect", CONNECT_MS, () => this.#lose(0));
    let ticket;
    try {
      ticket = await this.#options.getTicket({ fresh: this.#fresh });
    } catch (error) {
      if (generation === this.#generation) this.#refused(error);
      return;
    }
    if (generation !== this.#generation) return;
    const base = typeof this.#options.url === "function" ? this.#options.url() : this.#options.url;
    try {
      this.#listen(new this.#options.WebSocket(`${base}?ticket=${encodeURIComponent(ticket)}`));
    } catch {
      this.#lose(0);
    }
  }

  #listen(socket) {
    this.#socket = socket;
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => this.#lose(event.code);
  }

  /** No ticket could be had. */
  #refused(error) {
    const status = error?.status ?? 0;
    if (status === 401 && !this.#fresh) {
      this.#fresh = true;
      this.#retryIn(0);
    } else if ([401, 403, 404].includes(status)) this.#deny(status);
    else this.#retryIn(Math.max(this.#backoff(), (error?.retryAfter ?? 0) * 1000));
  }

  // Hearing

  #hear(data) {
    this.#lastHeard = this.#options.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (!frame || typeof frame !== "object") return;
    // Timers of hidden tabs may be slowed to one a minute; the server's own beat keeps ours going.
    if (this.isOpen && this.#lastHeard - this.#lastPing >= this.#heartbeatMs) this.#ping();
    if (frame.type === "ready") this.#ready(frame);
    else {
      this.#subscriptions.route(frame);
      emit(this, "frame", frame);
    }
  }

  #ready(frame) {
    this.#heartbeatMs = (frame.heartbeat_s ?? 15) * 1000;
    this.#openedAt = this.#lastPing = this.#options.now();
    this.#lostAt = null;
    this.#fresh = false;
    ["connect", "poll"].forEach((name) => this.#cancel(name));
    this.#become("open");
    this.#beat();
    this.#subscriptions.syncAll();
    emit(this, "ready", frame);
  }

  #beat() {
    this.#after("beat", this.#heartbeatMs, () => {
      const silent = this.#options.now() - this.#lastHeard;
      if (silent >= 2 * this.#heartbeatMs) return this.#lose(4408);
      this.#ping();
      this.#beat();
    });
  }

  #ping() {
    this.#lastPing = this.#options.now();
    this.send({ type: "ping", content: "ping" });
  }

  // Losing

  #lose(code) {
    const steady = this.isOpen && this.#options.now() - this.#openedAt >= SETTLED_MS;
    this.#drop();
    this.#subscriptions.lost();
    ["beat", "probe", "connect"].forEach((name) => this.#cancel(name));
    if (steady) this.#attempt = this.#oversized = 0;
    this.#lostAt ??= this.#options.now();
    this.#schedulePoll(this.#options.pollAfterMs);
    if (code === 4413) {
      this.#oversized += 1;
      emit(this, "toolarge");
    }
    if (FINAL.has(code) || this.#oversized > 2) return this.#deny(code);
    if (code === 4401) this.#fresh = true;
    this.#retryIn(this.#delayFor(code), code);
  }

  /** How long to wait before the next try, by what the server said when it left. */
  #delayFor(code) {
    const { random } = this.#options;
    const first = this.#attempt === 0;
    if (code === 1012 && first) {
      this.#attempt += 1;
      return spread(200, 5000, random);
    }
    if (code === 4429) return spread(5000, 5000 + 5000 * 2 ** Math.min(this.#attempt++, 3), random);
    if (first && [1013, 4401, 4408].includes(code)) {
      this.#attempt += 1;
      return spread(0, 250, random);
    }
    return this.#backoff();
  }

  #backoff() {
    return 50 + backoff(this.#attempt++, { random: this.#options.random });
  }

  #retryIn(delay, code = 0) {
    this.#after("retry", delay, () => this.#open());
    this.#become("waiting", code);
  }

  #deny(code) {
    this.#generation += 1;
    ["retry", "poll", "connect"].forEach((name) => this.#cancel(name));
    this.#become("denied", code);
  }

  #drop(code) {
    this.#generation += 1;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    // A half-open socket may take minutes to report its close: stop listening and move on.
    socket.onmessage = socket.onclose = socket.onerror = null;
    try {
      socket.close(code ?? 1000);
    } catch { /* was never open */ }
  }

  // Polling

  #schedulePoll(delay) {
    if (!this.#options.getChanges) return;
    if (this.#timers.has("poll") && delay) return;
    this.#after("poll", delay, async () => {
      this.#timers.set("poll", null);
      await this.#subscriptions.poll(this.#options.getChanges);
      if (this.#timers.get("poll") === null) {
        this.#timers.delete("poll");
        this.#schedulePoll(this.#options.pollEveryMs * (0.75 + 0.5 * this.#options.random()));
      }
    });
  }

  // Internals

  #become(state, code = 0) {
    if (state === this.#state && state !== "waiting") return;
    this.#state = state;
    emit(this, "state", { state, code });
  }

  #after(name, delay, run) {
    this.#cancel(name);
    const id = this.#options.timers.setTimeout(() => {
      this.#timers.delete(name);
      run();
    }, delay);
    this.#timers.set(name, id);
  }

  #cancel(name) {
    const id = this.#timers.get(name);
    if (id !== undefined && id !== null) this.#options.timers.clearTimeout(id);
    this.#timers.delete(name);
  }
}
