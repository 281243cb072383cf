/** The addresses the playground asks. */
export class Api {
  #rest;

  /** @param {import("../../../sessions_app/models/rest.js").Rest} rest */
  constructor(rest) { this.#rest = rest; }

  async models() {
    const found = [];
    let cursor = null;
    do {
      const page = await this.#get("/models", { limit: 200, ...(cursor ? { cursor } : {}) });
      found.push(...page.results);
      cursor = page.next;
    } while (cursor);
    return found;
  }

  conversations(query) { return this.#get("/conversations", query); }
  conversation(id) { return this.#get(`/conversations/${id}`); }
  create(body) { return this.#rest.call("POST", "/conversations", body); }
  update(id, body) { return this.#rest.call("PATCH", `/conversations/${id}`, body); }
  remove(id) { return this.#rest.call("DELETE", `/conversations/${id}`); }
  messages(id, query) { return this.#get(`/conversations/${id}/messages`, query); }
  turn(id) { return this.#get(`/turns/${id}`); }
  ask(id, body) { return this.#rest.call("POST", `/conversations/${id}/messages`, body); }
  stop(turnId, slot) { return this.#rest.call("POST", `/turns/${turnId}/stop`, slot === null ? {} : { slot }); }
  retry(turnId, slot) { return this.#rest.call("POST", `/turns/${turnId}/retry`, slot === null ? {} : { slot }); }
  pick(turnId, slot) { return this.#rest.call("POST", `/turns/${turnId}/pick`, { slot }); }
  async ticket(turnId) { return (await this.#rest.call("POST", "/streams/ticket", { turn_id: turnId })).ticket; }
  highlight(blocks) { return this.#rest.call("POST", "/code/highlight", { blocks }); }

  #get(path, query = {}) {
    const asked = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
    return this.#rest.call("GET", asked.length ? `${path}?${new URLSearchParams(asked)}` : path);
  }
}
