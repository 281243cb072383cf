/** What this person chose for this browser. Raises `change` (detail the name). */
import { emit } from "../../../sessions_app/helpers/events.js";

const DEFAULTS = { sound: false, desktop: false, enterSends: true, details: true };

export class Prefs extends EventTarget {
  #storage;

  /** @param {import("../../../sessions_app/helpers/storage.js").SafeStorage} storage */
  constructor(storage) {
    super();
    this.#storage = storage;
  }

  get(name) {
    return this.#storage.get(`pref.${name}`) ?? DEFAULTS[name];
  }

  set(name, value) {
    this.#storage.set(`pref.${name}`, value);
    emit(this, "change", name);
  }
}
