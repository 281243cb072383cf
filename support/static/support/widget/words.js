import { fill } from "../../sessions_app/helpers/text.js";

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "{}");
const texts = { ...read("texts"), ...read("more") };

/** More of them came. */
export const learn = (more) => Object.assign(texts, more);

/** What the server says about this widget. */
export const config = read("config");

/** The language of the page, as Intl wants it. */
export const locale = document.documentElement.lang || "en";

/**
 * A sentence in the visitor's language.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export const say = (key, values) => fill(texts[key] ?? key, values);

/**
 * The sentence of an event message, or the server's own when it is one we do not know.
 * @param {any} message
 */
export function sayEvent({ metadata = {}, content }) {
  const { event, agent, team, online, score, email } = metadata;
  const variant = event === "handoff" && online === false ? "handoff_away"
    : event === "closed" && !agent ? "closed_self"
    : event === "transferred" && team ? "transferred_team" : event;
  const key = `event.${variant}`;
  if (!(key in texts)) return content;
  return say(key, { agent: agent?.name ?? "", team: team ?? "", score: score ?? "", email: email ?? "" });
}
