// In: the packed tarball. Out: that createSandbox({ faults }) lets happen what it says, seen by the package's own client,
// which may rely on nothing but what a platform's fetch would do. What the machine makes of each fault, and how the HTTP
// server carries it, is tested beside the machine.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { packedModule } from "./pack.mjs";

const BACKENDS = ["meibel", "agentcloud", "eliza"];
const STREAMING = ["meibel", "eliza"];
const SAID = "stream 4 5 añb😀 in several pieces";
const TEXT = "añb😀 in several pieces";

let connect;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

/** A client with a session that is ready; the faults begin then. */
async function opened(backend, faults, options) {
  const sandbox = createSandbox({ agents: "echo", seed: 1 });
  const client = await connect({ ...sandbox.connectOptions(backend), ...options });
  const { id } = await client.createSession({ agentId: sandbox.agentId(backend) });
  // Agent Cloud's agent greets first.
  if (backend === "agentcloud") await new Promise((resolve) => setTimeout(resolve, 300));
  sandbox.setFaults(faults);
  const hits = async () => (await (await sandbox.fetch("/__fixture/faults")).json()).hits;
  return { sandbox, client, id, hits };
}

const onMessage = (rule) => [{ ...rule, operation: "sendMessage" }];

async function rejected(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not reject");
}

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

async function texts({ client, id, sandbox }) {
  sandbox.setFaults([]);
  const { messages } = await client.getMessages(id);
  return messages.map(({ text }) => text);
}

describe("a fault that takes the place of an answer", () => {
  for (const backend of BACKENDS) {
    test(`${backend}: a refused message rejects with network, and the error knows that the history has no trace of it`, async () => {
      const world = await opened(backend, onMessage({ fault: "refuse" }));
      const states = [];
      const stream = world.client.streamMessage(world.id, SAID, {
        onDelivery: (state) => states.push(state),
      });
      const error = await rejected(stream.text());
      assert.equal(error.kind, "network");
      assert.equal(error.delivered, "no");
      assert.deepEqual(states, ["sending", "unknown", "failed"]);
      assert.equal(stream.delivery, "failed");
      assert.deepEqual(await world.hits(), [1]);
      assert.ok(!(await texts(world)).includes(SAID));
    });

    test(`${backend}: a refused message is sent again, once it surely is not in the history, if that is wanted`, async () => {
      const world = await opened(backend, onMessage({ fault: "refuse", times: 1 }));
      const again = { redeliver: "when-absent" };
      assert.ok(
        (await world.client.sendMessage(world.id, SAID, again)).message.text.startsWith(TEXT),
      );
      assert.equal((await texts(world)).filter((text) => text === SAID).length, 1);
    });

    test(`${backend}: a lost answer is found in the history, where the backend stores it`, async () => {
      const world = await opened(backend, onMessage({ fault: "lose" }));
      const states = [];
      const stream = world.client.streamMessage(world.id, SAID, {
        onDelivery: (state) => states.push(state),
      });
      if (world.client.capabilities.storesStreamedReplies) {
        assert.ok((await stream.text()).startsWith(TEXT));
      } else {
        const error = await rejected(stream.text());
        assert.deepEqual([error.kind, error.delivered], ["network", "yes"]);
      }
      assert.deepEqual(states, ["sending", "unknown", "delivered"]);
      assert.equal((await texts(world)).filter((text) => text === SAID).length, 1);
      assert.equal(timers(), 0);
    });

    test(`${backend}: a lost answer that nobody looks for rejects with network, and the message is in the history`, async () => {
      const world = await opened(backend, onMessage({ fault: "lose" }));
      const stream = world.client.streamMessage(world.id, SAID, { resume: false });
      const error = await rejected(stream.text());
      assert.equal(error.kind, "network");
      assert.equal(error.delivered, "unknown");
      assert.equal(stream.delivery, "unknown");
      assert.equal((await texts(world)).filter((text) => text === SAID).length, 1);
    });

    test(`${backend}: a request that hangs times out in the time allowed`, async () => {
      const world = await opened(backend, onMessage({ fault: "hang" }), { timeout: 250 });
      const began = performance.now();
      const stream = world.client.streamMessage(world.id, SAID, { resume: false });
      const error = await rejected(stream.text());
      const lasted = performance.now() - began;
      assert.equal(error.kind, "timeout");
      assert.equal(error.delivered, "unknown");
      assert.ok(lasted >= 240 && lasted < 5000, `${lasted}`);
      assert.equal(timers(), 0);
    });

    test(`${backend}: a busy server is asked again for what may be asked again, and is told of a message`, async () => {
      const rule = { fault: "status", status: 429, retryAfter: 0, times: 1 };
      const world = await opened(backend, [{ ...rule, operation: "getMessages" }]);
      await world.client.getMessages(world.id);
      assert.deepEqual(await world.hits(), [1]);
      world.sandbox.setFaults(onMessage({ fault: "status", status: 503, retryAfter: 3 }));
      const error = await rejected(world.client.streamMessage(world.id, SAID).text());
      assert.equal(error.kind, "server");
      assert.deepEqual([error.status, error.retryAfter], [503, 3000]);
    });

    test(`${backend}: a page in place of an answer is a protocol error`, async () => {
      const world = await opened(backend, [{ fault: "html" }]);
      const error = await rejected(world.client.getMessages(world.id));
      assert.equal(error.kind, "protocol");
      assert.equal(
        (await rejected(world.client.streamMessage(world.id, SAID).text())).kind,
        "protocol",
      );
    });
  }
});

describe("a fault in a stream", () => {
  for (const backend of STREAMING) {
    test(`${backend}: an answer that is cut is truncated, unless it is found again, also where its end looks clean`, async () => {
      for (const clean of [false, true]) {
        const world = await opened(backend, []);
        const whole = await lengthOf(world, backend);
        world.sandbox.setFaults(onMessage({ fault: "cut", at: whole - 5, clean }));
        const found = world.client.streamMessage(world.id, SAID).text();
        if (world.client.capabilities.storesStreamedReplies) assert.equal(await found, TEXT);
        else assert.equal((await rejected(found)).kind, "truncated");
        const stream = world.client.streamMessage(world.id, SAID, { resume: false });
        const error = await rejected(stream.text());
        assert.equal(error.kind, "truncated", `clean: ${clean}`);
        assert.equal(error.partial.message.text, TEXT);
      }
    });

    test(`${backend}: an answer that stalls times out in the time allowed, with what had come`, async () => {
      const world = await opened(backend, []);
      const whole = await lengthOf(world, backend);
      world.sandbox.setFaults(onMessage({ fault: "stall", at: whole - 5 }));
      const client = await connect({ ...world.sandbox.connectOptions(backend), idleTimeout: 250 });
      const stream = client.streamMessage(world.id, SAID, { resume: false });
      const error = await rejected(stream.text());
      assert.equal(error.kind, "timeout");
      assert.equal(error.partial.message.text, TEXT);
      assert.equal(timers(), 0);
    });

    test(`${backend}: a stalled answer that is aborted rejects with the reason`, async () => {
      const world = await opened(backend, onMessage({ fault: "stall", at: 40 }));
      const reason = new Error("enough");
      const signal = AbortSignal.timeout(150);
      const error = await rejected(world.client.streamMessage(world.id, SAID, { signal }).text());
      assert.equal(error, signal.reason);
      const stream = world.client.streamMessage(world.id, SAID);
      setTimeout(() => stream.abort(reason), 50);
      assert.equal(await rejected(stream.text()), reason);
    });

    for (const rule of [
      { fault: "split", pause: 1 },
      { fault: "newline", newline: "crlf" },
      { fault: "newline", newline: "cr" },
      { fault: "bom" },
      { fault: "drip", bytes: 1, every: 0 },
      { fault: "drip", bytes: 40, every: 1 },
    ]) {
      test(`${backend}: ${JSON.stringify(rule)} changes nothing in what is read`, async () => {
        const world = await opened(backend, [rule]);
        assert.equal(await world.client.streamMessage(world.id, SAID).text(), TEXT);
        const { messages } = await world.client.getMessages(world.id);
        assert.ok(messages.some(({ text }) => text === SAID));
        assert.deepEqual(await world.hits(), [2]);
      });
    }
  }
});

// What the client makes of frames that come twice or in disorder: the text is right in the end, however it gets there.
describe("a frame that comes twice or too late", () => {
  const parts = "stream 4 5 aaabbbcccddd";
  const whole = "aaabbbcccddd";
  for (const [backend, rule, expected] of [
    // Meibel's pieces hold the whole text so far, and so a second one adds nothing.
    ["meibel", { fault: "duplicate", frame: 3 }, ["+aaa", "+bbb", "+ccc", "+ddd"]],
    // elizaOS numbers its pieces. They are shown as they come, and what is wrong is put right by the last frame.
    ["eliza", { fault: "duplicate", frame: 2 }, ["+aaabbb", "+aaabbb", "+cccddd", `=${whole}`]],
    ["meibel", { fault: "reorder", frame: 4 }, ["+aaa", "+bbbccc", "=aaabbb", "+cccddd"]],
    ["eliza", { fault: "reorder", frame: 2 }, ["+cccddd", "+aaabbb", `=${whole}`]],
    // What comes after the last frame is not read any more.
    ["eliza", { fault: "duplicate", frame: 4 }, ["+aaabbb", "+cccddd"]],
  ]) {
    test(`${backend}: ${JSON.stringify(rule)} ends in the right text`, async () => {
      const world = await opened(backend, onMessage(rule));
      const shown = [];
      let text = "";
      let done;
      for await (const event of world.client.streamMessage(world.id, parts)) {
        if (event.type === "content") {
          shown.push(`+${event.delta}`);
          text += event.delta;
        } else if (event.type === "replace") {
          shown.push(`=${event.text}`);
          text = event.text;
        } else if (event.type === "done") done = event.reply.message.text;
      }
      assert.deepEqual([text, done], [whole, whole]);
      assert.deepEqual(shown, expected);
      assert.deepEqual(await world.hits(), [1]);
    });
  }
});

describe("faults in the rows that Agent Cloud's answers are read from", () => {
  const onRows = (rule) => [{ ...rule, operation: "getMessages" }];
  for (const rule of [
    { fault: "split", pause: 1 },
    { fault: "bom" },
    { fault: "drip", bytes: 30, every: 0 },
    { fault: "duplicate" },
    { fault: "cut", at: 100, times: 1 },
    { fault: "refuse", times: 1 },
    { fault: "status", status: 503, retryAfter: 0, times: 2 },
  ]) {
    test(`${JSON.stringify(rule)} changes nothing in what is read`, async () => {
      const world = await opened("agentcloud", onRows(rule));
      const text = await world.client.streamMessage(world.id, SAID).text();
      assert.ok(text.startsWith(TEXT), text);
      const [hits] = await world.hits();
      assert.ok(hits >= (rule.times ?? 1), `${hits}`);
    });
  }

  test("rows that always break off are asked for again a few times, and then the network is to blame", async () => {
    const world = await opened("agentcloud", onRows({ fault: "cut", at: 100 }));
    const error = await rejected(world.client.getMessages(world.id));
    assert.equal(error.kind, "network");
    assert.deepEqual(await world.hits(), [3]);
  });

  test("rows that end too early, as if they were whole, are a protocol error", async () => {
    const world = await opened("agentcloud", onRows({ fault: "cut", at: 100, clean: true }));
    assert.equal((await rejected(world.client.getMessages(world.id))).kind, "protocol");
  });
});

describe("faults in what the server keeps", () => {
  test("elizaOS keeps a streamed answer only where a rule says so, Meibel keeps it unless one does", async () => {
    for (const [backend, rule, expected] of [
      ["eliza", { fault: "bom" }, [SAID]],
      ["eliza", { fault: "store", answer: true }, [SAID, TEXT]],
      ["eliza", { fault: "store", message: false }, []],
      ["meibel", { fault: "bom" }, [SAID, TEXT]],
      ["meibel", { fault: "store", answer: false }, [SAID]],
    ]) {
      const world = await opened(backend, onMessage(rule));
      assert.equal(await world.client.streamMessage(world.id, SAID).text(), TEXT);
      const name = `${backend} ${JSON.stringify(rule)}`;
      assert.deepEqual(await texts(world), expected, name);
    }
  });

  test("a message whose answer is cut is kept with its whole answer, and found there", async () => {
    for (const backend of STREAMING) {
      const faults = [...onMessage({ fault: "cut", at: 300 }), { fault: "store", answer: true }];
      const world = await opened(backend, faults);
      const stream = world.client.streamMessage(world.id, SAID);
      if (backend === "meibel") assert.equal(await stream.text(), TEXT);
      // what a server of this version streams it does not store
      else assert.equal((await rejected(stream.text())).kind, "truncated");
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.deepEqual(await texts(world), [SAID, TEXT]);
    }
  });

  test("a wrong clock is seen in the stamps", async () => {
    for (const backend of BACKENDS) {
      const sandbox = createSandbox({ agents: "echo", faults: [{ fault: "skew", ms: -600_000 }] });
      const client = await connect(sandbox.connectOptions(backend));
      const { id } = await client.createSession({ agentId: sandbox.agentId(backend) });
      if (backend === "agentcloud") await new Promise((resolve) => setTimeout(resolve, 300));
      await client.streamMessage(id, SAID).text();
      const { messages } = await client.getMessages(id);
      assert.ok(messages.length > 0);
      for (const { timestamp } of messages) {
        const off = timestamp - Date.now();
        assert.ok(off > -660_000 && off <= -599_000, `${backend}: ${off}`);
      }
    }
  });
});

describe("rules", () => {
  test("are the same again with the same seed, and are told with their hits", async () => {
    const run = async (seed) => {
      const rules = [{ fault: "refuse", chance: 0.5, path: "/healthz" }];
      const sandbox = createSandbox({ faults: { rules, seed } });
      const ends = [];
      for (let index = 0; index < 40; index += 1) {
        ends.push(
          await sandbox.fetch("/healthz").then(
            ({ status }) => status,
            (error) => error.name,
          ),
        );
      }
      const told = await (await sandbox.fetch("/__fixture/faults")).json();
      assert.equal(told.seed, seed);
      assert.deepEqual(told.hits, [ends.filter((end) => end === "TypeError").length]);
      return ends;
    };
    const first = await run(1);
    assert.deepEqual(await run(1), first);
    assert.notDeepEqual(await run(2), first);
    assert.deepEqual([...new Set(first)].sort(), [200, "TypeError"]);
  });

  test("can be set before the first request and changed between two", async () => {
    const sandbox = createSandbox({ faults: { rules: [], seed: 4 } });
    sandbox.setFaults([{ fault: "status", status: 503 }]);
    const status = async () => (await sandbox.fetch("/healthz")).status;
    assert.equal(await status(), 503);
    sandbox.setFaults([]);
    assert.equal(await status(), 200);
    const told = await (await sandbox.fetch("/__fixture/faults")).json();
    assert.deepEqual(told, { seed: 4, rules: [], hits: [] });
    const init = { method: "POST", body: JSON.stringify([{ fault: "html", nth: 1 }]) };
    assert.equal((await sandbox.fetch("/__fixture/faults", init)).status, 200);
    assert.match(await (await sandbox.fetch("/healthz")).text(), /^<!DOCTYPE html>/);
    assert.equal(await status(), 200);
  });

  test("that are wrong throw at once, in the words of the machine, and change nothing", async () => {
    const sandbox = createSandbox({ faults: [{ fault: "status", status: 503 }] });
    for (const wrong of [
      null,
      7,
      "bom",
      {},
      { rules: null },
      { rules: [], sed: 1 },
      { rules: [], seed: -1 },
      { rules: [{ fault: "bom" }, { fault: "bom", nth: 0 }] },
      [null],
      [[]],
      [{}],
      [{ fault: null }],
      [{ fault: "explode" }],
      [{ fault: "toString" }],
      [{ fault: 7 }],
      [{ fault: "bom", chance: 1.5 }],
      [{ fault: "bom", chance: -0.5 }],
      [{ fault: "bom", chance: "1" }],
      [{ fault: "bom", nth: 1.5 }],
      [{ fault: "bom", from: -1 }],
      [{ fault: "bom", times: true }],
      [{ fault: "bom", backend: "openai" }],
      [{ fault: "bom", operation: "explode" }],
      [{ fault: "bom", path: "" }],
      [{ fault: "bom", at: 1 }],
      [{ fault: "cut", at: -3 }],
      [{ fault: "cut", clean: "yes" }],
      [{ fault: "drip" }],
      [{ fault: "drip", every: null }],
      [{ fault: "drip", every: -1 }],
      [{ fault: "drip", every: 1, bytes: 0 }],
      [{ fault: "refuse", after: 86_400_001 }],
      [{ fault: "status" }],
      [{ fault: "status", status: 200 }],
      [{ fault: "status", status: 503, retryAfter: -1 }],
      [{ fault: "html", status: 600 }],
      [{ fault: "newline", newline: "lf" }],
      [{ fault: "store", answer: 1 }],
      [{ fault: "skew" }],
      [{ fault: "skew", ms: 2_000_000_000_000 }],
      [{ fault: "skew", ms: 1, jitter: -1 }],
    ]) {
      const body = JSON.stringify(wrong);
      const refused = await sandbox.fetch("/__fixture/faults", { method: "POST", body });
      assert.equal(refused.status, 400, body);
      const { error } = await refused.json();
      assert.match(error, /^faults[\w.[\]]* (wants|is) /);
      for (const [make, caller] of [
        [() => createSandbox({ faults: wrong }), "createSandbox"],
        [() => sandbox.setFaults(wrong), "setFaults"],
      ]) {
        assert.throws(make, { name: "TypeError", message: `${caller}: ${error}` }, body);
      }
    }
    for (const [wrong, said] of [
      [[{ fault: "bom", chance: Number.NaN }], /chance wants a number from 0 to 1, not NaN$/],
      [[{ fault: "drip", every: Infinity }], /every wants .*, not Infinity$/],
      [[{ fault: "bom", nth: 2n }], /nth wants a whole number, 1 or more, not 2$/],
      [undefined, /faults is missing: it wants a list of rules, or \{rules, seed\}$/],
    ]) {
      assert.throws(() => sandbox.setFaults(wrong), { name: "TypeError", message: said });
    }
    assert.equal((await sandbox.fetch("/healthz")).status, 503);
  });
});

/** How many bytes the answer to a message has. */
async function lengthOf({ sandbox, id }, backend) {
  let length = 0;
  const client = await connect({
    ...sandbox.connectOptions(backend),
    fetch: async (...request) => {
      const response = await sandbox.fetch(...request);
      const bytes = await response.clone().arrayBuffer();
      length = bytes.byteLength;
      return response;
    },
  });
  await client.streamMessage(id, SAID).text();
  return length;
}
