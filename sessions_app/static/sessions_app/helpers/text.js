/**
 * Fill `{name}` places of a translated sentence.
 * @param {string} template
 * @param {Record<string, string | number>} [values]
 */
export function fill(template, values = {}) {
  return template.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
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
