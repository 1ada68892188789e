// Out: the time that the main thread spent on the CPU, in milliseconds, which is far steadier than the clock on a machine
// that others use too. Linux only; elsewhere what all threads used. In Node, Deno and Bun.
import { readFileSync } from "node:fs";
import process from "node:process";

const pause = new Int32Array(new SharedArrayBuffer(4));

export function milliseconds() {
  // The kernel counts at its ticks and where a thread gives up the CPU: a wait makes it count now.
  Atomics.wait(pause, 0, 0, 0.1);
  try {
    const [onCpu] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(onCpu) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  }
}
