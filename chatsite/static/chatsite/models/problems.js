/** What a refused action means, in words. */

/**
 * @param {{code?: string, status?: number, message?: string, retryAfter?: number}} error
 * @param {{t: (key: string, values?: object) => string, has: (key: string) => boolean, assignee?: string, minutes?: string}} words
 */
export function explain(error, { t, has, assignee = "", wait = "" }) {
  if (error.code === "SESSION_ALREADY_ASSIGNED" && assignee) return t("was_faster", { name: assignee });
  if (error.code === "AUTH_ACCOUNT_LOCKED" || error.code === "RATE_LIMITED") {
    return wait ? t(`error_${error.code}`, { time: wait }) : t("error_too_many");
  }
  const key = `error_${error.code}`;
  if (has(key)) return t(key);
  // An ApiError keeps what the server said as its message; other errors speak to programmers.
  return (error.status && error.message) || t("error_unknown");
}
