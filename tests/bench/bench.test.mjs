// What ./bench measures still runs, and everybody finds the same; how fast is not asked here.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { installPeers } from "./peers.mjs";

const SMALL = 0.01;
// Whoever else uses the machine: nothing here is about time.
const OURS = { names: ["agentline readEvents"], patience: 120_000 };

before(installPeers);

describe("everybody finds the same", async () => {
  const { scenarios } = await import("./scenarios.mjs");
  for (const [scenario, { entries }] of Object.entries(scenarios)) {
    test(scenario, async () => {
      const { turn } = await import("./turns.mjs");
      const all = [];
      for (const name of Object.keys(entries))
        all.push((await turn({ scenario, name, share: SMALL })).found);
      const [own] = all;
      assert.ok(own.count > 0);
      // A bound sees less; bytes were held against what is there by the turn itself.
      assert.ok(all.filter(({ sum }) => sum !== undefined).length > 1);
      for (const { count = own.count, sum = own.sum } of all)
        assert.deepEqual({ count, sum }, { count: own.count, sum: own.sum });
    });
  }
});

test("a reader that misses an event is found out", async () => {
  const { verify } = await import("./scenarios.mjs");
  assert.throws(() => verify({ count: 9, sum: 5 }, { count: 10, sum: 5, bytes: 3 }), /instead of/);
  verify({ bytes: 3 }, { count: 10, sum: 5, bytes: 3 });
});

describe("every pathological input is read to its end", async () => {
  const { inputs } = await import("./pathological.mjs");
  for (const input of Object.keys(inputs)) {
    test(input, async () => {
      const { growth } = await import("./growth.mjs");
      const [own] = await growth(input, SMALL, OURS);
      assert.equal(own.flaw, undefined);
      assert.equal(own.times.length, 3);
    });
  }
});

test("a line that never ends is refused at the limit, with nothing said about limits", async () => {
  const { refusals } = await import("./growth.mjs");
  const [{ taken, said }] = await refusals(OURS);
  assert.equal(said, "too_large");
  assert.ok(taken < 1.1 * 2 ** 23, `${taken} bytes were taken in`);
});

test("the memory of WebAssembly is found, and does not grow with the events that are read", async () => {
  const { memory } = await import("./memory.mjs");
  for (const { what, few, many, count } of await memory(SMALL)) {
    assert.ok(few > 0 && count >= 20_000, what);
    if (what.startsWith("readEvents")) assert.equal(many, few, what);
  }
});

test("what is used of the default entry is weighed with its module", async () => {
  const { own, sizes } = await import("./sizes.mjs");
  for (const name of own) {
    const [whole, script, module, ...more] = await sizes([name]);
    assert.equal(more.length, 0);
    for (const how of ["raw", "gzip", "brotli"]) {
      assert.ok(script[how] > 0 && module[how] > script[how], name);
      assert.equal(script[how] + module[how], whole[how], name);
    }
  }
});
