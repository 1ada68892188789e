// The packed tarball before a real elizaOS server, with a connection between them that breaks, waits and chokes, in Node
// and in a headless Chromium.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { packedModule } from "../package/pack.mjs";
import { startProxy } from "./proxy.mjs";
import { inChromium, inNode } from "./runtimes.mjs";
import { FOLLOWS } from "./turns.mjs";

const ANSWER = "one two three four añb 😀 five six seven eight nine ten";
const CUTS = 12;
const { connect } = await packedModule();

let server;
let proxy;
let plain;
before(async () => {
  server = await sharedElizaServer();
  proxy = await startProxy(server.url);
  plain = await connect({ backend: "eliza", baseUrl: server.url });
});
after(async () => {
  await proxy.stop();
  await server.stop();
});

let turns = 0;
/** A message in a session of its own: what `turn` and `found` take. */
async function asked({ steps = "12 15", connection = {}, call = {} } = {}) {
  await proxy.heal();
  const { id: sessionId } = await plain.createSession({
    agentId: server.agentId,
    metadata: { channelType: "DM" },
  });
  turns += 1;
  const answer = `${ANSWER} ${turns}`;
  return {
    answer,
    connection: { backend: "eliza", baseUrl: proxy.url, ...connection },
    sessionId,
    message: { text: `stream ${steps} ${answer}`, answerTimeout: 4000 },
    call,
  };
}

/** How often the server holds the message: one that came twice by one client message id is one. */
async function stored({ sessionId, message }) {
  const { messages } = await plain.getMessages(sessionId, { limit: 100 });
  return messages.filter(({ role, text }) => role === "user" && text === message.text).length;
}

/** What holds for every turn, however it ends. */
async function assertHonest(what, told) {
  const { kind, text, shown, dones, states, delivered } = told;
  if (kind === "done") {
    assert.deepEqual([dones, text, shown], [1, what.answer, what.answer]);
    assert.equal(states.at(-1), "delivered");
  } else {
    assert.equal(dones, 0);
    assert.ok(["truncated", "timeout", "network"].includes(kind), `${kind}: ${told.message}`);
    assert.equal(states.at(-1), { yes: "delivered", no: "failed", unknown: "unknown" }[delivered]);
  }
  for (const [at, state] of states.entries()) {
    assert.ok(FOLLOWS[states[at - 1] ?? "queued"].includes(state), states.join());
  }
  const count = await stored(what);
  if (states.at(-1) === "delivered") assert.equal(count, 1, "it is stored once");
  else assert.ok(count <= (delivered === "no" ? 0 : 1), `it is stored ${count} times`);
}

for (const [name, open] of [
  ["Node", inNode],
  ["Chromium", inChromium],
]) {
  describe(`in ${name}`, () => {
    let runtime;
    before(async () => {
      runtime = await open();
    });
    after(() => runtime.close());

    test("a stream that breaks anywhere is whole or an error, and its message is there once", {
      timeout: 120_000,
    }, async () => {
      const whole = await asked();
      assert.equal((await runtime.turn(whole)).kind, "done");
      const length = proxy.passed;
      const ends = new Set();
      for (let cut = 0; cut < CUTS; cut++) {
        const what = await asked();
        const how = cut % 2 === 0 ? "reset" : "end";
        proxy.cut({ after: Math.floor((length * cut) / CUTS), how });
        const told = await runtime.turn(what);
        await assertHonest(what, told);
        ends.add(told.kind);
      }
      assert.ok(ends.has("truncated"), [...ends].join());
    });

    test("an answer that breaks is found again where the server stores it", {
      timeout: 120_000,
    }, async () => {
      const connection = { transport: "websocket" };
      const whole = await asked({ connection });
      assert.equal((await runtime.turn(whole)).text, whole.answer);
      for (const after of [0, 1, 200, 600]) {
        const what = await asked({ connection });
        proxy.cut({ after });
        const told = await runtime.turn(what);
        assert.equal(told.kind, "done", `after ${after}: ${told.message}`);
        await assertHonest(what, told);
      }
    });

    test("a message that the network refused is sent once it is there again, if that is wanted", async () => {
      for (const redeliver of ["when-absent", "never"]) {
        const what = await asked({ call: { redeliver } });
        await proxy.refuse();
        const telling = runtime.turn(what);
        await sleep(600);
        await proxy.heal();
        const told = await telling;
        await assertHonest(what, told);
        if (redeliver === "when-absent") assert.equal(told.kind, "done", told.message);
      }
    });

    test("a stream that falls silent ends with an error in the time allowed", async () => {
      const what = await asked({ steps: "10 100", connection: { idleTimeout: 500 } });
      const telling = runtime.turn(what);
      await sleep(500);
      proxy.silence();
      const told = await telling;
      await proxy.heal();
      assert.notEqual(told.kind, "done");
      await assertHonest(what, told);
    });

    test("a slow connection brings the whole answer", async () => {
      for (const trouble of ["delay", "throttle"]) {
        const what = await asked();
        proxy[trouble](trouble === "delay" ? 150 : 4000);
        const told = await runtime.turn(what);
        assert.equal(told.kind, "done", told.message);
        await proxy.heal();
        await assertHonest(what, told);
      }
    });

    if (open !== inChromium) return;

    test("a page that goes offline in mid-answer is told, and online again finds what is stored", async () => {
      for (const transport of ["sse", "websocket"]) {
        const steps = transport === "sse" ? "30 50" : "5 50";
        const what = await asked({ steps, connection: { transport } });
        const telling = runtime.turn(what);
        if (transport === "sse") await runtime.shows();
        else await sleep(150);
        await runtime.profile.setOffline(true);
        // what the browser's switch leaves open breaks as well when a network goes
        await proxy.refuse();
        await sleep(400);
        await proxy.heal();
        await runtime.profile.setOffline(false);
        const told = await telling;
        await assertHonest(what, told);
        if (transport === "websocket") assert.equal(told.kind, "done", told.message);
        else assert.equal(told.kind, "truncated", told.message);
      }
    });

    test("a page that is loaded anew in mid-answer finds it by its history", async () => {
      const what = await asked({ steps: "10 60", connection: { transport: "websocket" } });
      const lost = runtime.turn(what).catch(() => "the page is gone");
      await sleep(200);
      await runtime.fresh();
      assert.equal(await lost, "the page is gone");
      const told = await runtime.found(what);
      assert.deepEqual([told.kind, told.text, told.shown], ["done", what.answer, what.answer]);
      assert.equal(await stored(what), 1);
    });

    test("a page in the background reads its answer to the end", async () => {
      const what = await asked({ steps: "30 100" });
      const telling = runtime.turn(what);
      await runtime.shows();
      const other = await runtime.profile.newPage();
      await other.bringToFront();
      const told = await telling;
      await other.close();
      assert.equal(told.kind, "done", told.message);
      await assertHonest(what, told);
    });
  });
}
