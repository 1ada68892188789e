// elizaOS's official client (@elizaos/api-client, of the server's version) talks to the sandbox. It has no call for a
// renewal and none for a stream: the first is asked for with its own way of asking, the second is left to other tests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ElizaClient } from "@elizaos/api-client";
import { startSandbox } from "../demo/sandbox.mjs";

const USER = "aaaaaaaa-0000-4000-8000-000000000001";
// Where an answer has `success`, the client takes its `data`: the sessions' answers have none, and are lost. A real server
// answers the same (tests/fixtures/eliza/exchanges.jsonl).
const LOST = undefined;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let sandbox;
let sessions;
before(async () => {
  sandbox = await startSandbox({ options: ["--echo", "--key", "k1"] });
  ({ sessions } = ElizaClient.create({ baseUrl: sandbox.url, apiKey: "k1" }));
});
after(() => sandbox?.stop());

const create = (more) =>
  sessions.createSession({ agentId: sandbox.agentId, userId: USER, ...more });

async function refusal(call) {
  try {
    await call;
  } catch (error) {
    assert.equal(error.constructor.name, "ApiError");
    return error;
  }
  return assert.fail("it was not refused");
}

test("a session is created, found, listed, renewed and deleted", async () => {
  const made = await create({ metadata: { "X-Key": null, n: [1.5] } });
  assert.match(made.sessionId, UUID);
  const read = await sessions.getSession(made.sessionId);
  assert.deepEqual(read.metadata, { "X-Key": null, n: [1.5] });
  assert.equal(read.agentId, sandbox.agentId);
  const listed = await sessions.listSessions();
  assert.ok(listed.sessions.some(({ sessionId }) => sessionId === made.sessionId));
  const renewed = await sessions.post(`/api/messaging/sessions/${made.sessionId}/renew`);
  assert.equal(renewed.renewalCount, 1);
  assert.equal((await sessions.checkHealth()).status, "healthy");
  assert.equal(await sessions.deleteSession(made.sessionId), LOST);
  assert.equal((await refusal(sessions.getSession(made.sessionId))).status, 404);
});

test("messages are taken over http and over the default transport, whose reply comes later", async () => {
  const { sessionId } = await create();
  assert.equal(await sessions.sendMessageSync(sessionId, { content: "say at once 😀" }), LOST);
  assert.equal(await sessions.sendMessage(sessionId, { content: "say later" }), LOST);
  const contents = async (query) => {
    const page = await sessions.getMessages(sessionId, query);
    return page.messages.map(({ content }) => content);
  };
  const deadline = Date.now() + 10_000;
  while (!(await contents()).includes("later")) {
    assert.ok(Date.now() < deadline, "the reply did not come");
    await pause(20);
  }
  assert.deepEqual(await contents(), ["later", "say later", "say at once 😀"]);
  assert.deepEqual(await contents({ limit: 1 }), ["later"]);
  const [newest] = (await sessions.getMessages(sessionId, { limit: 1 })).messages;
  assert.deepEqual(await contents({ before: newest.createdAt }), ["say later", "say at once 😀"]);
});

test("what is refused is told in the client's own error", async () => {
  const unknown = "00000000-0000-4000-8000-00000000dead";
  const missing = await refusal(sessions.sendMessage(unknown, { content: "x" }));
  assert.deepEqual([missing.status, missing.code], [404, "SESSION_NOT_FOUND"]);
  assert.match(missing.message, /not found/);
  const invalid = await refusal(sessions.createSession({ agentId: "no", userId: USER }));
  assert.deepEqual([invalid.status, invalid.code], [400, "VALIDATION_ERROR"]);
  const stranger = ElizaClient.create({ baseUrl: sandbox.url, apiKey: "wrong" });
  assert.equal((await refusal(stranger.sessions.listSessions())).status, 401);
});
