// What ./check tries of the matrix: the cells that take little time and that no other test holds; that a failure is seen;
// and that the table of README.md is about these cells.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cells } from "./cells.mjs";
import { assertAdvised, assertHeld } from "./judge.mjs";
import { ground, tryCell } from "./run.mjs";
import { tableOf, writtenTable } from "./table.mjs";

let stands;
before(async () => {
  stands = await ground();
});
after(() => stands?.close());

for (const cell of cells.filter(({ cheap }) => cheap)) {
  test(`a session is held: ${cell.title}`, async () => {
    for (const { entry, error } of await tryCell(cell, cell.cheap, stands))
      assert.equal(error, undefined, `${entry}: ${error?.message}`);
  });
}

test("the table of README.md has these cells, their versions and their outcomes", async () => {
  const advice = "if that is meant: ./matrix --write";
  assert.ok((await writtenTable()).startsWith(await tableOf(cells)), advice);
});

describe("this test", () => {
  const cell = cells.find(({ name }) => name === "node-import");

  test("sees that an entry is missing", async () => {
    const specifiers = { agentline: "agentline/nowhere" };
    const [{ error }] = await tryCell({ ...cell, specifiers }, ["agentline"], stands);
    assert.match(error?.message, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test("sees that a cell works where it should not", async () => {
    const [{ error }] = await tryCell({ ...cell, lacks: ["agentline"] }, ["agentline"], stands);
    assert.match(error?.message, /the error names/);
  });

  test("sees that a turn is not as it was asked for", () => {
    assert.throws(() => assertHeld("an error"), /it told no turn/);
    assert.throws(() => assertHeld('{"deltas":["hello from a clean project"]}'), /piece by piece/);
    assert.throws(() => assertHeld('{"deltas":["hello ","from a clean ","project"]}'));
    assert.throws(() => assertAdvised("eliza_wasm_bg.wasm is not there"), /inline/);
  });
});
