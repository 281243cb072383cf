/** Which models the next question goes to, in the order of their columns; one may stand twice. Raises `change`. */
import { emit } from "../../../sessions_app/helpers/events.js";
import { numbered } from "../helpers/names.js";

export class Choice extends EventTarget {
  #models = new Map();
  #ids = [];
  /** What the conversation that was opened before the models had come was asked of. */
  #wished = [];
  #storage;
  #random;
  most;
  loading = false;
  /** Why the models could not be read, until they are. */
  error = null;

  /** @param {{storage: any, most?: number, random?: () => number}} options */
  constructor({ storage, most = 6, random = Math.random }) {
    super();
    this.#storage = storage;
    this.most = most;
    this.#random = random;
  }

  get ids() { return [...this.#ids]; }
  get full() { return this.#ids.length >= this.most; }
  get blind() { return this.#ids.length > 1 && Boolean(this.#storage.get("blind")); }
  /** All that can be asked. */
  get available() { return [...this.#models.values()]; }

  /** The chosen models; `label` tells two of the same apart. */
  get chosen() {
    const models = this.#ids.map((id) => this.#models.get(id));
    const labels = numbered(models.map((model) => model.name));
    return models.map((model, index) => ({ ...model, label: labels[index] }));
  }

  /** @param {() => Promise<any[]>} read throws an ApiError, and so does this */
  async load(read) {
    if (this.loading) return;
    this.loading = true;
    emit(this, "change");
    try {
      const models = await read();
      Object.assign(this, { loading: false, error: null });
      this.setModels(models);
    } catch (error) {
      Object.assign(this, { loading: false, error });
      emit(this, "change");
      throw error;
    }
  }

  /** @param {{id: number, name: string, enabled: boolean}[]} models as the API lists them */
  setModels(models) {
    this.#models = new Map(models.filter((model) => model.enabled !== false).map((model) => [model.id, model]));
    const wishes = [this.#ids, this.#wished, this.#storage.get("models") ?? [], this.available.slice(0, 2).map((model) => model.id)];
    this.#ids = wishes.map((ids) => this.#known(ids)).find((ids) => ids.length) ?? [];
    emit(this, "change");
  }

  /** Take the models of a conversation that is opened; those gone since are left out. */
  use(ids) {
    this.#wished = ids ?? [];
    const known = this.#known(this.#wished);
    if (!known.length) return;
    this.#ids = known;
    emit(this, "change");
  }

  count(id) { return this.#ids.filter((other) => other === id).length; }

  /** @returns {boolean} false when there is no room */
  add(id) {
    if (this.full || !this.#models.has(id)) return false;
    this.#set([...this.#ids, id]);
    return true;
  }

  removeAt(index) { this.#set(this.#ids.filter((_, place) => place !== index)); }

  remove(id) { this.removeAt(this.#ids.lastIndexOf(id)); }

  setBlind(blind) {
    this.#storage.set("blind", blind);
    emit(this, "change");
  }

  /** The order to ask in: shuffled when names are hidden, so that the place says nothing either. */
  order() {
    const ids = this.ids;
    if (!this.blind) return ids;
    for (let last = ids.length - 1; last > 0; last -= 1) {
      const other = Math.floor(this.#random() * (last + 1));
      [ids[last], ids[other]] = [ids[other], ids[last]];
    }
    return ids;
  }

  model(id) { return this.#models.get(id) ?? null; }

  #set(ids) {
    this.#ids = ids;
    this.#storage.set("models", ids);
    emit(this, "change");
  }

  #known(ids) { return ids.filter((id) => this.#models.has(id)).slice(0, this.most); }
}
