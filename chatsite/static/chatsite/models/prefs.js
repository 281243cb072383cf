/** What this person chose for this browser. Raises `change` (detail the name). */
import { emit } from "../../sessions_app/helpers/events.js";

export class Prefs extends EventTarget {
  #storage;
  #defaults;

  /**
   * @param {import("../../sessions_app/helpers/storage.js").SafeStorage} storage
   * @param {Record<string, boolean>} defaults
   */
  constructor(storage, defaults) {
    super();
    this.#storage = storage;
    this.#defaults = defaults;
  }

  get(name) {
    return this.#storage.get(`pref.${name}`) ?? this.#defaults[name];
  }

  set(name, value) {
    this.#storage.set(`pref.${name}`, value);
    emit(this, "change", name);
  }
}
