// Answers that stream: heartbeats, pages that leave, servers that die, and readers that are slow.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { EVENTS, head, rawServer, serve, until } from "./serve.mjs";

const KEY = "s3cr3t/key+0123456789";
const PATH = "/agent/api/messaging/sessions/s/messages";
const BEAT = 60;
const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const USER = event("user_message", {
  id: "m1",
  content: "x",
  author_id: "aaaaaaaa-0000-4000-8000-000000000001",
  created_at: 1_795_288_880_993,
  metadata: {},
});
const chunk = (text, index) => event("chunk", { messageId: "a1", chunk: text, index });
const DONE = event("done", { text: "one two", responseId: "a1", actions: [], providers: [] });

let connect;
let createGateway;
before(async () => {
  ({ connect } = await packedModule());
  ({ createGateway } = await packedModule("agentline/gateway"));
});

async function opened(answer, options = {}) {
  const server = await rawServer(answer);
  const gateway = createGateway({
    backend: "eliza",
    baseUrl: server.url,
    apiKey: KEY,
    heartbeat: BEAT,
    ...options,
  });
  const url = await serve(gateway);
  const client = await connect({ backend: "eliza", baseUrl: `${url}/agent`, maxRetries: 0 });
  return { ...server, gateway, client, url };
}

const send = (url, init) =>
  fetch(`${url}${PATH}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: '{"content":"x"}',
    ...init,
  });

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a stream on which the server is silent has a comment in every beat, and its events are as they were", async () => {
  let socket;
  const { url } = await opened((connection) => {
    socket = connection;
    socket.write(head(200, EVENTS));
  });
  const response = await send(url);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("x-accel-buffering"), "no");
  let text = "";
  const over = (async () => {
    for await (const bytes of response.body) text += Buffer.from(bytes);
  })();
  const pings = ": ping\n\n: ping\n\n";
  await until(() => text === pings);
  const whole = chunk("one ", 0);
  socket.write(USER + whole.slice(0, 30));
  await until(() => text.endsWith(whole.slice(0, 30)));
  const before = text;
  // in the middle of an event nothing may stand
  await pause(6 * BEAT);
  assert.equal(text, before);
  socket.write(whole.slice(30));
  await until(() => text.endsWith(whole + pings));
  socket.end(chunk("two", 1) + DONE);
  await over;
  assert.equal(text.replaceAll(": ping\n\n", ""), USER + whole + chunk("two", 1) + DONE);
});

test("an answer with comments in it is the same to the client", async () => {
  const { client } = await opened(async (socket) => {
    socket.write(head(200, EVENTS));
    for (const part of [USER, chunk("one ", 0), chunk("two", 1), DONE]) {
      await pause(3 * BEAT);
      socket.write(part);
    }
    socket.end();
  });
  const events = [];
  for await (const { type } of client.streamMessage("s", "x")) events.push(type);
  assert.deepEqual(events, ["start", "content", "content", "done"]);
});

test("events come as they are sent, and not later", async () => {
  let socket;
  const { client } = await opened((connection) => {
    socket = connection;
    socket.write(head(200, EVENTS) + USER);
  });
  const stream = client.streamMessage("s", "x")[Symbol.asyncIterator]();
  assert.equal((await stream.next()).value.type, "start");
  for (const text of ["one ", "two"]) {
    socket.write(chunk(text, 0));
    assert.equal((await stream.next()).value.delta, text);
  }
  socket.end(DONE);
  assert.equal((await stream.next()).value.type, "done");
});

test("a page that leaves is noticed within two beats, and the server is asked no more", async () => {
  const heartbeat = 1_000;
  const { url, sockets } = await opened((socket) => socket.write(head(200, EVENTS) + USER), {
    heartbeat,
  });
  const left = new AbortController();
  const response = await send(url, { signal: left.signal });
  await response.body.getReader().read();
  assert.equal(sockets.size, 1);
  const began = Date.now();
  left.abort();
  await until(() => sockets.size === 0);
  assert.ok(Date.now() - began < 2 * heartbeat, `${Date.now() - began} ms`);
});

test("a page that leaves before the answer begins is noticed as well", async () => {
  const { url, sockets, asked } = await opened(() => {});
  const left = new AbortController();
  const sent = send(url, { signal: left.signal }).catch(() => {});
  await until(() => asked.length === 1);
  left.abort();
  await sent;
  await until(() => sockets.size === 0);
});

test("whoever cancels the body of an answer cancels the request behind it", async () => {
  const { gateway, sockets } = await opened((socket) => socket.write(head(200, EVENTS) + USER));
  const response = await gateway(
    new Request(`http://x${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    }),
  );
  const reader = response.body.getReader();
  await reader.read();
  const waiting = reader.read();
  await reader.cancel();
  assert.equal((await waiting).done, true);
  await until(() => sockets.size === 0);
});

for (const [how, die] of [
  ["breaks the connection", (socket) => socket.resetAndDestroy()],
  ["ends in the middle of a chunk", (socket) => socket.end("ff\r\nevent: ch")],
]) {
  test(`a server that ${how} in mid-stream leaves an answer that is truncated, and not whole`, async () => {
    const { client } = await opened(async (socket) => {
      const chunked = `HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n`;
      const part = USER + chunk("one ", 0);
      socket.write(`${chunked}${part.length.toString(16)}\r\n${part}\r\n`);
      await pause(50);
      die(socket);
    });
    const error = await client
      .streamMessage("s", "x", { resume: false })
      .text()
      .then(assert.fail, (error) => error);
    assert.equal(error.kind, "truncated");
    assert.equal(error.partial.message.text, "one ");
  });
}

test("a server that ends without its last event leaves a truncated answer", async () => {
  const { client } = await opened((socket) =>
    socket.end(head(200, EVENTS) + USER + chunk("one ", 0)),
  );
  await assert.rejects(client.streamMessage("s", "x", { resume: false }).text(), {
    kind: "truncated",
  });
});

test("a server that falls silent for good does not hide behind the heartbeat", async () => {
  const { url, sockets } = await opened((socket) => socket.write(head(200, EVENTS) + USER), {
    idleTimeout: 4 * BEAT,
  });
  const response = await send(url);
  await assert.rejects(response.text());
  await until(() => sockets.size === 0);
});

test("the key does not pass in a stream, however it is cut", async () => {
  const echo = USER + chunk(`${KEY} and ${KEY}`, 0) + DONE;
  const { url } = await opened(async (socket) => {
    socket.setNoDelay(true);
    socket.write(head(200, EVENTS));
    for (const byte of echo) {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    socket.end();
  });
  const text = (await (await send(url)).text()).replaceAll(": ping\n\n", "");
  assert.equal(text, USER + chunk("[redacted] and [redacted]", 0) + DONE);
});

test("a slow reader slows the server down, and memory stays flat", async () => {
  const piece = chunk("x".repeat(64 * 1024), 0);
  let written = 0;
  const { url } = await opened((socket) => {
    socket.write(head(200, EVENTS));
    const more = () => {
      while (!socket.destroyed && socket.write(piece)) written += piece.length;
      written += piece.length;
      socket.once("drain", more);
    };
    more();
  });
  const responses = await Promise.all(Array.from({ length: 8 }, () => send(url)));
  const readers = responses.map((response) => response.body.getReader());
  const settled = async () => {
    for (let before = -1; before !== written; ) {
      before = written;
      await pause(300);
    }
  };
  for (const reader of readers) await reader.read();
  await settled();
  const first = written;
  const rounds = [];
  for (let round = 0; round < 3; round++) {
    for (const reader of readers) {
      for (let read = 0; read < 2_000_000; ) read += (await reader.read()).value.length;
    }
    await settled();
    globalThis.gc?.();
    rounds.push(process.memoryUsage().rss);
  }
  await Promise.all(readers.map((reader) => reader.cancel()));
  assert.ok(first < 8 * 12_000_000, `${first} bytes were taken that nobody read`);
  const grown = rounds.at(-1) - rounds[0];
  assert.ok(grown < 40_000_000, `${grown} bytes more for 32 MB that were read meanwhile`);
});
