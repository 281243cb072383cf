import { announce, setText } from "../../../chatsite/lib/dom.js";
import { t } from "../../../chatsite/lib/text.js";
import { Part } from "../../../chatsite/parts/part.js";

const PATIENCE_MS = 1200;

/** Visible whenever the desk is not live, and says what that means for what one writes. */
class ConnectionBar extends Part {
  #desk;
  #timer = null;
  #wasLive = false;

  start(desk) {
    this.#desk = desk;
    desk.connection.addEventListener("state", () => this.#plan());
    addEventListener("online", () => this.#plan());
    addEventListener("offline", () => this.#plan());
    setInterval(() => { if (!this.hidden) this.#draw(); }, 2000);
    this.#plan();
  }

  /** A blink is no news. */
  #plan() {
    clearTimeout(this.#timer);
    if (this.#desk.connection.isOpen) this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), PATIENCE_MS);
  }

  #draw() {
    const { connection } = this.#desk;
    const text = connection.isOpen ? "" : t(this.#kind(connection));
    if (!text && !this.hidden) announce(t("connected_again"), "connection-announcer");
    if (text && text !== this.refs.text.textContent) announce(text, "connection-announcer");
    this.hidden = !text;
    setText(this.refs.text, text);
    this.refs.offline.toggleAttribute("hidden", navigator.onLine);
    this.refs.spinner.toggleAttribute("hidden", !navigator.onLine || connection.state === "denied");
    if (connection.isOpen) this.#wasLive = true;
  }

  #kind(connection) {
    if (!navigator.onLine) return "conn_offline";
    if (connection.state === "denied") return "conn_denied";
    // Without a socket the list is read again and again: it tells whether the server is there at all.
    if (connection.polling) return this.#desk.inbox.error ? "conn_lost" : "conn_polling";
    return this.#wasLive ? "conn_again" : "conn_first";
  }
}

customElements.define("console-connection", ConnectionBar);
