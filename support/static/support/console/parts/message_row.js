import { icon, make, row, setIcon, setText } from "../../../chatsite/lib/dom.js";
import { isOurs } from "../../../chatsite/lib/files.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { clock, day, full } from "../../../chatsite/lib/time.js";
import { explain } from "../../../chatsite/models/problems.js";
import { render } from "../../../sessions_app/helpers/richtext.js";
import { sizeLabel } from "../../../sessions_app/helpers/files.js";
import { eventIcon, eventText } from "./event_text.js";

const FOOT_ICONS = { sending: "clock", uploading: "clock", waiting: "clock", sent: "check", read: "ticks", failed: "alert" };

/** Rows of the thread; `context` holds {me, demo, onRetry, onDiscard, onStop, onFile}. */
export function createRow(item, context) {
  const element = row(`row-${item.type}`);
  if (item.type === "message") {
    const { retry, discard } = element.refs;
    retry.addEventListener("click", () => context.onRetry(element.item.entry.id));
    discard.addEventListener("click", () => context.onDiscard(element.item.entry.id));
  }
  if (item.type === "stream") element.refs.stop.addEventListener("click", context.onStop);
  return element;
}

export function updateRow(element, item, context) {
  const before = element.item;
  element.item = item;
  if (before && isSettled(before) && SHOWN.every((field) => before[field] === item[field])) return;
  UPDATES[item.type](element, item, context);
}

const SHOWN = ["message", "first", "last", "tick", "look"];

/** A message of the server's does not change in place; an answer or an entry of the outbox does. */
function isSettled({ type, message }) {
  return (type === "message" || type === "event") && Boolean(message);
}

/** A streamed answer and the message it becomes have one key but two looks. */
export function fits(element, item) {
  return element.item?.type === item.type;
}

const UPDATES = {
  day: (element, { at }) => setText(element.refs.text, day(at)),
  unread: () => {},
  event: drawEvent,
  message: drawMessage,
  stream: drawStream,
};

function drawEvent(element, { message }, { me }) {
  const { refs } = element;
  setIcon(refs.icon, eventIcon(message));
  setText(refs.text, eventText(message, me));
  setText(refs.time, clock(message.created_at));
  refs.time.dateTime = message.created_at;
  element.classList.toggle("trouble", message.metadata?.event === "reply_failed");
}

function drawMessage(element, item, context) {
  const { message, entry, look } = item;
  const { refs } = element;
  const deleted = Boolean(message?.deleted_at);
  element.className = ["message", look, item.side === "end" && "end", item.first && "first", item.last && "last",
    entry && entry.state !== "failed" && "pending", entry?.state === "failed" && "failed", deleted && "deleted"].filter(Boolean).join(" ");
  const sender = message?.sender ?? { id: context.me, name: context.myName };
  drawAvatar(refs.avatar, sender, { assistant: sender.kind === "assistant" });
  setText(refs.name, sender.kind === "assistant" ? t("assistant") : item.mine ? t("you") : nameOf(sender));
  drawLabel(refs.label, message, context);
  const at = message?.created_at ?? new Date(item.at).toISOString();
  setText(refs.time, clock(at) + (message?.edited_at && !deleted ? ` · ${t("edited")}` : ""));
  refs.time.dateTime = at;
  refs.time.title = full(at);
  refs.note.hidden = look !== "note";
  drawContent(refs.content, deleted ? t("deleted") : (message ?? entry).content, sender.kind === "assistant");
  drawFiles(refs.files, deleted ? [] : (message?.attachments ?? entry.files), context);
  drawSources(refs, (!deleted && message?.metadata?.citations) || []);
  drawFoot(refs, item);
}

function drawLabel(label, message, { demo }) {
  const text = message?.sender?.kind === "assistant" ? message.metadata?.assistant_label || (demo ? t("demo_answer") : "") : "";
  label.hidden = !text;
  setText(label, text);
}

function drawContent(element, text, rich) {
  if (element.dataset.text === text && element.childNodes.length) return;
  element.dataset.text = text;
  element.replaceChildren(render(text, { rich }));
}

function drawFiles(list, files, { onFile }) {
  list.hidden = !files.length;
  const drawn = files.map(({ id, key, url }) => id ?? `${key} ${url}`).join();
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(...files.map((file) => {
    const item = make("li");
    const button = make("button");
    button.type = "button";
    button.title = t("download");
    button.disabled = !file.id;
    const label = make("span", "grow", file.name || t("attachment"));
    label.append(make("small", "", sizeLabel(file.size, document.documentElement.lang)));
    button.append(icon(file.kind === "image" ? "image" : "file"), label, icon("download"));
    button.addEventListener("click", () => onFile(file));
    if (file.kind === "image" && file.url && isOurs(file.url)) item.append(picture(file));
    item.append(button);
    return item;
  }));
}

/** To look at in place, and in a tab of its own; a link that has ended leaves the name. */
function picture(file) {
  const link = Object.assign(make("a", "picture"), { href: file.url, target: "_blank", rel: "noopener" });
  const image = Object.assign(make("img"), { alt: file.name || t("attachment"), src: file.url });
  if (file.width) Object.assign(image, { width: file.width, height: file.height });
  image.addEventListener("error", () => link.remove());
  link.append(image);
  return link;
}

/** The passages that an answer of the assistant's rests on; only staff are shown them. */
function drawSources(refs, citations) {
  refs.sources.hidden = !citations.length;
  const drawn = citations.map(({ n, article_id: article }) => `${n} ${article}`).join();
  if (refs.sources.dataset.drawn === drawn) return;
  refs.sources.dataset.drawn = drawn;
  setText(refs["sources-label"], t("sources", { count: citations.length }));
  refs["sources-list"].replaceChildren(...citations.map(({ article_id: article, title, quote }) => {
    const item = make("li");
    const link = make("a", "", title);
    Object.assign(link, { href: `/console/knowledge/?view=article&article=${article}`, target: "_blank", rel: "noopener", dir: "auto" });
    item.append(link, Object.assign(make("q", "", quote), { dir: "auto" }));
    return item;
  }));
}

/** Whether it went out, and whether it was read; said in words as well as by a sign. */
function drawFoot(refs, { tick, entry, message }) {
  refs.foot.hidden = !tick;
  if (!tick) return;
  setIcon(refs["foot-icon"], FOOT_ICONS[tick]);
  refs.foot.className = `message-foot ${tick}`;
  const failed = tick === "failed";
  const why = failed ? explain(entry.error ?? {}, { t, has }) : "";
  const files = entry?.files ?? [];
  const percent = `${Math.floor((100 * files.reduce((sum, { progress }) => sum + progress, 0)) / (files.length || 1))} %`;
  setText(refs["foot-text"], failed ? t("not_sent", { why }) : t(`tick_${tick}`, { percent, time: message ? clock(message.created_at) : "" }));
  const kept = files.filter((file) => file.id || file.file);
  refs.retry.hidden = !failed || Boolean(files.length && !kept.length && !entry.content);
  setText(refs.retry, t(kept.length < files.length ? "without" : "retry"));
  refs.discard.hidden = !failed && !["waiting", "uploading"].includes(tick);
}

function drawStream(element, { reply }) {
  const { content, stop } = element.refs;
  drawContent(content, reply.text, true);
  stop.hidden = reply.settling;
}
