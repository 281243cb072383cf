/** The text of one attempt at an answer, put together from numbered chunks. */
export class ReplyDraft {
  text = "";
  /** The answer is whole, its message is on the way. */
  settling = false;
  #seq = 0;
  #snapshot = false;

  /**
   * @param {string} turnId
   * @param {number} attempt
   */
  constructor(turnId, attempt) {
    this.turnId = turnId;
    this.attempt = attempt;
  }

  /** The next chunk carries all text so far, whatever its number. */
  expectSnapshot() {
    this.#snapshot = true;
  }

  /**
   * @param {{seq: number, delta_text: string}} chunk
   * @returns {boolean} false when chunks between are missing
   */
  add({ seq, delta_text: delta }) {
    if (this.#snapshot) {
      this.#snapshot = false;
      this.text = delta;
      this.#seq = seq;
      return true;
    }
    if (seq <= this.#seq) return true;
    if (seq > this.#seq + 1) return false;
    this.text += delta;
    this.#seq = seq;
    return true;
  }
}
