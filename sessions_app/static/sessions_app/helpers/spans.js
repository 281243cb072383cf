/**
 * How long ago, in few letters for a list: "now", "4m", "3h", "2d".
 * @param {string | number | Date} when
 * @param {string} [locale]
 * @param {number} [now] milliseconds
 */
export function ago(when, locale = "en", now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - new Date(when).getTime()) / 1000));
  const [value, unit] = seconds < 60 ? [0, "second"]
    : seconds < 3600 ? [Math.floor(seconds / 60), "minute"]
    : seconds < 86_400 ? [Math.floor(seconds / 3600), "hour"]
    : [Math.floor(seconds / 86_400), "day"];
  if (unit === "second") return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "narrow" }).format(Number(value));
}

/**
 * A waiting time that runs: "0:42", "12:05", "1:03:20".
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
