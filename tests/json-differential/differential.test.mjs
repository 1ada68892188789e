// The JSON reader and JSON.parse over generated and damaged documents; differential.mjs says what differs on purpose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, crate, published } from "./differential.mjs";

test("what JSON.parse takes is read alike, and what it refuses is refused", async () => {
  // Another one each time; a failure names it.
  const seed = Date.now() % 2 ** 31;
  const { documents, taken } = await compare({ seed, seconds: 4 });
  assert.ok(
    taken > documents / 20 && taken < documents - documents / 20,
    `${taken} of ${documents}`,
  );
});

test("a difference would be seen", async () => {
  const { found } = await (await crate())(['{"a":[1,"\\ud83d"]}', "[1,]"].map(Buffer.from));
  assert.deepEqual(found, [
    { walked: ["o", "a", ["a", ["n", "1", "3ff0000000000000"], "\ud83d"]], passed: true },
    { walked: null, passed: false },
  ]);
  const read = await published();
  assert.deepEqual((await read(Buffer.from('"\\ud83d"'))).message.text, "\ud83d");
  assert.equal((await read(Buffer.from("[1,]"))).error.kind, "protocol");
});
