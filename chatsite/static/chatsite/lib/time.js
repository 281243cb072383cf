/** Times as people read them, in the reader's language. Moments are RFC 3339 strings or milliseconds. */
import { clockTime, dayKey, dayLabel, fullTime } from "../../sessions_app/helpers/time.js";

let locale = "en";

export function useLocale(value) {
  locale = value;
}

export const clock = (at) => clockTime(at, locale);
export const full = (at) => fullTime(at, locale);
export const day = (at) => dayLabel(at, locale);
export const sameDay = (a, b) => dayKey(a) === dayKey(b);

const DAY_MS = 86_400_000;

/** For lists: the clock today, a short weekday this week, else a short date. */
export function short(at, now = Date.now()) {
  if (sameDay(at, now)) return clock(at);
  const options = now - new Date(at).getTime() < 6 * DAY_MS ? { weekday: "short" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(locale, options).format(new Date(at));
}

/** A length of time in its largest useful unit: 40s, 12m, 3h, 2d. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [amount, unit] =
    seconds < 60 ? [seconds, "second"]
    : seconds < 3600 ? [Math.floor(seconds / 60), "minute"]
    : seconds < 86_400 ? [Math.floor(seconds / 3600), "hour"]
    : [Math.floor(seconds / 86_400), "day"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" }).format(amount);
}

/** 14:32, for counting down. */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
