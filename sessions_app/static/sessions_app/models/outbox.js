import { backoff } from "../helpers/backoff.js";
import { emit } from "../helpers/events.js";
import { keptUpload, revivedUpload } from "../helpers/files.js";
import { randomId } from "../helpers/ids.js";

/** Answers after which sending the same thing again cannot help. */
const HOPELESS = new Set([
  "VALIDATION_FAILED", "SESSION_CLOSED", "SESSION_NOT_FOUND", "NOT_FOUND", "PERMISSION_DENIED",
  "CONFLICT", "UPLOAD_TOO_LARGE", "UPLOAD_TYPE_REJECTED",
]);
const ACK_MS = 8000;

/**
 * @typedef {object} Entry
 * @property {string} id the client_msg_id, the same however often it is sent
 * @property {string | null} sessionId null: a session is made for it first
 * @property {string} content
 * @property {string} kind
 * @property {import("../helpers/files.js").Upload[]} files it goes out once all of them are up
 * @property {string | null} replyTo
 * @property {number} createdAt epoch milliseconds
 * @property {"sending" | "sent" | "failed"} state
 * @property {boolean} waiting sending, but there is no way out right now
 * @property {{code: string, detail: string} | null} error
 * @property {number | null} seq once sent
 */

/**
 * @typedef {object} OutboxOptions
 * @property {import("../helpers/storage.js").SafeStorage} storage one per identity
 * @property {import("./connection.js").Connection} connection
 * @property {(entry: Entry) => Promise<any>} post sends over REST and answers the message; throws an
 *   error with `code`, `status` and `retryAfter`
 * @property {() => Promise<string>} [openSession] makes the session for entries that have none
 * @property {() => number} [now] epoch milliseconds
 * @property {any} [timers]
 * @property {() => number} [random]
 * @property {() => string} [newId]
 * @property {number} [giveUpMs] after this long unsent, sending again is the writer's decision
 */

/**
 * What was written and is not yet known to be kept by the server. Survives reloads, repeats with
 * the same id until there is an answer, keeps the order within a session, and is honest about it.
 * Raises `change`, and with the entry as detail `sent`, `again` (its writer wants another try) and
 * `gone` (not wanted any more).
 */
export class Outbox extends EventTarget {
  /** @type {Entry[]} */
  #entries = [];
  #options;
  #flights = new Map();
  #pauses = new Map();
  #opening = null;
  #freed = new Map();

  /** @param {OutboxOptions} options */
  constructor(options) {
    super();
    this.#options = {
      now: Date.now,
      timers: { setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (id) => clearTimeout(id) },
      random: Math.random,
      newId: randomId,
      giveUpMs: 600_000,
      ...options,
    };
    const { connection } = this.#options;
    connection.addEventListener("ready", () => this.#again());
    connection.addEventListener("state", () => this.#onState());
    connection.addEventListener("frame", ({ detail }) => this.#onFrame(detail));
    connection.addEventListener("toolarge", () => this.#onTooLarge());
    this.#restore();
  }

  /** Entries in writing order. A sent one stays until its message is settled. */
  get entries() { return this.#entries; }

  /**
   * @param {string | null} sessionId
   * @returns {Entry[]}
   */
  of(sessionId) {
    return this.#entries.filter((entry) => entry.sessionId === sessionId || entry.sessionId === null);
  }

  // Actions

  /**
   * @param {{sessionId?: string | null, content: string, kind?: string, files?: import("../helpers/files.js").Upload[], replyTo?: string | null}} draft
   * @returns {Entry}
   */
  add({ sessionId = null, content, kind = "text", files = [], replyTo = null }) {
    const entry = {
      id: this.#options.newId(), sessionId, content, kind: kindOf(kind, files), files, replyTo,
      createdAt: this.#options.now(), state: "sending", waiting: false, error: null, seq: null, tries: 0,
    };
    this.#entries = [...this.#entries, entry];
    this.#save(entry);
    this.#changed();
    this.#pump();
    return entry;
  }

  /** @param {string} id a failed entry's */
  retry(id) {
    const entry = this.#find(id);
    if (entry?.state !== "failed") return;
    entry.files = entry.files.filter((file) => file.id || file.file);
    if (!entry.content && !entry.files.length) return this.#remove(entry);
    if (entry.kind !== "note") entry.kind = kindOf("text", entry.files);
    Object.assign(entry, { state: "sending", error: null, waiting: false, tries: 0, createdAt: this.#options.now() });
    this.#unpause(entry.sessionId);
    this.#save(entry);
    emit(this, "again", entry);
    this.#changed();
    this.#pump();
  }

  /** @param {string} id a failed entry's, or one still waiting for a way out or for its files */
  discard(id) {
    const entry = this.#find(id);
    if (!entry || (entry.state !== "failed" && !entry.waiting && isWhole(entry))) return;
    this.#remove(entry);
    emit(this, "gone", entry);
    this.#pump();
  }

  /** Forget everything, for instance when somebody else uses the page now. */
  clear() {
    this.#opening = null;
    for (const entry of [...this.#entries]) {
      this.#remove(entry);
      emit(this, "gone", entry);
    }
    for (const sessionId of [...this.#pauses.keys()]) this.#unpause(sessionId);
  }

  /** @param {import("../helpers/files.js").Upload} file one that has come further, or failed */
  fileChanged(file) {
    const entry = this.#entries.find(({ files }) => files.includes(file));
    if (!entry) return;
    if (file.state === "failed" && entry.state === "sending") this.#fail(entry, file.error);
    else if (file.state === "ready") {
      if (isWhole(entry)) this.#freed.set(entry.sessionId, this.#options.now());
      this.#save(entry);
    }
    this.#changed();
    this.#pump();
  }

  /**
   * A message stands in the feed: its entry has done its work. Call for every message shown.
   * @param {{client_msg_id?: string | null}} message
   */
  settle({ client_msg_id: id }) {
    const entry = id ? this.#find(id) : undefined;
    if (!entry) return;
    this.#land(entry);
    this.#remove(entry);
    this.#pump();
  }

  // Sending: one at a time per session, so that a refusal cannot swap two messages

  #pump() {
    const busy = new Set();
    for (const entry of this.#entries) {
      if (entry.state !== "sending" || busy.has(entry.sessionId)) continue;
      busy.add(entry.sessionId);
      if (entry.sessionId === null) this.#openSession();
      else if (!this.#flights.has(entry.sessionId) && !this.#pauses.has(entry.sessionId) && isWhole(entry)) this.#fly(entry);
    }
  }

  async #openSession() {
    if (this.#opening || this.#pauses.has(null) || !this.#options.openSession) return;
    const opening = {};
    this.#opening = opening;
    let sessionId = null;
    let failure = null;
    try {
      sessionId = await this.#options.openSession();
    } catch (error) {
      failure = error;
    }
    // It was for whoever wrote before everything was forgotten.
    if (this.#opening !== opening) return;
    this.#opening = null;
    const waiting = this.#entries.filter((entry) => entry.sessionId === null && entry.state === "sending");
    for (const entry of waiting) {
      if (failure) this.#failed(entry, failure);
      else {
        entry.sessionId = sessionId;
        this.#save(entry);
      }
    }
    this.#changed();
    this.#pump();
  }

  #fly(entry) {
    const { connection, timers } = this.#options;
    if (this.#isLate(entry)) {
      this.#fail(entry, { code: "EXPIRED", detail: "" });
      return this.#pump();
    }
    const flight = { entry, timer: null };
    this.#flights.set(entry.sessionId, flight);
    if (this.#sendFrame(entry)) flight.timer = timers.setTimeout(() => this.#post(flight), ACK_MS);
    else if (connection.state === "connecting" && entry.tries === 0) {
      // The socket is about to be there; REST only if it is not.
      flight.timer = timers.setTimeout(() => this.#post(flight), 1500);
    } else this.#post(flight);
    entry.tries += 1;
  }

  #sendFrame(entry) {
    return this.#options.connection.send({
      type: "message.send", session_id: entry.sessionId, client_msg_id: entry.id, content: entry.content,
      kind: entry.kind, attachment_ids: entry.files.map(({ id }) => id),
      ...(entry.replyTo ? { reply_to: entry.replyTo } : {}),
    });
  }

  /** Without a socket, or when it does not answer. */
  async #post(flight) {
    const { entry } = flight;
    flight.timer = null;
    flight.posting = true;
    try {
      const message = await this.#options.post(entry);
      this.#sent(entry, message?.seq ?? null);
    } catch (error) {
      if (this.#flights.get(entry.sessionId) === flight) this.#failed(entry, error);
    }
  }

  // Answers

  #onFrame(frame) {
    if (frame.type === "message") return this.settle(frame.message);
    const entry = frame.client_msg_id ? this.#find(frame.client_msg_id) : undefined;
    if (!entry) return;
    if (frame.type === "ack") this.#sent(entry, frame.seq);
    if (frame.type === "error" && entry.state === "sending") this.#failed(entry, { code: frame.code, message: frame.detail, retryAfter: frame.retry_after });
  }

  /** The one in flight is the one the server could not take. */
  #onTooLarge() {
    for (const { entry, posting } of [...this.#flights.values()]) {
      if (!posting) this.#fail(entry, { code: "VALIDATION_FAILED", detail: "" });
    }
    this.#pump();
  }

  #sent(entry, seq) {
    this.#land(entry);
    if (this.#find(entry.id) && entry.state !== "sent") {
      Object.assign(entry, { state: "sent", waiting: false, error: null, seq });
      this.#options.storage.remove(key(entry));
      this.#unpause(entry.sessionId);
      this.#changed();
      emit(this, "sent", entry);
    }
    this.#pump();
  }

  #failed(entry, error) {
    const code = error?.code ?? "NETWORK";
    if (HOPELESS.has(code)) {
      this.#fail(entry, { code, detail: error.message ?? "" });
      return this.#pump();
    }
    this.#land(entry);
    if (this.#isLate(entry)) return this.#fail(entry, { code, detail: error?.message ?? "" });
    entry.waiting = true;
    const least = (error?.retryAfter ?? 0) * 1000;
    this.#pause(entry.sessionId, Math.max(least, 300 + backoff(entry.tries, { random: this.#options.random, cap: 10_000 })));
    return this.#changed();
  }

  #fail(entry, error) {
    this.#land(entry);
    Object.assign(entry, { state: "failed", waiting: false, error });
    this.#save(entry);
    this.#changed();
  }

  // The connection came or went

  #again() {
    for (const sessionId of [...this.#pauses.keys()]) this.#unpause(sessionId);
    for (const flight of [...this.#flights.values()]) if (!flight.posting) this.#land(flight.entry);
    this.#pump();
  }

  #onState() {
    const { connection } = this.#options;
    if (connection.isOpen) return;
    // What was on the lost socket may or may not have arrived: the same id goes out again.
    for (const flight of [...this.#flights.values()]) {
      if (flight.posting || connection.state === "connecting") continue;
      this.#land(flight.entry);
    }
    this.#pump();
  }

  // Internals

  /** How long files took, its own or those of one before it, is no reason to give a message up. */
  #isLate({ sessionId, createdAt }) {
    const from = Math.max(createdAt, this.#freed.get(sessionId) ?? 0);
    return this.#options.now() - from > this.#options.giveUpMs;
  }

  #find(id) {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** No longer in flight. */
  #land(entry) {
    const flight = this.#flights.get(entry.sessionId);
    if (flight?.entry !== entry) return;
    if (flight.timer !== null) this.#options.timers.clearTimeout(flight.timer);
    this.#flights.delete(entry.sessionId);
  }

  #pause(sessionId, delay) {
    this.#unpause(sessionId);
    this.#pauses.set(sessionId, this.#options.timers.setTimeout(() => {
      this.#pauses.delete(sessionId);
      this.#pump();
    }, delay));
  }

  #unpause(sessionId) {
    const timer = this.#pauses.get(sessionId);
    if (timer === undefined) return;
    this.#options.timers.clearTimeout(timer);
    this.#pauses.delete(sessionId);
  }

  #remove(entry) {
    this.#land(entry);
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#options.storage.remove(key(entry));
    this.#changed();
  }

  #save(entry) {
    const { seq: _seq, tries: _tries, waiting: _waiting, ...kept } = entry;
    this.#options.storage.set(key(entry), { ...kept, files: entry.files.map(keptUpload) });
  }

  #restore() {
    const { storage, now, giveUpMs } = this.#options;
    this.#entries = storage.keys("out:").map((name) => storage.get(name))
      .filter((kept) => kept && typeof kept.id === "string" && typeof kept.content === "string")
      .map((kept) => ({ ...kept, files: (kept.files ?? []).map(revivedUpload), seq: null, tries: 0, waiting: false }))
      .sort((a, b) => a.createdAt - b.createdAt);
    for (const entry of this.#entries) {
      // Nothing goes out late without its writer seeing it.
      if (entry.state === "sending" && now() - entry.createdAt > giveUpMs) {
        Object.assign(entry, { state: "failed", error: { code: "EXPIRED", detail: "" } });
      }
      if (!isWhole(entry)) Object.assign(entry, { state: "failed", error: { code: "FILES_LOST", detail: "" } });
    }
    if (this.#entries.length) this.#options.timers.setTimeout(() => this.#pump(), 0);
  }

  #changed() {
    emit(this, "change");
  }
}

/** Whether all its files are up. */
const isWhole = ({ files }) => files.every(({ state }) => state === "ready");

/** What a message with files is called. */
function kindOf(kind, files) {
  if (kind !== "text" || !files.length) return kind;
  return files.every((file) => file.kind === "image") ? "image" : "file";
}

/** @param {Entry} entry */
const key = (entry) => `out:${entry.id}`;
