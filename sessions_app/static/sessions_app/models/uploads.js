import { backoff } from "../helpers/backoff.js";
import { emit } from "../helpers/events.js";
import { keptUpload, revivedUpload } from "../helpers/files.js";
import { randomId } from "../helpers/ids.js";

/** What sending the same file again cannot help. */
const FINAL = new Set(["UPLOAD_TOO_LARGE", "UPLOAD_TYPE_REJECTED", "VALIDATION_FAILED", "PERMISSION_DENIED", "EMPTY"]);
const AT_ONCE = 2;
// The server forgets what no message took within a day.
const KEPT_MS = 20 * 3_600_000;

/**
 * @typedef {object} UploadsOptions
 * @property {(upload: Upload, control: {onProgress: (share: number) => void, signal: AbortSignal}) => Promise<any>} send
 * @property {{image: number, file: number, most: number, accept: string}} limits
 * @property {import("../helpers/storage.js").SafeStorage} storage
 * @property {any} [timers]
 * @property {() => number} [now]
 * @property {() => number} [random]
 * @property {() => string} [newId]
 * @property {number} [giveUpMs] after this long, trying again is the writer's decision
 */

/**
 * Files that people attach, each going up as soon as it is chosen. Those not sent yet lie in a
 * place (one per composer); `take` hands them over to a message, and they go on going up there.
 * Raises `change` (detail the upload).
 *
 * @typedef {import("../helpers/files.js").Upload} Upload
 */
export class Uploads extends EventTarget {
  #places = new Map();
  #waiting = [];
  #running = new Map();
  #options;

  /** @param {UploadsOptions} options */
  constructor(options) {
    super();
    this.#options = {
      now: Date.now, random: Math.random, newId: randomId, giveUpMs: 600_000,
      timers: { setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (id) => clearTimeout(id) },
      ...options,
    };
  }

  /**
   * What lies in a place, restored from before the last reload if need be.
   * @param {string} place
   * @returns {Upload[]}
   */
  in(place) {
    if (!this.#places.has(place)) this.#places.set(place, this.#restored(place));
    return this.#places.get(place);
  }

  /**
   * @param {string} place
   * @param {File[]} files
   * @returns {number} how many found no room
   */
  add(place, files) {
    const room = Math.max(0, this.#options.limits.most - this.in(place).length);
    const added = files.slice(0, room).map((file) => this.#made(file));
    this.#put(place, [...this.in(place), ...added]);
    for (const upload of added) {
      if (upload.state === "uploading") this.#waiting.push(upload);
      emit(this, "change", upload);
    }
    this.#next();
    return files.length - added.length;
  }

  /**
   * @param {string} place
   * @param {Upload} upload
   */
  remove(place, upload) {
    this.#put(place, this.in(place).filter((one) => one !== upload));
    this.drop(upload);
    emit(this, "change", upload);
  }

  /**
   * Everything in a place that can become part of a message; what cannot stays and says why.
   * @param {string} place
   * @returns {Upload[]}
   */
  take(place) {
    const taken = this.in(place).filter(({ state }) => state !== "failed");
    this.#put(place, this.in(place).filter(({ state }) => state === "failed"));
    return taken;
  }

  /** @param {Upload} upload a failed one, or one that would try again later */
  retry(upload) {
    if (!upload.file || !["failed", "waiting"].includes(upload.state)) return;
    Object.assign(upload, { state: "uploading", error: null, since: this.#options.now(), progress: 0 });
    this.#waiting.push(upload);
    emit(this, "change", upload);
    this.#next();
  }

  /** The network is back: nobody has to wait. */
  wake() {
    for (const [upload, { timer }] of [...this.#running]) if (timer !== null) this.#again(upload);
  }

  /** Nobody wants this one any more. */
  drop(upload) {
    this.#waiting = this.#waiting.filter((one) => one !== upload);
    const run = this.#running.get(upload);
    this.#forget(upload);
    run?.stop.abort();
    if (!upload.id && upload.url) URL.revokeObjectURL(upload.url);
    this.#next();
  }

  /** Somebody else uses the page now. */
  clear() {
    for (const place of new Set([...this.#places.keys(), ...this.#options.storage.keys("files:").map((key) => key.slice(6))])) {
      for (const upload of this.in(place)) this.drop(upload);
      this.#put(place, []);
    }
  }

  // Internals

  #made(file) {
    const kind = file.type.startsWith("image/") ? "image" : "file";
    const upload = {
      key: this.#options.newId(), file, kind, name: file.name || "file", size: file.size, state: "uploading", progress: 0,
      id: null, url: null, error: null, tries: 0, since: this.#options.now(),
    };
    const code = this.#objection(upload);
    if (code) return { ...upload, file: null, state: "failed", error: { code, detail: "" } };
    return { ...upload, url: kind === "image" ? URL.createObjectURL(file) : null };
  }

  /** Why the server would refuse it: better said at once. */
  #objection({ file, kind, name }) {
    const { limits } = this.#options;
    const ending = /\.\w+$/.exec(name.toLowerCase())?.[0];
    if (!limits.accept.split(",").some((one) => one === file.type || one === ending)) return "UPLOAD_TYPE_REJECTED";
    if (!file.size) return "EMPTY";
    return file.size > limits[kind] ? "UPLOAD_TOO_LARGE" : null;
  }

  #next() {
    const active = [...this.#running.values()].filter(({ timer }) => timer === null).length;
    for (const upload of this.#waiting.splice(0, Math.max(0, AT_ONCE - active))) this.#run(upload);
  }

  async #run(upload) {
    const run = { stop: new AbortController(), timer: null };
    this.#running.set(upload, run);
    const onProgress = (share) => {
      upload.progress = share;
      emit(this, "change", upload);
    };
    try {
      const attachment = await this.#options.send(upload, { onProgress, signal: run.stop.signal });
      if (!run.stop.signal.aborted) this.#arrived(upload, attachment);
    } catch (error) {
      if (!run.stop.signal.aborted) this.#troubled(upload, run, error);
    }
    if (run.stop.signal.aborted) return;
    emit(this, "change", upload);
    this.#next();
  }

  #arrived(upload, { id, url, name, size }) {
    this.#forget(upload);
    if (upload.url) URL.revokeObjectURL(upload.url);
    Object.assign(upload, { id, url, name, size, file: null, state: "ready", progress: 1 });
    for (const [place, uploads] of this.#places) if (uploads.includes(upload)) this.#put(place, uploads);
  }

  #troubled(upload, run, error) {
    const { now, giveUpMs, timers, random } = this.#options;
    const { code = "NETWORK", message = "", retryAfter = 0 } = error;
    if (FINAL.has(code) || now() - upload.since + retryAfter * 1000 > giveUpMs) {
      this.#forget(upload);
      Object.assign(upload, { state: "failed", error: { code, detail: message } });
      if (FINAL.has(code)) upload.file = null;
      return;
    }
    upload.state = "waiting";
    upload.tries += 1;
    const pause = Math.max(retryAfter * 1000, 500 + backoff(upload.tries, { random, cap: 15_000 }));
    run.timer = timers.setTimeout(() => this.#again(upload), pause);
  }

  #again(upload) {
    this.#forget(upload);
    upload.state = "uploading";
    this.#waiting.push(upload);
    emit(this, "change", upload);
    this.#next();
  }

  #forget(upload) {
    const timer = this.#running.get(upload)?.timer ?? null;
    if (timer !== null) this.#options.timers.clearTimeout(timer);
    this.#running.delete(upload);
  }

  #put(place, uploads) {
    this.#places.set(place, uploads);
    const { storage, now } = this.#options;
    if (uploads.length) storage.set(`files:${place}`, { at: now(), uploads: uploads.filter(({ error }) => !FINAL.has(error?.code)).map(keptUpload) });
    else storage.remove(`files:${place}`);
  }

  #restored(place) {
    const { at = 0, uploads = [] } = this.#options.storage.get(`files:${place}`) ?? {};
    const old = this.#options.now() - at > KEPT_MS;
    return uploads.map((kept) => revivedUpload(old ? { ...kept, id: null, url: null } : kept));
  }
}
