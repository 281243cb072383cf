/** The playground: several models asked at once, side by side. */
import { config, rest, start } from "../../chatsite/lib/boot.js";
import { watchLifecycle } from "../../sessions_app/helpers/lifecycle.js";
import { SafeStorage } from "../../sessions_app/helpers/storage.js";
import { Connection } from "../../sessions_app/models/connection.js";
import { Api } from "./models/api.js";
import { Chat } from "./models/chat.js";
import { Choice } from "./models/choice.js";
import { Highlighter } from "./models/highlighter.js";
import { History } from "./models/history.js";
import { Live } from "./models/live.js";
import { TurnStream } from "./models/stream.js";
import { App } from "./parts/app.js";
import "./parts/composer.js";
import "./parts/head.js";
import "./parts/settings.js";
import "./parts/side.js";
import "./parts/turns.js";

const api = new Api(rest);
const stream = new TurnStream({ ticket: (turnId) => api.ticket(turnId) });
/** Who only compares models is not there for customers. */
class QuietSocket extends WebSocket {
  constructor(url) { super(`${url}&quiet=1`); }
}
const connection = new Connection({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`,
  getTicket: (want) => rest.ticket(want),
  getChanges: (id, version) => rest.changes(id, version),
  WebSocket: QuietSocket,
});
let app = null;

await start({
  open: (me) => {
    const storage = new SafeStorage(`pg:${me.id}:`);
    const tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("cland-playground") : null;
    const part = (name) => document.querySelector(`playground-${name}`);
    app = new App({
      me, api, config, storage, stream,
      chat: new Chat({ api, stream, tabs }),
      choice: new Choice({ storage, most: config.most_models }),
      history: new History(api),
      live: new Live(connection),
      highlighter: new Highlighter((blocks) => api.highlight(blocks)),
      parts: Object.fromEntries(["side", "head", "turns", "composer", "settings"].map((name) => [name, part(name)])),
    });
    watchLifecycle(connection);
    connection.connect();
  },
  resume: () => { connection.connect(); app.wake(); },
  pause: () => connection.disconnect(),
});
