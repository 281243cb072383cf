import { language, signOut } from "../../../chatsite/lib/boot.js";
import { isTyping, refs as partsOf, setText } from "../../../chatsite/lib/dom.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { Keys } from "../../../chatsite/models/keys.js";
import { explain } from "../../../chatsite/models/problems.js";
import { openShortcuts } from "../../../chatsite/parts/shortcuts_dialog.js";
import { SHORTCUTS } from "../models/keys.js";
import { ModelsDialog } from "./models_dialog.js";

const HOME = "/playground/";
const RUNNING_MS = 4000;
const MODELS_MS = 5000;
const NARROW = matchMedia("(max-width: 1023px)");
// Who only glances at another tab finds the answers still running.
const REST_AFTER_MS = 5000;

/** Puts the parts together: the address says which conversation is open, keys and buttons what is done. */
export class App {
  #chat;
  #choice;
  #history;
  #api;
  #stream;
  #live;
  #storage;
  #parts;
  #models;
  #keys = new Keys(SHORTCUTS);
  #toasts = document.querySelector("page-toasts");

  constructor({ me, api, config, storage, stream, live, chat, choice, history, highlighter, parts }) {
    Object.assign(this, { me });
    this.#chat = chat;
    this.#choice = choice;
    this.#history = history;
    this.#api = api;
    this.#stream = stream;
    this.#live = live;
    this.#storage = storage;
    this.#parts = parts;
    this.#models = new ModelsDialog(choice);
    const run = (action) => this.run(action);
    parts.side.start({ history, chat, me, onOpen: (id) => this.go(id), onClose: () => this.#showSide(false), onShortcuts: () => run("shortcuts"), onSignOut: signOut });
    parts.head.start({ chat, onMenu: () => this.#toggleSide(), onAction: run });
    parts.turns.start({ chat, choice, highlighter, me, onModels: () => this.#loadModels(), onStarter: (text) => parts.composer.write(text), onDiscard: (text) => parts.composer.write(text) });
    parts.composer.start({ chat, choice, storage, most: config.most_chars, onModels: () => run("models"), onAsk: () => parts.settings.flush(), onAsked: () => parts.turns.toNewest() });
    parts.settings.start({ chat, onClose: () => this.#showSettings(false, { focus: true }) });
    this.#listen();
    this.#showSettings(!NARROW.matches && Boolean(storage.get("settings")));
    this.#loadModels();
    history.load();
    this.#follow();
  }

  /** Somebody looks again, or is signed in again. */
  wake() {
    this.#stream.wake();
    this.#chat.refresh();
    if (!this.#choice.available.length) this.#loadModels();
    this.#history.load();
  }

  // Where we are

  /** @param {string | null} id */
  go(id) {
    const path = HOME + (id ?? "");
    if (path !== location.pathname) history.pushState(null, "", path);
    this.#showSide(false);
    this.#follow();
    if (!id) this.#parts.composer.focus();
  }

  #follow() {
    this.#parts.settings.flush();
    const id = location.pathname.slice(HOME.length).replace(/\/$/, "");
    if (id) this.#chat.open(id);
    else if (this.#chat.id || this.#chat.state !== "new") this.#chat.openNew();
  }

  #listen() {
    const chat = this.#chat;
    addEventListener("popstate", () => this.#follow());
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.getElementById("scrim").addEventListener("click", () => { this.#showSide(false); this.#showSettings(false); });
    chat.addEventListener("opened", ({ detail }) => {
      // It was asked of what is chosen; what somebody chooses meanwhile is for the next question.
      this.#shownFor = detail.id;
      history.replaceState(null, "", HOME + detail.id);
      this.#history.put(detail, { first: true });
    });
    chat.addEventListener("info", ({ detail }) => this.#onInfo(detail));
    chat.addEventListener("failed", ({ detail }) => this.#onFailed(detail));
    chat.addEventListener("change", () => { document.title = `${chat.info?.title || t("playground")} · Cland Chat`; });
    this.#delete();
    this.#rename();
    this.#listenElsewhere();
  }

  /** What was done on another device. */
  #listenElsewhere() {
    const live = this.#live;
    const chat = this.#chat;
    const history = this.#history;
    history.addEventListener("change", () => history.rows.forEach(({ id, version }) => live.saw(id, version)));
    chat.addEventListener("change", () => { if (!chat.id || chat.state === "gone") live.follow(null); if (!chat.id) this.#shownFor = null; });
    live.addEventListener("answering", ({ detail }) => { if (detail !== chat.live?.id) chat.refresh(); });
    live.addEventListener("gone", ({ detail }) => { history.drop(detail); if (detail === chat.id) chat.refresh(); });
    live.addEventListener("changed", ({ detail }) => this.#lookAt(detail));
  }

  async #lookAt(id, { first = true } = {}) {
    const chat = this.#chat;
    try {
      if (id === chat.id) await chat.refresh();
      const info = id === chat.id ? chat.info : await this.#api.conversation(id);
      if (info) this.#history.put(info, { first });
      // That its answers have ended is no change of the conversation.
      if (info?.running_turn_id && id !== chat.id) setTimeout(() => this.#lookAt(id, { first: false }), RUNNING_MS);
    } catch (error) {
      if (error.status === 404) this.#history.drop(id);
    }
  }

  #onVisibility() {
    clearTimeout(this.#resting);
    if (document.hidden) this.#resting = setTimeout(() => this.#stream.rest(), REST_AFTER_MS);
    else this.wake();
  }

  #resting = 0;

  #onInfo(info) {
    if (!info) return;
    this.#history.put(info);
    // An answer about a conversation that was left says nothing of the one that is open.
    if (info.id !== this.#chat.id) return;
    this.#live.follow(info.id, info.version);
    if (this.#shownFor !== info.id) this.#choice.use(info.model_ids);
    this.#shownFor = info.id;
  }

  #shownFor = null;

  /** Without models nothing can be asked: they are read again until they are there. */
  async #loadModels() {
    clearTimeout(this.#modelsLater);
    const isNews = !this.#choice.error;
    try {
      await this.#choice.load(() => this.#api.models());
    } catch (error) {
      if (isNews) this.#onFailed({ action: "models", error });
      this.#modelsLater = setTimeout(() => this.#loadModels(), MODELS_MS);
    }
  }

  #modelsLater = 0;

  // What can be done, by name

  /** @param {string} action a name from models/keys.js, or of a menu */
  run(action, key = "") {
    const { composer, turns, side } = this.#parts;
    switch (action) {
      case "write": return composer.focus();
      case "models": return this.#choice.available.length && this.#models.open();
      case "blind": return this.#choice.setBlind(!this.#choice.blind);
      case "column": return turns.focusColumn(Number(key) - 1);
      case "column-back": return turns.moveColumn(document.dir === "rtl" ? 1 : -1);
      case "column-on": return turns.moveColumn(document.dir === "rtl" ? -1 : 1);
      case "pick": case "copy": case "retry": return turns.press(action);
      case "stop": return turns.focusedSlot !== null && this.#chat.stop(turns.focusedSlot);
      case "stop-all": return this.#chat.stop();
      case "new": return this.go(null);
      case "search": this.#showSide(true); return side.focusSearch();
      case "settings": return this.#toggleSettings();
      case "newest": return turns.toNewest();
      case "shortcuts": return openShortcuts(SHORTCUTS);
      case "archive": return this.#archive();
      case "rename": return this.#openRename();
      case "delete": return this.#openDelete();
      case "link": return this.#copyLink();
    }
    return undefined;
  }

  #onKey(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open], :popover-open") || document.getElementById("desk").inert) return;
    if (event.key === "Escape" && this.#parts.side.dataset.open) return this.#showSide(false);
    if (isTyping(event.target)) return;
    const moves = event.key.startsWith("Arrow") || event.key === "End";
    if (moves && event.target.closest?.("pre, .table, input, [role=radio], nav")) return;
    const action = this.#keys.press(event);
    if (!action) return;
    event.preventDefault();
    this.run(action, event.key);
  }

  // Panels

  #toggleSide() {
    if (NARROW.matches) return this.#showSide(!this.#parts.side.dataset.open);
    const hidden = document.body.classList.toggle("side-hidden");
    return this.#parts.head.mark("side", !hidden);
  }

  #showSide(open) {
    const { side, head } = this.#parts;
    if (!NARROW.matches) {
      if (open) document.body.classList.remove("side-hidden");
      return head.mark("side", !document.body.classList.contains("side-hidden"));
    }
    if (open) side.dataset.open = "yes";
    else delete side.dataset.open;
    head.mark("side", open);
    this.#drawScrim();
    if (open) side.refs.close.focus();
  }

  #toggleSettings() { this.#showSettings(this.#parts.settings.hidden, { focus: true }); }

  #showSettings(open, { focus = false } = {}) {
    const { settings, head } = this.#parts;
    settings.hidden = !open;
    if (!NARROW.matches) this.#storage.set("settings", open);
    head.mark("settings", open);
    this.#drawScrim();
    if (focus && open) settings.focusTitle();
    else if (focus) head.querySelector("[data-action=settings]").focus();
  }

  #drawScrim() {
    document.getElementById("scrim").hidden = !NARROW.matches || !(this.#parts.side.dataset.open || !this.#parts.settings.hidden);
  }

  // What is done to a conversation

  async #archive() {
    const { info } = this.#chat;
    if (!info) return;
    const archived = !info.archived_at;
    if (!(await this.#chat.update({ archived }))) return;
    this.#toasts.show({
      text: t(archived ? "done_archived" : "done_unarchived"),
      ...(archived ? { action: { label: t("undo"), run: () => this.#chat.update({ archived: false }) } } : {}),
    });
  }

  #copyLink() {
    navigator.clipboard?.writeText(location.href).then(() => this.#toasts.show({ text: t("copied") }), () => {});
  }

  #rename() {
    const dialog = document.getElementById("rename-dialog");
    const { form, input, cancel } = partsOf(dialog);
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => {
      const title = input.value.trim();
      if (title && title !== this.#chat.info?.title) this.#chat.update({ title });
    });
  }

  #openRename() {
    if (!this.#chat.info) return;
    const dialog = document.getElementById("rename-dialog");
    const { input } = partsOf(dialog);
    input.value = this.#chat.info.title;
    dialog.showModal();
    input.select();
  }

  #delete() {
    const dialog = document.getElementById("delete-dialog");
    const { form, cancel } = partsOf(dialog);
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => this.#deleteNow(this.#chat.id));
  }

  #openDelete() {
    if (!this.#chat.info) return;
    const dialog = document.getElementById("delete-dialog");
    setText(partsOf(dialog).text, t("delete_text", { title: this.#chat.info.title || t("untitled") }));
    dialog.showModal();
  }

  async #deleteNow(id) {
    this.#live.leave(id);
    try {
      await this.#api.remove(id);
      this.#history.drop(id);
      if (this.#chat.id === id) this.go(null);
      this.#toasts.show({ text: t("done_deleted") });
    } catch (error) {
      this.#live.comeBack(id);
      this.#onFailed({ action: "delete", error });
    }
  }

  #onFailed({ action, error }) {
    if (error.code === "LEFT" || (action === "ask" && error.code !== "LEFT")) return;
    const wait = error.retryAfter ? new Intl.NumberFormat(language, { style: "unit", unit: "second" }).format(error.retryAfter) : "";
    const why = explain(error, { t, has, wait });
    this.#toasts.show({ text: has(`failed_${action}`) ? t(`failed_${action}`, { why }) : why, error: true });
  }
}
