/** A server of conversations, turns and streams, just large enough for the playground's models. */
import { ApiError } from "../../../sessions_app/static/sessions_app/models/rest.js";

/** Lets everything that is under way come to rest. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 25));

export class FakeApi {
  made = [];
  asked = [];
  resumed = [];
  tickets = 0;
  open = 0;
  refuse = null;
  loseAnswer = false;
  loseOpening = false;
  noStream = false;
  #talks = new Map();
  #turns = new Map();
  #wake = new Set();

  // What the chat asks

  create = async (body) => {
    this.#check();
    const known = body.client_conversation_id && this.made.find((one) => one.client_conversation_id === body.client_conversation_id);
    if (known) {
      if (JSON.stringify(known) !== JSON.stringify(body)) throw new ApiError({ code: "CONFLICT", status: 409 });
      return this.#info(this.#talk(`talk${this.made.indexOf(known) + 1}`));
    }
    const talk = { ...body, id: `talk${this.made.push(body)}`, lines: [], archived_at: null };
    this.#talks.set(talk.id, talk);
    if (this.loseOpening) {
      this.loseOpening = false;
      throw new ApiError({ code: "NETWORK", status: 0 });
    }
    return this.#info(talk);
  };

  update = async (id, body) => {
    this.#check();
    return this.#info(Object.assign(this.#talk(id), body));
  };

  conversation = async (id) => this.#info(this.#talk(id));
  messages = async (id) => ({ results: [...this.#talk(id).lines].reverse().map(({ turnId, ...line }) => ({ ...line, turn: this.#shown(turnId) })), next: null });
  turn = async (id) => this.#shown(id);

  ask = async (id, body) => {
    this.#check();
    const talk = this.#talk(id);
    let line = talk.lines.find(({ client_msg_id: known }) => known === body.client_msg_id);
    if (!line) {
      this.asked.push(body);
      const turnId = `turn${this.#turns.size + 1}`;
      line = { id: `m${turnId}`, seq: talk.lines.length + 1, content: body.content, client_msg_id: body.client_msg_id, turnId };
      talk.lines.push(line);
      this.#turns.set(turnId, { id: turnId, blind: Boolean(body.blind), picked_slot: null, results: body.model_ids.map((model, slot) => fresh(slot, model)) });
    }
    if (this.loseAnswer) {
      this.loseAnswer = false;
      throw new ApiError({ code: "NETWORK", status: 0 });
    }
    const { turnId, ...message } = line;
    return { turn_id: turnId, message };
  };

  stop = async (id, slot) => this.#deed(id, slot, (one) => { if (open(one)) this.#finish(one, "stopped", { type: "final", status: "stopped" }); });
  retry = async (id, slot) => this.#deed(id, slot, (one) => {
    Object.assign(one, fresh(one.slot, one.model.id), { attempt: one.attempt, log: one.log, again: true });
  });
  pick = async (id, slot) => this.#deed(id, slot, () => { this.#turns.get(id).picked_slot = slot; });
  ticket = async () => { this.tickets += 1; return "ticket"; };

  fetch = async (url, { headers, signal }) => {
    const turn = this.#turns.get(/turn\/(\w+)\?/.exec(url)[1]);
    if (this.noStream) return { ok: false, status: 404 };
    this.resumed.push(headers["Last-Event-ID"] ?? null);
    const at = headers["Last-Event-ID"]?.split("-").map(Number) ?? turn.results.map(() => 0);
    this.open += 1;
    const over = () => { this.open -= 1; };
    return { ok: true, status: 200, body: { getReader: () => ({ read: () => this.#read(turn, at, signal, over) }) } };
  };

  // What models do

  /** @param {number} slot of the newest turn */
  say(slot, ...pieces) {
    const one = this.#newest(slot);
    one.status = "running";
    if (one.again) {
      // A worker has taken it: only now does it count as another attempt.
      one.again = false;
      one.log.push({ type: "reset", attempt: (one.attempt += 1) });
    }
    for (const piece of pieces) {
      one.text += piece;
      one.log.push({ type: "chunk", seq: (one.seq += 1), delta_text: piece });
    }
    this.#ring();
  }

  end(slot) {
    const one = this.#newest(slot);
    this.#finish(one, "done", { type: "final", latency_ms: 10, ttft_ms: 1, usage: { completion_tokens: 3 } });
    one.cost = "0.01";
  }

  /** The network breaks every stream. */
  cut() { for (const wake of this.#wake) wake("cut"); }

  // Internals

  #newest(slot) { return [...this.#turns.values()].at(-1).results[slot]; }

  #finish(one, status, event) {
    one.status = status;
    one.log.push(event);
    this.#ring();
  }

  #ring() { for (const wake of [...this.#wake]) wake(); }

  async #deed(id, slot, run) {
    this.#check();
    for (const one of this.#turns.get(id).results) if (slot === null || one.slot === slot) run(one);
    this.#ring();
    return this.#shown(id);
  }

  async #read(turn, at, signal, over) {
    const gone = () => { over(); throw new Error("gone"); };
    for (;;) {
      if (signal.aborted) return gone();
      const events = turn.results.flatMap((one, slot) => one.log.slice(at[slot]).map(({ type, ...data }) => {
        at[slot] += 1;
        return `id: ${at.join("-")}\nevent: ${type}\ndata: ${JSON.stringify({ slot, ...data })}\n\n`;
      }));
      if (!turn.results.some(open)) events.push("event: done\ndata: {}\n\n");
      if (events.length) return { value: new TextEncoder().encode(events.join("")), done: false };
      const why = await new Promise((resolve) => {
        const wake = (reason) => { this.#wake.delete(wake); resolve(reason); };
        this.#wake.add(wake);
        signal.addEventListener("abort", () => wake("cut"));
      });
      if (why === "cut") return gone();
    }
  }

  #check() { if (this.refuse) throw this.refuse; }

  #talk(id) {
    this.#check();
    if (!this.#talks.has(id)) throw new ApiError({ code: "CONVERSATION_NOT_FOUND", status: 404 });
    return this.#talks.get(id);
  }

  #info({ lines: _lines, ...info }) { return { ...info }; }

  #shown(id) {
    this.#check();
    const { results, ...turn } = this.#turns.get(id);
    return { ...turn, results: results.map(({ log: _log, seq: _seq, ...one }) => ({ ...one })) };
  }
}

const open = ({ status }) => status === "queued" || status === "running";
const fresh = (slot, model) => ({ slot, attempt: 1, status: "queued", text: "", seq: 0, model: { id: model, name: `M${model}` }, cost: null, error: null, log: [] });
