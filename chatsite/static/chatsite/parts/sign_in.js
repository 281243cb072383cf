import { make, setIcon } from "../lib/dom.js";
import { has, t } from "../lib/text.js";
import { countdown } from "../lib/time.js";
import { explain } from "../models/problems.js";
import { Part } from "./part.js";

/** The way in. Says by the answer's code what went wrong, and who this page is for. */
class SignIn extends Part {
  #auth;
  #lock = null;

  start(auth, { demo_logins: demo = [] }) {
    this.#auth = auth;
    const { form, reveal, other, username, password } = this.refs;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    reveal.addEventListener("click", () => this.#reveal());
    other.addEventListener("click", () => this.#other());
    for (const input of [username, password]) input.addEventListener("input", () => this.#blame(input, ""));
    this.refs.demo.hidden = !demo.length;
    this.refs["demo-list"].replaceChildren(...demo.map((login) => this.#demoButton(login)));
  }

  /** @param {string} [reason] why the sign-in ended, if it did */
  ask(reason = "") {
    this.hidden = false;
    this.refs["form-part"].hidden = false;
    this.refs["staff-only"].hidden = true;
    this.#error(reason && reason !== "asked" ? t("session_over") : "");
    this.refs.username.focus();
  }

  refuseCustomer(user) {
    this.hidden = false;
    this.refs["form-part"].hidden = true;
    this.refs["staff-only"].hidden = false;
    this.refs["staff-text"].textContent = t("staff_only", { name: user.display_name || user.username || user.email });
    this.refs["staff-title"].focus();
  }

  refuseNetwork(error) {
    this.ask();
    this.#error(explain(error, { t, has }));
  }

  async #submit() {
    const { username, password } = this.refs;
    const name = username.value.trim();
    this.#blame(username, name ? "" : t("need_username"));
    this.#blame(password, password.value ? "" : t("need_password"));
    this.#error("");
    const missing = [username, password].find((input) => input.getAttribute("aria-invalid") === "true");
    if (missing) return missing.focus();
    this.#busy(true);
    try {
      await this.#auth.signIn(name, password.value);
      password.value = "";
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#busy(false);
    }
  }

  #refused(error) {
    if (error.retryAfter) return this.#countDown(error);
    this.#error(explain(error, { t, has }));
    this.refs.password.select();
    this.refs.password.focus();
  }

  /** Too many tries: says for how long, and lets nobody press in vain. */
  #countDown(error) {
    const until = Date.now() + error.retryAfter * 1000;
    clearInterval(this.#lock);
    const show = () => {
      const left = until - Date.now();
      this.refs.submit.disabled = left > 0;
      if (left > 0) return this.#error(explain(error, { t, has, wait: countdown(left) }), { quiet: true });
      clearInterval(this.#lock);
      this.#error("");
    };
    this.#error(explain(error, { t, has, wait: countdown(error.retryAfter * 1000) }));
    this.#lock = setInterval(show, 1000);
    this.refs.submit.disabled = true;
  }

  #reveal() {
    const shown = this.refs.password.type === "text";
    this.refs.password.type = shown ? "password" : "text";
    this.refs.reveal.setAttribute("aria-pressed", String(!shown));
    setIcon(this.refs["reveal-icon"], shown ? "eye" : "eye-off");
  }

  async #other() {
    await this.#auth.signOut().catch(() => {});
    this.ask();
  }

  #demoButton({ name, role, username, password }) {
    const button = make("button", "button small", role ? `${name} · ${t(`role_${role}`)}` : name);
    button.type = "button";
    button.addEventListener("click", () => {
      this.refs.username.value = username;
      this.refs.password.value = password;
      this.#submit();
    });
    return button;
  }

  #blame(input, message) {
    const line = this.refs[`${input.dataset.ref}-error`];
    line.textContent = message;
    line.hidden = !message;
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (message) input.setAttribute("aria-describedby", line.id);
    else input.removeAttribute("aria-describedby");
  }

  #error(message, { quiet = false } = {}) {
    const box = this.refs.error;
    // A running clock must not be read out every second.
    box.setAttribute("role", quiet ? "none" : "alert");
    this.refs["error-text"].textContent = message;
    box.hidden = !message;
  }

  #busy(busy) {
    this.refs.submit.disabled = busy || (this.refs.submit.disabled && this.#lock !== null && !this.refs.error.hidden);
    this.refs.submit.setAttribute("aria-busy", String(busy));
  }
}

customElements.define("page-sign-in", SignIn);
