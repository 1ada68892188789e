// In: the crates, pkg-template/ and src/js/. Out: pkg/, the npm package, the same bytes for the same input. What did not
// change is not made again. Testing it is left to ./check.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { readArguments } from "./arguments.mjs";
import { exclusively } from "./exclusive.mjs";
import { sharedGlue } from "./glue.mjs";
import { cargoTarget, packageFolder, root, target, toolsPath } from "./paths.mjs";
import { endOnSignals, run, seconds } from "./process.mjs";
import { writeScripts } from "./scripts.mjs";
import { lockedVersion, npmPackages, rust, wasmTools } from "./setup.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";
// A crate may be built several times, each time with other features; then each has a folder of cargo's own, because cargo
// gives the modules of one crate one name, and would take one for the other. The whole one declares the types, and its glue
// is that of its `parts`, too: see glue.mjs. An `inline` module is also written as text, for tools that copy no file along.
const MODULE = { crate: "agentline-module", folder: join(root, "module") };
const WHOLE = { ...MODULE, name: "agentline_wasm", inline: true };
const PARTS = ["read", "events", "meibel", "agentcloud", "eliza"].map((feature) => ({
  ...MODULE,
  name: `${feature}_wasm`,
  part: true,
  features: [feature],
}));
const MODULES = [
  WHOLE,
  ...PARTS,
  { ...MODULE, name: "gateway_wasm", features: ["gateway"], inline: true },
  { crate: "agentline-sandbox", folder: join(root, "sandbox"), name: "sandbox_wasm" },
];

export async function build() {
  await exclusively("build", buildAlone);
}

async function buildAlone() {
  const began = Date.now();
  const step = (text) => console.log(`  ${seconds(began).padStart(7)}  ${text}`);
  await npmPackages();
  await rust();
  await wasmTools();
  step("tools are there");
  const flags = await cargoFlags();
  const generated = [];
  for (const module of MODULES) generated.push(await wasmModule(module, flags, step));
  const changed = await assemble(generated);
  step(changed ? "pkg/ is new" : "pkg/ is as it was");
  await tellSizes(step);
}

// The registry's sources lie under the home of whoever builds, and a panic message names its source file: without this
// the module would hold that path, and would differ from machine to machine.
async function cargoFlags() {
  await run("cargo", ["fetch", "--locked", "--target", WASM_TARGET], { cwd: root, capture: true });
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const sysroot = (await run("rustc", ["--print", "sysroot"], { cwd: root, capture: true })).trim();
  const remapped = [`${sysroot}/lib/rustlib/src/rust=rust`, `${root}/=`];
  const registries = existsSync(sources) ? await readdir(sources) : [];
  for (const registry of registries.sort()) remapped.push(`${join(sources, registry)}/=`);
  const flags = remapped.map((pair) => `--remap-path-prefix=${pair}`);
  return ["--locked", "--config", `target.${WASM_TARGET}.rustflags=${JSON.stringify(flags)}`];
}

// wasm-pack binds and optimises every time it is called; so cargo is asked first, and wasm-pack is called only if the
// module that cargo made, or a tool that works on it, is another one.
async function wasmModule(module, given, step) {
  const { crate, folder, name, features, part } = module;
  const out = join(cargoTarget, "wasm", name);
  // a module names its glue where it asks for something, so that the parts must be called as the whole
  const called = part ? WHOLE.name : name;
  const [glue, wasm] = [join(out, `${called}.js`), join(out, `${called}_bg.wasm`)];
  const built = { ...module, glue, wasm };
  const stamp = join(out, ".stamp");
  const own = features === undefined ? cargoTarget : await ownFolder(name);
  const env = { CARGO_TARGET_DIR: own };
  const chosen = features && ["--no-default-features", "--features", features.join(",")];
  const flags = [...given, ...(chosen ?? [])];
  const common = ["--lib", "--release", "--target", WASM_TARGET];
  await run("cargo", ["build", ...common, ...flags], {
    cwd: folder,
    label: `cargo build ${name}`,
    env,
  });
  const compiled = join(own, WASM_TARGET, "release", `${crate.replaceAll("-", "_")}.wasm`);
  const wanted = createHash("sha256")
    .update(await readFile(compiled))
    .update(await readFile(join(folder, "Cargo.toml")))
    .update(await readFile(join(root, "package-lock.json")))
    .update(await lockedVersion("wasm-bindgen"))
    .update(called)
    .digest("hex");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) {
    step(`${name}: the module is as it was`);
    return built;
  }
  await rm(out, { recursive: true, force: true });
  const options = [
    "--mode",
    "no-install",
    "--target",
    "web",
    "--release",
    "--no-pack",
    "--no-gitignore",
  ];
  await run(
    "wasm-pack",
    ["build", folder, ...options, "--out-name", called, "--out-dir", out, "--", ...flags],
    { cwd: root, label: `wasm-pack build ${name}`, env: { ...env, PATH: toolsPath } },
  );
  await writeFile(stamp, wanted);
  step(`${name}: the module is new`);
  return built;
}

// A folder of its own begins with what the crates rest on, compiled: only those of this workspace know of features.
async function ownFolder(name) {
  const own = join(cargoTarget, "features", name);
  if (existsSync(own)) return own;
  const fresh = `${own}.${process.pid}`;
  for (const folder of ["release", join(WASM_TARGET, "release")]) {
    await cp(join(cargoTarget, folder), join(fresh, folder), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !/agentline/.test(basename(path)),
    });
  }
  await rename(fresh, own);
  return own;
}

async function assemble(generated) {
  const fresh = join(target, `package.${process.pid}`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await cp(join(root, "pkg-template"), fresh, { recursive: true });
  const [whole, ...others] = generated;
  for (const { name, wasm } of generated) await cp(wasm, join(fresh, `${name}_bg.wasm`));
  const parts = others.filter(({ part }) => part);
  await writeScripts(fresh, await sharedGlue(whole, parts));
  for (const { name, glue } of others.filter(({ part }) => !part))
    await cp(glue, join(fresh, `${name}.js`));
  for (const { name, wasm } of generated.filter(({ inline }) => inline)) {
    await writeFile(join(fresh, `${name}_inline.js`), await inlineModule(wasm));
  }
  await writeFile(
    join(fresh, "model.d.ts"),
    await modelTypes(whole.glue.replace(/\.js$/, ".d.ts")),
  );
  for (const file of await readdir(root)) {
    if (/^(README\.md|CHANGELOG\.md|LICENSE.*|llms\.txt)$/.test(file))
      await cp(join(root, file), join(fresh, file));
  }
  await writeVersion(join(fresh, "package.json"));
  return await swap(fresh);
}

async function inlineModule(file) {
  const text = (await readFile(file)).toString("base64");
  return `// The bytes of ${basename(file)}, in base64.\nexport const wasm = "${text}";\n`;
}

// wasm-bindgen's declarations are the model's, from tsify, and then those of its own glue. Only the first are for callers;
// the second name Symbol.dispose and BufferSource, which a project for Node does not know.
async function modelTypes(file) {
  const text = await readFile(file, "utf8");
  const glue = text.search(/^(\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?export (class|function) /m);
  if (glue < 0)
    throw new Error(`${file} holds no class, so its model cannot be told from its glue`);
  // tsify guards against a variant that is named as a type that it holds. None is, and a reader would see the guards. It
  // writes a field's comment behind the field before, where TypeScript takes it for that one's.
  const model = text
    .slice(0, glue)
    .replace(/^\/\* (tslint|eslint).*\n/gm, "")
    .replace(/^type __ReplyEvent(\w+) = \1;\n/gm, "")
    .replace(/\b__ReplyEvent(?=[A-Z])/g, "")
    .replace(/^declare namespace/gm, "export declare namespace")
    .replace(/(?<=;) \/\*\*/g, "\n    /**");
  return `// Derived from the Rust types by tsify.\n\n${model.trim()}\n`;
}

async function writeVersion(file) {
  const metadata = await run(
    "cargo",
    ["metadata", "--no-deps", "--format-version", "1", "--locked"],
    { cwd: root, capture: true },
  );
  const { version } = JSON.parse(metadata).packages.find(({ name }) => name === "agentline");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
}

// pkg/ is replaced as a whole: nobody finds half of it, and nothing of an older build stays.
async function swap(fresh) {
  if (existsSync(packageFolder) && (await digest(fresh)) === (await digest(packageFolder))) {
    await rm(fresh, { recursive: true });
    return false;
  }
  const old = `${fresh}.old`;
  if (existsSync(packageFolder)) await rename(packageFolder, old);
  await rename(fresh, packageFolder);
  await rm(old, { recursive: true, force: true });
  return true;
}

/** One digest over the names and bytes of all files in a folder. */
export async function digest(folder) {
  const hash = createHash("sha256");
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const path of paths) {
    const bytes = await readFile(path);
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

async function tellSizes(step) {
  for (const { name } of MODULES) {
    const file = join(packageFolder, `${name}_bg.wasm`);
    const bytes = await readFile(file);
    const [raw, gzip, brotli] = [
      bytes,
      gzipSync(bytes, { level: 9 }),
      brotliCompressSync(bytes),
    ].map(({ length }) => length.toLocaleString("en"));
    step(`${basename(file)}: ${raw} bytes, gzip ${gzip}, brotli ${brotli}`);
  }
}

const HELP = `./build         makes pkg/, the npm package, from the crates, pkg-template/ and src/js/
./build --help  this text

The tools are installed on first use: npm's into node_modules/, wasm-pack and wasm-bindgen into target/tools/.`;

if (process.argv[1] === import.meta.filename) {
  readArguments({}, HELP);
  endOnSignals();
  await build().catch((error) => {
    console.error(`build failed: ${error.message}\n${error.output ?? ""}`);
    process.exit(1);
  });
}
