// ./demo as a person uses it: start, look, Ctrl+C.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { start, stop } from "../../tools/process.mjs";
import { descendants, gone } from "./processes.mjs";

/** Starts ./demo on a free port; resolves with its address when it tells it. */
async function startDemo(context, ...options) {
  const child = start(join(root, "demo"), ["--no-open", "--port", "0", ...options], { cwd: root });
  context.after(() => stop(child));
  const written = [];
  const url = await new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", (line) => {
        written.push(line);
        const address = line.match(/^agentline demo: (http:\S+)$/);
        if (address) resolve(address[1]);
      });
    }
    child.exited.then(() => reject(new Error(`./demo ended:\n${written.join("\n")}`)));
  });
  return { child, url };
}

async function endsCleanly({ child, url }, signal) {
  const beneath = descendants(child.pid);
  assert.ok(beneath.length > 0);
  const began = performance.now();
  process.kill(child.pid, signal);
  const end = await child.exited;
  const took = performance.now() - began;
  assert.deepEqual(end, { code: 0, signal: null });
  assert.ok(took < 2_500, `it took ${Math.round(took)} ms to end`);
  assert.ok(await gone(beneath), "a child is left");
  await assert.rejects(fetch(url), "the port is still open");
}

async function servesThePage(url) {
  const page = await fetch(url);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<script type="importmap">/);
  for (const file of ["pkg/index.js", "pkg/eliza_wasm_bg.wasm", "main.js"]) {
    const response = await fetch(new URL(file, url));
    assert.equal(response.status, 200, file);
    assert.match(
      response.headers.get("content-type"),
      file.endsWith(".wasm") ? /wasm/ : /javascript/,
    );
  }
  return await (await fetch(new URL("config.json", url))).json();
}

test("./demo serves the page with the sandbox behind it, and Ctrl+C ends all of it", {
  timeout: 300_000,
}, async (context) => {
  const demo = await startDemo(context);
  const { backend, eliza, meibel, agentcloud } = await servesThePage(demo.url);
  const { baseUrl, agentId } = eliza;
  assert.equal(backend, "eliza");
  for (const other of [meibel, agentcloud])
    assert.equal(new URL(other.baseUrl).origin, new URL(demo.url).origin);
  const ofMeibel = `${meibel.baseUrl}/agents/${meibel.agentId}/sessions`;
  assert.equal((await fetch(ofMeibel, { method: "POST" })).status, 200);
  const account = await fetch(new URL("/account.json", agentcloud.baseUrl), {
    headers: { authorization: `Bearer ${agentcloud.apiKey}`, "content-type": "application/json" },
  });
  assert.equal(typeof (await account.json()).account.currentTeam, "string");
  assert.equal(new URL(baseUrl).origin, new URL(demo.url).origin);
  const created = await fetch(`${baseUrl}/api/messaging/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ agentId, userId: "aaaaaaaa-0000-4000-8000-000000000001" }),
  });
  assert.equal(created.status, 201);
  await endsCleanly(demo, "SIGINT");
});

test("./demo --eliza serves the page with a real elizaOS server behind it, and SIGTERM ends all of it", {
  timeout: 300_000,
}, async (context) => {
  const demo = await startDemo(context, "--eliza");
  const { backend, eliza } = await servesThePage(demo.url);
  const { baseUrl, agentId } = eliza;
  assert.equal(backend, "eliza");
  assert.notEqual(new URL(baseUrl).origin, new URL(demo.url).origin);
  const agents = await (await fetch(`${baseUrl}/api/agents`)).json();
  assert.ok(JSON.stringify(agents).includes(agentId));
  await endsCleanly(demo, "SIGTERM");
});

test("./demo refuses what it does not know", async () => {
  const child = start(join(root, "demo"), ["--nonsense"]);
  assert.deepEqual(await child.exited, { code: 2, signal: null });
});
