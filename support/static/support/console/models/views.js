/** The ways to look at the inbox: what to ask the server for, and which session belongs in. */

/**
 * @typedef {object} View
 * @property {string} key also the name of its number in the counts
 * @property {"waiting" | "recent"} order
 * @property {Record<string, string>} params of the list's address
 * @property {(session: any, me: number) => boolean} holds
 */

/** @returns {View} */
function view(key, { status, assignee, order = "recent" }, holds) {
  return { key, order, params: { status, ...(assignee ? { assignee } : {}), ordering: order }, holds };
}

/** @type {Record<string, View>} */
export const VIEWS = {
  waiting: view("waiting", { status: "queued", order: "waiting" }, ({ status }) => status === "queued"),
  mine: view("mine", { status: "assigned", assignee: "me" }, ({ status, assignee }, me) => status === "assigned" && assignee?.id === me),
  bot: view("bot", { status: "bot" }, ({ status }) => status === "bot"),
  open: view("open", { status: "bot,queued,assigned" }, ({ status }) => status !== "closed"),
  closed: view("closed", { status: "closed" }, ({ status }) => status === "closed"),
};

/** Whoever searches wants the chat wherever it is, also one that was closed last year. */
export const SEARCH = { key: "search", order: "recent", params: { ordering: "recent" }, holds: () => true };

/** When the customer began to wait, in milliseconds; one whose chat we reopened waits since then. */
export function waitingSince(session) {
  return Date.parse(session.waiting_since ?? session.updated_at);
}

const ORDERS = {
  waiting: (a, b) => waitingSince(a) - waitingSince(b) || (a.id < b.id ? -1 : 1),
  recent: (a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at) || (a.id < b.id ? 1 : -1),
};

/** @param {View} view */
export function orderOf({ order }) {
  return ORDERS[order];
}
