/**
 * Who is signed in. The access token lives in memory only; the refresh token is a cookie no script
 * can read. A refresh token may be used once, so tabs renew one after the other (a lock) and tell
 * each other what they got (a channel): whoever waited takes the new token instead of asking again.
 *
 * Raises `change` (detail {user, reason}): user is null when the sign-in is over.
 */
import { emit } from "../../sessions_app/helpers/events.js";
import { ApiError } from "../../sessions_app/models/rest.js";

const MARGIN_MS = 60_000;
const SPREAD_MS = 20_000;
const ASK_MS = 120;

export class Auth extends EventTarget {
  #call;
  #locks;
  #channel;
  #now;
  #random;
  #timers;
  #timer = null;
  #token = null;
  #expiresAt = 0;
  #renewing = null;
  user = null;

  /**
   * @param {object} options
   * @param {(path: string, body: object, init?: RequestInit) => Promise<any>} options.call posts JSON without
   *   a token, answers JSON, throws ApiError
   * @param {{request: Function} | undefined} [options.locks]
   * @param {BroadcastChannel | null} [options.channel]
   * @param {() => number} [options.now]
   * @param {() => number} [options.random] 0..1
   * @param {{setTimeout: Function, clearTimeout: Function}} [options.timers]
   */
  constructor({ call, locks, channel = null, now = Date.now, random = Math.random, timers = globalThis }) {
    super();
    this.#call = call;
    this.#locks = locks;
    this.#channel = channel;
    this.#now = now;
    this.#random = random;
    this.#timers = { set: (run, ms) => timers.setTimeout(run, ms), clear: (id) => timers.clearTimeout(id) };
    channel?.addEventListener("message", ({ data }) => this.#hear(data));
  }

  get token() {
    return this.#fresh() ? this.#token : null;
  }

  // Actions

  /** At page load: another tab's token if there is one, else a new one. Answers whether signed in. */
  async resume() {
    if (await this.#askOthers()) return true;
    try {
      await this.renew();
      return true;
    } catch (error) {
      if (error.status === 401) return false;
      throw error;
    }
  }

  async signIn(username, password) {
    this.#take(await this.#locked(() => this.#call("/auth/login", { username, password })));
    this.#tell();
  }

  async signOut() {
    const token = this.#token;
    try {
      await this.#locked(() => this.#call("/auth/logout", {}, { token }));
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    this.#channel?.postMessage({ type: "out" });
    this.#end("asked");
  }

  /**
   * A new access token. Callers at the same time share one request.
   * @param {string | null} [spent] the token that was refused; another tab may already have a newer one
   * @returns {Promise<string>}
   */
  renew(spent = this.#token) {
    this.#renewing ??= this.#renewOnce(spent).finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  // Internals

  async #renewOnce(spent) {
    try {
      await this.#locked(async () => {
        if (this.#token !== spent && this.#fresh()) return;
        // keepalive: a page that is left must still get its new cookie, else the old one is used again.
        this.#take(await this.#call("/auth/refresh", {}, { keepalive: true }));
        this.#tell();
      });
    } catch (error) {
      if (error.status === 401) this.#end(error.code);
      else this.#plan(15_000);
      throw error;
    }
    return this.#token;
  }

  #locked(run) {
    return this.#locks ? this.#locks.request("cland-sign-in", run) : run();
  }

  #take({ access_token: token, expires_in: seconds, user }) {
    if (!token) throw new ApiError({ code: "INTERNAL_ERROR", status: 500 });
    this.#adopt({ token, expiresAt: this.#now() + seconds * 1000, user });
  }

  #adopt({ token, expiresAt, user }) {
    const before = this.user;
    this.#token = token;
    this.#expiresAt = expiresAt;
    this.user = user;
    const life = expiresAt - this.#now();
    // Every tab has this timer; spread a little, the first one renews for all.
    this.#plan(Math.max(1000, life - Math.min(MARGIN_MS, life / 2) - this.#random() * Math.min(SPREAD_MS, life / 4)));
    if (before?.id !== user?.id || !before) emit(this, "change", { user, reason: "signed-in" });
    emit(this, "token", token);
  }

  #end(reason) {
    this.#timers.clear(this.#timer);
    this.#token = null;
    this.user = null;
    emit(this, "change", { user: null, reason });
  }

  #plan(ms) {
    this.#timers.clear(this.#timer);
    this.#timer = this.#timers.set(() => this.renew().catch(() => {}), ms);
  }

  #fresh() {
    return this.#token !== null && this.#now() < this.#expiresAt - 5000;
  }

  #tell() {
    this.#channel?.postMessage({ type: "token", token: this.#token, expiresAt: this.#expiresAt, user: this.user });
  }

  #hear(data) {
    if (data?.type === "ask" && this.#fresh()) this.#tell();
    if (data?.type === "token" && data.expiresAt > this.#now() + 5000 && data.token !== this.#token) this.#adopt(data);
    if (data?.type === "out" && this.user) this.#end("asked");
  }

  #askOthers() {
    if (!this.#channel) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (found) => {
        this.#timers.clear(timer);
        this.removeEventListener("token", heard);
        resolve(found);
      };
      const heard = () => done(true);
      const timer = this.#timers.set(() => done(false), ASK_MS);
      this.addEventListener("token", heard);
      this.#channel.postMessage({ type: "ask" });
    });
  }
}
