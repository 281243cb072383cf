import { make, refs as partsOf, row, setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { explain } from "../../../chatsite/models/problems.js";

/** Asks whom to hand a chat to. */
export class TransferDialog {
  #desk;
  #dialog = document.getElementById("transfer-dialog");
  #refs = partsOf(this.#dialog);

  constructor(desk) {
    this.#desk = desk;
    const { form, filter, targets, cancel, dismiss } = this.#refs;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    filter.addEventListener("input", () => this.#draw());
    filter.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      event.preventDefault();
      targets.querySelector("input")?.focus();
      if (event.key === "Enter") targets.querySelector("input")?.click();
    });
    targets.addEventListener("change", () => { this.#refs.submit.disabled = false; });
    for (const button of [cancel, dismiss]) button.addEventListener("click", () => this.#dialog.close());
    desk.addEventListener("team", () => { if (this.#dialog.open) this.#draw(); });
  }

  async open() {
    const { filter, note, error } = this.#refs;
    filter.value = note.value = "";
    error.hidden = true;
    this.#draw();
    this.#dialog.showModal();
    filter.focus();
    await this.#desk.loadTeam();
  }

  #draw() {
    const { targets, filter, submit } = this.#refs;
    const chosen = targets.querySelector(":checked")?.value;
    const wanted = filter.value.trim().toLocaleLowerCase();
    const fits = (target) => nameOf(target).toLocaleLowerCase().includes(wanted);
    const { session, team, me } = this.#desk;
    const teams = team.teams.filter((one) => fits(one));
    const agents = team.agents.filter((one) => one.id !== me.id && one.id !== session?.assignee?.id && fits(one)).sort(availableFirst);
    targets.replaceChildren(
      ...section(t("teams"), teams.map((one) => this.#target("team_id", one, chosen))),
      ...section(t("people"), agents.map((one) => this.#target("agent_id", one, chosen))),
    );
    if (!teams.length && !agents.length) targets.append(make("p", "none", t("nobody_found")));
    submit.disabled = !targets.querySelector(":checked");
  }

  #target(field, target, chosen) {
    const element = row("row-target");
    const input = element.querySelector("input");
    input.value = `${field}:${target.id}`;
    input.checked = input.value === chosen;
    setText(element.refs.name, nameOf(target));
    drawAvatar(element.refs.avatar, target, { presence: field === "agent_id" ? target.status : null });
    if (field === "agent_id") setText(element.refs.state, t(`presence_${target.status ?? "offline"}`));
    return element;
  }

  async #submit() {
    const { targets, note, submit, error, "error-text": text } = this.#refs;
    const [field, id] = (targets.querySelector(":checked")?.value ?? "").split(":");
    if (!field) return;
    submit.disabled = true;
    error.hidden = true;
    try {
      await this.#desk.act("transfer", { [field]: Number(id), ...(note.value.trim() ? { note: note.value.trim() } : {}) });
      this.#dialog.close();
    } catch (problem) {
      setText(text, explain(problem, { t, has, assignee: this.#desk.session?.assignee?.name }));
      error.hidden = false;
    } finally {
      submit.disabled = false;
    }
  }
}

const RANK = { online: 0, away: 1 };
function availableFirst(a, b) {
  return (RANK[a.status] ?? 2) - (RANK[b.status] ?? 2) || nameOf(a).localeCompare(nameOf(b));
}

function section(title, rows) {
  return rows.length ? [make("h3", "", title), ...rows] : [];
}
