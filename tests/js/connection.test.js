import assert from "node:assert/strict";
import test from "node:test";
import { shown, world } from "./support/cast.js";

/** Open a tab and note when each new socket is asked for. */
async function opened(options) {
  const stage = world(options);
  const one = stage.tab(options?.tab);
  one.connection.connect();
  await stage.clock.advance(50);
  assert.equal(one.connection.state, "open");
  return { ...stage, ...one };
}

test("a cut socket comes back by itself and brings what was missed", async () => {
  const { clock, server, connection, feed } = await opened();
  server.closeAll(1006);
  assert.equal(connection.state, "waiting");
  server.post("s", { content: "while away" });
  await clock.advance(2000);
  assert.equal(connection.state, "open");
  assert.deepEqual(shown(feed), ["1 while away"]);
});

test("a server that stays away is asked ever more rarely, never in step", async () => {
  const { clock, server } = await opened();
  server.refuse = { status: 503 };
  server.closeAll(1006);
  const before = server.tickets;
  await clock.advance(120_000);
  const tries = server.tickets - before;
  assert.ok(tries >= 6 && tries < 40, `${tries} tries in two minutes`);
});

test("a restart is waited for between 0.2 and 5 seconds", async () => {
  for (let seed = 1; seed < 30; seed += 1) {
    const { clock, server } = await opened({ seed });
    const before = server.tickets;
    server.closeAll(1012);
    await clock.advance(199);
    assert.equal(server.tickets, before);
    await clock.advance(4900);
    assert.equal(server.tickets, before + 1);
  }
});

test("a slow reader that was cut is back at once", async () => {
  const { clock, server, connection } = await opened();
  server.closeAll(1013);
  await clock.advance(300);
  assert.equal(connection.state, "open");
});

test("a silent server is noticed within two heartbeats and replaced", async () => {
  const { clock, server, connection } = await opened();
  const before = server.tickets;
  server.silence();
  await clock.advance(29_000);
  assert.equal(server.tickets, before);
  await clock.advance(17_000);
  assert.ok(server.tickets > before);
  assert.equal(connection.state, "open");
});

test("a woken tab does not trust its old socket", async () => {
  const { clock, server, connection } = await opened();
  const before = server.tickets;
  server.silence();
  connection.wake();
  await clock.advance(4500);
  assert.equal(server.tickets, before + 1);
});

test("a woken tab does not wait for its turn", async () => {
  const { clock, server, connection } = await opened();
  server.refuse = { status: 503 };
  server.closeAll(1006);
  await clock.advance(60_000);
  server.refuse = null;
  connection.wake();
  await clock.advance(20);
  assert.equal(connection.state, "open");
});

test("a heartbeat is sent even when the page's timers are asleep", async () => {
  const { server, connection, clock } = await opened();
  const pings = [];
  server.received = (frame) => { if (frame.type === "ping") pings.push(clock.now()); };
  await clock.advance(60_000);
  assert.ok(pings.length >= 4);
  assert.equal(connection.state, "open");
});

test("4401 asks for a fresh sign-in before the next try", async () => {
  const { clock, connection, server } = await opened();
  const wants = [];
  const plain = server.ticket;
  connection.disconnect();
  const { Connection } = await import("../../sessions_app/static/sessions_app/models/connection.js");
  const other = new Connection({
    url: "ws://test", WebSocket: server.WebSocket, now: clock.now, timers: clock.timers,
    getTicket: (want) => { wants.push(want.fresh); return plain(); },
  });
  other.connect();
  await clock.advance(50);
  server.closeAll(4401);
  await clock.advance(1000);
  assert.deepEqual(wants, [false, true]);
  assert.equal(other.state, "open");
});

for (const code of [4403]) {
  test(`${code} ends in "denied" without a loop`, async () => {
    const { clock, server, connection } = await opened();
    const before = server.tickets;
    server.closeAll(code);
    await clock.advance(600_000);
    assert.equal(connection.state, "denied");
    assert.equal(server.tickets, before);
  });
}

test("a refused sign-in is tried once more and then given up", async () => {
  const { clock, server, connection } = await opened();
  server.refuse = { status: 401 };
  const before = server.tickets;
  server.closeAll(1006);
  await clock.advance(600_000);
  assert.equal(connection.state, "denied");
  assert.equal(server.tickets, before + 2);
});

test("too many frames: at least five seconds of quiet", async () => {
  const { clock, server } = await opened();
  const before = server.tickets;
  server.closeAll(4429);
  await clock.advance(4900);
  assert.equal(server.tickets, before);
  await clock.advance(6000);
  assert.equal(server.tickets, before + 1);
});

test("without a socket for five seconds, changes are polled; with one, no longer", async () => {
  const { clock, server, connection, feed } = await opened();
  const real = server.ticket;
  server.WebSocket.prototype.send = () => {};
  let blocked = true;
  const original = server.sockets.add.bind(server.sockets);
  server.sockets.add = (socket) => { if (blocked) socket.onclose?.({ code: 1006 }); else original(socket); return server.sockets; };
  server.closeAll(1006);
  server.post("s", { content: "polled" });
  await clock.advance(4000);
  assert.deepEqual(shown(feed), []);
  await clock.advance(2000);
  assert.deepEqual(shown(feed), ["1 polled"]);
  assert.equal(connection.polling, true);
  blocked = false;
  await clock.advance(30_000);
  assert.equal(connection.polling, false);
  assert.ok(real);
});

test("a hole that nothing can fill does not make a storm of questions", async () => {
  const { clock, server } = await opened();
  let asked = 0;
  server.received = (frame) => { if (frame.type === "subscribe") asked += 1; };
  server.broadcast("s", { type: "message", session_id: "s", version: 9, message: { id: "x", seq: 9, prev_seq: 8, sender: { id: 2 } } });
  await clock.advance(60_000);
  assert.ok(asked > 2 && asked < 25, `${asked} questions in a minute`);
});
