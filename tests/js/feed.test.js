import assert from "node:assert/strict";
import test from "node:test";
import { Feed } from "../../sessions_app/static/sessions_app/models/feed.js";
import { Clock } from "./support/clock.js";
import { shown } from "./support/cast.js";

const ann = { id: 1, kind: "customer", name: "Ann" };
const bot = { id: null, kind: "assistant", name: "Fern" };

function make() {
  const clock = new Clock();
  const feed = new Feed("s", { now: clock.now, timers: clock.timers });
  const asked = [];
  feed.addEventListener("resync", () => asked.push(true));
  return { clock, feed, asked };
}
const message = (seq, prev, content = `m${seq}`, extra = {}) => ({ id: `id${seq}`, seq, prev_seq: prev, content, sender: ann, client_msg_id: null, metadata: {}, ...extra });
const frame = (version, item) => ({ type: "message", session_id: "s", version, message: item });
const chunk = (seq, text, turn = "t") => ({ type: "reply.chunk", session_id: "s", turn_id: turn, seq, delta_text: text });
const start = (attempt = 1, turn = "t") => ({ type: "reply.start", session_id: "s", turn_id: turn, attempt });
const end = (status, turn = "t") => ({ type: "reply.end", session_id: "s", turn_id: turn, status });

test("next is appended, the same again changes nothing, a newer version replaces", () => {
  const { feed } = make();
  feed.receive(frame(1, message(1, 0)));
  feed.receive(frame(1, message(1, 0)));
  feed.receive(frame(3, message(1, 0, "edited")));
  feed.receive(frame(2, message(1, 0, "stale")));
  assert.deepEqual(shown(feed), ["1 edited"]);
});

test("what other models say to staff is not the reply", () => {
  const { feed, asked } = make();
  for (const one of [start(), chunk(1, "draft"), end("done")]) feed.receive({ ...one, slot: 0 });
  assert.equal(feed.reply, null);
  assert.deepEqual(asked, []);
  feed.receive({ ...start(), slot: null });
  feed.receive({ ...chunk(1, "Hello"), slot: null });
  assert.equal(feed.reply.text, "Hello");
});

test("a number hidden from us is not a hole", () => {
  const { feed, asked } = make();
  feed.receive(frame(1, message(1, 0)));
  feed.receive(frame(2, message(4, 1)));
  assert.deepEqual(shown(feed), ["1 m1", "4 m4"]);
  assert.deepEqual(asked, []);
});

test("after a hole nothing is shown before it is filled", () => {
  const { feed, asked } = make();
  feed.receive(frame(1, message(1, 0)));
  feed.receive(frame(3, message(3, 2)));
  assert.deepEqual(shown(feed), ["1 m1"]);
  assert.equal(asked.length, 1);
  feed.receive(frame(2, message(2, 1)));
  assert.deepEqual(shown(feed), ["1 m1", "2 m2", "3 m3"]);
});

test("a window from REST, then an earlier page", () => {
  const { feed } = make();
  feed.prime({ messages: [message(5, 4), message(6, 5)], version: 9 });
  assert.equal(feed.hasEarlier, true);
  feed.prepend([message(1, 0), message(2, 1)]);
  assert.deepEqual(shown(feed), ["5 m5", "6 m6"]);
  feed.prepend([message(3, 2), message(4, 3)]);
  feed.prepend([message(1, 0), message(2, 1)]);
  assert.equal(feed.hasEarlier, false);
  assert.equal(feed.messages.length, 6);
  assert.deepEqual(feed.beginSync(), { after_version: 9 });
});

test("an answer grows, and its message takes its place in the same change", () => {
  const { feed } = make();
  feed.receive(start());
  feed.receive(chunk(1, "Hel"));
  feed.receive(chunk(2, "lo"));
  feed.receive(chunk(2, "lo"));
  assert.equal(feed.reply.text, "Hello");
  const states = [];
  feed.addEventListener("change", () => states.push([feed.reply?.text ?? null, feed.messages.length]));
  feed.receive(frame(1, message(1, 0, "Hello", { sender: bot, client_msg_id: "turn:t" })));
  feed.receive(end("done"));
  assert.deepEqual(states, [[null, 1]]);
});

test("the end may come before the message: the text stays until then", async () => {
  const { feed, clock, asked } = make();
  feed.receive(start());
  feed.receive(chunk(1, "Hello"));
  feed.receive(end("done"));
  assert.equal(feed.reply.settling, true);
  await clock.advance(500);
  feed.receive(frame(1, message(1, 0, "Hello", { sender: bot, client_msg_id: "turn:t" })));
  assert.equal(feed.reply, null);
  await clock.advance(5000);
  assert.deepEqual(asked, []);
});

test("a new attempt voids the text of the one before", () => {
  const { feed } = make();
  feed.receive(start(1));
  feed.receive(chunk(1, "Wrong"));
  feed.receive(start(2));
  assert.equal(feed.reply.text, "");
  feed.receive(chunk(1, "Right"));
  assert.equal(feed.reply.text, "Right");
});

test("a lost chunk asks again, and the snapshot continues the text", () => {
  const { feed, asked } = make();
  feed.receive(start());
  feed.receive(chunk(1, "a"));
  feed.receive(chunk(3, "c"));
  assert.equal(asked.length, 1);
  feed.beginSync();
  feed.receive({ type: "subscribed", session_id: "s", last_seq: 0, version: 0 });
  feed.receive(start());
  assert.equal(feed.reply.text, "a");
  feed.receive(chunk(3, "abc"));
  feed.receive(chunk(4, "d"));
  assert.equal(feed.reply.text, "abcd");
});

for (const status of ["stopped", "failed", "handoff"]) {
  test(`"${status}" takes the unfinished text away, late chunks included`, () => {
    const { feed, asked } = make();
    feed.receive(start());
    feed.receive(chunk(1, "a"));
    feed.receive(end(status));
    feed.receive(chunk(2, "b"));
    assert.equal(feed.reply, null);
    assert.deepEqual(asked, []);
  });
}

test("an answer the server no longer speaks of after a reconnect is dropped", async () => {
  const { feed, clock } = make();
  feed.receive(start());
  feed.receive(chunk(1, "half"));
  feed.interrupted();
  feed.beginSync();
  feed.receive({ type: "subscribed", session_id: "s", last_seq: 0, version: 0 });
  assert.equal(feed.reply.text, "half");
  await clock.advance(3000);
  assert.equal(feed.reply, null);
});

test("typing ends by itself, and with the message", async () => {
  const { feed, clock } = make();
  feed.receive({ type: "typing", session_id: "s", user: ann, active: true });
  assert.deepEqual(feed.typing, [ann]);
  await clock.advance(7000);
  assert.deepEqual(feed.typing, []);
  feed.receive({ type: "typing", session_id: "s", user: ann, active: true });
  feed.receive(frame(1, message(1, 0)));
  assert.deepEqual(feed.typing, []);
});

test("read marks only go forward", () => {
  const { feed } = make();
  feed.receive({ type: "read", session_id: "s", user_id: 2, seq: 5 });
  feed.receive({ type: "read", session_id: "s", user_id: 2, seq: 3 });
  assert.equal(feed.readByOthers(1), 5);
  assert.equal(feed.readByOthers(2), 0);
});
