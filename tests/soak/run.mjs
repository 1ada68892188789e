// In: how many turns, how long, a seed. Out: whether the package, in so many turns in which things go wrong, doubled or lost
// a message, showed another answer, or kept memory or timers. It is no part of ./check.
import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "../../tools/arguments.mjs";
import { build } from "../../tools/build.mjs";
import { endOnSignals, stopAll } from "../../tools/process.mjs";
import { faultySandbox } from "../faults/sandbox.mjs";
import { Turns } from "../faults/turns.mjs";
import { packedModule } from "../package/pack.mjs";

const BACKENDS = ["meibel", "agentcloud", "eliza"];
const LOOKS = 20;
// What the last look may find more than the one after a fifth of the turns. A leak of a kilobyte a turn would be 8 MB.
const GROWTH = { heap: 3_000_000, wasm: 0 };

const HELP = `node --expose-gc tests/soak/run.mjs    10,000 turns in an hour, a third with each backend
  --turns N      so many turns
  --minutes N    spread over so long; 0: as fast as they go
  --seed N       the same seed draws the same turns; default: another one each time, which is told`;

const values = readArguments(
  { turns: { type: "string" }, minutes: { type: "string" }, seed: { type: "string" } },
  HELP,
);
const total = Number(values.turns ?? 10_000);
const minutes = Number(values.minutes ?? 60);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
if (globalThis.gc === undefined) {
  console.error("memory is looked at after a collection: node --expose-gc tests/soak/run.mjs");
  process.exit(2);
}

endOnSignals();
await build();
const memories = watchMemories();
const { connect } = await packedModule();
const { createSandbox } = await packedModule("agentline/sandbox");

console.log(`seed ${seed}: ${total} turns in ${minutes} minutes`);
const began = Date.now();
const wrong = [];
const looks = [];
const lanes = await Promise.all(BACKENDS.map(lane));
tell();
await stopAll();
process.exit(wrong.length > 0 ? 1 : 0);

/** Every memory that a module of WebAssembly has from now on. */
function watchMemories() {
  const found = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(module, imports) {
      super(module, imports);
      const { memory } = this.exports;
      if (memory instanceof WebAssembly.Memory) found.push(memory);
    }
  };
  return found;
}

async function lane(backend) {
  const sandbox = await faultySandbox(createSandbox, seed);
  const turns = new Turns({ connect, sandbox, backend, seed });
  await turns.open();
  const share = Math.ceil(total / BACKENDS.length);
  while (turns.count < share) {
    for (const sentence of await turns.next()) {
      wrong.push(sentence);
      console.log(`✗ ${sentence}`);
    }
    if (backend === BACKENDS[0] && turns.count % Math.ceil(share / LOOKS) === 0) look(turns.count);
    const due = began + (minutes * 60_000 * turns.count) / share;
    if (due > Date.now()) await sleep(due - Date.now());
  }
  await sandbox.stop();
  return turns;
}

function look(count) {
  globalThis.gc();
  const { heapUsed: heap, rss } = process.memoryUsage();
  const wasm = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  looks.push({ heap, wasm, rss, timers });
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1).padStart(7);
  console.log(
    `${String(count).padStart(6)} turns a backend: heap ${megabytes(heap)} MB, WebAssembly ${megabytes(wasm)} MB, process ${megabytes(rss)} MB, ${timers} timers, ${wrong.length} wrong`,
  );
}

function tell() {
  for (const { backend, ends } of lanes) console.log(`${backend}: ${JSON.stringify(ends)}`);
  const [from, to] = [looks[Math.floor(looks.length / 5)], looks.at(-1)];
  for (const [what, most] of Object.entries(GROWTH)) {
    const grown = to[what] - from[what];
    console.log(`${what}: ${grown} bytes more than after a fifth of the turns`);
    if (grown > most) wrong.push(`the ${what} has grown by ${grown} bytes`);
  }
  const minutesTaken = ((Date.now() - began) / 60_000).toFixed(1);
  console.log(`${total} turns in ${minutesTaken} minutes, seed ${seed}: ${wrong.length} wrong`);
}
