/**
 * What the thread shows, as a flat list of rows from plain data: no DOM, no clock, no words.
 *
 * Rows: {type: "day", key, at} · {type: "unread", key} · {type: "event", key, message} ·
 * {type: "message", key, message | entry, side, look, first, last, tick} · {type: "stream", key, reply}
 */
const GROUP_MS = 5 * 60_000;

/**
 * @param {object} input
 * @param {any[]} input.messages in seq order
 * @param {any[]} [input.entries] the outbox's, without those that are messages already
 * @param {any} [input.reply] the answer being written
 * @param {number} [input.unreadFrom] first seq the reader has not seen, 0 for none
 * @param {number} [input.readSeq] up to where the customer has read
 * @param {number} input.me
 * @param {(a: any, b: any) => boolean} input.sameDay
 */
export function timeline({ messages, entries = [], reply = null, unreadFrom = 0, readSeq = 0, me, sameDay }) {
  const rows = [];
  let at = null;
  let unreadShown = !unreadFrom;
  for (const message of messages) {
    if (at === null || !sameDay(at, message.created_at)) rows.push({ type: "day", key: `day-${message.seq}`, at: message.created_at });
    at = message.created_at;
    if (!unreadShown && message.seq >= unreadFrom) {
      if (message.seq > (messages[0]?.seq ?? 0)) rows.push({ type: "unread", key: "unread" });
      unreadShown = true;
    }
    if (message.kind === "event") rows.push({ type: "event", key: keyOf(message), message });
    else rows.push(spoken(message, me));
  }
  if (reply) rows.push({ type: "stream", key: `turn:${reply.turnId}`, reply });
  const shown = new Set(messages.map((message) => message.client_msg_id));
  let stuck = false;
  for (const entry of entries) {
    if (shown.has(entry.id)) continue;
    // They go out one after the other: what stands behind a waiting one waits as well.
    stuck ||= entry.waiting && entry.state === "sending";
    rows.push(pending(entry, stuck));
  }
  group(rows);
  tick(rows, readSeq);
  return rows;
}

function keyOf(message) {
  return message.client_msg_id || message.id;
}

function spoken(message, me) {
  const kind = message.sender?.kind ?? "system";
  const look = message.kind === "note" ? "note" : kind;
  return {
    type: "message", key: keyOf(message), message, look, side: kind === "customer" ? "start" : "end",
    who: `${look}:${message.sender?.id ?? ""}`, at: Date.parse(message.created_at), mine: message.sender?.id === me,
    first: true, last: true, tick: null,
  };
}

function pending(entry, stuck) {
  return {
    type: "message", key: entry.id, entry, look: entry.kind === "note" ? "note" : "agent", side: "end", who: "mine",
    at: entry.createdAt, mine: true, first: true, last: true, tick: stateOf(entry, stuck),
  };
}

function stateOf(entry, stuck) {
  if (entry.state === "failed") return "failed";
  if (entry.state === "sent") return "sent";
  if (entry.files.some(({ state }) => state !== "ready")) return entry.files.some(({ state }) => state === "waiting") ? "waiting" : "uploading";
  return stuck ? "waiting" : "sending";
}

/** Neighbours of the same person within a few minutes stand together. */
function group(rows) {
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    if (row.type !== "message" || before?.type !== "message") return;
    const same = row.who === before.who || (row.who === "mine" && before.mine && row.look === before.look);
    if (!same || row.at - before.at > GROUP_MS) return;
    row.first = false;
    before.last = false;
  });
}

/** One tick under the last of ours the customer has read; one under the last we sent, until they answer. */
function tick(rows, readSeq) {
  const ours = rows.filter((row) => row.message && row.side === "end" && row.look !== "note");
  const read = ours.findLast((row) => row.message.seq <= readSeq);
  const sent = ours.at(-1);
  if (read) read.tick = "read";
  const answered = rows.findLast((row) => row.message?.sender?.kind === "customer")?.message.seq ?? 0;
  if (sent && sent !== read && sent.message.seq > answered) sent.tick = "sent";
}
