/**
 * The list of sessions as one view shows it: pages from the server, kept true by live frames.
 *
 * Raises `change` (redraw the list), `counts`, and `arrived` (detail {session, before}) for every live frame.
 */
import { emit } from "../../../sessions_app/helpers/events.js";
import { SEARCH, VIEWS, orderOf } from "./views.js";

const COUNTS_MS = 400;
const AGAIN_MS = 5000;
const PAGE = 40;

export class Inbox extends EventTarget {
  #fetch;
  #timers;
  #known = new Map();
  #seen = new Map();
  #listed = new Set();
  #next = null;
  #edge = null;
  #round = 0;
  #countsTimer = null;
  #againTimer = null;
  #countRound = 0;

  /**
   * @param {object} options
   * @param {number} options.me the agent's user id
   * @param {(path: string) => Promise<any>} options.get reads JSON from the API
   * @param {any} [options.timers]
   */
  constructor({ me, get, timers = globalThis }) {
    super();
    this.me = me;
    this.#fetch = get;
    this.#timers = timers;
    this.view = VIEWS.waiting;
    this.query = "";
    this.counts = {};
    /** "loading" | "ready" | "failed" */
    this.state = "loading";
    this.error = null;
    this.loadingMore = false;
  }

  /** What the list shows: while something is searched, not the view one came from. */
  get shown() { return this.query ? SEARCH : this.view; }
  get hasMore() { return this.#next !== null; }
  get(id) { return this.#known.get(id); }

  /** How many of the agent's own chats hold something unread, as far as they are known. */
  get unreadMine() {
    return [...this.#known.values()].filter((session) => VIEWS.mine.holds(session, this.me) && session.unread > 0).length;
  }

  /** The sessions to show, in order. What lies beyond the last page that was loaded stays out. */
  get rows() {
    const order = orderOf(this.shown);
    const rows = [...this.#listed].map((id) => this.#known.get(id)).filter((session) => this.shown.holds(session, this.me));
    rows.sort(order);
    return this.#edge ? rows.filter((session) => order(session, this.#edge) <= 0) : rows;
  }

  // Actions

  /** @param {string} key one of VIEWS */
  show(key, query = this.query) {
    const view = VIEWS[key] ?? VIEWS.waiting;
    if (view === this.view && query === this.query && this.state === "ready") return Promise.resolve();
    this.view = view;
    this.query = query;
    this.#listed = new Set();
    this.#edge = null;
    this.#next = null;
    return this.load();
  }

  /** Reads the first page again. What is shown stays until the answer is there. */
  async load() {
    const round = ++this.#round;
    if (!this.#listed.size) this.state = "loading";
    emit(this, "change");
    try {
      const page = await this.#page(null);
      if (round !== this.#round) return;
      this.#listed = new Set();
      this.#add(page);
      this.state = "ready";
      this.error = null;
    } catch (error) {
      if (round !== this.#round) return;
      this.error = error;
      if (!this.#listed.size) this.state = "failed";
    }
    emit(this, "change");
  }

  async more() {
    if (!this.#next || this.loadingMore) return;
    const round = this.#round;
    this.loadingMore = true;
    emit(this, "change");
    try {
      const page = await this.#page(this.#next);
      if (round === this.#round) this.#add(page);
    } finally {
      this.loadingMore = false;
      emit(this, "change");
    }
  }

  async loadCounts() {
    const round = ++this.#countRound;
    try {
      const counts = await this.#fetch("/chat/sessions/counts");
      if (round !== this.#countRound) return;
      this.counts = counts;
      emit(this, "counts");
    } catch {
      // Nobody would ask again before something changes.
      this.#againTimer ??= this.#timers.setTimeout(() => {
        this.#againTimer = null;
        this.loadCounts();
      }, AGAIN_MS);
    }
  }

  /** A session as it is now: from a live frame, or the answer to an action. */
  upsert(session) {
    const before = this.#known.get(session.id);
    if (before && before.version > session.version) return;
    this.#keep(session);
    if (!this.query && this.view.holds(session, this.me)) this.#listed.add(session.id);
    if (!before || differs(before, session)) this.#countLater();
    emit(this, "arrived", { session, before });
    emit(this, "change");
  }

  /** Somebody here has read up to `seq`; a customer's own mark says nothing about what waits for us. */
  markRead(id, seq, userId = this.me) {
    const session = this.#known.get(id);
    if (!session || userId === session.customer?.id) return;
    this.#seen.set(id, Math.max(seq, this.#seen.get(id) ?? 0));
    if (!session.unread || seq < session.last_seq) return;
    this.#keep(session);
    this.#countLater();
    emit(this, "change");
  }

  /** Somebody came or went. */
  setOnline(userId, online) {
    for (const session of this.#known.values()) {
      if (session.customer?.id === userId) session.customer.online = online;
      for (const place of session.participants ?? []) if (place.user?.id === userId) place.online = online;
    }
    emit(this, "change");
  }

  // Internals

  #page(cursor) {
    const query = new URLSearchParams({ ...this.shown.params, limit: String(PAGE) });
    if (this.query) query.set("q", this.query);
    if (cursor) query.set("cursor", cursor);
    return this.#fetch(`/chat/sessions?${query}`);
  }

  #add({ results, next }) {
    for (const session of results) {
      const known = this.#known.get(session.id);
      if (!known || known.version <= session.version) this.#keep(session);
      this.#listed.add(session.id);
    }
    this.#next = next ?? null;
    this.#edge = next ? this.#known.get(results.at(-1)?.id) ?? null : null;
  }

  /** A list that was on its way while we read must not bring the number back. */
  #keep(session) {
    if (session.unread && session.last_seq <= (this.#seen.get(session.id) ?? 0)) session.unread = 0;
    this.#known.set(session.id, session);
  }

  #countLater() {
    this.#countsTimer ??= this.#timers.setTimeout(() => {
      this.#countsTimer = null;
      this.loadCounts();
    }, COUNTS_MS);
  }
}

/** Whether the numbers beside the views may have changed. */
function differs(before, now) {
  return before.status !== now.status || before.assignee?.id !== now.assignee?.id || !before.unread !== !now.unread;
}
