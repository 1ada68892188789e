// In: nothing, or files to serve. Out: the sandbox as a real server on 127.0.0.1, built first if need be.
// AGENTLINE_SANDBOX_BIN names a binary to take instead.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cargoTarget, root } from "../../tools/paths.mjs";
import { run, start, stop } from "../../tools/process.mjs";

const READY_MS = 20_000;

async function binary() {
  if (process.env.AGENTLINE_SANDBOX_BIN) return process.env.AGENTLINE_SANDBOX_BIN;
  const which = ["--package", "agentline-sandbox", "--bin", "agentline-sandbox"];
  await run("cargo", ["build", "--locked", ...which], {
    cwd: root,
    capture: true,
    label: "cargo build agentline-sandbox",
  });
  return join(cargoTarget, "debug", "agentline-sandbox");
}

/**
 * `files`: pairs such as ["/", folder] that the sandbox serves beside its API. `options`: more of its command line.
 * Resolves when it answers.
 */
export async function startSandbox({ files = [], options = [] } = {}) {
  const served = files.flatMap(([path, folder]) => ["--files", `${path}=${folder}`]);
  const child = start(await binary(), ["--port", "0", ...served, ...options]);
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  const line = await new Promise((resolve, reject) => {
    const late = () => reject(new Error(`the sandbox was not ready in ${READY_MS} ms`));
    const timer = setTimeout(late, READY_MS);
    child.exited.then(() => reject(new Error(`the sandbox ended at once: ${complaints}`)));
    createInterface({ input: child.stdout }).once("line", (first) => {
      clearTimeout(timer);
      resolve(first);
    });
  });
  const { ready: _, ...told } = JSON.parse(line);
  return { ...told, stop: () => stop(child) };
}
