// `openEvents` of the installed tarball: what it holds at most, how long it waits, and what a page that comes back does.
// Each hole that another client has, as the comments tell, is a test.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { events, serving, taken, thrownBy } from "./event-server.mjs";
import { packedModule } from "./pack.mjs";

let openEvents;
let failure;
before(async () => {
  const packed = await packedModule();
  openEvents = packed.openEvents;
  failure = thrownBy(packed.AgentlineError);
});

describe("memory and time", () => {
  // eventsource-client, and whatever is built on callbacks, queue what nobody takes
  test("a slow loop slows the network: the server cannot write what nobody takes", async () => {
    let written = 0;
    const event = `data: ${"x".repeat(65_528)}\n\n`;
    const server = await serving((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = () => {
        while (!response.destroyed && response.write(event)) written += event.length;
        written += event.length;
      };
      response.on("drain", more);
      more();
    });
    const loop = openEvents(server.url)[Symbol.asyncIterator]();
    await loop.next();
    await sleep(500);
    const full = written;
    const before = process.memoryUsage();
    await sleep(1_000);
    assert.ok(written - full <= 1 << 20, `the server still writes: ${written - full}`);
    assert.ok(full <= 32 << 20, `the sockets hold that much, and nothing else: ${full}`);
    const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
    assert.ok(grown < 8 << 20, `${grown}`);
    for (let taken = 0; taken < 2_000; taken++) {
      assert.equal((await loop.next()).value.data.length, 65_528);
    }
    assert.ok(written > full, "whoever takes, gets more");
    await loop.return();
  });

  test("a line of 50 MB without an end is refused at the limit", async () => {
    let written = 0;
    const server = await serving((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const piece = "x".repeat(1 << 20);
      const more = () => {
        if (response.destroyed) return;
        written += piece.length;
        if (written < 50 << 20) response.write(piece, () => setImmediate(more));
      };
      response.write("data: ");
      more();
    });
    const before = process.memoryUsage().arrayBuffers;
    const maxEventBytes = 1 << 20;
    const error = await failure(openEvents(server.url, { maxEventBytes }));
    assert.equal(error.kind, "too_large");
    assert.ok(written < 40 << 20, `${written} bytes were written`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 24 << 20);
    assert.equal(server.asked.length, 1, "and not asked for again");
  });

  test("silence is counted in bytes, and a comment is some", async () => {
    const server = await serving(({ count }, response) => {
      events(response, "retry: 10\n:\n\n", { end: false });
      if (count > 0) return;
      const beat = setInterval(() => response.write(":\n"), 50);
      setTimeout(() => response.write("data: late\n\n"), 600);
      setTimeout(() => clearInterval(beat), 700);
      response.on("close", () => clearInterval(beat));
    });
    const stream = openEvents(server.url, { idleTimeout: 200 });
    const loop = stream[Symbol.asyncIterator]();
    const { value } = await loop.next();
    assert.equal(value.data, "late");
    assert.equal(server.asked.length, 1);
    // and then nothing comes, so another connection is opened
    const next = loop.next();
    for (let waited = 0; server.asked.length < 2 && waited < 100; waited++) await sleep(50);
    assert.equal(server.asked.length, 2);
    const once = openEvents(server.url, { idleTimeout: 100, reconnect: false });
    const error = await failure(once);
    assert.equal(error.kind, "timeout");
    await loop.return();
    await next;
  });

  test("silence is the server's, and not that of a loop which takes its time", async () => {
    const server = await serving(({ count }, response) => {
      if (count > 0) return response.writeHead(204).end();
      events(response, "data: a\n\n", { end: false });
      setTimeout(() => response.write("data: b\n\n"), 100);
      setTimeout(() => response.end("data: c\n\n"), 200);
    });
    const data = [];
    for await (const event of openEvents(server.url, { idleTimeout: 250 })) {
      data.push(event.data);
      await sleep(700);
    }
    assert.deepEqual(data, ["a", "b", "c"]);
    assert.equal(server.asked.length, 2);
  });

  test("comments are given to who wants them", async () => {
    const server = await serving((_, response) => events(response, ": one\n:two\ndata: a\n\n"));
    const comments = [];
    const onComment = (text) => comments.push(text);
    await taken(openEvents(server.url, { onComment }), 1);
    assert.deepEqual(comments, [" one", "two"]);
  });

  test("comments cost nothing who does not want them, not even one without an end", async () => {
    const server = await serving((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(":");
      for (let piece = 0; piece < 20; piece++) response.write("x".repeat(1 << 20));
      response.end("\ndata: a\n\n");
    });
    assert.deepEqual(await taken(openEvents(server.url, { maxEventBytes: 100 }), 1), ["a"]);
  });
});

describe("a page", () => {
  const globals = ["addEventListener", "document"];
  after(() => {
    for (const name of globals) delete globalThis[name];
  });

  /** What is left of a page in Node: who tells that the network, or the user, is back. */
  function page() {
    const network = new EventTarget();
    const document = new EventTarget();
    document.visibilityState = "hidden";
    globalThis.addEventListener = network.addEventListener.bind(network);
    globalThis.document = document;
    return { network, document };
  }

  const far = ({ count }, response) =>
    count === 0
      ? events(response, "retry: 60000\ndata: a\n\n")
      : events(response, "data: b\n\n", { end: false });

  test("that is online again opens the stream at once", async () => {
    const { network } = page();
    const server = await serving(far);
    const loop = taken(openEvents(server.url), 2);
    await sleep(200);
    assert.equal(server.asked.length, 1);
    network.dispatchEvent(new Event("online"));
    assert.deepEqual(await loop, ["a", "b"]);
  });

  test("that is seen again opens the stream at once, and one that is hidden does not", async () => {
    const { document } = page();
    const server = await serving(far);
    const loop = taken(openEvents(server.url), 2);
    await sleep(200);
    document.dispatchEvent(new Event("visibilitychange"));
    await sleep(100);
    assert.equal(server.asked.length, 1);
    document.visibilityState = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
    assert.deepEqual(await loop, ["a", "b"]);
  });

  // @microsoft/fetch-event-source sends a POST again when its tab comes back
  test("that is seen again sends nothing while its stream is open", async () => {
    const { document, network } = page();
    for (const method of ["GET", "POST"]) {
      const server = await serving((_, response) => {
        events(response, "data: a\n\n", { end: false });
        setTimeout(() => response.write("data: b\n\n"), 200);
      });
      const loop = taken(openEvents(server.url, { method }), 2);
      await sleep(100);
      document.visibilityState = "visible";
      document.dispatchEvent(new Event("visibilitychange"));
      network.dispatchEvent(new Event("online"));
      assert.deepEqual(await loop, ["a", "b"]);
      assert.equal(server.asked.length, 1);
    }
  });
});
