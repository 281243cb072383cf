/** When to call for attention, and how. Pure rules; the page does the rest. */

/**
 * What a live session frame means for this agent.
 * @returns {"waiting" | "message" | null}
 */
export function reasonToCall({ before, session, me, looking }) {
  if (session.status === "queued" && before && before.status !== "queued") return "waiting";
  if (session.status === "queued" && !before && isNew(session)) return "waiting";
  const spoke = session.last_message?.sender?.kind === "customer" && session.last_seq > (before?.last_seq ?? session.last_seq);
  if (!spoke || looking) return null;
  if (session.status === "queued") return "message";
  return session.status === "assigned" && session.assignee?.id === me ? "message" : null;
}

/** Never seen before and only just begun: not one that a reload brings back. */
function isNew(session, now = Date.now()) {
  return now - Date.parse(session.waiting_since ?? session.updated_at) < 30_000;
}

/** "(3) Waiting · Cland Chat": what needs this agent, then where they are. */
export function pageTitle({ waiting = 0, unreadMine = 0, view }) {
  const needs = waiting + unreadMine;
  return `${needs ? `(${needs}) ` : ""}${view} · Cland Chat`;
}
