// In: a scenario. Out: for each runtime the participants in it, each of which takes a turn when it is asked to: in Node,
// Deno and Bun processes of their own, all alive at once; in a browser and in workerd all in one page or Worker.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { nodeModulesBin } from "../../tools/paths.mjs";
import { run, start, stop } from "../../tools/process.mjs";
import { browser, findProgram } from "../../tools/setup.mjs";
import { bun } from "../package/bun.mjs";
import { openChromium } from "../package/chromium.mjs";
import { startWorker } from "../package/workerd.mjs";
import { pageStarter, shownPage } from "./pages.mjs";
import { inProcesses } from "./start.mjs";

const here = import.meta.dirname;
const FIREFOX = process.env.FIREFOX ?? "firefox-esr";

/**
 * A runtime is `{ version, clock, open(scenario, names, share), starter?, close() }`, or `{ missing }` with why it is left
 * out. `starter` starts what start.mjs measures.
 */
export const runtimes = {
  node: () => processes([process.execPath], process.versions.node),
  chromium: async () => {
    await browser();
    const browserProcess = await openChromium();
    const shown = await shownPage(async (url) => {
      await (await browserProcess.newPage()).goto(url);
    }, inOneRealm);
    const close = () => Promise.all([browserProcess.close(), shown.close()]);
    const version = browserProcess.version();
    return { ...shown, version, starter: pageStarter(browserProcess), close };
  },
  deno: async () => {
    const deno = join(nodeModulesBin, "deno");
    const version = (await told(deno)).split(" ")[1];
    return processes([deno, "run", "--allow-all", "--node-modules-dir=manual"], version);
  },
  bun: async () => processes([bun()], (await told(bun())).trim()),
  workerd,
  firefox,
};

const told = (program) => run(program, ["--version"], { capture: true });

async function processes(command, version) {
  const [program, ...before] = command;
  async function open(scenario, names, share) {
    const participants = names.map((name) => {
      const child = start(program, [...before, "turn.mjs"], {
        cwd: here,
        stdio: ["pipe", "pipe", "inherit"],
        env: { DENO_NO_UPDATE_CHECK: "1" },
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const turn = async () => {
        child.stdin.write(`${JSON.stringify({ scenario, name, share })}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error(`${name} ended before it answered`);
        return JSON.parse(value);
      };
      return { name, child, turn };
    });
    const close = () => Promise.all(participants.map(({ child }) => stop(child)));
    return { participants, close };
  }
  const clock = "the main thread's time on the CPU";
  return { version, clock, open, starter: inProcesses(command), async close() {} };
}

/** All in one realm: `ask` is given a question and gives the answer. */
function inOneRealm(ask) {
  return async (scenario, names, share) => ({
    participants: names.map((name) => ({ name, turn: () => ask({ scenario, name, share }) })),
    async close() {},
  });
}

async function firefox() {
  const program = findProgram(FIREFOX);
  if (!program) return { missing: `${FIREFOX} is not installed (FIREFOX names another)` };
  const version = (await told(program)).trim().split(" ").at(-1);
  const profile = await mkdtemp(join(tmpdir(), "agentline-firefox-"));
  let child;
  const shown = await shownPage(async (url) => {
    const how = ["--headless", "--no-remote", "--profile", profile, url];
    child = start(program, how, { stdio: "ignore" });
  }, inOneRealm);
  const close = async () => {
    await stop(child);
    await shown.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { ...shown, version, close };
}

async function workerd() {
  const project = await mkdtemp(join(tmpdir(), "agentline-bench-"));
  const worker = JSON.stringify(join(here, "worker.mjs"));
  await writeFile(join(project, "worker.mjs"), `export { default } from ${worker};\n`);
  const miniflare = await startWorker(project, "worker.mjs");
  const { version } = JSON.parse(
    await readFile(new URL(import.meta.resolve("workerd/package.json")), "utf8"),
  );
  async function ask(question) {
    const began = performance.now();
    const request = { method: "POST", body: JSON.stringify(question) };
    const response = await miniflare.dispatchFetch("http://localhost/", request);
    const said = await response.json();
    return { ...said, time: performance.now() - began };
  }
  return {
    version,
    clock: "the clock on the wall, from outside",
    open: inOneRealm(ask),
    async close() {
      await miniflare.dispose();
      await rm(project, { recursive: true });
    },
  };
}
