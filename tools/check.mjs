// In: the checkout. Out: whether a change may land: every step has a name, runs in order, and the first that fails ends
// the check with the command that runs only that step again.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { installElizaServer, startElizaServer } from "../tests/eliza-server/server.mjs";
import { readArguments } from "./arguments.mjs";
import { build } from "./build.mjs";
import { chromedriver, nodeModulesBin, root, toolsPath } from "./paths.mjs";
import { endOnSignals, run, seconds, stopAll } from "./process.mjs";
import { browser, findProgram, npmPackages, rust, wasmTools } from "./setup.mjs";

const WASM_TARGET = ["--target", "wasm32-unknown-unknown"];

const steps = {
  format: {
    about: "rustfmt and Biome would change nothing, and Biome finds no mistake in the JavaScript",
    needs: ["npm", "rust"],
    async run({ fix }) {
      const sources = await files(["src", "bytes", "module", "sandbox", "tests", "fuzz"], ".rs");
      // By file, because cargo fmt does not see modules that are declared inside a macro.
      await run("rustfmt", ["--edition", "2024", ...(fix ? [] : ["--check"]), ...sources], {
        cwd: root,
      });
      await biome(fix ? ["check", "--write"] : ["check"]);
    },
  },
  contracts: {
    about: "every point of tests/CONTRACTS.md names a test that exists",
    needs: [],
    run: () => nodeTests("tests/contracts"),
  },
  clippy: {
    about: "clippy has no warning, for this machine and for wasm32",
    needs: ["rust"],
    async run() {
      const strict = ["--", "-D", "warnings"];
      await cargo("clippy", "--workspace", "--all-targets", ...strict);
      await cargo("clippy", "--package", "agentline", "--all-targets", ...WASM_TARGET, ...strict);
      for (const feature of ["read", "events", "meibel", "agentcloud", "eliza", "gateway"]) {
        const alone = ["--no-default-features", "--features", feature, "--lib"];
        await cargo("clippy", "--package", "agentline", ...alone, ...WASM_TARGET, ...strict);
      }
      await cargo("clippy", "--package", "agentline-module", "--lib", ...WASM_TARGET, ...strict);
      await cargo("clippy", "--package", "agentline-sandbox", "--lib", ...WASM_TARGET, ...strict);
    },
  },
  native: {
    about: "the Rust tests on this machine",
    needs: ["rust"],
    run: async () => someTestsRan(await cargo("test", "--workspace")),
  },
  "wasm-node": {
    about: "the wasm-bindgen tests in Node",
    needs: ["npm", "rust", "wasm"],
    run: () => wasmPackTest("--node"),
  },
  "wasm-chromium": {
    about: "the wasm-bindgen tests in headless Chromium",
    needs: ["npm", "rust", "wasm", "browser"],
    run: () => wasmPackTest("--headless", "--chrome", "--chromedriver", findProgram(chromedriver)),
  },
  build: {
    about: "pkg/ can be built",
    needs: ["npm", "rust", "wasm"],
    run: build,
  },
  types: {
    about:
      "strict TypeScript, publint, attw and typedoc find no fault in pkg/, whose declarations are those kept",
    needs: ["build"],
    run: () => nodeTests("tests/types"),
  },
  package: {
    about: "the packed tarball in Node, in a page, through Vite and in other runtimes",
    needs: ["build", "browser", "eliza"],
    run: () => nodeTests("tests/package"),
  },
  matrix: {
    about:
      "the quick cells of ./matrix: under a Content-Security-Policy, through esbuild, agentline/inline",
    needs: ["build", "browser", "rust"],
    run: () => nodeTests("tests/matrix"),
  },
  conformance: {
    about: "every case of the event-stream corpora in Node, in Chromium and in workerd",
    needs: ["build", "browser"],
    run: () => nodeTests("tests/conformance"),
  },
  json: {
    about: "the JSON reader takes generated and damaged documents as JSON.parse does",
    needs: ["build", "rust"],
    run: () => nodeTests("tests/json-differential"),
  },
  bench: {
    about: "what ./bench measures runs, and everybody finds the same; how fast is not asked",
    needs: ["build"],
    run: () => nodeTests("tests/bench"),
  },
  gateway: {
    about:
      "agentline/gateway between the client and servers, good ones and bad ones, over real HTTP",
    needs: ["build"],
    run: () => nodeTests("tests/gateway"),
  },
  worker: {
    about: "the Workers of examples/ in `wrangler dev`, with a page in front and servers behind",
    needs: ["build", "browser", "eliza"],
    async run() {
      await npmPackages(join(root, "tests", "worker"), { label: "npm ci (wrangler)" });
      await nodeTests("tests/worker");
    },
  },
  interfaces: {
    about: "React, Svelte and Solid show a conversation of the packed tarball",
    needs: ["build"],
    run: () => nodeTests("tests/interfaces"),
  },
  readme: {
    about: "the code blocks of README.md run",
    needs: ["build", "eliza"],
    run: () => nodeTests("tests/readme"),
  },
  sdks: {
    about: "official clients of the servers, which nobody here wrote, talk to the sandbox",
    needs: ["rust"],
    async run() {
      await npmPackages(join(root, "tests", "sdks"), {
        label: "npm ci (official clients)",
        args: ["--omit=optional"],
      });
      await nodeTests("tests/sdks");
    },
  },
  examples: {
    about: "the programs of examples/ run, unchanged, against every backend",
    needs: ["build", "eliza"],
    run: () => nodeTests("tests/examples"),
  },
  eliza: {
    about: "every operation and every bad input against a real elizaOS server",
    needs: ["build", "eliza"],
    run: () => nodeTests("tests/eliza-server"),
  },
  faults: {
    about:
      "turns in which servers and connections fail: nothing is doubled, lost or shown as what it is not",
    needs: ["build", "browser", "rust", "eliza"],
    run: () => nodeTests("tests/faults"),
  },
  demo: {
    about: "a headless Chromium clicks through the page",
    needs: ["build", "browser", "eliza"],
    run: () => nodeTests("tests/demo"),
  },
  commands: {
    about: "./demo and ./demo --eliza serve the page, and end cleanly",
    needs: ["build", "eliza"],
    run: () => nodeTests("tests/commands"),
  },
  "old-servers": {
    about:
      "the operations against elizaOS servers 1.7.0 and 1.6.5 (not part of ./check; asked for by name)",
    needs: ["build"],
    onRequest: true,
    run: () => nodeTests("tests/eliza-server/old"),
  },
};

// What a step stands on; each is seen to once, when the first step that needs it begins.
const foundations = {
  npm: () => npmPackages(),
  rust,
  wasm: wasmTools,
  browser,
  build: () => once("step build", () => steps.build.run({})),
  eliza: startSharedServer,
};

const begun = new Map();
function once(name, work) {
  if (!begun.has(name)) begun.set(name, work());
  return begun.get(name);
}

let sharedServer;
async function startSharedServer() {
  await once("install eliza", () => installElizaServer());
  sharedServer = await startElizaServer();
  const { url, agentId } = sharedServer;
  process.env.AGENTLINE_ELIZA_SERVER = JSON.stringify({ url, agentId });
}

async function cargo(command, ...args) {
  const [own, rest] = args.includes("--")
    ? [args.slice(0, args.indexOf("--")), args.slice(args.indexOf("--"))]
    : [args, []];
  return await run("cargo", [command, ...own, "--locked", ...rest], {
    cwd: root,
    label: `cargo ${command}`,
  });
}

async function wasmPackTest(...how) {
  const output = await run(
    "wasm-pack",
    ["test", ...how, "--mode", "no-install", root, "--locked"],
    {
      cwd: root,
      label: `wasm-pack test ${how[0]}`,
      // A test that names no place runs in Node; with this it runs in the browser too.
      env: { PATH: toolsPath, ...(how.includes("--chrome") && { WASM_BINDGEN_USE_BROWSER: "1" }) },
    },
  );
  someTestsRan(output);
}

function someTestsRan(output) {
  const passed = [...output.matchAll(/test result: ok\. (\d+) passed/g)].map(([, count]) =>
    Number(count),
  );
  if (passed.every((count) => count === 0)) throw new Error("no test ran");
}

async function biome(args) {
  await run(join(nodeModulesBin, "biome"), [...args, "--error-on-warnings"], { cwd: root });
}

async function nodeTests(folder) {
  const tests = (await readdir(join(root, folder)))
    .filter((file) => file.endsWith(".test.mjs"))
    .sort();
  if (tests.length === 0) throw new Error(`${folder} holds no test`);
  // One file at a time: two cores, and tests that measure time.
  const how = ["--test", "--test-reporter=spec", "--test-concurrency=1", "--test-timeout=300000"];
  await run(process.execPath, [...how, ...tests.map((file) => join(folder, file))], {
    cwd: root,
    label: folder,
    env: { PATH: toolsPath },
  });
}

async function files(folders, ending) {
  const found = [];
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && path.endsWith(ending) && !path.includes("node_modules"))
        found.push(path);
    }
  }
  return found;
}

async function runStep(name, options) {
  const began = Date.now();
  console.log(`\n■ ${name}: ${steps[name].about}`);
  try {
    for (const foundation of steps[name].needs) await once(foundation, foundations[foundation]);
    await (name === "build" ? foundations.build() : steps[name].run(options));
  } catch (error) {
    console.error(
      `\n${error.output ?? ""}✗ ${name} failed after ${seconds(began)}: ${error.message}`,
    );
    console.error(`  run only this step again: ./check --only ${name}`);
    return false;
  }
  console.log(`✓ ${name} (${seconds(began)})`);
  times.push([name, seconds(began)]);
  return true;
}

const times = [];

async function check(chosen, options) {
  const began = Date.now();
  if (chosen.some((name) => steps[name]?.needs.includes("eliza"))) {
    // Its packages take a minute to arrive, during which cargo compiles. A failure is told by the step that needs it.
    once("install eliza", () => installElizaServer()).catch(() => {});
  }
  for (const name of chosen) {
    if (!(await runStep(name, options))) return false;
  }
  console.log(`\n${times.map(([name, time]) => `  ${time.padStart(9)}  ${name}`).join("\n")}`);
  console.log(`  ${seconds(began).padStart(9)}  all of it: every step passed`);
  return true;
}

const HELP = `./check                 all steps, in order, up to the first that fails
./check --only a,b      only these steps (and what they stand on)
./check --from a        this step and all after it
./check --fix           let the formatters write
./check --old-servers   all steps, and the elizaOS servers 1.7.0 and 1.6.5 (two minutes more)
./check --list          the steps
`;

const values = readArguments(
  {
    only: { type: "string" },
    from: { type: "string" },
    fix: { type: "boolean" },
    "old-servers": { type: "boolean" },
    list: { type: "boolean" },
  },
  HELP,
);

function selection() {
  const names = Object.keys(steps);
  const asked = values.only?.split(",") ?? (values.from ? [values.from] : []);
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown) {
    console.error(`there is no step ${unknown}; ./check --list names them`);
    process.exit(2);
  }
  if (values.fix) return ["format"];
  if (values.only) return asked;
  const usual = names.filter((name) => !steps[name].onRequest || values["old-servers"]);
  return values.from ? usual.slice(usual.indexOf(values.from)) : usual;
}

if (values.list) {
  for (const [name, { about }] of Object.entries(steps)) console.log(`${name.padEnd(14)} ${about}`);
} else {
  endOnSignals();
  const passed = await check(selection(), values);
  await sharedServer?.stop();
  await stopAll();
  process.exit(passed ? 0 : 1);
}
