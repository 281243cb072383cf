import { render } from "../../sessions_app/helpers/richtext.js";
import { initials } from "../../sessions_app/helpers/text.js";
import { clockTime, dayLabel, fullTime } from "../../sessions_app/helpers/time.js";
import { rowsOf } from "./rows.js";
import { config, locale, say, sayEvent } from "./words.js";

const NEAR_PX = 60;

/** @param {string} id */
const stamp = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/**
 * @param {string} label
 * @param {() => void} onclick
 * @param {string} [className]
 */
function choice(label, onclick, className = "link") {
  return Object.assign(document.createElement("button"), { type: "button", className, textContent: label, onclick });
}

/** @param {string} id */
function icon(id) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${id}`);
  svg.append(use);
  return svg;
}

/**
 * The conversation. Rows are matched by key, so that a bubble that was being sent or written simply
 * becomes the message. Raises `person`, `again`, `more` (there are files to show), `bottom`.
 */
export class ChatLog extends HTMLElement {
  #chat = null;
  #rows = new Map();
  #pinned = true;
  #top = 0;
  #unreadFrom = null;
  #frame = 0;
  #drawn = null;

  /** @param {import("./chat.js").Chat} chat */
  set chat(chat) {
    this.#chat = chat;
    chat.addEventListener("change", () => this.#soon());
    this.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => { if (this.#pinned) this.toBottom(); }).observe(this);
    this.addEventListener("grown", () => { if (this.#pinned) this.toBottom(); });
    this.#part("#stop").onclick = () => chat.stopReply().catch(() => {});
    this.#part("#earlier").onclick = () => this.#earlier();
    this.#draw();
  }

  get atBottom() { return this.#pinned; }

  /** Say from where on nothing was read yet; keeps standing until the next time. */
  markUnread() {
    this.#unreadFrom = this.#chat.unread[0]?.seq ?? null;
    this.#soon();
  }

  /** There are more words than before. */
  redraw() {
    for (const row of this.#rows.values()) row.look = null;
    this.#soon();
  }

  toBottom(smooth = false) {
    this.#pinned = true;
    this.scrollTo({ top: this.scrollHeight, behavior: smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches ? "smooth" : "instant" });
  }

  // Drawing

  #soon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
    // Hidden pages get no animation frames; a screen reader's log must not wait for one.
    if (document.hidden) setTimeout(() => this.#draw(), 0);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { feed, outbox, loading } = this.#chat;
    const rows = rowsOf({ messages: feed?.messages ?? [], pending: outbox.of(feed?.sessionId ?? null), unreadFrom: this.#unreadFrom });
    const log = this.#part("[role=log]");
    // History is not news: only what comes after the first drawing is read out.
    if (this.#drawn !== feed) log.setAttribute("aria-live", "off");
    this.#place(rows, feed);
    if (this.#drawn !== feed) requestAnimationFrame(() => log.setAttribute("aria-live", "polite"));
    this.#drawn = feed;
    this.#part("#intro").hidden = rows.length > 0 || loading;
    this.#part("#earlier").hidden = !feed?.hasEarlier;
    this.#drawReply(feed?.reply);
    this.#drawTyping(feed);
    if (this.#part("chat-file")) this.dispatchEvent(new CustomEvent("more"));
    if (this.#pinned) this.toBottom();
    this.dispatchEvent(new CustomEvent("bottom"));
  }

  #place(rows, feed) {
    const list = this.#part(".rows");
    const keys = new Set(rows.map(({ key }) => key));
    for (const [key, { element }] of this.#rows) {
      if (keys.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
    const mine = rows.findLast((row) => row.type === "message" && row.message.seq && this.#chat.isMine(row.message));
    const ended = rows.findLast((row) => row.type !== "day" && row.message?.metadata?.event !== "rated");
    let next = list.firstElementChild;
    for (const row of rows) {
      row.tick = row === mine ? (feed.readByOthers(this.#chat.me) >= row.message.seq ? "read" : "sent") : "";
      row.open = row === ended && this.#chat.status === "bot";
      const { element } = this.#row(row);
      if (element === next) next = next.nextElementSibling;
      else list.insertBefore(element, next);
    }
  }

  #row(row) {
    const { message, first, last, tick, open } = row;
    const { state, waiting, error } = message?.entry ?? {};
    const look = [message?.id, message?.edited_at, message?.deleted_at, first, last, tick, open, state, waiting, error?.code, message?.content.length,
      message?.attachments?.map((one) => `${one.id}${one.progress ?? ""}`)].join();
    let known = this.#rows.get(row.key);
    if (!known) this.#rows.set(row.key, (known = { element: stamp(row.type === "message" ? "t-message" : "t-line"), look: null }));
    if (known.look !== look) {
      known.look = look;
      if (row.type === "message") this.#fillMessage(known.element, row);
      else this.#fillLine(known.element, row);
    }
    return known;
  }

  #fillLine(element, { type, at, message, open }) {
    element.classList.add(type);
    const text = type === "day" ? dayLabel(at, locale) : type === "unread" ? say("new") : sayEvent(message);
    element.firstElementChild.textContent = text;
    element.querySelector(".choices")?.remove();
    if (message?.metadata?.event !== "reply_failed" || !open) return;
    const choices = Object.assign(document.createElement("div"), { className: "choices" });
    const [again, person] = ["again", "person"].map((name) => () => this.dispatchEvent(new CustomEvent(name)));
    choices.append(choice(say("retry"), again, "pill"), choice(say("person"), person, "pill"));
    element.append(choices);
  }

  #fillMessage(element, { message, first, last, tick }) {
    const mine = this.#chat.isMine(message);
    const { entry } = message;
    const names = { mine, theirs: !mine, first, last, pending: entry?.state === "sending", failed: entry?.state === "failed", gone: message.deleted_at };
    for (const [name, on] of Object.entries(names)) element.classList.toggle(name, Boolean(on));
    this.#face(element, message.sender);
    element.querySelector(".name").textContent = mine ? say("you") : this.#nameOf(message.sender);
    const said = element.querySelector(".said");
    said.title = fullTime(message.created_at, locale);
    if (message.deleted_at) said.textContent = say("deleted");
    else said.replaceChildren(render(message.content, { rich: !mine }), ...(message.attachments ?? []).map((file) => Object.assign(document.createElement("chat-file"), { file, message })));
    element.querySelector(".foot").replaceChildren(...this.#foot(message, entry, tick));
  }

  #foot(message, entry, tick) {
    if (entry?.state === "failed") return this.#failure(entry);
    const time = Object.assign(document.createElement("time"), { dateTime: new Date(message.created_at).toISOString(), textContent: clockTime(message.created_at, locale) });
    if (entry?.state === "sending") return this.#underWay(entry);
    const parts = message.edited_at ? [time, ` · ${say("edited")}`] : [time];
    const known = tick || (entry ? "sent" : "");
    if (!known) return parts;
    const mark = icon(`i-${known}`);
    if (known === "read") mark.classList.add("seen");
    return [...parts, mark, say(known)];
  }

  #underWay({ id, waiting, files }) {
    const late = files.filter(({ state }) => state !== "ready");
    if (!late.length) return [say(waiting ? "waiting" : "sending")];
    const share = files.reduce((sum, { progress }) => sum + progress, 0) / files.length;
    const held = late.some(({ state }) => state === "waiting");
    return [say(held ? "waiting" : "uploading", { percent: `${Math.floor(share * 100)} %` }), this.#discard(id)];
  }

  #failure(entry) {
    const { id, error, content, files } = entry;
    const reason = say(`failed.${error?.code}`);
    const [again, what] = error?.code === "SESSION_CLOSED" ? ["send_new", () => this.#chat.sendAnew(entry)] : ["retry", () => this.#chat.outbox.retry(id)];
    const kept = files.filter((file) => file.id || file.file);
    return [
      reason.startsWith("failed.") ? say("failed") : reason,
      ...(content || kept.length || !files.length ? [choice(say(kept.length < files.length ? "without" : again), what)] : []),
      this.#discard(id),
    ];
  }

  #discard(id) { return choice(say("discard"), () => this.#chat.outbox.discard(id)); }

  #drawReply(reply) {
    const row = this.#part("#reply");
    const hidden = !reply?.text;
    if (row.hidden && !hidden) {
      const sender = { id: null, kind: "assistant", name: "" };
      row.querySelector(".name").textContent = this.#nameOf(sender);
      row.classList.toggle("first", true);
      this.#face(row, sender);
    }
    row.hidden = hidden;
    const said = row.querySelector(".said");
    if (hidden) said.replaceChildren();
    else if (said.dataset.text !== reply.text) said.replaceChildren(render(reply.text));
    said.dataset.text = reply?.text ?? "";
  }

  #drawTyping(feed) {
    const [someone] = feed?.typing.filter(({ id }) => id !== this.#chat.me) ?? [];
    const thinking = feed?.reply && !feed.reply.text;
    const line = this.#part("#typing");
    line.hidden = !someone && !thinking;
    const text = someone ? say("typing", { name: someone.name }) : thinking ? say("writing", { name: this.#nameOf({ kind: "assistant" }) }) : "";
    if (line.lastElementChild.textContent !== text) line.lastElementChild.textContent = text;
    const aloud = feed?.reply ? say("writing", { name: this.#nameOf({ kind: "assistant" }) }) : "";
    if (this.#part("#aloud").textContent !== aloud) this.#part("#aloud").textContent = aloud;
  }

  #face(element, sender) {
    const face = element.querySelector(".face");
    face.classList.toggle("assistant", sender.kind === "assistant");
    face.textContent = initials(sender.kind === "assistant" ? config.brand.name : sender.name || "?");
    if (!sender.avatar) return;
    const image = Object.assign(document.createElement("img"), { alt: "", src: sender.avatar, onerror: () => image.remove() });
    face.replaceChildren(image);
  }

  #nameOf({ kind, name }) {
    const own = kind === "assistant" && { "": config.demo ? "assistant_demo" : "assistant", Assistant: "assistant", "Demo assistant": "assistant_demo" }[name ?? ""];
    return own ? say(own) : name;
  }

  // Scrolling

  #onScroll() {
    // Only a reader who moves up leaves the end; a log that shrinks below a panel does not.
    if (this.scrollHeight - this.scrollTop - this.clientHeight < NEAR_PX) this.#pinned = true;
    else if (this.scrollTop < this.#top - 1) this.#pinned = false;
    this.#top = this.scrollTop;
    this.dispatchEvent(new CustomEvent("bottom"));
  }

  async #earlier() {
    const button = this.#part("#earlier");
    button.disabled = true;
    const fromEnd = this.scrollHeight - this.scrollTop;
    try {
      await this.#chat.earlier();
      this.#draw();
      this.#pinned = false;
      this.scrollTop = this.scrollHeight - fromEnd;
    } catch { /* the button stays */ }
    button.disabled = false;
  }

  #part(selector) { return this.querySelector(selector); }
}
