/** What went wrong, in the words of the API's problem document. */
export class ApiError extends Error {
  /** @param {{code: string, status: number, detail?: string, retryAfter?: number, errors?: any[]}} problem */
  constructor({ code, status, detail = "", retryAfter = 0, errors = [] }) {
    super(detail);
    Object.assign(this, { code, status, retryAfter, errors });
  }
}

/** The few REST calls a chat needs, with the access token kept in memory and renewed when refused. */
export class Rest {
  #base;
  #renew;
  #fetch;
  #token = null;
  #renewing = null;
  #timeoutMs;

  /**
   * @param {{base?: string, renew: () => Promise<string>, fetch?: typeof fetch, timeoutMs?: number}} options
   *   `renew` gets a new access token; it throws an ApiError when the sign-in is over
   */
  constructor({ base = "/api/v1", renew, fetch = globalThis.fetch.bind(globalThis), timeoutMs = 15_000 }) {
    this.#base = base;
    this.#renew = renew;
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
  }

  /** Use a token that came with another answer. */
  set token(value) { this.#token = value; }
  get token() { return this.#token; }

  /** Get a new access token; callers at the same time share one request. */
  async refresh() {
    this.#renewing ??= this.#renew().finally(() => { this.#renewing = null; });
    this.#token = await this.#renewing;
    return this.#token;
  }

  /**
   * @param {string} method
   * @param {string} path below the API's base
   * @param {any} [body] sent as JSON
   * @param {{signed?: boolean}} [options] signed false: without a token
   * @returns {Promise<any>} the JSON answer, null for an empty one
   */
  async call(method, path, body, { signed = true } = {}) {
    if (signed && !this.#token) await this.refresh();
    try {
      return await this.#once(method, path, body, signed);
    } catch (error) {
      if (!signed || error.status !== 401) throw error;
      await this.refresh();
      return this.#once(method, path, body, signed);
    }
  }

  // What the kernel's models ask for

  /** @param {{fresh: boolean}} want */
  async ticket({ fresh }) {
    if (fresh) await this.refresh();
    return (await this.call("POST", "/ws/ticket")).ticket;
  }

  session(id) { return this.call("GET", `/chat/sessions/${id}`); }
  changes(id, afterVersion) { return this.call("GET", `/chat/sessions/${id}/changes?after_version=${afterVersion}`); }
  messages(id, query) { return this.call("GET", `/chat/sessions/${id}/messages?${new URLSearchParams(query)}`); }

  /** @param {import("./outbox.js").Entry} entry */
  post(entry) {
    return this.call("POST", `/chat/sessions/${entry.sessionId}/messages`, {
      content: entry.content, client_msg_id: entry.id, kind: entry.kind,
      ...(entry.files.length ? { attachment_ids: entry.files.map(({ id }) => id) } : {}),
      ...(entry.replyTo ? { reply_to: entry.replyTo } : {}),
    });
  }

  /**
   * A feed's first fill: its session and the newest messages.
   * @param {import("./feed.js").Feed} feed
   * @param {number} [limit]
   */
  async prime(feed, limit = 50) {
    const session = await this.session(feed.sessionId);
    const { results } = await this.messages(feed.sessionId, { before_seq: String(session.last_seq + 1), limit: String(limit) });
    feed.setSession(session);
    feed.prime({ messages: results, version: session.version });
  }

  /**
   * The page before what a feed holds.
   * @param {import("./feed.js").Feed} feed
   * @param {number} [limit]
   */
  async earlier(feed, limit = 50) {
    const first = feed.messages[0];
    if (!first || !feed.hasEarlier) return;
    const { results } = await this.messages(feed.sessionId, { before_seq: String(first.seq), limit: String(limit) });
    feed.prepend(results);
  }

  async #once(method, path, body, signed) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (signed) headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await this.#fetch(this.#base + path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin", signal: AbortSignal.timeout?.(this.#timeoutMs),
      });
    } catch {
      throw new ApiError({ code: "NETWORK", status: 0 });
    }
    const answer = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return answer;
    throw new ApiError({
      code: answer?.code ?? (response.status >= 500 ? "SERVICE_UNAVAILABLE" : "INTERNAL_ERROR"),
      status: response.status, detail: answer?.detail ?? answer?.title, errors: answer?.errors,
      retryAfter: Number(response.headers.get("Retry-After")) || 0,
    });
  }
}
