import assert from "node:assert/strict";
import test from "node:test";
import { browserModule } from "./support/statics.js";

const { EventReader } = await browserModule("llm/playground/helpers/sse.js");
const { extend, parse } = await browserModule("llm/playground/helpers/markdown.js");
const { letterOf, numbered, titleOf } = await browserModule("llm/playground/helpers/names.js");
const { money, seconds, speed } = await browserModule("llm/playground/helpers/numbers.js");

// Server-sent events

test("events are read wherever the pieces are cut", () => {
  const stream = "id: 0.1.1\r\nevent: chunk\r\ndata: {\"a\":1}\r\n\r\n: still here\n\nid: 0.1.2\nevent: done\ndata: {}\n\n";
  const whole = new EventReader().feed(stream);
  assert.deepEqual(whole.map(({ type, id }) => [type, id]), [["chunk", "0.1.1"], ["done", "0.1.2"]]);
  for (let cut = 1; cut < stream.length; cut += 1) {
    const reader = new EventReader();
    assert.deepEqual([...reader.feed(stream.slice(0, cut)), ...reader.feed(stream.slice(cut))], whole, `cut at ${cut}`);
  }
});

test("an id stays until another comes, and data of several lines is one text", () => {
  const reader = new EventReader();
  assert.deepEqual(reader.feed("id: 7\ndata: a\ndata: b\n\ndata: c\n\n"), [{ type: "message", data: "a\nb", id: "7" }, { type: "message", data: "c", id: "7" }]);
});

// Markdown

const kinds = (text) => parse(text).map(({ type }) => type);

test("blocks of every kind are told apart", () => {
  assert.deepEqual(kinds("# Title\ntext\n\n- a\n- b\n\n> said\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nx\n```"),
    ["heading", "paragraph", "list", "quote", "rule", "table", "code"]);
});

test("lists nest, go on after a gap, and hold code", () => {
  const [list] = parse("1. one\n   - deep\n\n2. two\n\n   ```py\n   x = 1\n   ```\n3. [x] three\n\nafter");
  assert.deepEqual(list.items.map(({ blocks }) => blocks.map(({ type }) => type)), [["paragraph", "list"], ["paragraph", "code"], ["paragraph"]]);
  assert.equal(list.items[1].blocks[1].code, "x = 1");
  assert.equal(list.items[2].done, true);
  assert.equal(parse("5. five")[0].first, 5);
});

test("a table has the cells its head has", () => {
  const [table] = parse("a | b\n:-:|--:\n1 | 2 | 3\n4\\|x |");
  assert.deepEqual([table.head, table.align, table.rows], [["a", "b"], ["center", "end"], [["1", "2"], ["4|x", ""]]]);
});

test("code keeps everything in it, and an open fence reaches to the end", () => {
  const [code] = parse("~~~~md\n# not a title\n```\n- no list\n~~~\n");
  assert.equal(code.code, "# not a title\n```\n- no list\n~~~\n");
  assert.equal(code.closed, false);
});

test("reading on from the end gives what reading all of it gives, letter by letter", () => {
  const text = "# Hi\n\nText *a*\nmore\n\n- one\n- two\n  - deep\n\n  para\n- three\n\nafter\n\n1. a\n2. b\n\n   ```py\n   x=1\n   ```\n3. c\n\n> quote\n> more\n\n"
    + "| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\nfoo\n\nbar\n```\nend\n---\n\n- x\n\n\n1. y\n\n\n~~~\nopen";
  let blocks = [];
  for (let end = 1; end <= text.length; end += 1) {
    ({ blocks } = extend(blocks, text.slice(0, end)));
    assert.deepEqual(blocks, parse(text.slice(0, end)), `after ${JSON.stringify(text.slice(Math.max(0, end - 12), end))}`);
  }
});

test("what stands is not read again", () => {
  const before = parse("one\n\ntwo\n\nthree\n\nfour");
  const { kept, blocks } = extend(before, "one\n\ntwo\n\nthree\n\nfour and more");
  assert.equal(kept, 2);
  assert.equal(blocks[0], before[0]);
});

test("long hostile text takes no time", () => {
  const began = performance.now();
  for (const piece of ["> ", "- ", "  - ", "|", "| a ", "```\n", "#", "1. ", "|-", "\n", "-\n", ">\n", "a|b\n-|-\n"]) parse(piece.repeat(4000));
  assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`);
});

// Names and numbers

test("the same model twice is numbered, others are not", () => {
  assert.deepEqual(numbered(["a", "b", "a"]), ["a (1)", "b", "a (2)"]);
  assert.deepEqual([0, 5, 26].map(letterOf), ["A", "F", "A"]);
});

test("a title is the first line, cut between words and not inside a letter", () => {
  assert.equal(titleOf("  ## Hello\nsecond"), "Hello");
  assert.equal(titleOf("one two three four", 10), "one two…");
  assert.equal([...titleOf("😀".repeat(80), 60)].length, 61);
});

test("small prices keep their digits, large ones do not", () => {
  assert.equal(money("0.00123400", "USD"), "$0.0012");
  assert.equal(money(0, "EUR"), "€0.00");
  assert.equal(money("12.345", "USD"), "$12.35");
  assert.equal(money(null), "");
  assert.equal(money("1", "credits"), "1 credits");
});

test("times read well and speed needs something to divide", () => {
  assert.deepEqual([420, 12_340, 185_000, null].map((ms) => seconds(ms)), ["0.42s", "12.3s", "3m 5s", ""]);
  assert.equal(speed({ usage: { completion_tokens: 100 }, ttft_ms: 500, latency_ms: 2500 }), 50);
  assert.equal(speed({ usage: null, ttft_ms: 1, latency_ms: 2 }), null);
});
