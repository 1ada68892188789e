// The installed tarball in other runtimes: Deno, Bun and workerd (Cloudflare's).
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { projectWith } from "./pack.mjs";

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

// The package `bun` fetches its program in an install script, which is not run here; the platform's package has it.
function bun() {
  const name = `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
  const found = [name, `${name}-baseline`]
    .map((folder) => join(root, "node_modules", "@oven", folder, "bin", "bun"))
    .find((program) => existsSync(program));
  assert.ok(found, "Bun has no program for this platform");
  return found;
}

test("Bun holds a session", async () => {
  assertTold(await run(bun(), ["session.mjs"], { cwd: project, env, capture: true }));
});

// What wrangler does: bundle with workerd's conditions, leave the .wasm file a module of its own.
test("a Cloudflare Worker holds a session", async () => {
  const out = join(project, "bundled");
  await build({
    absWorkingDir: project,
    entryPoints: ["worker.mjs"],
    outdir: out,
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    outExtension: { ".js": ".mjs" },
    loader: { ".wasm": "copy" },
    logLevel: "error",
  });
  const files = await readdir(out);
  const modules = await Promise.all(
    files
      .sort((one, other) => Number(other === "worker.mjs") - Number(one === "worker.mjs"))
      .map(async (file) => ({
        type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
        path: join(out, file),
        contents: await readFile(join(out, file)),
      })),
  );
  const worker = new Miniflare({
    modules,
    modulesRoot: out,
    compatibilityDate: "2026-01-01",
    bindings: env,
  });
  try {
    const response = await worker.dispatchFetch("http://localhost/");
    assert.equal(await response.text(), ANSWER);
    assert.equal(response.status, 200);
  } finally {
    await worker.dispose();
  }
});
