/**
 * Help from the models with the open chat: drafts beside each other, a rewriting, a summary, tags.
 * Texts come by the socket while they are written; what counts in the end is what the server keeps.
 * Knows no DOM. Raises `change`, and `failed` (detail {error}) when help could not be asked for.
 */
import { emit } from "../../../sessions_app/helpers/events.js";

const LOOK_MS = 4000;
const OPEN = ["queued", "running"];

export class Help extends EventTarget {
  #rest;
  #timers;
  #timer = null;
  #sent = new Map();

  /** @param {{rest: any, connection: any, timers?: {setTimeout: Function, clearTimeout: Function}}} parts */
  constructor({ rest, connection, timers = globalThis }) {
    super();
    this.#rest = rest;
    this.#timers = { set: (run, ms) => timers.setTimeout(run, ms), clear: (id) => timers.clearTimeout(id) };
    connection.addEventListener("frame", ({ detail }) => this.#onFrame(detail));
    this.#clear();
  }

  get isRunning() { return this.asking || this.slots.some(({ status }) => OPEN.includes(status)); }

  // Actions

  /** @param {"draft" | "rewrite" | "summary" | "tags"} kind */
  async ask(sessionId, kind, { input, models = 1 } = {}) {
    this.dismiss();
    Object.assign(this, { sessionId, kind, asking: true });
    const asked = (this.asked = {});
    emit(this, "change");
    try {
      const turn = await this.#rest.call("POST", `/chat/sessions/${sessionId}/help`, { kind, models, ...(input && { input }) });
      if (this.asked !== asked) return;
      this.asking = false;
      this.#learn(turn);
      this.#lookLater();
    } catch (error) {
      if (this.asked !== asked) return;
      this.#clear();
      emit(this, "change");
      emit(this, "failed", { error });
    }
  }

  stop(slot) { return this.#decide("stop", slot); }
  retry(slot) { return this.#decide("retry", slot); }

  dismiss() {
    if (this.turnId && this.isRunning) this.#rest.call("POST", `/turns/${this.turnId}/stop`, {}).catch(() => {});
    this.#clear();
    emit(this, "change");
  }

  /** A draft, {turnId, slot}, goes out as the send with this id; once the server has it, that is kept. */
  sent(taken, clientId) { this.#sent.set(clientId, taken); }

  /** A message of ours that the server has. */
  settle(message) {
    const use = this.#sent.get(message.client_msg_id);
    if (!use) return;
    this.#sent.delete(message.client_msg_id);
    this.#rest.call("POST", `/turns/${use.turnId}/use`, { slot: use.slot, message_id: message.id }).catch(() => {});
  }

  // Internals

  #clear() {
    this.#timers.clear(this.#timer);
    Object.assign(this, { asked: null, asking: false, sessionId: null, turnId: null, kind: "", slots: [], tags: null });
  }

  async #decide(action, slot) {
    const { turnId } = this;
    try {
      this.#learn(await this.#rest.call("POST", `/turns/${turnId}/${action}`, { slot }), turnId);
      this.#lookLater();
    } catch (error) {
      emit(this, "failed", { error });
    }
  }

  #learn(turn, turnId = turn.id) {
    if (this.turnId && this.turnId !== turnId) return;
    this.turnId = turn.id;
    this.tags = turn.tags ?? null;
    this.slots = turn.results.map((result) => {
      const known = this.slots.find(({ slot, attempt }) => slot === result.slot && attempt === result.attempt);
      // While it is written, the socket is ahead of the row.
      const text = OPEN.includes(result.status) && known?.text.length > result.text.length ? known.text : result.text;
      return { ...result, text, seq: known?.seq ?? 0 };
    });
    emit(this, "change");
  }

  #onFrame(frame) {
    if (!this.turnId || frame.turn_id !== this.turnId) return;
    const slot = this.slots.find((one) => one.slot === frame.slot);
    if (!slot) return;
    if (frame.type === "reply.start") Object.assign(slot, { attempt: frame.attempt, status: "running", text: "", seq: 0 });
    else if (frame.type === "reply.chunk") {
      const first = frame.from_seq ?? frame.seq;
      if (first > slot.seq + 1 || frame.seq <= slot.seq) return;
      Object.assign(slot, { seq: frame.seq, text: slot.text + frame.delta_text, status: "running" });
    } else if (frame.type === "reply.end") this.#look();
    emit(this, "change");
  }

  async #look() {
    const { turnId } = this;
    if (!turnId) return;
    try {
      this.#learn(await this.#rest.call("GET", `/turns/${turnId}`), turnId);
    } catch { /* looked at again */ }
    this.#lookLater();
  }

  /** A frame may be lost; the row is not. */
  #lookLater() {
    this.#timers.clear(this.#timer);
    if (this.turnId && this.isRunning) this.#timer = this.#timers.set(() => this.#look(), LOOK_MS);
  }
}
