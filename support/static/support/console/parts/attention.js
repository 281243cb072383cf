import { announce } from "../../../chatsite/lib/dom.js";
import { nameOf } from "../../../chatsite/lib/people.js";
import { t } from "../../../chatsite/lib/text.js";
import { beep, notify } from "../lib/notices.js";
import { routeOf } from "../lib/route.js";
import { pageTitle, reasonToCall } from "../models/attention.js";

/** The number in the tab's title, the sound, the desktop notification. */
export function watchAttention(desk) {
  const { inbox, prefs } = desk;
  const title = () => {
    const { counts, unreadMine, view } = inbox;
    document.title = pageTitle({ waiting: counts.waiting, unreadMine, view: t(`view_${view.key}`) });
  };
  inbox.addEventListener("counts", title);
  inbox.addEventListener("change", title);
  inbox.addEventListener("arrived", ({ detail: { session, before } }) => {
    const looking = !document.hidden && document.hasFocus() && session.id === desk.selectedId;
    const reason = reasonToCall({ before, session, me: desk.me.id, looking });
    if (!reason) return;
    const name = nameOf(session.customer);
    const text = session.last_message?.kind === "event" ? "" : session.last_message?.content ?? "";
    announce(t(`call_${reason}`, { name }));
    if (prefs.get("sound")) beep();
    if (prefs.get("desktop") && (document.hidden || !document.hasFocus())) {
      notify({
        title: t(`call_${reason}`, { name }), body: text.slice(0, 160), tag: session.id,
        onClick: () => { location.hash = routeOf({ view: reason === "waiting" ? "waiting" : "open", id: session.id }); },
      });
    }
  });
  title();
}
