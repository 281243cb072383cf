import assert from "node:assert/strict";
import test from "node:test";
import { SafeStorage } from "../../sessions_app/static/sessions_app/helpers/storage.js";
import { kept, world } from "./support/cast.js";

const problem = (code, extra = {}) => Object.assign(new Error("no"), { code, ...extra });

async function opened(options = {}) {
  const stage = world(options);
  const one = stage.tab(options);
  one.connection.connect();
  await stage.clock.advance(50);
  return { ...stage, ...one };
}

test("sending, then sent on the ack, then gone when the message stands in the feed", async () => {
  const { clock, outbox, server } = await opened();
  const seen = [];
  outbox.addEventListener("change", () => seen.push(outbox.entries[0]?.state ?? "gone"));
  outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(50);
  assert.equal(seen[0], "sending");
  assert.equal(seen.at(-1), "gone");
  assert.deepEqual(kept(server), ["1 hello"]);
});

test("a lost ack is answered by the message itself", async () => {
  const { clock, outbox, server } = await opened();
  server.faults.loseAck = 1;
  outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(50);
  assert.deepEqual(outbox.entries, []);
});

test("what was on a lost socket goes out again with the same id", async () => {
  const { clock, outbox, server } = await opened();
  server.faults = { lose: 1, double: 0, delay: 0, loseAck: 1 };
  const { id } = outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(10);
  server.faults = { lose: 0, double: 0, delay: 0 };
  server.closeAll(1006);
  await clock.advance(3000);
  assert.deepEqual(kept(server), ["1 hello"]);
  assert.equal(server.session("s").messages[0].client_msg_id, id);
  assert.deepEqual(outbox.entries, []);
});

test("without a socket it goes over REST", async () => {
  const { clock, server, tab } = world();
  const { outbox } = tab();
  outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(10);
  assert.deepEqual(kept(server), ["1 hello"]);
  assert.equal(outbox.entries[0].state, "sent");
});

test("an open socket that never answers: REST after eight seconds", async () => {
  const { clock, server, outbox } = await opened();
  server.silence();
  outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(7900);
  assert.deepEqual(kept(server), []);
  await clock.advance(200);
  assert.deepEqual(kept(server), ["1 hello"]);
});

for (const code of ["VALIDATION_FAILED", "SESSION_CLOSED", "SESSION_NOT_FOUND"]) {
  test(`${code} is shown as failed, and the next one still goes`, async () => {
    const { clock, server, outbox } = await opened();
    server.faults.lie = (frame) => (frame.content === "bad" ? { type: "error", code, detail: "because" } : null);
    outbox.add({ sessionId: "s", content: "bad" });
    outbox.add({ sessionId: "s", content: "good" });
    await clock.advance(100);
    assert.deepEqual(outbox.entries.map(({ state, error }) => [state, error]), [["failed", { code, detail: "because" }]]);
    assert.deepEqual(kept(server), ["1 good"]);
  });
}

test("a failed one can be tried again or thrown away", async () => {
  const { clock, server, outbox } = await opened();
  server.faults.lie = () => ({ type: "error", code: "SESSION_CLOSED", detail: "" });
  const [first, second] = ["a", "b"].map((content) => outbox.add({ sessionId: "s", content }));
  await clock.advance(100);
  server.faults.lie = null;
  outbox.retry(first.id);
  outbox.discard(second.id);
  await clock.advance(100);
  assert.deepEqual(kept(server), ["1 a"]);
  assert.deepEqual(outbox.entries, []);
});

test("too fast: it waits as long as it was told and keeps the order", async () => {
  const { clock, server, outbox } = await opened();
  let refusals = 1;
  server.faults.lie = () => (refusals-- > 0 ? { type: "error", code: "RATE_LIMITED", detail: "", retry_after: 3 } : null);
  outbox.add({ sessionId: "s", content: "a" });
  outbox.add({ sessionId: "s", content: "b" });
  await clock.advance(2900);
  assert.deepEqual(kept(server), []);
  assert.equal(outbox.entries[0].waiting, true);
  await clock.advance(12_000);
  assert.deepEqual(kept(server), ["1 a", "2 b"]);
});

test("unsent text survives a reload and goes out once", async () => {
  const { clock, server, tab } = world();
  server.refuse = { status: 503 };
  const before = tab();
  before.outbox.add({ sessionId: "s", content: "still here" });
  await clock.advance(500);
  before.connection.disconnect();
  before.outbox.retry("none");
  server.refuse = null;
  const after = tab();
  assert.equal(after.outbox.entries[0].content, "still here");
  after.connection.connect();
  await clock.advance(10_000);
  assert.deepEqual(kept(server), ["1 still here"]);
  assert.deepEqual(tab().outbox.entries, []);
});

test("text found after a long time is not sent behind its writer's back", async () => {
  const { clock, server, tab } = world();
  server.refuse = { status: 503 };
  tab().outbox.add({ sessionId: "s", content: "old" });
  await clock.advance(3_600_000);
  server.refuse = null;
  const { outbox } = tab();
  await clock.advance(60_000);
  assert.equal(outbox.entries[0].state, "failed");
  assert.equal(outbox.entries[0].error.code, "EXPIRED");
  assert.deepEqual(kept(server), []);
});

test("two tabs that find the same unsent text keep it once", async () => {
  const { clock, server, tab } = world();
  server.refuse = { status: 503 };
  tab().outbox.add({ sessionId: "s", content: "once" });
  await clock.advance(200);
  server.refuse = null;
  const tabs = [tab(), tab()];
  tabs.forEach(({ connection }) => connection.connect());
  await clock.advance(20_000);
  assert.deepEqual(kept(server), ["1 once"]);
  tabs.forEach(({ outbox }) => assert.deepEqual(outbox.entries, []));
});

test("with denied storage everything works until the page goes", async () => {
  const denied = new SafeStorage("t:", () => { throw new Error("denied"); });
  assert.equal(denied.lasting, false);
  const { clock, server, outbox } = await opened({ storage: denied });
  outbox.add({ sessionId: "s", content: "hello" });
  await clock.advance(50);
  assert.deepEqual(kept(server), ["1 hello"]);
});

test("a frame too large fails instead of being sent for ever", async () => {
  const { clock, server, outbox, connection } = await opened();
  server.received = (frame) => { if (frame.type === "message.send") server.closeAll(4413); };
  server.faults.lie = () => ({ type: "nothing" });
  outbox.add({ sessionId: "s", content: "x".repeat(100) });
  await clock.advance(5000);
  assert.equal(outbox.entries[0].state, "failed");
  assert.equal(connection.state, "open");
});

test("without a session one is opened first, once for all that wait", async () => {
  const { clock, server, tab } = world();
  const { Outbox } = await import("../../sessions_app/static/sessions_app/models/outbox.js");
  const { connection } = tab();
  let made = 0;
  const outbox = new Outbox({
    storage: new SafeStorage("u:", () => { throw new Error("denied"); }), connection, now: clock.now, timers: clock.timers,
    openSession: async () => { made += 1; if (made === 1) throw problem("NETWORK"); return "fresh"; },
    post: async (entry) => server.post(entry.sessionId, { content: entry.content, clientId: entry.id }),
  });
  outbox.add({ content: "a" });
  outbox.add({ content: "b" });
  await clock.advance(30_000);
  assert.equal(made, 2);
  assert.deepEqual(kept(server, "fresh"), ["1 a", "2 b"]);
});

test("a session that was being made for somebody who has left is not for who comes after", async () => {
  const { clock, server, tab } = world();
  const { Outbox } = await import("../../sessions_app/static/sessions_app/models/outbox.js");
  const made = [];
  const outbox = new Outbox({
    storage: new SafeStorage("u:", () => { throw new Error("denied"); }), connection: tab().connection, now: clock.now, timers: clock.timers,
    openSession: () => new Promise((resolve) => made.push(resolve)),
    post: async (entry) => server.post(entry.sessionId, { content: entry.content, clientId: entry.id }),
  });
  outbox.add({ content: "secret" });
  outbox.clear();
  outbox.add({ content: "hello" });
  made[0]("theirs");
  await clock.advance(50);
  made[1]("mine");
  await clock.advance(50);
  assert.deepEqual([kept(server, "theirs"), kept(server, "mine")], [[], ["1 hello"]]);
});
