/** Small helpers over the DOM: parts by name, rows from templates, lists that change as little as they can. */

/** Every element below `root` that has a data-ref, by that name; parts inside other elements' rows included. */
export function refs(root) {
  const found = {};
  for (const element of root.querySelectorAll("[data-ref]")) found[element.dataset.ref] ??= element;
  return found;
}

export function row(templateId) {
  const element = document.getElementById(templateId).content.firstElementChild.cloneNode(true);
  return Object.assign(element, { refs: refs(element) });
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setIcon(use, name) {
  const href = `#i-${name}`;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

export function icon(name, className = "icon") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * Makes the children of `parent` match `items`, keeping the element (focus, selection) of every key that stays
 * and that `fits` what it shall show now.
 */
export function reconcile(parent, items, { key, create, update, fits = () => true }) {
  const old = new Map();
  for (const child of parent.children) old.set(child.dataset.key, child);
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    let element = old.get(id);
    if (element && fits(element, item)) {
      old.delete(id);
    } else {
      element = create(item);
      element.dataset.key = id;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of old.values()) element.remove();
}

/** Says something to a screen reader without moving the focus. */
export function announce(text, where = "announcer") {
  const region = document.getElementById(where);
  if (region) region.textContent = text;
}

export function isTyping(target) {
  return target instanceof Element && target.matches("input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable]");
}

export function onPhone() {
  return matchMedia("(max-width: 759px)").matches;
}
