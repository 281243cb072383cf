import { emit } from "../helpers/events.js";
import { sizeLabel } from "../helpers/files.js";
import { sendFile } from "../helpers/send_file.js";
import { Uploads } from "../models/uploads.js";

/**
 * The files that will go with the next message: what they look like, how far they have come, what is
 * wrong with them. The page holds the `t-file` template. Raises `change`.
 */
export class FileTray extends HTMLElement {
  #uploads = null;
  #place = "";
  #say = null;
  #limits = null;
  #locale = "en";
  #rows = new Map();

  /**
   * @param {object} parts
   * @param {string} parts.base of the API
   * @param {import("../models/rest.js").Rest} parts.rest
   * @param {import("../helpers/storage.js").SafeStorage} parts.storage
   * @param {import("../models/outbox.js").Outbox} parts.outbox
   * @param {import("../models/connection.js").Connection} parts.connection
   * @param {any} parts.limits
   * @param {(key: string, values?: any) => string} parts.say
   * @param {string} parts.locale
   */
  start({ base, rest, storage, outbox, connection, limits, say, locale }) {
    Object.assign(this, { list: this.querySelector("ul"), trouble: this.querySelector(".trouble"), status: this.querySelector("[role=status]") });
    this.#say = say;
    this.#limits = limits;
    this.#locale = locale;
    const uploads = new Uploads({ storage, limits, send: (upload, control) => sendFile({ base, rest }, upload, control) });
    uploads.addEventListener("change", ({ detail }) => this.#onChange(detail, outbox));
    outbox.addEventListener("again", ({ detail }) => detail.files.forEach((file) => uploads.retry(file)));
    outbox.addEventListener("gone", ({ detail }) => detail.files.forEach((file) => uploads.drop(file)));
    connection.addEventListener("ready", () => uploads.wake());
    addEventListener("online", () => uploads.wake());
    this.#uploads = uploads;
    this.#draw();
  }

  /** Whose next message it is, when there are several. */
  set place(place) {
    this.#place = place;
    this.trouble.textContent = "";
    this.#draw();
  }

  /** How many will go out with the next message. */
  get count() { return this.#uploads.in(this.#place).filter(({ state }) => state !== "failed").length; }

  /** @param {File[]} files */
  add(files) {
    const left = this.#uploads.add(this.#place, files);
    this.trouble.textContent = left ? this.#say("file.many", { n: this.#limits.most }) : "";
    this.#draw();
  }

  take() {
    const taken = this.#uploads.take(this.#place);
    this.trouble.textContent = "";
    this.#draw();
    return taken;
  }

  clear() {
    this.#uploads.clear();
    this.#draw();
  }

  // Drawing

  #onChange(upload, outbox) {
    const mine = this.#uploads.in(this.#place).includes(upload);
    if (mine && ["ready", "failed"].includes(upload.state)) this.status.textContent = `${upload.name}: ${this.#stateOf(upload)}`;
    outbox.fileChanged(upload);
    this.#draw();
  }

  #draw() {
    const uploads = this.#uploads.in(this.#place);
    for (const [key, row] of this.#rows) if (!uploads.some((upload) => upload.key === key)) this.#drop(key, row);
    for (const upload of uploads) {
      if (!this.#rows.has(upload.key)) this.#rows.set(upload.key, this.#made(upload));
      const row = this.#rows.get(upload.key);
      this.#fill(row, upload);
      this.list.append(...(row.isConnected ? [] : [row]));
    }
    this.hidden = !uploads.length && !this.trouble.textContent;
    emit(this, "change");
  }

  #made(upload) {
    const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
    row.querySelector(".remove").addEventListener("click", () => this.#uploads.remove(this.#place, upload));
    row.querySelector(".retry").addEventListener("click", () => this.#uploads.retry(upload));
    row.querySelector("img").addEventListener("error", ({ target }) => { target.hidden = true; });
    return row;
  }

  #fill(row, upload) {
    const [name, state, image, progress, remove] = [".file-name", ".file-state", "img", "progress", ".remove"].map((part) => row.querySelector(part));
    const { url, kind } = upload;
    row.dataset.state = upload.state;
    name.textContent = name.title = upload.name;
    state.textContent = this.#stateOf(upload);
    if (kind === "image" && url && image.getAttribute("src") !== url) {
      image.src = url;
      image.hidden = false;
    }
    progress.hidden = upload.state !== "uploading";
    progress.value = upload.progress;
    progress.setAttribute("aria-label", this.#say("file.uploading", { name: upload.name }));
    row.querySelector(".retry").hidden = upload.state !== "failed" || !upload.file;
    remove.setAttribute("aria-label", this.#say("file.remove", { name: upload.name }));
  }

  #stateOf({ state, error, kind, size }) {
    if (state === "waiting") return this.#say("file.waiting");
    if (state !== "failed") return sizeLabel(size, this.#locale);
    const key = `file.${error.code}`;
    const why = this.#say(key, { limit: sizeLabel(this.#limits[kind], this.#locale) });
    return why === key ? this.#say("file.failed") : why;
  }

  /** The one who takes a file away by keyboard stays in the list. */
  #drop(key, row) {
    const held = row.contains(document.activeElement);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#rows.delete(key);
    if (held) (next?.querySelector(".remove") ?? this.parentElement.querySelector("textarea")).focus();
  }
}
