// The store for user interfaces, in Node against the sandbox: what its snapshots promise, what becomes of messages, and
// what is left when it is closed. With React, Svelte and Solid themselves: tests/interfaces/.
import assert from "node:assert/strict";
import { afterEach, before, test } from "node:test";
import { Page } from "./document.mjs";
import { packedModule } from "./pack.mjs";

let connect;
let createConversation;
let createSandbox;
before(async () => {
  ({ connect, createConversation } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

const open = [];
afterEach(() => {
  for (const conversation of open.splice(0)) conversation.close();
  delete globalThis.document;
  delete globalThis.navigator;
  delete globalThis.requestAnimationFrame;
  delete globalThis.cancelAnimationFrame;
});

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A conversation with somebody who listens; `sessionId`: null for one that its first message makes. */
async function begin(backend, { sessionId, sandbox, connectWith, ...options } = {}) {
  const servers = sandbox ?? createSandbox({ seed: 1 });
  const client = await connect({ ...servers.connectOptions(backend), ...connectWith });
  const create = { agentId: servers.agentId(backend) };
  const id = sessionId === undefined ? (await client.createSession(create)).id : sessionId;
  const conversation = createConversation(client, id, { create, ...options });
  open.push(conversation);
  const seen = [];
  const leave = conversation.subscribe((snapshot) => seen.push(snapshot));
  return { conversation, client, sandbox: servers, seen, leave, id, create };
}

async function until(conversation, condition) {
  const end = Date.now() + 20_000;
  while (!condition(conversation.getSnapshot())) {
    assert.ok(Date.now() < end, `it stayed so: ${words(conversation.getSnapshot())}`);
    await sleep(5);
  }
  return conversation.getSnapshot();
}

const words = ({ state, messages }) => [state, ...texts({ messages })].join(" | ");
const texts = ({ messages }) =>
  messages.map(({ text, delivery, live }) => [text, delivery ?? live].filter(Boolean).join(": "));
const idle = ({ state }) => state === "idle";
const said = { eliza: "", meibel: "", agentcloud: "\n\nAnything else?" };
const greeting = "How can I help?";

for (const backend of ["eliza", "meibel", "agentcloud"]) {
  test(`a conversation grows, and a second look at the history doubles nothing (${backend})`, async () => {
    const { conversation, seen, id, client } = await begin(backend, { sessionId: null });
    assert.deepEqual(texts(conversation.getSnapshot()), []);
    await conversation.send("stream 6 20 one two three four five six");
    await conversation.send("say hello");
    const answer = `one two three four five six${said[backend]}`;
    await until(conversation, idle);
    const keys = conversation.getSnapshot().messages.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
    conversation.refresh();
    await until(conversation, ({ messages }) => messages[0].createdAt || messages[0].raw);
    await until(conversation, idle);
    const snapshot = conversation.getSnapshot();
    const told = texts(snapshot).filter((text) => text !== greeting);
    assert.deepEqual(told, [
      "stream 6 20 one two three four five six: delivered",
      answer,
      "say hello: delivered",
      `hello${said[backend]}`,
    ]);
    const kept = snapshot.messages.map(({ key }) => key).filter((key) => keys.includes(key));
    assert.deepEqual(kept, keys, "every message keeps its key");
    const growing = seen.map(({ messages }) => messages.at(-1)).filter((one) => one?.live);
    assert.ok(growing.some(({ live, text }) => live === "streaming" && text !== answer));
    assert.ok(id === null && snapshot.sessionId, "the first message made the session");
    const { messages } = await client.getMessages(snapshot.sessionId);
    const questions = messages.filter(({ role }) => role === "user").map(({ text }) => text);
    assert.deepEqual(questions, ["stream 6 20 one two three four five six", "say hello"]);
    assert.deepEqual(
      snapshot.messages.filter(({ role }) => role === "user").map(({ id }) => id),
      messages.filter(({ role }) => role === "user").map(({ id }) => id),
      "messages have the backend's ids",
    );
  });
}

test("a snapshot is frozen, and stays the same until something changed; so does each message", async () => {
  const { conversation, seen } = await begin("meibel", { sessionId: null });
  await conversation.send("say one");
  await until(conversation, idle);
  const before = conversation.getSnapshot();
  await sleep(50);
  assert.equal(conversation.getSnapshot(), before);
  await conversation.send("stream 5 30 two three four five six");
  const after = await until(conversation, idle);
  assert.notEqual(after, before);
  assert.equal(after.messages[1], before.messages[1]);
  for (const snapshot of seen) {
    assert.ok(Object.isFrozen(snapshot) && Object.isFrozen(snapshot.messages));
    assert.ok(snapshot.messages.every((message) => Object.isFrozen(message)));
  }
  assert.throws(() => {
    after.messages[0].text = "another";
  }, TypeError);
  const { raw, ...rest } = after.messages[1];
  assert.equal(typeof raw, "object", "what is parsed late can still be looked at");
  assert.equal(JSON.parse(JSON.stringify(after.messages[1])).text, rest.text);
});

test("it publishes at most once a frame, in a frame where there are some", async () => {
  let frames = 0;
  const due = new Map();
  globalThis.requestAnimationFrame = (run) => {
    frames += 1;
    due.set(frames, setTimeout(run, 40));
    return frames;
  };
  globalThis.cancelAnimationFrame = (frame) => clearTimeout(due.get(frame));
  const { conversation, seen } = await begin("eliza");
  const began = Date.now();
  const before = seen.length;
  await conversation.send(
    "stream 100 10 a great many words that come faster than any screen can show them",
  );
  await until(conversation, idle);
  const published = seen.length - before;
  const most = (Date.now() - began) / 40 + 2;
  assert.ok(published > 3 && published <= most, `${published} snapshots, at most ${most}`);
  assert.ok(frames >= published);
});

test("who subscribes is called at once, and each snapshot comes once", async () => {
  const { conversation, seen, leave } = await begin("eliza");
  assert.equal(seen[0], conversation.getServerSnapshot());
  await conversation.send("say hello");
  await until(conversation, idle);
  assert.equal(new Set(seen).size, seen.length);
  const same = [];
  const listener = (snapshot) => same.push(snapshot);
  const leaves = [conversation.subscribe(listener), conversation.subscribe(listener)];
  assert.deepEqual(same, [conversation.getSnapshot(), conversation.getSnapshot()]);
  for (const one of [...leaves, ...leaves, leave]) one();
  await conversation.send("say hello again");
  await sleep(50);
  assert.equal(same.length, 2, "who left hears nothing");
});

test("what a listener throws is reported, and the others hear all the same", async (t) => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  t.after(() => delete globalThis.reportError);
  const { conversation, seen } = await begin("eliza");
  conversation.subscribe(() => {
    throw new Error("a listener's own");
  });
  await conversation.send("say hello");
  await until(conversation, idle);
  assert.ok(reported.length > 1 && reported.every((message) => message === "a listener's own"));
  assert.equal(seen.at(-1), conversation.getSnapshot());
});

test("making one asks for nothing, and closing it leaves no timer, no request and no listener", async () => {
  const sandbox = createSandbox({ seed: 1 });
  let requests = 0;
  const options = sandbox.connectOptions("eliza");
  const client = await connect({
    ...options,
    fetch: (request, init) => {
      requests += 1;
      return options.fetch(request, init);
    },
  });
  const { id } = await client.createSession({ agentId: sandbox.agentId("eliza") });
  await sleep(20);
  const page = new Page();
  globalThis.document = page;
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
  const before = [requests, timers()];
  const conversation = createConversation(client, id);
  assert.deepEqual([requests, timers()], before);
  conversation.subscribe(() => {});
  conversation.send("stream 100 100 words that nobody waits for to the end of them");
  await until(conversation, ({ messages }) => messages.at(-1)?.live === "streaming");
  assert.equal(page.listeners, 1);
  conversation.close();
  const last = conversation.getSnapshot();
  await sleep(200);
  assert.equal(page.listeners, 0);
  assert.ok(timers() <= before[1], "no timer is left");
  const asked = requests;
  await conversation.send("say nothing");
  conversation.stop();
  conversation.refresh();
  await conversation.loadOlder();
  await conversation.restart();
  conversation.close();
  assert.equal(conversation.getSnapshot(), last);
  assert.equal(requests, asked);
});

test("stop keeps what was shown, and says so", async () => {
  const { conversation } = await begin("meibel", { sessionId: null });
  const sent = conversation.send("stream 40 60 one two three four five six seven eight nine ten");
  await until(conversation, ({ messages }) => messages.at(-1)?.text.length > 8);
  conversation.stop();
  await sent;
  const { messages } = await until(conversation, idle);
  assert.equal(messages.at(-1).live, "stopped");
  assert.ok("one two three four".startsWith(messages.at(-1).text.slice(0, 8)));
  assert.equal(messages.at(-1).complete, false);
  assert.equal(messages.at(-1).error, undefined);
});

test("messages go one after the other, and each is shown at once", async () => {
  const { conversation } = await begin("eliza");
  const all = ["stream 4 20 one", "say two", "say three"].map((text) => conversation.send(text));
  const { messages } = await until(conversation, ({ messages }) => messages.length === 6);
  assert.deepEqual(
    messages.filter(({ delivery }) => delivery === "queued").map(({ text }) => text),
    ["say two", "say three"],
  );
  await Promise.all(all);
  assert.deepEqual(texts(await until(conversation, idle)), [
    "stream 4 20 one: delivered",
    "one",
    "say two: delivered",
    "two",
    "say three: delivered",
    "three",
  ]);
});

test("a message that did not get through says why, and goes by retry, once", async () => {
  const { conversation, sandbox, client, id } = await begin("eliza");
  await until(conversation, idle);
  sandbox.setFaults([{ fault: "status", status: 401, operation: "sendMessage" }]);
  await conversation.send("say hello");
  const [message, ...others] = (await until(conversation, idle)).messages;
  assert.deepEqual(
    [message.delivery, message.error.kind, others.length],
    ["failed", "unauthorized", 0],
  );
  sandbox.setFaults([]);
  await conversation.retry(message.id);
  const after = await until(conversation, idle);
  assert.deepEqual(texts(after), ["say hello: delivered", "hello"]);
  assert.equal(after.messages[0].key, message.key);
  assert.equal(after.messages[0].error, undefined);
  await conversation.retry(after.messages[0].id);
  assert.equal(
    (await client.getMessages(id)).messages.length,
    1,
    "what was delivered is not sent again",
  );
});

test("a message that did not get through can be taken out", async () => {
  const { conversation, sandbox } = await begin("eliza");
  sandbox.setFaults([{ fault: "status", status: 401, operation: "sendMessage" }]);
  await conversation.send("say hello");
  const [{ key }] = (await until(conversation, idle)).messages;
  conversation.remove(key);
  sandbox.setFaults([]);
  await conversation.send("say more");
  assert.deepEqual(texts(await until(conversation, idle)), ["say more: delivered", "more"]);
});

test("retry of an answer that failed sends its message as a new one", async () => {
  const { conversation } = await begin("eliza");
  await conversation.send("throw");
  const failed = (await until(conversation, idle)).messages.at(-1);
  assert.deepEqual([failed.live, failed.error.kind], ["failed", "agent"]);
  await conversation.retry(failed.key);
  assert.deepEqual(texts(await until(conversation, idle)), [
    "throw: delivered",
    "failed",
    "throw: delivered",
    "failed",
  ]);
});

test("older pages come before, and nothing that was there changes", async () => {
  const servers = createSandbox({ seed: 1 });
  const writer = await begin("meibel", { sessionId: null, sandbox: servers });
  for (let number = 0; number < 7; number += 1) await writer.conversation.send(`say ${number}`);
  const { sessionId } = writer.conversation.getSnapshot();
  const { conversation } = await begin("meibel", { sessionId, sandbox: servers, pageSize: 4 });
  const before = await until(conversation, ({ messages }) => messages.length === 4);
  assert.equal(before.hasOlder, true);
  await conversation.loadOlder();
  const after = await until(conversation, ({ messages }) => messages.length === 8);
  assert.deepEqual(after.messages.slice(4), [...before.messages]);
  assert.ok(after.messages.slice(4).every((message, at) => message === before.messages[at]));
  while (conversation.getSnapshot().hasOlder) {
    await conversation.loadOlder();
    await sleep(30);
  }
  assert.deepEqual(
    conversation.getSnapshot().messages.map(({ text }) => text),
    Array.from({ length: 7 }, (_, number) => [`say ${number}`, `${number}`]).flat(),
  );
});

test("a conversation that missed more than a page is joined without a hole", async () => {
  const servers = createSandbox({ seed: 1 });
  const writer = await begin("meibel", { sessionId: null, sandbox: servers });
  await writer.conversation.send("say first");
  const { sessionId } = await until(writer.conversation, ({ sessionId }) => sessionId);
  const { conversation } = await begin("meibel", { sessionId, sandbox: servers, pageSize: 3 });
  await until(conversation, ({ messages }) => messages.length === 2);
  for (let number = 0; number < 6; number += 1) await writer.conversation.send(`say ${number}`);
  conversation.refresh();
  const { messages } = await until(conversation, ({ messages }) => messages.length === 14);
  assert.equal(messages[0].text, "say first");
  assert.equal(messages.at(-1).text, "5");
});

test("a message that is sent without a network waits for it, and then goes", async () => {
  const page = new Page();
  globalThis.document = page;
  Object.defineProperty(globalThis, "navigator", {
    value: { onLine: true },
    configurable: true,
  });
  const { conversation } = await begin("eliza");
  await until(conversation, idle);
  globalThis.navigator.onLine = false;
  page.turn("visible");
  await until(conversation, ({ state }) => state === "offline");
  const sent = conversation.send("say hello");
  await until(conversation, ({ messages }) => messages.length === 2);
  await sleep(50);
  assert.deepEqual(texts(conversation.getSnapshot()), ["say hello: queued", "waiting"]);
  globalThis.navigator.onLine = true;
  page.turn("visible");
  await sent;
  assert.deepEqual(texts(await until(conversation, idle)), ["say hello: delivered", "hello"]);
});

test("what others said meanwhile is there when the page is seen again", async () => {
  const page = new Page();
  globalThis.document = page;
  const sandbox = createSandbox({ seed: 1 });
  const { conversation, id } = await begin("meibel", { sandbox });
  await until(conversation, idle);
  page.turn("hidden");
  const other = await begin("meibel", { sessionId: id, sandbox });
  await other.conversation.send("say from elsewhere");
  assert.deepEqual(texts(conversation.getSnapshot()), []);
  page.turn("visible");
  const { messages } = await until(conversation, ({ messages }) => messages.length === 2);
  assert.deepEqual(
    messages.map(({ text }) => text),
    ["say from elsewhere", "from elsewhere"],
  );
});

test("a session that is gone is told, stays readable, and goes on in a new one by one call", async () => {
  const { conversation, client, id, create } = await begin("eliza");
  await conversation.send("say hello");
  await until(conversation, idle);
  await client.deleteSession(id);
  await conversation.send("say where were we?");
  const gone = await until(conversation, ({ state }) => state === "expired");
  assert.deepEqual(texts(gone), ["say hello: delivered", "hello", "say where were we?: failed"]);
  await conversation.restart();
  const begun = await until(conversation, idle);
  assert.notEqual(begun.sessionId, id);
  assert.equal(begun.session.agentId, create.agentId);
  assert.equal(begun.messages[1], gone.messages[1]);
  await conversation.retry(begun.messages[2].key);
  await conversation.send("say and more");
  assert.deepEqual(texts(await until(conversation, idle)), [
    "say hello: delivered",
    "hello",
    "say where were we?: delivered",
    "where were we?",
    "say and more: delivered",
    "and more",
  ]);
  const stored = (await client.getMessages(begun.sessionId)).messages.map(({ text }) => text);
  assert.deepEqual(stored, ["say where were we?", "say and more"]);
});

test("a session is renewed before it ends, while somebody listens", async () => {
  let renewals = 0;
  // the server's clock, by which nothing is counted here
  const ahead = 3_600_000;
  const sandbox = createSandbox({ seed: 1 });
  const options = sandbox.connectOptions("eliza");
  const short = async (request, init) => {
    const response = await options.fetch(request, init);
    const { pathname } = new URL(request.url);
    const renewed = pathname.endsWith("/renew");
    if (renewed) renewals += 1;
    else if (request.method !== "GET" || !/\/sessions\/[^/]+$/.test(pathname)) return response;
    const body = await response.json();
    // half a minute before its end a session is renewed
    const left = renewed ? body.timeRemaining : 30_300;
    const expiresAt = new Date(Date.now() + ahead + left).toISOString();
    return Response.json({ ...body, timeRemaining: left, expiresAt });
  };
  const { conversation, id } = await begin("eliza", { sandbox, connectWith: { fetch: short } });
  const { session } = await until(conversation, ({ session }) => renewals > 0 && session);
  await sleep(100);
  assert.equal(renewals, 1);
  assert.ok(
    Date.parse(conversation.getSnapshot().session.expiresAt) > Date.parse(session.expiresAt) - 1,
  );
  const never = await begin("eliza", {
    sandbox,
    sessionId: id,
    renew: false,
    connectWith: { fetch: short },
  });
  await sleep(500);
  assert.equal(renewals, 1);
  never.conversation.close();
  await conversation.renew();
  assert.equal(renewals, 2);
});

test("a history that cannot be read is told, and read when it can be", async () => {
  const sandbox = createSandbox({ seed: 1 });
  const connectWith = { maxRetries: 0 };
  const { conversation, id } = await begin("eliza", { sandbox, connectWith });
  await conversation.send("say hello");
  sandbox.setFaults([{ fault: "status", status: 503, operation: "getMessages", times: 1 }]);
  const other = await begin("eliza", { sandbox, sessionId: id, connectWith });
  const lost = await until(other.conversation, ({ state }) => state === "reconnecting");
  assert.equal(lost.error.kind, "server");
  const found = await until(other.conversation, idle);
  assert.deepEqual([texts(found), found.error], [["say hello"], undefined]);
});

test("what a page kept of an earlier conversation is there again where the server has it not", async () => {
  const sandbox = createSandbox({ seed: 1 });
  const { conversation, id, sandbox: servers } = await begin("eliza", { sandbox });
  await conversation.send("say hello");
  servers.setFaults([{ fault: "status", status: 401, operation: "sendMessage" }]);
  await conversation.send("say lost");
  servers.setFaults([]);
  const { messages } = await until(conversation, idle);
  const initial = JSON.parse(JSON.stringify(messages));
  conversation.close();
  const again = await begin("eliza", { sandbox, sessionId: id, initial });
  const { messages: shown } = await until(
    again.conversation,
    ({ messages }) => messages.length === 3,
  );
  assert.deepEqual(
    shown.map(({ text, delivery, kept }) => [text, delivery, kept]),
    [
      ["say hello", "delivered", undefined],
      ["hello", undefined, true],
      ["say lost", "failed", undefined],
    ],
  );
  await again.conversation.retry(shown[2].key);
  assert.deepEqual(texts(await until(again.conversation, idle)).slice(2), [
    "say lost: delivered",
    "lost",
  ]);
  const foreign = await begin("meibel", { initial });
  await until(foreign.conversation, idle);
  assert.deepEqual(
    texts(foreign.conversation.getSnapshot()),
    ["say lost: failed"],
    "answers belong to their messages",
  );
});

const slow = "one two three four five six seven eight nine ten";

test("an answer whose stream is cut is looked for, and is whole once", async () => {
  const { conversation, sandbox, seen } = await begin("meibel", { sessionId: null });
  await conversation.send("say hello");
  sandbox.setFaults([{ fault: "cut", at: 900, operation: "sendMessage", times: 1 }]);
  await conversation.send(`stream 10 40 ${slow}`);
  const { messages } = await until(conversation, idle);
  assert.deepEqual(
    messages.map(({ text }) => text),
    ["say hello", "hello", `stream 10 40 ${slow}`, slow],
  );
  assert.equal(messages[3].live, undefined);
  assert.ok(seen.some(({ state }) => state === "reconnecting"));
  const shown = seen.map(({ messages }) => messages[3]?.text ?? "");
  assert.ok(
    shown.every((text) => slow.startsWith(text)),
    "nothing that was shown is taken back",
  );
});

for (const kept of [true, false]) {
  const how = kept ? "what was shown of it" : "nothing";
  test(`an answer that was coming when the page was left goes on, with ${how} kept`, async () => {
    const sandbox = createSandbox({ seed: 1 });
    const left = await begin("meibel", { sessionId: null, sandbox });
    left.conversation.send(`stream 10 150 ${slow}`);
    await until(left.conversation, ({ messages }) => messages[1]?.text.length > 8);
    const { sessionId, messages } = left.conversation.getSnapshot();
    const initial = kept ? JSON.parse(JSON.stringify(messages)) : [];
    left.conversation.close();
    const { conversation, seen } = await begin("meibel", { sessionId, sandbox, initial });
    const found = await until(conversation, ({ messages }) => messages[1]?.text === slow);
    assert.equal(found.messages.length, 2);
    await until(conversation, idle);
    const { length } = messages[1].text;
    const least = kept ? length : 0;
    const answers = seen.map(({ messages }) => messages[1]).filter(Boolean);
    assert.ok(answers.every(({ text }) => slow.startsWith(text) && text.length >= least));
    assert.ok(answers.some(({ live }) => live === "reconnecting"));
  });
}

test("nothing throws and nothing rejects, whatever is given", async () => {
  const { conversation } = await begin("eliza");
  for (const wrong of [undefined, null, 7, {}, { text: 7 }, { text: "" }]) {
    await conversation.send(wrong);
  }
  await conversation.retry("nothing of that name");
  conversation.remove("nothing of that name");
  const { messages } = await until(conversation, idle);
  assert.ok(messages.every(({ delivery, live }) => delivery !== undefined || live !== "waiting"));
  await conversation.restart(() => Promise.reject(new Error("no session today")));
  const { error } = await until(conversation, ({ error }) => error);
  assert.equal(error.message, "no session today");
});
