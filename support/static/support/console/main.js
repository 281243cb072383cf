/** The agent console. Finds out who is here, then shows the desk or the way in. */
import { SafeStorage } from "../../sessions_app/helpers/storage.js";
import { watchLifecycle } from "../../sessions_app/helpers/lifecycle.js";
import { Connection } from "../../sessions_app/models/connection.js";
import { Outbox } from "../../sessions_app/models/outbox.js";
import { ApiError, Rest } from "../../sessions_app/models/rest.js";
import { has, t, useTexts } from "./lib/text.js";
import { useLocale } from "./lib/time.js";
import { Auth } from "./models/auth.js";
import { Desk } from "./models/desk.js";
import { Drafts } from "./models/drafts.js";
import { Inbox } from "./models/inbox.js";
import { Prefs } from "./models/prefs.js";
import { explain } from "./models/problems.js";
import { App } from "./parts/app.js";
import "./parts/sign_in.js";
import "./parts/rail.js";
import "./parts/inbox_list.js";
import "./parts/thread_view.js";
import "./parts/composer.js";
import "./parts/details.js";
import "./parts/toasts.js";
import "./parts/connection_bar.js";

const BASE = "/api/v1";
const page = (id) => document.getElementById(id);
const json = (id) => JSON.parse(page(id)?.textContent || "{}");
const config = json("config");
const language = document.documentElement.lang || "en";
useTexts(json("texts"), language);
useLocale(language);

const auth = new Auth({
  call: callUnsigned,
  locks: navigator.locks,
  channel: "BroadcastChannel" in globalThis ? new BroadcastChannel("cland-sign-in") : null,
});
const rest = new Rest({ base: BASE, renew: () => auth.renew(rest.token) });
const signIn = document.querySelector("console-sign-in");
let deskUser = null;
let connection = null;

signIn.start(auth, config);
auth.addEventListener("token", ({ detail }) => { rest.token = detail; });
auth.addEventListener("change", ({ detail }) => (detail.user ? enter(detail.user) : leave(detail.reason)));
await resume();

async function resume() {
  try {
    if (!(await auth.resume())) show("sign-in", () => signIn.ask());
  } catch (error) {
    show("sign-in", () => signIn.refuseNetwork(error));
  }
}

function enter(user) {
  if (user.role === "customer") return show("sign-in", () => signIn.refuseCustomer(user));
  // Somebody else now: nothing of the desk before may stay.
  if (deskUser !== null && deskUser !== user.id) return location.reload();
  if (deskUser === null) open(user);
  else connection.connect();
  return show("desk");
}

function leave(reason) {
  if (reason === "asked" && deskUser !== null) return location.reload();
  connection?.disconnect();
  return show("sign-in", () => signIn.ask(reason));
}

function show(id, then) {
  page("boot").hidden = true;
  page("desk").hidden = id !== "desk" && deskUser === null;
  page("desk").inert = id !== "desk";
  signIn.hidden = id === "desk";
  then?.();
}

function open(user) {
  deskUser = user.id;
  const me = { ...user, name: user.display_name || user.username || user.email };
  const storage = new SafeStorage(`cc:${user.id}:`);
  connection = new Connection({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}/ws`,
    getTicket: (want) => rest.ticket(want),
    getChanges: (id, version) => rest.changes(id, version),
  });
  watchLifecycle(connection);
  const desk = new Desk({
    rest, connection, me, config, prefs: new Prefs(storage), drafts: new Drafts(storage),
    inbox: new Inbox({ me: user.id, get: (path) => rest.call("GET", path) }),
    outbox: new Outbox({ storage, connection, post: (entry) => rest.post(entry) }),
  });
  const part = (name) => document.querySelector(`console-${name}`);
  page("desk").hidden = false;
  const names = ["rail", "inbox", "thread", "composer", "details", "toasts", "connection"];
  const onSignOut = () => auth.signOut().catch((error) => part("toasts").show({ text: explain(error, { t, has }), error: true }));
  new App({ desk, language, onLanguage: chooseLanguage, onSignOut, parts: Object.fromEntries(names.map((name) => [name, part(name)])) });
}

function chooseLanguage(code) {
  document.cookie = `${config.language_cookie ?? "django_language"}=${code}; path=/; max-age=31536000; samesite=lax`;
  rest.call("PATCH", "/user/profile", { locale: code }).catch(() => {}).finally(() => location.reload());
}

/** Sign-in, renewal and sign-out carry no access token, except that signing out may. */
async function callUnsigned(path, body, { token = null, ...init } = {}) {
  let response;
  try {
    response = await fetch(BASE + path, {
      method: "POST", credentials: "same-origin", body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Accept: "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      signal: init.keepalive ? undefined : AbortSignal.timeout?.(15_000), ...init,
    });
  } catch {
    throw new ApiError({ code: "NETWORK", status: 0 });
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new ApiError({
    code: answer?.code ?? "INTERNAL_ERROR", status: response.status, detail: answer?.detail,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
  });
}
