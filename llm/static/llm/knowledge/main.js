/**
 * The page of the knowledge. The server lays out what an address shows; here links and forms become
 * addresses or requests, and what comes back is put in place.
 */
import { language, rest, signOut, start } from "../../chatsite/lib/boot.js";
import { announce, refs } from "../../chatsite/lib/dom.js";
import { has, t } from "../../chatsite/lib/text.js";
import { explain } from "../../chatsite/models/problems.js";
import { startChoices } from "../../chatsite/parts/choices.js";
import { tell, untell } from "../../chatsite/parts/problem.js";
import { ApiError } from "../../sessions_app/models/rest.js";

const PREVIEW_MS = 400;
const IMPORT_MS = 120_000;
const CHOICES_MS = 200;
const STANDING_MS = 3000;
const panel = document.getElementById("panel");
const toasts = document.querySelector("page-toasts");
const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
let asked = 0;
let unsaved = false;
let shownAt = location.search;
let previewing = 0;
let choosing = 0;

await start({ open, resume: () => { if (!unsaved) show(); } });

function open(me) {
  document.getElementById("who").textContent = me.name;
  document.getElementById("sign-out").addEventListener("click", signOut);
  startChoices(refs(document.getElementById("settings")));
  panel.addEventListener("click", onClick);
  panel.addEventListener("submit", onSubmit);
  panel.addEventListener("input", onInput);
  panel.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-find]");
    if (form && event.target.matches("select")) find(form);
  });
  addEventListener("popstate", () => {
    if (mayLeave()) show();
    else history.pushState(null, "", shownAt || location.pathname);
  });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  show();
}

function mayLeave() {
  if (unsaved && !confirm(t("unsaved"))) return false;
  unsaved = false;
  return true;
}

function onClick(event) {
  const link = event.target.closest("a[data-go]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button) {
    event.preventDefault();
    return go(link.getAttribute("href"));
  }
  const button = event.target.closest("[data-post], [data-publish], [data-delete]");
  if (!button) return undefined;
  if (button.dataset.publish) return publish(button);
  if (button.dataset.delete) return remove(button);
  if (!mayLeave()) return undefined;
  const { post, body, said: text, undo, undoBody, undone } = button.dataset;
  return busy(button, async () => {
    await rest.call("POST", post, body && JSON.parse(body));
    said(text, undo && { label: t("undo"), run: () => takeBack(undo, undoBody, undone) });
    await show({ from: panel });
  });
}

/** What was just done is undone, wherever on the page one is by now. */
async function takeBack(path, body, text) {
  try {
    await rest.call("POST", path, body && JSON.parse(body));
    said(text);
    if (!unsaved) await show({ from: panel });
  } catch (error) {
    if (error.status !== 401) blame(error);
  }
}

function remove(button) {
  const dialog = document.getElementById("delete-dialog");
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "delete") return button.focus();
    return busy(button, async () => {
      await rest.call("DELETE", button.dataset.delete);
      unsaved = false;
      said(button.dataset.said);
      go("?");
    });
  }, { once: true });
  dialog.returnValue = "";
  dialog.showModal();
}

function onSubmit(event) {
  if (event.target.method === "dialog") return;
  event.preventDefault();
  const form = event.target;
  if (!form.reportValidity()) return;
  if ("find" in form.dataset) find(form);
  else if ("save" in form.dataset) busy(event.submitter, () => save(form, form.dataset.said));
  else if ("import" in form.dataset) busy(event.submitter, () => bringIn(form));
  else if ("answer" in form.dataset) busy(event.submitter, () => answer(form));
}

function onInput(event) {
  if (event.target.matches("[data-choices]")) offer(event.target.value);
  const form = event.target.closest("form[data-save]");
  if (!form) return;
  unsaved = true;
  if (event.target.name !== "body") return;
  clearTimeout(previewing);
  previewing = setTimeout(() => preview(form.elements.body.value), PREVIEW_MS);
}

async function preview(body) {
  const { html } = await rest.call("POST", "/knowledge/preview", { body }).catch(() => ({}));
  const place = document.getElementById("preview");
  // The server has cleaned it.
  if (html !== undefined && place && panel.querySelector("#edit-body")?.value === body) place.innerHTML = html;
}

/** Articles whose titles hold what is typed. */
function offer(words) {
  clearTimeout(choosing);
  choosing = setTimeout(async () => {
    const { results } = await rest.call("GET", `/knowledge/choices?${new URLSearchParams({ q: words.replace(/\s*\(#\d+\)$/u, "") })}`).catch(() => ({ results: [] }));
    const named = results.map(({ id, title }) => Object.assign(document.createElement("option"), { value: `${title} (#${id})` }));
    document.getElementById("articles")?.replaceChildren(...named);
  }, CHOICES_MS);
}

/** While passages wait for their vectors, the page says how far it is. */
async function watchStanding(place) {
  while (place.isConnected && "changing" in place.dataset) {
    await new Promise((done) => { setTimeout(done, STANDING_MS); });
    if (document.hidden || !place.isConnected) continue;
    const now = await rest.call("GET", "/knowledge/standing").catch(() => null);
    if (!now) continue;
    if (place.textContent !== now.text) place.textContent = now.text;
    place.toggleAttribute("data-changing", now.is_changing);
    place.toggleAttribute("data-whole", now.is_whole);
  }
}

function find(form) {
  const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
  go(`?${new URLSearchParams(chosen)}`);
}

/** Stores the article and shows it as it is stored. */
async function save(form, text) {
  const { team_id: team, tags, question_id: question, ...rest_ } = Object.fromEntries(new FormData(form));
  // What is typed while it is stored would be lost with the form.
  const held = document.activeElement;
  form.inert = true;
  const made = await rest.call(form.dataset.method, form.dataset.path, {
    ...rest_, team_id: team ? Number(team) : null,
    tags: tags.split(/[,，、]/u).map((tag) => tag.trim()).filter(Boolean),
    ...(question ? { question_id: Number(question) } : {}),
  }).finally(() => { form.inert = false; held?.focus({ preventScroll: true }); });
  if (text) said(text);
  // Who has gone on meanwhile stays there.
  if (!form.isConnected) return;
  unsaved = false;
  history.replaceState(null, "", `?view=article&article=${made.id}`);
  await show({ from: panel });
}

function publish(button) {
  const form = button.form;
  if (!form.reportValidity()) return undefined;
  return busy(button, async () => {
    if (unsaved) await save(form, "");
    await rest.call("POST", button.dataset.publish, {});
    said(button.dataset.said);
    await show({ from: panel });
  });
}

async function bringIn(form) {
  const isFile = Boolean(form.elements.file);
  said(t("importing"));
  const made = await importing(form.dataset.path, isFile ? new FormData(form) : JSON.stringify(Object.fromEntries(new FormData(form))));
  go(`?view=article&article=${made.id}`);
}

/** Reading a page or a file may take longer than other requests, and a file is no JSON. */
async function importing(path, body) {
  const headers = { Accept: "application/json", ...(typeof body === "string" ? { "Content-Type": "application/json" } : {}) };
  const once = () => fetch(`/api/v1${path}`, {
    method: "POST", body, headers: { ...headers, Authorization: `Bearer ${rest.token}` }, signal: AbortSignal.timeout(IMPORT_MS),
  }).catch((error) => { throw new ApiError({ code: error.name === "TimeoutError" ? "TIMEOUT" : "NETWORK", status: 0, detail: t("took_too_long") }); });
  let response = await once();
  if (response.status === 401) {
    await rest.refresh();
    response = await once();
  }
  const given = await response.json().catch(() => null);
  if (response.ok) return given;
  throw new ApiError({ code: given?.code ?? "INTERNAL_ERROR", status: response.status, detail: given?.detail, errors: given?.errors });
}

async function answer(form) {
  const chosen = form.elements.article.value.match(/\(#(\d+)\)\s*$/u) ?? form.elements.article.value.match(/^#?(\d+)$/u);
  if (!chosen) {
    form.elements.article.value = "";
    form.reportValidity();
    return;
  }
  await rest.call("POST", form.dataset.path, { article_id: Number(chosen[1]) });
  said(form.dataset.said);
  await show({ from: panel });
}

async function busy(button, deed) {
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  untell();
  try {
    await deed();
  } catch (error) {
    if (error.status === 401) return;
    blame(error);
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

function said(text, action = null) {
  toasts.show({ text, action });
}

function blame(error, again = null) {
  tell(named(error.errors?.[0]) || (error.status === 415 || error.status === 413 ? error.message : "") || explain(error, { t, has }), again);
  document.getElementById("problem").scrollIntoView({ block: "nearest" });
}

/** What is wrong with a field, behind the name it has on the page. */
function named(wrong) {
  if (!wrong) return "";
  const field = panel.querySelector(`form [name="${CSS.escape(wrong.field.split(".")[0])}"]`);
  const name = field?.closest("label")?.firstChild.textContent.trim();
  field?.focus({ preventScroll: true });
  return name ? `${name}: ${wrong.detail}` : wrong.detail;
}

function go(query) {
  if (!mayLeave()) return;
  history.pushState(null, "", query === "?" ? location.pathname : query);
  show({ from: document.activeElement });
}

/** Shows what the page's address says. */
async function show({ from = null } = {}) {
  const mine = ++asked;
  shownAt = location.search;
  panel.setAttribute("aria-busy", "true");
  try {
    const { html } = await rest.call("GET", `/knowledge/panel${location.search}`);
    if (mine !== asked) return;
    untell();
    put(html, from);
  } catch (error) {
    if (mine !== asked || error.status === 401) return;
    blame(error, () => show({ from: panel }));
  } finally {
    if (mine === asked) panel.removeAttribute("aria-busy");
  }
}

/** The server has escaped whatever is not its own. Who was in a field of the form stays there. */
function put(html, from) {
  const place = from?.id && from !== panel ? `#${CSS.escape(from.id)}` : "";
  panel.innerHTML = html;
  for (const time of panel.querySelectorAll("time[data-time]")) time.textContent = times.format(new Date(time.dateTime));
  const standing = panel.querySelector("#standing");
  if (standing) watchStanding(standing);
  if (panel.querySelector("[data-choices]")) offer("");
  const heading = panel.querySelector("h1");
  document.title = `${heading.textContent.trim()} · Cland Chat`;
  if (!from) return;
  announce(heading.textContent.trim());
  const same = place && panel.querySelector(place);
  (same || panel).focus({ preventScroll: true });
  // After a deed one stays where one was; another address begins at its top.
  if (!same && from !== panel) scrollTo(0, 0);
}
