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
  "agentcloud_wasm_bg.wasm",
  "agentline_wasm_bg.wasm",
  "agentline_wasm_inline.js",
  "conversation.d.ts",
  "eliza_wasm_bg.wasm",
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
  "error.js",
  "events_wasm_bg.wasm",
  "gateway.d.ts",
  "gateway.js",
  "gateway_wasm.js",
  "gateway_wasm_bg.wasm",
  "gateway_wasm_inline.js",
  "index.d.ts",
  "index.js",
  "inline.d.ts",
  "instance.js",
  "llms.txt",
  "meibel_wasm_bg.wasm",
  "model.d.ts",
  "module.js",
  "package.json",
  "read_wasm_bg.wasm",
  "relay.js",
  "sandbox-faults.js",
  "sandbox.d.ts",
  "sandbox.js",
  "sandbox_wasm.js",
  "sandbox_wasm_bg.wasm",
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

// What a page loads for one need, in brotli: the module, and of the default entry what is named. It is what was reached and
// a little more, so that nothing grows unseen; lower it with what becomes smaller.
const MOST = {
  read: { names: ["readEvents"], bytes: 30_000 },
  events: { names: ["openEvents"], bytes: 45_000 },
  meibel: { names: ["connect"], bytes: 116_500 },
  agentcloud: { names: ["connect"], bytes: 116_600 },
  eliza: { names: ["connect"], bytes: 106_500 },
};

for (const [need, { names, bytes }] of Object.entries(MOST)) {
  test(`what a page loads for ${need} is told, and is no larger than it was`, async (context) => {
    const wasm = await readFile(join(installed, `${need}_wasm_bg.wasm`));
    const script = await bundled(`export { ${names.join(", ")} } from "agentline";`);
    const all = await bundled('export * from "agentline";');
    for (const [name, content] of [
      [`${need}_wasm_bg.wasm`, wasm],
      [`${names.join(", ")} of the default entry, minified by esbuild`, script],
      ["all of it", all],
    ]) {
      const [raw, gzip, brotli] = sizes(content);
      context.diagnostic(`${name}: ${raw} bytes, gzip ${gzip}, brotli ${brotli}`);
      assert.ok(brotli > 0 && brotli < raw);
    }
    const loaded = sizes(wasm)[2] + sizes(script)[2];
    assert.ok(loaded <= bytes, `${loaded} bytes in brotli are more than ${bytes}`);
  });
}

async function bundled(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    outdir: "out",
    logLevel: "error",
  });
  assert.equal(outputFiles.length, 1);
  return outputFiles[0].contents;
}

const sizes = (bytes) => [
  bytes.length,
  gzipSync(bytes, { level: 9 }).length,
  brotliCompressSync(bytes).length,
];
