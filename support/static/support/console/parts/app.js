import { isTyping, onPhone } from "../../../chatsite/lib/dom.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { Keys } from "../../../chatsite/models/keys.js";
import { explain } from "../../../chatsite/models/problems.js";
import { openShortcuts } from "../../../chatsite/parts/shortcuts_dialog.js";
import { allowDesktop, allowSound } from "../lib/notices.js";
import { readRoute, routeOf } from "../lib/route.js";
import { possible } from "../models/desk.js";
import { SHORTCUTS } from "../models/keys.js";
import { watchAttention } from "./attention.js";
import { CaseDialog } from "./case_dialog.js";
import { TransferDialog } from "./transfer_dialog.js";

/** Puts the parts together: the address decides what is shown, the keyboard and the buttons what is done. */
export class App {
  #desk;
  #parts;
  #transfer;
  #case;
  #keys = new Keys(SHORTCUTS);

  /** @param {{desk: any, parts: Record<string, any>, onSignOut: () => void}} options */
  constructor({ desk, parts, onSignOut }) {
    this.#desk = desk;
    this.#parts = parts;
    this.#transfer = new TransferDialog(desk);
    this.#case = new CaseDialog(desk, { onKept: (kept) => this.#onKept(kept) });
    const run = (action) => this.run(action);
    const notices = { sound: allowSound, desktop: () => this.#allowDesktop() };
    const onSkip = () => parts.inbox.focusCurrent();
    const onView = () => parts.inbox.clearSearch();
    parts.rail.start(desk, { onView, onSignOut, onShortcuts: () => run("shortcuts"), onSkip, notices });
    parts.inbox.start(desk, { onSearch: (query) => desk.inbox.show(readRoute().view, query) });
    parts.thread.start(desk, { onAction: run, onBack: () => run("back") });
    parts.composer.start(desk, { onReopen: () => run("reopen"), onSent: () => parts.thread.toNewest() });
    const onDetails = () => run("details");
    parts.details.start(desk, { onBack: onDetails, onHide: onDetails, onKeep: () => run("keep"), onCopied: () => parts.toasts.show({ text: t("copied") }) });
    parts.connection.start(desk);
    desk.addEventListener("failed", ({ detail }) => this.#onFailed(detail));
    desk.addEventListener("acted", ({ detail }) => this.#onActed(detail));
    watchAttention(desk);
    addEventListener("hashchange", () => this.#follow());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    matchMedia("(max-width: 759px)").addEventListener("change", () => this.#follow());
    this.#follow();
    desk.start();
  }

  // Where we are

  #go(route, { replace = false } = {}) {
    const hash = routeOf({ ...readRoute(), details: false, ...route });
    if (hash === location.hash) return;
    if (replace) {
      history.replaceState(null, "", hash);
      this.#follow();
    } else location.hash = hash;
  }

  #follow() {
    const { view, id, details } = readRoute();
    const { rail, details: panel } = this.#parts;
    rail.mark(view);
    this.#desk.inbox.show(view);
    this.#desk.select(id);
    document.body.dataset.screen = !id ? "list" : details ? "details" : "thread";
    panel.hidden = !onPhone() && (!id || !this.#desk.prefs.get("details") || (isNarrow() && !details));
    const open = onPhone() ? details : !panel.hidden;
    if (open) panel.refresh();
    document.querySelector("[data-action=details]").setAttribute("aria-expanded", String(open));
    if (details && onPhone()) panel.focusTitle();
  }

  // What can be done, by name

  /** @param {string} action a name from models/keys.js */
  run(action) {
    const { inbox, composer, thread, details } = this.#parts;
    const { session, selectedId } = this.#desk;
    if (action.startsWith("view:")) {
      inbox.clearSearch();
      return this.#go({ view: action.slice(5), id: null });
    }
    switch (action) {
      case "next": return inbox.move(1);
      case "previous": return inbox.move(-1);
      case "open": return inbox.openFocused();
      case "search": return this.#toList(() => inbox.focusSearch());
      case "back": return this.#back();
      case "shortcuts": return openShortcuts(SHORTCUTS);
    }
    if (!selectedId || !session) return undefined;
    switch (action) {
      case "reply": case "note": return this.#toThread(() => composer.write(action));
      case "draft": return this.#toThread(() => composer.draft());
      case "newest": return thread.toNewest();
      case "details": return this.#toggleDetails();
      case "keep": return this.#case.open();
      case "tag": return this.#toDetails(() => details.focusTags());
    }
    return this.#act(action, session);
  }

  #act(action, session) {
    if (!possible(session, this.#desk.me.id).has(action)) return undefined;
    if (action === "transfer") return this.#transfer.open();
    if (action === "takeover") return this.#desk.act("assign", { agent_id: this.#desk.me.id });
    return this.#desk.act(action);
  }

  #back() {
    const { id, details } = readRoute();
    if (onPhone() && details) return this.#go({ id });
    if (!id) return undefined;
    this.#go({ id: null });
    return this.#parts.inbox.focusCurrent();
  }

  #toggleDetails() {
    const { id, details } = readRoute();
    if (onPhone() || isNarrow()) return this.#go({ id, details: !details }, { replace: !onPhone() });
    this.#desk.prefs.set("details", !this.#desk.prefs.get("details"));
    return this.#follow();
  }

  #toDetails(then) {
    if (onPhone() || isNarrow()) this.#go({ details: true }, { replace: !onPhone() });
    else if (!this.#desk.prefs.get("details")) this.#toggleDetails();
    if (onPhone()) requestAnimationFrame(then);
    else then();
  }

  #toThread(then) {
    if (onPhone() && readRoute().details) this.#go({ details: false });
    then();
  }

  #toList(then) {
    // A screen that is not shown yet cannot take the focus.
    if (!onPhone() || !readRoute().id) return then();
    this.#go({ id: null });
    return requestAnimationFrame(then);
  }

  // The keyboard

  #onKey(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || document.querySelector(":popover-open")) return;
    if (isTyping(event.target)) return;
    const inControl = event.target.closest?.("button, a, [role=radio], input");
    const inRow = event.target.closest?.(".row-link");
    if (event.key === "Enter" && inControl) return;
    if (event.key === "End" || event.key.startsWith("Arrow")) {
      // Arrows and End scroll what has the focus, unless that is the list of chats.
      if (event.target.closest?.(".scroller, .details-scroll, [role=tablist], .segments") || (event.key === "End" && !this.#desk.selectedId)) return;
      if (inControl && !inRow) return;
    }
    const action = this.#keys.press(event);
    if (!action) return;
    event.preventDefault();
    this.run(action);
  }

  // What came of it

  #onActed({ action, session }) {
    const { toasts } = this.#parts;
    if (action === "close") toasts.show({ text: t("done_closed"), action: { label: t("undo_close"), run: () => this.#reopen(session.id) } });
    else if (action === "transfer") toasts.show({ text: t("done_transferred", { name: session.assignee?.name ?? session.team?.name ?? "" }) });
    else if (action === "release") toasts.show({ text: t("done_released") });
    else if (action === "claim" || action === "assign") this.#offerToWrite(session);
  }

  /** Only an admin decides what is asked of a case; for others it is done. */
  #onKept({ id, enabled }) {
    const edit = { label: t("case_edit"), run: () => open(`/admin/gate/case/${id}/change/`, "_blank", "noopener") };
    this.#parts.toasts.show(enabled ? { text: t("case_kept"), action: edit } : { text: t("case_kept_off") });
  }

  /** Whoever takes a chat wants to answer; whoever has gone on meanwhile is left alone. */
  #offerToWrite(session) {
    if (session.id === this.#desk.selectedId && !isTyping(document.activeElement)) this.#parts.composer.write("reply");
  }

  async #reopen(id) {
    if (this.#desk.selectedId !== id) this.#go({ id });
    await this.#desk.select(id);
    this.#desk.act("reopen");
  }

  #onFailed({ action, error, session }) {
    if (action === "transfer") return;
    const wait = error.retryAfter ? `${error.retryAfter} s` : "";
    const why = explain(error, { t, has, assignee: session?.assignee?.name, wait });
    this.#parts.toasts.show({ text: has(`failed_${action}`) ? t(`failed_${action}`, { why }) : why, error: true });
  }

  async #allowDesktop() {
    const allowed = await allowDesktop();
    if (!allowed) this.#parts.toasts.show({ text: t("desktop_refused"), error: true });
    return allowed;
  }
}

function isNarrow() {
  return matchMedia("(max-width: 1279px)").matches;
}
