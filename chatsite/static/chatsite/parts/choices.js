import { chooseLanguage, language } from "../lib/boot.js";
import { chooseTheme, themeNow } from "../lib/theme.js";

/**
 * Makes the theme and the language in a menu work.
 * @param {{theme: Element, language: Element}} refs the two groups of page/choices.html
 */
export function startChoices(refs) {
  radios(refs.theme, themeNow(), chooseTheme);
  radios(refs.language, language, chooseLanguage);
}

function radios(group, value, choose) {
  for (const input of group.querySelectorAll("input")) {
    input.checked = input.value === value;
    input.addEventListener("change", () => choose(input.value));
  }
}
