import { emit } from "../../sessions_app/helpers/events.js";
import { Connection } from "../../sessions_app/models/connection.js";
import { Feed } from "../../sessions_app/models/feed.js";
import { Outbox } from "../../sessions_app/models/outbox.js";
import { ApiError, Rest } from "../../sessions_app/models/rest.js";
import { TypingSender } from "../../sessions_app/models/typing.js";

/**
 * The visitor's side of one support conversation: who the visitor is, which session is shown, and
 * everything that can be done with it. No DOM. Raises `change`, `message` (detail the message) and
 * `refused` (the host page's word on who this is was not signed).
 */
export class Chat extends EventTarget {
  #config;
  #storage;
  #identity = null;
  #metadata = {};
  /** What is being done and is done once for all who want it meanwhile, by name. */
  #shared = new Map();
  #readSent = 0;
  #retry = null;
  #visitors = 0;

  /**
   * @param {{config: any, storage: import("../../sessions_app/helpers/storage.js").SafeStorage, wsUrl: string}} options
   */
  constructor({ config, storage, wsUrl }) {
    super();
    this.#config = config;
    this.#storage = storage;
    this.rest = new Rest({ base: config.api.base, renew: async () => (await this.#come()).access_token });
    this.connection = new Connection({
      url: wsUrl, getTicket: (want) => this.rest.ticket(want), getChanges: (id, version) => this.rest.changes(id, version),
    });
    this.outbox = new Outbox({
      storage, connection: this.connection, post: (entry) => this.rest.post(entry), openSession: () => this.#openSession(),
    });
    this.typing = new TypingSender({ send: (active) => this.feed && this.connection.send({ type: "typing", session_id: this.feed.sessionId, active }) });
    /** @type {Feed | null} */
    this.feed = null;
    /** The visitor's user id, once known. */
    this.me = null;
    /** Why the chat could not be taken up again, or null. */
    this.trouble = null;
    /** Whether what was said before is still being fetched. */
    this.loading = false;
    this.connection.addEventListener("state", () => this.#changed());
    this.connection.addEventListener("ready", () => this.#refresh());
    this.outbox.addEventListener("change", () => this.#changed());
  }

  /** "new" (nothing said yet), "bot", "queued", "assigned" or "closed". */
  get status() {
    if (!this.feed) return "new";
    return this.feed.session?.status ?? "bot";
  }

  /** The agent in charge, or null. */
  get agent() { return this.feed?.session?.assignee ?? null; }

  /** Whether that agent is connected now. */
  get agentOnline() {
    return Boolean(this.feed?.session?.participants?.find(({ user }) => user?.id === this.agent?.id)?.online);
  }

  get readSeq() { return Math.max(this.#readSent, this.feed && this.me !== null ? this.feed.readBy(this.me) : 0); }

  /** Messages of others that were not read yet. */
  get unread() {
    return (this.feed?.messages ?? []).filter((message) => message.seq > this.readSeq && this.#counts(message));
  }

  /** @param {any} message */
  isMine(message) { return message.sender?.kind === "customer"; }

  // Actions

  /** Take up the conversation of a visitor this browser remembers. Makes nobody new. */
  async start() {
    if (!this.#storage.get("visitor") && !this.#identity) return;
    clearTimeout(this.#retry);
    this.loading = true;
    this.#changed();
    try {
      await this.#come();
      this.trouble = null;
    } catch (error) {
      this.trouble = error.status === 409 ? null : error;
      if (![403, 409].includes(error.status)) this.#retry = setTimeout(() => this.start(), 3000 + Math.random() * 5000);
    }
    this.loading = false;
    this.#changed();
  }

  /**
   * @param {string} content
   * @param {import("../../sessions_app/helpers/files.js").Upload[]} [files]
   */
  send(content, files = []) {
    this.typing.stop();
    this.outbox.add({ sessionId: this.status === "closed" ? null : this.feed?.sessionId ?? null, content, files });
  }

  /** Say it again in a new conversation, because the old one was closed meanwhile. */
  sendAnew(entry) {
    const { content, files } = entry;
    entry.files = [];
    this.outbox.discard(entry.id);
    this.startAnew();
    this.send(content, files);
  }

  async askForPerson() {
    const id = this.feed?.sessionId ?? await this.#openSession();
    await this.act("handoff", {}, id);
  }

  stopReply() {
    if (!this.connection.send({ type: "reply.stop", session_id: this.feed.sessionId })) return this.act("reply/stop");
    return Promise.resolve();
  }

  /** Do something to the conversation: `retry-reply`, `rating`, `contact`, as the API calls it. */
  async act(verb, body = {}, id = this.feed.sessionId) {
    const session = await this.rest.call("POST", `/chat/sessions/${id}/${verb}`, body);
    if (session?.id === this.feed?.sessionId) this.feed.setSession(session);
  }

  earlier() { return this.rest.earlier(this.feed); }

  /** Everything shown was really seen. */
  markRead() {
    const seq = this.feed?.lastSeq ?? 0;
    if (!seq || seq <= this.readSeq) return;
    this.#readSent = seq;
    const id = this.feed.sessionId;
    if (!this.connection.send({ type: "read", session_id: id, seq })) this.rest.call("POST", `/chat/sessions/${id}/read`, { seq }).catch(() => {});
    this.#changed();
  }

  /** Leave the closed conversation behind. */
  startAnew() {
    if (this.feed) this.connection.unfollow(this.feed.sessionId);
    this.feed = null;
    this.#readSent = 0;
    this.#storage.remove("session");
    this.#changed();
  }

  /** @param {{id: string, hash: string, name?: string, email?: string} | null} user who the host page vouches for */
  async setUser(user) {
    if (typeof user?.id !== "string" && typeof user?.id !== "number") return;
    if (typeof user.hash !== "string") return;
    const { name = "", email = "" } = user;
    this.#identity = { id: String(user.id), hash: user.hash, name: String(name), email: String(email) };
    await this.start();
    if (!this.#identity) await this.start();
  }

  /** @param {Record<string, any>} metadata shown to agents with the next conversation */
  setMetadata(metadata) {
    if (metadata && typeof metadata === "object") this.#metadata = { ...this.#metadata, ...metadata };
  }

  /** Somebody else uses this browser now: forget the visitor here and on the server. */
  reset() {
    const token = this.#storage.get("visitor");
    if (token) this.rest.call("DELETE", `/widget/${this.#config.key}/visitor`, { visitor_token: token }, { signed: false }).catch(() => {});
    ["visitor", "draft", "files:"].forEach((name) => this.#storage.remove(name));
    this.#visitors += 1;
    this.#shared.clear();
    clearTimeout(this.#retry);
    this.connection.disconnect();
    this.outbox.clear();
    this.#identity = this.rest.token = this.me = this.trouble = null;
    this.#metadata = {};
    this.startAnew();
  }

  // Internals

  #once(name, deed) {
    if (!this.#shared.has(name)) {
      const done = deed().finally(() => { if (this.#shared.get(name) === done) this.#shared.delete(name); });
      this.#shared.set(name, done);
    }
    return this.#shared.get(name);
  }

  /** What was begun for somebody who has left the browser meanwhile goes no further. */
  #stillFor(turn) {
    if (turn !== this.#visitors) throw new ApiError({ code: "CONFLICT", status: 409 });
  }

  /** Come as the remembered visitor, or as a new one. */
  #come() { return this.#once("visit", () => this.#visitNow()); }

  async #visitNow() {
    const token = this.#storage.get("visitor");
    const turn = this.#visitors;
    const body = { ...(token ? { visitor_token: token } : {}), ...(this.#identity ? { user: this.#identity } : {}) };
    const visit = await this.rest.call("POST", `/widget/${this.#config.key}/visitor`, body, { signed: false }).catch((error) => {
      if (error.status !== 403 || !this.#identity) throw error;
      // The visitor stays who they were, and the host page is told.
      this.#identity = null;
      emit(this, "refused");
      throw new ApiError({ code: "REFUSED", status: 409 });
    });
    this.#stillFor(turn);
    this.#storage.set("visitor", visit.visitor_token);
    this.rest.token = visit.access_token;
    if (this.me !== null && this.me !== visit.user?.id) {
      this.outbox.clear();
      this.connection.disconnect();
      this.startAnew();
    }
    this.me = visit.user?.id ?? null;
    const remembered = visit.session_id ?? (token === visit.visitor_token ? this.#storage.get("session") : null);
    if (remembered && !this.feed) await this.#show(remembered);
    return visit;
  }

  /** Who asks for a person while the first message is on its way means the same conversation. */
  #openSession() { return this.#once("session", () => this.#openNow()); }

  async #openNow() {
    const turn = this.#visitors;
    // Another tab may have begun the conversation already.
    if (this.#storage.get("visitor") || !this.rest.token) await this.#come();
    if (this.feed && this.status !== "closed") return this.feed.sessionId;
    if (this.feed) this.startAnew();
    const session = await this.rest.call("POST", "/chat/sessions", { widget_key: this.#config.key, metadata: this.#metadata });
    this.#stillFor(turn);
    await this.#show(session.id, session);
    return session.id;
  }

  async #show(id, session = null) {
    const feed = new Feed(id);
    if (session) {
      feed.setSession(session);
      feed.prime({ messages: [], version: 0 });
    } else {
      try {
        await this.rest.prime(feed);
      } catch (error) {
        if (error.status === 404) return this.#storage.remove("session");
        if (error.status === 401) throw error;
      }
    }
    if (this.feed) this.connection.unfollow(this.feed.sessionId);
    this.feed = feed;
    this.#readSent = 0;
    this.#storage.set("session", id);
    feed.messages.forEach((message) => this.outbox.settle(message));
    feed.addEventListener("change", () => this.#changed());
    feed.addEventListener("message", ({ detail }) => this.#onMessage(detail));
    this.connection.follow(feed);
    this.connection.connect();
    return this.#changed();
  }

  #onMessage({ message, live }) {
    this.outbox.settle(message);
    if (message.kind === "event") this.#refresh();
    if (live && this.#counts(message)) emit(this, "message", message);
  }

  /** What the session is by now: frames tell of messages, not always of status and presence. */
  async #refresh() {
    const { feed } = this;
    if (!feed) return;
    try {
      feed.setSession(await this.rest.session(feed.sessionId));
    } catch { /* asked again with the next event or connection */ }
  }

  #counts(message) { return !this.isMine(message) && message.kind !== "event" && !message.deleted_at; }

  #changed() { emit(this, "change"); }
}
