import { announce, make, reconcile, row, setText } from "../../../chatsite/lib/dom.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { explain } from "../../../chatsite/models/problems.js";
import { Part } from "../../../chatsite/parts/part.js";
import { Help } from "../models/help.js";

const OPEN = ["queued", "running"];
const SIDE_BY_SIDE = 3;

/**
 * What models can do for the agent, and what they came up with. It only ever fills the composer: a person
 * sends. `onUse` gets {kind, turnId, slot, text}, `text()` is what is written by now.
 */
class HelpPart extends Part {
  #desk;
  #help;
  #wasRunning = false;

  start(desk, { onUse, text, field }) {
    this.#desk = desk;
    this.#help = new Help({ rest: desk.rest, connection: desk.connection });
    this.onUse = onUse;
    this.text = text;
    this.field = field;
    const { refs } = this;
    this.addEventListener("click", (event) => this.#onClick(event.target.closest("button")));
    this.addEventListener("keydown", (event) => this.#onKey(event));
    refs.language.addEventListener("change", () => this.#translate());
    this.#help.addEventListener("change", Part.each(() => this.#draw()));
    this.#help.addEventListener("failed", ({ detail }) => this.#onFailed(detail.error));
    desk.addEventListener("selected", () => { this.#help.dismiss(); this.toggle(false); });
    desk.addEventListener("kept", ({ detail }) => this.#help.settle(detail.message));
    desk.addEventListener("session", Part.each(() => this.#draw()));
  }

  // Actions

  toggle(open = this.hidden) {
    this.hidden = !open;
    this.refs.error.hidden = true;
    if (!open) this.#help.dismiss();
    this.dispatchEvent(new Event("toggle"));
    if (open) this.querySelector("button").focus();
  }

  draft(models = 1) {
    this.toggle(true);
    this.#ask("draft", { models });
  }

  /** What was taken from a draft, {turnId, slot}, goes out as the send `clientId`. */
  sent(taken, clientId) {
    this.#help.sent(taken, clientId);
    this.toggle(false);
  }

  // What happens

  #onClick(button) {
    if (!button) return;
    const { ask, does, tag } = button.dataset;
    const slot = Number(button.closest("[data-key]")?.dataset.key);
    if (ask === "draft") this.#ask("draft");
    else if (ask === "compare") this.#ask("draft", { models: SIDE_BY_SIDE });
    else if (ask === "shorter" || ask === "friendlier") this.#rewrite({ how: ask });
    else if (ask) this.#ask(ask);
    else if (does === "use") this.#use(slot);
    else if (does === "stop") this.#help.stop(slot);
    else if (does === "retry") this.#help.retry(slot);
    else if (does === "close") { this.toggle(false); this.field.focus(); }
    else if (tag) this.#addTag(tag);
  }

  #onKey(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.toggle(false);
    this.field.focus();
  }

  #translate() {
    const { language } = this.refs;
    if (language.value) this.#rewrite({ how: "translate", language: language.value });
    language.value = "";
  }

  #rewrite(how) {
    const text = this.text().trim();
    if (!text) return this.#say(t("help_needs_text"));
    return this.#ask("rewrite", { input: { text, ...how } });
  }

  async #ask(kind, options = {}) {
    const { selectedId } = this.#desk;
    if (!selectedId) return;
    this.refs.error.hidden = true;
    await this.#help.ask(selectedId, kind, options);
    if (options.models > 1 && this.#help.sessionId === selectedId && this.#help.slots.length === 1) this.#say(t("help_alone"));
  }

  #use(number) {
    const { kind, turnId, slots } = this.#help;
    const slot = slots.find((one) => one.slot === number);
    if (slot?.text && !OPEN.includes(slot.status)) this.onUse({ kind, turnId, slot: number, text: slot.text });
  }

  async #addTag(tag) {
    await this.#desk.changeTags((tags) => [...new Set([...tags, tag])]);
    this.#draw();
  }

  #onFailed(error) { this.#say(t("help_failed", { why: explain(error, { t, has }) })); }

  #say(text) {
    setText(this.refs.error, text);
    this.refs.error.hidden = false;
  }

  // Drawing

  #draw() {
    const { refs } = this;
    const help = this.#help;
    const running = help.isRunning;
    for (const button of this.querySelectorAll("[data-ask]")) button.disabled = running;
    refs.language.disabled = running;
    refs.waiting.hidden = !help.asking;
    const cards = help.kind === "tags" ? [] : help.slots;
    refs.cards.dataset.count = cards.length;
    reconcile(refs.cards, cards, { key: ({ slot }) => slot, create: () => row("row-draft"), update: (element, slot) => this.#drawCard(element, slot) });
    this.#drawTags();
    if (this.#wasRunning && !running && help.slots.length) announce(t("help_ready"));
    this.#wasRunning = running;
  }

  #drawCard(element, slot) {
    const { refs } = element;
    const open = OPEN.includes(slot.status);
    const { kind, slots } = this.#help;
    const name = slots.length > 1 ? t("help_draft_n", { letter: String.fromCharCode(65 + slot.slot) }) : t(`help_${kind}`);
    setText(refs.name, name);
    setText(refs.text, slot.text);
    refs.text.classList.toggle("writing", open);
    refs.text.hidden = !slot.text;
    refs.dots.hidden = !open || Boolean(slot.text);
    refs.error.hidden = !slot.error;
    setText(refs.error, slot.error ? troubleOf(slot.error) : "");
    refs.stop.hidden = !open;
    refs.retry.hidden = open;
    refs.use.hidden = open || !slot.text;
    setText(refs.use, t(kind === "summary" ? "help_as_note" : "help_use"));
    refs.use.setAttribute("aria-label", `${refs.use.textContent}: ${name}`);
    const cited = (slot.sources ?? []).filter((source) => source.cited);
    refs.sources.hidden = !cited.length || open;
    setText(refs.sources, cited.length ? t("help_rests_on", { titles: [...new Set(cited.map(({ title }) => title))].join(", ") }) : "");
  }

  #drawTags() {
    const { kind, tags, isRunning } = this.#help;
    const { refs } = this;
    refs.tags.hidden = kind !== "tags" || isRunning;
    if (refs.tags.hidden) return;
    const mine = this.#desk.session?.tags ?? [];
    const offered = (tags ?? []).filter((tag) => !mine.includes(tag));
    setText(refs["tags-text"], t(offered.length ? "help_tags" : "help_no_tags"));
    reconcile(refs["tags-list"], offered, { key: (tag) => tag, create: (tag) => Object.assign(make("button", "button small", `+ ${tag}`), { type: "button" }), update: (element, tag) => { element.dataset.tag = tag; } });
  }
}

/** Why a model brought nothing, in the reader's language. */
function troubleOf({ code }) {
  return t(has(`trouble_${code}`) ? `trouble_${code}` : "trouble_PROVIDER_ERROR");
}

customElements.define("console-help", HelpPart);
