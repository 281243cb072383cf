/* Cland Chat: the launcher other sites embed. It loads nothing until somebody wants to talk; the
   chat itself is a document of our own origin in a frame. */
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector("script[data-widget]");
  const key = script && script.dataset.widget;
  const earlier = window.SupportChat;
  if (!key || (earlier && earlier.open)) return;

  const ORIGIN = new URL(script.src, location.href).origin;
  const WAIT_MS = 15000;
  const wish = script.dataset;
  const lang = (wish.locale || document.documentElement.lang || navigator.language || "en").toLowerCase();
  const words = /^zh\b/.test(lang)
    ? { open: "打开聊天", close: "关闭聊天", unread: "{n} 条未读消息", chat: "聊天", loading: "正在打开聊天…", failed: "聊天暂时无法打开。", retry: "重试" }
    : { open: "Open chat", close: "Close chat", unread: "{n} unread", chat: "Chat", loading: "Opening the chat…", failed: "The chat could not be opened.", retry: "Try again" };

  // What is kept on the host's side, if the browser lets us

  const slot = "cland-chat:" + key;
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(slot)) || {}; } catch { /* denied */ }
  const keep = (change) => {
    Object.assign(kept, change);
    try { localStorage.setItem(slot, JSON.stringify(kept)); } catch { /* this page only */ }
  };

  // The launcher: a shadow root, styled without a style element so that a strict CSP has no objection

  const make = (tag, props, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };
  const shape = (box, d) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const path = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", box);
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", d);
    svg.append(path);
    return svg;
  };

  const host = make("support-chat");
  const root = host.attachShadow({ mode: "open" });
  const badge = make("span", { className: "badge", hidden: true });
  const launcher = make("button", { type: "button", className: "launcher" },
    shape("0 0 24 24", "M12 3.5c5 0 9 3.3 9 7.6s-4 7.6-9 7.6c-.9 0-1.8-.1-2.6-.3L4.9 20.5c-.4.2-.8-.2-.7-.6l.9-3.4C3.8 15.1 3 13.2 3 11.1 3 6.8 7 3.5 12 3.5Z"),
    shape("0 0 24 24", "M6 9.5l6 6 6-6"), badge);
  const note = make("p", { className: "note" });
  const panel = make("div", { className: "panel", hidden: true, id: "panel" }, note);
  launcher.setAttribute("aria-controls", "panel");
  root.append(panel, launcher);

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; position: fixed; z-index: 2147483000; inset-block-end: 20px; color-scheme: light dark; --c: #4f46e5; --bg: light-dark(#fff, #15171d); --ink: light-dark(#464d5f, #b9bfcc); font: 14px/1.5 -apple-system, "Segoe UI", Roboto, "Noto Sans", system-ui, sans-serif; }
    :host([theme=light]) { color-scheme: light; }
    :host([theme=dark]) { color-scheme: dark; }
    :host([side=right]) { inset-inline-end: 20px; }
    :host([side=left]) { inset-inline-start: 20px; }
    .launcher { all: unset; box-sizing: border-box; cursor: pointer; position: relative; display: grid; place-items: center; inline-size: 56px; block-size: 56px; border-radius: 50%; background: var(--c); color: #fff; box-shadow: 0 1px 2px #0f172a33, 0 8px 24px -6px #0f172a59; transition: transform .16s ease, box-shadow .16s ease; -webkit-tap-highlight-color: transparent; }
    .launcher:hover { transform: translateY(-1px); box-shadow: 0 1px 2px #0f172a33, 0 12px 28px -6px #0f172a73; }
    .launcher:active { transform: none; }
    .launcher:focus-visible { outline: 2px solid var(--c); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { grid-area: 1 / 1; inline-size: 26px; block-size: 26px; fill: currentColor; transition: opacity .16s, transform .16s; }
    svg + svg { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; opacity: 0; transform: rotate(-40deg); }
    :host([open]) svg { opacity: 0; transform: scale(.7); }
    :host([open]) svg + svg { opacity: 1; transform: none; }
    .badge { position: absolute; inset-block-start: -3px; inset-inline-end: -3px; box-sizing: border-box; min-inline-size: 22px; block-size: 22px; padding: 0 6px; border-radius: 11px; background: #bf2330; color: #fff; font: 600 12px/22px system-ui, sans-serif; text-align: center; box-shadow: 0 0 0 2px var(--bg); }
    .panel { position: absolute; inset-block-end: 72px; display: grid; inline-size: min(400px, calc(100vw - 40px)); block-size: min(700px, calc(100dvh - 112px)); border-radius: 16px; overflow: hidden; background: var(--bg); box-shadow: 0 0 0 1px #0f172a14, 0 2px 6px #0f172a14, 0 24px 64px -12px #0f172a52; transform-origin: 100% 100%; animation: in .18s cubic-bezier(.2, .8, .3, 1); }
    :host([side=right]) .panel { inset-inline-end: 0; }
    :host([side=left]) .panel { inset-inline-start: 0; }
    iframe { grid-area: 1 / 1; border: 0; inline-size: 100%; block-size: 100%; background: transparent; visibility: hidden; opacity: 0; transition: opacity .15s; }
    iframe.ready { visibility: visible; opacity: 1; }
    .panel[hidden], .badge[hidden] { display: none; }
    .note { grid-area: 1 / 1; place-self: center; margin: 0; padding: 24px; color: var(--ink); text-align: center; }
    .note button { all: unset; cursor: pointer; display: block; margin: 12px auto 0; padding: 6px 16px; border-radius: 8px; background: var(--c); color: #fff; font-weight: 600; }
    .note button:focus-visible { outline: 2px solid var(--c); outline-offset: 2px; }
    @keyframes in { from { opacity: 0; transform: translateY(10px); } }
    @media (max-width: 500px), (max-height: 460px) {
      :host([open]) { inset: 0; }
      :host([open]) .launcher { display: none; }
      :host([side]) .panel { position: fixed; inset: 0; inline-size: auto; block-size: 100dvh; border-radius: 0; box-shadow: none; }
    }
    @media (prefers-reduced-motion: reduce) { .launcher, .panel, svg, iframe { transition: none; animation: none; } }
    @media print { :host { display: none; } }`);
  root.adoptedStyleSheets = [sheet];

  // State

  let frame = null;
  let ready = false;
  let opened = false;
  let unread = 0;
  let timer = 0;
  let scrolling = "";
  const waiting = [];
  const listeners = {};
  const phone = matchMedia("(max-width: 500px), (max-height: 460px)");

  const tell = (event, detail) => (listeners[event] || []).slice().forEach((fn) => {
    try { fn(detail); } catch (error) { setTimeout(() => { throw error; }); }
  });
  const post = (type, body) => {
    const message = { cc: 1, type, ...body };
    if (ready) frame.contentWindow.postMessage(message, ORIGIN);
    else waiting.push(message);
  };

  function paint() {
    host.toggleAttribute("open", opened);
    panel.hidden = !opened;
    launcher.setAttribute("aria-expanded", String(opened));
    const count = words.unread.replace("{n}", unread);
    launcher.setAttribute("aria-label", opened ? words.close : unread ? words.open + ", " + count : words.open);
    badge.hidden = opened || !unread;
    badge.textContent = unread > 99 ? "99+" : String(unread);
    const page = document.documentElement;
    if (opened && phone.matches) {
      if (page.style.overflow !== "hidden") scrolling = page.style.overflow;
      page.style.overflow = "hidden";
    } else if (page.style.overflow === "hidden") page.style.overflow = scrolling;
  }

  function preconnect() {
    if (document.head.querySelector(`link[rel=preconnect][href="${ORIGIN}"]`)) return;
    document.head.append(make("link", { rel: "preconnect", href: ORIGIN }));
  }

  // The frame

  function load() {
    if (frame) return;
    frame = make("iframe", { title: words.chat, referrerPolicy: "origin", allow: "clipboard-write" });
    frame.src = `${ORIGIN}/widget/${encodeURIComponent(key)}/frame?lang=${encodeURIComponent(lang)}`;
    frame.addEventListener("load", greet);
    note.textContent = words.loading;
    panel.append(frame);
    timer = setTimeout(fail, WAIT_MS);
  }

  /** Nothing answered: a blocked frame, a server that is away, an origin that is not allowed. */
  function fail() {
    if (!frame || ready) return;
    frame.remove();
    frame = null;
    const again = make("button", { type: "button", textContent: words.retry, onclick: () => load() });
    note.replaceChildren(words.failed, again);
    tell("error", { reason: "load" });
  }

  function greet() {
    if (!frame) return;
    ready = false;
    const { title } = document;
    frame.contentWindow.postMessage({
      cc: 1, type: "init", open: opened, theme: wish.theme || "auto", dir: getComputedStyle(document.documentElement).direction,
      phone: phone.matches, page: { url: location.origin + location.pathname, title }, reset: Boolean(kept.reset),
    }, ORIGIN);
  }

  const heard = {
    ready() {
      ready = true;
      clearTimeout(timer);
      keep({ reset: false });
      note.textContent = "";
      frame.classList.add("ready");
      waiting.splice(0).forEach((message) => frame.contentWindow.postMessage(message, ORIGIN));
      tell("ready");
      if (opened) frame.focus();
    },
    close,
    unread({ count }) {
      unread = Math.max(0, Math.min(999, Number(count) || 0));
      paint();
      tell("unread", { count: unread });
    },
    brand({ color, side }) {
      if (/^#[0-9a-f]{6}$/i.test(color)) keep({ color });
      if (side === "left" || side === "right") keep({ side });
      dress();
    },
    active({ active }) { keep({ active: Boolean(active) }); },
    refused() { tell("error", { reason: "identity" }); },
    message({ from }) { tell("message", { from: String(from) }); },
  };

  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== ORIGIN) return;
    const { data } = event;
    if (!data || data.cc !== 1 || typeof data.type !== "string") return;
    if (Object.hasOwn(heard, data.type)) heard[data.type](data);
  });

  // Open and close

  function open() {
    if (opened) return;
    opened = true;
    keep({ open: true });
    load();
    paint();
    post("open", { phone: phone.matches });
    if (ready) frame.focus();
    tell("open");
  }

  function close() {
    if (!opened) return;
    const held = root.activeElement;
    opened = false;
    keep({ open: false });
    paint();
    post("closed");
    if (held) launcher.focus({ preventScroll: true });
    tell("close");
  }

  function dress() {
    host.setAttribute("side", wish.position || kept.side || "right");
    host.setAttribute("theme", wish.theme || "auto");
    host.style.setProperty("--c", wish.color || kept.color || "#4f46e5");
  }

  window.SupportChat = {
    open,
    close,
    toggle() { if (opened) close(); else open(); },
    setUser(user) { post("user", { user }); },
    setMetadata(metadata) { post("metadata", { metadata }); },
    reset() {
      keep({ reset: !ready, active: false });
      unread = 0;
      paint();
      for (let index = waiting.length; index--;) if (/user|metadata/.test(waiting[index].type)) waiting.splice(index, 1);
      if (ready) post("reset");
    },
    /** Events: ready, open, close, unread {count}, message {from}, error {reason}. Returns a function that stops. */
    on(event, fn) {
      (listeners[event] = listeners[event] || []).push(fn);
      return () => { listeners[event] = listeners[event].filter((one) => one !== fn); };
    },
  };

  ["pointerenter", "focus", "touchstart"].forEach((name) => launcher.addEventListener(name, preconnect, { once: true, passive: true }));
  launcher.addEventListener("click", window.SupportChat.toggle);
  root.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  phone.addEventListener("change", () => { paint(); post("phone", { phone: phone.matches }); });

  function begin() {
    document.body.append(host);
    dress();
    paint();
    // Someone who left a conversation open, or is waiting for an answer, has shown the wish to talk.
    if (kept.open && !phone.matches) open();
    else if (kept.active) setTimeout(load, 1500);
    if (Array.isArray(earlier)) earlier.forEach(([name, ...rest]) => window.SupportChat[name]?.(...rest));
  }
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin, { once: true });
})();
