import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { Inbox } = await browserModule("support/console/models/inbox.js");

const ME = 7;
const at = (minute) => new Date(Date.UTC(2026, 10, 21, 9, minute)).toISOString();
const session = (id, fields = {}) => ({
  id, version: 1, status: "queued", unread: 0, created_at: at(0), updated_at: at(0), waiting_since: at(0), assignee: null, customer: { id: 100 },
  participants: [], last_seq: 1, ...fields,
});
const ids = (inbox) => inbox.rows.map((row) => row.id);

function inboxOf(pages, asked = []) {
  const get = async (path) => {
    asked.push(path);
    if (path.endsWith("/counts")) return { waiting: 1 };
    return pages.shift() ?? { results: [], next: null };
  };
  return new Inbox({ me: ME, get, timers: { setTimeout: (run) => run() } });
}

test("waiting: whoever waits longest is first", async () => {
  const inbox = inboxOf([{ results: [session("b", { waiting_since: at(5) }), session("a", { waiting_since: at(2) })], next: null }]);
  await inbox.show("waiting");
  assert.deepEqual(ids(inbox), ["a", "b"]);
});

test("numbers that could not be had are asked for again", async () => {
  const answers = [new Error("down"), { waiting: 3 }];
  const get = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const inbox = new Inbox({ me: ME, get, timers: { setTimeout: (run) => run() } });
  await inbox.loadCounts();
  await new Promise(setImmediate);
  assert.deepEqual(inbox.counts, { waiting: 3 });
});

test("elsewhere the newest is first, and a new message moves a chat up", async () => {
  const inbox = inboxOf([{ results: [session("a", { status: "bot", updated_at: at(9) }), session("b", { status: "bot", updated_at: at(1) })], next: null }]);
  await inbox.show("bot");
  assert.deepEqual(ids(inbox), ["a", "b"]);
  inbox.upsert(session("b", { status: "bot", updated_at: at(10), version: 2 }));
  assert.deepEqual(ids(inbox), ["b", "a"]);
});

test("a chat that begins to wait appears by itself, and one that is claimed goes", async () => {
  const inbox = inboxOf([]);
  await inbox.show("waiting");
  inbox.upsert(session("a"));
  assert.deepEqual(ids(inbox), ["a"]);
  inbox.upsert(session("a", { status: "assigned", assignee: { id: 9 }, version: 2 }));
  assert.deepEqual(ids(inbox), []);
});

test("mine means assigned to me", async () => {
  const inbox = inboxOf([]);
  await inbox.show("mine");
  inbox.upsert(session("a", { status: "assigned", assignee: { id: ME } }));
  inbox.upsert(session("b", { status: "assigned", assignee: { id: 8 } }));
  assert.deepEqual(ids(inbox), ["a"]);
});

test("an older frame never replaces a newer one", async () => {
  const inbox = inboxOf([]);
  await inbox.show("waiting");
  inbox.upsert(session("a", { version: 5, unread: 2 }));
  inbox.upsert(session("a", { version: 4, unread: 0 }));
  assert.equal(inbox.get("a").unread, 2);
});

test("what lies beyond the last loaded page stays out until it is loaded", async () => {
  const inbox = inboxOf([
    { results: [session("a", { status: "closed", updated_at: at(9) }), session("b", { status: "closed", updated_at: at(8) })], next: "c2" },
    { results: [session("c", { status: "closed", updated_at: at(5) }), session("d", { status: "closed", updated_at: at(4) })], next: null },
  ]);
  await inbox.show("closed");
  inbox.upsert(session("d", { status: "closed", updated_at: at(4) }));
  assert.deepEqual(ids(inbox), ["a", "b"]);
  await inbox.more();
  assert.deepEqual(ids(inbox), ["a", "b", "c", "d"]);
  assert.equal(inbox.hasMore, false);
});

test("a search asks the server and is not filled up by live frames", async () => {
  const asked = [];
  const inbox = inboxOf([{ results: [session("a")], next: null }], asked);
  await inbox.show("waiting", "zip");
  inbox.upsert(session("b"));
  assert.deepEqual(ids(inbox), ["a"]);
  assert.match(asked[0], /q=zip/);
});

test("a search looks in every view, and the view comes back when it ends", async () => {
  const asked = [];
  const closed = session("z", { status: "closed" });
  const inbox = inboxOf([{ results: [closed], next: null }, { results: [session("a")], next: null }], asked);
  await inbox.show("waiting", "zip");
  assert.deepEqual(ids(inbox), ["z"]);
  assert.doesNotMatch(asked[0], /status=/);
  await inbox.show("waiting", "");
  assert.deepEqual(ids(inbox), ["a"]);
  assert.match(asked[1], /status=queued/);
});

test("an answer that comes after the view was changed is dropped", async () => {
  const waits = [];
  const inbox = new Inbox({ me: ME, get: () => new Promise((resolve) => waits.push(resolve)), timers: { setTimeout() {} } });
  const first = inbox.show("waiting");
  const second = inbox.show("closed");
  waits[1]({ results: [session("z", { status: "closed" })], next: null });
  await second;
  waits[0]({ results: [session("a")], next: null });
  await first;
  assert.deepEqual(ids(inbox), ["z"]);
});

test("a failed first page says so; a failed refresh keeps what is shown", async () => {
  let fail = false;
  const inbox = new Inbox({ me: ME, get: async () => { if (fail) throw new Error("no"); return { results: [session("a")], next: null }; } });
  await inbox.show("waiting");
  fail = true;
  await inbox.load();
  assert.equal(inbox.state, "ready");
  assert.deepEqual(ids(inbox), ["a"]);
  await inbox.show("closed");
  assert.equal(inbox.state, "failed");
});

test("our read mark clears the number, the customer's does not", async () => {
  const inbox = inboxOf([]);
  inbox.upsert(session("a", { unread: 2, last_seq: 5 }));
  inbox.markRead("a", 5, 100);
  assert.equal(inbox.get("a").unread, 2);
  inbox.markRead("a", 4, 8);
  assert.equal(inbox.get("a").unread, 2);
  inbox.markRead("a", 5, 8);
  assert.equal(inbox.get("a").unread, 0);
});

test("a list that was on its way while we read does not bring the number back", async () => {
  const inbox = inboxOf([{ results: [session("a", { unread: 2, last_seq: 5 })], next: null }]);
  inbox.upsert(session("a", { unread: 2, last_seq: 5 }));
  inbox.markRead("a", 5);
  await inbox.load();
  assert.equal(inbox.get("a").unread, 0);
  inbox.upsert(session("a", { unread: 1, last_seq: 6, version: 2 }));
  assert.equal(inbox.get("a").unread, 1);
});
