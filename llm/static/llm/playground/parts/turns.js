import { announce, make, reconcile, row, setText } from "../../../chatsite/lib/dom.js";
import { full, short } from "../../../chatsite/lib/time.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { explain } from "../../../chatsite/models/problems.js";
import { Part } from "../../../chatsite/parts/part.js";
import { letterOf, numbered } from "../helpers/names.js";
import { isBlind, isLive, isOpen } from "../models/turn.js";
import { createColumn, createHead, nameOfSlot, updateColumn, updateHead, updateText } from "./column.js";
import { copyText } from "./markdown_view.js";

const SAY_MS = 200;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Questions one below the other, their answers side by side. */
class Turns extends Part {
  #chat;
  #choice;
  #highlighter;
  #me;
  #draw;
  #dirty = new Map();
  #drawText;
  #shownFor = null;
  #lastId = null;
  #toSay = [];
  #say = null;

  start({ chat, choice, highlighter, me, onModels, onStarter, onDiscard }) {
    Object.assign(this, { onDiscard });
    this.#chat = chat;
    this.#choice = choice;
    this.#highlighter = highlighter;
    this.#me = me;
    this.#draw = Part.each(() => this.#drawNow());
    this.#drawText = Part.each(() => this.#drawDirty());
    const { refs } = this;
    chat.addEventListener("change", this.#draw);
    chat.addEventListener("slot", ({ detail }) => { this.#dirty.set(`${detail.turn.id} ${detail.slot.slot}`, detail); this.#drawText(); });
    chat.addEventListener("ended", ({ detail }) => this.#announce(detail));
    choice.addEventListener("change", this.#draw);
    refs.earlier.addEventListener("click", () => this.#earlier());
    refs.again.addEventListener("click", () => (chat.state === "failed" ? chat.load() : onModels()));
    refs.jump.addEventListener("click", () => this.toNewest());
    refs.scroller.addEventListener("scroll", () => this.#drawJump(), { passive: true });
    for (const button of refs.starters.querySelectorAll("button")) button.addEventListener("click", () => onStarter(button.querySelector("span").textContent));
    this.#draw();
  }

  // Actions

  toNewest() {
    const last = this.refs.turns.lastElementChild;
    last?.scrollIntoView({ block: "start" });
    this.#drawJump();
  }

  /** The columns one moves among: of the turn that has the focus, else of the newest. */
  get #columns() {
    const turn = document.activeElement?.closest?.(".turn") ?? this.refs.turns.lastElementChild;
    return turn ? [...turn.refs.columns.children] : [];
  }

  get #focused() { return document.activeElement?.closest?.(".column") ?? null; }

  /** @param {number} index */
  focusColumn(index) {
    const column = this.#columns[index];
    if (!column) return;
    column.focus({ preventScroll: true });
    bringIntoView(column);
  }

  moveColumn(step) {
    const columns = this.#columns;
    const at = columns.indexOf(this.#focused);
    this.focusColumn(at < 0 ? 0 : Math.min(columns.length - 1, Math.max(0, at + step)));
  }

  /** Presses a button of the column that has the focus. @param {"pick" | "copy" | "retry"} name */
  press(name) {
    const column = this.#focused;
    const place = name === "pick" ? column?.closest(".turn").refs.heads.querySelector(`[data-key="${column.dataset.key}"]`) : column;
    const button = place?.refs[name];
    if (button && !button.hidden && !button.disabled) button.click();
  }

  /** The slot that has the focus and can be stopped. */
  get focusedSlot() { return this.#focused?.answer.slot ?? null; }

  // Drawing

  #drawNow() {
    const { refs } = this;
    const { state, shown, id, error } = this.#chat;
    const { available, loading, error: modelsError } = this.#choice;
    const models = available.length > 0;
    const blank = state === "new" && !shown.length;
    const lost = blank && !models && modelsError;
    refs.skeleton.hidden = state !== "loading";
    refs.welcome.hidden = !blank || !models;
    refs["no-models"].hidden = !blank || models || loading || Boolean(lost);
    refs["add-model"].hidden = this.#me.role !== "admin";
    setText(refs["no-models-text"], t(this.#me.role === "admin" ? "no_models_admin" : "no_models_agent"));
    refs.failed.hidden = !lost && !["failed", "gone"].includes(state);
    refs.again.hidden = state === "gone";
    if (state === "failed") { setText(refs["failed-title"], t("talk_failed")); setText(refs["failed-text"], explain(error, { t, has })); }
    if (lost) { setText(refs["failed-title"], t("models_failed")); setText(refs["failed-text"], explain(lost, { t, has })); }
    if (state === "gone") { setText(refs["failed-title"], t("talk_gone")); setText(refs["failed-text"], t("talk_gone_text")); }
    refs.earlier.hidden = !this.#chat.hasEarlier;
    refs.earlier.disabled = this.#chat.loadingEarlier;
    const last = shown.at(-1);
    reconcile(refs.turns, shown, {
      key: (turn) => turn.question?.client_msg_id ?? turn.id,
      create: () => this.#createTurn(),
      update: (element, turn) => this.#updateTurn(element, turn, turn === last),
    });
    this.#arrive(id, last);
    this.#drawJump();
  }

  /** A conversation opens at its newest question; a new question comes to the top of the view. */
  #arrive(id, last) {
    const key = last?.question?.client_msg_id ?? last?.id ?? null;
    const entered = this.#shownFor !== id;
    const asked = key !== this.#lastId && (this.#chat.pending === last || (last && isLive(last)));
    if (key && (entered || asked)) this.toNewest();
    if (last || this.#chat.state !== "loading") this.#shownFor = id;
    this.#lastId = key;
  }

  #createTurn() {
    const element = row("row-turn");
    const { refs } = element;
    refs["copy-question"].addEventListener("click", () => copyText(element.turn.question.content, refs["copy-question"]));
    refs.resend.addEventListener("click", () => this.#chat.resend());
    refs.discard.addEventListener("click", () => this.onDiscard(this.#chat.discard()));
    refs.columns.addEventListener("scroll", () => { refs.heads.scrollLeft = refs.columns.scrollLeft; this.#drawDots(element); }, { passive: true });
    // A button in a head that is out of view takes the focus: its column comes too.
    refs.heads.addEventListener("focusin", ({ target }) => bringIntoView(refs.columns.children[[...refs.heads.children].indexOf(target.closest(".head"))]));
    new ResizeObserver(() => this.#drawDots(element)).observe(refs.columns);
    return element;
  }

  #updateTurn(element, turn, isLast) {
    const { refs } = element;
    element.turn = turn;
    element.classList.toggle("last", isLast);
    setText(refs.question, turn.question?.content ?? "");
    const at = turn.question?.created_at;
    refs.time.hidden = !at;
    if (at) { setText(refs.time, short(at)); refs.time.dateTime = at; refs.time.title = full(at); }
    refs.failed.hidden = !turn.error;
    if (turn.error) setText(refs["failed-text"], t("ask_failed", { why: explain(turn.error, { t, has, wait: turn.error.retryAfter ? `${turn.error.retryAfter} s` : "" }) }));
    refs.answers.hidden = Boolean(turn.error);
    refs.answers.style.setProperty("--count", turn.slots.length);
    this.#drawSlots(element, turn, isLast);
  }

  #drawSlots(element, turn, isLast) {
    const { refs } = element;
    const hidden = isBlind(turn);
    const names = numbered(turn.slots.map((slot) => nameOfSlot(slot)));
    const options = (slot, index) => ({
      label: names[index], hidden, picked: turn.picked === slot.slot, othersPicked: turn.picked !== null && turn.picked !== slot.slot,
      isLast: isLast && this.#chat.pending !== turn, alone: turn.slots.length === 1, canStop: this.#chat.pending !== turn, headId: refs.heads.children[index]?.refs.name.id,
    });
    const at = new Map(turn.slots.map((slot, index) => [slot, index]));
    const id = () => element.turn.id;
    reconcile(refs.heads, turn.slots, {
      key: (slot) => slot.slot,
      create: (slot) => createHead(slot, {
        onStop: (place) => this.#chat.stop(place),
        onPick: (place) => this.#chat.pick(this.#chat.turns.find((other) => other.id === id()), place),
      }),
      update: (head, slot) => updateHead(head, slot, options(slot, at.get(slot))),
    });
    reconcile(refs.columns, turn.slots, {
      key: (slot) => slot.slot,
      create: (slot) => createColumn(slot, {
        highlighter: this.#highlighter,
        onRetry: (place) => this.#chat.retry(place),
      }),
      update: (column, slot) => updateColumn(column, slot, options(slot, at.get(slot))),
    });
    this.#drawDots(element);
  }

  /** Only the answers that have grown since the last frame. */
  #drawDirty() {
    for (const { turn, slot } of this.#dirty.values()) {
      const element = [...this.refs.turns.children].find((child) => child.turn?.id === turn.id);
      if (!element) continue;
      const [head, column] = [refsOf(element, "heads", slot), refsOf(element, "columns", slot)];
      if (!column) continue;
      if (!isOpen(slot)) this.#draw();
      else {
        updateText(column, slot);
        if (head.dataset.status !== "writing") this.#draw();
      }
    }
    this.#dirty.clear();
    this.#drawJump();
  }

  /** Which columns are in view, where not all of them are; a press brings another there. */
  #drawDots(element) {
    const { refs, turn } = element;
    const { columns } = refs;
    const over = columns.scrollWidth > columns.clientWidth + 2;
    refs.dots.hidden = !over;
    // What scrolls must be reachable by keyboard.
    columns.tabIndex = over ? 0 : -1;
    if (!over) return;
    const edge = columns.getBoundingClientRect();
    reconcile(refs.dots, [...columns.children], {
      key: (column) => column.answer.slot,
      create: (column) => {
        const dot = make("button", "dot");
        dot.type = "button";
        dot.dataset.hue = column.dataset.hue;
        dot.append(make("span", "letter", letterOf(column.answer.slot)), make("span", "dot-name"));
        dot.addEventListener("click", () => bringIntoView(refs.columns.children[[...refs.dots.children].indexOf(dot)]));
        return dot;
      },
      update: (dot, column) => {
        const box = column.getBoundingClientRect();
        const seen = Math.min(box.right, edge.right) - Math.max(box.left, edge.left);
        dot.setAttribute("aria-pressed", String(seen > box.width / 2));
        setText(dot.lastChild, refs.heads.children[[...columns.children].indexOf(column)]?.refs.name.textContent ?? "");
        dot.classList.toggle("best-dot", turn.picked === column.answer.slot);
      },
    });
  }

  #drawJump() {
    const { scroller, jump, turns } = this.refs;
    const last = turns.lastElementChild;
    jump.hidden = !last || last.getBoundingClientRect().top < scroller.getBoundingClientRect().bottom - 40;
  }

  async #earlier() {
    const { scroller } = this.refs;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    await this.#chat.loadEarlier();
    requestAnimationFrame(() => { scroller.scrollTop = scroller.scrollHeight - fromEnd; });
  }

  /** Says which answers have ended, never their tokens; two that end together are told in one breath. */
  #announce({ turn, slot }) {
    if (!turn) return;
    const how = ["done", "stopped"].includes(slot?.status) ? slot.status : "failed";
    this.#toSay.push(slot ? t(`announce_${how}`, { letter: letterOf(slot.slot), name: nameOfSlot(slot) }) : t("announce_all"));
    this.#say ??= setTimeout(() => {
      this.#say = null;
      announce(this.#toSay.splice(0).join(". "));
    }, SAY_MS);
  }
}

/** Scrolls the answers sideways until a column stands at their beginning; nothing else moves. */
function bringIntoView(column) {
  const row = column.parentElement;
  const [box, edge, first] = [column.getBoundingClientRect(), row.getBoundingClientRect(), row.firstElementChild];
  const inset = parseFloat(getComputedStyle(row).scrollPaddingInlineStart) || 0;
  if (box.left >= edge.left && box.right <= edge.right && first !== column) return;
  const rtl = getComputedStyle(row).direction === "rtl";
  row.scrollBy({ left: rtl ? box.right - edge.right + inset : box.left - edge.left - inset, behavior: STILL.matches ? "auto" : "smooth" });
}

function refsOf(element, where, slot) {
  return element.refs[where].querySelector(`:scope > [data-key="${slot.slot}"]`);
}

customElements.define("playground-turns", Turns);
