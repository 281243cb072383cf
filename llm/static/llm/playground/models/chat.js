/**
 * The open conversation: its turns, what is being asked, and the answers as they come.
 *
 * Raises `change` (anything but text), `slot` (detail {turn, slot}: an answer has grown), `ended`
 * (detail {turn, slot}), `opened` (a new conversation has its id now), `info` (detail the conversation)
 * and `failed` (detail {action, error}).
 */
import { emit } from "../../../sessions_app/helpers/events.js";
import { randomId } from "../../../sessions_app/helpers/ids.js";
import { titleOf } from "../helpers/names.js";
import { applyEvent, draftTurn, isLive, isOpen, mergeTurn, readTurn } from "./turn.js";

const PAGE = 20;
const SETTLE_MS = 150;
const POLL_MS = 2000;

export class Chat extends EventTarget {
  #api;
  #stream;
  #tabs;
  #timers;
  #newId;
  #before = null;
  #visit = 0;
  #settling = null;
  /** What is changed but not kept yet, and the change that is kept last. */
  #unkept = {};
  #keeping = Promise.resolve();
  id = null;
  info = null;
  turns = [];
  pending = null;
  state = "new";
  error = null;
  connection = "over";
  loadingEarlier = false;
  /** What a conversation that does not exist yet will begin with. */
  draft = blank();

  /**
   * @param {object} options
   * @param {import("./api.js").Api} options.api
   * @param {import("./stream.js").TurnStream} options.stream
   * @param {BroadcastChannel | null} [options.tabs] tells other tabs of this browser to look again
   * @param {{setTimeout: Function, clearTimeout: Function}} [options.timers]
   * @param {() => string} [options.newId]
   */
  constructor({ api, stream, tabs = null, timers = globalThis, newId = randomId }) {
    super();
    this.#api = api;
    this.#stream = stream;
    this.#tabs = tabs;
    this.#timers = { set: (run, ms) => timers.setTimeout(run, ms), clear: (id) => timers.clearTimeout(id) };
    this.#newId = newId;
    stream.addEventListener("event", ({ detail }) => this.#hear(detail));
    stream.addEventListener("gone", ({ detail }) => this.#poll(detail));
    stream.addEventListener("state", ({ detail }) => { this.connection = detail; emit(this, "change"); });
    tabs?.addEventListener("message", ({ data }) => { if (data?.id === this.id && this.id) this.refresh(); });
  }

  get hasEarlier() { return this.#before !== null; }
  get last() { return this.turns.at(-1) ?? null; }
  get live() { return this.turns.find(isLive) ?? null; }
  get busy() { return Boolean(this.live || (this.pending && !this.pending.error)); }
  /** Everything shown, with the question that is on its way. */
  get shown() { return this.pending ? [...this.turns, this.pending] : this.turns; }
  /** What was changed a moment ago counts at once: it is kept before the next question goes out. */
  get settings() {
    if (!this.id) return this.draft;
    return { ...(this.info ?? blank()), ...this.#unkept };
  }
  /** Another number for every conversation one comes to; a new one that gets its id keeps its number. */
  get visit() { return this.#visit; }
  /** What each model is asked with; a parameter that is not here is the model's own. */
  get params() { return this.settings.metadata?.params ?? {}; }

  // Where we are

  openNew() {
    this.#leave();
    Object.assign(this, { id: null, info: null, state: "new", draft: blank() });
    emit(this, "change");
  }

  /** @param {string} id */
  async open(id) {
    if (id === this.id) return;
    this.#leave();
    Object.assign(this, { id, info: null, state: "loading" });
    emit(this, "change");
    await this.load();
  }

  async load() {
    const visit = this.#visit;
    try {
      const [info, page] = await Promise.all([this.#api.conversation(this.id), this.#page()]);
      if (visit !== this.#visit) return;
      Object.assign(this, { turns: page.turns, state: "ready", error: null });
      this.#before = page.next;
      this.#learn(info);
    } catch (error) {
      if (visit !== this.#visit) return;
      Object.assign(this, { state: error.status === 404 ? "gone" : "failed", error });
    }
    emit(this, "change");
    this.#follow();
  }

  /** Look again at the newest turns: another tab or another person may have gone on. */
  async refresh() {
    if (this.state !== "ready") return;
    const visit = this.#visit;
    try {
      const [info, page] = await Promise.all([this.#api.conversation(this.id), this.#page()]);
      if (visit !== this.#visit) return;
      const fresh = new Map(page.turns.map((turn) => [turn.id, turn]));
      const known = new Set(this.turns.map((turn) => turn.id));
      this.turns = [
        ...this.turns.map((turn) => (fresh.has(turn.id) ? mergeTurn(turn, fresh.get(turn.id)) : turn)),
        ...page.turns.filter((turn) => !known.has(turn.id)),
      ];
      this.#dropSent();
      this.#learn(info);
      emit(this, "change");
      this.#follow();
    } catch (error) {
      // Otherwise what is shown stays; the next look may succeed.
      if (visit !== this.#visit || error.status !== 404) return;
      Object.assign(this, { state: "gone", error });
      this.#stream.leave();
      emit(this, "change");
    }
  }

  async loadEarlier() {
    if (!this.#before || this.loadingEarlier) return;
    const visit = this.#visit;
    this.loadingEarlier = true;
    emit(this, "change");
    try {
      const page = await this.#page(this.#before);
      if (visit !== this.#visit) return;
      const known = new Set(this.turns.map((turn) => turn.id));
      this.turns = [...page.turns.filter((turn) => !known.has(turn.id)), ...this.turns];
      this.#before = page.next;
    } catch (error) {
      if (visit !== this.#visit) return;
      emit(this, "failed", { action: "earlier", error });
    } finally {
      if (visit === this.#visit) this.loadingEarlier = false;
      emit(this, "change");
    }
  }

  // Asking

  /**
   * @param {string} content
   * @param {{models: {id: number, name: string}[], blind: boolean, chosen?: number[]}} choice `models` in the order of the
   *   columns; `chosen` as the conversation keeps them, an order that says nothing of who is who
   */
  async ask(content, { models, blind, chosen = models.map((model) => model.id) }) {
    if (this.busy) return;
    this.pending = { ...draftTurn({ id: this.#newId(), content, models: blind ? models.map(() => null) : models, blind }), modelIds: models.map((model) => model.id), chosen };
    await this.resend();
  }

  /** Sends the question that is on its way, for the first time or again: the server knows it by its own id. */
  async resend() {
    const { pending } = this;
    const visit = this.#visit;
    if (!pending) return;
    pending.error = null;
    emit(this, "change");
    try {
      if (!this.id) await this.#create(pending, visit);
      await this.#keeping;
      if (visit !== this.#visit) throw left();
      const { turn_id: id, message } = await this.#api.ask(this.id, {
        content: pending.question.content, model_ids: pending.modelIds, client_msg_id: pending.question.client_msg_id,
        blind: pending.blind, params: this.params,
      });
      if (visit !== this.#visit) return;
      if (this.pending === pending) this.pending = null;
      const { modelIds: _sent, chosen: _kept, first: _draft, error: _none, ...turn } = pending;
      if (!this.turns.some((other) => other.id === id)) this.turns = [...this.turns, { ...turn, id, question: message ?? turn.question }];
      this.#learn(this.info);
      this.#tell();
    } catch (error) {
      if (visit !== this.#visit) return;
      pending.error = error;
      emit(this, "failed", { action: "ask", error });
    }
    emit(this, "change");
    this.#follow();
  }

  /** Takes back a question that could not be sent; returns its text. */
  discard() {
    const content = this.pending?.question.content ?? "";
    this.pending = null;
    emit(this, "change");
    return content;
  }

  // What is done to answers

  /** @param {number | null} slot null: all of them */
  stop(slot = null) { return this.#act("stop", this.live, slot); }
  /** @param {number} slot of the newest turn */
  retry(slot) { return this.#act("retry", this.last, slot); }
  pick(turn, slot) { return this.#act("pick", turn, slot); }

  async #act(action, turn, slot) {
    if (!turn) return;
    const visit = this.#visit;
    try {
      await this.#api[action](turn.id, slot);
      if (visit !== this.#visit) return;
      await this.#reread(turn.id);
      this.#tell();
      this.#follow();
    } catch (error) {
      if (visit === this.#visit) emit(this, "failed", { action, error });
    }
  }

  // What is done to the conversation

  setParams(params) { return this.update({ metadata: { ...this.settings.metadata, params } }); }

  /**
   * Changes are kept one after the other, so that the last one wins.
   * @param {Record<string, any>} body title, tags, system_prompt, metadata, archived
   * @returns {Promise<boolean>} whether it is kept
   */
  async update(body) {
    const visit = this.#visit;
    const { id } = this;
    if (id) Object.assign(this.#unkept, body);
    else Object.assign(this.draft, body);
    emit(this, "change");
    if (!id) return true;
    const keeping = this.#keeping.then(() => this.#api.update(id, body));
    this.#keeping = keeping.catch(() => {});
    try {
      const info = await keeping;
      if (visit === this.#visit) this.#kept(body);
      this.#learn(info);
      this.#tabs?.postMessage({ id });
      return true;
    } catch (error) {
      if (visit === this.#visit) this.#kept(body);
      emit(this, "failed", { action: "update", error });
      return false;
    } finally {
      emit(this, "change");
    }
  }

  // Internals

  #leave() {
    this.#visit += 1;
    this.#stream.leave();
    this.#timers.clear(this.#settling);
    Object.assign(this, { turns: [], pending: null, error: null, loadingEarlier: false, connection: "over" });
    this.#before = null;
    this.#unkept = {};
    this.#keeping = Promise.resolve();
  }

  /** What the server says of a conversation. Of the open one nothing older than what is known; answers may overtake each other. */
  #learn(info) {
    if (info.id === this.id && !(info.version < this.info?.version)) this.info = info;
    emit(this, "info", info.id === this.id ? this.info : info);
  }

  /** A change is on the server, or refused: what it says counts again, unless there is a later change. */
  #kept(body) {
    for (const [name, value] of Object.entries(body)) if (this.#unkept[name] === value) delete this.#unkept[name];
  }

  /** Sent again, it says the same under the same id; what was set since is changed afterwards. */
  async #create(pending, visit) {
    const first = (pending.first ??= { ...this.draft });
    let info = await this.#api.create({
      ...first, title: first.title || titleOf(pending.question.content), model_ids: pending.chosen,
      client_conversation_id: pending.question.client_msg_id,
    });
    if (visit !== this.#visit) throw left();
    for (let known = first, since = changed(this.draft, known); since.length; since = changed(this.draft, known)) {
      known = { ...this.draft };
      info = await this.#api.update(info.id, Object.fromEntries(since));
      if (visit !== this.#visit) throw left();
    }
    Object.assign(this, { id: info.id, info, state: "ready" });
    emit(this, "opened", info);
  }

  async #page(cursor = null) {
    const { results, next } = await this.#api.messages(this.id, { order: "desc", limit: PAGE, cursor });
    const turns = results.filter((line) => line.turn).map(({ turn, ...question }) => readTurn(turn, question));
    return { turns: turns.reverse(), next };
  }

  #hear({ turnId, type, data }) {
    const turn = this.turns.find((other) => other.id === turnId);
    if (!turn) return;
    if (type === "done") return void this.#reread(turnId).then(() => emit(this, "ended", { turn: this.#turn(turnId), slot: null }));
    const wasOpen = turn.slots.filter(isOpen).length;
    const slot = applyEvent(turn, { type, data });
    if (!slot) return;
    if (turn.slots.filter(isOpen).length < wasOpen) {
      emit(this, "ended", { turn, slot });
      // Cost and the last word on an answer are in its row.
      this.#timers.clear(this.#settling);
      this.#settling = this.#timers.set(() => this.#reread(turnId), SETTLE_MS);
    }
    emit(this, "slot", { turn, slot });
  }

  /** No stream is to be had for a turn: its row is read now and then instead. */
  async #poll(turnId) {
    await this.#reread(turnId);
    if (this.live?.id === turnId) this.#settling = this.#timers.set(() => this.#poll(turnId), POLL_MS);
  }

  async #reread(turnId) {
    const visit = this.#visit;
    try {
      const fresh = readTurn(await this.#api.turn(turnId));
      if (visit !== this.#visit) return;
      this.turns = this.turns.map((turn) => (turn.id === turnId ? mergeTurn(turn, fresh) : turn));
    } catch (error) {
      if (visit === this.#visit && error.status !== 404) emit(this, "failed", { action: "read", error });
    }
    if (visit === this.#visit) emit(this, "change");
  }

  #turn(id) { return this.turns.find((turn) => turn.id === id) ?? null; }

  /** A question that was thought lost may have arrived after all. */
  #dropSent() {
    const sent = this.pending?.question.client_msg_id;
    if (sent && this.turns.some((turn) => turn.question?.client_msg_id === sent)) this.pending = null;
  }

  #follow() {
    const { live } = this;
    if (live) this.#stream.follow(live.id);
    else this.#stream.leave();
  }

  #tell() { this.#tabs?.postMessage({ id: this.id }); }
}

const left = () => Object.assign(new Error("left"), { code: "LEFT" });
const changed = (now, before) => Object.entries(now).filter(([name, value]) => value !== before[name]);

function blank() {
  return { title: "", system_prompt: "", tags: [], metadata: {} };
}
