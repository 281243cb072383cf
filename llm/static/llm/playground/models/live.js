/**
 * What happens to this person's conversations elsewhere: on another device, or by an administrator's hand.
 * The socket says that something has changed; what it is, is read over REST, once for a burst.
 *
 * Raises `changed` (detail the conversation's id), `answering` (detail the turn's id: a model begins to answer in
 * the open one) and `gone` (detail the id: the open one is not there any more).
 */
import { emit } from "../../../sessions_app/helpers/events.js";

const SOON_MS = 250;

export class Live extends EventTarget {
  #connection;
  #timers;
  #open = null;
  #due = new Map();
  #seen = new Map();

  /**
   * @param {import("../../../sessions_app/models/connection.js").Connection} connection
   * @param {{setTimeout: Function, clearTimeout: Function}} [timers]
   */
  constructor(connection, timers = globalThis) {
    super();
    this.#connection = connection;
    this.#timers = timers;
    connection.addEventListener("frame", ({ detail }) => this.#onFrame(detail));
  }

  /** The open conversation is followed, so that nothing of it can be missed for longer than a heartbeat. */
  follow(id, version) {
    if (id) this.saw(id, version);
    if (id === (this.#open?.sessionId ?? null)) return;
    if (this.#open) this.#connection.unfollow(this.#open.sessionId);
    this.#open = id ? new Place(id, version) : null;
    if (!this.#open) return;
    this.#open.addEventListener("changed", ({ detail }) => this.#note(id, detail));
    this.#open.addEventListener("answering", ({ detail }) => emit(this, "answering", detail));
    this.#open.addEventListener("gone", () => emit(this, "gone", id));
    this.#connection.follow(this.#open);
  }

  /** What is shown of a conversation is as new as this. */
  saw(id, version) {
    this.#seen.set(id, Math.max(version, this.#seen.get(id) ?? 0));
  }

  /** What comes of a conversation that this page is about to delete is no news; unless it stays. */
  leave(id) {
    this.saw(id, Number.MAX_SAFE_INTEGER);
    if (this.#open?.sessionId === id) this.follow(null);
  }

  comeBack(id) { this.#seen.delete(id); }

  #onFrame(frame) {
    if (frame.type === "session" && isTalk(frame.session)) this.#note(frame.session.id, frame.session.version);
  }

  #note(id, version) {
    if (version <= (this.#seen.get(id) ?? 0) || this.#due.has(id)) return;
    this.#due.set(id, this.#timers.setTimeout(() => {
      this.#due.delete(id);
      if (version > (this.#seen.get(id) ?? 0)) emit(this, "changed", id);
    }, SOON_MS));
  }
}

const isTalk = ({ kind, customer }) => kind === "assistant" && !customer;

/** A session as the connection keeps it up to date; of what comes only the version counts, and that answers begin. */
class Place extends EventTarget {
  constructor(sessionId, version) {
    super();
    Object.assign(this, { sessionId, version, behind: false });
  }

  beginSync() { return { after_version: this.version }; }
  interrupted() {}
  applyChanges({ version }) { this.#reach(version); }

  receive(frame) {
    if (frame.type === "error" && frame.code === "SESSION_NOT_FOUND") emit(this, "gone");
    else if (frame.type === "head" && frame.version > this.version) emit(this, "resync");
    else if (frame.type === "session") this.#reach(frame.session.version);
    else if (frame.type === "message" || frame.type === "subscribed") this.#reach(frame.version);
    else if (frame.type === "reply.start") emit(this, "answering", frame.turn_id);
    if (frame.type === "subscribed") emit(this, frame.more ? "resync" : "synced");
  }

  #reach(version) {
    if (version <= this.version) return;
    this.version = version;
    emit(this, "changed", version);
  }
}
