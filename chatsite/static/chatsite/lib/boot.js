/**
 * How every page for staff begins: find out who is here, then show the page or the way in.
 * The page's document has #boot, #desk, <page-sign-in> and the JSON blocks "texts" and "config".
 */
import { ApiError, Rest } from "../../sessions_app/models/rest.js";
import { Auth } from "../models/auth.js";
import { explain } from "../models/problems.js";
import "../parts/sign_in.js";
import "../parts/toasts.js";
import { has, t, useTexts } from "./text.js";
import { useLocale } from "./time.js";

const BASE = "/api/v1";
const page = (id) => document.getElementById(id);
const json = (id) => JSON.parse(page(id)?.textContent || "{}");

export const config = json("config");
export const language = document.documentElement.lang || "en";
useTexts(json("texts"), language);
useLocale(language);

export const auth = new Auth({
  call: callUnsigned,
  locks: navigator.locks,
  channel: "BroadcastChannel" in globalThis ? new BroadcastChannel("cland-sign-in") : null,
});
export const rest = new Rest({ base: BASE, renew: () => auth.renew(rest.token) });

const signIn = document.querySelector("page-sign-in");
let deskUser = null;
let run = null;

/** @param {{open: (user: any) => void, resume?: () => void, pause?: () => void}} steps `open` is called once, with the user */
export async function start(steps) {
  run = steps;
  signIn.start(auth, { demo_logins: json("demo-logins") });
  auth.addEventListener("token", ({ detail }) => { rest.token = detail; });
  auth.addEventListener("change", ({ detail }) => (detail.user ? enter(detail.user) : leave(detail.reason)));
  try {
    if (!(await auth.resume())) show("sign-in", () => signIn.ask());
  } catch (error) {
    show("sign-in", () => signIn.refuseNetwork(error));
  }
}

/** Ends the sign-in in every tab. */
export function signOut() {
  auth.signOut().catch((error) => document.querySelector("page-toasts").show({ text: explain(error, { t, has }), error: true }));
}

/** @param {string} code the language of every page from now on */
export function chooseLanguage(code) {
  document.cookie = `${config.language_cookie ?? "django_language"}=${code}; path=/; max-age=31536000; samesite=lax`;
  rest.call("PATCH", "/user/profile", { locale: code }).catch(() => {}).finally(() => location.reload());
}

function enter(user) {
  if (user.role === "customer") return show("sign-in", () => signIn.refuseCustomer(user));
  // Somebody else now: nothing of the desk before may stay.
  if (deskUser !== null && deskUser !== user.id) return location.reload();
  if (deskUser === null) {
    deskUser = user.id;
    for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== user.role;
    page("desk").hidden = false;
    run.open({ ...user, name: user.display_name || user.username || user.email });
  } else run.resume?.();
  return show("desk");
}

function leave(reason) {
  if (reason === "asked" && deskUser !== null) return location.reload();
  run.pause?.();
  return show("sign-in", () => signIn.ask(reason));
}

function show(id, then) {
  page("boot").hidden = true;
  page("desk").hidden = id !== "desk" && deskUser === null;
  page("desk").inert = id !== "desk";
  signIn.hidden = id === "desk";
  then?.();
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
