import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { Help } = await browserModule("support/console/models/help.js");

const result = (slot, fields = {}) => ({ slot, attempt: 1, status: "running", text: "", error: null, sources: [], ...fields });
const turn = (results, fields = {}) => ({ id: "t1", kind: "draft", results, ...fields });

/** A server that answers from a list, and a socket that says what it is told. */
function stage(...answers) {
  const calls = [];
  const connection = new EventTarget();
  const timers = { due: [], setTimeout(run) { this.due.push(run); return this.due.length; }, clearTimeout() {} };
  const rest = {
    call: async (method, path, body) => {
      calls.push([method, path, body]);
      const answer = answers.shift() ?? {};
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const help = new Help({ rest, connection, timers });
  const say = (frame) => connection.dispatchEvent(new CustomEvent("frame", { detail: { turn_id: "t1", ...frame } }));
  return { help, say, calls, timers };
}

test("a draft is written before one's eyes, and what the server kept stands in the end", async () => {
  const { help, say, calls } = stage(turn([result(0, { status: "queued", attempt: 0 })]), turn([result(0, { status: "done", text: "Dear Mia." })]));
  await help.ask("s1", "draft");
  say({ type: "reply.start", slot: 0, attempt: 1 });
  say({ type: "reply.chunk", slot: 0, seq: 1, from_seq: 1, delta_text: "Dear " });
  say({ type: "reply.chunk", slot: 0, seq: 2, from_seq: 2, delta_text: "Mi" });
  assert.equal(help.slots[0].text, "Dear Mi");
  assert.ok(help.isRunning);
  say({ type: "reply.end", slot: 0, status: "done" });
  await new Promise(setImmediate);
  assert.equal(help.slots[0].text, "Dear Mia.");
  assert.ok(!help.isRunning);
  assert.deepEqual(calls.map(([method, path]) => `${method} ${path}`), ["POST /chat/sessions/s1/help", "GET /turns/t1"]);
});

test("frames of other turns and pieces that come twice change nothing", async () => {
  const { help, say } = stage(turn([result(0)]));
  await help.ask("s1", "draft");
  say({ type: "reply.chunk", slot: 0, seq: 1, from_seq: 1, delta_text: "A" });
  say({ type: "reply.chunk", slot: 0, seq: 1, from_seq: 1, delta_text: "A" });
  say({ type: "reply.chunk", slot: 0, seq: 4, from_seq: 3, delta_text: "gap" });
  say({ turn_id: "other", type: "reply.chunk", slot: 0, seq: 2, from_seq: 2, delta_text: "B" });
  assert.equal(help.slots[0].text, "A");
});

test("a lost end is found by looking again", async () => {
  const { help, timers } = stage(turn([result(0)]), turn([result(0, { status: "failed", error: { message: "No." } })]));
  await help.ask("s1", "draft");
  timers.due.at(-1)();
  await new Promise(setImmediate);
  assert.equal(help.slots[0].error.message, "No.");
});

test("what became of a draft is told once the server has the message, also when another was asked for meanwhile", async () => {
  const done = [result(0, { status: "done", text: "Dear Mia." })];
  const { help, calls } = stage(turn(done), turn(done, { id: "t2" }));
  await help.ask("s1", "draft");
  const { turnId } = help;
  help.dismiss();
  await help.ask("s1", "draft");
  help.sent({ turnId, slot: 0 }, "c1");
  help.settle({ id: "m9", client_msg_id: "another" });
  help.settle({ id: "m1", client_msg_id: "c1" });
  help.settle({ id: "m1", client_msg_id: "c1" });
  assert.deepEqual(calls.slice(2), [["POST", "/turns/t1/use", { slot: 0, message_id: "m1" }]]);
});

test("leaving stops what runs, and a late answer is not shown", async () => {
  const { help, calls } = stage(turn([result(0)]));
  const asked = help.ask("s1", "draft");
  help.dismiss();
  await asked;
  assert.equal(help.slots.length, 0);
  await help.ask("s1", "summary");
  help.dismiss();
  assert.ok(!calls.some(([, path]) => path === "/turns/null/stop"));
});

test("a refusal leaves the panel empty and says why", async () => {
  const { help } = stage(Object.assign(new Error("no"), { code: "MODEL_NOT_FOUND" }));
  const failures = [];
  help.addEventListener("failed", ({ detail }) => failures.push(detail.error.code));
  await help.ask("s1", "draft");
  assert.deepEqual(failures, ["MODEL_NOT_FOUND"]);
  assert.ok(!help.isRunning);
});
