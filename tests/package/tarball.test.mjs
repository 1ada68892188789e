// What is in the tarball: exactly these files, nothing about the machine that made them; and how large they are.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "../../tools/paths.mjs";
import { packedProject, packedTarball } from "./pack.mjs";

const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "agentline_wasm.js",
  "agentline_wasm_bg.wasm",
  "agentline_wasm_inline.js",
  "client.js",
  "conversation.d.ts",
  "conversation.js",
  "driver.js",
  "entry/development.js",
  "entry/edge.js",
  "entry/gateway-edge.js",
  "entry/gateway-node.js",
  "entry/gateway-web.js",
  "entry/gateway-workerd.js",
  "entry/inline.js",
  "entry/node.js",
  "entry/sandbox-node.js",
  "entry/sandbox-web.js",
  "entry/sandbox-workerd.js",
  "entry/workerd.js",
  "entry.js",
  "error.js",
  "events.js",
  "gateway.d.ts",
  "gateway.js",
  "gateway_wasm.js",
  "gateway_wasm_bg.wasm",
  "gateway_wasm_inline.js",
  "index.d.ts",
  "index.js",
  "inline.d.ts",
  "instance.js",
  "iterator.js",
  "load/inline.js",
  "load/node.js",
  "load/web.js",
  "llms.txt",
  "memory.js",
  "message.js",
  "model.d.ts",
  "module.js",
  "package.json",
  "relay.js",
  "sandbox-faults.js",
  "sandbox.d.ts",
  "sandbox.js",
  "sandbox_wasm.js",
  "sandbox_wasm_bg.wasm",
  "snapshots.js",
  "socket.js",
];

let project;
let installed;
before(async () => {
  project = await packedProject();
  installed = join(project, "node_modules", "agentline");
});

test("the tarball holds exactly the expected files", async () => {
  const { files } = await packedTarball();
  assert.deepEqual(files.map(({ path }) => path).sort(), FILES.toSorted());
});

test("the package names its licences, its version and no dependency", async () => {
  const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const cargo = await readFile(join(root, "Cargo.toml"), "utf8");
  assert.equal(manifest.name, "agentline");
  assert.equal(manifest.version, cargo.match(/\[workspace\.package\]\nversion = "([^"]+)"/)[1]);
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.equal(manifest.type, "module");
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined);
});

test("every file that package.json names is there", async () => {
  const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const named = (value) =>
    typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(named);
  const paths = [...named(manifest.exports), ...named(manifest.imports)].filter((path) =>
    path.startsWith("./"),
  );
  assert.ok(paths.length > 0);
  for (const path of paths.filter((path) => !path.includes("*"))) {
    assert.ok(existsSync(join(installed, path)), path);
  }
});

test("no file knows the machine that it was made on", async () => {
  const machine = [
    root,
    homedir(),
    tmpdir(),
    process.env.CARGO_HOME,
    "/home/",
    "/Users/",
    "/root/",
    ".cargo",
    ".rustup",
  ];
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path, "latin1");
    for (const place of machine.filter(Boolean)) {
      assert.ok(!bytes.includes(place), `${path.slice(installed.length + 1)} holds ${place}`);
    }
  }
});

// What a page loads, in brotli. It is what was reached and a little more, so that nothing grows unseen; lower it with what
// becomes smaller.
const MOST = 160_500;

test("what a page loads is told, and is no larger than it was", async (context) => {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "agentline";', resolveDir: project },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    outdir: "out",
    loader: { ".wasm": "empty" },
    logLevel: "error",
  });
  const wasm = await readFile(join(installed, "agentline_wasm_bg.wasm"));
  const script = outputFiles.find(({ path }) => path.endsWith(".js")).contents;
  const inline = await readFile(join(installed, "agentline_wasm_inline.js"));
  const loaded = brotliCompressSync(wasm).length + brotliCompressSync(script).length;
  assert.ok(loaded <= MOST, `${loaded} bytes in brotli are more than ${MOST}`);
  for (const [name, bytes] of [
    ["agentline_wasm_bg.wasm", wasm],
    ["the same in agentline/inline", inline],
    ["default entry, minified by esbuild", script],
  ]) {
    const sizes = [bytes, gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)].map(
      ({ length }) => length,
    );
    context.diagnostic(`${name}: ${sizes[0]} bytes, gzip ${sizes[1]}, brotli ${sizes[2]}`);
    assert.ok(sizes[2] > 0 && sizes[2] < sizes[0]);
  }
});
