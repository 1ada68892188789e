// Every operation of every backend by the ordinary client, through a gateway, over real HTTP.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { serve } from "./serve.mjs";

const KEY = "agentcloud-sandbox-key";
const PATHS = { meibel: "/v2", agentcloud: "", eliza: "" };

let connect;
let createGateway;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createGateway } = await packedModule("agentline/gateway"));
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

/** A server, a gateway in front of it, and a client that knows no key. */
async function opened(backend, options = {}) {
  const sandbox = createSandbox({ agents: "echo", keys: [KEY], seed: 1 });
  const upstream = [];
  const server = await serve((request) => {
    upstream.push(request);
    return sandbox.fetch(request);
  });
  const seen = [];
  const gateway = createGateway({
    backend,
    baseUrl: server + PATHS[backend],
    apiKey: () => KEY,
    authorize: (_, what) => {
      seen.push(what);
      return true;
    },
    ...options,
  });
  const url = await serve(gateway);
  const client = await connect({ backend, baseUrl: `${url}/agent`, live: false });
  return { sandbox, client, url, seen, upstream, agentId: sandbox.agentId(backend) };
}

for (const backend of Object.keys(PATHS)) {
  test(`${backend}: a client without a key does through a gateway what one with a key does`, async () => {
    const { client, agentId, seen, upstream } = await opened(backend);
    const { id } = await client.createSession({ agentId });
    const events = [];
    const stream = client.streamMessage(id, "hello 🚀");
    for await (const event of stream) events.push(event);
    assert.equal(events.at(-1).type, "done");
    assert.match(events.at(-1).reply.message.text, /^echo: hello 🚀/);
    assert.match((await client.sendMessage(id, "again")).message.text, /^echo: again/);
    const page = await client.getMessages(id);
    assert.ok(page.messages.some(({ text }) => text === "hello 🚀"));
    assert.equal((await client.getSession(id)).id, id);
    const ids = [];
    for await (const session of client.listSessions({ agentId })) ids.push(session.id);
    assert.ok(ids.includes(id));
    const { renew, cancel, delete: removes } = client.capabilities;
    if (renew) assert.equal((await client.renewSession(id)).id, id);
    if (cancel) await client.cancelSession(id);
    if (removes) {
      await client.deleteSession(id);
      await assert.rejects(client.getSession(id), { kind: "not_found" });
    }
    const told = new Set(seen.map(({ operation }) => operation));
    for (const operation of ["createSession", "sendMessage", "getMessages", "getSession"]) {
      assert.ok(told.has(operation), `${operation} of ${[...told]}`);
    }
    for (const { operation, sessionId } of seen) {
      const none = ["createSession", "listSessions", "getTeam"].includes(operation);
      assert.equal(sessionId, none ? undefined : id, operation);
    }
    const headers = new Set(upstream.flatMap((request) => [...request.headers.keys()]));
    for (const name of ["cookie", "origin", "referer", "x-forwarded-for"]) {
      assert.ok(!headers.has(name), name);
    }
  });
}

test("agentcloud: the gateway puts in the team that it was told, and asks nobody for it", async () => {
  const team = "6b01edbd11f2e31b0c34e7e9";
  const { client, agentId, upstream } = await opened("agentcloud", { team });
  await client.createSession({ agentId });
  assert.ok(upstream.every(({ url }) => new URL(url).pathname.startsWith(`/${team}/`)));
});

test("agentcloud: a page of another team is refused", async () => {
  const { url } = await opened("agentcloud");
  const client = await connect({
    backend: "agentcloud",
    baseUrl: `${url}/agent`,
    team: "0".repeat(24),
  });
  const id = "6b01ef2d11f2e31b0c34e803";
  await assert.rejects(client.getSession(id), { kind: "forbidden", code: "OTHER_TEAM" });
});

test("agentcloud: a form that names another session than its path is refused", async () => {
  const { client, agentId, url, upstream } = await opened("agentcloud");
  const { id } = await client.createSession({ agentId });
  const team = "6b01edbd11f2e31b0c34e7e9";
  const other = "6b01ef2d11f2e31b0c34e803";
  const count = upstream.length;
  for (const body of [
    { sessionId: other },
    {},
    `{"sessionId":"${id}","sessionId":"${other}"}`,
    `{"sessionId":"${id}","session\\u0049d":"${other}"}`,
    "",
    "[]",
  ]) {
    const response = await fetch(`${url}/agent/${team}/forms/session/${id}/cancel`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.equal((await response.json()).code, "SESSION_MISMATCH");
  }
  assert.equal(upstream.length, count, "the server heard of none of it");
});

test("agentcloud: what belongs to the owner of the key does not come down", async () => {
  const { client, agentId, url } = await opened("agentcloud");
  const session = await client.createSession({ agentId });
  const found = await client.getSession(session.id);
  assert.ok(!("account" in found.raw) && !("csrf" in found.raw));
  const account = await (await fetch(`${url}/agent/account.json`)).json();
  assert.deepEqual(Object.keys(account), ["account"]);
  assert.deepEqual(Object.keys(account.account).sort(), ["currentTeam", "orgs"]);
  const team = "6b01edbd11f2e31b0c34e7e9";
  for (const path of ["sessions.json", `session/${session.id}.json`]) {
    const body = await (await fetch(`${url}/agent/${team}/${path}`)).json();
    assert.ok(!("account" in body) && !("csrf" in body), path);
  }
});

for (const [backend, kind] of [
  ["agentcloud", "unauthorized"],
  ["meibel", "unauthorized"],
  ["eliza", "unauthorized"],
]) {
  test(`${backend}: a key that the server does not take is ${kind} to the page, and not told`, async () => {
    const key = "wr0ng-key-0123456789";
    const { client, agentId } = await opened(backend, { apiKey: key });
    await assert.rejects(client.createSession({ agentId }), (error) => {
      assert.equal(error.kind, kind);
      assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(key));
      return true;
    });
  });
}

test("live messages are not let through, and the answer comes without them", async () => {
  const { agentId, url } = await opened("agentcloud");
  const client = await connect({ backend: "agentcloud", baseUrl: `${url}/agent`, live: true });
  const { id } = await client.createSession({ agentId });
  assert.match(await client.streamMessage(id, "x").text(), /^echo: x/);
});
