import assert from "node:assert/strict";
import test from "node:test";
import { ApiError } from "../../sessions_app/static/sessions_app/models/rest.js";
import { browserModule } from "./support/statics.js";

const { Auth } = await browserModule("chatsite/models/auth.js");

/** A server whose refresh tokens work once, and the browser's one cookie jar. */
class Server {
  cookie = 1;
  valid = 1;
  refreshes = 0;
  replays = 0;
  users = { id: 7, role: "agent" };

  call = async (path) => {
    const sent = this.cookie;
    await Promise.resolve();
    if (path === "/auth/logout") { this.cookie = this.valid = 0; return null; }
    if (path === "/auth/refresh") {
      this.refreshes += 1;
      if (!sent || sent !== this.valid) {
        this.replays += 1;
        throw new ApiError({ code: "AUTH_TOKEN_REVOKED", status: 401 });
      }
    }
    this.cookie = this.valid += 1;
    return { access_token: `t${this.valid}`, expires_in: 900, user: this.users };
  };
}

/** One lock for all tabs, as the browser has it, and who hears the channel. */
function makeLocks() {
  let last = Promise.resolve();
  return { tabs: new Set(), request: (_name, run) => (last = last.catch(() => {}).then(run)) };
}

class Channel extends EventTarget {
  #tabs;
  constructor(tabs) { super(); this.#tabs = tabs.add(this); }
  postMessage(data) {
    for (const tab of this.#tabs) if (tab !== this) queueMicrotask(() => tab.dispatchEvent(Object.assign(new Event("message"), { data: structuredClone(data) })));
  }
}

const timers = { setTimeout: (run, ms) => setTimeout(run, Math.min(ms, 20)), clearTimeout };
const still = { setTimeout: (run, ms) => (ms > 500 ? 0 : timers.setTimeout(run, ms)), clearTimeout };
const settle = () => new Promise((resolve) => setTimeout(resolve, 40));

function tab(server, locks, channel = new Channel(locks.tabs)) {
  return new Auth({ call: server.call, locks, channel, timers: still });
}

test("a page load with a cookie signs in by itself", async () => {
  const server = new Server();
  const auth = tab(server, makeLocks(), null);
  assert.equal(await auth.resume(), true);
  assert.equal(auth.user.id, 7);
  assert.equal(auth.token, "t2");
});

test("without a cookie there is no sign-in, and no error", async () => {
  const server = new Server();
  server.cookie = 0;
  assert.equal(await tab(server, makeLocks(), null).resume(), false);
});

test("a network failure is not mistaken for being signed out", async () => {
  const call = async () => { throw new ApiError({ code: "NETWORK", status: 0 }); };
  await assert.rejects(new Auth({ call, timers: still }).resume(), { code: "NETWORK" });
});

test("two tabs that renew at once never use a spent refresh token", async () => {
  const server = new Server();
  const locks = makeLocks();
  const [one, two] = [tab(server, locks), tab(server, locks)];
  assert.equal(await one.resume(), true);
  await settle();
  for (let round = 0; round < 10; round += 1) {
    await Promise.all([one.renew(), two.renew(), one.renew(), two.renew()]);
    await settle();
  }
  assert.equal(server.replays, 0);
  assert.equal(one.token, two.token);
});

test("without the lock the same tabs do lose their family: the test above can fail", async () => {
  const server = new Server();
  const [one, two] = [tab(server, undefined, null), tab(server, undefined, null)];
  await Promise.allSettled([one.renew(), two.renew()]);
  assert.equal(server.replays, 1);
});

test("a second tab takes the first one's token instead of asking the server", async () => {
  const server = new Server();
  const locks = makeLocks();
  const one = tab(server, locks);
  await one.resume();
  const two = tab(server, locks);
  assert.equal(await two.resume(), true);
  assert.equal(server.refreshes, 1);
  assert.equal(two.token, one.token);
});

test("callers of one tab share one renewal", async () => {
  const server = new Server();
  const auth = tab(server, makeLocks(), null);
  const tokens = await Promise.all([auth.renew(), auth.renew(), auth.renew()]);
  assert.deepEqual(new Set(tokens).size, 1);
  assert.equal(server.refreshes, 1);
});

test("signing out in one tab ends the other", async () => {
  const server = new Server();
  const locks = makeLocks();
  const [one, two] = [tab(server, locks), tab(server, locks)];
  await one.resume();
  await settle();
  assert.equal(two.user.id, 7);
  await one.signOut();
  await settle();
  assert.equal(two.user, null);
  assert.equal(two.token, null);
});

test("a revoked family ends the sign-in and says why", async () => {
  const server = new Server();
  const auth = tab(server, makeLocks(), null);
  await auth.resume();
  server.valid = 99;
  const reasons = [];
  auth.addEventListener("change", ({ detail }) => reasons.push(detail.reason));
  await assert.rejects(auth.renew());
  assert.deepEqual(reasons, ["AUTH_TOKEN_REVOKED"]);
  assert.equal(auth.token, null);
});
