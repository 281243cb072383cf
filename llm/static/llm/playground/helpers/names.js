/** What the places beside each other are called. */

/** "A" for slot 0. A slot keeps its letter whatever the models are called. */
export function letterOf(slot) {
  return String.fromCodePoint(65 + (slot % 26));
}

/**
 * Names of models in their order; where one stands twice, both are numbered.
 * @param {string[]} names
 * @returns {string[]}
 */
export function numbered(names) {
  const total = new Map();
  for (const name of names) total.set(name, (total.get(name) ?? 0) + 1);
  const seen = new Map();
  return names.map((name) => {
    if (total.get(name) === 1) return name;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name} (${seen.get(name)})`;
  });
}

/** A title for a conversation: the beginning of its first question, cut between words. */
export function titleOf(question, most = 60) {
  const line = question.trim().split("\n")[0].replace(/\s+/g, " ").replace(/^[#>*\-\s]+/, "");
  const letters = [...line];
  if (letters.length <= most) return line;
  const cut = letters.slice(0, most).join("");
  const space = cut.lastIndexOf(" ");
  return `${space > most / 2 ? cut.slice(0, space) : cut}…`;
}
