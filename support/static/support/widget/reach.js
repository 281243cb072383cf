import { nextOpening } from "./presence.js";
import { config, say } from "./words.js";

const PATIENCE_MS = 120_000;

/** When nobody is there: says so, says when somebody will be, and asks where an answer may go. */
export class ChatReach extends HTMLElement {
  #chat = null;
  #storage = null;
  #timer = 0;

  /**
   * @param {import("./chat.js").Chat} chat
   * @param {import("../../sessions_app/helpers/storage.js").SafeStorage} storage
   */
  start(chat, storage) {
    this.#chat = chat;
    this.#storage = storage;
    this.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#leave(event.target.elements.email.value.trim());
    });
    this.querySelector("#later").addEventListener("click", () => {
      storage.set("reach", chat.feed.sessionId);
      this.#draw();
      document.querySelector("chat-composer").focus();
    });
    chat.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  // Drawing

  #draw() {
    clearTimeout(this.#timer);
    const why = this.#why();
    this.hidden = !why;
    const line = this.querySelector(".why");
    if (why && line.textContent !== why) line.textContent = why;
  }

  /** What to say, or nothing when somebody is there, or an address, or no wish to leave one. */
  #why() {
    const { status, feed } = this.#chat;
    if (status !== "queued" || feed.session?.metadata?.contact_email || this.#storage.get("reach") === feed.sessionId) return "";
    const asked = feed.messages.findLast(({ metadata }) => ["handoff", "released", "transferred", "reopened"].includes(metadata?.event));
    const time = nextOpening();
    if (time) return say("reach.until", { time });
    if (asked?.metadata.online === false || !config.online) return say("reach.away");
    const waited = Date.now() - Date.parse(asked?.created_at ?? feed.session.created_at);
    if (waited >= PATIENCE_MS) return say("reach.busy");
    this.#timer = setTimeout(() => this.#draw(), PATIENCE_MS - waited);
    return "";
  }

  async #leave(email) {
    const trouble = this.querySelector(".trouble");
    const field = this.querySelector("input");
    trouble.textContent = "";
    try {
      await this.#chat.act("contact", { email });
      document.querySelector("chat-composer").focus();
    } catch (error) {
      const wrong = error.code === "VALIDATION_FAILED";
      trouble.textContent = say(wrong ? "reach.invalid" : "action_failed");
      field.setAttribute("aria-invalid", String(wrong));
      field.focus();
    }
  }
}
