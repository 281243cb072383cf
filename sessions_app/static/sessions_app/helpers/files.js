/**
 * A file on its way into a message: chosen, sent up, then named by its id.
 * @typedef {object} Upload
 * @property {string} key
 * @property {File | null} file null once it is on the server, or after a reload
 * @property {string} name
 * @property {number} size bytes
 * @property {"image" | "file"} kind
 * @property {"uploading" | "waiting" | "ready" | "failed"} state waiting: tried again by itself
 * @property {number} progress 0 to 1
 * @property {string | null} id once it is on the server
 * @property {string | null} url where to look at it: in the browser first, then on the server
 * @property {{code: string, detail: string} | null} error
 */

/** @param {Upload} upload what of it survives a reload */
export function keptUpload({ key, name, size, kind, id, url }) {
  return { key, name, size, kind, id, url: id ? url : null };
}

/** The upload that was kept; a page cannot keep what had not arrived yet. */
export function revivedUpload(kept) {
  const state = kept.id ? "ready" : "failed";
  return { ...kept, file: null, progress: 1, state, error: kept.id ? null : { code: "FILES_LOST", detail: "" } };
}

/**
 * "1.4 MB", in the reader's way of writing.
 * @param {number} bytes
 * @param {string} [locale]
 */
export function sizeLabel(bytes, locale = "en") {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, bytes / 1000), "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}
