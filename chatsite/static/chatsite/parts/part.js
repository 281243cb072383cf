import { refs } from "../lib/dom.js";

/** A piece of the page the server has rendered already; parts are found by their data-ref. */
export class Part extends HTMLElement {
  #refs = null;

  get refs() {
    this.#refs ??= refs(this);
    return this.#refs;
  }

  /** Runs `draw` once per frame however often it is asked for. */
  static each(draw) {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      // A hidden tab has no frames, but its title and list must still be right when looked at.
      const run = () => { asked = false; draw(); };
      if (document.hidden) setTimeout(run, 50);
      else requestAnimationFrame(run);
    };
  }
}
