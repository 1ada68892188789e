// In: the page in www/ and the package in pkg/. Out: both served on 127.0.0.1, with the sandbox behind them, or a real
// elizaOS server in the place of the sandbox's, until Ctrl+C. What the page does is its own matter.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startElizaServer } from "../tests/eliza-server/server.mjs";
import { readArguments } from "./arguments.mjs";
import { build } from "./build.mjs";
import { pageConfig } from "./page-config.mjs";
import { cargoTarget, packageFolder, root, target } from "./paths.mjs";
import { endOnSignals, isEnding, run, start, stopAll } from "./process.mjs";
import { findProgram } from "./setup.mjs";

const USUAL_PORT = 8787;
const READY_MS = 20_000;

const HELP = `./demo            the page, with the sandbox behind it: elizaOS, Meibel and Agent Cloud
./demo --eliza    the same with a real elizaOS server (installed from npm the first time: 280 MB)
        --port N  the page's port (default ${USUAL_PORT}, or a free one if that is taken)
        --no-open do not open a browser
Ctrl+C ends it.`;

async function serve({ eliza, port, open }) {
  await build();
  await run(
    "cargo",
    ["build", "--locked", "--package", "agentline-sandbox", "--bin", "agentline-sandbox"],
    {
      cwd: root,
      label: "cargo build agentline-sandbox",
    },
  );
  const site = await siteFolder();
  const sandbox = await startSandbox(site, port);
  const config = pageConfig(sandbox, sandbox.url);
  if (eliza) config.eliza = await startEliza();
  await writeFile(join(site, "config.json"), JSON.stringify(config));
  console.log(`\nagentline demo: ${sandbox.url}/`);
  const all = "the sandbox, as elizaOS, Meibel and Agent Cloud";
  const mixed = `elizaOS at ${config.eliza.baseUrl}; the sandbox as Meibel and Agent Cloud`;
  console.log(`  behind it: ${eliza ? mixed : all}   (Ctrl+C ends it)`);
  if (open) openBrowser(`${sandbox.url}/`);
}

// A folder of links, so that a change in www/ or pkg/ shows at the next reload.
let site;
async function siteFolder() {
  await mkdir(target, { recursive: true });
  site = await mkdtemp(join(target, "demo-"));
  for (const name of await readdir(join(root, "www"))) {
    await symlink(join(root, "www", name), join(site, name));
  }
  await symlink(packageFolder, join(site, "pkg"));
  return site;
}

async function startSandbox(folder, port) {
  const program = join(cargoTarget, "debug", "agentline-sandbox");
  const child = start(program, ["--port", String(port), "--files", `/=${folder}`]);
  child.stderr.pipe(process.stderr);
  endWith(child, "the sandbox");
  return await firstLine(child, "the sandbox");
}

async function startEliza() {
  console.log("  a real elizaOS server starts (some 15 seconds)");
  const server = await startElizaServer();
  endWith(server, "the elizaOS server");
  return { baseUrl: server.url, agentId: server.agentId };
}

function firstLine(child, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready in ${READY_MS} ms`)),
      READY_MS,
    );
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(JSON.parse(line));
    });
  });
}

// Without what stands behind it the page is of no use: then everything ends.
function endWith(child, name) {
  child.exited.then(async ({ code, signal }) => {
    if (isEnding()) return;
    console.error(`${name} ended by itself (${signal ?? `code ${code}`})`);
    await end();
    process.exit(1);
  });
}

async function end() {
  await stopAll();
  if (site) await rm(site, { recursive: true, force: true });
}

async function freePort(wanted) {
  const probe = createServer();
  const taken = (port) =>
    new Promise((resolve) => {
      probe.once("error", () => resolve(true));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(false)));
    });
  return (await taken(wanted)) ? 0 : wanted;
}

function openBrowser(address) {
  const seen = process.env.DISPLAY || process.env.WAYLAND_DISPLAY || process.platform === "darwin";
  const opener = findProgram("xdg-open") ?? findProgram("open");
  if (seen && opener && process.stdout.isTTY) start(opener, [address], { stdio: "ignore" });
}

const options = readArguments(
  {
    eliza: { type: "boolean" },
    port: { type: "string" },
    "no-open": { type: "boolean" },
  },
  HELP,
);
endOnSignals({ code: 0, after: () => site && rm(site, { recursive: true, force: true }) });
const port = options.port === undefined ? await freePort(USUAL_PORT) : Number(options.port);
await serve({ eliza: options.eliza, port, open: !options["no-open"] }).catch(async (error) => {
  console.error(`demo failed: ${error.message}\n${error.output ?? ""}`);
  await end();
  process.exit(1);
});
