import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { Desk } = await browserModule("support/console/models/desk.js");

/** A desk that hears what we say, and the sessions that reached its inbox. */
function desk() {
  const connection = new EventTarget();
  const listed = [];
  const inbox = { get: () => undefined, upsert: ({ id }) => listed.push(id) };
  new Desk({ connection, inbox, outbox: new EventTarget(), me: { id: 1 } });
  const hear = (session) => connection.dispatchEvent(new CustomEvent("frame", { detail: { type: "session", session } }));
  return { hear, listed };
}

test("an agent's own talks with models are no chats of customers", () => {
  const { hear, listed } = desk();
  hear({ id: "talk", kind: "assistant", customer: null });
  hear({ id: "chat", kind: "support", customer: { id: 2 } });
  hear({ id: "nameless", kind: "support", customer: null });
  hear({ id: "own", kind: "assistant", customer: { id: 3 } });
  assert.deepEqual(listed, ["chat", "nameless", "own"]);
});
