import { sizeLabel } from "../../sessions_app/helpers/files.js";
import { locale } from "./words.js";

/** A file of a message: a picture to look at, and its name and size to fetch it by. */
export class ChatFile extends HTMLElement {
  connectedCallback() {
    const { url, name, kind, size } = this.file;
    const label = document.createElement("span");
    label.append(name, Object.assign(document.createElement("small"), { textContent: sizeLabel(size, locale) }));
    const sign = document.getElementById("file-sign").content.cloneNode(true);
    this.replaceChildren(...(kind === "image" && url ? [this.#picture()] : []), this.#link("file", sign, label));
  }

  // Internals

  #picture() {
    const { url, name, width, height } = this.file;
    const image = Object.assign(document.createElement("img"), { src: url, alt: name, ...(width ? { width, height } : {}) });
    const picture = this.#link("picture", image);
    image.addEventListener("load", () => this.dispatchEvent(new CustomEvent("grown", { bubbles: true })));
    // A link that has ended leaves the name.
    image.addEventListener("error", () => picture.remove());
    return picture;
  }

  #link(className, ...parts) {
    const { url, name } = this.file;
    const link = Object.assign(document.createElement("a"), { className, target: "_blank", rel: "noopener" });
    if (url) link.href = url;
    if (className === "file") link.download = name;
    link.addEventListener("click", (event) => this.#onClick(event));
    link.append(...parts);
    return link;
  }

  /** A link ends after an hour; then a fresh one is asked for. */
  #onClick(event) {
    const until = Number(new URL(event.currentTarget.href, location.href).searchParams.get("until"));
    if (!until || until * 1000 > Date.now()) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("stale", { bubbles: true, detail: (rest) => this.#freshLink(rest) }));
  }

  /** Reading its message again gives a new one. */
  async #freshLink(rest) {
    const { message, file } = this;
    const { results } = await rest.messages(message.session_id, { after_seq: String(message.seq - 1), limit: "1" });
    return results[0].attachments.find(({ id }) => id === file.id).url;
  }
}
