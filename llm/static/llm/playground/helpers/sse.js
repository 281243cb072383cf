/**
 * Reads a stream of server-sent events piece by piece; a piece may end anywhere.
 * `feed(text)` returns the events that are complete now: {type, data, id}. Comments are heard, not returned.
 */
export class EventReader {
  #rest = "";
  #type = "";
  #data = [];
  #id = "";

  feed(text) {
    const events = [];
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) {
      const event = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line) {
    if (line === "") return this.#end();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    return null;
  }

  #end() {
    const event = this.#data.length ? { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id } : null;
    this.#type = "";
    this.#data = [];
    return event;
  }
}
