// The Workers of examples/, unchanged, in `wrangler dev`: a real Chromium in front, the sandbox or a real elizaOS server
// behind.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../../tools/paths.mjs";
import { start, stop } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { serve } from "../gateway/serve.mjs";
import { openChromium } from "../package/chromium.mjs";
import { packedModule, projectWith } from "../package/pack.mjs";

const READY_MS = 90_000;
const KEY = "agentcloud-sandbox-key";
const wrangler = join(import.meta.dirname, "node_modules", ".bin", "wrangler");

let browser;
let createSandbox;
before(async () => {
  ({ createSandbox } = await packedModule("agentline/sandbox"));
  browser = await openChromium();
});
after(() => browser?.close());

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An example of examples/ as `wrangler dev` serves it; gives its address. */
async function dev(t, example, vars, key) {
  const project = await projectWith(join(root, "examples", example));
  if (key !== undefined) await writeFile(join(project, ".dev.vars"), `AGENT_KEY=${key}\n`);
  const port = await freePort();
  const given = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const where = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
  const child = start(wrangler, ["dev", ...where, ...given], {
    cwd: project,
    env: { CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  t.after(async () => {
    await stop(child);
    await rm(project, { recursive: true });
  });
  let ended = false;
  child.exited.then(() => {
    ended = true;
  });
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + READY_MS; ; await sleep(200)) {
    const ready = await fetch(url).then(
      (response) => response.body?.cancel().then(() => true),
      () => false,
    );
    if (ready) return { url, output: () => output };
    if (ended || Date.now() > end) throw new Error(`wrangler dev is not there: ${output}`);
  }
}

/** A page that reports what no good page does. */
async function visit(t, url) {
  const page = await browser.newPage();
  t.after(() => page.close());
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  const requests = [];
  page.on("request", (request) => requests.push(request));
  await page.goto(url);
  return { page, wrong, requests };
}

/** Says something on the page of examples/worker, and waits for the whole answer. */
async function say(page, text) {
  await page.locator("button:enabled").waitFor();
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button").click();
  await page.locator("button:enabled").waitFor();
  return page.locator("#messages li").last().textContent();
}

for (const [backend, path] of [
  ["meibel", "/v2"],
  ["agentcloud", ""],
]) {
  test(`a page talks to ${backend} through the gateway, and the key stays in the Worker`, {
    timeout: 180_000,
  }, async (t) => {
    const sandbox = createSandbox({ agents: "echo", keys: [KEY], seed: 1 });
    const keys = new Set();
    const server = await serve((request) => {
      keys.add(request.headers.get("meibel-api-key") ?? request.headers.get("authorization"));
      return sandbox.fetch(request);
    });
    const agent = sandbox.agentId(backend);
    const vars = { BACKEND: backend, BASE_URL: server + path, AGENT_ID: agent };
    const { url, output } = await dev(t, "worker", vars, KEY);
    const { page, wrong, requests } = await visit(t, url);
    assert.match(await say(page, "hello 🚀"), /^echo: hello 🚀/, output());
    assert.match(await say(page, "again"), /^echo: again/);
    assert.deepEqual(wrong, []);
    assert.ok(requests.length > 5);
    for (const request of requests) {
      assert.equal(new URL(request.url()).origin, url);
      assert.doesNotMatch(JSON.stringify(await request.allHeaders()), new RegExp(KEY));
    }
    assert.deepEqual([...keys], [backend === "meibel" ? KEY : `Bearer ${KEY}`]);
    const listed = await fetch(`${url}/agent/agents/${agent}/sessions`);
    assert.equal(listed.status, backend === "meibel" ? 403 : 404);
    assert.ok(!output().includes(KEY), "the log");
  });
}

test("a page talks to a real elizaOS server through the gateway", {
  timeout: 180_000,
}, async (t) => {
  const server = await sharedElizaServer();
  t.after(() => server.stop());
  const vars = { BACKEND: "eliza", BASE_URL: server.url, AGENT_ID: server.agentId };
  const { url, output } = await dev(t, "worker", vars);
  const { page, wrong } = await visit(t, url);
  assert.equal(
    await say(page, "stream 4 20 word by word, from afar"),
    "word by word, from afar",
    output(),
  );
  assert.deepEqual(wrong, []);
});

test("a Worker asks the agent itself, and its page sees the words come", {
  timeout: 180_000,
}, async (t) => {
  const sandbox = createSandbox({ agents: "echo", seed: 1 });
  const server = await serve((request) => sandbox.fetch(request));
  const vars = { BACKEND: "eliza", BASE_URL: server, AGENT_ID: sandbox.agentId("eliza") };
  const { url, output } = await dev(t, "worker-client", vars);
  const response = await fetch(`${url}/ask`, {
    method: "POST",
    body: "stream 5 100 word by word, 🚀",
  });
  const pieces = [];
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read())
    pieces.push(read.value);
  assert.equal(pieces.join(""), "word by word, 🚀", output());
  assert.ok(pieces.length > 2, JSON.stringify(pieces));
  const { page, wrong } = await visit(t, url);
  await page.getByLabel("Question").fill("hello");
  await page.getByRole("button").click();
  await page.getByText("echo: hello").waitFor();
  assert.deepEqual(wrong, []);
});
