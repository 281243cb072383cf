import { make, refs as partsOf, setText } from "../../../chatsite/lib/dom.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { explain } from "../../../chatsite/models/problems.js";
import { ends, phrases } from "../models/case.js";

/** Keeps the open chat as a case that releases of the assistant are tried on. */
export class CaseDialog {
  #desk;
  #onKept;
  #dialog = document.getElementById("case-dialog");
  #refs = partsOf(this.#dialog);
  #sessionId = null;
  #asked = 0;

  /** @param {{onKept: (kept: {id: number, enabled: boolean}) => void}} options */
  constructor(desk, { onKept }) {
    this.#desk = desk;
    this.#onKept = onKept;
    const { form, upto, cancel, dismiss } = this.#refs;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    upto.addEventListener("change", () => this.#load());
    for (const button of [cancel, dismiss]) button.addEventListener("click", () => this.#dialog.close());
  }

  async open() {
    const refs = this.#refs;
    this.#sessionId = this.#desk.selectedId;
    refs.form.reset();
    refs.talk.replaceChildren();
    refs.error.hidden = true;
    setText(refs.lead, t(this.#desk.me.role === "admin" ? "case_lead_admin" : "case_lead_agent"));
    const choices = ends(this.#desk.feed?.messages ?? []);
    refs.upto.replaceChildren(...choices.map(({ seq, text }) => new Option(text, String(seq))));
    refs["upto-part"].hidden = choices.length < 2;
    this.#dialog.showModal();
    await this.#load();
    refs.name.focus();
    refs.name.select();
  }

  /** Shows what would be kept, as the server sees it. */
  async #load() {
    const { name, talk, upto, submit } = this.#refs;
    const mine = ++this.#asked;
    submit.disabled = true;
    try {
      const query = upto.value ? `?upto_seq=${upto.value}` : "";
      const begun = await this.#desk.rest.call("GET", `/chat/sessions/${this.#sessionId}/case${query}`);
      if (mine !== this.#asked) return;
      name.value = begun.name;
      talk.replaceChildren(...begun.talk.map(line));
      talk.scrollTop = talk.scrollHeight;
      submit.disabled = !begun.talk.length;
      if (!begun.talk.length) this.#say(t("case_empty"));
    } catch (problem) {
      if (mine === this.#asked) this.#say(explain(problem, { t, has }));
    }
  }

  async #submit() {
    const { name, upto, handoff, attack, submit, error } = this.#refs;
    submit.disabled = true;
    error.hidden = true;
    try {
      const kept = await this.#desk.rest.call("POST", `/chat/sessions/${this.#sessionId}/case`, {
        name: name.value.trim(),
        ...(upto.value ? { upto_seq: Number(upto.value) } : {}),
        must_say: phrases(this.#refs["must-say"].value),
        must_not_say: phrases(this.#refs["must-not-say"].value),
        handoff: handoff.value,
        is_red_team: attack.checked,
      });
      this.#dialog.close();
      this.#onKept(kept);
    } catch (problem) {
      this.#say(problem.errors?.[0]?.detail ?? explain(problem, { t, has }));
    } finally {
      submit.disabled = false;
    }
  }

  #say(text) {
    setText(this.#refs["error-text"], text);
    this.#refs.error.hidden = false;
  }
}

function line({ role, text }) {
  const item = make("li");
  item.append(make("b", "", t(`case_${role}`)), text);
  return item;
}
