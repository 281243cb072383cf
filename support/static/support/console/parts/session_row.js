import { icon, make, row, setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { full, short, span } from "../../../chatsite/lib/time.js";
import { waitingSince } from "../models/views.js";
import { eventText } from "./event_text.js";

const LONG_WAIT_MS = 5 * 60_000;

export function createSessionRow() {
  return row("row-session");
}

/** One line of the inbox. */
export function updateSessionRow(element, session, { me, view, shown, selected, hasDraft }) {
  const { refs } = element;
  element.session = session;
  refs.link.href = `#/${view}/${session.id}`;
  if (selected) refs.link.setAttribute("aria-current", "true");
  else refs.link.removeAttribute("aria-current");
  element.classList.toggle("unread", session.unread > 0);
  drawAvatar(refs.avatar, session.customer, { presence: session.customer?.online ? "online" : null });
  setText(refs.name, nameOf(session.customer));
  drawTitle(refs.title, session);
  const at = session.last_message?.created_at ?? session.created_at;
  setText(refs.time, short(at));
  refs.time.dateTime = at;
  refs.time.title = full(at);
  drawPreview(refs, session, me, hasDraft);
  drawUnread(refs.unread, session.unread);
  drawTags(refs.tags, session.tags ?? []);
  drawStatus(refs.status, session, { me });
  refs.status.hidden = goesWithoutSaying(session, shown);
  const colleague = session.status === "assigned" && session.assignee && session.assignee.id !== me;
  refs.assignee.hidden = !colleague;
  if (colleague) {
    drawAvatar(refs.assignee, session.assignee);
    refs.assignee.title = nameOf(session.assignee);
  }
}

/** What the chat was opened about, where somebody said so. */
export function drawTitle(element, { title = "" }) {
  element.hidden = !title;
  setText(element, title);
}

/** In a view of one kind only, every row would say the same. */
function goesWithoutSaying(session, view) {
  return (view === "mine" && session.status === "assigned") || (view === "closed" && session.status === "closed")
    || (view === "bot" && session.status === "bot" && !session.live_turn);
}

/** Who is speaking, or how long nobody has; called again as time passes. */
export function drawStatus(element, session, { me, now = Date.now() }) {
  const waited = now - waitingSince(session);
  const [kind, sign, text] = statusOf(session, me, waited);
  element.classList.toggle("waiting", kind === "waiting");
  element.classList.toggle("long", kind === "waiting" && waited > LONG_WAIT_MS);
  element.classList.toggle("assistant", kind === "assistant");
  if (element.dataset.sign !== sign) {
    element.dataset.sign = sign;
    element.replaceChildren(icon(sign), make("span"));
  }
  setText(element.lastElementChild, text);
}

function statusOf(session, me, waited) {
  if (session.status === "queued") return ["waiting", "waiting", t("waiting_for", { time: span(waited) })];
  if (session.status === "bot") return ["assistant", "assistant", session.live_turn ? t("assistant_writing") : t("assistant_answers")];
  if (session.status === "closed") return ["closed", "closed", t("status_closed")];
  if (session.assignee?.id === me) return ["mine", "mine", t("assigned_to_you")];
  return ["assigned", "mine", nameOf(session.assignee)];
}

function drawPreview(refs, session, me, hasDraft) {
  const message = session.last_message;
  refs["preview-icon"].hidden = message?.kind !== "note";
  const text = hasDraft ? t("draft_kept") : previewOf(message, me);
  setText(refs.preview, text);
}

export function previewOf(message, me) {
  if (!message) return t("no_messages");
  if (message.kind === "event") return eventText(message, me);
  const content = message.deleted_at ? t("deleted") : message.content.replace(/\s+/g, " ").slice(0, 160) || t("attachment");
  const sender = message.sender ?? {};
  if (sender.kind === "customer") return content;
  if (sender.kind === "assistant") return t("preview_by", { name: t("assistant"), text: content });
  if (sender.id === me) return t("preview_by", { name: t("you"), text: content });
  return has("preview_by") && sender.name ? t("preview_by", { name: sender.name, text: content }) : content;
}

function drawUnread(badge, unread) {
  badge.hidden = !unread;
  if (badge.dataset.count === String(unread)) return;
  badge.dataset.count = String(unread);
  const label = make("span", "sr", ` ${t("unread_count", { count: unread })}`);
  const number = make("span", "", unread > 99 ? "99+" : String(unread));
  number.setAttribute("aria-hidden", "true");
  badge.replaceChildren(number, label);
}

function drawTags(list, tags) {
  const drawn = tags.slice(0, 2).join("\n");
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(...tags.slice(0, 2).map((tag) => make("span", "", tag)));
}
