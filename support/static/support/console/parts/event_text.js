import { has, t } from "../../../chatsite/lib/text.js";

const ICONS = {
  claimed: "claim", assigned: "claim", released: "release", transferred: "transfer", handoff: "handoff",
  closed: "close", reopened: "reopen", reply_failed: "alert", rated: "star", contact: "mail",
};

/** An event message in the reader's words; one we do not know speaks for itself. */
export function eventText(message, me) {
  const facts = message.metadata ?? {};
  const values = { name: facts.agent?.name ?? "", team: facts.team?.name ?? facts.team ?? "", score: facts.score ?? "", email: facts.email ?? "", reason: facts.reason ?? "" };
  for (const key of candidates(facts, me)) if (has(key)) return withReason(t(key, values), facts);
  return message.content;
}

/** Why a chat was closed is for people to read; other reasons are words between programs. */
function withReason(text, { event, reason }) {
  return event === "closed" && reason ? t("event_reason", { text, reason }) : text;
}

/** The most telling sentence first. */
function* candidates(facts, me) {
  const base = `event_${facts.event}`;
  if (facts.event === "transferred" && !(facts.team?.name ?? facts.team)) return;
  if (facts.event === "handoff") yield `${base}_${facts.online ? "online" : "offline"}`;
  if (facts.agent && facts.agent.id === me) yield `${base}_you`;
  if (facts.agent) yield base;
  else yield `${base}_customer`;
  if (!facts.agent) yield base;
}

export function eventIcon(message) {
  return ICONS[message.metadata?.event] ?? "clock";
}
