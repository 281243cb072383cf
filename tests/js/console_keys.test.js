import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { pageTitle, reasonToCall } = await browserModule("support/console/models/attention.js");
const { SHORTCUTS } = await browserModule("support/console/models/keys.js");
const { Keys } = await browserModule("chatsite/models/keys.js");
const { explain } = await browserModule("chatsite/models/problems.js");

test("letters, signs and arrows do what the list says", () => {
  const keys = new Keys(SHORTCUTS);
  assert.equal(keys.press({ key: "j" }), "next");
  assert.equal(keys.press({ key: "ArrowUp" }), "previous");
  assert.equal(keys.press({ key: "?", shiftKey: true }), "shortcuts");
  assert.equal(keys.press({ key: "x" }), null);
});

test("Caps Lock does not turn claim into release, Shift does", () => {
  const keys = new Keys(SHORTCUTS);
  assert.equal(keys.press({ key: "C", shiftKey: false }), "claim");
  assert.equal(keys.press({ key: "C", shiftKey: true }), "release");
});

test("a sequence needs both keys in time; the second alone means what it always means", () => {
  let now = 0;
  const keys = new Keys(SHORTCUTS, () => now);
  assert.equal(keys.press({ key: "g" }), null);
  assert.equal(keys.press({ key: "c" }), "view:closed");
  assert.equal(keys.press({ key: "c" }), "claim");
  keys.press({ key: "g" });
  now = 2000;
  assert.equal(keys.press({ key: "c" }), "claim");
});

test("the browser's own combinations and composing input are left alone", () => {
  const keys = new Keys(SHORTCUTS);
  for (const extra of ["ctrlKey", "metaKey", "altKey", "isComposing"]) assert.equal(keys.press({ key: "c", [extra]: true }), null);
});

test("no key stands for two things", () => {
  const all = SHORTCUTS.flatMap(({ keys }) => keys);
  assert.equal(new Set(all).size, all.length);
});

// Attention

const ME = 7;
const session = (fields) => ({ id: "a", status: "queued", last_seq: 3, assignee: null, updated_at: new Date().toISOString(), last_message: { sender: { kind: "customer" } }, ...fields });

test("a chat that begins to wait calls; one that waits already calls only for a new message", () => {
  assert.equal(reasonToCall({ before: session({ status: "bot" }), session: session(), me: ME, looking: false }), "waiting");
  assert.equal(reasonToCall({ before: session(), session: session(), me: ME, looking: false }), null);
  assert.equal(reasonToCall({ before: session(), session: session({ last_seq: 4 }), me: ME, looking: false }), "message");
  assert.equal(reasonToCall({ before: session(), session: session({ last_seq: 4 }), me: ME, looking: true }), null);
});

test("in an assigned chat only its own agent is called, and never by colleagues' words", () => {
  const mine = (fields) => session({ status: "assigned", assignee: { id: ME }, ...fields });
  assert.equal(reasonToCall({ before: mine(), session: mine({ last_seq: 4 }), me: ME, looking: false }), "message");
  const hers = (fields) => session({ status: "assigned", assignee: { id: 8 }, ...fields });
  assert.equal(reasonToCall({ before: hers(), session: hers({ last_seq: 4 }), me: ME, looking: false }), null);
  assert.equal(reasonToCall({ before: mine(), session: mine({ last_seq: 4, last_message: { sender: { kind: "agent" } } }), me: ME, looking: false }), null);
});

test("old chats that a reload brings back do not ring", () => {
  const old = session({ waiting_since: "2020-01-01T00:00:00.000Z" });
  assert.equal(reasonToCall({ before: undefined, session: old, me: ME, looking: false }), null);
  assert.equal(reasonToCall({ before: undefined, session: session({ waiting_since: new Date().toISOString() }), me: ME, looking: false }), "waiting");
});

test("the title counts what needs somebody", () => {
  assert.equal(pageTitle({ waiting: 2, unreadMine: 1, view: "Mine" }), "(3) Mine · Cland Chat");
  assert.equal(pageTitle({ view: "Mine" }), "Mine · Cland Chat");
});

// Refusals in words

const texts = { was_faster: "{name} was faster", error_SESSION_CLOSED: "closed", error_AUTH_ACCOUNT_LOCKED: "wait {time}", error_unknown: "?" };
const words = { t: (key, values = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]), has: (key) => key in texts };

test("a code becomes a sentence, with the name of whoever was faster", () => {
  assert.equal(explain({ code: "SESSION_ALREADY_ASSIGNED" }, { ...words, assignee: "Bea" }), "Bea was faster");
  assert.equal(explain({ code: "SESSION_CLOSED" }, words), "closed");
  assert.equal(explain({ code: "AUTH_ACCOUNT_LOCKED" }, { ...words, wait: "14:32" }), "wait 14:32");
});

test("an unknown code falls back to the server's own words", () => {
  assert.equal(explain({ code: "NEW", status: 409, message: "Because." }, words), "Because.");
  assert.equal(explain({ code: "NEW" }, words), "?");
});
