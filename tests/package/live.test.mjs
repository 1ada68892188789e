// The installed tarball before the sandbox's Agent Cloud: in every runtime that has a WebSocket an answer is told over
// one, authenticated by the request before it; in one that has none, and wherever the socket fails, it is found by asking.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { nodeModulesBin } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { startSandbox } from "../demo/sandbox.mjs";
import { bun } from "./bun.mjs";
import { openChromium } from "./chromium.mjs";
import { projectWith } from "./pack.mjs";
import { startRecorder } from "./recorder.mjs";
import { startWorker } from "./workerd.mjs";

const KEY = "agentcloud-live-key";
const WORDS = "told over a socket as it is said, word by word, and kept in the rows";
/** Slow enough that whoever asks for the rows sees it grow, and long enough that few requests are few and that a busy
 * machine has the socket open long before the end. */
const TEXT = `stream 50 100 ${WORDS}`;
/** With what the sandbox's agents end every answer. */
const ANSWER = `${WORDS}\n\nAnything else?`;

let sandbox;
let project;
before(async () => {
  project = await projectWith(join(import.meta.dirname, "programs", "live"));
  sandbox = await startSandbox({ files: [["/", project]], options: ["--key", KEY] });
});
after(async () => {
  await sandbox?.stop();
  if (project) await rm(project, { recursive: true, force: true, maxRetries: 3 });
});

/** Lets `work` hold a turn through a recorder. */
async function recorded(work, manners) {
  const recorder = await startRecorder(sandbox.url, manners);
  try {
    const options = { apiKey: KEY, agentId: sandbox.agentIds.agentcloud, text: TEXT };
    const told = await work({ baseUrl: recorder.url, ...options }, recorder);
    return { told, recorder };
  } finally {
    await recorder.stop();
  }
}

/** Runs the program with the options of a turn, and gives what it told. It must end by itself. */
async function program(command, args, options) {
  const env = { TURN: JSON.stringify(options), DENO_NO_UPDATE_CHECK: "1" };
  const output = await run(command, args, { cwd: project, env, capture: true });
  return JSON.parse(output.trimEnd().split("\n").at(-1));
}

const HAS_WEB_SOCKET = typeof globalThis.WebSocket === "function";
const shim = ["--import", pathToFileURL(join(import.meta.dirname, "web-socket.mjs")).href];
const inNode = (options, args = shim) =>
  program(process.execPath, [...args, "program.mjs"], options);

function assertAnswered({ told }) {
  assert.equal(told.answer, ANSWER);
  assert.equal(told.text, ANSWER);
}

/** What the server told, the client heard; what it was asked is little; and nobody but the server saw the key. */
function assertTold({ told, recorder }) {
  assertAnswered({ told });
  assert.equal(recorder.sockets.length, 1);
  const [socket] = recorder.sockets;
  const messages = socket.told.filter((text) => text.startsWith('42["message",'));
  assert.ok(messages.length > 20, `${messages.length} pieces over the socket`);
  assert.ok(told.deltas.length > 20, `${told.deltas.length} pieces: ${told.deltas.join("|")}`);
  assert.ok(recorder.polls() <= 6, `${recorder.polls()} requests for the history`);
  assert.deepEqual(socket.said.slice(0, 3), ["2probe", "5", "40"]);
  assert.match(socket.said[3], /^42\["join_room","[0-9a-f]{24}"\]$/);
  assert.equal(socket.open, false, "the socket was left open");
  assertSecret(recorder);
}

function assertSecret(recorder) {
  for (const { url, authorization } of recorder.requests) {
    assert.ok(!url.includes(KEY), url);
    if (!url.startsWith("/socket.io/") && !url.includes("/session")) continue;
    assert.equal(authorization, `Bearer ${KEY}`, url);
  }
  for (const { url, authorization, said, told } of recorder.sockets) {
    assert.equal(authorization, undefined);
    for (const text of [url, ...said, ...told]) assert.ok(!text.includes(KEY), text);
  }
}

test("Node hears an answer over a socket, and has no timer left then", async () => {
  const answered = await recorded((options) => inNode(options));
  assertTold(answered);
  assert.equal(answered.told.timers, 0);
});

test("a Node without WebSocket asks for the answer, and for nothing else", {
  skip: HAS_WEB_SOCKET && "this Node has one",
}, async () => {
  for (const live of [undefined, true]) {
    const answered = await recorded((options) => inNode({ ...options, live }, []));
    assertAnswered(answered);
    const { requests, sockets } = answered.recorder;
    assert.ok(!requests.some(({ url }) => url.startsWith("/socket.io/")));
    assert.equal(sockets.length, 0);
  }
});

test("Deno hears an answer over a socket", async () => {
  const leave = ["--allow-net=127.0.0.1", "--allow-read=.", "--allow-env"];
  const args = ["run", "--node-modules-dir=manual", ...leave, "program.mjs"];
  assertTold(await recorded((options) => program(join(nodeModulesBin, "deno"), args, options)));
});

test("Bun hears an answer over a socket", async () => {
  assertTold(await recorded((options) => program(bun(), ["program.mjs"], options)));
});

test("a Cloudflare Worker hears an answer over a socket", async () => {
  const worker = await startWorker(project, "worker.mjs");
  try {
    const post = (options) => ({ method: "POST", body: JSON.stringify(options) });
    const answered = await recorded(async (options) => {
      const response = await worker.dispatchFetch("http://localhost/", post(options));
      return await response.json();
    });
    assertTold(answered);
  } finally {
    await worker.dispose();
  }
});

test("a page of the server's own origin hears an answer over a socket", async () => {
  const browser = await openChromium();
  try {
    const answered = await recorded(async (options, { url }) => {
      const page = await browser.newPage();
      const wrong = [];
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("pageerror", (error) => wrong.push(String(error)));
      await page.goto(`${url}/index.html`);
      await page.waitForSelector("body[data-state=ready]", { state: "attached" });
      const told = await page.evaluate((options) => globalThis.turn(options), options);
      await page.close();
      assert.deepEqual(wrong, []);
      return told;
    });
    assertTold(answered);
  } finally {
    await browser.close();
  }
});

test("a server that lets no WebSocket pass is asked for the answer", async () => {
  const answered = await recorded((options) => inNode(options), { refuse: true });
  assertAnswered(answered);
  assert.equal(answered.recorder.sockets.length, 1);
  assert.ok(answered.recorder.polls() > 6, "it was asked");
  assertSecret(answered.recorder);
});

test("an answer whose socket breaks is whole", async () => {
  for (const most of [1, 2, 3, 4, 10]) {
    const answered = await recorded((options) => inNode(options), { most });
    assertAnswered(answered);
    assert.equal(answered.recorder.sockets.length, 1);
    assertSecret(answered.recorder);
  }
});

test("with a fetch of one's own a socket is opened only if one says so", async () => {
  for (const [live, sockets] of [
    [undefined, 0],
    [false, 0],
    [true, 1],
  ]) {
    const { recorder, told } = await recorded((options) =>
      inNode({ ...options, live, ownFetch: true }),
    );
    assertAnswered({ told });
    assert.equal(recorder.sockets.length, sockets, `live: ${live}`);
    // the request before the socket among them
    assert.ok(
      recorder.requests.every(({ carried }) => carried),
      "a request went another way",
    );
  }
});

test("whoever leaves an answer leaves no socket and no timer", async () => {
  const { recorder, told } = await recorded((options) => inNode({ ...options, leave: true }));
  assert.equal(told.timers, 0);
  assert.equal(recorder.sockets.length, 1);
  assert.equal(recorder.sockets[0].open, false);
});
