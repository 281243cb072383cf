/**
 * A server that keeps the promises of the socket protocol over a network that keeps none: frames
 * may be lost, doubled or late, and sockets may die or go silent at any moment.
 */
export class FakeServer {
  sessions = new Map();
  sockets = new Set();
  faults = { lose: 0, double: 0, delay: 0, lie: null };
  refuse = null;
  heartbeatS = 15;
  tickets = 0;
  posts = 0;

  constructor({ clock, random }) {
    this.clock = clock;
    this.random = random;
    const server = this;
    this.WebSocket = class FakeSocket {
      readyState = 0;
      constructor(url) {
        this.url = url;
        this.subscribed = new Map();
        server.clock.timers.setTimeout(() => server.#accept(this), 5);
      }
      send(text) { if (!this.deaf) server.clock.timers.setTimeout(() => server.#receive(this, JSON.parse(text)), 1); }
      close() { this.readyState = 3; server.sockets.delete(this); }
    };
  }

  session(id) {
    if (!this.sessions.has(id)) this.sessions.set(id, { messages: [], version: 0, byClientId: new Map() });
    return this.sessions.get(id);
  }

  /** Commit a message; the same client id gives the first one again. `hidden` takes a number nobody here sees. */
  post(id, { content = "hi", clientId = null, hidden = false, sender = { id: 1, kind: "customer", name: "Ann" } } = {}) {
    const session = this.session(id);
    if (clientId && session.byClientId.has(clientId)) return session.byClientId.get(clientId);
    session.next = (session.next ?? 0) + 1;
    if (hidden) return null;
    session.version += 1;
    const message = {
      id: `${id}-m${session.next}`, session_id: id, seq: session.next, prev_seq: session.messages.at(-1)?.seq ?? 0, version: session.version,
      kind: "text", content, sender, client_msg_id: clientId, metadata: {},
    };
    session.messages.push(message);
    if (clientId) session.byClientId.set(clientId, message);
    this.broadcast(id, this.frame(message));
    return message;
  }

  edit(id, index, content) {
    const session = this.session(id);
    const message = session.messages[index];
    if (!message) return;
    session.version += 1;
    session.messages[index] = { ...message, content, version: session.version };
    this.broadcast(id, this.frame(session.messages[index]));
  }

  frame({ version, ...message }) { return { type: "message", session_id: message.session_id, version, message }; }

  changes = async (id, after) => {
    if (this.refuse) throw Object.assign(new Error("down"), { status: 503 });
    const { messages, version } = this.session(id);
    return { results: messages.filter((message) => message.version > after).map(({ version: _v, ...rest }) => rest), version };
  };

  ticket = async () => {
    this.tickets += 1;
    if (this.refuse) throw Object.assign(new Error("down"), this.refuse);
    return `t${this.tickets}`;
  };

  /** Send to everyone who listens, through the bad network. */
  broadcast(id, frame) {
    for (const socket of this.sockets) {
      if (!socket.subscribed.has(id)) continue;
      const { lose, double, delay } = this.faults;
      if (this.random() < lose) continue;
      const copies = this.random() < double ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) this.#deliver(socket, frame, this.random() * delay);
    }
  }

  beat() {
    for (const socket of this.sockets) {
      const heads = Object.fromEntries([...socket.subscribed.keys()].map((id) => [id, this.session(id).version]));
      this.#deliver(socket, { type: "head", heads });
    }
  }

  closeAll(code) {
    for (const socket of [...this.sockets]) {
      this.sockets.delete(socket);
      socket.readyState = 3;
      socket.onclose?.({ code });
    }
  }

  /** The cable is out: nothing arrives on either side, and nobody is told. */
  silence() {
    for (const socket of [...this.sockets]) {
      socket.deaf = true;
      this.sockets.delete(socket);
    }
  }

  #accept(socket) {
    if (socket.readyState === 3) return;
    if (this.refuse) return socket.onclose?.({ code: 1006 });
    socket.readyState = 1;
    this.sockets.add(socket);
    this.#deliver(socket, { type: "ready", user_id: 1, heartbeat_s: this.heartbeatS });
  }

  #receive(socket, frame) {
    if (!this.sockets.has(socket)) return;
    this.received?.(frame, socket);
    if (frame.type === "ping") this.#deliver(socket, { type: "pong", content: "pong" });
    if (frame.type === "subscribe") this.#subscribe(socket, frame);
    if (frame.type === "message.send") this.#send(socket, frame);
  }

  #subscribe(socket, { session_id: id, after_seq: seq, after_version: version }) {
    const session = this.session(id);
    socket.subscribed.set(id, true);
    const missed = session.messages.filter((message) => (version === undefined ? message.seq > (seq ?? 0) : message.version > version));
    missed.sort(version === undefined ? (a, b) => a.seq - b.seq : (a, b) => a.version - b.version);
    const page = missed.slice(0, this.pageSize ?? 500);
    for (const message of page) this.#deliver(socket, this.frame(message));
    const more = page.length < missed.length;
    // Cut short, the answer's marks say how far it got, not where the head is.
    const [seqMark, versionMark] = more ? [page.at(-1).seq, page.at(-1).version] : [session.messages.at(-1)?.seq ?? 0, session.version];
    this.#deliver(socket, { type: "subscribed", session_id: id, last_seq: seqMark, version: versionMark, more });
    for (const frame of this.replying?.(id) ?? []) this.#deliver(socket, frame);
  }

  #send(socket, frame) {
    const answer = this.faults.lie?.(frame);
    if (answer) return this.#deliver(socket, { ...answer, client_msg_id: frame.client_msg_id });
    const message = this.post(frame.session_id, { content: frame.content, clientId: frame.client_msg_id });
    if (this.random() < (this.faults.loseAck ?? 0)) return undefined;
    return this.#deliver(socket, { type: "ack", client_msg_id: frame.client_msg_id, session_id: frame.session_id, id: message.id, seq: message.seq });
  }

  #deliver(socket, frame, later = 0) {
    const text = JSON.stringify(frame);
    this.clock.timers.setTimeout(() => {
      if (this.sockets.has(socket)) socket.onmessage?.({ data: text });
    }, 1 + later);
  }
}
