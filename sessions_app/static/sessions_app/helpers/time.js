const formats = new Map();

/**
 * A cached Intl formatter; making one costs more than using it a thousand times.
 * @param {string} locale
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatter(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key);
}

/** @param {Date} date */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/**
 * Whole local days from `date` to `now`: 0 today, 1 yesterday.
 * @param {Date} date
 * @param {Date} now
 */
function daysAgo(date, now) {
  return Math.round((midnight(now).getTime() - midnight(date).getTime()) / 86_400_000);
}

/**
 * The time of day, "14:05" or "2:05 PM".
 * @param {string | number | Date} when
 * @param {string} [locale]
 */
export function clockTime(when, locale = "en") {
  return formatter(locale, { hour: "numeric", minute: "2-digit" }).format(new Date(when));
}

/**
 * A heading for one day of messages: "Today", "Yesterday", "Monday", "3 March", "3 March 2025".
 * @param {string | number | Date} when
 * @param {string} [locale]
 * @param {Date} [now]
 */
export function dayLabel(when, locale = "en", now = new Date()) {
  const date = new Date(when);
  const days = daysAgo(date, now);
  if (days === 0 || days === 1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-days, "day");
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  if (days > 1 && days < 7) return formatter(locale, { weekday: "long" }).format(date);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return formatter(locale, { day: "numeric", month: "long", year }).format(date);
}

/**
 * A key that two moments share when they fall on the same local day.
 * @param {string | number | Date} when
 */
export function dayKey(when) {
  const date = new Date(when);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/**
 * The full moment, for titles and screen readers.
 * @param {string | number | Date} when
 * @param {string} [locale]
 */
export function fullTime(when, locale = "en") {
  return formatter(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(when));
}
