// What ./build makes of wasm-bindgen's glue: one for a whole module and its parts, new for each instance, or an error.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sharedGlue } from "../../tools/glue.mjs";

const WHOLE = `/* @ts-self-types="./whole.d.ts" */
export class Thing {
    one() {
        return wasm.one;
    }
    two() {
        return wasm.two;
    }
}
export function count() {
    return ++calls;
}
let calls = 0;
let wasm;
async function __wbg_load(module) {
    return module;
}
function initSync(module) {
    wasm = module;
}
let __wbg_init_promise;
async function __wbg_init() {
    return fetch(new URL("whole_bg.wasm", import.meta.url));
}
export { initSync, __wbg_init as default };
`;

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentline-glue-"));
});
after(() => rm(folder, { recursive: true }));

async function module(name, text) {
  const glue = join(folder, `${name}.js`);
  await writeFile(glue, text);
  return { name, glue };
}

const whole = () => module("whole", WHOLE);
const part = (change) => module("part", change(WHOLE));

test("what is shared is new for each instance, and loads nothing by itself", async () => {
  const smaller = await part((text) => text.replace(/ {4}two\(\) \{[^}]*\}\n/, ""));
  const text = await sharedGlue(await whole(), [smaller]);
  assert.doesNotMatch(text, /import\.meta|fetch|__wbg_init\b/);
  const { glue } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const [left, right] = [glue(), glue()];
  left.initSync({ one: 1, two: 2 });
  right.initSync({ one: 3 });
  assert.deepEqual([new left.Thing().one(), new left.Thing().two()], [1, 2]);
  assert.equal(new right.Thing().one(), 3);
  assert.deepEqual([left.count(), left.count(), right.count()], [1, 2, 1]);
});

test("a part that the whole one does not serve stops the build", async () => {
  for (const change of [
    (text) => text.replace("return wasm.two", "return wasm.two()"),
    (text) => text.replace("wasm = module;", "wasm = module;\n    calls = 1;"),
  ]) {
    const smaller = await part(change);
    await assert.rejects(sharedGlue(await whole(), [smaller]), /the glue of part is no part of/);
  }
});

test("glue that is written in another way stops the build", async () => {
  const other = await module("other", WHOLE.replace("__wbg_load", "load"));
  await assert.rejects(sharedGlue(other, []), /holds no `async function __wbg_load/);
});
