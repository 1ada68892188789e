// In: a version and an environment. Out: a running, real elizaOS server on 127.0.0.1, installed first if it is not there.
// What to say to its agent is in scripted-plugin.mjs; what the server does is in its own hands.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../tools/paths.mjs";
import { start, stop } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";

export const currentVersion = "1.7.2";
export const olderVersions = ["1.7.0", "1.6.5"];
const INSTALL = ["--omit=dev", "--omit=optional"];
const READY_MS = 120_000;

/** Installs a version (about a minute and 280 MB the first time) and tells its folder. */
export async function installElizaServer(version = currentVersion) {
  const label = `npm ci (elizaOS server ${version})`;
  if (version === currentVersion) {
    await npmPackages(import.meta.dirname, { label, args: INSTALL });
    return import.meta.dirname;
  }
  // No lock file is kept for the older ones: npm resolves what lies beneath them anew.
  const folder = join(root, "target", "eliza-server", version);
  await mkdir(folder, { recursive: true });
  for (const file of ["start.mjs", "scripted-plugin.mjs"]) {
    await cp(join(import.meta.dirname, file), join(folder, file));
  }
  const manifest = await readFile(join(import.meta.dirname, "package.json"), "utf8");
  await writeFile(join(folder, "package.json"), manifest.replaceAll(currentVersion, version));
  await npmPackages(folder, { label, args: INSTALL });
  return folder;
}

/**
 * Starts a server of one's own. `env` goes to it (README.md), `log` gets each line that it writes.
 * Resolves when it answers; `stop()` ends it and removes its database; `exited` resolves when it
 * has ended.
 */
export async function startElizaServer({ version, env = {}, log = () => {} } = {}) {
  const folder = await installElizaServer(version);
  const data = await mkdtemp(join(tmpdir(), "agentline-eliza-"));
  const child = start(process.execPath, ["start.mjs"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    env: { PORT: "0", STOP_WITH_STDIN: "1", ELIZA_FIXTURE_DIR: data, ...env },
  });
  // Whoever ends it, the database goes with it.
  child.exited = child.exited.then(async (end) => {
    await rm(data, { recursive: true, force: true, maxRetries: 3 });
    return end;
  });
  const written = [];
  const remember = (line) => {
    log(line);
    written.push(line);
    if (written.length > 40) written.shift();
  };
  createInterface({ input: child.stderr }).on("line", remember);
  const lines = createInterface({ input: child.stdout });
  let timer;
  try {
    const ready = await new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        remember(line);
        if (line.startsWith('{"ready":true')) resolve(JSON.parse(line));
      });
      child.exited.then(({ code, signal }) => reject(new Error(`it ended with ${signal ?? code}`)));
      timer = setTimeout(() => reject(new Error(`it was not ready in ${READY_MS} ms`)), READY_MS);
    });
    return {
      url: ready.url,
      agentId: ready.agentId,
      pid: child.pid,
      exited: child.exited,
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw new Error(`the elizaOS server did not start: ${error.message}\n${written.join("\n")}`);
  } finally {
    clearTimeout(timer);
  }
}

/** The server that ./check started for all tests, or else one of one's own. Leaves its settings alone. */
export async function sharedElizaServer() {
  const shared = process.env.AGENTLINE_ELIZA_SERVER;
  if (shared) return { ...JSON.parse(shared), stop: async () => {} };
  return startElizaServer();
}
