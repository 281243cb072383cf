import { make, reconcile, row, setIcon, setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { short } from "../../../chatsite/lib/time.js";
import { explain } from "../../../chatsite/models/problems.js";
import { startChoices } from "../../../chatsite/parts/choices.js";
import { Part } from "../../../chatsite/parts/part.js";

const SEARCH_MS = 250;

/** Earlier conversations: found by words, archived or not, more on demand. */
class Side extends Part {
  #history;
  #chat;
  #timer = null;

  start({ history, chat, me, onOpen, onClose, onShortcuts, onSignOut }) {
    this.#history = history;
    this.#chat = chat;
    const { refs } = this;
    const draw = Part.each(() => this.#draw());
    history.addEventListener("change", draw);
    chat.addEventListener("change", draw);
    setText(refs.name, nameOf(me));
    setText(refs.role, t(`role_${me.role}`));
    drawAvatar(refs.avatar, me);
    refs.models.hidden = me.role !== "admin";
    startChoices(refs);
    refs.shortcuts.addEventListener("click", () => { refs.menu.hidePopover(); onShortcuts(); });
    refs["sign-out"].addEventListener("click", () => { refs.menu.hidePopover(); onSignOut(); });
    refs.close.addEventListener("click", onClose);
    this.addEventListener("click", (event) => this.#onClick(event, onOpen));
    refs.again.addEventListener("click", () => history.load());
    refs.more.addEventListener("click", () => history.more().catch(() => {}));
    refs.scroll.addEventListener("scroll", () => this.#nearEnd(), { passive: true });
    refs.archive.addEventListener("click", () => history.show({ archived: !history.archived }));
    refs["search-form"].addEventListener("submit", (event) => event.preventDefault());
    refs.search.addEventListener("input", () => this.#onSearch());
    refs.search.addEventListener("keydown", (event) => this.#onSearchKey(event));
    refs["search-clear"].addEventListener("click", () => { this.#clearSearch(); refs.search.focus(); });
    draw();
  }

  focusSearch() {
    this.refs.search.focus();
    this.refs.search.select();
  }

  /** Links work by themselves, so that one can be opened in another tab; a plain click stays on the page. */
  #onClick(event, onOpen) {
    const link = event.target.closest("a[href^='/playground/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    onOpen(link.pathname.split("/")[2] || null);
  }

  #onSearch() {
    clearTimeout(this.#timer);
    const { search, "search-clear": clear, "search-hint": hint } = this.refs;
    clear.hidden = !search.value;
    hint.hidden = Boolean(search.value);
    this.#timer = setTimeout(() => this.#history.show({ query: search.value.trim() }), SEARCH_MS);
  }

  #onSearchKey(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.refs.search.value) this.#clearSearch();
      else this.refs.search.blur();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      this.refs.rows.querySelector("a")?.focus();
    }
  }

  #clearSearch() {
    this.refs.search.value = "";
    this.#onSearch();
  }

  #nearEnd() {
    const { scroll } = this.refs;
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 200) this.#history.more().catch(() => {});
  }

  #draw() {
    const { refs } = this;
    const { rows, state, query, archived, hasMore, loadingMore, error } = this.#history;
    refs.skeleton.hidden = state !== "loading" || rows.length > 0;
    reconcile(refs.rows, rows, {
      key: (talk) => talk.id,
      create: () => row("row-talk"),
      update: (element, talk) => this.#drawRow(element.refs, talk),
    });
    refs.failed.hidden = state !== "failed";
    if (state === "failed") setText(refs["failed-text"], explain(error, { t, has }));
    refs.empty.hidden = state !== "ready" || rows.length > 0;
    const kind = query ? "search" : archived ? "archive" : "talks";
    setText(refs["empty-title"], t(`empty_${kind}`, { query }));
    setText(refs["empty-text"], t(`empty_${kind}_text`));
    refs.more.hidden = !hasMore || state !== "ready";
    refs.more.disabled = loadingMore;
    setText(refs.more, t(loadingMore ? "loading" : "load_more"));
    refs.archive.setAttribute("aria-pressed", String(archived));
    setText(refs["archive-text"], t(archived ? "show_current" : "show_archive"));
    setIcon(refs.archive.querySelector("use"), archived ? "back" : "closed");
  }

  #drawRow({ link, title, sub, tags }, talk) {
    link.href = `/playground/${talk.id}`;
    if (talk.id === this.#chat.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    setText(title, talk.title || t("untitled"));
    setText(sub, short(talk.updated_at));
    const running = Boolean(talk.running_turn_id) && talk.id !== this.#chat.id;
    link.classList.toggle("running", running);
    const shown = (talk.tags ?? []).slice(0, 2);
    if (tags.dataset.drawn === shown.join("\n")) return;
    tags.dataset.drawn = shown.join("\n");
    tags.replaceChildren(...shown.map((tag) => make("span", "", tag)));
  }
}

customElements.define("playground-side", Side);
