/**
 * One agent's desk: the inbox, the chat that is open, and what the agent does with it. Ties the shared
 * kernel (socket, feeds, outbox) together; knows no DOM.
 *
 * Raises `selected` (another chat is open, or none), `thread` (redraw it), `message` (detail {message}:
 * a new last message of the open chat), `kept` (detail {message}: the same of any chat), `session` (its facts changed), `team`, `people`, `failed`
 * (detail {action, error, session}), `acted` (detail {action, session}).
 */
import { emit } from "../../../sessions_app/helpers/events.js";
import { Feed } from "../../../sessions_app/models/feed.js";

const KEPT_FEEDS = 6;
const POLL_MS = 10_000;

export class Desk extends EventTarget {
  #feeds = new Map();
  #acting = false;
  #tagging = Promise.resolve();

  /** @param {{rest: any, connection: any, inbox: any, outbox: any, drafts: any, prefs: any, storage: any, me: any, config: any}} parts */
  constructor(parts) {
    super();
    Object.assign(this, parts);
    this.selectedId = null;
    this.feed = null;
    /** "none" | "loading" | "ready" | "failed" */
    this.state = "none";
    this.error = null;
    this.unreadFrom = 0;
    this.team = { teams: [], agents: [] };
    this.#listen();
  }

  /** The open chat as far as it is known. */
  get session() { return this.#sessionOf(this.selectedId); }

  #sessionOf(id) {
    const [fed, listed] = [this.#feeds.get(id)?.session, this.inbox.get(id)];
    if (!fed || !listed) return fed ?? listed ?? null;
    return listed.version > fed.version ? listed : fed;
  }

  get acting() { return this.#acting; }
  get status() { return this.prefs.get("status") ?? "online"; }

  // The desk as a whole

  start() {
    this.connection.connect();
    this.loadTeam();
    setInterval(() => { if (!this.connection.isOpen) this.#refreshList(); }, POLL_MS);
  }

  async loadTeam() {
    try {
      this.team = await this.rest.call("GET", "/support/team");
      emit(this, "team");
    } catch { /* asked again when it is needed */ }
  }

  setStatus(status) {
    this.prefs.set("status", status);
    this.connection.send({ type: "presence", status });
  }

  // The open chat

  /** @param {string | null} id */
  async select(id) {
    if (id === this.selectedId) return;
    this.selectedId = id;
    this.feed = id ? this.#feedOf(id) : null;
    this.state = !id ? "none" : this.feed.lastSeq ? "ready" : "loading";
    this.unreadFrom = this.state === "ready" ? firstUnread(this.feed.messages, this.session?.unread) : 0;
    emit(this, "selected");
    if (this.state === "loading") await this.reload();
  }

  async reload() {
    const { feed } = this;
    if (!feed) return;
    this.state = "loading";
    emit(this, "thread");
    try {
      await this.rest.prime(feed);
      feed.messages.forEach((message) => this.outbox.settle(message));
      this.inbox.upsert(feed.session);
      this.connection.follow(feed);
      if (feed !== this.feed) return;
      this.unreadFrom = firstUnread(feed.messages, feed.session.unread);
      this.state = "ready";
    } catch (error) {
      if (feed !== this.feed) return;
      this.#forget(feed.sessionId);
      this.feed = this.#feedOf(feed.sessionId);
      this.error = error;
      this.state = "failed";
    }
    emit(this, "thread");
  }

  /** The reader has really seen everything so far. */
  sawAll() {
    const { feed } = this;
    if (!feed || this.state !== "ready" || feed.lastSeq <= feed.readBy(this.me.id)) return;
    if (!this.connection.send({ type: "read", session_id: feed.sessionId, seq: feed.lastSeq })) return;
    feed.receive({ type: "read", user_id: this.me.id, seq: feed.lastSeq });
    this.inbox.markRead(feed.sessionId, feed.lastSeq);
  }

  // Actions

  /** @param {"claim" | "release" | "close" | "reopen" | "transfer" | "assign"} action */
  async act(action, body = {}) {
    const { session } = this;
    if (!session || this.#acting) return null;
    this.#acting = true;
    emit(this, "session");
    try {
      const answer = await this.rest.call("POST", `/chat/sessions/${session.id}/${action}`, body);
      const after = answer?.id ? answer : await this.rest.session(session.id);
      this.learn(after);
      emit(this, "acted", { action, session: after });
      return after;
    } catch (error) {
      const now = await this.#lookAgain(session, error);
      emit(this, "failed", { action, error, session: now });
      if (action === "transfer") throw error;
      return null;
    } finally {
      this.#acting = false;
      emit(this, "session");
    }
  }

  /**
   * One change after the other, each on top of what the one before has made of the tags.
   * @param {(tags: string[]) => string[]} change
   */
  changeTags(change) {
    const { selectedId } = this;
    this.#tagging = this.#tagging.then(() => this.#putTags(selectedId, change));
    return this.#tagging;
  }

  async #putTags(id, change) {
    const session = this.#sessionOf(id);
    try {
      this.learn(await this.rest.call("PUT", `/chat/sessions/${id}/tags`, { tags: change(session?.tags ?? []) }));
    } catch (error) {
      emit(this, "failed", { action: "tags", error, session });
      emit(this, "session");
    }
  }

  stopReply() {
    const { session } = this;
    if (this.connection.send({ type: "reply.stop", session_id: session.id })) return;
    this.rest.call("POST", `/chat/sessions/${session.id}/reply/stop`)
      .catch((error) => emit(this, "failed", { action: "stop", error, session }));
  }

  send({ content, kind, files = [] }) {
    this.unreadFrom = 0;
    return this.outbox.add({ sessionId: this.selectedId, content, kind, files });
  }

  /** A session as the server now tells it. */
  learn(session) {
    this.#feeds.get(session.id)?.setSession(session);
    this.inbox.upsert(session);
    if (session.id === this.selectedId) emit(this, "session");
  }

  // Internals

  #listen() {
    this.connection.addEventListener("frame", ({ detail }) => this.#onFrame(detail));
    this.connection.addEventListener("ready", () => {
      this.connection.send({ type: "presence", status: this.status });
      this.#refreshList();
    });
    this.outbox.addEventListener("change", () => emit(this, "thread"));
  }

  #onFrame(frame) {
    if (frame.type === "session") {
      // A talk with models is no chat of a customer's: it belongs to the playground.
      if (frame.session.kind === "assistant" && !frame.session.customer) return;
      this.inbox.upsert(frame.session);
      if (frame.session.id === this.selectedId) emit(this, "session");
    } else if (frame.type === "presence") this.#onPresence(frame);
    else if (frame.type === "read") this.inbox.markRead(frame.session_id, frame.seq, frame.user_id);
  }

  #onPresence({ user_id: userId, status }) {
    const agent = this.team.agents.find(({ id }) => id === userId);
    if (agent) agent.status = status;
    this.inbox.setOnline(userId, status !== "offline");
    const customer = this.feed?.session?.customer;
    if (customer?.id === userId) customer.online = status !== "offline";
    emit(this, "people");
  }

  #refreshList() {
    this.inbox.load();
    this.inbox.loadCounts();
  }

  #feedOf(id) {
    let feed = this.#feeds.get(id);
    if (!feed) {
      feed = new Feed(id);
      feed.addEventListener("change", () => { if (feed === this.feed) emit(this, "thread"); });
      feed.addEventListener("message", ({ detail }) => {
        this.outbox.settle(detail.message);
        emit(this, "kept", detail);
        if (feed === this.feed) emit(this, "message", detail);
      });
    }
    this.#feeds.delete(id);
    this.#feeds.set(id, feed);
    for (const old of [...this.#feeds.keys()].slice(0, -KEPT_FEEDS)) this.#forget(old);
    return feed;
  }

  #forget(id) {
    this.#feeds.delete(id);
    this.connection.unfollow(id);
  }

  /** After a refusal the chat may be another than we thought. */
  async #lookAgain(session, error) {
    if (![404, 409].includes(error.status)) return session;
    try {
      const now = await this.rest.session(session.id);
      this.learn(now);
      return now;
    } catch {
      return session;
    }
  }
}

/** The seq of the first message that nobody here has read, by counting the customer's from the end. */
export function firstUnread(messages, unread = 0) {
  if (!unread) return 0;
  const theirs = messages.filter((message) => message.sender?.kind === "customer" && message.kind !== "event");
  return theirs.at(-unread)?.seq ?? theirs[0]?.seq ?? 0;
}

/** What may be done with a session now, by the buttons' names. */
export function possible(session, me) {
  if (!session) return new Set();
  if (session.status === "closed") return new Set(["reopen"]);
  const actions = new Set(["transfer", "close"]);
  if (!session.assignee) actions.add("claim");
  else actions.add(session.assignee.id === me ? "release" : "takeover");
  return actions;
}
