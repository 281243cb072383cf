import { watchFiles } from "../../sessions_app/helpers/file_sources.js";
import { config, say } from "./words.js";

const COUNT_FROM = 200;

/** The field to write in. Raises `send` (detail the text), `files` (to be attached), `typing`, `person`. Keeps the draft. */
export class ChatComposer extends HTMLElement {
  #field = this.querySelector("textarea");
  #button = this.querySelector(".send");
  #storage = null;
  #files = 0;
  /** While files are being taken in: whether that worked. */
  attaching = null;

  connectedCallback() {
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => this.#onInput());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    watchFiles({
      button: this.querySelector("#attach"), picker: this.picker, field: this.#field, zone: this.closest("main"),
      take: (files) => this.dispatchEvent(new CustomEvent("files", { detail: files })),
    });
    // A draft may come back before there is any room to measure it in.
    new ResizeObserver(() => this.#fit()).observe(this.closest("main"));
    this.querySelector("#person").addEventListener("click", () => this.dispatchEvent(new CustomEvent("person")));
  }

  set storage(storage) {
    this.#storage = storage;
    this.text = storage.get("draft") ?? "";
  }

  get picker() { return this.querySelector("[type=file]"); }

  /** How many files go with what is written. */
  set files(count) {
    this.#files = count;
    this.#fit();
  }

  get text() { return this.#field.value; }

  set text(value) {
    this.#field.value = value;
    this.#storage?.[value ? "set" : "remove"]("draft", value);
    this.#fit();
  }

  focus() { this.#field.focus({ preventScroll: true }); }

  // Internals

  #onInput() {
    this.#storage?.[this.text ? "set" : "remove"]("draft", this.text);
    this.#fit();
    this.dispatchEvent(new CustomEvent("typing"));
  }

  #onKey(event) {
    // While a candidate of an input method is being chosen, Enter belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  async #submit() {
    // Nobody who has just chosen a file means to send without it.
    const attached = await this.attaching;
    this.attaching = null;
    if (attached === false) return;
    const text = this.text.trim();
    if (!text && !this.#files) return;
    this.text = "";
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
  }

  #fit() {
    this.#button.disabled = !this.text.trim() && !this.#files;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
    const left = this.#field.maxLength - this.text.length;
    const count = this.querySelector(".count");
    count.textContent = left <= COUNT_FROM ? say("left", { n: left }) : "";
    count.classList.toggle("over", left <= 0);
  }

  /** Whether a person may be asked for now. */
  set personOffered(offered) {
    this.querySelector("#person").hidden = !offered || !config.assistant;
  }
}
