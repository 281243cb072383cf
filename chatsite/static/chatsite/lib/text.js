/** The words of the page. The server renders them in the reader's language; see console_texts.py. */
let catalogue = {};
let plurals = new Intl.PluralRules("en");

export function useTexts(texts, locale = "en") {
  catalogue = texts ?? {};
  plurals = new Intl.PluralRules(locale);
}

/** `t("waiting_for", {time})`. With `count` and a plural entry, the form that fits is taken. */
export function t(key, values = {}) {
  let text = catalogue[key] ?? key;
  if (typeof text === "object") text = text[plurals.select(values.count ?? 0)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function has(key) {
  return key in catalogue;
}
