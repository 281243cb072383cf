import { Connection } from "../../../sessions_app/static/sessions_app/models/connection.js";
import { Feed } from "../../../sessions_app/static/sessions_app/models/feed.js";
import { Outbox } from "../../../sessions_app/static/sessions_app/models/outbox.js";
import { SafeStorage } from "../../../sessions_app/static/sessions_app/helpers/storage.js";
import { Clock, seeded } from "./clock.js";
import { FakeServer } from "./server.js";

/** A Storage like the browser's. */
export class MapStorage {
  #map = new Map();
  get length() { return this.#map.size; }
  key(index) { return [...this.#map.keys()][index] ?? null; }
  getItem(key) { return this.#map.get(key) ?? null; }
  setItem(key, value) { this.#map.set(key, String(value)); }
  removeItem(key) { this.#map.delete(key); }
}

/** A server and the means to open tabs on it, all on one clock. */
export function world({ seed = 1 } = {}) {
  const clock = new Clock();
  const random = seeded(seed);
  const server = new FakeServer({ clock, random });
  const disk = new MapStorage();
  let ids = 0;

  /** One browser tab that looks at one session. */
  function tab({ sessionId = "s", polls = true, storage = new SafeStorage("t:", () => disk), post } = {}) {
    const connection = new Connection({
      url: "ws://test/ws", getTicket: server.ticket, WebSocket: server.WebSocket, random, now: clock.now, timers: clock.timers,
      ...(polls ? { getChanges: server.changes } : {}),
    });
    const feed = new Feed(sessionId, { now: clock.now, timers: clock.timers });
    const outbox = new Outbox({
      storage, connection, now: clock.now, timers: clock.timers, random, newId: () => `c${seed}-${(ids += 1)}`,
      post: post ?? (async (entry) => {
        server.posts += 1;
        if (server.refuse) throw Object.assign(new Error("down"), { status: 503, code: "SERVICE_UNAVAILABLE" });
        return server.post(entry.sessionId, { content: entry.content, clientId: entry.id });
      }),
    });
    const states = [];
    connection.addEventListener("state", ({ detail }) => states.push(detail.state));
    feed.addEventListener("message", ({ detail }) => outbox.settle(detail.message));
    connection.follow(feed);
    return { connection, feed, outbox, states };
  }

  return { clock, random, server, disk, tab };
}

/** What a feed shows, and what the server has. */
export const shown = (feed) => feed.messages.map(({ seq, content }) => `${seq} ${content}`);
export const kept = (server, id = "s") => server.session(id).messages.map(({ seq, content }) => `${seq} ${content}`);
