// The module's memory, through the installed tarball in Node.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../tools/process.mjs";
import { projectWith } from "./pack.mjs";

let project;
before(async () => {
  project = await projectWith(join(import.meta.dirname, "programs"));
});
after(() => rm(project, { recursive: true }));

for (const what of ["readEvents", "streamMessage"]) {
  for (const [perChunk, cut] of Object.entries({ 1: "one in a chunk", 250: "many in a chunk" })) {
    test(`the memory is as large after a million events of ${what} as after the first ten thousand, ${cut}`, async () => {
      const told = await run(process.execPath, ["memory.mjs", what, perChunk], {
        cwd: project,
        capture: true,
        env: { NODE_OPTIONS: "" },
      });
      const { count, memories, sizes } = JSON.parse(told);
      assert.ok(count >= 1_000_000, `only ${count} events came`);
      assert.equal(memories, 1);
      const [few, many] = sizes;
      assert.equal(many, few);
    });
  }
}
