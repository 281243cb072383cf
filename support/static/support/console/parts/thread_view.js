import { announce, onPhone, reconcile, setText } from "../../../chatsite/lib/dom.js";
import { openFile } from "../../../chatsite/lib/files.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { sameDay } from "../../../chatsite/lib/time.js";
import { explain } from "../../../chatsite/models/problems.js";
import { Part } from "../../../chatsite/parts/part.js";
import { emit } from "../../../sessions_app/helpers/events.js";
import { possible } from "../models/desk.js";
import { timeline } from "../models/timeline.js";
import { createRow, fits, updateRow } from "./message_row.js";
import { drawStatus, drawTitle } from "./session_row.js";

const NEAR_PX = 80;

/** The open chat: who it is with, everything said, and what can be done with it. */
class Thread extends Part {
  #desk;
  #draw;
  #atEnd = true;
  #fresh = 0;
  #place = "end";
  #loadingEarlier = false;
  #context;

  start(desk, { onAction, onBack }) {
    this.#desk = desk;
    this.#draw = Part.each(() => this.#drawNow());
    this.#context = {
      me: desk.me.id, myName: nameOf(desk.me), demo: desk.config.demo_assistant,
      onRetry: (id) => desk.outbox.retry(id), onDiscard: (id) => desk.outbox.discard(id),
      onStop: () => desk.stopReply(),
      onFile: (file) => openFile(desk.rest, file).catch((error) => emit(desk, "failed", { action: "file", error })),
    };
    for (const type of ["thread", "session", "people"]) desk.addEventListener(type, this.#draw);
    desk.addEventListener("selected", () => this.#onSelected());
    desk.addEventListener("message", ({ detail }) => this.#onMessage(detail));
    const { refs } = this;
    refs.back.addEventListener("click", onBack);
    refs.retry.addEventListener("click", () => desk.reload());
    refs.jump.addEventListener("click", () => this.toNewest());
    for (const button of refs.head.querySelectorAll("[data-action]")) button.addEventListener("click", () => onAction(button.dataset.action));
    refs.scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => { if (this.#atEnd && this.#place !== "unread") this.#scrollToEnd(); }).observe(refs.timeline);
    new ResizeObserver(() => { if (this.#atEnd && this.#place !== "unread") this.#scrollToEnd(); }).observe(refs.scroller);
    document.addEventListener("visibilitychange", () => this.#see());
    desk.connection.addEventListener("ready", () => this.#see());
    setInterval(() => { if (!document.hidden && desk.session) this.#drawHead(desk.session); }, 1000);
  }

  toNewest() {
    this.#fresh = 0;
    this.#place = "end";
    this.#scrollToEnd();
    this.#see();
  }

  // What happens

  #onSelected() {
    this.#atEnd = true;
    this.#fresh = 0;
    this.#place = "first";
    this.refs.timeline.replaceChildren();
    this.#drawNow();
    if (this.#desk.selectedId && onPhone()) this.refs.name.focus();
  }

  #onMessage({ message, live }) {
    const mine = message.sender?.id === this.#desk.me.id;
    if (mine) this.#place = "end";
    else if (!this.#atEnd) this.#fresh += 1;
    if (live && !mine && message.kind !== "event") this.#announce(message);
    if (mine) this.#atEnd = true;
  }

  #announce({ sender, content }) {
    const name = sender?.kind === "assistant" ? t("assistant") : nameOf(sender);
    announce(t("announce_message", { name, text: content.slice(0, 300) }));
  }

  #onScroll() {
    const { scroller } = this.refs;
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    this.#atEnd = left < NEAR_PX;
    if (this.#atEnd) {
      this.#fresh = 0;
      if (this.#place === "unread") this.#place = "end";
      this.#see();
    }
    this.#drawJump();
    if (scroller.scrollTop < 240) this.#earlier();
  }

  async #earlier() {
    const { feed, rest, state } = this.#desk;
    if (this.#loadingEarlier || state !== "ready" || !feed?.hasEarlier) return;
    this.#loadingEarlier = true;
    this.refs.earlier.hidden = false;
    try {
      await rest.earlier(feed);
    } catch { /* scrolling again tries again */ }
    this.#loadingEarlier = false;
    this.refs.earlier.hidden = true;
  }

  /** Read means: on screen, at the end, in a tab somebody looks at. */
  #see() {
    if (!document.hidden && this.#atEnd && !this.hidden && this.offsetParent !== null) this.#desk.sawAll();
  }

  // Drawing

  #drawNow() {
    const { state, session, feed, selectedId } = this.#desk;
    const { refs } = this;
    refs.empty.hidden = selectedId !== null;
    refs.head.hidden = !session;
    refs.body.hidden = selectedId === null;
    refs.composer.hidden = !session || state === "failed";
    refs.skeleton.hidden = state !== "loading";
    refs.failed.hidden = state !== "failed";
    if (state === "failed") setText(refs["failed-text"], explain(this.#desk.error, { t, has }));
    if (session) this.#drawHead(session);
    if (feed && state === "ready") this.#drawTimeline(feed);
    else refs.timeline.replaceChildren();
    this.#drawTyping(state === "ready" ? feed.typing : []);
    this.#drawJump();
  }

  #drawHead(session) {
    const { refs } = this;
    const { me, acting } = this.#desk;
    drawAvatar(refs.avatar, session.customer, { presence: session.customer?.online ? "online" : null });
    setText(refs.name, nameOf(session.customer));
    drawTitle(refs.title, session);
    refs.title.title = session.title;
    drawStatus(refs.status, session, { me: me.id });
    const online = session.customer?.online ? t("online_now") : "";
    setText(refs.sub, [online, session.team?.name].filter(Boolean).join(" · "));
    const can = possible(session, me.id);
    for (const button of refs.head.querySelectorAll("[data-action]")) {
      if (button.dataset.action === "details") continue;
      button.hidden = !can.has(button.dataset.action);
      button.disabled = acting;
    }
  }

  #drawTimeline(feed) {
    const { desk, refs } = { desk: this.#desk, refs: this.refs };
    const { scroller } = refs;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    const firstBefore = refs.timeline.firstElementChild?.dataset.key;
    const customer = feed.session?.customer?.id;
    const rows = timeline({
      messages: feed.messages, entries: desk.outbox.of(feed.sessionId), reply: feed.reply, unreadFrom: desk.unreadFrom,
      readSeq: customer == null ? 0 : feed.readBy(customer), me: desk.me.id, sameDay,
    });
    reconcile(refs.timeline, rows, {
      fits,
      key: (item) => item.key,
      create: (item) => createRow(item, this.#context),
      update: (element, item) => updateRow(element, item, this.#context),
    });
    const earlierCame = firstBefore && rows.length && rows[0].key !== firstBefore;
    this.#settleScroll(earlierCame && !this.#atEnd ? fromEnd : null);
  }

  #settleScroll(fromEnd) {
    const { scroller, timeline: list } = this.refs;
    if (this.#place === "first") {
      const line = list.querySelector(".unread-line");
      this.#place = line ? "unread" : "end";
      if (line) scroller.scrollTop = line.offsetTop - scroller.clientHeight / 3;
      const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      this.#atEnd = left < NEAR_PX;
      if (!line) this.#scrollToEnd();
    } else if (fromEnd !== null) scroller.scrollTop = scroller.scrollHeight - fromEnd;
    else if (this.#atEnd) this.#scrollToEnd();
    this.#see();
  }

  #scrollToEnd() {
    const { scroller } = this.refs;
    this.#atEnd = true;
    scroller.scrollTop = scroller.scrollHeight;
  }

  #drawTyping(users) {
    const others = users.filter((user) => user.id !== this.#desk.me.id);
    this.refs.typing.hidden = !others.length;
    if (others.length) setText(this.refs["typing-text"], t(others.length > 1 ? "typing_many" : "typing", { count: others.length, name: nameOf(others[0]) }));
    if (others.length && this.#atEnd) this.#scrollToEnd();
  }

  #drawJump() {
    const { jump, "jump-text": text } = this.refs;
    jump.hidden = this.#atEnd || this.#desk.state !== "ready";
    setText(text, this.#fresh ? t("new_messages", { count: this.#fresh }) : t("jump_newest"));
  }
}

customElements.define("console-thread", Thread);
