import { make, reconcile, row, setText } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";
import { full } from "../../../chatsite/lib/time.js";
import { Part } from "../../../chatsite/parts/part.js";

const WAIT_MS = 600;
const MOST_TOKENS = 100_000;

/** Instructions, parameters and tags of the open conversation; each change is kept at once. */
class Settings extends Part {
  #chat;
  #shownFor;
  #timers = new Map();

  start({ chat, onClose }) {
    this.#chat = chat;
    const { refs } = this;
    chat.addEventListener("change", Part.each(() => this.#draw()));
    refs.close.addEventListener("click", onClose);
    refs.form.addEventListener("submit", (event) => event.preventDefault());
    refs.prompt.addEventListener("input", () => this.#later("prompt", () => ({ system_prompt: refs.prompt.value })));
    refs.form.addEventListener("focusout", () => this.flush());
    refs.temperature.addEventListener("input", () => { this.#drawTemperature(Number(refs.temperature.value)); this.#later("params", () => this.#params()); });
    refs["temperature-reset"].addEventListener("click", () => { refs.temperature.dataset.unset = "yes"; this.#drawTemperature(null); this.#later("params", () => this.#params()); refs.temperature.focus(); });
    refs.tokens.addEventListener("input", () => this.#onTokens());
    refs["tag-input"].addEventListener("keydown", (event) => this.#onTagKey(event));
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.stopPropagation();
      onClose();
    });
    this.#draw();
  }

  focusTitle() { this.refs.heading.focus(); }

  // Keeping

  /** What was changed just now is kept at once: a question goes out, or another conversation is opened. */
  flush() {
    for (const name of [...this.#timers.keys()]) this.#now(name);
  }

  #later(name, body) {
    clearTimeout(this.#timers.get(name)?.timer);
    setText(this.refs.saved, "");
    this.#timers.set(name, { body, visit: this.#chat.visit, timer: setTimeout(() => this.#now(name), WAIT_MS) });
  }

  async #now(name) {
    const waiting = this.#timers.get(name);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#timers.delete(name);
    if (waiting.visit !== this.#chat.visit) return;
    const kept = await this.#chat.update(waiting.body());
    if (waiting.visit === this.#chat.visit) setText(this.refs.saved, kept && this.#chat.id ? t("saved") : "");
  }

  #params() {
    const { temperature, tokens } = this.refs;
    const params = { ...this.#chat.params };
    if (temperature.dataset.unset) delete params.temperature;
    else params.temperature = Number(temperature.value);
    if (tokens.value === "") delete params.max_tokens;
    else params.max_tokens = Number(tokens.value);
    return { metadata: { ...this.#chat.settings.metadata, params } };
  }

  #onTokens() {
    const { tokens } = this.refs;
    const value = Number(tokens.value);
    const wrong = tokens.validity.badInput || (tokens.value !== "" && (!Number.isInteger(value) || value < 1 || value > MOST_TOKENS));
    this.#blame(wrong);
    if (!wrong) this.#later("params", () => this.#params());
  }

  #blame(wrong) {
    this.refs["tokens-error"].hidden = !wrong;
    this.refs.tokens.setAttribute("aria-invalid", String(wrong));
  }

  // Drawing

  #draw() {
    const { refs } = this;
    const { settings, info, id, visit } = this.#chat;
    // Who is in a field writes on, but never what belongs to the conversation before into the next one.
    const other = this.#shownFor !== visit;
    const free = (field) => other || document.activeElement !== field;
    if (other) {
      this.#shownFor = visit;
      setText(refs.saved, "");
      refs["tag-input"].value = "";
    }
    refs.form.inert = Boolean(id) && !info;
    if (!this.#timers.has("prompt") && free(refs.prompt) && refs.prompt.value !== settings.system_prompt) refs.prompt.value = settings.system_prompt ?? "";
    if (!this.#timers.has("params")) {
      const { temperature = null, max_tokens: tokens = "" } = this.#chat.params;
      if (temperature === null) refs.temperature.dataset.unset = "yes";
      this.#drawTemperature(temperature);
      if (other || (free(refs.tokens) && refs["tokens-error"].hidden)) { refs.tokens.value = tokens ?? ""; this.#blame(false); }
    }
    this.#drawTags(settings.tags ?? []);
    refs.about.hidden = !info;
    if (info) this.#drawFacts(info);
  }

  #drawTemperature(value) {
    const { temperature, "temperature-text": text, "temperature-reset": reset } = this.refs;
    if (value !== null) delete temperature.dataset.unset;
    temperature.value = value ?? 1;
    setText(text, value === null ? t("own") : String(value));
    temperature.setAttribute("aria-valuetext", value === null ? t("own") : String(value));
    reset.hidden = value === null;
  }

  #drawFacts(info) {
    const drawn = `${info.id} ${info.updated_at}`;
    if (this.refs.facts.dataset.drawn === drawn) return;
    this.refs.facts.dataset.drawn = drawn;
    const pairs = [[t("fact_started"), full(info.created_at)], [t("fact_changed"), full(info.updated_at)]];
    this.refs.facts.replaceChildren(...pairs.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
  }

  // Tags

  #drawTags(tags) {
    reconcile(this.refs["tag-list"], tags, {
      key: (tag) => tag,
      create: (tag) => {
        const element = row("row-tag");
        setText(element.refs.name, tag);
        element.refs.remove.setAttribute("aria-label", t("remove_tag", { tag }));
        element.refs.remove.addEventListener("click", () => {
          this.#chat.update({ tags: (this.#chat.settings.tags ?? []).filter((other) => other !== tag) });
          this.refs["tag-input"].focus();
        });
        return element;
      },
      update: () => {},
    });
  }

  #onTagKey(event) {
    if (event.key !== "Enter" && event.key !== ",") return;
    event.preventDefault();
    const tag = event.currentTarget.value.trim().toLowerCase();
    const tags = this.#chat.settings.tags ?? [];
    event.currentTarget.value = "";
    if (tag && !tags.includes(tag)) this.#chat.update({ tags: [...tags, tag] });
  }
}

customElements.define("playground-settings", Settings);
