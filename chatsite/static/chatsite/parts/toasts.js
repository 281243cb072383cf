import { row, setIcon, setText } from "../lib/dom.js";
import { Part } from "./part.js";

const STAY_MS = 6000;

/** Short news at the bottom: what was done, with a way back, or why it was not. */
class Toasts extends Part {
  /** @param {{text: string, error?: boolean, action?: {label: string, run: () => void}}} news */
  show({ text, error = false, action = null }) {
    const element = row("row-toast");
    const { refs } = element;
    element.classList.toggle("error", error);
    element.setAttribute("role", error ? "alert" : "status");
    setIcon(refs.icon, error ? "alert" : "close");
    setText(refs.text, text);
    refs.action.hidden = !action;
    if (action) {
      setText(refs.action, action.label);
      refs.action.addEventListener("click", () => { element.remove(); action.run(); });
    }
    refs.dismiss.addEventListener("click", () => element.remove());
    this.append(element);
    while (this.childElementCount > 3) this.firstElementChild.remove();
    this.#leave(element);
  }

  /** Goes by itself, but not while somebody points at it or has the focus in it. */
  #leave(element) {
    const held = () => element.matches(":hover, :focus-within");
    const timer = setInterval(() => {
      if (!element.isConnected || !held()) {
        element.remove();
        clearInterval(timer);
      }
    }, STAY_MS);
  }
}

customElements.define("page-toasts", Toasts);
