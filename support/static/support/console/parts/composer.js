import { setIcon, setText } from "../../../chatsite/lib/dom.js";
import { nameOf } from "../../../chatsite/lib/people.js";
import { t } from "../../../chatsite/lib/text.js";
import { Part } from "../../../chatsite/parts/part.js";
import { FileTray } from "../../../sessions_app/elements/file_tray.js";
import { watchFiles } from "../../../sessions_app/helpers/file_sources.js";
import { TypingSender } from "../../../sessions_app/models/typing.js";
import { mailto } from "../lib/mail.js";
import { sameGuard, sendGuard } from "../models/guard.js";

const MOST = 8000;

/** Where replies and notes are written. Says what a colleague or the assistant is doing before anything goes out. */
class Composer extends Part {
  #desk;
  #mode = "reply";
  #texts = { reply: "", note: "" };
  #agreed = null;
  #asked = null;
  #forced = false;
  #typing = null;
  #taken = null;

  start(desk, { onReopen, onSent }) {
    this.#desk = desk;
    this.onSent = onSent;
    const { refs } = this;
    for (const tab of this.#tabs) tab.addEventListener("click", () => { this.setMode(tab.dataset.mode); refs.text.focus(); });
    this.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.#onTabKey(event));
    refs.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    refs.text.addEventListener("input", () => this.#onInput());
    refs.text.addEventListener("keydown", (event) => this.#onKey(event));
    refs.text.addEventListener("blur", () => this.#typing?.stop());
    refs.reopen.addEventListener("click", onReopen);
    this.#startTray();
    this.#startHelp();
    refs["guard-send"].addEventListener("click", () => this.#sendAnyway());
    refs["guard-cancel"].addEventListener("click", () => { this.#asked = null; this.#draw(); refs.text.focus(); });
    desk.addEventListener("selected", () => this.#onSelected());
    for (const type of ["thread", "session", "people"]) desk.addEventListener(type, Part.each(() => this.#draw()));
    desk.prefs.addEventListener("change", () => this.#draw());
  }

  #startTray() {
    const { attach, picker, text, tray } = this.refs;
    const { rest, storage, outbox, connection, config } = this.#desk;
    tray.start({ base: config.api, rest, storage, outbox, connection, limits: config.files, say: t, locale: document.documentElement.lang });
    tray.addEventListener("change", () => this.#drawLength());
    watchFiles({ button: attach, picker, field: text, zone: this.closest("console-thread"), take: (files) => this.#attach(files) });
  }

  #startHelp() {
    const { help, "ask-help": button, text } = this.refs;
    help.start(this.#desk, { field: text, text: () => text.value, onUse: (taken) => this.#take(taken) });
    button.addEventListener("click", () => help.toggle());
    help.addEventListener("toggle", () => button.setAttribute("aria-expanded", String(!help.hidden)));
  }

  // Actions

  /** Ask for a draft of a reply; where nobody may reply there is nothing to draft. */
  draft() {
    if (this.#desk.session?.status !== "closed") this.refs.help.draft();
  }

  /** @param {"reply" | "note"} mode */
  setMode(mode) {
    this.#texts[this.#mode] = this.refs.text.value;
    this.#mode = mode;
    this.#asked = null;
    this.refs.text.value = this.#texts[mode];
    this.#keep();
    this.#grow();
    if (mode === "note") this.#typing?.stop();
    this.#draw();
  }

  write(mode) {
    this.setMode(this.#desk.session?.status === "closed" ? "note" : mode);
    this.refs.text.focus();
  }

  // What happens

  /** Puts a text of the models where a person reads, edits and sends it; undo brings back the old one. */
  #take({ kind, turnId, slot, text }) {
    this.write(kind === "summary" ? "note" : kind === "draft" ? "reply" : this.#mode);
    const field = this.refs.text;
    field.select();
    // Deprecated, and the only way that the browser's own undo knows of.
    if (!document.execCommand("insertText", false, text)) {
      field.value = text;
      this.#onInput();
    }
    field.setSelectionRange(text.length, text.length);
    if (kind === "draft") this.#taken = { turnId, slot };
    if (kind !== "draft") this.refs.help.toggle(false);
    field.focus();
  }

  #attach(files) {
    if (!this.#desk.session) return;
    this.refs.tray.add(files);
    this.refs.text.focus();
  }

  #onSelected() {
    const id = this.#desk.selectedId;
    this.refs.tray.place = id ?? "";
    this.#typing?.stop();
    this.#typing = id && new TypingSender({ send: (active) => this.#desk.connection.send({ type: "typing", session_id: id, active }) });
    const { mode, reply, note } = id ? this.#desk.drafts.get(id) : { mode: "reply", reply: "", note: "" };
    this.#texts = { reply, note };
    this.#mode = mode;
    this.#agreed = this.#asked = this.#taken = null;
    this.#forced = false;
    this.refs.text.value = this.#texts[mode];
    this.#grow();
    this.#draw();
  }

  #onInput() {
    this.#texts[this.#mode] = this.refs.text.value;
    this.#asked = null;
    // What is written from nothing is nobody's draft.
    if (this.#mode === "reply" && !this.refs.text.value.trim()) this.#taken = null;
    this.#keep();
    this.#grow();
    // A note is not for the customer, and neither is the news that one is being written.
    if (this.#mode === "reply" && this.refs.text.value) this.#typing?.key();
    else this.#typing?.stop();
    this.#draw();
  }

  #onKey(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (this.#asked) this.refs["guard-cancel"].click();
      else this.refs.text.blur();
      return;
    }
    if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
    const forced = event.ctrlKey || event.metaKey;
    if (!forced && !this.#desk.prefs.get("enterSends")) return;
    event.preventDefault();
    this.#submit();
  }

  #onTabKey(event) {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const tabs = this.#tabs.filter((tab) => !tab.hidden);
    const other = tabs.find((tab) => tab.dataset.mode !== this.#mode);
    if (!other) return;
    this.setMode(other.dataset.mode);
    other.focus();
  }

  // Sending

  #submit() {
    const content = this.refs.text.value.trim();
    if (!(content || this.refs.tray.count) || content.length > MOST || !this.#desk.session) return;
    const guard = this.#guard();
    if (guard?.stop && !sameGuard(guard, this.#agreed)) {
      this.#asked = guard;
      this.#draw();
      this.refs["guard-send"].focus();
      return;
    }
    this.#send(content);
  }

  #sendAnyway() {
    this.#agreed = this.#asked;
    this.#asked = null;
    this.#submit();
    this.refs.text.focus();
  }

  #send(content) {
    const { id } = this.#desk.send({ content, kind: this.#mode === "note" ? "note" : "text", files: this.refs.tray.take() });
    if (this.#taken && this.#mode === "reply") {
      this.refs.help.sent(this.#taken, id);
      this.#taken = null;
    }
    this.refs.text.value = "";
    this.#texts[this.#mode] = "";
    this.#typing?.stop();
    this.#keep();
    this.#grow();
    this.#draw();
    this.onSent();
  }

  // Drawing

  get #tabs() { return [...this.querySelectorAll("[role=tab]")]; }

  #guard() {
    const { session, me, feed } = this.#desk;
    return sendGuard({ session, me: me.id, mode: this.#mode, typing: feed?.typing, reply: feed?.reply });
  }

  #draw() {
    const { session, prefs } = this.#desk;
    if (!session) return;
    const { refs } = this;
    const closed = session.status === "closed";
    // A closed chat takes notes only; once it is open again, a reply is what one comes for.
    if (closed && this.#mode === "reply") return this.#forceNote(true);
    if (!closed && this.#forced && !refs.text.value) return this.#forceNote(false);
    refs.closed.hidden = !closed;
    refs.form.dataset.mode = this.#mode;
    for (const tab of this.#tabs) {
      const chosen = tab.dataset.mode === this.#mode;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      tab.hidden = closed && tab.dataset.mode === "reply";
    }
    refs.text.placeholder = t(this.#mode === "note" ? "note_placeholder" : "reply_placeholder", { name: nameOf(session.customer) });
    refs.text.setAttribute("aria-label", t(this.#mode === "note" ? "note_label" : "reply_label"));
    setText(refs["send-text"], t(this.#mode === "note" ? "add_note" : "send"));
    setIcon(refs["send-icon"], this.#mode === "note" ? "note" : "send");
    setText(refs.hint, t(prefs.get("enterSends") ? "hint_enter" : "hint_ctrl_enter"));
    this.#drawMail();
    this.#drawGuard();
    this.#drawLength();
  }

  /** Who left an address expects word there, and nothing but an agent's own mail program sends it. */
  #drawMail() {
    const { refs } = this;
    const { session } = this.#desk;
    const address = session.metadata?.contact_email;
    refs.mail.hidden = !address || Boolean(session.customer?.online) || this.#mode === "note";
    if (refs.mail.hidden) return;
    setText(refs["mail-text"], t("mail_not_sent", { name: nameOf(session.customer) }));
    setText(refs["mail-link"], t("mail_write", { email: address }));
    refs["mail-link"].href = mailto(address, session.title);
  }

  #forceNote(forced) {
    this.#forced = forced;
    this.setMode(forced ? "note" : "reply");
  }

  #drawGuard() {
    const { refs } = this;
    const guard = this.#guard();
    if (this.#asked && !sameGuard(guard, this.#asked)) this.#asked = null;
    setText(refs.aside, guard && !this.#asked ? t(`guard_${guard.kind}`, { name: guard.name }) : "");
    refs.aside.classList.toggle("warn", Boolean(guard?.stop));
    refs.guard.hidden = !this.#asked;
    if (this.#asked) setText(refs["guard-text"], t(`guard_${guard.kind}_ask`, { name: guard.name }));
  }

  #drawLength() {
    const { text, left, send, tray } = this.refs;
    const length = text.value.length;
    send.disabled = !(text.value.trim() || tray.count) || length > MOST;
    left.hidden = length < MOST - 500;
    setText(left, `${length} / ${MOST}`);
  }

  /** For browsers that do not size a field by its content. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    const { text } = this.refs;
    text.style.blockSize = "auto";
    text.style.blockSize = `${text.scrollHeight}px`;
  }

  #keep() {
    if (this.#desk.selectedId) this.#desk.drafts.set(this.#desk.selectedId, { mode: this.#mode, ...this.#texts });
  }
}

customElements.define("console-files", FileTray);
customElements.define("console-composer", Composer);
