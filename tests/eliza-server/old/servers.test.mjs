// The same client against the older elizaOS servers, whose answers have another shape: 1.7.0 knows only `mode`, and 1.6.5
// answers at once and puts the reply into the history. Installed on request: ./check --old-servers
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { packedModule } from "../../package/pack.mjs";
import { failure, readInto, textOf } from "../failure.mjs";
import { FIRST, rows, texts, writeHistory } from "../history.mjs";
import { olderVersions, startElizaServer } from "../server.mjs";

const { connect } = await packedModule();

for (const version of olderVersions) {
  describe(`elizaOS server ${version}`, () => {
    const polled = version.startsWith("1.6");
    let server;
    let client;
    before(async () => {
      server = await startElizaServer({ version });
      client = await connect({ backend: "eliza", baseUrl: server.url });
    });
    after(() => server?.stop());

    const newSession = () => client.createSession({ agentId: server.agentId });

    test("makes, finds, lists, renews and deletes a session", async () => {
      const session = await newSession();
      assert.equal(session.status, "active");
      assert.equal((await client.getSession(session.id)).id, session.id);
      assert.equal((await client.renewSession(session.id)).raw.renewalCount, 1);
      const listed = [];
      for await (const { id } of client.listSessions()) listed.push(id);
      assert.ok(listed.includes(session.id));
      await client.deleteSession(session.id);
      await failure(client.getSession(session.id), { kind: "not_found", status: 404 });
    });

    test("gives a whole answer", async () => {
      const { id } = await newSession();
      const reply = await client.sendMessage(id, "say hello there");
      assert.equal(reply.message.text, "hello there");
      assert.equal(reply.message.role, "assistant");
    });

    test(
      polled ? "gives an answer from the history as a stream" : "streams an answer",
      async () => {
        const { id } = await newSession();
        const events = await readInto(
          [],
          client.streamMessage(id, "stream 8 30 the quick brown fox jumps over the lazy dog"),
        );
        assert.equal(events[0].type, "start");
        assert.equal(events.at(-1).type, "done");
        assert.equal(textOf(events), "the quick brown fox jumps over the lazy dog");
        assert.equal(events.at(-1).reply.message.text, textOf(events));
        const deltas = events.filter(({ type }) => type === "content").length;
        assert.ok(polled ? deltas >= 1 : deltas > 2, `${deltas} deltas`);
        const { messages } = await client.getMessages(id);
        assert.ok(
          messages.some((message) => message.id === events[0].messageId && message.role === "user"),
        );
      },
    );

    test("tells apart whose answer is whose in a session with several turns", async () => {
      const { id } = await newSession();
      for (const word of ["one", "two", "three"]) {
        assert.equal((await client.sendMessage(id, `say ${word}`)).message.text, word);
        assert.equal(await client.streamMessage(id, `say ${word} again`).text(), `${word} again`);
      }
    });

    test("tells an agent that fails", async () => {
      const { id } = await newSession();
      const message = { text: "throw", answerTimeout: 3_000 };
      const kind = polled ? "timeout" : "agent";
      await failure(client.sendMessage(id, message), { kind, delivered: "yes", within: 10_000 });
      await failure(readInto([], client.streamMessage(id, message)), {
        kind,
        delivered: "yes",
        within: 10_000,
      });
    });

    test("gives a long history without a loss", async () => {
      const session = await newSession();
      const written = rows(250, (number) => FIRST + Math.floor(number / 3) * 1_000);
      await writeHistory(server, session, written);
      const all = [];
      for await (const message of client.messages(session.id, { direction: "forward" }))
        all.push(message);
      assert.deepEqual(texts(all).sort(), texts(written));
      const stamps = all.map(({ timestamp }) => timestamp);
      assert.deepEqual(
        stamps,
        stamps.toSorted((one, other) => one - other),
      );
    });
  });
}
