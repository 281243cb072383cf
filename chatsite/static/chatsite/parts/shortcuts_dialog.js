import { make, refs as partsOf } from "../lib/dom.js";
import { t } from "../lib/text.js";

const SIGNS = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", Enter: "↵" };

/**
 * The list of everything the keyboard can do, from the table the keyboard itself uses.
 * @param {import("../models/keys.js").Shortcut[]} shortcuts
 */
export function openShortcuts(shortcuts) {
  const dialog = document.getElementById("shortcuts-dialog");
  const { groups } = partsOf(dialog);
  if (!groups.childElementCount) {
    const names = new Set(shortcuts.map((shortcut) => shortcut.group));
    groups.append(...[...names].map((name) => group(name, shortcuts)), writing());
  }
  if (!dialog.open) dialog.showModal();
}

function group(name, shortcuts) {
  const lines = shortcuts.filter((shortcut) => shortcut.group === name);
  return section(t(`keys_${name}`), lines.map(({ keys, action }) => [t(`key_${action}`), keys]));
}

function writing() {
  return section(t("keys_writing"), [[t("key_send"), ["Enter", "Ctrl+Enter"]], [t("key_newline"), ["Shift+Enter"]], [t("key_leave"), ["Escape"]]]);
}

function section(title, lines) {
  const element = make("section");
  const list = make("dl");
  for (const [name, keys] of lines) {
    const places = make("dd");
    keys.forEach((key, index) => {
      if (index) places.append(t("or"));
      places.append(...key.split(/[ +]/).map((part) => make("kbd", "", SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part))));
    });
    list.append(make("dt", "", name), places);
  }
  element.append(make("h3", "", title), list);
  return element;
}
