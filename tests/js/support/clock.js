/** A clock that moves only when told to, so that hours of backoff pass in milliseconds. */
export class Clock {
  #now = 0;
  #next = 1;
  #jobs = new Map();

  now = () => this.#now;
  timers = {
    setTimeout: (run, delay = 0) => {
      const id = this.#next++;
      this.#jobs.set(id, { at: this.#now + Math.max(0, delay), id, run });
      return id;
    },
    clearTimeout: (id) => { this.#jobs.delete(id); },
  };

  /** Let everything due in the next `ms` happen, in order, promises included. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#jobs.values()].filter((job) => job.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      this.#jobs.delete(due.id);
      due.run();
    }
    this.#now = end;
    await settle();
  }
}

/** Let promise callbacks run. */
export async function settle() {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

/** Repeatable random numbers from 0 to 1 (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
