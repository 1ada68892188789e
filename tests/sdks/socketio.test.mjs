// The sandbox's live messages, judged by the official Socket.IO client: over WebSocket, over polling, and from the one to
// the other; a whole turn each time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { startSandbox } from "../demo/sandbox.mjs";

const API_KEY = "agentcloud-sandbox-key";
const TEAM = "6b01edbd11f2e31b0c34e7e9";
const APP = "6b01edf211f2e31b0c34e7f2";
const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
const limit = { timeout: 30_000 };

let sandbox;
before(async () => {
  sandbox = await startSandbox({ options: ["--echo"] });
});
after(() => sandbox.stop());

async function ask(method, path, body) {
  const init = { method, headers, body: body && JSON.stringify(body) };
  const response = await fetch(`${sandbox.url}/${TEAM}/${path}`, init);
  return response.json();
}

/** A session whose agent has greeted: who joins while it does may or may not hear it. */
async function newSession() {
  const { redirect } = await ask("POST", "forms/session/add", { id: APP });
  const session = redirect.split("/").at(-1);
  while ((await ask("GET", `session/${session}.json`)).session.status !== "waiting") await pause(5);
  return session;
}

/** A client that writes down all it hears. */
function connect(t, options) {
  const socket = io(sandbox.url, { forceNew: true, reconnection: false, ...options });
  t.after(() => socket.disconnect());
  const heard = [];
  socket.onAny((event, data) => heard.push([event, data]));
  return { socket, heard };
}

async function until(holds) {
  while (!holds()) await pause(5);
}

async function join(socket, session) {
  socket.emit("join_room", session);
  const [room] = await once(socket, "joined");
  assert.equal(room, session);
}

/** What the agent says live, put together as a reader does it. */
function answers(heard) {
  const texts = new Map();
  for (const [event, data] of heard) {
    if (event !== "message" || data.incoming) continue;
    const { chunkId, text, overwrite } = data.message;
    texts.set(chunkId, (overwrite ? "" : (texts.get(chunkId) ?? "")) + text);
  }
  return [...texts.values()];
}

const statuses = (heard) => heard.filter(([event]) => event === "status").map(([, data]) => data);

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`a whole turn arrives over ${transports.join(", then ")}`, limit, async (t) => {
    const session = await newSession();
    const { socket, heard } = connect(t, { transports, extraHeaders: headers });
    await once(socket, "connect");
    await join(socket, session);
    if (transports.length > 1) {
      await until(() => socket.io.engine.transport.name === "websocket");
    }
    const begin = heard.length;
    const message = { type: "text", text: "stream 4 30 hello live world" };
    socket.emit("message", { room: session, authorName: "?", message });
    await until(() => statuses(heard.slice(begin)).includes("waiting"));
    const turn = heard.slice(begin);
    const [echo] = turn;
    assert.deepEqual(
      [echo[0], echo[1].authorName, echo[1].incoming, echo[1].message.text],
      ["message", "Alice", true, message.text],
    );
    assert.deepEqual(answers(turn), ["hello live world", "Anything else?"]);
    // The user's, four pieces of the answer, and the prompt.
    assert.equal(turn.filter(([event]) => event === "message").length, 6);
    assert.deepEqual(statuses(turn), ["running", "waiting"]);
    assert.equal(socket.io.engine.transport.name, transports.at(-1));
    // What was told is what is stored.
    const rows = await ask("GET", `session/${session}/messages.json?messageId=${"0".repeat(24)}`);
    assert.deepEqual(rows.find((row) => row.chunkId === echo[1].message.chunkId).message, echo[1]);
    assert.equal(rows.length, 4);
  });
}

test("a tool, a burst and JSON arrive as the real server tells them", limit, async (t) => {
  const session = await newSession();
  const { socket, heard } = connect(t, { transports: ["websocket"], extraHeaders: headers });
  await join(socket, session);
  const say = async (text) => {
    const begin = heard.length;
    socket.emit("message", { room: session, message: text });
    await until(() => statuses(heard.slice(begin)).includes("waiting"));
    return heard.slice(begin);
  };
  assert.deepEqual(answers(await say("act 1 done")), [
    "Finished using tool: Scripted tool",
    "done",
    "Anything else?",
  ]);
  const burst = (await say("repeat 20 ab"))
    .filter(([event, data]) => event === "message" && !data.incoming && !data.isFeedback)
    .map(([, data]) => data);
  const stamps = burst.map(({ ts }) => ts);
  assert.notDeepEqual(stamps, stamps.toSorted());
  const text = burst.toSorted((one, other) => one.ts - other.ts).map((data) => data.message.text);
  assert.equal(text.join(""), "ab".repeat(20));
  const json = await say('say {"answer":42}');
  const told = json.find(([event, data]) => event === "message" && !data.incoming)[1].message;
  assert.deepEqual([told.text, told.type, told.language], [{ answer: 42 }, "code", "json"]);
});

test("a stop from the client ends the session for all that listen", limit, async (t) => {
  const session = await newSession();
  const { socket, heard } = connect(t, { transports: ["websocket"], extraHeaders: headers });
  await join(socket, session);
  socket.emit("message", { room: session, message: "stream 40 100 a very slow answer indeed" });
  await until(() => answers(heard).some((text) => text.startsWith("a")));
  socket.emit("stop_generating", { room: session });
  const [terminated] = await once(socket, "terminate");
  assert.equal(terminated, true);
  await until(() => answers(heard).includes("🛑 Stopped generating."));
});

test(
  "nobody's connection is anonymous: it is told that it joined and hears nothing",
  limit,
  async (t) => {
    const session = await newSession();
    const { socket, heard } = connect(t, {
      transports: ["websocket"],
      auth: { token: API_KEY },
    });
    await join(socket, session);
    socket.emit("message", { room: session, message: { type: "text", text: "anon into it" } });
    await until(() => heard.length > 0);
    await pause(500);
    assert.deepEqual(heard, [["joined", session]]);
    const rows = await ask("GET", `session/${session}/messages.json?messageId=${"0".repeat(24)}`);
    const stored = rows.find((row) => row.message.incoming);
    assert.deepEqual([stored.authorName, stored.authorId], ["Me", null]);
  },
);

test("who asked first with a key keeps it over the WebSocket", limit, async () => {
  const session = await newSession();
  const address = `${sandbox.url}/socket.io/?EIO=4&transport=polling`;
  const hello = await (await fetch(address, { headers })).text();
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = JSON.parse(hello.slice(1));
  assert.deepEqual(
    [upgrades, pingInterval, pingTimeout, maxPayload],
    [["websocket"], 25_000, 20_000, 1_000_000],
  );
  const socket = new WebSocket(
    `${address.replace("http", "ws").replace("polling", "websocket")}&sid=${sid}`,
  );
  const packets = [];
  socket.onmessage = ({ data }) => packets.push(data);
  const next = async (begin) => {
    await until(() => packets.some((packet) => packet.startsWith(begin)));
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send("2probe");
  await next("3probe");
  socket.send("5");
  socket.send("40");
  await next("40{");
  socket.send(`42["join_room","${session}"]`);
  await next(`42["joined"`);
  socket.send(`42["message",{"room":"${session}","message":{"type":"text","text":"who am I"}}]`);
  await next('42["message"');
  assert.ok(packets.some((packet) => packet.includes('"authorName":"Alice"')));
  socket.send("40/admin,");
  await next("44/admin,");
  assert.ok(packets.includes('44/admin,{"message":"Invalid namespace"}'));
  const closed = new Promise((resolve) => {
    socket.onclose = resolve;
  });
  socket.send("4".repeat(1_000_001));
  assert.equal((await closed).code, 1009);
});

test("what is no connection is refused with a code", limit, async () => {
  const refusals = [
    ["GET", "?EIO=4&transport=smoke", 0, "Transport unknown"],
    ["GET", "?EIO=4&transport=polling&sid=none", 1, "Session ID unknown"],
    ["POST", "?EIO=4&transport=polling", 2, "Bad handshake method"],
    ["OPTIONS", "?EIO=4&transport=polling", 2, "Bad handshake method"],
    ["GET", "?EIO=3&transport=polling", 5, "Unsupported protocol version"],
  ];
  for (const [method, query, code, message] of refusals) {
    const response = await fetch(`${sandbox.url}/socket.io/${query}`, { method });
    assert.deepEqual([response.status, await response.json()], [400, { code, message }]);
  }
});
