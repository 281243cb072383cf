import { make, setText } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";
import { Part } from "../../../chatsite/parts/part.js";

/** The open conversation's name and what can be done to it. */
class Head extends Part {
  #chat;

  start({ chat, onMenu, onAction }) {
    this.#chat = chat;
    const { refs } = this;
    const draw = Part.each(() => this.#draw());
    chat.addEventListener("change", draw);
    refs.menu.addEventListener("click", onMenu);
    for (const button of this.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => {
        if (button.closest("[popover]")) refs["menu-box"].hidePopover();
        onAction(button.dataset.action);
      });
    }
    draw();
  }

  mark(name, open) {
    const button = name === "side" ? this.refs.menu : this.querySelector("[data-action=settings]");
    button.setAttribute("aria-expanded", String(open));
  }

  #draw() {
    const { refs } = this;
    const { info, id, state } = this.#chat;
    const title = info ? info.title || t("untitled") : id && state === "loading" ? "" : t("new_talk");
    setText(refs.title, title);
    refs.title.title = title;
    refs.actions.hidden = !info;
    refs.archived.hidden = !info?.archived_at;
    setText(refs["archive-text"], t(info?.archived_at ? "unarchive" : "archive"));
    const tags = info?.tags ?? [];
    if (refs.tags.dataset.drawn === tags.join("\n")) return;
    refs.tags.dataset.drawn = tags.join("\n");
    refs.tags.hidden = !tags.length;
    refs.tags.replaceChildren(...tags.slice(0, 4).map((tag) => { const item = make("li"); item.append(make("span", "", tag)); return item; }));
  }
}

customElements.define("playground-head", Head);
