import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { useTexts } = await browserModule("chatsite/lib/text.js");
const { eventText } = await browserModule("support/console/parts/event_text.js");

const ME = 7;

function told(event, more = {}) {
  return eventText({ content: "as the server says it", metadata: { event, ...more } }, ME);
}

test("an event is told in the reader's words, and a closing with its reason", () => {
  useTexts({
    event_closed: "{name} closed the chat", event_closed_you: "You closed the chat", event_closed_customer: "The customer closed the chat",
    event_reason: "{text}: {reason}", event_handoff_online: "Asked for a person",
  });
  const ben = { id: 8, name: "Ben" };
  assert.equal(told("closed", { agent: ben, reason: "solved" }), "Ben closed the chat: solved");
  assert.equal(told("closed", { agent: { id: ME, name: "Ada" }, reason: "" }), "You closed the chat");
  assert.equal(told("closed", { agent: null, reason: "no {text} here" }), "The customer closed the chat: no {text} here");
  assert.equal(told("handoff", { online: true, reason: "customer" }), "Asked for a person");
  assert.equal(told("unheard_of"), "as the server says it");
});
