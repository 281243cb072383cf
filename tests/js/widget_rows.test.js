import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { rowsOf } = await browserModule("support/widget/rows.js");

const AT = "2026-11-21T09:00:00Z";
const CUSTOMER = { id: 1, kind: "customer", name: "" };
const BOT = { id: null, kind: "assistant", name: "Assistant" };
const message = (seq, sender) => ({ id: `m${seq}`, seq, kind: "text", sender, content: "", client_msg_id: `c${seq}`, created_at: AT, attachments: [] });
const entry = (id) => ({ id, content: "", createdAt: AT, files: [] });
const types = (chat) => rowsOf({ messages: [], pending: [], unreadFrom: null, ...chat }).map((row) => row.type);

test("the line of what is new stands above the first message not read", () => {
  assert.deepEqual(types({ messages: [message(1, CUSTOMER), message(2, BOT), message(3, BOT)], unreadFrom: 2 }), ["day", "message", "unread", "message", "message"]);
});

test("what the customer is sending is not new to them", () => {
  assert.deepEqual(types({ messages: [message(1, CUSTOMER)], pending: [entry("a"), entry("b")] }), ["day", "message", "message", "message"]);
});

test("a message that arrived takes the place of its entry", () => {
  assert.deepEqual(types({ messages: [message(1, CUSTOMER)], pending: [entry("c1")] }), ["day", "message"]);
});
