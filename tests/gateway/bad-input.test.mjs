// Requests that nobody should make, servers that nobody should trust, and what becomes of the key.
import assert from "node:assert/strict";
import { get } from "node:http";
import { before, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { head, rawServer, sendJson, sendRaw, serve, until } from "./serve.mjs";

const KEY = "s3cr3t/key+0123456789";
const SESSION = {
  sessionId: "s",
  agentId: "11111111-2222-4333-8444-555555555555",
  userId: "aaaaaaaa-0000-4000-8000-000000000001",
  createdAt: "2026-01-01T00:00:00.000Z",
};
const PATH = "/agent/api/messaging/sessions";

let connect;
let createGateway;
before(async () => {
  ({ connect } = await packedModule());
  ({ createGateway } = await packedModule("agentline/gateway"));
});

/** A server that answers as `answer` says, and a gateway for elizaOS in front of it. */
async function opened(answer = (socket) => sendJson(socket, SESSION), options = {}) {
  const server = await rawServer(answer);
  const errors = [];
  const gateway = createGateway({
    backend: "eliza",
    baseUrl: server.url,
    apiKey: KEY,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { ...server, upstream: server.url, gateway, errors, url: await serve(gateway) };
}

test("paths that are bent reach the server nowhere", async () => {
  const { url, asked } = await opened();
  const lines = [];
  for (const path of [
    `${PATH}/../../../secrets`,
    `${PATH}/s/../../agents`,
    `${PATH}/..%2F..%2Fagents`,
    `${PATH}/%2e%2e/%2e%2e/agents`,
    `${PATH}/%252e%252e%252fagents`,
    `${PATH}/..%5C..%5Cagents`,
    `${PATH}/a%2Fb`,
    `${PATH}/a%00b`,
    `${PATH}/a%0D%0Ax-evil:%201`,
    `${PATH}/s;x=1`,
    `${PATH}//s`,
    `/agent//api/messaging/sessions/s`,
    `${PATH}/s/`,
    `${PATH}/s?token=1`,
    `${PATH}/health`,
    `${PATH}/s/messages?limit=1&limit=2`,
    `${PATH}/s/messages?limit=1%262`,
    "/agent/api/agents",
    "/api/messaging/sessions/s",
    "/agent/http://127.0.0.1/api/messaging/sessions/s",
  ]) {
    lines.push(["GET", path]);
  }
  for (const method of ["PUT", "PATCH", "HEAD", "OPTIONS", "PROPFIND"]) {
    lines.push([method, `${PATH}/s`]);
  }
  lines.push(["DELETE", `${PATH}/s/messages`], ["POST", `${PATH}/s`]);
  for (const [method, path] of lines) {
    const back = await sendRaw(
      url,
      `${method} ${path} HTTP/1.1\r\nhost: edge.test\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    assert.match(back, /^HTTP\/1\.1 4\d\d /, `${method} ${path}: ${back.slice(0, 80)}`);
  }
  assert.deepEqual(asked, []);
});

test("an address with another host in it still asks the one server", async () => {
  const { url, asked } = await opened();
  const other = await rawServer((socket) => sendJson(socket, {}));
  const back = await sendRaw(
    url,
    `GET ${other.url}${PATH}/s HTTP/1.1\r\nhost: ${new URL(other.url).host}\r\nconnection: close\r\n\r\n`,
  );
  assert.match(back, /^HTTP\/1\.1 200 /);
  assert.equal(asked.length, 1);
  assert.match(asked[0], /^GET \/api\/messaging\/sessions\/s HTTP/);
  assert.deepEqual(other.asked, []);
});

test("headers that smuggle others do not reach the server", async () => {
  const { url, asked } = await opened();
  const start = `POST ${PATH}/s/renew HTTP/1.1\r\nhost: edge.test\r\nconnection: close\r\n`;
  for (const headers of [
    "x-a: b\rx-evil: 1\r\ncontent-length: 0\r\n",
    "x-a: b\nx-evil: 1\r\ncontent-length: 0\r\n",
    "content-length: 0\r\ncontent-length: 5\r\n",
    "content-length: 0\r\ntransfer-encoding: chunked\r\n",
    "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
    "transfer-encoding: chunked, x-evil\r\n",
    "x-evil : 1\r\ncontent-length: 0\r\n",
    " x-evil: 1\r\ncontent-length: 0\r\n",
    "connection: x-evil\r\nx-evil: 1\r\nkeep-alive: x-evil\r\ncookie: x-evil=1\r\ncontent-length: 0\r\n",
    "x-api-key: x-evil\r\nauthorization: x-evil\r\nx-forwarded-host: x-evil\r\ncontent-length: 0\r\n",
    "content-type: application/json; x-evil=1\r\naccept: x-evil\x01\r\ncontent-length: 0\r\n",
  ]) {
    const back = await sendRaw(
      url,
      `${start}${headers}\r\nGET /api/messaging/x-evil HTTP/1.1\r\nhost: x\r\n\r\n`,
    );
    assert.doesNotMatch(back, /s3cr3t/);
  }
  for (const request of asked) {
    assert.doesNotMatch(request, /x-evil/i);
    assert.match(request, /^POST \/api\/messaging\/sessions\/s\/renew HTTP/);
    assert.match(request, /^x-api-key: s3cr3t\/key\+0123456789\r$/m);
  }
});

test("a page of another origin gets nothing, and one that is named gets its own answer", async () => {
  const { url, asked } = await opened(undefined, { allowOrigins: ["https://app.example"] });
  const get = (headers, method = "GET") => fetch(`${url}${PATH}/s`, { method, headers });
  for (const origin of ["https://evil.test", "null", "https://app.example.evil.test", "*"]) {
    const response = await get({ origin });
    assert.equal(response.status, 403);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.equal(response.headers.get("vary"), "origin");
    const preflight = { origin, "access-control-request-method": "GET" };
    assert.equal((await get(preflight, "OPTIONS")).status, 403);
  }
  assert.equal((await get({ "sec-fetch-site": "cross-site" })).status, 403);
  assert.deepEqual(asked, []);
  const named = await get({ origin: "https://app.example" });
  assert.equal(named.status, 200);
  assert.equal(named.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(named.headers.get("access-control-allow-credentials"), null);
  assert.equal((await get({ origin: url })).status, 200, "its own origin");
  const refusal = await fetch(`${url}${PATH}/s/x`, { headers: { origin: "https://app.example" } });
  assert.equal(refusal.status, 404);
  assert.equal(refusal.headers.get("access-control-allow-origin"), "https://app.example");
});

test("only `true` lets a request through", async () => {
  for (const [authorize, status] of [
    [undefined, 200],
    [() => true, 200],
    [async () => true, 200],
    [() => false, 403],
    [() => undefined, 403],
    [() => "yes", 403],
    [() => 1, 403],
    [() => new Response("who are you?", { status: 401, headers: { "x-own": "1" } }), 401],
    [() => Promise.reject(new Error("the database is away")), 500],
  ]) {
    const { url, asked, errors } = await opened(undefined, { authorize });
    const response = await fetch(`${url}${PATH}/s`);
    assert.equal(response.status, status, String(authorize));
    assert.equal(asked.length, status === 200 ? 1 : 0);
    const body = await response.text();
    if (status === 401) {
      assert.equal(response.headers.get("x-own"), "1");
      assert.equal(body, "who are you?");
    }
    assert.doesNotMatch(body, /database/);
    assert.deepEqual(
      errors.map(({ message }) => message),
      status === 500 ? ["the database is away"] : [],
    );
  }
});

test("authorize is told what is asked for, and may read the body of a clone", async () => {
  const told = [];
  const { url, asked } = await opened(undefined, {
    async authorize(request, what) {
      told.push([what, await request.clone().text(), request.headers.get("authorization")]);
      return true;
    },
  });
  const body = JSON.stringify({ content: "hello" });
  await fetch(`${url}${PATH}/a%20b/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer visitor" },
    body,
  });
  assert.deepEqual(told, [
    [{ operation: "sendMessage", sessionId: "a b" }, body, "Bearer visitor"],
  ]);
  assert.match(asked[0], /^POST \/api\/messaging\/sessions\/a%20b\/messages HTTP/);
  assert.ok(asked[0].endsWith(body));
  assert.doesNotMatch(asked[0], /visitor/);
});

test("a body over the limit is refused, with its length or without it", async () => {
  const { url, asked } = await opened(undefined, { maxBodyBytes: 1_000 });
  const send = (body, more) =>
    fetch(`${url}${PATH}/s/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      ...more,
    });
  const large = JSON.stringify({ content: "x".repeat(2_000) });
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(100).fill(32));
    },
  });
  for (const response of [await send(large), await send(stream, { duplex: "half" })]) {
    assert.equal(response.status, 413);
    assert.equal((await response.json()).code, "TOO_LARGE");
  }
  assert.deepEqual(asked, []);
  assert.equal((await send("{}")).status, 200);
});

test("a body that stops on its way is given up", async () => {
  const { url, asked } = await opened(undefined, { idleTimeout: 100 });
  const back = await sendRaw(
    url,
    `POST ${PATH}/s/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
  );
  assert.match(back, /^HTTP\/1\.1 408 /);
  assert.deepEqual(asked, []);
});

test("a client that asks too often waits, and others do not", async () => {
  const { url, asked } = await opened(undefined, {
    limits: { requestsPerMinute: 3, client: (request) => request.headers.get("x-visitor") },
  });
  const ask = (visitor) => fetch(`${url}${PATH}/s`, { headers: { "x-visitor": visitor } });
  const statuses = [];
  for (let count = 0; count < 5; count++) statuses.push((await ask("a")).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  const refused = await ask("a");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await ask("b")).status, 200);
  assert.equal(asked.length, 4);
});

test("without a word on who a client is, all are one: no header is believed", async () => {
  const { url } = await opened(undefined, { limits: { requestsPerMinute: 2 } });
  const ask = (address) =>
    fetch(`${url}${PATH}/s`, {
      headers: { "cf-connecting-ip": address, "x-forwarded-for": address },
    });
  const statuses = [];
  for (const address of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) {
    statuses.push((await ask(address)).status);
  }
  assert.deepEqual(statuses, [200, 200, 429]);
});

test("a thousand requests at once are all answered", async () => {
  const { url, asked } = await opened();
  // not by fetch, which gives up connecting on a busy machine
  const ask = (at) =>
    new Promise((resolve, reject) => {
      const request = get(`${url}${PATH}/s${at}`, { agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece) => {
          text += piece;
        });
        response.on("end", () => resolve([response.statusCode, JSON.parse(text).sessionId]));
      });
      request.on("error", reject);
    });
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => ask(at)));
  assert.ok(answers.every(([status, id]) => status === 200 && id === "s"));
  assert.equal(asked.length, 1_000);
});

test("a server that cannot be reached, hangs or breaks off is a clean error", async () => {
  const errors = [];
  const nowhere = createGateway({
    backend: "eliza",
    baseUrl: "http://127.0.0.1:1",
    apiKey: KEY,
    onError: (error) => errors.push(error.message),
  });
  assert.equal((await nowhere(new Request(`http://x${PATH}/s`))).status, 502);
  assert.equal(errors.length, 1);
  const hanging = await opened((socket) => socket.write(""), { timeout: 100 });
  const late = await fetch(`${hanging.url}${PATH}/s`);
  assert.deepEqual([late.status, (await late.json()).code], [504, "TIMEOUT"]);
  await until(() => hanging.sockets.size === 0);
  const torn = await opened((socket) => socket.destroy());
  assert.equal((await fetch(`${torn.url}${PATH}/s`)).status, 502);
  for (const url of [hanging.url, torn.url]) {
    const client = await connect({ backend: "eliza", baseUrl: `${url}/agent`, maxRetries: 0 });
    const kind = url === hanging.url ? "timeout" : "server";
    await assert.rejects(client.getSession("s"), { kind });
  }
});

test("agentcloud: a request that the server never answers becomes a timeout", async () => {
  const { url } = await opened(() => {}, {
    backend: "agentcloud",
    team: "6b01edbd11f2e31b0c34e7e9",
    timeout: 100,
  });
  const client = await connect({
    backend: "agentcloud",
    baseUrl: `${url}/agent`,
    maxRetries: 0,
    live: false,
  });
  await assert.rejects(client.getSession("6b01ef2d11f2e31b0c34e803"), { kind: "timeout" });
});

test("the key is in no answer, whatever the server does with it", async () => {
  const encoded = encodeURIComponent(KEY);
  const answers = {
    json: (socket) =>
      sendJson(socket, { ...SESSION, metadata: { key: KEY, also: `Bearer ${KEY}` } }),
    headers: (socket) =>
      sendJson(socket, SESSION, {
        headers: { "x-request-id": KEY, "set-cookie": `k=${KEY}`, "x-echo": KEY },
      }),
    refusal: (socket) =>
      sendJson(socket, { error: { code: KEY, message: `no ${KEY}` } }, { status: 401 }),
    text: (socket) => socket.end(`${head(500, { "content-type": "text/plain" })}key ${KEY}`),
    html: (socket) => socket.end(`${head(200, { "content-type": "text/html" })}<p>${KEY}`),
    redirect: (socket) => socket.end(head(302, { location: `https://evil.test/?k=${encoded}` })),
    address: (socket) => sendJson(socket, { ...SESSION, metadata: { url: `/?k=${encoded}` } }),
    torn: (socket) => socket.end(`HTTP/1.1 200 ${KEY}\r\nx y: ${KEY}\r\n\r\n`),
    broken: (socket) =>
      socket.end(`${head(200, { "content-type": "application/json", "content-length": 999 })}{`),
  };
  const written = [];
  const restore = ["log", "warn", "error", "info", "debug"].map((name) => {
    const before = console[name];
    console[name] = (...words) => written.push(words.join(" "));
    return () => {
      console[name] = before;
    };
  });
  try {
    for (const [name, answer] of Object.entries(answers)) {
      const { url, errors } = await opened(answer);
      const back = await sendRaw(
        url,
        `GET ${PATH}/s HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      );
      assert.match(back, /^HTTP\/1\.1 \d/, name);
      const told = errors.map((error) => `${error.stack} ${error.cause?.stack}`).join();
      for (const text of [back, told, written.join()]) {
        for (const key of [KEY, encoded]) assert.ok(!text.includes(key), `${name}: ${text}`);
        assert.doesNotMatch(text, /evil\.test/, name);
      }
    }
  } finally {
    for (const undo of restore) undo();
  }
});

test("the answer of a server cannot be a page, run or be kept", async () => {
  const { url } = await opened();
  const { headers } = await fetch(`${url}${PATH}/s`);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("cache-control"), "no-store, no-transform");
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("set-cookie"), null);
});

test("an answer over the limit does not come down whole", async () => {
  const { url } = await opened((socket) => sendJson(socket, { ...SESSION, x: "y".repeat(5_000) }), {
    maxBodyBytes: 1_000,
  });
  await assert.rejects(async () => (await fetch(`${url}${PATH}/s`)).text());
});

test("a key that is missing, or no string, is the gateway's own failure", async () => {
  for (const apiKey of [() => undefined, () => Promise.reject(new Error("vault")), () => "a\nb"]) {
    const { url, asked } = await opened(undefined, { apiKey });
    const response = await fetch(`${url}${PATH}/s`);
    assert.deepEqual([response.status, (await response.json()).code], [500, "GATEWAY"]);
    assert.deepEqual(asked, []);
  }
});

test("options that cannot be meant are refused when the gateway is made, or by its first request", async () => {
  const fine = { backend: "eliza", baseUrl: "http://127.0.0.1:1", apiKey: KEY };
  for (const bad of [
    undefined,
    {},
    { ...fine, apiKey: undefined },
    { ...fine, apiKey: 1 },
    { ...fine, authorise: () => false },
    { ...fine, allowOrigins: "https://app.example" },
    { ...fine, limits: { perMinute: 1 } },
    { ...fine, heartbeat: "15000" },
  ]) {
    assert.throws(
      () => createGateway(bad),
      (error) => error.kind === "config" && !error.message.includes(KEY),
      JSON.stringify(bad),
    );
  }
  for (const bad of [
    { ...fine, backend: "elsa" },
    { ...fine, baseUrl: "/here" },
    { ...fine, allowOrigins: ["*"] },
    { ...fine, path: "agent" },
    { ...fine, heartbeat: 0 },
  ]) {
    const gateway = createGateway(bad);
    await assert.rejects(gateway(new Request("http://x/agent")), { kind: "config" });
  }
});
