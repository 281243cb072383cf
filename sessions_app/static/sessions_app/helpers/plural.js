import { fill } from "./text.js";

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
