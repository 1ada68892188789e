// One participant of one scenario, in a process of its own. In: its name, and "run" as often as it is its turn.
// Out: the time that the main thread spent, and what was found. Started by measure.mjs.
import { readFileSync } from "node:fs";
import { scenarios } from "./scenarios.mjs";

const [scenario, name] = process.argv.slice(2);
const { given, found: wanted } = scenarios[scenario].make();
const participate = await scenarios[scenario].entries[name].load();

// The main thread's time on the CPU is far steadier than the clock on a machine that others use too. Linux only.
function milliseconds() {
  try {
    const [onCpu] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(onCpu) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  }
}

async function turn() {
  const began = milliseconds();
  const found = await participate(...given);
  const spent = milliseconds() - began;
  if (wanted && (found.count !== wanted.count || found.sum !== wanted.sum))
    throw new Error(`found ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  return { spent, found };
}

process.on("message", async () => {
  try {
    process.send(await turn());
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
