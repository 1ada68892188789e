// Two commands in one checkout do not stand in each other's way, and one that was killed does not bar the others.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { exclusively } from "../../tools/exclusive.mjs";
import { root, target } from "../../tools/paths.mjs";

const module = JSON.stringify(join(root, "tools", "exclusive.mjs"));
const NAME = `test-${process.pid}`;
const lock = join(target, `${NAME}.lock`);

function holder(work) {
  const program = `import { exclusively } from ${module};
    await exclusively("${NAME}", async () => { console.log("held"); ${work} });`;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("one waits until the other has finished", async () => {
  const other = holder("await new Promise((resolve) => setTimeout(resolve, 800));");
  await once(other.stdout, "data");
  const ended = once(other, "exit");
  let over = false;
  ended.then(() => {
    over = true;
  });
  assert.equal(await exclusively(NAME, async () => 7), 7);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(over, true);
});

test("one that was killed does not bar the next", async () => {
  const other = holder("await new Promise((resolve) => setTimeout(resolve, 60_000));");
  await once(other.stdout, "data");
  other.kill("SIGKILL");
  await once(other, "exit");
  assert.equal(await exclusively(NAME, async () => 7), 7);
});

test("neither does one whose number belongs to another process by now", async () => {
  await writeFile(lock, `${process.ppid} 1`);
  assert.equal(await exclusively(NAME, async () => 7), 7);
});

test("a failure lets go", async () => {
  await assert.rejects(exclusively(NAME, () => Promise.reject(new Error("no"))));
  assert.equal(await exclusively(NAME, async () => 7), 7);
  await rm(lock, { force: true });
});
