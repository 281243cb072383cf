/**
 * Markdown as models write it, as a list of blocks. Nothing is HTML here: blocks hold text only, and
 * what draws them makes elements and text nodes (see parts/markdown_view.js).
 *
 * Each block has `start` and `end` (places in the text). Text that is appended never changes a block
 * before the last two, so a growing text is read again from there only.
 *
 * @typedef {{type: "heading" | "rule" | "code" | "quote" | "list" | "table" | "paragraph", start: number, end: number, [key: string]: any}} Block
 */
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/u;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/u;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/u;
const QUOTE = /^ {0,3}> ?/u;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])(?:( +)(.*)|$)/u;
const ALIGN = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/u;
const TASK = /^\[([ xX])\]\s+/u;
const DEEPEST = 6;

/**
 * @param {string} text
 * @param {number} [offset] added to every place
 * @returns {Block[]}
 */
export function parse(text, offset = 0) {
  const lines = text.split("\n");
  const places = [offset];
  for (const line of lines) places.push(places.at(-1) + line.length + 1);
  return blocks(lines.map((line) => line.replace(/\r$/, "")), 0)
    .map(({ from, to, ...block }) => ({ ...block, start: places[from], end: Math.min(places[to], offset + text.length) }));
}

/** Blocks with `from` and `to`, the lines they take. */
function blocks(lines, depth) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) { at += 1; continue; }
    const block = READERS.reduce((read, reader) => read ?? reader(lines, at, depth), null);
    found.push({ ...block, from: at });
    at = block.to;
  }
  return found;
}

function code(lines, at) {
  const open = FENCE.exec(lines[at]);
  if (!open) return null;
  const [, fence, language] = open;
  const indent = lines[at].length - lines[at].trimStart().length;
  const close = new RegExp(`^ {0,3}\\${fence[0]}{${fence.length},}\\s*$`);
  let to = at + 1;
  while (to < lines.length && !close.test(lines[to])) to += 1;
  const inside = lines.slice(at + 1, to).map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length)));
  return { type: "code", language, code: inside.join("\n"), closed: to < lines.length, to: Math.min(to + 1, lines.length) };
}

function heading(lines, at) {
  const found = HEADING.exec(lines[at]);
  return found && { type: "heading", level: found[1].length, text: found[2], to: at + 1 };
}

function rule(lines, at) {
  return RULE.test(lines[at]) ? { type: "rule", to: at + 1 } : null;
}

function quote(lines, at, depth) {
  if (!QUOTE.test(lines[at]) || depth >= DEEPEST) return null;
  let to = at;
  while (to < lines.length && QUOTE.test(lines[to])) to += 1;
  return { type: "quote", blocks: blocks(lines.slice(at, to).map((line) => line.replace(QUOTE, "")), depth + 1), to };
}

function list(lines, at, depth) {
  const first = ITEM.exec(lines[at]);
  if (!first || depth >= DEEPEST) return null;
  const ordered = /\d/.test(first[2]);
  const items = [];
  let to = at;
  while (to < lines.length) {
    const mark = ITEM.exec(lines[to]);
    if (!mark || RULE.test(lines[to]) || /\d/.test(mark[2]) !== ordered || mark[1].length > first[1].length + 1) break;
    const inner = mark[1].length + mark[2].length + Math.min(mark[3]?.length ?? 1, 4);
    const end = itemEnd(lines, to + 1, first[1].length);
    const rest = lines.slice(to + 1, end).map((line) => line.slice(Math.min(inner, line.length - line.trimStart().length)));
    items.push(item([mark[4] ?? "", ...rest], depth));
    to = end;
    while (to < lines.length && !lines[to].trim()) to += 1;
  }
  while (to > at + 1 && !lines[to - 1].trim()) to -= 1;
  return { type: "list", ordered, first: ordered ? Number.parseInt(first[2], 10) : 1, items, to };
}

/** Where an item ends: at the next item of its list, or where text stands at the margin again after a gap. */
function itemEnd(lines, from, margin) {
  let gap = false;
  for (let at = from; at < lines.length; at += 1) {
    const line = lines[at];
    if (!line.trim()) { gap = true; continue; }
    const indent = line.length - line.trimStart().length;
    if (indent <= margin + 1 && (gap || ITEM.test(line) || starts(line))) return at;
    gap = false;
  }
  return lines.length;
}

function item(lines, depth) {
  const task = TASK.exec(lines[0]);
  if (task) lines[0] = lines[0].slice(task[0].length);
  return { done: task ? task[1] !== " " : null, blocks: blocks(lines, depth + 1) };
}

function table(lines, at) {
  if (!lines[at].includes("|") || at + 1 >= lines.length || !lines[at + 1].includes("|") || !ALIGN.test(lines[at + 1])) return null;
  const head = cells(lines[at]);
  const align = cells(lines[at + 1]).map((mark) => (mark.endsWith(":") ? (mark.startsWith(":") ? "center" : "end") : ""));
  let to = at + 2;
  while (to < lines.length && lines[to].trim() && lines[to].includes("|")) to += 1;
  const rows = lines.slice(at + 2, to).map((line) => head.map((_, index) => cells(line)[index] ?? ""));
  return { type: "table", head, align, rows, to };
}

function cells(line) {
  return line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

/** Whether a line begins something that a paragraph cannot go on through. */
function starts(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
}

function paragraph(lines, at) {
  let to = at + 1;
  while (to < lines.length && lines[to].trim() && !starts(lines[to]) && !/^\s{0,3}(?:[-*+•]|1[.)])\s/u.test(lines[to]) && !table(lines, to)) to += 1;
  return { type: "paragraph", text: lines.slice(at, to).map((line) => line.trim()).join("\n"), to };
}

const READERS = [code, heading, rule, quote, list, table, paragraph];

/**
 * The blocks of a text that has grown, given those of what it was.
 * @param {Block[]} before
 * @param {string} text
 * @returns {{kept: number, blocks: Block[]}} `kept` blocks at the beginning are the same objects
 */
export function extend(before, text) {
  const kept = Math.max(0, before.length - 2);
  const from = before[kept]?.start ?? 0;
  return { kept, blocks: [...before.slice(0, kept), ...parse(text.slice(from), from)] };
}
