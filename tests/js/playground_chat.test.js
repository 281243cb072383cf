import assert from "node:assert/strict";
import test from "node:test";
import { ApiError } from "../../sessions_app/static/sessions_app/models/rest.js";
import { SafeStorage } from "../../sessions_app/static/sessions_app/helpers/storage.js";
import { MapStorage } from "./support/cast.js";
import { browserModule } from "./support/statics.js";
import { FakeApi, settle } from "./support/playground.js";

const { Chat } = await browserModule("llm/playground/models/chat.js");
const { Choice } = await browserModule("llm/playground/models/choice.js");
const { Highlighter } = await browserModule("llm/playground/models/highlighter.js");
const { History } = await browserModule("llm/playground/models/history.js");
const { TurnStream } = await browserModule("llm/playground/models/stream.js");

const MODELS = [{ id: 1, name: "One", enabled: true }, { id: 2, name: "Two", enabled: true }, { id: 3, name: "Off", enabled: false }];
const both = { models: MODELS.slice(0, 2), blind: false };

function desk(api = new FakeApi()) {
  let ids = 0;
  // Nothing is waited for, except for the silence that never comes.
  const timers = { setTimeout: (run, ms) => (ms > 20_000 ? 0 : setTimeout(run, 0)), clearTimeout };
  const stream = new TurnStream({ ticket: api.ticket, fetch: api.fetch, timers, random: () => 0 });
  const failures = [];
  const chat = new Chat({ api, stream, timers, newId: () => `c${(ids += 1)}` });
  chat.addEventListener("failed", ({ detail }) => failures.push(detail));
  return { api, chat, stream, failures };
}

/** Answers of one address wait until they are let out, one by one. */
function held(api, name) {
  const real = api[name];
  const waiting = [];
  api[name] = (...sent) => new Promise((resolve, reject) => {
    waiting.push(async () => { await real(...sent).then(resolve, reject); });
  });
  return waiting;
}

const texts = (chat) => chat.last.slots.map(({ text }) => text);

// Asking

test("the first question makes the conversation, named by it, and the answers stream in", async () => {
  const { api, chat } = desk();
  await chat.ask("What is new?", both);
  assert.equal(api.made.length, 1);
  assert.equal(api.made[0].title, "What is new?");
  api.say(0, "Hel", "lo");
  api.say(1, "Hi");
  await settle();
  assert.deepEqual(texts(chat), ["Hello", "Hi"]);
  assert.equal(chat.busy, true);
  api.end(0);
  api.end(1);
  await settle();
  assert.equal(chat.busy, false);
  assert.deepEqual(chat.last.slots.map(({ cost }) => cost), ["0.01", "0.01"]);
});

test("a conversation that begins blindly keeps its models in an order that says nothing", async () => {
  const { api, chat } = desk();
  await chat.ask("Who are you?", { models: [MODELS[1], MODELS[0]], blind: true, chosen: [1, 2] });
  assert.deepEqual(api.made[0].model_ids, [1, 2]);
  assert.deepEqual(api.asked.at(-1).model_ids, [2, 1]);
});

test("a question that could not be sent keeps its id, so that sending again never doubles it", async () => {
  const { api, chat } = desk();
  api.refuse = new ApiError({ code: "NETWORK", status: 0 });
  await chat.ask("Hello", both);
  assert.equal(chat.pending.error.code, "NETWORK");
  api.refuse = null;
  await chat.resend();
  await chat.resend();
  assert.deepEqual(api.asked.map(({ client_msg_id }) => client_msg_id), ["c1"]);
  assert.equal(chat.turns.length, 1);
  assert.equal(api.made.length, 1);
});

test("a conversation whose opening got lost on the way back is not opened twice", async () => {
  const { api, chat } = desk();
  await chat.update({ system_prompt: "Be brief." });
  api.loseOpening = true;
  await chat.ask("Hello", both);
  assert.equal(chat.pending.error.code, "NETWORK");
  await chat.update({ tags: ["late"] });
  await chat.resend();
  assert.equal(chat.pending, null);
  assert.equal(api.made.length, 1);
  assert.equal(api.made[0].system_prompt, "Be brief.");
  assert.deepEqual(chat.info.tags, ["late"]);
  assert.equal(api.asked.length, 1);
});

test("a conversation that was deleted elsewhere is not there any more", async () => {
  const { api, chat } = desk();
  await chat.ask("Hello", both);
  api.end(0); api.end(1);
  await settle();
  api.conversation = async () => { throw new ApiError({ code: "CONVERSATION_NOT_FOUND", status: 404 }); };
  await chat.refresh();
  assert.equal(chat.state, "gone");
});

test("an answer that got lost on the way back is found, and the question is not shown twice", async () => {
  const { api, chat } = desk();
  await chat.ask("First", both);
  api.end(0); api.end(1);
  await settle();
  api.loseAnswer = true;
  await chat.ask("Second", both);
  assert.equal(chat.pending.error.code, "NETWORK");
  await chat.refresh();
  assert.equal(chat.pending, null);
  assert.deepEqual(chat.shown.map(({ question }) => question.content), ["First", "Second"]);
});

test("while models answer nothing more is asked", async () => {
  const { api, chat } = desk();
  await chat.ask("One", both);
  await chat.ask("Two", both);
  assert.equal(api.asked.length, 1);
});

test("parameters of the conversation go with each question", async () => {
  const { api, chat } = desk();
  chat.setParams({ temperature: 0.2 });
  await chat.ask("Hello", both);
  assert.deepEqual(api.asked[0].params, { temperature: 0.2 });
  assert.deepEqual(api.made[0].metadata, { params: { temperature: 0.2 } });
});

test("what is changed while a question goes out is asked with, or kept for the next one", async () => {
  const { api, chat } = desk();
  await chat.ask("First", both);
  api.end(0); api.end(1);
  await settle();
  const kept = held(api, "update");
  chat.update({ system_prompt: "Be brief." });
  chat.setParams({ temperature: 0.3 });
  assert.deepEqual(chat.params, { temperature: 0.3 });
  const asking = chat.ask("Second", both);
  await settle();
  assert.deepEqual([kept.length, api.asked.length], [1, 1]);
  await kept.shift()();
  await settle();
  await kept.shift()();
  await asking;
  assert.deepEqual(api.asked[1].params, { temperature: 0.3 });
  assert.equal(chat.info.system_prompt, "Be brief.");
});

test("a setting that is changed while the conversation is being made is kept, however late", async () => {
  const { api, chat } = desk();
  chat.update({ system_prompt: "one" });
  const made = held(api, "create");
  const kept = held(api, "update");
  const asking = chat.ask("Hello", both);
  await settle();
  chat.update({ system_prompt: "two" });
  await made.shift()();
  await settle();
  chat.update({ system_prompt: "three" });
  await kept.shift()();
  await settle();
  await kept.shift()();
  await asking;
  assert.equal(api.made[0].system_prompt, "one");
  assert.equal(chat.info.system_prompt, "three");
  assert.equal(chat.settings.system_prompt, "three");
});

test("two tags that are added quickly are both kept", async () => {
  const { chat } = desk();
  await chat.ask("Hello", both);
  const add = (tag) => chat.update({ tags: [...chat.settings.tags, tag] });
  await Promise.all([add("one"), add("two")]);
  assert.deepEqual(chat.info.tags, ["one", "two"]);
});

test("a change that is refused is shown no longer", async () => {
  const { api, chat, failures } = desk();
  await chat.ask("Hello", both);
  api.refuse = new ApiError({ code: "NETWORK", status: 0 });
  assert.equal(await chat.update({ tags: ["lost"] }), false);
  assert.deepEqual([chat.settings.tags, failures.at(-1).action], [[], "update"]);
});

test("what was read before a change does not bring the old back after it", async () => {
  const { api, chat } = desk();
  await chat.ask("Hello", both);
  const info = { ...chat.info, version: 4 };
  api.update = async (_id, body) => ({ ...info, ...body, version: 5 });
  let answer = null;
  api.conversation = () => new Promise((resolve) => { answer = () => resolve(info); });
  const looking = chat.refresh();
  await chat.update({ title: "New" });
  answer();
  await looking;
  assert.equal(chat.info.title, "New");
});

test("leaving a conversation while its question is sent shows nothing of it elsewhere", async () => {
  const { chat } = desk();
  const asking = chat.ask("Hello", both);
  chat.openNew();
  await asking;
  assert.equal(chat.id, null);
  assert.deepEqual(chat.shown, []);
});

// Streams

test("a hidden tab gives its connection back and has missed nothing when somebody looks again", async () => {
  const { api, chat, stream } = desk();
  await chat.ask("Hello", both);
  api.say(0, "before");
  await settle();
  assert.equal(api.open, 1);
  stream.rest();
  api.say(0, " while hidden");
  await settle();
  assert.equal(api.open, 0);
  assert.deepEqual(texts(chat), ["before", ""]);
  const tickets = api.tickets;
  stream.wake();
  api.say(1, "after");
  await settle();
  assert.deepEqual(texts(chat), ["before while hidden", "after"]);
  assert.equal(api.tickets, tickets + 1);
  api.end(0); api.end(1);
  await settle();
  assert.equal(chat.busy, false);
});

test("a question asked by a tab that is hidden at once is followed when it is seen again", async () => {
  const { api, chat, stream } = desk();
  stream.rest();
  await chat.ask("Hello", both);
  api.say(0, "meanwhile");
  await settle();
  assert.equal(api.open, 0);
  chat.openNew();
  await chat.open("talk1");
  stream.wake();
  await settle();
  assert.equal(texts(chat)[0], "meanwhile");
});

test("a cut connection goes on where it was, with a new ticket and nothing twice", async () => {
  const { api, chat } = desk();
  await chat.ask("Hello", both);
  api.say(0, "a", "b");
  await settle();
  api.cut();
  api.say(0, "c");
  await settle();
  assert.equal(texts(chat)[0], "abc");
  assert.ok(api.tickets >= 2);
  assert.deepEqual(api.resumed.slice(0, 2), [null, "2-0"]);
});

test("a page that is loaded in mid-stream shows the same text and goes on", async () => {
  const { api, chat } = desk();
  await chat.ask("Hello", both);
  api.say(0, "one ", "two ");
  await settle();
  const again = desk(api);
  await again.chat.open(chat.id);
  await settle();
  assert.equal(texts(again.chat)[0], "one two ");
  api.say(0, "three");
  await settle();
  assert.equal(texts(again.chat)[0], "one two three");
  assert.equal(texts(chat)[0], "one two three");
});

test("a turn without a stream is read from its rows until it is over", async () => {
  const { api, chat } = desk();
  api.noStream = true;
  await chat.ask("Hello", both);
  api.say(0, "text");
  api.end(0); api.end(1);
  await settle();
  assert.equal(chat.busy, false);
  assert.equal(texts(chat)[0], "text");
});

test("one stream at a time: another conversation leaves the first one's", async () => {
  const { api, chat, stream } = desk();
  await chat.ask("Hello", both);
  await settle();
  assert.equal(stream.turnId, chat.last.id);
  chat.openNew();
  await settle();
  assert.equal(stream.turnId, null);
  assert.equal(api.open, 0);
});

// Deeds

test("stop, retry and pick act on a slot and show what came of it", async () => {
  const { api, chat } = desk();
  await chat.ask("Hello", both);
  api.say(0, "half");
  await settle();
  await chat.stop(0);
  await settle();
  assert.equal(chat.last.slots[0].status, "stopped");
  api.end(1);
  await settle();
  await chat.retry(0);
  await settle();
  assert.equal(chat.last.slots[0].text, "");
  api.say(0, "whole");
  api.end(0);
  await settle();
  assert.equal(chat.last.slots[0].text, "whole");
  await chat.pick(chat.last, 0);
  assert.equal(chat.last.picked, 0);
});

test("a refused deed is told and changes nothing", async () => {
  const { api, chat, failures } = desk();
  await chat.ask("Hello", both);
  api.end(0); api.end(1);
  await settle();
  api.refuse = new ApiError({ code: "CONFLICT", status: 409 });
  await chat.pick(chat.last, 0);
  assert.equal(failures.at(-1).action, "pick");
  assert.equal(chat.last.picked, null);
});

test("a conversation that is not there is told apart from one that failed to load", async () => {
  const { api, chat } = desk();
  await chat.open("nowhere");
  assert.equal(chat.state, "gone");
  api.refuse = new ApiError({ code: "NETWORK", status: 0 });
  await chat.open("elsewhere");
  assert.equal(chat.state, "failed");
});

// Choosing models

function choice(options = {}) {
  const storage = options.storage ?? new SafeStorage("t:", () => new MapStorage());
  const made = new Choice({ storage, most: 3, ...options });
  made.setModels(MODELS);
  return made;
}

test("the first two are chosen until somebody chooses; the same one may stand twice, up to the limit", () => {
  const made = choice();
  assert.deepEqual(made.ids, [1, 2]);
  assert.equal(made.add(1), true);
  assert.deepEqual(made.chosen.map(({ label }) => label), ["One (1)", "Two", "One (2)"]);
  assert.equal(made.add(2), false);
  made.remove(1);
  assert.deepEqual(made.ids, [1, 2]);
});

test("a choice is kept, without models that are gone or switched off", () => {
  const storage = new SafeStorage("t:", () => new MapStorage());
  const made = choice({ storage });
  made.removeAt(0);
  storage.set("models", [3, 9, 2]);
  assert.deepEqual(choice({ storage }).ids, [2]);
});

test("a conversation opened before the models have come is asked of its own as soon as they have", () => {
  const made = new Choice({ storage: new SafeStorage("t:", () => new MapStorage()), most: 3 });
  made.use([2, 9]);
  assert.deepEqual([made.ids, made.chosen], [[], []]);
  made.setModels(MODELS);
  assert.deepEqual(made.chosen.map(({ label }) => label), ["Two"]);
  made.use([9]);
  assert.deepEqual(made.ids, [2]);
});

test("models that could not be read are read again, and it is told until then", async () => {
  const made = new Choice({ storage: new SafeStorage("t:", () => new MapStorage()), most: 3 });
  const refused = new ApiError({ code: "SERVICE_UNAVAILABLE", status: 503 });
  await assert.rejects(made.load(async () => { throw refused; }), refused);
  assert.deepEqual([made.loading, made.error], [false, refused]);
  await made.load(async () => MODELS);
  assert.deepEqual([made.loading, made.error, made.ids], [false, null, [1, 2]]);
});

test("blind questions are asked in another order, and one model alone is never blind", () => {
  const made = choice({ random: () => 0 });
  made.setBlind(true);
  assert.deepEqual(made.order(), [2, 1]);
  made.removeAt(0);
  assert.equal(made.blind, false);
});

// The list

test("a late answer of an older search does not replace the newer one's", async () => {
  const waiting = [];
  const history = new History({ conversations: (query) => new Promise((resolve) => waiting.push({ query, resolve })) });
  history.load();
  history.show({ query: "new" });
  waiting[1].resolve({ results: [{ id: "b" }], next: null });
  waiting[0].resolve({ results: [{ id: "a" }], next: null });
  await settle();
  assert.deepEqual(history.rows.map(({ id }) => id), ["b"]);
});

test("more is put behind, a change stays in place, what is archived leaves", async () => {
  const pages = { null: { results: [{ id: "a" }, { id: "b" }], next: "2" }, 2: { results: [{ id: "b" }, { id: "c" }], next: null } };
  const history = new History({ conversations: async ({ cursor }) => pages[cursor] });
  await history.load();
  await history.more();
  assert.deepEqual(history.rows.map(({ id }) => id), ["a", "b", "c"]);
  history.put({ id: "b", title: "Bee", archived_at: null });
  assert.equal(history.rows[1].title, "Bee");
  history.put({ id: "a", archived_at: "2026-11-21T09:00:00.000Z" });
  history.put({ id: "d", archived_at: null }, { first: true });
  assert.deepEqual(history.rows.map(({ id }) => id), ["d", "b", "c"]);
  assert.equal(history.hasMore, false);
});

// Colours

test("code is asked for once, many pieces together, and stays plain when that fails", async () => {
  const asked = [];
  const highlighter = new Highlighter(async (blocks) => {
    asked.push(blocks);
    if (blocks[0].code === "bad") throw new Error("down");
    return { results: blocks.map(({ code }) => ({ tokens: [["keyword", code]] })) };
  });
  const [one, two, same] = await Promise.all([highlighter.tokens("py", "a"), highlighter.tokens("js", "b"), highlighter.tokens("py", "a")]);
  assert.deepEqual([one, two, same], [[["keyword", "a"]], [["keyword", "b"]], [["keyword", "a"]]]);
  assert.equal(asked.length, 1);
  assert.equal(await highlighter.tokens("py", "bad"), null);
  assert.equal(await highlighter.tokens("", "a"), null);
  assert.equal(await highlighter.tokens("py", "x".repeat(20_001)), null);
});
