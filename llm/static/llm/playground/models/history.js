/** The list of earlier conversations: searched, archived or not, page by page. Raises `change`. */
import { emit } from "../../../sessions_app/helpers/events.js";

const PAGE = 30;

export class History extends EventTarget {
  #api;
  #next = null;
  #asked = 0;
  rows = [];
  state = "loading";
  error = null;
  query = "";
  archived = false;
  loadingMore = false;

  /** @param {{conversations: Function}} api */
  constructor(api) {
    super();
    this.#api = api;
  }

  get hasMore() { return this.#next !== null; }

  // Actions

  /** @param {{query?: string, archived?: boolean}} [what] */
  show({ query = this.query, archived = this.archived } = {}) {
    if (query !== this.query || archived !== this.archived) this.rows = [];
    Object.assign(this, { query, archived });
    return this.load();
  }

  async load() {
    const asked = (this.#asked += 1);
    this.state = this.rows.length ? this.state : "loading";
    emit(this, "change");
    try {
      const { results, next } = await this.#page(null);
      if (asked !== this.#asked) return;
      Object.assign(this, { rows: results, state: "ready", error: null });
      this.#next = next;
    } catch (error) {
      if (asked !== this.#asked) return;
      Object.assign(this, { state: this.rows.length ? "ready" : "failed", error });
    }
    emit(this, "change");
  }

  async more() {
    if (!this.#next || this.loadingMore) return;
    const asked = this.#asked;
    this.loadingMore = true;
    emit(this, "change");
    try {
      const { results, next } = await this.#page(this.#next);
      if (asked === this.#asked) {
        const known = new Set(this.rows.map((row) => row.id));
        this.rows = [...this.rows, ...results.filter((row) => !known.has(row.id))];
        this.#next = next;
      }
    } finally {
      this.loadingMore = false;
      emit(this, "change");
    }
  }

  /** A conversation was made or changed: it stands first now, unless it does not belong in this list. */
  put(conversation, { first = false } = {}) {
    const at = this.rows.findIndex((row) => row.id === conversation.id);
    const belongs = Boolean(conversation.archived_at) === this.archived && (at >= 0 || !this.query);
    const rest = this.rows.filter((row) => row.id !== conversation.id);
    if (!belongs) this.rows = rest;
    else if (first || at < 0) this.rows = [conversation, ...rest];
    else this.rows = this.rows.with(at, conversation);
    emit(this, "change");
  }

  drop(id) {
    this.rows = this.rows.filter((row) => row.id !== id);
    emit(this, "change");
  }

  #page(cursor) {
    return this.#api.conversations({ q: this.query, archived: this.archived ? "true" : "", limit: PAGE, cursor });
  }
}
