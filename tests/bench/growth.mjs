// How the time of a reader grows when its input is doubled, and where a reader stops taking in a line that never ends.
// For bench.mjs a library; told the name of a reader and what to read, that reader in a process of its own.
import process from "node:process";
import { alone, tell, told } from "./alone.mjs";
import { streamOf } from "./bodies.mjs";
import { milliseconds } from "./clock.mjs";
import { inputs } from "./pathological.mjs";
import { readers } from "./readers.mjs";

const DOUBLINGS = 2;
const RUNS = 2;
const PATIENCE_MS = 8_000;
// Larger than any event of these inputs: there the refusal is not what is measured.
const MOST = 1 << 28;
const ENDLESS = 50_000_000;
const CHUNK = new Uint8Array(65536).fill(120);

const compared = [
  "eventsource-parser, reader loop",
  "eventsource-parser, TransformStream",
  "openai",
  "@anthropic-ai/sdk",
  "@microsoft/fetch-event-source",
];
const participants = {
  "agentline readEvents": {
    async load() {
      const { readEvents } = await import("agentline");
      return async ({ chunks }) => {
        let count = 0;
        for await (const _ of readEvents(streamOf(chunks), { maxEventBytes: MOST })) count++;
        return { count };
      };
    },
  },
  ...Object.fromEntries(compared.map((name) => [name, readers[name]])),
  "bound: read and decoded": {
    async load() {
      return async ({ chunks }) => {
        const decoder = new TextDecoder();
        for await (const chunk of streamOf(chunks)) decoder.decode(chunk, { stream: true });
      };
    },
  },
};

/**
 * `{ name, times, growth, flaw? }` of each reader: the times as multiples of ours at the first size, and how much more time
 * twice the input takes, from the first size to the last that came in time.
 */
export async function growth(
  input,
  share,
  { names = Object.keys(participants), patience = PATIENCE_MS } = {},
) {
  const rows = [];
  for (const name of names) {
    const words = [name, input, `${share}`];
    const { lines, inTime } = await alone(import.meta.filename, words, { patience });
    const times = lines.flatMap(({ time }) => time ?? []);
    const flaw = inTime ? lines.find(({ flaw }) => flaw)?.flaw : "too slow to wait for";
    rows.push({ name, times, flaw });
  }
  const [own] = rows[0].times;
  return rows.map(({ name, times, flaw }) => ({
    name,
    flaw,
    times: times.map((time) => time / own),
    growth: times.length > 1 ? (times.at(-1) / times[0]) ** (1 / (times.length - 1)) : undefined,
  }));
}

/** Of each reader, with nothing said about limits: the bytes that it took of a line of 50 MB, and what it said. */
export async function refusals({
  names = ["agentline readEvents", ...compared],
  patience = PATIENCE_MS,
} = {}) {
  const rows = [];
  for (const name of names) {
    const { lines, inTime } = await alone(import.meta.filename, [name], { patience });
    rows.push({ name, ...(inTime ? lines[0] : { said: "too slow to wait for" }) });
  }
  return rows;
}

async function measure(name, input, share) {
  const read = await participants[name].load();
  const { least, make } = inputs[input];
  for (let doubling = 0; doubling <= DOUBLINGS; doubling++) {
    const given = make(Math.ceil(least * share) << doubling);
    let time = Number.POSITIVE_INFINITY;
    // The first size is also where the code becomes warm.
    for (let run = doubling === 0 ? -RUNS : 0; run < RUNS; run++) {
      const began = milliseconds();
      const found = await read(given);
      time = Math.min(time, milliseconds() - began);
      if (found && found.count !== given.count)
        return tell({ flaw: `found ${found.count} of ${given.count} events` });
    }
    tell({ time });
  }
}

async function refuse(name) {
  const read = await readers[name].load();
  let taken = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        const chunk = taken === 0 ? new TextEncoder().encode("data: ") : CHUNK;
        taken += chunk.length;
        controller.enqueue(chunk);
        if (taken >= ENDLESS) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  try {
    await read({ body });
    tell({ taken, said: "nothing" });
  } catch (error) {
    tell({ taken, said: error.kind ?? error.message });
  }
}

const words = told(import.meta.filename);
if (words) {
  const [name, input, share] = words;
  try {
    if (input) await measure(name, input, Number(share));
    else await refuse(name);
  } catch (error) {
    tell({ flaw: error.message });
  }
  process.exit(0);
}
