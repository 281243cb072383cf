import assert from "node:assert/strict";
import test from "node:test";
import { randomId } from "../../sessions_app/static/sessions_app/helpers/ids.js";
import { render, safeHref } from "../../sessions_app/static/sessions_app/helpers/richtext.js";
import { SafeStorage } from "../../sessions_app/static/sessions_app/helpers/storage.js";
import { plural } from "../../sessions_app/static/sessions_app/helpers/plural.js";
import { ago, duration } from "../../sessions_app/static/sessions_app/helpers/spans.js";
import { fill, initials } from "../../sessions_app/static/sessions_app/helpers/text.js";
import { dayLabel } from "../../sessions_app/static/sessions_app/helpers/time.js";
import { Rest } from "../../sessions_app/static/sessions_app/models/rest.js";
import { MapStorage } from "./support/cast.js";

/** Just enough of a document to see what would be built. There is no innerHTML to misuse. */
class Knot {
  constructor(localName, text = "") { Object.assign(this, { localName, text, children: [], attributes: {} }); }
  append(...nodes) { this.children.push(...nodes); }
  setAttribute(name, value) { this.attributes[name] = value; }
  set textContent(value) { this.children = [new Knot("#text", value)]; }
  toString() {
    if (this.localName === "#text") return this.text.replaceAll("<", "‹");
    const inner = this.children.join("");
    return this.localName === "#fragment" ? inner : `<${this.localName}${this.href ? ` ${this.href}` : ""}>${inner}</${this.localName}>`;
  }
}
const doc = {
  createElement: (name) => new Knot(name), createTextNode: (text) => new Knot("#text", text), createDocumentFragment: () => new Knot("#fragment"),
};
const html = (text, rich = true) => String(render(text, { doc, rich }));

test("paragraphs, breaks, lists, emphasis, code", () => {
  assert.equal(html("One\ntwo\n\nthree"), "<p>One<br></br>two</p><p>three</p>");
  assert.equal(html("- a\n- **b**\n1. c"), "<ul><li>a</li><li><strong>b</strong></li></ul><ol><li>c</li></ol>");
  assert.equal(html("`x*y*` and *z*"), "<p><code>x*y*</code> and <em>z</em></p>");
  assert.equal(html("```\na < b\n```"), "<pre><code>a ‹ b</code></pre>");
  assert.equal(html("- not *rich*\n**at all**", false), "<p>- not *rich*<br></br>**at all**</p>");
});

test("signs may be escaped, struck out, underscored; snake_case stays as it is", () => {
  assert.equal(html("\\*not\\* ~~old~~ __b__ _i_ snake_case_name"), "<p>*not* <del>old</del> <strong>b</strong> <em>i</em> snake_case_name</p>");
  assert.equal(html("``a`b``"), "<p><code>a`b</code></p>");
  assert.equal(html("![a picture](https://a.example/p.png)"), "<p><a https://a.example/p.png>a picture</a></p>");
});

test("addresses become links without the sentence's full stop", () => {
  assert.equal(html("See https://a.example/x?y=1."), "<p>See <a https://a.example/x?y=1>https://a.example/x?y=1</a>.</p>");
  assert.equal(html("请看 https://a.example/x。"), "<p>请看 <a https://a.example/x>https://a.example/x</a>。</p>");
  assert.equal(html("ask a@b.example"), "<p>ask <a mailto:a@b.example>a@b.example</a></p>");
  assert.equal(html("[docs](https://a.example)"), "<p><a https://a.example/>docs</a></p>");
});

test("nothing dangerous becomes a link, an image or markup", () => {
  for (const address of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "//a.example", "java\nscript:x"]) {
    assert.equal(safeHref(address), null, address);
  }
  assert.ok(!html("[x](javascript:alert)").includes("<a"));
  assert.ok(!html("<img src=x onerror=alert(1)>").includes("<img"));
  assert.equal(html("![p](https://a.example/p.png)").includes("<img"), false);
});

test("long hostile text takes no time", () => {
  const began = performance.now();
  for (const piece of ["*", "**a", "`", "[a](", "a@", "- ", "http://", "[[[[", "_*_*", "__a", "~~", "``a", "![", "\\*"]) render(piece.repeat(4000), { doc });
  assert.ok(performance.now() - began < 1500, `${performance.now() - began} ms`);
});

test("days are named near and dated far", () => {
  const now = new Date(2026, 10, 21, 9);
  assert.equal(dayLabel(new Date(2026, 10, 21, 0, 1), "en", now), "Today");
  assert.equal(dayLabel(new Date(2026, 10, 20, 23, 59), "en", now), "Yesterday");
  assert.equal(dayLabel(new Date(2026, 10, 20), "zh-Hans", now), "昨天");
  assert.equal(dayLabel(new Date(2026, 2, 3), "en", now), "March 3");
  assert.equal(duration(3_723_000), "1:02:03");
  assert.equal(ago(now.getTime() - 240_000, "en", now.getTime()), "4m");
});

test("words fit numbers and names become faces", () => {
  assert.equal(plural({ one: "{n} new message", other: "{n} new messages" }, 1), "1 new message");
  assert.equal(plural({ other: "{n} 条新消息" }, 3, "zh-Hans"), "3 条新消息");
  assert.equal(fill("{a} and {b}", { a: "x" }), "x and {b}");
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("王小明"), "小明");
  assert.equal(initials("  "), "?");
});

test("storage that is full keeps working in memory", () => {
  const backing = new MapStorage();
  const storage = new SafeStorage("p:", () => backing);
  backing.setItem = () => { throw new Error("full"); };
  assert.equal(storage.set("out:1", { a: 1 }), false);
  assert.deepEqual(storage.get("out:1"), { a: 1 });
  assert.deepEqual(storage.keys("out:"), ["out:1"]);
});

test("ids are version 4 with and without randomUUID", () => {
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(randomId(), shape);
  assert.match(randomId({ getRandomValues: (bytes) => bytes.fill(255) }), shape);
  assert.match(randomId({}), shape);
});

test("a refused token is renewed once, by one request for all callers", async () => {
  let renewed = 0;
  const seen = [];
  const rest = new Rest({
    renew: async () => `new${(renewed += 1)}`,
    fetch: async (_url, { headers }) => {
      seen.push(headers.Authorization);
      const ok = headers.Authorization === "Bearer new1";
      return { ok, status: ok ? 200 : 401, headers: new Headers(), json: async () => (ok ? { fine: true } : { code: "AUTH_TOKEN_EXPIRED" }) };
    },
  });
  rest.token = "old";
  assert.deepEqual(await Promise.all([rest.call("GET", "/a"), rest.call("GET", "/b")]), [{ fine: true }, { fine: true }]);
  assert.equal(renewed, 1);
});
