/** Where one is, kept in the address so that a reload and the back button lead there: #/view/session/details */
import { VIEWS } from "../models/views.js";

export function readRoute(hash = location.hash) {
  const [view = "", id = "", extra = ""] = hash.replace(/^#\/?/, "").split("/");
  return {
    view: Object.hasOwn(VIEWS, view) ? view : "waiting",
    id: /^[0-9a-f-]{36}$/i.test(id) ? id : null,
    details: extra === "details",
  };
}

export function routeOf({ view, id = null, details = false }) {
  return `#/${view}${id ? `/${id}` : ""}${id && details ? "/details" : ""}`;
}
