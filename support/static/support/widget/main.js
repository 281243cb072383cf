import { watchLifecycle } from "../../sessions_app/helpers/lifecycle.js";
import { SafeStorage } from "../../sessions_app/helpers/storage.js";
import { initials } from "../../sessions_app/helpers/text.js";
import { Bridge } from "./bridge.js";
import { Chat } from "./chat.js";
import { ChatComposer } from "./composer.js";
import { ChatLog } from "./log.js";
import { presenceOf, troubleOf } from "./presence.js";
import { config, learn, locale, say } from "./words.js";

customElements.define("chat-log", ChatLog);
customElements.define("chat-composer", ChatComposer);

const $ = (selector) => document.querySelector(selector);
const [log, composer, tray] = ["chat-log", "chat-composer", "chat-files"].map($);
const storage = new SafeStorage(`cc:${config.key}:`);
const bridge = new Bridge();
const chat = new Chat({ config, storage, wsUrl: `${location.origin.replace(/^http/, "ws")}${config.api.ws}` });
let shown = !bridge.framed;

const seen = () => shown && document.visibilityState === "visible";
const root = document.documentElement;

// Look

function dress() {
  const { name, color } = config.brand;
  const main = $(".chat");
  if (/^#[0-9a-f]{6}$/i.test(color)) {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
    main.style.setProperty("--brand", color);
    // Whichever of black and white is easier to read on it.
    main.style.setProperty("--on-brand", 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3 ? "#161922" : "#fff");
  }
  document.querySelectorAll(".mark").forEach((mark) => { mark.textContent = initials(name); });
  if (config.texts.greeting) $("#greeting").textContent = config.texts.greeting;
  $("#chips").replaceChildren(...config.texts.suggestions.map((text) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("button"), { type: "button", dir: "auto", textContent: text, onclick: () => send(text) }));
    return item;
  }));
  $("#close").hidden = !bridge.framed;
  paintSound();
}

function paintSound() {
  const on = Boolean(storage.get("sound"));
  $("#sound").setAttribute("aria-pressed", String(on));
  $("#sound").setAttribute("aria-label", say(on ? "sound_off" : "sound_on"));
  $("#sound use").setAttribute("href", on ? "#i-sound" : "#i-mute");
}

// Every change

let unread = -1;
let active = null;

function draw() {
  const presence = presenceOf(chat);
  const line = $(".presence");
  line.dataset.at = presence.at;
  if (line.textContent !== presence.text) line.textContent = presence.text;
  drawBanner(troubleOf(chat));
  const { status } = chat;
  const closed = status === "closed";
  composer.hidden = closed;
  $("#end").hidden = !closed;
  if ((closed || status === "queued") && !more) attempt(loadMore);
  composer.personOffered = ["new", "bot"].includes(status);
  const jump = $("#newest");
  jump.hidden = log.atBottom;
  const waiting = chat.unread.length;
  jump.firstElementChild.textContent = waiting ? say(waiting === 1 ? "newest_one" : "newest_count", { n: waiting }) : "";
  jump.setAttribute("aria-label", say("newest"));
  if (seen() && log.atBottom) chat.markRead();
  report();
}

function drawBanner(trouble) {
  const banner = $(".banner");
  const text = trouble?.text ?? "";
  banner.hidden = !text;
  if (banner.dataset.text === text) return;
  banner.dataset.text = text;
  banner.replaceChildren(text);
  if (trouble?.retry) banner.append(Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: say("retry"), onclick: takeUp }));
}

/** What the launcher should know. */
function report() {
  const count = seen() ? 0 : chat.unread.length;
  if (count !== unread) bridge.tell("unread", { count: (unread = count) });
  const now = Boolean(chat.feed && chat.status !== "closed");
  if (now !== active) bridge.tell("active", { active: (active = now) });
}

// What people do

function send(text) {
  $("#hint").textContent = "";
  chat.send(text, tray.take?.());
  log.toBottom();
}

let more = null;
let tries = 0;

/** What few conversations need (files, a rating, nobody there, sound) is loaded when one does. */
function loadMore() {
  more ??= fetchMore().catch((error) => {
    more = null;
    throw error;
  });
  return more;
}

async function fetchMore() {
  // Its script alone may have been lost the time before.
  if (!$("#more")) {
    const answer = await fetch(`/widget/more?lang=${locale}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of page.querySelectorAll("[data-for]")) $(part.dataset.for).append(...part.childNodes);
    document.body.append(...page.querySelectorAll("#more, #signs, #file-sign"));
    learn(JSON.parse($("#more").textContent));
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/widget/more.css" }));
  }
  // A browser remembers that a module could not be had; under another address it asks again.
  await import(tries++ ? `/widget/more.js?again=${tries}` : "/widget/more.js");
  tray.addEventListener("change", () => { composer.files = tray.count; });
  tray.start({
    base: config.api.base, rest: chat.rest, storage, outbox: chat.outbox, connection: chat.connection,
    limits: { ...config.files, accept: composer.picker.accept },
  });
  $("chat-rating").chat = chat;
  $("chat-reach").start(chat, storage);
  log.redraw();
}

async function attach(files) {
  await loadMore();
  tray.add(files);
  composer.focus();
}

function takeUp() {
  chat.connection.wake();
  if (chat.connection.state === "denied") chat.connection.connect();
  chat.start();
}

async function attempt(action) {
  const hint = $("#hint");
  try {
    await action();
    hint.textContent = "";
    return true;
  } catch {
    hint.textContent = say("action_failed");
    return false;
  }
}

/** A message is no less there for being silent. */
const ring = () => loadMore().then(() => dispatchEvent(new Event("ring")), () => {});

async function askForPerson() {
  await chat.askForPerson();
  composer.focus();
}

composer.addEventListener("send", ({ detail }) => send(detail));
composer.addEventListener("files", ({ detail }) => { composer.attaching = attempt(() => attach(detail)); });
composer.addEventListener("typing", () => (composer.text ? chat.typing.key() : chat.typing.stop()));
for (const part of [composer, log]) part.addEventListener("person", () => attempt(askForPerson));
log.addEventListener("again", () => attempt(() => chat.act("retry-reply")));
log.addEventListener("bottom", draw);
log.addEventListener("more", () => { if (!more) attempt(loadMore); });
log.addEventListener("stale", ({ detail }) => attempt(async () => open(await detail(chat.rest), "_blank", "noopener")));
$("#again").addEventListener("click", () => {
  chat.startAnew();
  draw();
  composer.focus();
});
$("#newest").addEventListener("click", () => log.toBottom(true));
$("#close").addEventListener("click", () => bridge.tell("close"));
$("#sound").addEventListener("click", () => {
  storage.set("sound", !storage.get("sound"));
  paintSound();
  if (storage.get("sound")) ring();
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) bridge.tell("close"); });
document.addEventListener("visibilitychange", () => { if (seen()) draw(); });
["online", "offline"].forEach((name) => addEventListener(name, draw));
addEventListener("storage", ({ key }) => { if (key === `cc:${config.key}:session` && !chat.feed) chat.start(); });

chat.addEventListener("change", draw);
chat.addEventListener("message", ({ detail }) => {
  bridge.tell("message", { from: detail.sender.kind });
  if (!seen() && storage.get("sound")) ring();
});
chat.addEventListener("refused", () => bridge.tell("refused"));

// The host page

function appear() {
  shown = true;
  if (chat.unread.length) log.markUnread();
  log.toBottom();
  if (!composer.hidden && !matchMedia("(pointer: coarse)").matches) composer.focus();
  else $("h1").focus();
  draw();
}

bridge.addEventListener("init", ({ detail }) => {
  if (["light", "dark"].includes(detail.theme)) root.dataset.theme = detail.theme;
  if (["rtl", "ltr"].includes(detail.dir)) root.dir = detail.dir;
  chat.setMetadata({ page: detail.page?.url, page_title: detail.page?.title });
  if (detail.reset) chat.reset();
  else chat.start();
  bridge.tell("ready");
  bridge.tell("brand", { color: config.brand.color, side: config.brand.launcher });
  if (detail.open) appear();
  report();
});
bridge.addEventListener("open", appear);
bridge.addEventListener("closed", () => { shown = false; });
bridge.addEventListener("user", ({ detail }) => attempt(() => chat.setUser(detail.user)));
bridge.addEventListener("metadata", ({ detail }) => chat.setMetadata(detail.metadata));
bridge.addEventListener("reset", () => {
  chat.reset();
  composer.text = "";
  tray.clear?.();
});

dress();
composer.storage = storage;
log.chat = chat;
watchLifecycle(chat.connection);
$("#forgetful").hidden = storage.lasting;
draw();
if (storage.get("files:")) attempt(loadMore);
if (!bridge.framed) chat.start();
