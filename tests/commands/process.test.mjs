// Ctrl+C in a command ends whatever it started, and what those started.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { descendants, gone } from "./processes.mjs";

const module = JSON.stringify(join(root, "tools", "process.mjs"));

async function commandWith(script) {
  const program = `import { endOnSignals, run } from ${module}; endOnSignals(); console.log("ready"); ${script}`;
  const { AGENTLINE_NESTED: _, ...env } = process.env;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  let beneath = [];
  while (beneath.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    beneath = descendants(child.pid);
  }
  return { child, beneath };
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  test(`${signal} ends children and grandchildren`, async () => {
    const { child, beneath } = await commandWith(
      'await run("sh", ["-c", "sleep 300 & sleep 301"]);',
    );
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [code, null]);
    assert.ok(await gone(beneath));
  });
}

test("a child that does not listen is ended by force", async () => {
  const deaf = 'trap "" TERM INT; sleep 300 & sleep 301 & while :; do sleep 1; done';
  const { child, beneath } = await commandWith(`await run("sh", ["-c", ${JSON.stringify(deaf)}]);`);
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "exit"), [130, null]);
  assert.ok(await gone(beneath));
});
