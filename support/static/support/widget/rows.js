import { dayKey } from "../../sessions_app/helpers/time.js";

const GROUP_MS = 300_000;

/**
 * What stands in the log, top to bottom, as plain descriptions: days, the unread line, messages in
 * groups, events, and what is still on its way out.
 * @param {{messages: any[], pending: any[], unreadFrom: number | null}} chat
 * @returns {any[]} each with a stable `key` and a `type` of day, unread, event or message
 */
export function rowsOf({ messages, pending, unreadFrom }) {
  const rows = [];
  const known = new Set(messages.map((message) => message.client_msg_id));
  const all = [...messages, ...pending.filter((entry) => !known.has(entry.id)).map(asMessage)];
  let day = null;
  let above = null;
  for (const message of all) {
    if (dayKey(message.created_at) !== day) {
      day = dayKey(message.created_at);
      rows.push({ key: `day:${day}`, type: "day", at: message.created_at });
      above = null;
    }
    if (message.seq !== null && message.seq === unreadFrom) {
      rows.push({ key: "unread", type: "unread" });
      above = null;
    }
    if (message.kind === "event") {
      rows.push({ key: message.id, type: "event", message });
      above = null;
      continue;
    }
    const first = !above || !sameGroup(above.message, message);
    if (above && !first) above.last = false;
    above = { key: message.client_msg_id ?? message.id, type: "message", message, first, last: true };
    rows.push(above);
  }
  return rows;
}

/** An entry of the outbox in a message's clothes. */
function asMessage(entry) {
  return {
    id: entry.id, client_msg_id: entry.id, kind: "text", content: entry.content, seq: null, entry,
    sender: { id: null, kind: "customer", name: "" }, created_at: entry.createdAt, attachments: entry.files,
  };
}

function sameGroup(a, b) {
  return a.sender.kind === b.sender.kind && (a.sender.kind === "customer" || a.sender.id === b.sender.id)
    && new Date(b.created_at).getTime() - new Date(a.created_at).getTime() < GROUP_MS;
}
