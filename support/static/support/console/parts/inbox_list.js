import { onPhone, reconcile, setIcon, setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { explain } from "../../../chatsite/models/problems.js";
import { Part } from "../../../chatsite/parts/part.js";
import { createSessionRow, drawStatus, updateSessionRow } from "./session_row.js";

const SEARCH_MS = 250;

/** The list of chats in the view's order, with search and more on demand. */
class InboxList extends Part {
  #desk;
  #draw;
  #onSearch;
  #searchTimer = null;
  #place = 0;

  start(desk, { onSearch }) {
    this.#desk = desk;
    this.#onSearch = onSearch;
    this.#draw = Part.each(() => this.#drawNow());
    const { refs } = this;
    drawAvatar(refs.me, desk.me);
    desk.inbox.addEventListener("change", this.#draw);
    desk.inbox.addEventListener("counts", this.#draw);
    desk.addEventListener("selected", this.#draw);
    refs.retry.addEventListener("click", () => desk.inbox.load());
    refs.more.addEventListener("click", () => desk.inbox.more().catch(() => {}));
    refs.scroll.addEventListener("scroll", () => this.#nearEnd(), { passive: true });
    refs["search-form"].addEventListener("submit", (event) => event.preventDefault());
    refs.search.addEventListener("input", () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(() => this.#searchNow(), SEARCH_MS);
      this.#drawSearch();
    });
    refs.search.addEventListener("keydown", (event) => this.#onSearchKey(event));
    refs["search-clear"].addEventListener("click", () => { this.clearSearch(); refs.search.focus(); });
    setInterval(() => { if (!document.hidden) this.#tick(); }, 1000);
    this.#draw();
  }

  // Actions

  focusSearch() {
    this.refs.search.focus();
    this.refs.search.select();
  }

  /** Back to the view; at once, so that a view that is chosen is what comes. */
  clearSearch() {
    if (!this.refs.search.value) return;
    this.refs.search.value = "";
    this.#drawSearch();
    this.#searchNow();
  }

  /** Moves the focus among the rows; from outside it begins at the open chat. */
  move(step) {
    const links = [...this.refs.rows.children].map((element) => element.refs.link);
    if (!links.length) return;
    let at = links.indexOf(document.activeElement);
    if (at < 0) at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = at < 0 ? Math.min(this.#place, links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step));
    this.#place = next;
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
  }

  focusCurrent() {
    (this.querySelector(".row-link[aria-current]") ?? this.querySelector(".row-link") ?? this.refs.search).focus();
  }

  openFocused() {
    const link = document.activeElement?.closest(".row-link");
    link?.click();
    return Boolean(link);
  }

  // Drawing

  #drawNow() {
    const { inbox, selectedId, drafts, me } = this.#desk;
    const { refs } = this;
    const rows = inbox.rows;
    const options = { me: me.id, view: inbox.view.key, shown: inbox.shown.key };
    setText(refs.title, inbox.query ? t("search_results") : t(`view_${inbox.view.key}`));
    const count = inbox.query ? (inbox.hasMore ? "" : rows.length) : inbox.counts[inbox.view.key];
    setText(refs.count, count === undefined || count === "" ? "" : String(count));
    refs.skeleton.hidden = inbox.state !== "loading" || rows.length > 0;
    refs.rows.hidden = !rows.length;
    reconcile(refs.rows, rows, {
      key: (session) => session.id,
      create: createSessionRow,
      update: (element, session) => updateSessionRow(element, session, {
        ...options, selected: session.id === selectedId, hasDraft: session.id !== selectedId && drafts.has(session.id),
      }),
    });
    this.#drawEmpty(inbox, rows);
    refs.more.hidden = !inbox.hasMore || inbox.state !== "ready";
    refs.more.disabled = inbox.loadingMore;
    setText(refs.more, t(inbox.loadingMore ? "loading" : "load_more"));
  }

  #drawEmpty(inbox, rows) {
    const { refs } = this;
    refs.failed.hidden = inbox.state !== "failed";
    if (inbox.state === "failed") setText(refs["failed-text"], explain(inbox.error, { t, has }));
    refs.empty.hidden = inbox.state !== "ready" || rows.length > 0;
    if (refs.empty.hidden) return;
    const kind = inbox.shown.key;
    setText(refs["empty-title"], t(`empty_${kind}`, { query: inbox.query }));
    setText(refs["empty-text"], t(`empty_${kind}_text`));
    setIcon(refs["empty-icon"], { search: "search", waiting: "check", bot: "assistant", closed: "closed", mine: "mine" }[kind] ?? "inbox");
  }

  #tick() {
    for (const element of this.refs.rows.children) {
      if (element.session?.status === "queued") drawStatus(element.refs.status, element.session, { me: this.#desk.me.id });
    }
  }

  #nearEnd() {
    const { scroll } = this.refs;
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 200) this.#desk.inbox.more().catch(() => {});
  }

  // Search

  #onSearchKey(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.refs.search.value) this.clearSearch();
      else this.focusCurrent();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      this.refs.rows.querySelector(".row-link")?.focus();
    }
  }

  #searchNow() {
    clearTimeout(this.#searchTimer);
    this.#onSearch(this.refs.search.value.trim());
  }

  #drawSearch() {
    const filled = this.refs.search.value !== "";
    this.refs["search-clear"].hidden = !filled;
    this.refs["search-hint"].hidden = filled || onPhone();
  }
}

customElements.define("console-inbox", InboxList);
