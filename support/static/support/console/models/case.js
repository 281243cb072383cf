/** A chat that becomes a case: what is sent, and which messages it may end with. */

const MOST_ENDS = 20;
const LONGEST_END = 60;

/** The phrases of a text, one to a line. */
export function phrases(text) {
  return text.split("\n").map((line) => line.trim()).filter((line) => line.replaceAll("|", "").trim());
}

/**
 * The customer's messages that a case may end with, the newest first.
 * @param {{seq: number, kind: string, content: string, deleted_at?: string | null, sender?: {kind: string}}[]} messages
 */
export function ends(messages) {
  return messages
    .filter((one) => one.sender?.kind === "customer" && one.kind === "text" && !one.deleted_at && one.content.trim())
    .slice(-MOST_ENDS)
    .reverse()
    .map(({ seq, content }) => ({ seq, text: shortened(content) }));
}

function shortened(text) {
  const plain = text.replace(/\s+/g, " ").trim();
  return plain.length > LONGEST_END ? `${plain.slice(0, LONGEST_END)}…` : plain;
}
