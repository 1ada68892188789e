// What goes wrong between a client and a real elizaOS server, and the error that tells it: its kind, within its time,
// with nothing private in it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { failure, readInto, textOf } from "./failure.mjs";
import { setClockAhead } from "./history.mjs";
import { sharedElizaServer, startElizaServer } from "./server.mjs";

const { connect } = await packedModule();
const KEY = "k3y-which-must-not-show";
const NOBODY = "99999999-0000-4000-8000-000000000000";
const CUT = "some words that are long enough to be cut in two halves";

let server;
let client;
let id;
before(async () => {
  server = await sharedElizaServer();
  client = await connect({ backend: "eliza", baseUrl: server.url });
  ({ id } = await client.createSession({ agentId: server.agentId }));
});
after(() => server.stop());

const newSession = async () => (await client.createSession({ agentId: server.agentId })).id;

/** An HTTP server that answers everything with `answer`, until the test ends. */
async function otherServer(context, answer) {
  const requests = [];
  const listening = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${listening.address().port}`;
  const close = () => {
    listening.closeAllConnections();
    return new Promise((resolve) => listening.close(() => resolve()));
  };
  context.after(close);
  return { url, requests, close };
}

describe("the wrong address", () => {
  test("a closed port is a network error, and the message was not delivered", async (context) => {
    const closed = await otherServer(context, () => {});
    await closed.close();
    const nobody = await connect({ backend: "eliza", baseUrl: closed.url, apiKey: KEY });
    const expected = { kind: "network", status: undefined, retryable: true, secrets: [KEY] };
    await failure(nobody.createSession({ agentId: server.agentId }), expected);
    await failure(nobody.getMessages(id), expected);
    await failure(nobody.sendMessage(id, "hello"), { ...expected, delivered: "no" });
    await failure(readInto([], nobody.streamMessage(id, "hello")), {
      ...expected,
      delivered: "no",
    });
  });

  test("a web page where the server should be is a protocol error", async (context) => {
    const page = await otherServer(context, (_, response) => {
      response.setHeader("content-type", "text/html").end("<!doctype html><title>Welcome</title>");
    });
    const lost = await connect({ backend: "eliza", baseUrl: page.url, apiKey: KEY });
    const expected = { kind: "protocol", status: 200, secrets: [KEY] };
    await failure(lost.createSession({ agentId: server.agentId }), expected);
    await failure(lost.getMessages(id), expected);
    await failure(lost.sendMessage(id, "hello"), { ...expected, delivered: "unknown" });
    await failure(readInto([], lost.streamMessage(id, "hello")), {
      ...expected,
      delivered: "unknown",
    });
  });

  test("a 404 page is not_found", async (context) => {
    const page = await otherServer(context, (_, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not Found</h1>");
    });
    const lost = await connect({ backend: "eliza", baseUrl: page.url });
    const expected = { kind: "not_found", status: 404, retryable: false };
    await failure(lost.createSession({ agentId: server.agentId }), expected);
    await failure(lost.sendMessage(id, "hello"), { ...expected, delivered: "no" });
    await failure(readInto([], lost.streamMessage(id, "hello")), { ...expected, delivered: "no" });
  });

  test("a redirect is not followed, so that the key goes nowhere else", async (context) => {
    const elsewhere = await otherServer(context, (_, response) => response.end("{}"));
    const redirecting = await otherServer(context, (_, response) => {
      response.writeHead(307, { location: elsewhere.url }).end();
    });
    const led = await connect({ backend: "eliza", baseUrl: redirecting.url, apiKey: KEY });
    await failure(led.getSession(id), { secrets: [KEY] });
    await failure(led.sendMessage(id, "hello"), { secrets: [KEY] });
    assert.equal(redirecting.requests[0].headers["x-api-key"], KEY);
    assert.equal(elsewhere.requests.length, 0);
  });

  test("no address at all is told when the client is made", async () => {
    await failure(connect({ backend: "eliza" }), { kind: "config" });
    await failure(connect({ backend: "eliza", baseUrl: "not an address" }), { kind: "config" });
    await failure(connect({ backend: "nothing", baseUrl: server.url }), { kind: "config" });
  });
});

describe("an agent that is not there", () => {
  test("is not_found", async () => {
    await failure(client.createSession({ agentId: NOBODY }), {
      kind: "not_found",
      status: 404,
      code: "AGENT_NOT_FOUND",
      retryable: false,
    });
  });

  test("is invalid if its id is no uuid, or missing", async () => {
    const expected = { kind: "invalid", status: 400, code: "VALIDATION_ERROR" };
    await failure(client.createSession({ agentId: "not-a-uuid" }), expected);
    await failure(client.createSession({}), { kind: "invalid" });
  });
});

describe("a session that is not there", () => {
  const gone = { kind: "not_found", status: 404, code: "SESSION_NOT_FOUND", retryable: false };

  test("is not_found to every operation", async () => {
    await failure(client.getSession(NOBODY), gone);
    await failure(client.deleteSession(NOBODY), gone);
    await failure(client.renewSession(NOBODY), gone);
    await failure(client.getMessages(NOBODY), gone);
    await failure(readInto([], client.messages(NOBODY)), gone);
    await failure(readInto([], client.followMessages(NOBODY)), gone);
    await failure(client.sendMessage(NOBODY, "hello"), { ...gone, delivered: "no" });
    await failure(readInto([], client.streamMessage(NOBODY, "hello")), {
      ...gone,
      delivered: "no",
    });
    await failure(client.streamMessage(NOBODY, "hello").text(), { ...gone, delivered: "no" });
    await failure(client.streamMessage(NOBODY, "hello").reply(), { ...gone, delivered: "no" });
  });

  for (const strange of [
    "../../agents",
    "..",
    ".",
    "",
    "a/b",
    "x?limit=1",
    "x#y",
    "%2e%2e",
    "health",
    `${NOBODY}/messages?limit=1`,
  ]) {
    test(`the id ${JSON.stringify(strange)} never leaves its place in the path`, async () => {
      const expected = ({ kind }) => assert.ok(["not_found", "invalid"].includes(kind), kind);
      const calls = [
        () => client.getSession(strange),
        () => client.getMessages(strange),
        () => client.deleteSession(strange),
        () => client.sendMessage(strange, "hello"),
        () => client.streamMessage(strange, "hello").text(),
      ];
      for (const call of calls) expected(await failure(call(), {}));
    });
  }
});

describe("a text", () => {
  test("that is empty is invalid, and not delivered", async () => {
    const expected = { kind: "invalid", status: 400, code: "VALIDATION_ERROR", delivered: "no" };
    await failure(client.sendMessage(id, ""), expected);
    await failure(readInto([], client.streamMessage(id, "")), expected);
  });

  test("of 4,000 UTF-16 units passes, in letters and in emoji", async () => {
    const session = await newSession();
    const letters = `say ${"z".repeat(3_996)}`;
    assert.equal((await client.sendMessage(session, letters)).message.text, "z".repeat(3_996));
    const emoji = `say ${"😀".repeat(1_998)}`;
    assert.equal(await client.streamMessage(session, emoji).text(), "😀".repeat(1_998));
  });

  test("of 4,001 units is invalid, and not delivered", async () => {
    const expected = { kind: "invalid", status: 400, code: "VALIDATION_ERROR", delivered: "no" };
    await failure(client.sendMessage(id, "z".repeat(4_001)), expected);
    await failure(readInto([], client.streamMessage(id, `${"😀".repeat(2_000)}z`)), expected);
  });

  test("larger than the server reads at all fails without being delivered", async () => {
    const error = await failure(client.sendMessage(id, "z".repeat(3_000_000)), { status: 500 });
    assert.equal(error.kind, "server");
  });
});

describe("an agent that fails", () => {
  test("at the start is an agent error, and the message was delivered", async () => {
    const session = await newSession();
    const expected = { kind: "agent", delivered: "yes", partial: undefined };
    const streamed = await failure(readInto([], client.streamMessage(session, "throw")), expected);
    assert.match(streamed.message, /scripted model failure/);
    await failure(client.sendMessage(session, "throw"), { ...expected, status: 500 });
  });

  test("in the middle of its answer keeps what had arrived", async () => {
    const session = await newSession();
    const events = [];
    const reading = readInto(events, client.streamMessage(session, `throwmid ${CUT}`));
    const error = await failure(reading, { kind: "agent", delivered: "yes" });
    assert.ok(error.partial.message.text.length > 5);
    assert.ok(CUT.startsWith(error.partial.message.text));
    assert.equal(textOf(events), error.partial.message.text);
    assert.equal(error.partial.message.complete, false);
    await failure(client.sendMessage(session, `throwmid ${CUT}`), {
      kind: "agent",
      status: 500,
      delivered: "yes",
    });
  });

  test("to say anything is an agent error", async () => {
    const session = await newSession();
    const expected = { kind: "agent", delivered: "yes" };
    await failure(client.sendMessage(session, "ignore"), { ...expected, status: 500 });
    await failure(readInto([], client.streamMessage(session, "ignore")), expected);
  });
});

// The server ends a connection that was silent for 30 seconds, so these take that long; they wait side by side.
describe("a silence", { concurrency: true }, () => {
  const within = 40_000;

  test("of 30 seconds in a stream is truncated, with what had arrived", {
    timeout: 60_000,
  }, async () => {
    const events = [];
    const reading = readInto(
      events,
      client.streamMessage(await newSession(), `cutwait 32000 ${CUT}`),
    );
    const error = await failure(reading, { kind: "truncated", delivered: "yes", within });
    assert.ok(error.partial.message.text.length > 5);
    assert.ok(CUT.startsWith(error.partial.message.text));
    assert.equal(textOf(events), error.partial.message.text);
    assert.equal(events.filter(({ type }) => type === "done").length, 0);
  });

  test("of an action that never calls back is truncated, with nothing", {
    timeout: 60_000,
  }, async () => {
    const reading = readInto([], client.streamMessage(await newSession(), "act 0 x"));
    await failure(reading, { kind: "truncated", delivered: "yes", partial: undefined, within });
  });

  test("of 30 seconds instead of an answer breaks the connection, and the message is found", {
    timeout: 60_000,
  }, async () => {
    const waiting = client.sendMessage(await newSession(), "wait 32000 too late");
    await failure(waiting, { kind: "network", delivered: "yes", retryable: false, within });
  });

  test("longer than `timeout` before the answer is a timeout, and the message is found", async () => {
    const session = await newSession();
    const waiting = client.sendMessage(session, "wait 3000 late", { timeout: 1_000 });
    const expected = { kind: "timeout", retryable: false, within: 2_000 };
    await failure(waiting, { ...expected, delivered: "yes" });
  });

  test("leaves the delivery unknown where nothing is to be looked for", async () => {
    const session = await newSession();
    const call = { timeout: 1_000, resume: false };
    const waiting = client.sendMessage(session, "wait 3000 late", call);
    const expected = { kind: "timeout", retryable: false, within: 2_000 };
    await failure(waiting, { ...expected, delivered: "unknown" });
  });

  test("longer than `idleTimeout` within a stream is a timeout, with what had arrived", async () => {
    const hasty = await connect({ backend: "eliza", baseUrl: server.url, idleTimeout: 1_000 });
    const reading = readInto([], hasty.streamMessage(await newSession(), `cutwait 4000 ${CUT}`));
    const error = await failure(reading, { kind: "timeout", delivered: "yes", within: 3_000 });
    assert.ok(CUT.startsWith(error.partial.message.text) && error.partial.message.text.length > 5);
  });

  test("is no failure of a stream in which something comes from time to time", {
    timeout: 60_000,
  }, async () => {
    const text = await client.streamMessage(await newSession(), `stream 4 9000 ${CUT}`).text();
    assert.equal(text, CUT);
  });
});

describe("too many requests", () => {
  test("is rate_limited, with the time to wait, and not delivered", {
    timeout: 60_000,
  }, async () => {
    const address = { "x-fixture-ip": "203.0.113.7" };
    const health = `${server.url}/api/messaging/sessions/health`;
    const spend = async () => {
      for (let made = 0; made < 101; made += 1)
        await (await fetch(health, { headers: address })).arrayBuffer();
    };
    await Promise.all(Array.from({ length: 10 }, spend));
    const limited = await connect({ backend: "eliza", baseUrl: server.url, headers: address });
    const expected = {
      kind: "rate_limited",
      status: 429,
      code: "RATE_LIMIT_EXCEEDED",
      retryable: true,
    };
    const told = await failure(limited.getSession(id), expected);
    assert.ok(told.retryAfter > 60_000 && told.retryAfter <= 900_000, String(told.retryAfter));
    await failure(limited.sendMessage(id, "hello"), { ...expected, delivered: "no" });
    await failure(readInto([], limited.streamMessage(id, "hello")), {
      ...expected,
      delivered: "no",
    });
  });
});

describe("a server that wants a key, and whose sessions expire", () => {
  let guarded;
  let known;
  before(async () => {
    guarded = await startElizaServer({ env: { ELIZA_SERVER_AUTH_TOKEN: KEY } });
    known = await connect({ backend: "eliza", baseUrl: guarded.url, apiKey: async () => KEY });
  });
  after(() => guarded.stop());

  test("answers a client that has the key", async () => {
    const session = await known.createSession({ agentId: guarded.agentId });
    assert.equal(await known.streamMessage(session.id, "say welcome").text(), "welcome");
  });

  test("is unauthorized to a client without a key, or with another one", async () => {
    for (const apiKey of [undefined, "another-k3y"]) {
      const stranger = await connect({ backend: "eliza", baseUrl: guarded.url, apiKey });
      const expected = {
        kind: "unauthorized",
        status: 401,
        retryable: false,
        secrets: ["another-k3y"],
      };
      const error = await failure(stranger.createSession({ agentId: guarded.agentId }), expected);
      assert.match(error.message, /API.key/i);
      await failure(stranger.sendMessage(id, "hello"), { ...expected, delivered: "no" });
      await failure(readInto([], stranger.streamMessage(id, "hello")), {
        ...expected,
        delivered: "no",
      });
    }
  });

  test("has no error that holds the key", async () => {
    const expected = { kind: "not_found", status: 404, secrets: [KEY] };
    await failure(known.getSession(NOBODY), expected);
    await failure(known.getSession(`x-${KEY}`), expected);
  });

  test("tells once that a session expired, and then that it is not there", async () => {
    const create = async () => (await known.createSession({ agentId: guarded.agentId })).id;
    const calls = {
      getSession: (session) => known.getSession(session),
      renewSession: (session) => known.renewSession(session),
      getMessages: (session) => known.getMessages(session),
      sendMessage: (session) => known.sendMessage(session, "hello"),
      streamMessage: (session) => readInto([], known.streamMessage(session, "hello")),
    };
    const sessions = await Promise.all(Object.keys(calls).map(create));
    await setClockAhead(guarded, 13 * 3_600_000);
    for (const [number, [name, call]] of Object.entries(calls).entries()) {
      const delivered = /Message$/.test(name) ? "no" : undefined;
      const expired = { kind: "expired", status: 410, code: "SESSION_EXPIRED", delivered };
      await failure(call(sessions[number]), { ...expired, secrets: [KEY] });
      await failure(call(sessions[number]), { kind: "not_found", status: 404, delivered });
    }
  });
});
