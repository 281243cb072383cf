/** Draws Markdown that grows: what stands is never touched again, only the end of it. Makes elements and text, never HTML. */
import { icon, make } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";
import { inline } from "../../../sessions_app/helpers/richtext.js";
import { extend } from "../helpers/markdown.js";

const COPIED_MS = 1500;

export class MarkdownView {
  #root;
  #highlighter;
  #text = "";
  #blocks = [];
  #nodes = [];

  /**
   * @param {Element} root
   * @param {import("../models/highlighter.js").Highlighter} highlighter
   */
  constructor(root, highlighter) {
    this.#root = root;
    this.#highlighter = highlighter;
  }

  /**
   * @param {string} text all of it
   * @param {boolean} finished no more will come: code is coloured even where its fence is open
   */
  show(text, finished) {
    if (text === this.#text && !finished) return;
    if (!text.startsWith(this.#text)) this.#clear();
    const { kept, blocks } = extend(this.#blocks, text);
    for (let index = kept; index < blocks.length; index += 1) this.#place(index, blocks[index], text);
    for (const node of this.#nodes.splice(blocks.length)) node.remove();
    this.#blocks = blocks;
    this.#text = text;
    blocks.forEach((block, index) => {
      if (finished || block.closed || index < blocks.length - 2) this.#colour(this.#nodes[index]);
    });
  }

  #clear() {
    this.#text = "";
    this.#blocks = [];
    this.#nodes = [];
    this.#root.replaceChildren();
  }

  #place(index, block, text) {
    const before = this.#blocks[index];
    const node = this.#nodes[index];
    if (node && before?.type === "code" && block.type === "code" && growCode(node, before, block)) return;
    if (node && before && before.type === block.type && before.start === block.start && before.end === block.end && this.#text.length >= block.end
      && text.startsWith(this.#text.slice(block.start, block.end), block.start)) return;
    const drawn = draw(block);
    if (node) node.replaceWith(drawn);
    else this.#root.append(drawn);
    this.#nodes[index] = drawn;
  }

  /** Colours the code that a block is or holds. */
  #colour(node) {
    for (const block of node.matches(".code") ? [node] : node.querySelectorAll(".code")) this.#colourCode(block);
  }

  async #colourCode(block) {
    const place = block.querySelector("code");
    const code = place.textContent;
    if (place.dataset.coloured === String(code.length)) return;
    place.dataset.coloured = String(code.length);
    const tokens = await this.#highlighter.tokens(block.dataset.language, code);
    // The code may have grown meanwhile; then it is coloured when it has come to its end.
    if (!tokens || place.textContent !== code || tokens.map(([, piece]) => piece).join("") !== code) return;
    place.replaceChildren(...tokens.map(([kind, piece]) => (kind ? make("span", `t-${kind}`, piece) : document.createTextNode(piece))));
  }
}

/** More of the same code is put behind what stands, so that a selection in it stays. */
function growCode(node, before, block) {
  if (before.language !== block.language || !block.code.startsWith(before.code)) return false;
  const more = block.code.slice(before.code.length);
  if (!more) return true;
  const place = node.querySelector("code");
  if (place.lastChild?.nodeType === Node.TEXT_NODE && place.childNodes.length === 1) place.lastChild.appendData(more);
  else place.replaceChildren(document.createTextNode(block.code));
  return true;
}

function draw(block) {
  const element = DRAWERS[block.type](block);
  if (block.type !== "code" && block.type !== "rule") element.dir = "auto";
  return element;
}

const DRAWERS = {
  heading: ({ level, text }) => fill(make(`h${Math.min(6, level + 3)}`), text),
  rule: () => make("hr"),
  paragraph: ({ text }) => fill(make("p"), text),
  quote: ({ blocks }) => withBlocks(make("blockquote"), blocks),
  code: ({ language, code }) => codeBlock(language, code),
  list: ({ ordered, first, items }) => {
    const list = make(ordered ? "ol" : "ul");
    if (ordered && first !== 1) list.start = first;
    list.append(...items.map(item));
    return list;
  },
  table: ({ head, align, rows }) => {
    const cell = (tag, text, index) => Object.assign(fill(make(tag), text), { className: align[index] ? `to-${align[index]}` : "" });
    const line = (tag, texts) => { const row = make("tr"); row.append(...texts.map((text, index) => cell(tag, text, index))); return row; };
    const [table, top, body, frame] = [make("table"), make("thead"), make("tbody"), make("div", "table")];
    top.append(line("th", head));
    body.append(...rows.map((row) => line("td", row)));
    table.append(top, body);
    frame.append(table);
    frame.tabIndex = 0;
    return frame;
  },
};

function item({ done, blocks }) {
  const element = make("li");
  if (done !== null) {
    const box = Object.assign(make("input"), { type: "checkbox", checked: done, disabled: true });
    box.setAttribute("aria-label", t(done ? "task_done" : "task_open"));
    element.className = "task";
    element.append(box, " ");
  }
  const [first, ...rest] = blocks;
  if (first?.type === "paragraph") return withBlocks(fill(element, first.text), rest);
  return withBlocks(element, blocks);
}

function withBlocks(element, blocks) {
  element.append(...blocks.map(draw));
  return element;
}

function fill(element, text) {
  text.split(/\n|<br\s*\/?>/iu).forEach((line, index) => {
    if (index) element.append(make("br"));
    element.append(...inline(line, document));
  });
  for (const link of element.querySelectorAll("a")) link.title = link.href;
  return element;
}

function codeBlock(language, code) {
  const block = make("div", "code");
  block.dataset.language = language;
  const head = make("div", "code-head");
  const copy = make("button", "code-copy");
  copy.type = "button";
  copy.append(icon("copy"), make("span", "", t("copy")));
  copy.setAttribute("aria-label", t("copy_code"));
  copy.addEventListener("click", () => copyText(block.querySelector("code").textContent, copy));
  head.append(make("span", "", language || t("code")), copy);
  const frame = make("pre");
  frame.tabIndex = 0;
  frame.dir = "ltr";
  frame.append(make("code", "", code));
  block.append(head, frame);
  return block;
}

/** Copies, and says so on the button that was pressed. */
export async function copyText(text, button) {
  if (!(await write(text))) return false;
  const label = button.querySelector("span");
  const before = label.textContent;
  if (button.dataset.copied) return true;
  button.dataset.copied = "yes";
  label.textContent = t("copied");
  setTimeout(() => { label.textContent = before; delete button.dataset.copied; }, COPIED_MS);
  return true;
}

/** A page that is not served by https has no clipboard of its own; the old way still works there. */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = Object.assign(make("textarea", "sr"), { value: text });
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return copied;
  }
}
