// In: nothing but Rust, Node and (for Chromium) Debian's package manager. Out: every tool that the commands use, at the
// version that the lock files name; each is kept, so that a second call takes no time. What is missing and cannot be
// installed ends in an error of one line.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { exclusively } from "./exclusive.mjs";
import { chromedriver, chromium, root, target, toolsFolder, toolsPath } from "./paths.mjs";
import { run } from "./process.mjs";

const WASM_PACK = "0.15.1";

/** The development tools of package.json, or another folder's packages; without a lock file npm resolves them anew. */
export async function npmPackages(folder = root, { label = "npm ci", args = [] } = {}) {
  const locked = existsSync(join(folder, "package-lock.json"));
  const list = await readFile(join(folder, locked ? "package-lock.json" : "package.json"));
  const stamp = join(folder, "node_modules", ".stamp");
  const wanted = createHash("sha256").update(list).update(args.join(" ")).digest("hex");
  const there = async () => (await readFile(stamp, "utf8").catch(() => "")) === wanted;
  if (await there()) return;
  await exclusively(
    `npm-${createHash("sha256").update(folder).digest("hex").slice(0, 12)}`,
    async () => {
      if (await there()) return;
      const command = locked ? ["ci"] : ["install", "--no-package-lock"];
      const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await run("npm", [...command, ...quiet, ...args], { cwd: folder, label });
      await writeFile(stamp, wanted);
    },
  );
}

/** A Python of its own with a folder's requirements.txt, kept in target/; tells where the program is. */
export async function pythonPackages(folder) {
  const list = await readFile(join(folder, "requirements.txt"));
  const name = basename(folder);
  const place = join(target, "python", name);
  const python = join(place, "bin", "python");
  const stamp = join(place, ".stamp");
  const wanted = createHash("sha256").update(list).digest("hex");
  const there = async () => (await readFile(stamp, "utf8").catch(() => "")) === wanted;
  if (await there()) return python;
  await exclusively(`python-${name}`, async () => {
    if (await there()) return;
    await rm(place, { recursive: true, force: true });
    await virtualEnvironment(place);
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    const install = ["-m", "pip", "install", ...quiet, "-r", join(folder, "requirements.txt")];
    await run(python, install, { cwd: folder, label: `pip install (${name})` });
    await writeFile(stamp, wanted);
  });
  return python;
}

async function virtualEnvironment(place) {
  const make = () => run("python3", ["-m", "venv", place], { capture: true });
  const made = await make().then(
    () => true,
    () => false,
  );
  if (made) return;
  if (process.getuid?.() === 0 && findProgram("apt-get")) {
    await debianPackages("python3-venv", ["python3", "python3-venv"]);
  }
  await make().catch(() => {
    throw new Error("python3 or its venv module is missing: install Debian's python3-venv");
  });
}

async function debianPackages(label, packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
    env,
    label: `apt-get install ${label}`,
  });
}

/** rustc and cargo, with the target that rust-toolchain.toml names. */
export async function rust() {
  const libraries = await run(
    "rustc",
    ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"],
    { cwd: root, capture: true },
  ).catch(() => {
    throw new Error(
      "rust is missing: install it with rustup (the toolchain is named in rust-toolchain.toml)",
    );
  });
  if (existsSync(libraries.trim())) return;
  await run("rustup", ["target", "add", "wasm32-unknown-unknown"], { cwd: root }).catch((error) => {
    throw new Error(
      `the Rust target wasm32-unknown-unknown is missing: rustup target add failed (${error.message})`,
    );
  });
}

/** wasm-pack, and wasm-bindgen's command line at exactly the version that Cargo.lock names. */
export async function wasmTools() {
  const bindgen = await lockedVersion("wasm-bindgen");
  await cargoTool("wasm-pack", "wasm-pack", WASM_PACK);
  await cargoTool("wasm-bindgen", "wasm-bindgen-cli", bindgen);
}

export async function lockedVersion(crate) {
  const lock = await readFile(join(root, "Cargo.lock"), "utf8");
  const found = lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`));
  if (!found) throw new Error(`Cargo.lock names no ${crate}`);
  return found[1];
}

async function cargoTool(program, crate, version) {
  if ((await versionOf(program)) === version) return;
  const folder = join(toolsFolder, "build");
  await mkdir(toolsFolder, { recursive: true });
  console.log(`  ${crate} ${version} is compiled once, into target/tools (some minutes)`);
  // Without --locked: the lock files of the two name crates that a registry mirror may lack.
  await run(
    "cargo",
    ["install", crate, "--version", `=${version}`, "--root", toolsFolder, "--force"],
    { cwd: root, label: `cargo install ${crate}`, env: { CARGO_TARGET_DIR: folder } },
  );
  await rm(folder, { recursive: true, force: true });
}

async function versionOf(program) {
  const options = { capture: true, env: { PATH: toolsPath } };
  const words = await run(program, ["--version"], options).catch(() => "");
  return words.trim().split(/\s+/)[1];
}

/** Chromium and its driver. */
export async function browser() {
  const there = () => findProgram(chromium) && findProgram(chromedriver);
  if (there()) return;
  if (process.getuid?.() === 0 && findProgram("apt-get")) {
    await debianPackages("chromium", ["chromium", "chromium-driver", "fonts-liberation"]);
  }
  if (there()) return;
  throw new Error(
    "Chromium or chromedriver is missing: install Debian's chromium and chromium-driver, or set CHROMIUM and CHROMEDRIVER",
  );
}

/** Where a program is, or undefined. */
export function findProgram(program) {
  if (program.includes("/")) return existsSync(program) ? program : undefined;
  const places = toolsPath.split(delimiter).map((folder) => join(folder, program));
  return places.find((place) => existsSync(place));
}
