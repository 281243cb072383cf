/**
 * A small, safe subset of Markdown turned into DOM nodes. Only text nodes and a fixed set of
 * elements are ever made; nothing is parsed as HTML, no image is loaded, and a link is a link only
 * when it is http, https or mailto.
 */
const ADDRESS = /(https?:\/\/[^\s<>"'`]+)|([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+)/gu;
const MARK = /\\([!-/:-@[-`{-~])|(?<!`)(?<tick>`{1,3})(?!`)([^\n]+?)(?<!`)\k<tick>(?!`)|(?<strong>\*\*|(?<!\w)__)(?=\S)([^\n]+?)\k<strong>|~~(?=\S)([^~\n]+?)~~|!?\[([^\]\n]{1,300})\]\(([^\s()]{1,2000})\)|(?<![\w*])\*([^\s*][^*\n]*?)\*(?![\w*])|(?<![\w_])_([^\s_][^_\n]*?)_(?![\w_])/u;
const INLINE = new RegExp(`${ADDRESS.source}|${MARK.source}`, "gu");
const BULLET = /^\s{0,3}[-*•]\s+(.*)$/u;
const NUMBER = /^\s{0,3}(\d{1,9})[.)]\s+(.*)$/u;
const FENCE = /^\s{0,3}```/u;
const HEADING = /^\s{0,3}#{1,6}\s+(.*)$/u;

/**
 * The address if a click on it is harmless, else null.
 * @param {string} address
 */
export function safeHref(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * @param {Document} doc
 * @param {string} address
 * @param {string} label
 */
function link(doc, address, label) {
  const href = safeHref(address);
  if (!href) return doc.createTextNode(label);
  const anchor = doc.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  anchor.textContent = label;
  return anchor;
}

/**
 * @param {Document} doc
 * @param {string} tag
 * @param {Node[]} children
 */
function wrap(doc, tag, children) {
  const element = doc.createElement(tag);
  element.append(...children);
  return element;
}

/**
 * The inline nodes of one line. A picture becomes a link: nothing is loaded that nobody asked for.
 * @param {string} text
 * @param {Document} doc
 * @param {boolean} [rich]
 * @param {number} [depth]
 * @returns {Node[]}
 */
export function inline(text, doc, rich = true, depth = 0) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(rich ? INLINE : ADDRESS)) {
    if (match.index > end) nodes.push(doc.createTextNode(text.slice(end, match.index)));
    end = match.index + match[0].length;
    const [whole, url, mail, escaped, , code, , bold, struck, label, target, star, underscore] = match;
    const italic = star ?? underscore;
    const inner = (/** @type {string} */ part) => depth > 2 ? [doc.createTextNode(part)] : inline(part, doc, rich, depth + 1);
    if (escaped !== undefined) nodes.push(doc.createTextNode(escaped));
    else if (code !== undefined) nodes.push(wrap(doc, "code", [doc.createTextNode(code)]));
    else if (bold !== undefined) nodes.push(wrap(doc, "strong", inner(bold)));
    else if (italic !== undefined) nodes.push(wrap(doc, "em", inner(italic)));
    else if (struck !== undefined) nodes.push(wrap(doc, "del", inner(struck)));
    else if (label !== undefined) nodes.push(safeHref(target) ? link(doc, target, label) : doc.createTextNode(whole));
    else if (mail !== undefined) nodes.push(link(doc, `mailto:${mail}`, mail));
    else {
      // A full stop or bracket after an address belongs to the sentence.
      const bare = url.replace(/[.,;:!?)\]}，。！？、；：）】」』]+$/u, "");
      nodes.push(link(doc, bare, bare));
      if (bare.length < url.length) nodes.push(doc.createTextNode(url.slice(bare.length)));
    }
  }
  if (end < text.length) nodes.push(doc.createTextNode(text.slice(end)));
  return nodes;
}

/**
 * Text as a fragment of paragraphs, lists and code blocks.
 * @param {string} text
 * @param {{doc?: Document, rich?: boolean}} [options] rich false: only links and line breaks
 * @returns {DocumentFragment}
 */
export function render(text, { doc = document, rich = true } = {}) {
  const out = doc.createDocumentFragment();
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  let open = null;
  const into = (/** @type {string} */ tag) => {
    if (open?.localName !== tag) out.append((open = doc.createElement(tag)));
    return open;
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const [bullet, number, heading] = rich ? [BULLET.exec(line), NUMBER.exec(line), HEADING.exec(line)] : [];
    if (rich && FENCE.test(line)) {
      const code = [];
      for (index += 1; index < lines.length && !FENCE.test(lines[index]); index += 1) code.push(lines[index]);
      out.append(wrap(doc, "pre", [wrap(doc, "code", [doc.createTextNode(code.join("\n"))])]));
      open = null;
    } else if (!line.trim()) open = null;
    else if (bullet) into("ul").append(wrap(doc, "li", inline(bullet[1], doc, rich)));
    else if (number) {
      const fresh = open?.localName !== "ol";
      const list = into("ol");
      if (fresh && number[1] !== "1") list.setAttribute("start", number[1]);
      list.append(wrap(doc, "li", inline(number[2], doc, rich)));
    } else if (heading) {
      open = null;
      out.append(wrap(doc, "p", [wrap(doc, "strong", inline(heading[1], doc, rich))]));
    } else {
      const fresh = open?.localName !== "p";
      const paragraph = into("p");
      if (!fresh) paragraph.append(doc.createElement("br"));
      paragraph.append(...inline(line, doc, rich));
    }
  }
  return out;
}
