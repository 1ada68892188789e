// The declarations of the packed tarball, as tools judge them that nobody here wrote, and beside those that were kept.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageFolder } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { packedTarball } from "../package/pack.mjs";
import { differences } from "./golden.mjs";

let tarball;
let folder;
let manifest;
before(async () => {
  await npmPackages(import.meta.dirname, { label: "npm ci (judges of types)" });
  ({ path: tarball } = await packedTarball());
  folder = await mkdtemp(join(tmpdir(), "agentline-types-"));
  manifest = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
});
after(() => rm(folder, { recursive: true }));

const tool = (name, args) =>
  run(join(import.meta.dirname, "node_modules", ".bin", name), args, { capture: true }).catch(
    (error) => assert.fail(`${error.message}\n${error.output ?? ""}`),
  );

test("no declaration changes unseen", async () => {
  const advice = "if that is meant: node tests/types/golden.mjs --write";
  assert.deepEqual(await differences(), [], advice);
});

test("publint finds nothing in the tarball", async () => {
  assert.match(await tool("publint", ["run", tarball, "--strict"]), /All good!/);
});

test("every entry of the tarball has the types of what is imported", async () => {
  const modules = Object.keys(manifest.exports).filter((name) => name.endsWith(".wasm"));
  assert.ok(modules.length > 0);
  const how = ["--profile", "esm-only", "--format", "json", "--exclude-entrypoints", ...modules];
  const { analysis } = JSON.parse(await tool("attw", [tarball, ...how]));
  const judged = Object.keys(analysis.entrypoints);
  const expected = Object.keys(manifest.exports).filter((name) => !name.endsWith(".wasm"));
  assert.deepEqual(judged.sort(), expected.sort());
});

test("every public item is documented, and typedoc has no warning", async () => {
  const entries = Object.values(manifest.exports)
    .map(({ types }) => types)
    .filter(Boolean);
  assert.ok(entries.includes("./index.d.ts") && entries.includes("./sandbox.d.ts"));
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    strict: true,
    types: [],
  };
  const files = entries.map((entry) => join(packageFolder, entry));
  const config = join(folder, "tsconfig.json");
  await writeFile(config, JSON.stringify({ compilerOptions, files }));
  const options = join(import.meta.dirname, "typedoc.json");
  const how = ["--options", options, "--tsconfig", config, "--json", join(folder, "out.json")];
  await tool("typedoc", [...how, ...files.flatMap((file) => ["--entryPoints", file])]);
});
