/**
 * Exponential backoff with full jitter: anywhere between nothing and the doubled ceiling, so that
 * thousands of clients that lost the same server do not come back in step.
 * @param {number} attempt how many tries failed before, from 0
 * @param {{base?: number, cap?: number, random?: () => number}} [options] milliseconds
 * @returns {number} milliseconds to wait
 */
export function backoff(attempt, { base = 500, cap = 20_000, random = Math.random } = {}) {
  return Math.round(random() * Math.min(cap, base * 2 ** Math.min(attempt, 16)));
}

/**
 * A number spread evenly over a range.
 * @param {number} low
 * @param {number} high
 * @param {() => number} [random]
 * @returns {number}
 */
export function spread(low, high, random = Math.random) {
  return Math.round(low + random() * (high - low));
}
