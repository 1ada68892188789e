// How large the memory of WebAssembly is after many events. For bench.mjs a library; told what to read, it reads in a
// process of its own. The memory is found where the platform makes the instance, so nothing of the package is known here.
import process from "node:process";
import { alone, tell, told } from "./alone.mjs";
import { elizaStream, eventStream, ids, modelStream } from "./bodies.mjs";

const BLOCK = 10_000;
export const FEW = BLOCK;
export const MANY = 1_000_000;

const CUTS = { "one event a chunk": "event", "16 KiB chunks": 16384 };

/** `{ what, few, many, held }`: the bytes after few and after many events; `held`, of what the answer itself is. */
export async function memory(share) {
  const rows = [];
  for (const what of ["readEvents", "streamMessage"]) {
    for (const cutting of Object.keys(CUTS)) {
      const words = [what, cutting, `${share}`];
      const { lines, inTime } = await alone(import.meta.filename, words, { patience: 280_000 });
      if (!inTime) throw new Error(`${what}, ${cutting}, came to no end`);
      rows.push({ what: `${what}, ${cutting}`, ...lines[0] });
    }
  }
  return rows;
}

const memories = new Set();

function watchInstances() {
  const { Instance, instantiate, instantiateStreaming } = WebAssembly;
  const seen = (instance) => {
    for (const value of Object.values(instance.exports))
      if (value instanceof WebAssembly.Memory) memories.add(value);
    return instance;
  };
  WebAssembly.Instance = new Proxy(Instance, {
    construct: (target, words) => seen(new target(...words)),
  });
  const watched =
    (make) =>
    async (...words) => {
      const made = await make.apply(WebAssembly, words);
      seen(made.instance ?? made);
      return made;
    };
  WebAssembly.instantiate = watched(instantiate);
  WebAssembly.instantiateStreaming = watched(instantiateStreaming);
}

const bytes = () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

/** The chunks between a first and a last one so many times over, one a pull. */
function repeating({ first = [], middle, last = [] }, times) {
  const parts = [first, ...Array(times).fill(middle), last];
  let part = 0;
  let place = 0;
  return new ReadableStream(
    {
      pull(controller) {
        while (part < parts.length && place === parts[part].length) {
          part++;
          place = 0;
        }
        if (part < parts.length) controller.enqueue(parts[part][place++]);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The events that are repeated, without the one that begins and the one that ends an answer. */
function block(what, size) {
  const { chunks } = (what === "readEvents" ? modelStream : elizaStream)(BLOCK, "event");
  const joined = (some) => new Uint8Array(Buffer.concat(some));
  const again = (some) => {
    const all = joined(some);
    const cut = [];
    for (let start = 0; start < all.length; start += size) cut.push(all.slice(start, start + size));
    return cut;
  };
  const middle = what === "readEvents" ? chunks : chunks.slice(1, -1);
  return {
    ...(what !== "readEvents" && { first: chunks.slice(0, 1), last: chunks.slice(-1) }),
    middle: size === "event" ? middle : again(middle),
  };
}

async function measure(what, cutting, share) {
  watchInstances();
  const times = Math.max(2, Math.round((MANY / BLOCK) * share));
  const body = repeating(block(what, CUTS[cutting]), times);
  let count = 0;
  let few;
  let held = 0;
  const take = () => {
    if (++count === FEW) few = bytes();
  };
  if (what === "readEvents") {
    const { readEvents } = await import("agentline");
    for await (const _ of readEvents(body)) take();
  } else {
    const { connected } = await import("./connected.mjs");
    const { client, answers } = await connected();
    answers.current = () => eventStream(body);
    for await (const event of client.streamMessage(ids.session, "go")) {
      if (event.type !== "content") continue;
      held += Buffer.byteLength(event.delta);
      take();
    }
  }
  if (count !== times * BLOCK) throw new Error(`${count} events instead of ${times * BLOCK}`);
  if (!(few > 0)) throw new Error("no memory of WebAssembly was made");
  tell({ few, many: bytes(), count, held });
}

const words = told(import.meta.filename);
if (words) {
  const [what, cutting, share] = words;
  await measure(what, cutting, Number(share));
  process.exit(0);
}
