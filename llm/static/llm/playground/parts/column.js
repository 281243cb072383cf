/** One answer: its head above and its column below, drawn from a slot. */
import { make, row, setIcon, setText } from "../../../chatsite/lib/dom.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { letterOf } from "../helpers/names.js";
import { money, seconds, speed, whole } from "../helpers/numbers.js";
import { isOpen } from "../models/turn.js";
import { copyText, MarkdownView } from "./markdown_view.js";

const locale = document.documentElement.lang || "en";

/** What a slot is called: its model, or a letter while names are hidden. */
export function nameOfSlot(slot, label) {
  return label ?? slot.model?.name ?? t("model_letter", { letter: letterOf(slot.slot) });
}

// The head

export function createHead(slot, { onStop, onPick }) {
  const element = row("row-head");
  const { refs } = element;
  element.dataset.hue = slot.slot % 8;
  setText(refs.letter, letterOf(slot.slot));
  refs.name.id = `head-${crypto.randomUUID?.() ?? Math.random()}`;
  refs.stop.addEventListener("click", () => onStop(element.answer.slot));
  refs.pick.addEventListener("click", () => onPick(element.answer.slot));
  return element;
}

export function updateHead(element, slot, { label, picked, canStop, isLast, alone }) {
  const { refs } = element;
  element.answer = slot;
  const name = nameOfSlot(slot, label);
  setText(refs.name, name);
  refs.name.title = name;
  element.classList.toggle("picked", picked);
  refs.stop.hidden = !canStop || !isOpen(slot);
  const stopText = t("stop_one", { name });
  if (refs.stop.title !== stopText) {
    refs.stop.title = stopText;
    refs.stop.setAttribute("aria-label", stopText);
  }
  const pickable = ["done", "stopped"].includes(slot.status) && Boolean(slot.text);
  refs.pick.hidden = !pickable || alone || (!isLast && !picked);
  refs.pick.disabled = !isLast;
  refs.pick.setAttribute("aria-pressed", String(picked));
  refs.pick.setAttribute("aria-label", t(picked ? "picked_name" : "pick_name", { name }));
  setText(refs["pick-text"], t(picked ? "picked" : "pick"));
  const kind = headStatus(slot);
  element.dataset.status = kind;
  refs.spinner.hidden = !isOpen(slot);
  refs["status-icon"].toggleAttribute("hidden", isOpen(slot) || kind === "done");
  setIcon(refs["status-use"], kind === "stopped" ? "stop" : "alert");
  setText(refs["status-text"], kind === "done" ? "" : t(`slot_${kind}`));
}

function headStatus(slot) {
  if (slot.status === "done") return "done";
  if (slot.status === "running") return slot.text ? "writing" : "thinking";
  return has(`slot_${slot.status}`) ? slot.status : "failed";
}

// The column

export function createColumn(slot, { highlighter, onRetry }) {
  const element = row("row-column");
  const { refs } = element;
  element.dataset.hue = slot.slot % 8;
  element.view = new MarkdownView(refs.answer, highlighter);
  refs.retry.addEventListener("click", () => onRetry(element.answer.slot));
  refs.copy.addEventListener("click", () => copyText(element.answer.text, refs.copy));
  return element;
}

export function updateColumn(element, slot, { label, hidden, picked, othersPicked, isLast, headId }) {
  const { refs } = element;
  element.answer = slot;
  element.setAttribute("aria-labelledby", headId);
  element.classList.toggle("picked", picked);
  element.classList.toggle("passed-over", othersPicked);
  element.setAttribute("aria-busy", String(isOpen(slot)));
  updateText(element, slot);
  drawTrouble(refs, slot);
  drawNumbers(refs.numbers, slot, hidden);
  const name = nameOfSlot(slot, label);
  refs.copy.hidden = !slot.text || isOpen(slot);
  refs.copy.setAttribute("aria-label", t("copy_name", { name }));
  refs.retry.hidden = isOpen(slot) || !isLast;
  refs.retry.setAttribute("aria-label", t("retry_name", { name }));
  refs.actions.hidden = refs.copy.hidden && refs.retry.hidden;
}

/** The part that changes many times a second. */
export function updateText(element, slot) {
  element.answer = slot;
  element.view.show(slot.text, !isOpen(slot));
  element.refs.answer.classList.toggle("streaming", isOpen(slot) && Boolean(slot.text));
  element.refs.thinking.hidden = !isOpen(slot) || Boolean(slot.text);
}

function drawTrouble(refs, slot) {
  const text = troubleOf(slot);
  refs.trouble.hidden = !text;
  if (!text) return;
  setText(refs["trouble-text"], text);
  refs.trouble.classList.toggle("mild", slot.status === "stopped" || slot.status === "done");
  refs["trouble-detail"].hidden = !slot.text || slot.status !== "failed";
  setText(refs["trouble-detail"], t("trouble_partial"));
}

/** Why an answer is not there or not whole, in plain words; empty when all is well. */
export function troubleOf(slot) {
  if (isOpen(slot)) return "";
  if (slot.status === "done") return slot.finish === "length" ? t("trouble_length") : "";
  if (slot.status === "stopped") return t(slot.text ? "trouble_stopped_partial" : "trouble_stopped");
  const { code = "", reason = "" } = slot.error ?? {};
  for (const key of [`trouble_${reason}`, `trouble_${code}`]) if (has(key)) return t(key);
  return t("trouble_unknown");
}

function drawNumbers(place, slot, hidden) {
  const parts = hidden || isOpen(slot) ? [] : numbersOf(slot);
  const drawn = parts.map(([name, value]) => `${name}${value}`).join("|") || (hidden && !isOpen(slot) ? "hidden" : "");
  if (place.dataset.drawn === drawn) return;
  place.dataset.drawn = drawn;
  if (drawn === "hidden") return void place.replaceChildren(make("span", "", t("numbers_hidden")));
  place.replaceChildren(...parts.map(([name, value]) => {
    const part = make("span", "", value);
    part.title = t(`number_${name}`);
    part.prepend(make("span", "sr", `${t(`number_${name}`)} `));
    return part;
  }));
}

function numbersOf(slot) {
  const { usage, ttft_ms: first, latency_ms: last, cost, currency } = slot;
  const rate = speed(slot);
  return [
    first !== null && ["ttft", t("first_after", { time: seconds(first, locale) })],
    last !== null && slot.status === "done" && ["latency", t("whole_after", { time: seconds(last, locale) })],
    usage?.completion_tokens && ["tokens", t("tokens", { prompt: whole(usage.prompt_tokens ?? 0, locale), completion: whole(usage.completion_tokens, locale) })],
    rate && ["speed", t("tokens_per_second", { rate: whole(rate, locale) })],
    cost !== null && !(slot.status === "failed" && Number(cost) === 0) && ["cost", money(cost, currency, locale)],
  ].filter((part) => part && part[1]);
}
