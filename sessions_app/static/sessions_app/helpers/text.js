/**
 * Fill `{name}` places of a translated sentence.
 * @param {string} template
 * @param {Record<string, string | number>} [values]
 */
export function fill(template, values = {}) {
  return template.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/**
 * The right sentence for a number. `forms` maps Intl plural categories to templates with `{n}`.
 * @param {Record<string, string>} forms for example {one: "{n} message", other: "{n} messages"}
 * @param {number} count
 * @param {string} [locale]
 */
export function plural(forms, count, locale = "en") {
  const form = forms[new Intl.PluralRules(locale).select(count)] ?? forms.other ?? "";
  return fill(form, { n: new Intl.NumberFormat(locale).format(count) });
}

/**
 * One or two letters for a face without a picture. Keeps whole characters of any script.
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  if (!words.length) return "?";
  const first = [...words[0]][0];
  if (/\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}/u.test(first)) return [...words[0]].slice(-2).join("");
  return (first + (words.length > 1 ? [...words[words.length - 1]][0] : "")).toLocaleUpperCase();
}

/**
 * A stable hue from 0 to 359 for a name, so that a person keeps a colour.
 * @param {string} name
 */
export function hue(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 100_003;
  return hash % 360;
}
