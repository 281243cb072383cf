import { say } from "./words.js";

/** What is asked when a conversation is closed. */
export class ChatRating extends HTMLElement {
  #chat = null;
  #asked = null;

  /** @param {import("./chat.js").Chat} chat */
  set chat(chat) {
    this.#chat = chat;
    const form = this.querySelector("form");
    form.addEventListener("change", () => this.#chosen());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#rate(form);
    });
    form.querySelectorAll("input").forEach((input) => input.setAttribute("aria-label", `${input.value}: ${say(`rating.${input.value}`)}`));
    chat.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const closed = this.#chat.status === "closed" ? this.#chat.feed.sessionId : null;
    const fresh = closed !== this.#asked;
    this.#asked = closed;
    if (!closed) return;
    const rated = this.#chat.feed.session?.rating;
    this.querySelector("form").hidden = Boolean(rated);
    this.querySelector("#thanks").hidden = !rated;
    if (fresh && !rated) {
      this.querySelector("form").reset();
      this.#chosen();
    }
  }

  #chosen() {
    const score = new FormData(this.querySelector("form")).get("score");
    this.querySelector("output").textContent = score ? say(`rating.${score}`) : "";
    this.querySelector(".more").hidden = !score;
  }

  async #rate(form) {
    const data = new FormData(form);
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      await this.#chat.act("rating", { score: Number(data.get("score")), comment: String(data.get("comment") ?? "") });
      document.querySelector("#again").focus();
    } catch {
      this.querySelector("output").textContent = say("action_failed");
    }
    button.disabled = false;
  }
}
