import { emit } from "../helpers/events.js";
import { ReplyDraft } from "./reply.js";
import { Typing } from "./typing.js";

const HELD_MAX = 2000;
const CONFIRM_MS = 2000;

/**
 * One session's ordered truth, whatever order frames arrive in, however often, from socket or REST.
 *
 * Messages are shown in `seq` order, each once, none after a hole: `prev_seq` of the next one must
 * be the last we have, else it is held and `resync` asks the connection to subscribe again from our
 * cursor. `version` is the mark up to which every change is known, edits and deletions too.
 *
 * Raises `change` (anything to redraw), `message` (detail {message, live}: a new last message),
 * `resync`, `synced`, `denied` (detail the error frame).
 */
export class Feed extends EventTarget {
  #messages = [];
  #versions = new Map();
  #held = new Map();
  #lastSeq = 0;
  #version = 0;
  #ahead = new Set();
  #syncing = false;
  #page = null;
  #bySeq = true;
  #floor = null;
  #reads = new Map();
  #reply = null;
  #finished = null;
  #snapshotDue = false;
  #confirm = null;
  #typing;
  #timers;

  /**
   * @param {string} sessionId
   * @param {{now?: () => number, timers?: any, typingMs?: number}} [options]
   */
  constructor(sessionId, { now = Date.now, timers, typingMs = 6000 } = {}) {
    super();
    this.sessionId = sessionId;
    this.#timers = timers ?? { setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (id) => clearTimeout(id) };
    this.#typing = new Typing({ now, timers: this.#timers, keepMs: typingMs, onChange: () => this.#changed() });
    /** The newest session payload, or null. */
    this.session = null;
  }

  /** Messages in seq order. Read only: a new array after every change. */
  get messages() { return this.#messages; }
  get lastSeq() { return this.#lastSeq; }
  get version() { return this.#version; }
  /** Whether there are messages before the first one here. */
  get hasEarlier() { return (this.#messages[0]?.prev_seq ?? 0) > 0; }
  /** The answer being written, or null: {turnId, attempt, text, settling}. */
  get reply() { return this.#reply; }
  /** Users typing now. */
  get typing() { return this.#typing.users; }
  /** Whether a hole is known that is not filled yet. */
  get behind() { return this.#held.size > 0 || this.#syncing; }

  /** The seq up to which a user has read. */
  readBy(userId) { return this.#reads.get(userId) ?? 0; }

  /** The highest seq any user but this one has read. */
  readByOthers(userId) {
    return Math.max(0, ...[...this.#reads].filter(([id]) => id !== userId).map(([, seq]) => seq));
  }

  // Filling from REST

  /**
   * Begin with a window of the newest messages. `version` must have been read before the messages.
   * @param {{messages: any[], version: number}} page ascending by seq
   */
  prime({ messages, version }) {
    if (this.#messages.length) return this.applyChanges({ results: messages, version });
    for (const message of messages) this.#versions.set(message.id, version);
    this.#messages = [...messages];
    this.#lastSeq = messages.at(-1)?.seq ?? 0;
    this.#bySeq = false;
    this.#version = Math.max(this.#version, version);
    this.#drainHeld(false);
    this.#changed();
  }

  /**
   * Put an earlier page in front. Ignored unless it ends exactly where we begin.
   * @param {any[]} page ascending by seq
   */
  prepend(page) {
    const first = this.#messages[0];
    const fitting = page.filter((message) => first && message.seq < first.seq);
    if (!fitting.length || fitting.at(-1).seq !== first.prev_seq) return;
    for (const message of fitting) this.#versions.set(message.id, this.#version);
    this.#messages = [...fitting, ...this.#messages];
    this.#changed();
  }

  /** @param {{results: any[], version: number}} changes what REST `changes` answered */
  applyChanges({ results, version }) {
    for (const message of [...results].sort((a, b) => a.seq - b.seq)) this.#take(message, version, true);
    if (!this.#held.size) {
      this.#bySeq = false;
      this.#reach(version);
    }
    this.#changed();
    if (this.#held.size) emit(this, "resync");
  }

  /** @param {any} session a session payload, with participants' read marks */
  setSession(session) {
    if (this.session && session.version < this.session.version) return;
    this.session = session;
    for (const { user, read_seq: seq } of session.participants ?? []) if (user) this.#markRead(user.id, seq ?? 0);
    this.#changed();
  }

  // The live side, used by the connection

  /** A subscribe is about to be sent: what to ask for. */
  beginSync() {
    this.#syncing = true;
    this.#page = { bySeq: this.#bySeq, top: 0, from: this.#lastSeq };
    return this.#bySeq ? { after_seq: this.#lastSeq } : { after_version: this.#version };
  }

  /** The socket went away: what was under way will not come. */
  interrupted() {
    this.#syncing = false;
    this.#page = null;
    this.#typing.clear();
    this.#changed();
  }

  /** @param {any} frame a frame of this session, or {type: "head", version} */
  receive(frame) {
    switch (frame.type) {
      case "message": return this.#onMessage(frame);
      case "subscribed": return this.#onSubscribed(frame);
      case "head": return frame.version > this.#version && !this.#syncing ? emit(this, "resync") : undefined;
      case "reply.start": return isReply(frame) && this.#onReplyStart(frame);
      case "reply.chunk": return isReply(frame) && this.#onReplyChunk(frame);
      case "reply.end": return isReply(frame) && this.#onReplyEnd(frame);
      case "read": return this.#markRead(frame.user_id, frame.seq) && this.#changed();
      case "typing": return this.#typing.set(frame.user, frame.active);
      case "session": return this.setSession(frame.session);
      case "error": return frame.client_msg_id ? undefined : emit(this, "denied", frame);
      default: return undefined;
    }
  }

  #onMessage({ message, version }) {
    this.#snapshotDue = false;
    if (this.#page) this.#page.top = Math.max(this.#page.top, version);
    const placed = this.#take(message, version, !this.#syncing);
    if (placed) this.#note(version);
    this.#changed();
    if (this.#held.size && !this.#syncing) emit(this, "resync");
  }

  #onSubscribed(frame) {
    const page = this.#page ?? { bySeq: false, top: 0, from: 0 };
    this.#page = null;
    this.#syncing = false;
    this.#drainHeld(false);
    // A walk by seq does not bring changes behind it: what is known then is what was true at its start.
    if (page.bySeq) this.#floor ??= page.from === 0 ? frame.version : this.#version;
    if (frame.more) return this.#nextPage(page, frame.version);
    if (this.#held.size || this.#lastSeq < frame.last_seq) {
      // Asking by version did not bring everything: ask by seq, which cannot skip a message.
      this.#bySeq = true;
      return emit(this, "resync");
    }
    this.#reach(page.bySeq ? this.#floor : frame.version);
    this.#bySeq = false;
    this.#floor = null;
    this.#snapshotDue = true;
    this.#doubtReply();
    this.#changed();
    emit(this, "synced");
    if (frame.version > this.#version) emit(this, "resync");
  }

  /** More is waiting than one answer may hold; `mark` is how far the server looked. */
  #nextPage(page, mark) {
    const top = Math.min(page.top, mark);
    const progress = this.#lastSeq > page.from || top > this.#version;
    if (!page.bySeq) this.#reach(top);
    this.#changed();
    if (progress) emit(this, "synced");
    emit(this, "resync");
  }

  // Messages

  /** @returns {boolean} whether the message is now where it belongs */
  #take(message, version, live) {
    const known = this.#versions.get(message.id);
    if (known !== undefined) {
      if (version > known) this.#replace(message, version);
      return true;
    }
    if (message.seq <= this.#lastSeq) return true;
    if (message.prev_seq !== this.#lastSeq) {
      const held = this.#held.get(message.seq);
      if ((!held || held.version < version) && this.#held.size < HELD_MAX) this.#held.set(message.seq, { message, version });
      return false;
    }
    this.#append(message, version, live);
    this.#drainHeld(live);
    return true;
  }

  #append(message, version, live) {
    this.#held.delete(message.seq);
    this.#versions.set(message.id, version);
    this.#lastSeq = message.seq;
    this.#messages = [...this.#messages, message];
    this.#typing.set(message.sender, false);
    if (this.#reply && belongsTo(message, this.#reply.turnId)) this.#finishReply();
    emit(this, "message", { message, live });
  }

  #replace(message, version) {
    this.#versions.set(message.id, version);
    this.#messages = this.#messages.map((old) => (old.id === message.id ? message : old));
  }

  #drainHeld(live) {
    for (const seq of [...this.#held.keys()].sort((a, b) => a - b)) {
      const { message, version } = this.#held.get(seq);
      if (seq <= this.#lastSeq) this.#held.delete(seq);
      else if (message.prev_seq === this.#lastSeq) {
        this.#append(message, version, live);
        this.#note(version);
      }
    }
  }

  // Versions

  /** One change is known; the mark moves only while no change below it is missing. */
  #note(version) {
    if (version <= this.#version || this.#version === 0) return;
    this.#ahead.add(version);
    while (this.#ahead.delete(this.#version + 1)) this.#version += 1;
    if (this.#ahead.size > HELD_MAX) this.#ahead.clear();
  }

  /** Every change up to here is known. */
  #reach(version) {
    this.#version = Math.max(this.#version, version);
    for (const one of this.#ahead) if (one <= this.#version) this.#ahead.delete(one);
    while (this.#ahead.delete(this.#version + 1)) this.#version += 1;
  }

  // The answer being written

  #onReplyStart({ turn_id: turnId, attempt }) {
    if (this.#isOver(turnId, attempt)) return;
    const same = this.#reply?.turnId === turnId && this.#reply.attempt === attempt;
    if (this.#reply?.turnId === turnId && this.#reply.attempt > attempt) return;
    if (!same) this.#reply = new ReplyDraft(turnId, attempt);
    this.#stopDoubt();
    if (this.#snapshotDue) this.#reply.expectSnapshot();
    this.#snapshotDue = false;
    this.#changed();
  }

  #onReplyChunk(frame) {
    if (this.#reply?.turnId !== frame.turn_id) {
      if (!this.#isOver(frame.turn_id)) emit(this, "resync");
      return;
    }
    if (this.#reply.add(frame)) this.#changed();
    else emit(this, "resync");
  }

  #onReplyEnd({ turn_id: turnId, status }) {
    if (this.#reply?.turnId !== turnId) {
      if (status !== "done") this.#finished = { turnId, attempt: 0 };
      return;
    }
    if (status === "done") {
      // The message itself is on its way; the text stays until it takes its place.
      this.#reply.settling = true;
      this.#doubtReply();
    } else this.#finishReply();
    this.#changed();
  }

  #finishReply() {
    this.#stopDoubt();
    this.#finished = { turnId: this.#reply.turnId, attempt: this.#reply.attempt };
    this.#reply = null;
  }

  /** Whether an answer (or an attempt at it) has ended, so that late frames of it mean nothing. */
  #isOver(turnId, attempt = 0) {
    if (this.#finished?.turnId === turnId && attempt <= this.#finished.attempt) return true;
    return this.#messages.some((message) => message.sender?.kind === "assistant" && belongsTo(message, turnId));
  }

  /** Drop the text unless the server soon says that it is still being written, or done. */
  #doubtReply() {
    this.#stopDoubt();
    if (!this.#reply) return;
    this.#confirm = this.#timers.setTimeout(() => {
      const settling = this.#reply?.settling;
      this.#reply = null;
      this.#changed();
      if (settling) emit(this, "resync");
    }, CONFIRM_MS);
  }

  #stopDoubt() {
    if (this.#confirm !== null) this.#timers.clearTimeout(this.#confirm);
    this.#confirm = null;
  }

  // Internals

  #markRead(userId, seq) {
    if (seq <= this.readBy(userId)) return false;
    this.#reads.set(userId, seq);
    return true;
  }

  #changed() {
    emit(this, "change");
  }
}

/**
 * Whether a frame is about the reply to the customer, and not about one of several models asked.
 * @param {any} frame
 */
function isReply(frame) {
  return frame.slot === null || frame.slot === undefined;
}

/**
 * Whether a message is the outcome of a turn.
 * @param {any} message
 * @param {string} turnId
 */
function belongsTo(message, turnId) {
  return message.client_msg_id === `turn:${turnId}` || message.metadata?.turn_id === turnId;
}
