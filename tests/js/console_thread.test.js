import assert from "node:assert/strict";
import test from "node:test";
import { SafeStorage } from "../../sessions_app/static/sessions_app/helpers/storage.js";
import { browserModule } from "./support/statics.js";

const { firstUnread, possible } = await browserModule("support/console/models/desk.js");
const { Drafts } = await browserModule("support/console/models/drafts.js");
const { sameGuard, sendGuard } = await browserModule("support/console/models/guard.js");
const { timeline } = await browserModule("support/console/models/timeline.js");

const ME = 7;
const CUSTOMER = { id: 100, kind: "customer", name: "Mia" };
const BEN = { id: ME, kind: "agent", name: "Ben" };
const BOT = { id: null, kind: "assistant", name: "Assistant" };
const at = (minute, day = 21) => new Date(Date.UTC(2026, 10, day, 9, minute)).toISOString();
const message = (seq, sender, fields = {}) => ({ id: `m${seq}`, seq, kind: "text", sender, content: `text ${seq}`, client_msg_id: null, created_at: at(seq), ...fields });
const sameDay = (a, b) => a.slice(0, 10) === b.slice(0, 10);
const rowsOf = (input) => timeline({ me: ME, sameDay, ...input });
const said = (rows) => rows.filter((row) => row.type === "message");

test("a new day gets a line, and only then", () => {
  const rows = rowsOf({ messages: [message(1, CUSTOMER), message(2, CUSTOMER), message(3, CUSTOMER, { created_at: at(3, 22) })] });
  assert.deepEqual(rows.map((row) => row.type), ["day", "message", "message", "day", "message"]);
});

test("neighbours of one person stand together; another person, a note or a long pause parts them", () => {
  const rows = said(rowsOf({ messages: [
    message(1, CUSTOMER), message(2, CUSTOMER), message(3, BEN), message(4, BEN, { kind: "note" }), message(5, BEN, { kind: "note" }), message(20, BEN, { kind: "note" }),
  ] }));
  assert.deepEqual(rows.map((row) => [row.first, row.last]), [[true, false], [false, true], [true, true], [true, false], [false, true], [true, true]]);
  assert.deepEqual(rows.map((row) => row.side), ["start", "start", "end", "end", "end", "end"]);
});

test("an event between two messages parts them", () => {
  const rows = said(rowsOf({ messages: [message(1, CUSTOMER), message(2, null, { kind: "event" }), message(3, CUSTOMER)] }));
  assert.ok(rows.every((row) => row.first && row.last));
});

test("the unread line stands before the first unread message, and not above everything", () => {
  const messages = [message(1, CUSTOMER), message(2, CUSTOMER), message(3, CUSTOMER)];
  assert.deepEqual(rowsOf({ messages, unreadFrom: 2 }).map((row) => row.type), ["day", "message", "unread", "message", "message"]);
  assert.ok(!rowsOf({ messages, unreadFrom: 1 }).some((row) => row.type === "unread"));
});

test("ticks: read under the last one read, sent under the last one sent, none on notes", () => {
  const messages = [message(1, BEN), message(2, BEN), message(3, BEN), message(4, BEN, { kind: "note" })];
  assert.deepEqual(said(rowsOf({ messages, readSeq: 2 })).map((row) => row.tick), [null, "read", "sent", null]);
  assert.deepEqual(said(rowsOf({ messages, readSeq: 3 })).map((row) => row.tick), [null, null, "read", null]);
});

test("what the customer has answered needs no tick", () => {
  assert.deepEqual(said(rowsOf({ messages: [message(1, BEN), message(2, CUSTOMER)] })).map((row) => row.tick), [null, null]);
});

test("an entry shows once: as itself until its message is there", () => {
  const entry = { id: "c1", content: "hello", kind: "text", state: "sending", waiting: true, files: [], createdAt: Date.parse(at(9)) };
  const before = said(rowsOf({ messages: [message(1, CUSTOMER)], entries: [entry] }));
  assert.deepEqual(before.map((row) => [row.key, row.tick]), [["m1", null], ["c1", "waiting"]]);
  const after = said(rowsOf({ messages: [message(1, CUSTOMER), message(2, BEN, { client_msg_id: "c1" })], entries: [entry] }));
  assert.deepEqual(after.map((row) => row.key), ["m1", "c1"]);
});

test("what stands behind a waiting entry waits as well", () => {
  const entry = (id, waiting) => ({ id, content: id, kind: "text", state: "sending", waiting, files: [], createdAt: 0 });
  const ticks = (entries) => said(rowsOf({ messages: [], entries })).map((row) => row.tick);
  assert.deepEqual(ticks([entry("a", true), entry("b", false)]), ["waiting", "waiting"]);
  assert.deepEqual(ticks([entry("a", false), entry("b", false)]), ["sending", "sending"]);
});

test("a failed entry says so", () => {
  const entry = { id: "c1", content: "hello", kind: "note", state: "failed", error: { code: "SESSION_CLOSED" }, files: [], createdAt: 0 };
  const [row] = said(rowsOf({ messages: [], entries: [entry] }));
  assert.deepEqual([row.tick, row.look], ["failed", "note"]);
});

test("an answer being written and the message it becomes have the same key", () => {
  const live = rowsOf({ messages: [message(1, CUSTOMER)], reply: { turnId: "t1", text: "He" } }).at(-1);
  const done = rowsOf({ messages: [message(1, CUSTOMER), message(2, BOT, { client_msg_id: "turn:t1" })] }).at(-1);
  assert.equal(live.type, "stream");
  assert.equal(live.key, done.key);
});

// Before sending

const assigned = (id, name) => ({ status: "assigned", floor: "agent", assignee: { id, name } });

test("a reply in one's own chat needs no guard", () => {
  assert.equal(sendGuard({ session: assigned(ME, "Ben"), me: ME, mode: "reply" }), null);
});

test("a colleague's chat, a typing colleague and a writing assistant stop a reply once", () => {
  assert.deepEqual(sendGuard({ session: assigned(8, "Bea"), me: ME, mode: "reply" }), { kind: "assigned", name: "Bea", stop: true });
  const typing = [{ id: 8, kind: "agent", name: "Bea" }];
  assert.equal(sendGuard({ session: assigned(ME, "Ben"), me: ME, mode: "reply", typing }).kind, "typing");
  const bot = { status: "bot", floor: "assistant", assignee: null };
  assert.deepEqual(sendGuard({ session: bot, me: ME, mode: "reply", reply: { settling: false } }).stop, true);
  assert.deepEqual(sendGuard({ session: bot, me: ME, mode: "reply" }), { kind: "takeover", name: "", stop: false });
});

test("a note disturbs nobody, and one's own or the customer's typing is no collision", () => {
  assert.equal(sendGuard({ session: assigned(8, "Bea"), me: ME, mode: "note" }), null);
  assert.equal(sendGuard({ session: assigned(ME, "Ben"), me: ME, mode: "reply", typing: [{ id: ME, kind: "agent" }, CUSTOMER] }), null);
});

test("consent holds only while the reason is the same", () => {
  assert.ok(sameGuard({ kind: "typing", name: "Bea" }, { kind: "typing", name: "Bea" }));
  assert.ok(!sameGuard({ kind: "typing", name: "Bea" }, { kind: "typing", name: "Ada" }));
  assert.ok(!sameGuard({ kind: "typing", name: "Bea" }, null));
});

test("what can be done depends on whose chat it is", () => {
  const can = (session) => [...possible(session, ME)].sort();
  assert.deepEqual(can({ status: "queued", assignee: null }), ["claim", "close", "transfer"]);
  assert.deepEqual(can(assigned(ME)), ["close", "release", "transfer"]);
  assert.deepEqual(can(assigned(8)), ["close", "takeover", "transfer"]);
  assert.deepEqual(can({ status: "closed" }), ["reopen"]);
  assert.deepEqual(can(null), []);
});

test("the first unread message is counted from the end, by what customers said", () => {
  const messages = [message(1, CUSTOMER), message(2, CUSTOMER), message(3, BEN, { kind: "note" }), message(4, CUSTOMER)];
  assert.equal(firstUnread(messages, 2), 2);
  assert.equal(firstUnread(messages, 99), 1);
  assert.equal(firstUnread(messages, 0), 0);
});

// Drafts

function memory() {
  const map = new Map();
  return { get length() { return map.size; }, key: (index) => [...map.keys()][index], getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value), removeItem: (key) => map.delete(key) };
}

test("drafts survive a reload, apart by chat and by reply and note", () => {
  const backing = memory();
  new Drafts(new SafeStorage("cc:7:", () => backing)).set("s1", { mode: "note", reply: "half", note: "psst" });
  const again = new Drafts(new SafeStorage("cc:7:", () => backing));
  assert.deepEqual(again.get("s1"), { mode: "note", reply: "half", note: "psst" });
  assert.deepEqual(again.get("s2"), { mode: "reply", reply: "", note: "" });
  assert.ok(again.has("s1"));
});

test("an emptied draft is gone, and an old one is forgotten", () => {
  const backing = memory();
  const storage = new SafeStorage("cc:7:", () => backing);
  const drafts = new Drafts(storage, () => 0);
  drafts.set("s1", { mode: "reply", reply: "x", note: "" });
  drafts.set("s1", { mode: "reply", reply: "", note: "" });
  assert.ok(!drafts.has("s1"));
  drafts.set("s2", { mode: "reply", reply: "old", note: "" });
  assert.ok(!new Drafts(storage, () => 31 * 86_400_000).has("s2"));
});
