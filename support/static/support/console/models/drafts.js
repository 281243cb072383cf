/** Unsent text by session, kept over reloads. */
const KEEP_MS = 30 * 86_400_000;

export class Drafts {
  #storage;
  #now;

  /** @param {import("../../../sessions_app/helpers/storage.js").SafeStorage} storage one per person */
  constructor(storage, now = Date.now) {
    this.#storage = storage;
    this.#now = now;
    this.#forgetOld();
  }

  /** @returns {{mode: "reply" | "note", reply: string, note: string}} */
  get(sessionId) {
    const { mode = "reply", reply = "", note = "" } = this.#storage.get(`draft.${sessionId}`) ?? {};
    return { mode, reply, note };
  }

  set(sessionId, { mode, reply, note }) {
    if (reply || note) this.#storage.set(`draft.${sessionId}`, { mode, reply, note, at: this.#now() });
    else this.#storage.remove(`draft.${sessionId}`);
  }

  has(sessionId) {
    const { reply, note } = this.get(sessionId);
    return Boolean(reply.trim() || note.trim());
  }

  #forgetOld() {
    for (const key of this.#storage.keys("draft.")) {
      if (this.#now() - (this.#storage.get(key)?.at ?? 0) > KEEP_MS) this.#storage.remove(key);
    }
  }
}
