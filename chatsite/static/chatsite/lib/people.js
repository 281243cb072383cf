/** Names and avatars of people. */
import { initials } from "../../sessions_app/helpers/text.js";
import { icon, make } from "./dom.js";
import { isOurs } from "./files.js";
import { t } from "./text.js";

/** A visitor without a name gets a number, so that two of them are not taken for one. */
export function nameOf(person) {
  if (hasName(person)) return person.name || person.display_name;
  return person?.id ? t("visitor_number", { number: person.id }) : t("visitor");
}

/** "Visitor" is the server's word, in English or the reader's language, for one who gave no name. */
export function hasName(person) {
  const name = person?.name || person?.display_name || "";
  return Boolean(name) && !(person.kind === "customer" && (name === "Visitor" || name === t("visitor")));
}

/** One of the eight colours, the same for a person on every page. */
export function hue(seed) {
  let sum = 7;
  for (const letter of String(seed)) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return sum % 8;
}

/** Draws a person into an .avatar element; does nothing when it already shows them. */
export function drawAvatar(element, person, { presence = null, assistant = false } = {}) {
  const name = nameOf(person);
  const drawn = assistant ? "assistant" : `${person?.id}|${name}|${person?.avatar ?? ""}`;
  if (presence) element.dataset.presence = presence;
  else delete element.dataset.presence;
  if (element.dataset.drawn === drawn) return;
  element.dataset.drawn = drawn;
  element.classList.toggle("assistant", assistant);
  if (assistant) {
    delete element.dataset.hue;
    element.replaceChildren(icon("assistant"));
    return;
  }
  element.dataset.hue = hue(person?.id ?? name);
  if (hasName(person)) element.textContent = initials(name);
  else element.replaceChildren(icon("mine"));
  if (person?.avatar && isOurs(person.avatar)) {
    const image = make("img");
    image.alt = "";
    image.addEventListener("load", () => element.replaceChildren(image), { once: true });
    image.src = person.avatar;
  }
}
