/** The agent console. */
import { config, rest, signOut, start } from "../../chatsite/lib/boot.js";
import { Prefs } from "../../chatsite/models/prefs.js";
import { watchLifecycle } from "../../sessions_app/helpers/lifecycle.js";
import { SafeStorage } from "../../sessions_app/helpers/storage.js";
import { Connection } from "../../sessions_app/models/connection.js";
import { Outbox } from "../../sessions_app/models/outbox.js";
import { Desk } from "./models/desk.js";
import { Drafts } from "./models/drafts.js";
import { Inbox } from "./models/inbox.js";
import { App } from "./parts/app.js";
import "./parts/rail.js";
import "./parts/inbox_list.js";
import "./parts/thread_view.js";
import "./parts/composer.js";
import "./parts/help.js";
import "./parts/details.js";
import "./parts/connection_bar.js";

const DEFAULTS = { sound: false, desktop: false, enterSends: true, details: true };
let connection = null;

await start({ open, resume: () => connection.connect(), pause: () => connection?.disconnect() });

function open(me) {
  const storage = new SafeStorage(`cc:${me.id}:`);
  connection = new Connection({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`,
    getTicket: (want) => rest.ticket(want),
    getChanges: (id, version) => rest.changes(id, version),
  });
  watchLifecycle(connection);
  const desk = new Desk({
    rest, connection, me, config, storage, prefs: new Prefs(storage, DEFAULTS), drafts: new Drafts(storage),
    inbox: new Inbox({ me: me.id, get: (path) => rest.call("GET", path) }),
    outbox: new Outbox({ storage, connection, post: (entry) => rest.post(entry) }),
  });
  const parts = Object.fromEntries(
    ["rail", "inbox", "thread", "composer", "details", "connection"].map((name) => [name, document.querySelector(`console-${name}`)]),
  );
  parts.toasts = document.querySelector("page-toasts");
  new App({ desk, onSignOut: signOut, parts });
}
