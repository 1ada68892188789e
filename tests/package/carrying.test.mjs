// What carries the requests: the platform's own `fetch`, or one that the caller gave. Both ask the server for the same.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "./pack.mjs";

const platform = globalThis.fetch;
const userId = "00000000-0000-4000-8000-000000000001";

let connect;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

/** The words of each call while a client, whose `fetch` is its own or the platform's, sends a message and reads the history. */
async function calls(backend, own) {
  const sandbox = createSandbox({ seed: 1 });
  const { fetch, ...options } = sandbox.connectOptions(backend);
  const words = [];
  const recorded = async (...given) => {
    const request = new Request(...given);
    words.push({ given, request: request.clone() });
    return fetch(request);
  };
  const client = own
    ? await connect({ ...options, userId, fetch: recorded })
    : await connectedTo(recorded, { ...options, userId, live: false });
  const { id } = await client.createSession({ agentId: sandbox.agentId(backend) });
  await client.streamMessage(id, "say é 🚀", { clientMessageId: userId }).text();
  await client.getMessages(id);
  return words;
}

/** A client for which `fetch` is the platform's. */
async function connectedTo(fetch, options) {
  globalThis.fetch = fetch;
  try {
    return await connect(options);
  } finally {
    globalThis.fetch = platform;
  }
}

async function asked({ request }) {
  const { method, url, redirect, credentials } = request;
  const headers = [...request.headers];
  return { method, url, redirect, credentials, headers, body: await request.text() };
}

// Agent Cloud is busy at random, and its ids are of the clock.
for (const backend of ["meibel", "eliza"]) {
  test(`${backend} is asked for the same by the platform's fetch, which makes the only request, and by a caller's own`, async () => {
    const platforms = await calls(backend, false);
    const owns = await calls(backend, true);
    for (const { given } of owns) assert.ok(given[0] instanceof Request);
    for (const { given } of platforms) {
      assert.equal(typeof given[0], "string");
      assert.ok(given[1].signal instanceof AbortSignal);
    }
    assert.ok(owns.some(({ request }) => request.method === "POST"));
    assert.deepEqual(await Promise.all(platforms.map(asked)), await Promise.all(owns.map(asked)));
  });
}

test("an address of which the platform makes no request is told, whatever would carry it", async () => {
  for (const more of [{}, { fetch: () => assert.fail("nothing can be asked") }]) {
    const client = await connect({ backend: "eliza", baseUrl: "http://[", ...more });
    await assert.rejects(client.getMessages(userId), {
      kind: "config",
      message: /`baseUrl` is no address/,
    });
  }
});

test("what a client can do is the same object each time, and cannot be changed", async () => {
  const client = await connect({ backend: "eliza", baseUrl: "http://127.0.0.1:9" });
  assert.equal(client.capabilities, client.capabilities);
  assert.ok(Object.isFrozen(client.capabilities));
});
