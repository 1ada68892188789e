// The proxy itself, before a server of bytes: what the other tests rest on.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { startProxy } from "./proxy.mjs";

const PIECE = "0123456789".repeat(100);

let server;
let proxy;
before(async () => {
  server = createServer((socket) => {
    socket.on("error", () => {});
    // whatever is said, a thousand bytes are the answer
    socket.on("data", () => socket.write(PIECE));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startProxy(`http://127.0.0.1:${server.address().port}`);
});
after(async () => {
  await proxy.stop();
  server.close();
});
beforeEach(() => proxy.heal());

async function opened() {
  const socket = connect(new URL(proxy.url).port, "127.0.0.1").setEncoding("utf8");
  const talk = { socket, text: "", error: undefined };
  socket.on("data", (text) => {
    talk.text += text;
  });
  socket.on("error", (error) => {
    talk.error = error.code;
  });
  talk.closed = new Promise((resolve) => socket.once("close", resolve));
  talk.has = async (length) => {
    while (talk.text.length < length) await once(socket, "data");
  };
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), talk.closed]);
  return talk;
}

test("what it is not asked to trouble passes as it is", async () => {
  const talk = await opened();
  talk.socket.write("a");
  await talk.has(PIECE.length);
  talk.socket.write("b");
  await talk.has(2 * PIECE.length);
  assert.equal(talk.text, PIECE + PIECE);
  talk.socket.destroy();
});

for (const [how, error] of [
  ["reset", "ECONNRESET"],
  ["end", undefined],
]) {
  test(`a cut (${how}) comes at its byte and happens once`, async () => {
    for (const after of [0, 1, 500, 1500]) {
      proxy.cut({ after, how });
      const talk = await opened();
      talk.socket.write("a");
      if (after > PIECE.length) {
        await talk.has(PIECE.length);
        talk.socket.write("b");
      }
      await talk.closed;
      // a reset may overtake what was not read yet
      if (how === "end") assert.equal(talk.text, (PIECE + PIECE).slice(0, after));
      else assert.ok(talk.text.length <= after);
      assert.equal(talk.error, error, `after ${after}`);
      const next = await opened();
      next.socket.write("a");
      await next.has(PIECE.length);
      next.socket.destroy();
    }
  });
}

test("silence holds everything back until it is healed, and loses nothing", async () => {
  const talk = await opened();
  proxy.silence();
  talk.socket.write("a");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(talk.text, "");
  await proxy.heal();
  await talk.has(PIECE.length);
  assert.equal(talk.text, PIECE);
  talk.socket.destroy();
});

test("a delay and a throttle change when, and nothing else", async () => {
  const talk = await opened();
  proxy.delay(30);
  talk.socket.write("a");
  await talk.has(PIECE.length);
  proxy.throttle(4000);
  talk.socket.write("b");
  await talk.has(PIECE.length + 1);
  assert.ok(talk.text.length < 2 * PIECE.length, "the second piece came at once");
  await talk.has(2 * PIECE.length);
  assert.equal(talk.text, PIECE + PIECE);
  talk.socket.destroy();
});

test("refusing breaks what is open, takes nothing new, and ends", async () => {
  const open = await opened();
  await proxy.refuse();
  await open.closed;
  const refused = await opened();
  assert.equal(refused.error, "ECONNREFUSED");
  await proxy.heal();
  const again = await opened();
  again.socket.write("a");
  await again.has(PIECE.length);
  again.socket.destroy();
});
