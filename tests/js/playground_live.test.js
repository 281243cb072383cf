import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";
import { Clock } from "./support/clock.js";

const { Live } = await browserModule("llm/playground/models/live.js");

/** A connection that is told by hand what has come. */
class Line extends EventTarget {
  followed = [];
  left = [];
  follow(place) { this.followed.push(place); }
  unfollow(id) { this.left.push(id); }
  say(frame) {
    this.followed.at(-1)?.receive(frame);
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }
}

const talk = (id, version, more = {}) => ({ type: "session", session: { id, version, kind: "assistant", customer: null, ...more } });

function desk() {
  const clock = new Clock();
  const line = new Line();
  const live = new Live(line, clock.timers);
  const heard = [];
  for (const type of ["changed", "answering", "gone"]) live.addEventListener(type, ({ detail }) => heard.push([type, detail]));
  return { clock, line, live, heard };
}

test("a conversation that changed elsewhere is told once for a burst, and not when it is known already", async () => {
  const { clock, line, live, heard } = desk();
  live.saw("a", 3);
  line.say(talk("a", 3));
  await clock.advance(1000);
  assert.deepEqual(heard, []);
  line.say(talk("a", 4));
  line.say(talk("a", 5));
  await clock.advance(1000);
  assert.deepEqual(heard, [["changed", "a"]]);
});

test("what this page did itself, and knows by its answer, is no news", async () => {
  const { clock, line, live, heard } = desk();
  live.follow("a", 3);
  line.say({ type: "message", version: 4, message: {} });
  live.saw("a", 4);
  await clock.advance(1000);
  assert.deepEqual(heard, []);
});

test("chats of customers are nobody's conversation here", async () => {
  const { clock, line, heard } = desk();
  line.say(talk("c", 9, { kind: "support" }));
  line.say(talk("d", 9, { customer: { id: 4 } }));
  await clock.advance(1000);
  assert.deepEqual(heard, []);
});

test("the open one is followed from what is known, and a hole is asked for", async () => {
  const { clock, line, live, heard } = desk();
  live.follow("a", 3);
  live.follow("a", 4);
  assert.equal(line.followed.length, 1);
  const [place] = line.followed;
  assert.deepEqual(place.beginSync(), { after_version: 3 });
  let asks = 0;
  place.addEventListener("resync", () => { asks += 1; });
  place.receive({ type: "head", version: 3 });
  place.receive({ type: "head", version: 6 });
  assert.equal(asks, 1);
  place.receive({ type: "subscribed", version: 6, more: false });
  await clock.advance(1000);
  assert.deepEqual(heard, [["changed", "a"]]);
  live.follow("b", 1);
  assert.deepEqual(line.left, ["a"]);
  live.follow(null);
  assert.deepEqual(line.left, ["a", "b"]);
});

test("a conversation that this page deletes itself is no news, unless it stays", async () => {
  const { clock, line, live, heard } = desk();
  live.follow("a", 3);
  live.leave("a");
  assert.deepEqual(line.left, ["a"]);
  line.say(talk("a", 4));
  await clock.advance(1000);
  assert.deepEqual(heard, []);
  live.comeBack("a");
  line.say(talk("a", 5));
  await clock.advance(1000);
  assert.deepEqual(heard, [["changed", "a"]]);
});

test("an answer that begins is told by its turn; one that is taken away is gone, a full server is not", () => {
  const { line, live, heard } = desk();
  live.follow("a", 3);
  line.say({ type: "reply.start", session_id: "a", turn_id: "t", slot: 0, attempt: 1 });
  line.say({ type: "error", code: "RATE_LIMITED", session_id: "a" });
  line.say({ type: "error", code: "SESSION_NOT_FOUND", session_id: "a" });
  assert.deepEqual(heard, [["answering", "t"], ["gone", "a"]]);
});
