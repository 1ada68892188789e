// In: a command line. Out: its end, as a promise, while its output passes through. Every child is ended when this
// process is asked to end. What the commands mean is left to the caller.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

// The outermost command gives each child a process group of its own and ends whole groups, because `npm` and `cargo`
// do not pass signals on. A command inside a command stays in the group it was born in, so that nothing can get out.
const NESTED = "AGENTLINE_NESTED";
const nested = process.env[NESTED] === "1";
const GRACE_MS = 2_000;
const SILENCE_MS = 15_000;

const children = new Set();
let ending = false;

export class CommandFailed extends Error {
  constructor(label, code, signal, output) {
    super(`${label} ${signal ? `was ended by ${signal}` : `ended with code ${code}`}`);
    this.name = "CommandFailed";
    this.output = output;
  }
}

/** Starts a command; it does not outlive this process. `options` are those of `spawn`. */
export function start(command, args = [], options = {}) {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env: { ...process.env, ...options.env, [NESTED]: "1" },
    detached: !nested,
  });
  child.exited = new Promise((resolve) => {
    const settle = (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    };
    child.once("exit", settle);
    child.once("error", (error) => {
      child.failure = error;
      settle(127, null);
    });
  });
  children.add(child);
  if (ending) signalTo(child, "SIGKILL");
  return child;
}

/**
 * Runs a command to its end and rejects if that is not code 0.
 * Resolves with what went to stdout. capture: keep the output instead of showing it (it is part of the error).
 * While a shown command is silent, a line tells every 15 seconds that it still runs.
 */
export async function run(
  command,
  args = [],
  { label = command, capture = false, ...options } = {},
) {
  const child = start(command, args, options);
  const began = Date.now();
  let last = began;
  let standardOutput = "";
  let all = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    last = Date.now();
    if (!capture) process.stdout.write(text);
    standardOutput += text;
    all += capture ? text : "";
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    last = Date.now();
    if (!capture) process.stderr.write(text);
    all += capture ? text : "";
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  const heartbeat = setInterval(() => {
    if (Date.now() - last < SILENCE_MS - 500) return;
    last = Date.now();
    process.stdout.write(`    … ${label}: ${seconds(began)}\n`);
  }, 1_000);
  const { code, signal } = await child.exited;
  clearInterval(heartbeat);
  // This process is about to end; what was cut off is no failure of the command.
  if (ending) await new Promise(() => {});
  if (child.failure?.code === "ENOENT") throw new Error(`${command} is missing`);
  if (child.failure) throw child.failure;
  // All of a captured output is wanted; of a shown one, a grandchild that keeps the pipe open must not hold this up.
  await (capture ? closed : Promise.race([closed, sleep(1_000, undefined, { ref: false })]));
  if (code !== 0) throw new CommandFailed(label, code, signal, all);
  return standardOutput;
}

/** Whether this process is about to end, so that a child's end is no surprise. */
export const isEnding = () => ending;

/** Ends one child (and what it started): politely, then by force. */
export async function stop(child, grace = GRACE_MS) {
  if (!children.has(child)) return;
  signalTo(child, "SIGTERM");
  const gone = await Promise.race([
    child.exited.then(() => true),
    sleep(grace, false, { ref: false }),
  ]);
  if (!gone) signalTo(child, "SIGKILL");
  await child.exited;
  // A member of the group may outlive its leader.
  if (!nested) signalTo(child, "SIGKILL");
}

export async function stopAll() {
  ending = true;
  await Promise.all([...children].map((child) => stop(child)));
}

function signalTo(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(nested ? child.pid : -child.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Ctrl+C and its like: all children end, then `after` runs, then this process ends with `code` (default: 128 + signal). */
export function endOnSignals({ code, after = async () => {} } = {}) {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, async () => {
      if (ending) return;
      await stopAll();
      await after();
      process.exit(code ?? 128 + number);
    });
  }
}

export function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
