/** Numbers under an answer, as people read them in their language. */

/** Milliseconds as seconds: "0.42s", "12.3s"; from two minutes "3m 5s". */
export function seconds(ms, locale = "en") {
  if (ms === null || ms === undefined) return "";
  const unit = (value, name, digits) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
  const value = ms / 1000;
  if (value >= 120) return `${unit(Math.floor(value / 60), "minute", 0)} ${unit(Math.floor(value % 60), "second", 0)}`;
  return unit(value, "second", value < 1 ? 2 : 1);
}

export function whole(count, locale = "en") {
  return new Intl.NumberFormat(locale).format(count);
}

/**
 * A price that may be far below a cent: two significant digits then, two decimals from a tenth up.
 * @param {string | number | null} amount decimals as the API sends them
 */
export function money(amount, currency = "USD", locale = "en") {
  const value = Number(amount);
  if (amount === null || amount === undefined || amount === "" || !Number.isFinite(value)) return "";
  const small = value > 0 && value < 0.1;
  const options = small ? { maximumSignificantDigits: 2, minimumSignificantDigits: 1 } : { maximumFractionDigits: 2 };
  try {
    return new Intl.NumberFormat(locale, { style: "currency", currency: currency || "USD", ...options }).format(value);
  } catch {
    return `${new Intl.NumberFormat(locale, options).format(value)} ${currency}`;
  }
}

/** Tokens a second while text came, or null when there is nothing to divide. */
export function speed({ usage, ttft_ms: first, latency_ms: last }) {
  const tokens = usage?.completion_tokens;
  const ms = (last ?? 0) - (first ?? 0);
  return tokens > 1 && ms >= 100 ? Math.round((tokens / ms) * 1000) : null;
}
