/** Colours for code. Asks the server once for each piece of code, many pieces in one request. */
const WAIT_MS = 30;
const MOST_BLOCKS = 20;
export const MOST_CHARS = 20_000;

export class Highlighter {
  #ask;
  #timers;
  #known = new Map();
  #waiting = new Map();
  #timer = null;

  /**
   * @param {(blocks: {language: string, code: string}[]) => Promise<{results: {tokens: [string, string][]}[]}>} ask
   * @param {{setTimeout: Function}} [timers]
   */
  constructor(ask, timers = globalThis) {
    this.#ask = ask;
    this.#timers = timers;
  }

  /**
   * @param {string} language as it stands behind the fence
   * @param {string} code
   * @returns {Promise<[string, string][] | null>} pairs of a kind and a piece; null: leave it as it is
   */
  tokens(language, code) {
    const key = `${language}\n${code}`;
    if (!language || !code.trim() || code.length > MOST_CHARS) return Promise.resolve(null);
    if (!this.#known.has(key)) {
      this.#known.set(key, new Promise((resolve) => {
        this.#waiting.set(key, { language, code, resolve });
        this.#timer ??= this.#timers.setTimeout(() => this.#send(), WAIT_MS);
      }));
    }
    return this.#known.get(key);
  }

  async #send() {
    this.#timer = null;
    const batch = [...this.#waiting.entries()].slice(0, MOST_BLOCKS);
    for (const [key] of batch) this.#waiting.delete(key);
    if (this.#waiting.size) this.#timer = this.#timers.setTimeout(() => this.#send(), WAIT_MS);
    try {
      const { results } = await this.#ask(batch.map(([, { language, code }]) => ({ language, code })));
      batch.forEach(([, { resolve }], index) => resolve(results[index]?.tokens ?? null));
    } catch {
      // Colours are a nicety: without them the code is still there, and the next look asks again.
      for (const [key, { resolve }] of batch) {
        this.#known.delete(key);
        resolve(null);
      }
    }
  }
}
