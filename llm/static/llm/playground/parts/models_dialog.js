import { reconcile, refs as partsOf, row, setText } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";

/** Which models are asked: found by words, one as often as there is room. */
export class ModelsDialog {
  #choice;
  #dialog = document.getElementById("models-dialog");
  #refs = partsOf(this.#dialog);

  /** @param {import("../models/choice.js").Choice} choice */
  constructor(choice) {
    this.#choice = choice;
    const { filter } = this.#refs;
    choice.addEventListener("change", () => { if (this.#dialog.open) this.#draw(); });
    filter.addEventListener("input", () => this.#draw());
    filter.addEventListener("keydown", (event) => this.#onKey(event));
    this.#dialog.addEventListener("click", (event) => { if (event.target === this.#dialog) this.#dialog.close(); });
  }

  open() {
    this.#refs.filter.value = "";
    this.#draw();
    this.#dialog.showModal();
    this.#refs.filter.focus();
  }

  #onKey(event) {
    const first = this.#refs.rows.querySelector(".model-main");
    if (event.key === "Enter") {
      event.preventDefault();
      first?.click();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      first?.focus();
    }
  }

  #draw() {
    const { rows, none, limit, count, filter } = this.#refs;
    const words = filter.value.trim().toLowerCase();
    const { available, full, most, ids } = this.#choice;
    const found = available.filter(({ name, model, provider_name: provider }) => `${name} ${model} ${provider}`.toLowerCase().includes(words));
    reconcile(rows, found, { key: ({ id }) => id, create: (model) => this.#createRow(model.id), update: (element, model) => this.#updateRow(element.refs, model) });
    none.hidden = found.length > 0;
    setText(count, `${ids.length} / ${most}`);
    setText(limit, full ? t("limit_reached", { count: most }) : "");
  }

  #createRow(id) {
    const element = row("row-pick");
    const { main, more, less } = element.refs;
    main.addEventListener("click", () => (this.#choice.count(id) ? this.#choice.remove(id) : this.#choice.add(id)));
    more.addEventListener("click", () => this.#choice.add(id));
    less.addEventListener("click", () => { this.#choice.remove(id); if (!this.#choice.count(id)) main.focus(); });
    element.addEventListener("keydown", (event) => {
      const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (!step) return;
      event.preventDefault();
      (element[step]?.refs.main ?? (event.key === "ArrowUp" ? this.#refs.filter : main)).focus();
    });
    return element;
  }

  #updateRow({ main, name, sub, count, more, less }, model) {
    const times = this.#choice.count(model.id);
    setText(name, model.name);
    setText(sub, [model.provider_name, model.model !== model.name ? model.model : ""].filter(Boolean).join(" · "));
    main.setAttribute("aria-pressed", String(times > 0));
    main.disabled = !times && this.#choice.full;
    setText(count, String(times));
    less.hidden = !times;
    count.hidden = !times;
    more.hidden = !times;
    more.disabled = this.#choice.full;
    more.setAttribute("aria-label", t("ask_once_more", { name: model.name }));
    less.setAttribute("aria-label", t("ask_once_less", { name: model.name }));
  }
}
