/** The playground: several models asked at once, side by side. */
import { config, rest, start } from "../../chatsite/lib/boot.js";
import { SafeStorage } from "../../sessions_app/helpers/storage.js";
import { Api } from "./models/api.js";
import { Chat } from "./models/chat.js";
import { Choice } from "./models/choice.js";
import { Highlighter } from "./models/highlighter.js";
import { History } from "./models/history.js";
import { TurnStream } from "./models/stream.js";
import { App } from "./parts/app.js";
import "./parts/composer.js";
import "./parts/head.js";
import "./parts/settings.js";
import "./parts/side.js";
import "./parts/turns.js";

const api = new Api(rest);
const stream = new TurnStream({ ticket: (turnId) => api.ticket(turnId) });
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
      highlighter: new Highlighter((blocks) => api.highlight(blocks)),
      parts: Object.fromEntries(["side", "head", "turns", "composer", "settings"].map((name) => [name, part(name)])),
    });
  },
  resume: () => app.wake(),
});
