/** The five ways to look at the inbox: what to ask the server for, and which session belongs in. */

/** @typedef {{key: string, count: string, order: "waiting" | "recent", params: Record<string, string>, holds: (session: any, me: number) => boolean}} View */

/** @type {Record<string, View>} */
export const VIEWS = {
  waiting: { key: "waiting", count: "waiting", order: "waiting", params: { status: "queued", ordering: "waiting" }, holds: (session) => session.status === "queued" },
  mine: {
    key: "mine", count: "mine", order: "recent", params: { status: "assigned", assignee: "me", ordering: "recent" },
    holds: (session, me) => session.status === "assigned" && session.assignee?.id === me,
  },
  bot: { key: "bot", count: "bot", order: "recent", params: { status: "bot", ordering: "recent" }, holds: (session) => session.status === "bot" },
  open: { key: "open", count: "open", order: "recent", params: { status: "bot,queued,assigned", ordering: "recent" }, holds: (session) => session.status !== "closed" },
  closed: { key: "closed", count: "closed", order: "recent", params: { status: "closed", ordering: "recent" }, holds: (session) => session.status === "closed" },
};

/** When the customer began to wait, in milliseconds; one whose chat we reopened waits since then. */
export function waitingSince(session) {
  return Date.parse(session.waiting_since ?? session.updated_at);
}

const ORDERS = {
  waiting: (a, b) => waitingSince(a) - waitingSince(b) || (a.id < b.id ? -1 : 1),
  recent: (a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at) || (a.id < b.id ? 1 : -1),
};

/** @param {View} view */
export function orderOf(view) {
  return ORDERS[view.order];
}
