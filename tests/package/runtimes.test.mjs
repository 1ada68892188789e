// The installed tarball in other runtimes: Deno, Bun and workerd (Cloudflare's).
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeModulesBin } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { bun } from "./bun.mjs";
import { projectWith } from "./pack.mjs";
import { startWorker } from "./workerd.mjs";

const ANSWER = "hello from the packed tarball, word by word";

let server;
let project;
let env;
before(async () => {
  server = await sharedElizaServer();
  project = await projectWith(join(import.meta.dirname, "programs"));
  env = { ELIZA_URL: server.url, AGENT_ID: server.agentId };
});
after(async () => {
  await server.stop();
  await rm(project, { recursive: true });
});

function assertTold(output) {
  const lines = output.trimEnd().split("\n");
  assert.deepEqual(lines.slice(-3), [`= ${ANSWER}`, `user: stream 6 30 ${ANSWER}`, "more: false"]);
  assert.ok(lines.length > 5, `it came piece by piece: ${output}`);
}

test("Deno holds a session, with leave to read and to use the network", async () => {
  const leave = ["--allow-net=127.0.0.1", "--allow-read=.", "--allow-env"];
  const options = { cwd: project, env: { ...env, DENO_NO_UPDATE_CHECK: "1" }, capture: true };
  const deno = join(nodeModulesBin, "deno");
  assertTold(
    await run(deno, ["run", "--node-modules-dir=manual", ...leave, "session.mjs"], options),
  );
});

test("Bun holds a session", async () => {
  assertTold(await run(bun(), ["session.mjs"], { cwd: project, env, capture: true }));
});

test("a Cloudflare Worker holds a session", async () => {
  const worker = await startWorker(project, "worker.mjs", { bindings: env });
  try {
    const response = await worker.dispatchFetch("http://localhost/");
    assert.equal(await response.text(), ANSWER);
    assert.equal(response.status, 200);
  } finally {
    await worker.dispose();
  }
});
