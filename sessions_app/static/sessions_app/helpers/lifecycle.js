/**
 * Tell a connection what the browser knows: the network came back, the tab is looked at again,
 * the network went away. Returns a function that stops telling.
 * @param {import("../models/connection.js").Connection} connection
 * @param {{window?: EventTarget, document?: EventTarget & {visibilityState?: string}}} [page]
 */
export function watchLifecycle(connection, { window: win = globalThis.window, document: doc = globalThis.document } = {}) {
  const wake = () => connection.wake();
  const doubt = () => connection.probe(2000);
  const seen = () => { if (doc.visibilityState === "visible") wake(); };
  win.addEventListener("online", wake);
  win.addEventListener("offline", doubt);
  win.addEventListener("pageshow", wake);
  doc.addEventListener("visibilitychange", seen);
  return () => {
    win.removeEventListener("online", wake);
    win.removeEventListener("offline", doubt);
    win.removeEventListener("pageshow", wake);
    doc.removeEventListener("visibilitychange", seen);
  };
}
