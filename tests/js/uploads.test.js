import assert from "node:assert/strict";
import test from "node:test";
import { SafeStorage } from "../../sessions_app/static/sessions_app/helpers/storage.js";
import { Uploads } from "../../sessions_app/static/sessions_app/models/uploads.js";
import { kept, MapStorage, world } from "./support/cast.js";
import { Clock } from "./support/clock.js";

const LIMITS = { image: 1000, file: 2000, most: 3, accept: "image/png,image/jpeg,.pdf,.txt" };
const file = (name, type = "", size = 10) => new File([new Uint8Array(size)], name, { type });
const refusal = (code, extra = {}) => Object.assign(new Error(code), { code, ...extra });

/** Uploads whose files arrive when the test says so. */
function desk({ clock = new Clock(), disk = new MapStorage() } = {}) {
  const flights = [];
  const send = (upload, { onProgress, signal }) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(refusal("NETWORK")));
    flights.push({ upload, onProgress, reject, arrive: (id) => resolve({ id, url: `/files/${id}`, name: upload.name, size: upload.size }) });
  });
  let ids = 0;
  const uploads = new Uploads({
    send, limits: LIMITS, storage: new SafeStorage("t:", () => disk), now: clock.now, timers: clock.timers, random: () => 1, newId: () => `u${(ids += 1)}`,
  });
  return { clock, disk, flights, uploads };
}
const states = (uploads, place = "s") => uploads.in(place).map(({ state, error }) => error?.code ?? state);

test("a file goes up as soon as it is chosen, and says how far it is", async () => {
  const { clock, flights, uploads } = desk();
  uploads.add("s", [file("a.png", "image/png")]);
  assert.deepEqual(states(uploads), ["uploading"]);
  flights[0].onProgress(0.5);
  assert.equal(uploads.in("s")[0].progress, 0.5);
  flights[0].arrive("1");
  await clock.advance(1);
  const [{ state, id, kind, url }] = uploads.in("s");
  assert.deepEqual({ state, id, kind, url }, { state: "ready", id: "1", kind: "image", url: "/files/1" });
});

test("what the server would refuse is refused at once, with the reason", () => {
  const { flights, uploads } = desk();
  uploads.add("s", [file("a.exe"), file("b.png", "image/png", 1001), file("c.pdf", "application/pdf", 0)]);
  assert.deepEqual(states(uploads), ["UPLOAD_TYPE_REJECTED", "UPLOAD_TOO_LARGE", "EMPTY"]);
  assert.equal(flights.length, 0);
  assert.deepEqual(uploads.take("s"), []);
  assert.equal(uploads.in("s").length, 3);
});

test("a file at the limit is taken, by its ending too", () => {
  const { uploads } = desk();
  uploads.add("s", [file("a.png", "image/png", 1000), file("B.TXT", "", 2000)]);
  assert.deepEqual(states(uploads), ["uploading", "uploading"]);
});

test("more than fit into one message are counted", () => {
  const { uploads } = desk();
  const four = ["a", "b", "c", "d"].map((name) => file(`${name}.txt`));
  assert.equal(uploads.add("s", four), 1);
  assert.equal(uploads.add("s", four), 4);
  assert.equal(uploads.in("s").length, 3);
});

test("two at a time, the next when one is done or taken away", async () => {
  const { clock, flights, uploads } = desk();
  uploads.add("s", ["a", "b", "c"].map((name) => file(`${name}.txt`)));
  assert.equal(flights.length, 2);
  uploads.remove("s", uploads.in("s")[0]);
  await clock.advance(1);
  assert.equal(flights.length, 3);
  assert.deepEqual(uploads.in("s").map(({ name }) => name), ["b.txt", "c.txt"]);
});

test("a broken line is tried again by itself, at once when the network is back", async () => {
  const { clock, flights, uploads } = desk();
  uploads.add("s", [file("a.txt")]);
  flights[0].reject(refusal("NETWORK"));
  await clock.advance(1);
  assert.deepEqual(states(uploads), ["waiting"]);
  uploads.wake();
  assert.equal(flights.length, 2);
  flights[1].reject(refusal("NETWORK"));
  await clock.advance(20_000);
  assert.equal(flights.length, 3);
});

test("after ten minutes trying again is up to the writer", async () => {
  const { clock, flights, uploads } = desk();
  uploads.add("s", [file("a.txt")]);
  while (states(uploads)[0] !== "NETWORK") {
    flights.at(-1).reject(refusal("NETWORK"));
    await clock.advance(20_000);
  }
  assert.ok(flights.length > 20);
  uploads.retry(uploads.in("s")[0]);
  assert.deepEqual(states(uploads), ["uploading"]);
});

test("a refusal of the server is final", async () => {
  const { clock, flights, uploads } = desk();
  uploads.add("s", [file("a.pdf")]);
  flights[0].reject(refusal("UPLOAD_TYPE_REJECTED"));
  await clock.advance(60_000);
  uploads.retry(uploads.in("s")[0]);
  assert.deepEqual(states(uploads), ["UPLOAD_TYPE_REJECTED"]);
  assert.equal(flights.length, 1);
});

test("after a reload what was up is there, and what was not says so", async () => {
  const first = desk();
  first.uploads.add("s", [file("a.txt"), file("b.txt"), file("c.exe")]);
  first.flights[0].arrive("1");
  await first.clock.advance(1);
  const { uploads } = desk(first);
  assert.deepEqual(states(uploads), ["ready", "FILES_LOST"]);
  uploads.remove("s", uploads.in("s")[1]);
  assert.deepEqual(states(desk(first).uploads), ["ready"]);
  await first.clock.advance(21 * 3_600_000);
  assert.deepEqual(states(desk(first).uploads), ["FILES_LOST"]);
});

// Together with the outbox

async function chat() {
  const stage = world();
  const one = stage.tab();
  const { flights, uploads } = desk(stage);
  uploads.addEventListener("change", ({ detail }) => one.outbox.fileChanged(detail));
  one.outbox.addEventListener("again", ({ detail }) => detail.files.forEach((each) => uploads.retry(each)));
  one.outbox.addEventListener("gone", ({ detail }) => detail.files.forEach((each) => uploads.drop(each)));
  one.connection.connect();
  const heard = [];
  stage.server.received = (frame) => { if (frame.type === "message.send") heard.push(frame); };
  await stage.clock.advance(50);
  return { ...stage, ...one, flights, uploads, heard };
}

test("a message waits for its files, and those behind it wait with it", async () => {
  const { clock, outbox, uploads, flights, server, heard } = await chat();
  uploads.add("s", [file("a.png", "image/png"), file("b.txt")]);
  outbox.add({ sessionId: "s", content: "two files", files: uploads.take("s") });
  outbox.add({ sessionId: "s", content: "after" });
  await clock.advance(700_000);
  assert.deepEqual(kept(server), []);
  flights[0].arrive("1");
  flights[1].arrive("2");
  await clock.advance(50);
  assert.deepEqual(kept(server), ["1 two files", "2 after"]);
  assert.deepEqual([heard[0].kind, heard[0].attachment_ids], ["file", ["1", "2"]]);
  assert.deepEqual(uploads.in("s"), []);
});

test("pictures alone are a picture; a note stays a note", async () => {
  const { clock, outbox, uploads, flights, heard } = await chat();
  for (const kind of ["text", "note"]) {
    uploads.add("s", [file("a.png", "image/png")]);
    flights.at(-1).arrive(kind);
    await clock.advance(5);
    outbox.add({ sessionId: "s", content: "", kind, files: uploads.take("s") });
    await clock.advance(50);
  }
  assert.deepEqual(heard.map(({ kind }) => kind), ["image", "note"]);
});

test("a file that is refused fails its message; the next one still goes", async () => {
  const { clock, outbox, uploads, flights, server } = await chat();
  uploads.add("s", [file("a.pdf")]);
  outbox.add({ sessionId: "s", content: "with a file", files: uploads.take("s") });
  outbox.add({ sessionId: "s", content: "after" });
  flights[0].reject(refusal("UPLOAD_TYPE_REJECTED"));
  await clock.advance(50);
  assert.deepEqual(outbox.entries.map(({ state, error }) => [state, error.code]), [["failed", "UPLOAD_TYPE_REJECTED"]]);
  assert.deepEqual(kept(server), ["1 after"]);
  outbox.retry(outbox.entries[0].id);
  await clock.advance(50);
  assert.deepEqual(kept(server), ["1 after", "2 with a file"]);
});

test("a message whose upload gave up is sent with it on another try", async () => {
  const { clock, outbox, uploads, flights, heard } = await chat();
  uploads.add("s", [file("a.txt")]);
  outbox.add({ sessionId: "s", content: "", files: uploads.take("s") });
  flights[0].reject(refusal("RATE_LIMITED", { retryAfter: 3600 }));
  await clock.advance(50);
  assert.equal(outbox.entries[0].error.code, "RATE_LIMITED");
  outbox.retry(outbox.entries[0].id);
  flights[1].arrive("1");
  await clock.advance(50);
  assert.deepEqual(heard[0].attachment_ids, ["1"]);
});

test("taking a message back ends its upload", async () => {
  const { clock, outbox, uploads, flights } = await chat();
  uploads.add("s", [file("a.txt")]);
  const { id } = outbox.add({ sessionId: "s", content: "", files: uploads.take("s") });
  outbox.discard(id);
  flights[0].arrive("1");
  await clock.advance(50);
  assert.deepEqual(outbox.entries, []);
});

test("after a reload a message says which files it lost, and goes without them if asked", async () => {
  const { clock, disk, outbox, uploads, flights, server, tab } = await chat();
  uploads.add("s", [file("a.txt"), file("b.txt")]);
  outbox.add({ sessionId: "s", content: "both", files: uploads.take("s") });
  flights[0].arrive("1");
  await clock.advance(50);
  const again = tab({ storage: new SafeStorage("t:", () => disk) });
  const [entry] = again.outbox.entries;
  assert.deepEqual([entry.state, entry.error.code, entry.files.map(({ id }) => id)], ["failed", "FILES_LOST", ["1", null]]);
  again.outbox.retry(entry.id);
  await clock.advance(50);
  assert.deepEqual(kept(server), ["1 both"]);
});
