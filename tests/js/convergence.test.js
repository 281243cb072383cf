import assert from "node:assert/strict";
import test from "node:test";
import { kept, shown, world } from "./support/cast.js";

/** Two tabs write, people edit, notes take numbers, and the network does its worst. */
async function storm(seed) {
  const { clock, random, server, tab } = world({ seed });
  server.faults = { lose: 0.15, double: 0.15, delay: random() < 0.5 ? 0 : 40, loseAck: 0.2 };
  server.pageSize = random() < 0.3 ? 7 : 500;
  const tabs = [tab(), tab()];
  const painted = [];
  tabs[0].feed.addEventListener("message", ({ detail }) => painted.push(detail.message.seq));
  tabs.forEach(({ connection }) => connection.connect());
  let written = 0;
  const orders = [[], []];
  for (let step = 0; step < 120; step += 1) {
    const dice = random();
    if (dice < 0.35) {
      const writer = random() < 0.5 ? 0 : 1;
      orders[writer].push(tabs[writer].outbox.add({ sessionId: "s", content: `w${(written += 1)}` }).id);
    }
    else if (dice < 0.55) server.post("s", { content: `a${step}`, sender: { id: 2, kind: "agent", name: "Ben" } });
    else if (dice < 0.65) server.edit("s", Math.floor(random() * server.session("s").messages.length), `e${step}`);
    else if (dice < 0.72) server.post("s", { hidden: true });
    else if (dice < 0.78) server.closeAll([1006, 1012, 1013, 4408][Math.floor(random() * 4)]);
    else if (dice < 0.81) server.silence();
    else if (dice < 0.84) server.refuse = server.refuse ? null : { status: 503 };
    else if (dice < 0.9) server.beat();
    await clock.advance(random() * 900);
  }
  server.refuse = null;
  server.faults = { lose: 0, double: 0, delay: 0 };
  for (let beat = 0; beat < 8; beat += 1) {
    server.beat();
    await clock.advance(15_000);
  }
  return { server, tabs, painted, written, orders };
}

for (let seed = 1; seed <= 150; seed += 1) {
  test(`both tabs end with the server's list, each send kept once (seed ${seed})`, async () => {
    const { server, tabs, painted, written } = await storm(seed);
    for (const { feed, outbox } of tabs) {
      assert.deepEqual(shown(feed), kept(server));
      assert.deepEqual(outbox.entries, []);
    }
    const sent = server.session("s").messages.filter((message) => message.client_msg_id);
    assert.equal(sent.length, written);
    assert.deepEqual(painted, [...painted].sort((a, b) => a - b));
    assert.equal(new Set(painted).size, painted.length);
  });
}

test("each tab's messages keep the order they were written in", async () => {
  for (let seed = 500; seed < 520; seed += 1) {
    const { server, orders } = await storm(seed);
    const kept = server.session("s").messages.map((message) => message.client_msg_id);
    for (const order of orders) assert.deepEqual(kept.filter((id) => order.includes(id)), order);
  }
});

test("the comparison notices a loss, a double and a swap", async () => {
  const { server, tabs } = await storm(7);
  const list = kept(server);
  for (const planted of [list.slice(1), [...list, list[0]], [list[1], list[0], ...list.slice(2)]]) {
    assert.notDeepEqual(shown(tabs[0].feed), planted);
  }
});

test("a lost last message is noticed by the next heartbeat's head", async () => {
  const { clock, server, tab } = world();
  const { connection, feed } = tab();
  connection.connect();
  await clock.advance(100);
  server.faults.lose = 1;
  server.post("s", { content: "lost" });
  server.faults.lose = 0;
  await clock.advance(100);
  assert.deepEqual(shown(feed), []);
  server.beat();
  await clock.advance(100);
  assert.deepEqual(shown(feed), ["1 lost"]);
});

test("a lost edit is noticed although newer messages came", async () => {
  const { clock, server, tab } = world();
  const { connection, feed } = tab();
  connection.connect();
  server.post("s", { content: "one" });
  await clock.advance(100);
  server.faults.lose = 1;
  server.edit("s", 0, "one, mended");
  server.faults.lose = 0;
  server.post("s", { content: "two" });
  await clock.advance(100);
  assert.deepEqual(shown(feed), ["1 one", "2 two"]);
  server.beat();
  await clock.advance(100);
  assert.deepEqual(shown(feed), ["1 one, mended", "2 two"]);
});
