/**
 * One question to several models and what each answered, slot by slot. Pure: rows of the API and
 * events of the stream go in, the state a page shows comes out.
 *
 * @typedef {{slot: number, attempt: number, status: string, text: string, seq: number, replayed: string | null,
 *   model: {id: number, name: string} | null, usage: any, cost: string | null, currency: string, latency_ms: number | null,
 *   ttft_ms: number | null, error: {code: string, reason?: string} | null, finish: string}} Slot
 * @typedef {{id: string, question: any, slots: Slot[], picked: number | null, blind: boolean, error?: any}} Turn
 */
const OPEN = new Set(["queued", "running"]);

export const isOpen = (slot) => OPEN.has(slot.status);
export const isLive = (turn) => turn.slots.some(isOpen);
/** Whether names are still to be hidden. */
export const isBlind = (turn) => turn.blind && turn.picked === null;

/** A turn of the API as a page keeps it, with the message that asks. */
export function readTurn(row, question = null) {
  const slots = [...row.results].sort((a, b) => a.slot - b.slot).map(readSlot);
  return { id: row.id, question, slots, picked: row.picked_slot ?? null, blind: Boolean(row.blind) };
}

function readSlot(row) {
  return {
    slot: row.slot, attempt: row.attempt ?? 0, status: row.status, text: row.text ?? "", seq: 0, replayed: null,
    model: row.model ?? null, usage: row.usage ?? null, cost: row.cost ?? null, currency: row.currency ?? "",
    latency_ms: row.latency_ms ?? null, ttft_ms: row.ttft_ms ?? null, error: row.error ?? null, finish: row.finish_reason ?? "",
  };
}

/** What is asked before the server has said anything. */
export function draftTurn({ id, content, models, blind }) {
  const slots = models.map((model, slot) => readSlot({ slot, attempt: 0, status: "queued", model }));
  return { id, question: { content, client_msg_id: id }, slots, picked: null, blind };
}

/**
 * Rows read anew over what is shown. While an answer is live, what the stream has told is followed: its row may be
 * behind it or ahead of it, and either way the next piece fits only behind the one before. An old attempt's row is void.
 */
export function mergeTurn(shown, fresh) {
  const slots = fresh.slots.map((slot) => {
    const before = shown.slots.find((other) => other.slot === slot.slot);
    if (!before) return slot;
    if (before.attempt > slot.attempt) return before;
    const same = before.attempt === slot.attempt;
    // Asked again, it waits under its old number; a row that still runs was read before the end we know of.
    if (slot.status === "running" && same && !isOpen(before)) return before;
    const told = before.seq > 0 || (same && before.text.length >= slot.text.length);
    // Which attempt the text is of, the stream says: by a reset, when another one begins.
    if (isOpen(slot) && isOpen(before) && told) return { ...slot, ...stretch(before) };
    return slot;
  });
  return { ...fresh, question: fresh.question ?? shown.question, slots };
}

/** What the stream alone decides of a live answer. */
function stretch({ attempt, text, seq, replayed }) {
  return { attempt, text, seq, replayed };
}

/**
 * Takes one event of the stream into a turn.
 * @param {Turn} turn changed in place
 * @param {{type: string, data: any}} event
 * @returns {Slot | null} the slot that changed
 */
export function applyEvent(turn, { type, data }) {
  const slot = turn.slots.find((other) => other.slot === data.slot);
  const apply = EVENTS[type];
  if (!slot || !apply) return null;
  apply(slot, data);
  return slot;
}

const EVENTS = {
  chunk(slot, { seq, delta_text: delta }) {
    if (seq <= slot.seq) return;
    slot.seq = seq;
    if (!isOpen(slot)) return;
    slot.status = "running";
    if (slot.replayed === null && seq === 1 && slot.text) slot.replayed = "";
    if (slot.replayed === null) slot.text += delta;
    else replay(slot, delta);
  },
  reset(slot, { attempt }) {
    if (attempt < slot.attempt) return;
    Object.assign(slot, { attempt, text: "", seq: 0, replayed: null, status: "running", error: null, usage: null, cost: null, latency_ms: null, ttft_ms: null });
  },
  snapshot(slot, { text, status, attempt = slot.attempt }) {
    if (attempt < slot.attempt) return;
    Object.assign(slot, { text, attempt, replayed: null, seq: Number.MAX_SAFE_INTEGER, status: status ?? slot.status });
  },
  final(slot, { status, usage, latency_ms: latency, ttft_ms: first, cost }) {
    Object.assign(slot, { status: status ?? "done", error: null, usage: usage ?? slot.usage, latency_ms: latency ?? slot.latency_ms, ttft_ms: first ?? slot.ttft_ms, cost: cost ?? slot.cost });
  },
  error(slot, { status, error }) {
    Object.assign(slot, { status: status ?? "failed", error: error ?? null });
  },
};

/** The log is told from its beginning while some of it is shown already: what is shown stays until the log has passed it. */
function replay(slot, delta) {
  slot.replayed += delta;
  if (slot.text.length > slot.replayed.length && slot.text.startsWith(slot.replayed)) return;
  slot.text = slot.replayed;
  slot.replayed = null;
}

/** How many slots stand how: {done, failed, stopped, open}. */
export function tally(turn) {
  const count = { done: 0, failed: 0, stopped: 0, open: 0 };
  for (const slot of turn.slots) {
    if (isOpen(slot)) count.open += 1;
    else if (slot.status in count) count[slot.status] += 1;
    else count.failed += 1;
  }
  return count;
}
