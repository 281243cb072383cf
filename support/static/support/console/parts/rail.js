import { setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar, nameOf } from "../../../chatsite/lib/people.js";
import { t } from "../../../chatsite/lib/text.js";
import { startChoices } from "../../../chatsite/parts/choices.js";
import { Part } from "../../../chatsite/parts/part.js";

/** Views with their numbers, presence, and everything personal. */
class Rail extends Part {
  #desk;

  start(desk, { onView, onSignOut, onShortcuts, onSkip, notices }) {
    this.#desk = desk;
    const { refs } = this;
    refs["demo-label"].hidden = !desk.config.demo_assistant;
    refs["demo-label"].title = t("demo_assistant_hint");
    setText(refs.name, nameOf(desk.me));
    setText(refs.role, t(`role_${desk.me.role}`));
    for (const button of [refs.presence, refs["presence-menu"]]) button.addEventListener("click", () => this.#togglePresence());
    refs.views.addEventListener("click", onView);
    refs.skip.addEventListener("click", onSkip);
    refs.shortcuts.addEventListener("click", () => { refs.menu.hidePopover(); onShortcuts(); });
    refs["sign-out"].addEventListener("click", () => { refs.menu.hidePopover(); onSignOut(); });
    startChoices(refs);
    for (const button of this.querySelectorAll("[data-pref]")) this.#prefSwitch(button, notices);
    desk.inbox.addEventListener("counts", () => this.#drawCounts());
    desk.prefs.addEventListener("change", () => this.#drawPresence());
    this.#drawPresence();
  }

  /** @param {string} key the view that is shown */
  mark(key) {
    for (const link of this.refs.views.children) {
      if (link.dataset.view === key) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #drawCounts() {
    const { counts } = this.#desk.inbox;
    for (const place of this.querySelectorAll("[data-count]")) {
      const count = counts[place.dataset.count] ?? 0;
      setText(place, count ? new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(count) : "");
      place.classList.toggle("hot", place.dataset.count === "waiting" && count > 0);
    }
  }

  #togglePresence() {
    this.#desk.setStatus(this.#desk.status === "online" ? "away" : "online");
  }

  #drawPresence() {
    const { status, me } = this.#desk;
    const { refs } = this;
    for (const button of [refs.presence, refs["presence-menu"]]) button.setAttribute("aria-checked", String(status === "online"));
    for (const name of [refs["presence-name"], refs["presence-menu-name"]]) setText(name, t(`presence_${status}`));
    refs.presence.title = t("presence_hint");
    drawAvatar(refs.avatar, me, { presence: status });
  }

  #prefSwitch(button, notices) {
    const { prefs } = this.#desk;
    const name = button.dataset.pref;
    const draw = () => button.setAttribute("aria-checked", String(Boolean(prefs.get(name))));
    button.addEventListener("click", async () => {
      const wanted = !prefs.get(name);
      prefs.set(name, wanted && name in notices ? await notices[name]() : wanted);
      draw();
    });
    draw();
  }
}

customElements.define("console-rail", Rail);
