import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { Desk } = await browserModule("support/console/models/desk.js");

/** A desk that hears what we say, and the sessions that reached its inbox. */
function desk(rest = null) {
  const connection = Object.assign(new EventTarget(), { follow() {}, unfollow() {} });
  const listed = [];
  const inbox = { get: () => undefined, upsert: ({ id }) => listed.push(id) };
  const outbox = Object.assign(new EventTarget(), { settle() {} });
  const made = new Desk({ connection, inbox, outbox, rest, me: { id: 1 } });
  const hear = (session) => connection.dispatchEvent(new CustomEvent("frame", { detail: { type: "session", session } }));
  return { desk: made, hear, listed };
}

test("an agent's own talks with models are no chats of customers", () => {
  const { hear, listed } = desk();
  hear({ id: "talk", kind: "assistant", customer: null });
  hear({ id: "chat", kind: "support", customer: { id: 2 } });
  hear({ id: "nameless", kind: "support", customer: null });
  hear({ id: "own", kind: "assistant", customer: { id: 3 } });
  assert.deepEqual(listed, ["chat", "nameless", "own"]);
});

/** A server of chats without messages, which keeps tags and answers when it is told to. */
function chats() {
  const tags = new Map();
  const waiting = [];
  const session = (id) => ({ id, version: 1 + waiting.length, tags: tags.get(id) ?? [], participants: [] });
  return {
    waiting,
    prime: async (feed) => feed.setSession(session(feed.sessionId)),
    call: (method, path, body) => new Promise((resolve) => {
      const id = path.split("/")[3];
      waiting.push(() => { tags.set(id, body.tags); resolve(session(id)); });
    }),
  };
}

test("two tags that are added quickly are both kept, in the chat they were meant for", async () => {
  const rest = chats();
  const { desk: made } = desk(rest);
  await made.select("one");
  const add = (tag) => made.changeTags((tags) => [...tags, tag]);
  const both = [add("refund"), add("boots")];
  await made.select("two");
  for (const at of [0, 1]) {
    await new Promise(setImmediate);
    rest.waiting[at]();
  }
  await Promise.all(both);
  await made.select("one");
  assert.deepEqual(made.session.tags, ["refund", "boots"]);
});

test("that a message is kept is told of a chat that was left, too", async () => {
  const { desk: made } = desk(chats());
  const heard = { kept: [], message: [] };
  for (const type of ["kept", "message"]) made.addEventListener(type, ({ detail }) => heard[type].push(detail.message.id));
  await made.select("one");
  const { feed } = made;
  await made.select("two");
  feed.receive({ type: "message", version: 2, message: { id: "m1", seq: 1, prev_seq: 0, sender: { id: 1, kind: "agent" } } });
  assert.deepEqual(heard, { kept: ["m1"], message: [] });
});
