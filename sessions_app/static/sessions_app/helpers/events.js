/**
 * Raise a typed event whose payload is `detail`.
 * @param {EventTarget} target
 * @param {string} type
 * @param {any} [detail]
 */
export function emit(target, type, detail = null) {
  target.dispatchEvent(new CustomEvent(type, { detail }));
}
