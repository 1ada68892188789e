// Every operation of the client, from the packed tarball, against a real elizaOS server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { failure, readInto, textOf } from "./failure.mjs";
import { sharedElizaServer } from "./server.mjs";

const { connect, readEvents } = await packedModule();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let server;
let client;
before(async () => {
  server = await sharedElizaServer();
  client = await connect({ backend: "eliza", baseUrl: server.url });
});
after(() => server.stop());

const newSession = (input) => client.createSession({ agentId: server.agentId, ...input });

async function collect(iterable) {
  const all = [];
  for await (const item of iterable) all.push(item);
  return all;
}

describe("a session", () => {
  test("is created with the backend's own JSON kept beside it", async () => {
    const metadata = { "a-key": null, nested: { __proto__x: [1, "2"] }, ok: true };
    const session = await newSession({ metadata });
    assert.match(session.id, UUID);
    assert.equal(session.backend, "eliza");
    assert.equal(session.agentId, server.agentId);
    assert.equal(session.status, "active");
    assert.deepEqual(session.metadata, metadata);
    assert.equal(session.raw.sessionId, session.id);
    assert.equal(session.createdAt, session.raw.createdAt);
    assert.equal(session.expiresAt, session.raw.expiresAt);
    assert.match(session.raw.userId, UUID);
  });

  test("belongs to the user that the call names, or else to the client's", async () => {
    const own = "aaaaaaaa-0000-4000-8000-00000000000a";
    const given = "bbbbbbbb-0000-4000-8000-00000000000b";
    const ann = await connect({ backend: "eliza", baseUrl: server.url, userId: own });
    assert.equal((await ann.createSession({ agentId: server.agentId })).raw.userId, own);
    const session = await ann.createSession({ agentId: server.agentId, userId: given });
    assert.equal(session.raw.userId, given);
    const first = await newSession();
    const second = await newSession();
    assert.equal(first.raw.userId, second.raw.userId);
  });

  test("takes backendOptions as they are", async () => {
    const timeoutConfig = { timeoutMinutes: 7.5, autoRenew: false, maxDurationMinutes: 60 };
    const session = await newSession({ backendOptions: { timeoutConfig } });
    assert.equal(session.raw.timeoutConfig.timeoutMinutes, 7.5);
    assert.equal(session.raw.timeoutConfig.autoRenew, false);
  });

  test("is found again by its id", async () => {
    const created = await newSession({ metadata: { n: 1 } });
    const found = await client.getSession(created.id);
    assert.equal(found.id, created.id);
    assert.equal(found.status, "active");
    assert.deepEqual(found.metadata, { n: 1 });
    assert.equal(typeof found.raw.timeRemaining, "number");
  });

  test("is in the list, which an agent and a user narrow", async () => {
    const created = await Promise.all([newSession(), newSession(), newSession()]);
    const listed = await collect(client.listSessions());
    for (const { id } of created) assert.ok(listed.some((session) => session.id === id));
    const sameAgent = await collect(client.listSessions({ agentId: server.agentId }));
    assert.ok(sameAgent.length >= 3);
    const nobody = { userId: "99999999-0000-4000-8000-000000000000" };
    assert.deepEqual(await collect(client.listSessions(nobody)), []);
    const otherAgent = { agentId: "99999999-0000-4000-8000-000000000000" };
    assert.deepEqual(await collect(client.listSessions(otherAgent)), []);
  });

  test("is gone after it was deleted", async () => {
    const { id } = await newSession();
    assert.equal(await client.deleteSession(id), undefined);
    await failure(client.getSession(id), {
      kind: "not_found",
      status: 404,
      code: "SESSION_NOT_FOUND",
    });
    const listed = await collect(client.listSessions());
    assert.ok(!listed.some((session) => session.id === id));
  });

  test("lives longer after it was renewed", async () => {
    const session = await newSession({ backendOptions: { timeoutConfig: { autoRenew: false } } });
    const renewed = await client.renewSession(session.id);
    assert.equal(renewed.id, session.id);
    assert.equal(renewed.raw.renewalCount, 1);
    assert.ok(Date.parse(renewed.expiresAt) >= Date.parse(session.expiresAt));
  });

  test("cannot be cancelled, which is told without a request", async () => {
    let asked = 0;
    const counting = await connect({
      backend: "eliza",
      baseUrl: server.url,
      fetch: (...call) => {
        asked += 1;
        return fetch(...call);
      },
    });
    assert.equal(counting.capabilities.cancel, false);
    await failure(counting.cancelSession("whatever"), { kind: "unsupported" });
    assert.equal(asked, 0);
  });
});

describe("sendMessage", () => {
  test("gives the whole answer", async () => {
    const { id } = await newSession();
    const reply = await client.sendMessage(id, "say hello there");
    assert.equal(reply.message.text, "hello there");
    assert.equal(reply.message.role, "assistant");
    assert.equal(reply.message.complete, true);
    assert.equal(reply.thinking, "scripted thought");
  });

  test("gives what an action said, not the plan that led to it", async () => {
    const { id } = await newSession();
    const reply = await client.sendMessage(id, "act 1 the result");
    assert.equal(reply.message.text, "the result (1/1)");
  });

  test("carries metadata and a message object", async () => {
    const { id } = await newSession();
    const message = { text: "say with metadata", metadata: { mood: "good", deep: { a: [null] } } };
    await client.sendMessage(id, message);
    const { messages } = await client.getMessages(id);
    assert.equal(messages.at(-1).text, "say with metadata");
    assert.equal(messages.at(-1).metadata.mood, "good");
    assert.deepEqual(messages.at(-1).metadata.deep, { a: [null] });
  });
});

describe("streamMessage", () => {
  test("hands out the answer while it grows, then the reply, which is last", async () => {
    const { id } = await newSession();
    const events = [];
    const times = [];
    for await (const event of client.streamMessage(
      id,
      "stream 8 60 the quick brown fox jumps over the lazy dog and runs away",
    )) {
      events.push(event);
      times.push(performance.now());
    }
    assert.equal(events[0].type, "start");
    assert.match(events[0].messageId, UUID);
    assert.equal(events.at(-1).type, "done");
    assert.equal(events.filter(({ type }) => type === "done").length, 1);
    const whole = "the quick brown fox jumps over the lazy dog and runs away";
    assert.equal(events.at(-1).reply.message.text, whole);
    assert.equal(textOf(events), whole);
    const content = events.filter(({ type }) => type === "content");
    assert.ok(content.length >= 4, `${content.length} deltas`);
    const spread = times.at(-1) - times[events.indexOf(content[0])];
    assert.ok(spread > 150, `the deltas came within ${spread} ms, not one after the other`);
  });

  test("names the sent message as the history does", async () => {
    const { id } = await newSession();
    const events = await readInto([], client.streamMessage(id, "say hi"));
    const { messages } = await client.getMessages(id);
    assert.ok(
      messages.some((message) => message.id === events[0].messageId && message.role === "user"),
    );
  });

  test("gives emoji whole, though the server cuts them in two", async () => {
    const { id } = await newSession();
    const emoji = "😀👨‍👩‍👧é".repeat(5);
    const events = await readInto([], client.streamMessage(id, `stream 40 5 ${emoji}`));
    const deltas = events.filter(({ type }) => type === "content").map(({ delta }) => delta);
    assert.ok(
      deltas.some((delta) => !delta.isWellFormed()),
      "the server did cut an emoji in two",
    );
    assert.equal(textOf(events), emoji);
    assert.equal(events.at(-1).reply.message.text, emoji);
  });

  test("takes back what the server takes back: entities are decoded in the end", async () => {
    const { id } = await newSession();
    const events = await readInto(
      [],
      client.streamMessage(id, "stream 4 5 a &lt; b &amp; c and some more text"),
    );
    assert.ok(events.some(({ type }) => type === "replace"));
    assert.equal(textOf(events), "a < b & c and some more text");
    assert.equal(events.at(-1).reply.message.text, "a < b & c and some more text");
  });

  test("takes back the spaces that the server trims", async () => {
    const { id } = await newSession();
    const stream = client.streamMessage(id, "stream 4 5    padded   text   with trailing   ");
    const events = await readInto([], stream);
    assert.equal(textOf(events), events.at(-1).reply.message.text);
    assert.equal(textOf(events), "padded   text   with trailing");
  });

  test("gives what an action says", async () => {
    const { id } = await newSession();
    assert.equal(await client.streamMessage(id, "act 1 the result").text(), "the result (1/1)");
    assert.equal(await client.streamMessage(id, "acts both").text(), "first action");
  });

  test("gives line breaks and a long answer as they are", async () => {
    const { id } = await newSession();
    const reply = await client.streamMessage(id, `repeat 400 0123456789\u2028\n`).reply();
    assert.equal(reply.message.text, "0123456789\u2028\n".repeat(400).trim());
  });

  test("can be had as text, as a reply and as a ReadableStream", async () => {
    const { id } = await newSession();
    assert.equal(await client.streamMessage(id, "say one").text(), "one");
    assert.equal((await client.streamMessage(id, "say two").reply()).message.text, "two");
    const events = [];
    const reader = client.streamMessage(id, "say three").toReadableStream().getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read())
      events.push(next.value);
    assert.equal(textOf(events), "three");
    assert.equal(events.at(-1).type, "done");
  });

  test("is aborted when its reader leaves the loop", async () => {
    let signal;
    const watching = await connect({
      backend: "eliza",
      baseUrl: server.url,
      fetch: (input, init) => {
        signal = init?.signal ?? input.signal;
        return fetch(input, init);
      },
    });
    const { id } = await watching.createSession({ agentId: server.agentId });
    for await (const event of watching.streamMessage(
      id,
      "stream 50 100 a long answer that nobody waits for, word after word after word",
    )) {
      if (event.type === "content") break;
    }
    assert.equal(signal.aborted, true);
    // the session still answers
    assert.equal((await watching.sendMessage(id, "say next")).message.text, "next");
  });

  test("rejects with the caller's own reason when the caller aborts", async () => {
    const { id } = await newSession();
    const reason = new Error("enough");
    const message = "stream 50 50 a long answer, word after word after word after word";
    const abortAtContent = async (stream, abort) => {
      for await (const event of stream) if (event.type === "content") abort(reason);
    };

    const controller = new AbortController();
    const { signal } = controller;
    const first = abortAtContent(client.streamMessage(id, message, { signal }), (why) =>
      controller.abort(why),
    );
    await assert.rejects(first, (error) => error === reason);

    const stream = client.streamMessage(id, message);
    await assert.rejects(
      abortAtContent(stream, (why) => stream.abort(why)),
      (error) => error === reason,
    );
  });

  test("is not even sent when the caller's signal is aborted already", async () => {
    const { id } = await newSession();
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(
      client.streamMessage(id, "say hello", { signal }).text(),
      (error) => error === reason,
    );
    await assert.rejects(
      client.sendMessage(id, "say hello", { signal }),
      (error) => error === reason,
    );
    assert.deepEqual((await client.getMessages(id)).messages, []);
  });
});

describe("the SSE reader", () => {
  test("reads the server's own stream without a client", async () => {
    const { id } = await newSession();
    const response = await fetch(`${server.url}/api/messaging/sessions/${id}/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        content: "stream 5 10 some words that come one by one",
        transport: "sse",
      }),
    });
    const names = [];
    for await (const { event, data } of readEvents(response)) {
      names.push(event);
      assert.equal(typeof JSON.parse(data), "object");
    }
    assert.equal(names[0], "user_message");
    assert.equal(names.at(-1), "done");
    assert.ok(names.filter((name) => name === "chunk").length > 1);
  });
});
