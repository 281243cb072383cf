import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { ends, phrases } = await browserModule("support/console/models/case.js");

const said = (seq, kind, content, fields = {}) => ({ seq, kind: "text", content, sender: { kind }, ...fields });

test("phrases are lines that hold something", () => {
  assert.deepEqual(phrases(" 60 days | two months \n\n | \nfree\n"), ["60 days | two months", "free"]);
  assert.deepEqual(phrases(""), []);
});

test("a case may end with any text of the customer, the newest first", () => {
  const messages = [
    said(1, "customer", "Hello"),
    said(2, "assistant", "Hi"),
    said(3, "customer", "Where  is\nmy parcel?"),
    said(4, "customer", "", { kind: "image" }),
    said(5, "customer", "gone", { deleted_at: "2026-11-21T09:00:00Z" }),
    said(6, "system", "closed", { kind: "event" }),
  ];
  assert.deepEqual(ends(messages), [{ seq: 3, text: "Where is my parcel?" }, { seq: 1, text: "Hello" }]);
});

test("a long message is named by its beginning, and old ones are left out", () => {
  const [long] = ends([said(1, "customer", "x".repeat(200))]);
  assert.equal(long.text.length, 61);
  const many = Array.from({ length: 50 }, (_, at) => said(at + 1, "customer", `m${at}`));
  assert.equal(ends(many).length, 20);
  assert.equal(ends(many)[0].seq, 50);
});
