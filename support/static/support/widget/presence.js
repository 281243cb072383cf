import { clockTime, dayKey, dayLabel } from "../../sessions_app/helpers/time.js";
import { config, locale, say } from "./words.js";

/** "today at 14:00" in few words, from Intl alone. */
export function nextOpening() {
  const at = config.hours?.next_open_at;
  if (!at) return "";
  const day = dayKey(at) === dayKey(Date.now()) ? "" : `${comingDay(at)} `;
  return day + clockTime(at, locale);
}

function comingDay(at) {
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 1) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(1, "day");
  if (days < 7) return new Intl.DateTimeFormat(locale, { weekday: "long" }).format(new Date(at));
  return dayLabel(at, locale);
}

/**
 * Who is there, said honestly: no waiting time is named that nobody knows.
 * @param {import("./chat.js").Chat} chat
 * @returns {{at: "here" | "wait" | "away", text: string}}
 */
export function presenceOf(chat) {
  const time = nextOpening();
  const until = (/** @type {string} */ key) => (time ? say(`presence.${key}_until`, { time }) : say(`presence.${key === "queued" ? "queued_away" : key}`));
  switch (chat.status) {
    case "closed": return { at: "away", text: say("presence.closed") };
    case "queued": return config.online ? { at: "wait", text: say("presence.queued") } : { at: "away", text: until("queued") };
    case "assigned": {
      const name = chat.agent?.name ?? "";
      return chat.agentOnline ? { at: "here", text: say("presence.agent", { name }) } : { at: "away", text: say("presence.agent_away", { name }) };
    }
    default:
      if (config.assistant) return { at: "here", text: say(config.online ? "presence.assistant_online" : "presence.assistant") };
      return config.online ? { at: "here", text: say("presence.online") } : { at: "away", text: until("away") };
  }
}

/**
 * What is wrong with the line to the server, or nothing.
 * @param {import("./chat.js").Chat} chat
 * @returns {{text: string, retry: boolean} | null}
 */
export function troubleOf(chat) {
  if (!navigator.onLine) return { text: say("offline"), retry: false };
  if (chat.trouble) return { text: say(chat.trouble.status === 429 ? "busy" : chat.trouble.status === 403 ? "denied" : "unreachable"), retry: true };
  if (!chat.feed) return null;
  const { state, polling } = chat.connection;
  if (state === "denied") return { text: say("denied"), retry: true };
  if (state !== "open" && polling) return { text: say("slow"), retry: false };
  return state === "waiting" ? { text: say("connecting"), retry: false } : null;
}
