import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { applyEvent, draftTurn, isBlind, isLive, mergeTurn, readTurn, tally } = await browserModule("llm/playground/models/turn.js");

const row = (slot, more = {}) => ({ slot, attempt: 1, status: "running", text: "", model: { id: 1, name: "One" }, ...more });
const turn = (...results) => readTurn({ id: "t", picked_slot: null, blind: false, results });
const tell = (state, type, data) => applyEvent(state, { type, data: { slot: 0, ...data } });
const chunks = (state, ...texts) => texts.forEach((text, index) => tell(state, "chunk", { seq: index + 1, delta_text: text }));

test("pieces make up the text of their own slot, each once", () => {
  const state = turn(row(0), row(1));
  chunks(state, "Hel", "lo");
  tell(state, "chunk", { seq: 2, delta_text: "lo" });
  applyEvent(state, { type: "chunk", data: { slot: 1, seq: 1, delta_text: "Other" } });
  assert.deepEqual(state.slots.map(({ text }) => text), ["Hello", "Other"]);
});

test("a new attempt voids the text, and the old one's pieces do not come back", () => {
  const state = turn(row(0));
  chunks(state, "old");
  tell(state, "reset", { attempt: 2 });
  assert.equal(state.slots[0].text, "");
  chunks(state, "new");
  tell(state, "reset", { attempt: 1 });
  assert.equal(state.slots[0].text, "new");
});

test("after a reload the log is told again while what is shown stays", () => {
  const state = turn(row(0, { text: "Hello wor" }));
  const shown = [];
  ["Hel", "lo", " world", "!"].forEach((text, index) => {
    tell(state, "chunk", { seq: index + 1, delta_text: text });
    shown.push(state.slots[0].text);
  });
  assert.deepEqual(shown, ["Hello wor", "Hello wor", "Hello world", "Hello world!"]);
});

test("a row that differs from the log gives way to the log", () => {
  const state = turn(row(0, { text: "something else" }));
  chunks(state, "Hello");
  assert.equal(state.slots[0].text, "Hello");
});

test("a snapshot stands for pieces that are no longer kept", () => {
  const state = turn(row(0));
  chunks(state, "half");
  tell(state, "snapshot", { text: "half and whole", status: "done" });
  tell(state, "chunk", { seq: 3, delta_text: "late" });
  assert.equal(state.slots[0].text, "half and whole");
  assert.equal(isLive(state), false);
});

test("ends are told apart: done, failed, stopped", () => {
  const state = turn(row(0), row(1), row(2));
  tell(state, "final", { usage: { completion_tokens: 5 }, latency_ms: 900, ttft_ms: 100 });
  applyEvent(state, { type: "error", data: { slot: 1, error: { code: "PROVIDER_TIMEOUT" } } });
  applyEvent(state, { type: "final", data: { slot: 2, status: "stopped" } });
  assert.deepEqual(tally(state), { done: 1, failed: 1, stopped: 1, open: 0 });
  assert.equal(state.slots[0].latency_ms, 900);
});

test("events of slots nobody asked for change nothing", () => {
  const state = turn(row(0));
  assert.equal(applyEvent(state, { type: "chunk", data: { slot: 9, seq: 1, delta_text: "x" } }), null);
  assert.equal(applyEvent(state, { type: "news", data: { slot: 0 } }), null);
});

test("a row behind or ahead of the stream does not touch what the stream has told", () => {
  for (const text of ["He", "Hello world, and more"]) {
    const state = turn(row(0));
    chunks(state, "Hello", " world");
    const merged = mergeTurn(state, turn(row(0, { text })));
    tell(merged, "chunk", { seq: 3, delta_text: "!" });
    assert.equal(merged.slots[0].text, "Hello world!");
  }
});

test("what is drawn before the server has numbered anything loses no piece to the first row", () => {
  const state = draftTurn({ id: "t", content: "?", models: [null], blind: false });
  chunks(state, "one ", "two ");
  const merged = mergeTurn(state, turn(row(0, { attempt: 1, text: "one " })));
  tell(merged, "chunk", { seq: 3, delta_text: "three" });
  assert.equal(merged.slots[0].text, "one two three");
  tell(merged, "reset", { attempt: 1 });
  assert.equal(merged.slots[0].text, "");
});

test("a row that is over has the last word; one of an old attempt has none", () => {
  const state = turn(row(0));
  chunks(state, "Hello");
  assert.equal(mergeTurn(state, turn(row(0, { status: "done", text: "Hello there" }))).slots[0].text, "Hello there");
  tell(state, "reset", { attempt: 2 });
  assert.equal(mergeTurn(state, turn(row(0, { status: "failed", text: "old" }))).slots[0].status, "running");
  assert.equal(mergeTurn(turn(row(0, { status: "done", text: "all" })), turn(row(0, { text: "al" }))).slots[0].text, "all");
});

test("names are hidden until the pick", () => {
  const results = [row(0, { model: null }), row(1, { model: null })];
  assert.equal(isBlind(readTurn({ id: "t", blind: true, picked_slot: null, results })), true);
  assert.equal(isBlind(readTurn({ id: "t", blind: true, picked_slot: 0, results })), false);
  assert.equal(isBlind(turn(...results)), false);
});
