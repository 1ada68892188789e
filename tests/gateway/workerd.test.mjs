// The gateway in Cloudflare's runtime, which does not tell a Worker that a page left: it notices by what it writes.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packedModule, projectWith } from "../package/pack.mjs";
import { startWorker } from "../package/workerd.mjs";
import { EVENTS, head, rawServer, sendJson, serve, until } from "./serve.mjs";

// long beside what a busy machine takes for anything
const BEAT = 1_000;
const KEY = "s3cr3t/key+0123456789";
const PATH = "/agent/api/messaging/sessions/s/messages";
const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const BEGIN = event("user_message", {
  id: "m1",
  content: "x",
  author_id: "aaaaaaaa-0000-4000-8000-000000000001",
  created_at: 1_795_288_880_993,
  metadata: {},
});
const CHUNK = event("chunk", { messageId: "a1", chunk: "one ", index: 0 });

let connect;
let createSandbox;
let project;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
  project = await projectWith(join(import.meta.dirname, "programs"));
});
after(() => rm(project, { recursive: true }));

/** The gateway as a Worker, in front of a server; gives its address. */
async function worker(t, backend, baseUrl, { key = KEY, requests = 1_000 } = {}) {
  const bindings = {
    BACKEND: backend,
    BASE_URL: baseUrl,
    KEY: key,
    HEARTBEAT: BEAT,
    REQUESTS: requests,
  };
  const started = await startWorker(project, "worker.mjs", { bindings });
  t.after(() => started.dispose());
  return (await started.ready).href.replace(/\/$/, "");
}

const send = (url, init) =>
  fetch(`${url}${PATH}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"content":"x"}',
    ...init,
  });

for (const [backend, path] of [
  ["meibel", "/v2"],
  ["agentcloud", ""],
  ["eliza", ""],
]) {
  test(`${backend}: a session through a Worker`, async (t) => {
    const key = "agentcloud-sandbox-key";
    const sandbox = createSandbox({ agents: "echo", keys: [key], seed: 1 });
    const server = await serve((request) => sandbox.fetch(request));
    const url = await worker(t, backend, server + path, { key });
    const client = await connect({ backend, baseUrl: `${url}/agent`, live: false });
    const { id } = await client.createSession({ agentId: sandbox.agentId(backend) });
    assert.match(await client.streamMessage(id, "hello 🚀").text(), /^echo: hello 🚀/);
    const { messages } = await client.getMessages(id);
    assert.ok(messages.some(({ text }) => text === "hello 🚀"));
    await assert.rejects(client.getSession("../../agents"), { kind: /not_found|invalid/ });
  });
}

test("a page that leaves is noticed within two beats, and the server is asked no more", async (t) => {
  const server = await rawServer((socket) => socket.write(head(200, EVENTS) + BEGIN));
  const url = await worker(t, "eliza", server.url);
  const left = new AbortController();
  const response = await send(url, { signal: left.signal });
  const reader = response.body.getReader();
  let text = "";
  while (!text.includes(": ping")) text += new TextDecoder().decode((await reader.read()).value);
  assert.ok(text.startsWith(`${BEGIN}: ping\n\n`), text);
  assert.equal(server.sockets.size, 1);
  const began = performance.now();
  left.abort();
  await until(() => server.sockets.size === 0);
  const beats = (performance.now() - began) / BEAT;
  t.diagnostic(`noticed after ${beats.toFixed(2)} beats`);
  assert.ok(beats <= 2.5, `${beats} beats`);
});

test("a server that dies in mid-stream leaves a truncated answer", async (t) => {
  const server = await rawServer((socket) => {
    const part = BEGIN + CHUNK;
    socket.write(
      `HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${part.length.toString(16)}\r\n${part}\r\n`,
    );
    setTimeout(() => socket.resetAndDestroy(), 100);
  });
  const url = await worker(t, "eliza", server.url);
  const client = await connect({ backend: "eliza", baseUrl: `${url}/agent`, maxRetries: 0 });
  const error = await client
    .streamMessage("s", "x", { resume: false })
    .text()
    .then(assert.fail, (error) => error);
  assert.equal(error.kind, "truncated");
  assert.equal(error.partial.message.text, "one ");
});

test("a visitor who asks too often waits", async (t) => {
  const server = await rawServer((socket) => sendJson(socket, {}));
  const url = await worker(t, "eliza", server.url, { requests: 2 });
  const statuses = [];
  for (let count = 0; count < 4; count++) {
    const response = await fetch(`${url}/agent/api/messaging/sessions`);
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  assert.deepEqual(statuses, [200, 200, 429, 429]);
});
