import { reconcile, row, setIcon, setText } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";
import { Part } from "../../../chatsite/parts/part.js";
import { letterOf } from "../helpers/names.js";

/** Where the question is written, and who is asked. */
class Composer extends Part {
  #chat;
  #choice;
  #storage;
  #most;
  #place = null;

  start({ chat, choice, storage, most, onModels, onAsk, onAsked }) {
    Object.assign(this, { onAsk, onAsked });
    this.#chat = chat;
    this.#choice = choice;
    this.#storage = storage;
    this.#most = most;
    const { refs } = this;
    const draw = Part.each(() => this.#draw());
    chat.addEventListener("change", draw);
    choice.addEventListener("change", draw);
    refs.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    refs.text.addEventListener("input", () => { this.#keep(); this.#grow(); this.#draw(); });
    refs.text.addEventListener("keydown", (event) => this.#onKey(event));
    refs.stop.addEventListener("click", () => chat.stop());
    refs["pick-models"].addEventListener("click", onModels);
    refs.blind.addEventListener("click", () => choice.setBlind(!choice.blind));
    this.#enter();
    draw();
  }

  focus() { this.refs.text.focus(); }

  /** Puts words into the field, over what is there. */
  write(content) {
    this.refs.text.value = content;
    this.#keep();
    this.#grow();
    this.#draw();
    this.focus();
  }

  get #blocked() {
    const { state, pending, busy } = this.#chat;
    return busy || Boolean(pending) || !["new", "ready"].includes(state) || !this.#choice.ids.length;
  }

  #onKey(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.refs.text.blur();
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const { text } = this.refs;
    const content = text.value.trim();
    if (!content || content.length > this.#most || this.#blocked) return;
    const { blind } = this.#choice;
    const models = this.#choice.order().map((id) => this.#choice.model(id));
    text.value = "";
    this.#keep();
    this.#grow();
    this.onAsk();
    this.#chat.ask(content, { models, blind, chosen: this.#choice.ids });
    this.onAsked();
  }

  // Drawing

  /** Each conversation keeps what was being written in it. */
  #enter() {
    const place = this.#chat.id ?? "new";
    if (this.#place === place) return;
    // A new conversation that has just got its id takes its field along.
    const moved = this.#place === "new" && this.#chat.turns.length + (this.#chat.pending ? 1 : 0) === 1 && this.#chat.state === "ready";
    this.#place = place;
    if (moved) return this.#keep();
    this.refs.text.value = this.#storage.get(`draft.${place}`) ?? "";
    this.#grow();
  }

  #keep() {
    const { value } = this.refs.text;
    if (value) this.#storage.set(`draft.${this.#place}`, value);
    else this.#storage.remove(`draft.${this.#place}`);
  }

  #draw() {
    this.#enter();
    const { refs } = this;
    const { busy, live, pending, state } = this.#chat;
    const length = refs.text.value.length;
    const sending = Boolean(pending && !pending.error);
    this.hidden = ["failed", "gone"].includes(state) || (!this.#choice.available.length && state === "new");
    refs.send.disabled = this.#blocked || !refs.text.value.trim() || length > this.#most;
    refs.send.setAttribute("aria-busy", String(sending));
    refs.stop.hidden = !live;
    refs.send.hidden = Boolean(live);
    setText(refs.hint, busy ? t("answering") : t("hint_enter"));
    refs.left.hidden = length < this.#most - 1000;
    setText(refs.left, `${length} / ${this.#most}`);
    this.#drawChips();
    this.#drawNote();
  }

  #drawChips() {
    const { refs } = this;
    const { chosen, blind, full, available } = this.#choice;
    reconcile(refs.chips, chosen.map((model, index) => ({ ...model, index })), {
      key: ({ id, index, label }) => `${id} ${index} ${label}`,
      create: ({ index }) => {
        const chip = row("row-chip");
        chip.dataset.hue = index % 8;
        chip.refs.remove.addEventListener("click", () => { this.#choice.removeAt(index); refs["pick-models"].focus(); });
        return chip;
      },
      update: (chip, { label, index }) => {
        setText(chip.refs.name, label);
        chip.refs.name.title = label;
        setText(chip.refs.letter, letterOf(index));
        chip.refs.letter.hidden = blind;
        chip.refs.remove.hidden = chosen.length === 1;
        chip.refs.remove.setAttribute("aria-label", t("remove_model", { name: label }));
      },
    });
    setText(refs["pick-text"], chosen.length ? t(full ? "change_models" : "add_model") : t("choose_models"));
    refs["pick-models"].hidden = !available.length;
    refs.blind.disabled = chosen.length < 2;
    refs.blind.setAttribute("aria-checked", String(blind));
  }

  /** One line above the field: what the next question goes on from, or that the connection is away. */
  #drawNote() {
    const { refs } = this;
    const [icon, text] = this.#noteText();
    refs.note.hidden = !text;
    setIcon(refs["note-icon"], icon);
    setText(refs["note-text"], text);
  }

  #noteText() {
    const { last, busy, connection } = this.#chat;
    if (busy && connection === "waiting") return ["wifi-off", t("reconnecting")];
    if (!last || busy) return ["alert", ""];
    const picked = last.slots.find((slot) => slot.slot === last.picked);
    if (picked) return ["star", t("goes_on_from", { letter: letterOf(picked.slot), name: picked.model?.name ?? "" })];
    if (last.slots.filter((slot) => slot.text).length > 1) return ["star", t(last.blind ? "pick_to_reveal" : "pick_to_go_on")];
    return ["alert", ""];
  }

  /** For browsers that do not size a field by its content. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    const { text } = this.refs;
    text.style.blockSize = "auto";
    text.style.blockSize = `${text.scrollHeight}px`;
  }
}

customElements.define("playground-composer", Composer);
