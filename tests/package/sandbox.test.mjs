// In: sandbox.js and its module in the package folder (AGENTLINE_PKG, else pkg/). Out: what a user of agentline/sandbox
// may rely on, driven through bindSandbox with a loader of Node's own. The client is left to other tests.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const here = new URL(".", import.meta.url);
const folder = process.env.AGENTLINE_PKG
  ? pathToFileURL(`${resolve(process.env.AGENTLINE_PKG)}/`)
  : new URL("../../pkg/", here);
const { bindSandbox } = await import(new URL("sandbox.js", folder));
const load = async () =>
  WebAssembly.compile(await readFile(new URL("sandbox_wasm_bg.wasm", folder)));
const { createSandbox } = bindSandbox(load);

const SESSIONS = "http://sandbox.invalid/api/messaging/sessions";
const USER = "aaaaaaaa-0000-4000-8000-000000000001";

const post = (body, more) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...more?.headers },
  body: JSON.stringify(body),
  ...(more?.signal ? { signal: more.signal } : {}),
});

async function opened(options = { agents: "echo", seed: 1 }) {
  const sandbox = createSandbox(options);
  const agentId = sandbox.agentId("eliza");
  const response = await sandbox.fetch(SESSIONS, post({ agentId, userId: USER }));
  assert.equal(response.status, 201);
  const { sessionId } = await response.json();
  const messages = `${SESSIONS}/${sessionId}/messages`;
  const send = (content, more, transport = "sse") =>
    sandbox.fetch(messages, post({ content, transport }, more));
  return { sandbox, messages, send };
}

const events = (text) =>
  text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [event, data] = block.split("\n");
      return [event.slice("event: ".length), JSON.parse(data.slice("data: ".length))];
    });

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

async function rejected(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not reject");
}

test("Meibel is spoken below its own path, with the key that was set", async () => {
  const sandbox = createSandbox({ agents: "echo", keys: ["mk"], seed: 1 });
  const { baseUrl, backend, apiKey } = sandbox.connectOptions("meibel");
  assert.deepEqual([backend, baseUrl, apiKey], ["meibel", "http://sandbox.invalid/v2", "mk"]);
  const ask = (path, init) =>
    sandbox.fetch(`${baseUrl}${path}`, {
      ...init,
      headers: { "meibel-api-key": "mk", ...init?.headers },
    });
  const agent = sandbox.agentId("meibel");
  const created = await ask(`/agents/${agent}/sessions`, { method: "POST" });
  const { session_id: id } = await created.json();
  const body = new FormData();
  body.append("user_message", "pings=none files");
  body.append("files", new File(["héllo"], 'a "b".txt', { type: "text/plain" }));
  const streamed = await ask(`/sessions/${id}/chat/stream`, { method: "POST", body });
  assert.match(streamed.headers.get("content-type"), /^text\/event-stream/);
  const told = events(await streamed.text());
  assert.deepEqual(
    told.map(([event]) => event),
    ["connected", "status", "partial_response", "completion"],
  );
  // A platform escapes the quotation marks in its own way; the server does not undo that.
  const [file] = JSON.parse(told.at(-1)[1].data.message);
  assert.deepEqual(file, { name: "a %22b%22.txt", type: "text/plain", size: 6, text: "héllo" });
  const { messages } = await (await ask(`/sessions/${id}/messages`)).json();
  assert.deepEqual(
    messages.map(({ type }) => type),
    ["user", "assistant"],
  );
  assert.equal((await sandbox.fetch(`${baseUrl}/sessions/${id}`)).status, 401);
});

test("a message is streamed, and the history holds it", async () => {
  const { sandbox, messages, send } = await opened();
  const response = await send("stream 3 10 some words and 😀 and more of them");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const told = events(await response.text());
  assert.equal(told[0][0], "user_message");
  assert.equal(told.at(-1)[0], "done");
  const chunks = told.filter(([event]) => event === "chunk").map(([, data]) => data.chunk);
  assert.ok(chunks.length > 1);
  assert.equal(chunks.join(""), told.at(-1)[1].text);
  const page = await (await sandbox.fetch(new Request(messages))).json();
  assert.deepEqual(
    page.messages.map((message) => message.content),
    ["stream 3 10 some words and 😀 and more of them"],
  );
  assert.equal(page.hasMore, false);
});

test("the pieces of a stream come in their time", async () => {
  const { send } = await opened();
  const began = performance.now();
  const response = await send("stream 4 60 a sentence that is long enough to be cut");
  const headAfter = performance.now() - began;
  const times = [];
  for await (const _ of response.body) times.push(performance.now() - began);
  assert.ok(headAfter < 60, `head after ${headAfter}`);
  assert.ok(times[0] < 60 && times.at(-1) > 200, `pieces after ${times}`);
  assert.equal(timers(), 0);
});

test("a conversation is streamed word by word", async () => {
  const { send } = await opened({ seed: 3 });
  const told = events(await (await send("What can you do?")).text());
  const chunks = told.filter(([event]) => event === "chunk");
  assert.ok(chunks.length > 15, `${chunks.length} chunks`);
  assert.match(told.at(-1)[1].text, /script/);
});

test("a reply over the default transport appears in the history later", async () => {
  const { sandbox, messages, send } = await opened();
  await send("say over the bus", undefined, "websocket");
  const contents = async () =>
    (await (await sandbox.fetch(messages)).json()).messages.map((message) => message.content);
  assert.deepEqual(await contents(), ["say over the bus"]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual(await contents(), ["over the bus", "say over the bus"]);
});

test("an overtaken stream is left without its end, and the newer one is answered", async () => {
  const { sandbox, messages, send } = await opened();
  const first = await send("stream 3 100 first answer first answer first answer first answer");
  const reader = first.body.getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  const second = await send("say second");
  assert.equal(events(await second.text()).at(-1)[1].text, "second");
  // The chunks still come; the end does not, and nothing else until the server hangs up.
  for (;;) {
    const next = reader.read();
    const late = new Promise((resolve) => setTimeout(resolve, 500, "late").unref());
    const piece = await Promise.race([next, late]);
    if (piece === "late") {
      await reader.cancel();
      break;
    }
    assert.equal(piece.done, false);
    text += decoder.decode(piece.value);
  }
  const names = events(text).map(([event]) => event);
  assert.deepEqual(names, ["user_message", "chunk", "chunk", "chunk"]);
  assert.equal(timers(), 0);
  assert.equal((await (await sandbox.fetch(messages)).json()).messages.length, 2);
});

test("an abort before the head rejects with its reason", async () => {
  const { send } = await opened();
  const reason = new Error("no longer wanted");
  const controller = new AbortController();
  const waiting = send("wait 20000 late", { signal: controller.signal }, "http");
  setTimeout(() => controller.abort(reason), 30);
  assert.equal(await rejected(waiting), reason);
  assert.equal(await rejected(send("say x", { signal: AbortSignal.abort(reason) })), reason);
  assert.equal(timers(), 0);
});

test("an abort in the middle errors the body with its reason and leaves no timer", async () => {
  const { send } = await opened();
  const reason = new Error("stop");
  const controller = new AbortController();
  const response = await send("stream 3 20000 never to be heard in full", {
    signal: controller.signal,
  });
  const reader = response.body.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /user_message/);
  setTimeout(() => controller.abort(reason), 30);
  assert.equal(await rejected(reader.read()), reason);
  assert.equal(timers(), 0);
});

test("a cancelled body leaves no timer", async () => {
  const { send } = await opened();
  const response = await send("stream 3 20000 never to be heard in full");
  const reader = response.body.getReader();
  await reader.read();
  void reader.read().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(timers(), 1);
  await reader.cancel();
  assert.equal(timers(), 0);
});

test("a stream that falls silent is cut after half a minute, and http is hung up on", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
  const { send } = await opened();
  const tick = async (milliseconds) => {
    // Let what awaits the last timer ask for the next one.
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    context.mock.timers.tick(milliseconds);
  };
  const sent = send("cutwait 40000 half of this arrives and half of it does not");
  await tick(50);
  const read = rejected((async () => (await sent).text())());
  await tick(100);
  await tick(29_000);
  let settled = false;
  void read.then(() => (settled = true));
  await tick(0);
  assert.equal(settled, false);
  await tick(2_000);
  assert.ok((await read) instanceof TypeError);
  const hung = rejected(send("wait 40000 late", undefined, "http"));
  await tick(0);
  await tick(30_001);
  assert.ok((await hung) instanceof TypeError);
});

test("a key is asked for where keys are set", async () => {
  const sandbox = createSandbox({ keys: ["k1", "k2"], seed: 1 });
  assert.equal((await sandbox.fetch(SESSIONS)).status, 401);
  const headers = { "x-api-key": "k2" };
  assert.equal((await sandbox.fetch(SESSIONS, { headers })).status, 200);
  const { fetch, ...plain } = sandbox.connectOptions("eliza");
  assert.equal(fetch, sandbox.fetch);
  assert.deepEqual(plain, {
    backend: "eliza",
    baseUrl: "http://sandbox.invalid",
    userId: USER,
    apiKey: "k1",
    allowBrowserKey: true,
  });
});

test("Agent Cloud is spoken with its team and a key, and its answers grow in the rows", async () => {
  const sandbox = createSandbox({ agents: "echo", seed: 1 });
  const { baseUrl, team, apiKey, allowBrowserKey } = sandbox.connectOptions("agentcloud");
  assert.equal(allowBrowserKey, true);
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const ask = async (method, path, body) => {
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    return await (await sandbox.fetch(`${baseUrl}/${team}/${path}`, init)).json();
  };
  const app = sandbox.agentId("agentcloud");
  const { redirect } = await ask("POST", "forms/session/add", { id: app });
  const session = redirect.split("/").at(-1);
  const send = (messageText) => ask("POST", `session/${session}/send-message`, { messageText });
  const told = await send("say too early");
  assert.deepEqual(told, { error: "Attempting to send message to inactive session." });
  const messages = `session/${session}/messages.json?messageId=${"0".repeat(24)}`;
  const until = async (enough) => {
    for (;;) {
      const rows = await ask("GET", messages);
      if (enough(rows)) return rows;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await until((rows) => rows.length === 1);
  assert.deepEqual(await send("stream 2 200 abcd"), { message: "Message sent successfully" });
  const growing = await until((rows) => rows.length === 3);
  assert.deepEqual(
    growing[2].chunks.map(({ chunk }) => chunk),
    ["ab"],
  );
  const whole = await until((rows) => rows.length === 4);
  assert.deepEqual(
    whole[2].chunks.map(({ chunk }) => chunk),
    ["ab", "cd"],
  );
  const keyed = createSandbox({ keys: ["own"] }).connectOptions("agentcloud");
  assert.equal(keyed.apiKey, "own");
});

test("Agent Cloud's redirects are followed, handed on or refused, as the request says", async () => {
  const sandbox = createSandbox({ seed: 1 });
  const { baseUrl, team } = sandbox.connectOptions("agentcloud");
  const ask = (redirect) => sandbox.fetch(`${baseUrl}/${team}/sessions.json`, { redirect });
  const followed = await ask("follow");
  assert.equal(followed.status, 200);
  assert.match(followed.headers.get("content-type"), /^text\/html/);
  const manual = await ask("manual");
  assert.equal(manual.status, 302);
  assert.equal(manual.headers.get("location"), `/login?goto=%2F${team}%2Fsessions.json`);
  assert.ok((await rejected(ask("error"))) instanceof TypeError);
});

test("what Agent Cloud never answers waits for its signal, and for nothing else", async () => {
  const sandbox = createSandbox({ seed: 1 });
  const { baseUrl, team, apiKey } = sandbox.connectOptions("agentcloud");
  const headers = { authorization: `Bearer ${apiKey}` };
  const before = timers();
  const over = new AbortController();
  const path = `${baseUrl}/${team}/sessions.json?before=zz`;
  const never = sandbox.fetch(path, { headers, signal: over.signal });
  const soon = new Promise((resolve) => setTimeout(resolve, 300, "still open"));
  assert.equal(await Promise.race([never, soon]), "still open");
  assert.equal(timers(), before);
  const reason = new Error("enough");
  over.abort(reason);
  assert.equal(await rejected(never), reason);
});

test("answers without a body are made as the platform wants them", async () => {
  const { sandbox, messages } = await opened();
  const preflight = await sandbox.fetch(messages, {
    method: "OPTIONS",
    headers: { origin: "https://app.example" },
  });
  assert.equal(preflight.status, 204);
  const whole = await sandbox.fetch(messages);
  const headers = { "if-none-match": whole.headers.get("etag") };
  assert.equal((await sandbox.fetch(messages, { headers })).status, 304);
  const head = await sandbox.fetch(messages, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("the same seed gives the same ids, another one does not", async () => {
  const id = async (seed) => (await opened({ seed })).messages;
  assert.equal(await id(5), await id(5));
  assert.notEqual(await id(5), await id(6));
  assert.notEqual(await id(undefined), await id(undefined));
});

test("latency delays the head", async () => {
  const sandbox = createSandbox({ latency: 80 });
  const began = performance.now();
  await sandbox.fetch(SESSIONS);
  assert.ok(performance.now() - began >= 75);
});

test("what it does not know throws a sentence", () => {
  for (const [options, said] of [
    [
      { speed: 1 },
      /does not know the option "speed"; it knows agents, faults, keys, latency, seed/,
    ],
    [{ faults: {} }, /^createSandbox: faults\.rules is missing: it wants a list of rules$/],
    [
      { faults: [{ fault: "bom", chance: 2 }] },
      /^createSandbox: faults\[0\]\.chance wants a number/,
    ],
    [{ agents: "parrot" }, /agents is/],
    [{ keys: [""] }, /keys is/],
    [{ latency: -1 }, /latency is/],
    [{ seed: 1.5 }, /seed is/],
    [null, /an object of options/],
  ]) {
    assert.throws(() => createSandbox(options), { name: "TypeError", message: said });
  }
  const sandbox = createSandbox();
  for (const unknown of ["openai", "toString", undefined]) {
    assert.throws(() => sandbox.connectOptions(unknown), /^TypeError: the sandbox does not speak /);
    assert.throws(() => sandbox.agentId(unknown), /it speaks "meibel", /);
  }
});

test("a load that fails is tried again by the next request", async () => {
  let calls = 0;
  const { createSandbox: create } = bindSandbox(async () => {
    calls += 1;
    if (calls === 1) throw new Error("no file");
    return await load();
  });
  const sandbox = create();
  assert.equal(calls, 0);
  assert.match((await rejected(sandbox.fetch(SESSIONS))).message, /no file/);
  assert.equal((await sandbox.fetch(SESSIONS)).status, 200);
  assert.equal(calls, 2);
});

test("deeply nested and malformed bodies are answered, not trapped", async () => {
  const { sandbox, messages } = await opened();
  const nested = `{"content":"say x","transport":"http","metadata":${"[".repeat(120)}${"]".repeat(120)}}`;
  for (const [body, status] of [
    [nested, 201],
    ["[".repeat(100_000), 500],
    ['{"content":"\\ud83d"', 500],
    [new Uint8Array([0xff, 0xfe, 0x00]), 500],
  ]) {
    const headers = { "content-type": "application/json" };
    const response = await sandbox.fetch(messages, { method: "POST", headers, body });
    assert.equal(response.status, status);
    await response.arrayBuffer();
  }
});
