// What is measured: for each scenario who takes part, what they are given, and what they must have found in it. It runs in
// every runtime. `share` makes it smaller.
import { aguiStream, elizaStream, history, modelStream } from "./bodies.mjs";
import * as histories from "./histories.mjs";
import * as readers from "./readers.mjs";
import * as streams from "./streams.mjs";

const WEIGHTS = {
  thin: { fat: false, events: 12_000 },
  fat: { fat: true, events: 2_500 },
};
const CHUNKS = { "one event a chunk": "event", "16 KiB chunks": 16384 };
// So many readings that a turn takes a while. An elizaOS server gives 100 messages at most, and a page of so many leaves open
// whether there are older ones; a Meibel server gives all it has.
const PAGES = [
  { server: "elizaOS", backend: "eliza", messages: 99, times: 100 },
  { server: "Meibel", backend: "meibel", messages: 100, times: 100 },
  { server: "Meibel", backend: "meibel", messages: 10_000, times: 1 },
];

const bytesOf = (chunks) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** `{ part, entries, reference, delivered?, make(share) }`; what `make` gives is what each entry is given. */
export const scenarios = {};

for (const [weight, { fat, events }] of Object.entries(WEIGHTS)) {
  for (const [cutting, size] of Object.entries(CHUNKS)) {
    scenarios[`read, ${weight} events, ${cutting}`] = {
      part: "read",
      entries: readers.readers,
      reference: readers.reference,
      delivered: readers.delivered,
      make(share) {
        const stream = modelStream(Math.ceil(events * share), size, fat);
        return { ...stream, found: { ...stream.found, bytes: bytesOf(stream.chunks) } };
      },
    };
    scenarios[`stream, ${weight} events, ${cutting}`] = {
      part: "stream",
      entries: streams.streams,
      reference: streams.reference,
      delivered: streams.delivered,
      make(share) {
        const count = Math.ceil(events * share);
        const stream = elizaStream(count, size, fat);
        const agui = aguiStream(count, size, fat);
        return { ...stream, agui, found: { ...stream.found, bytes: bytesOf(stream.chunks) } };
      },
    };
  }
}

for (const { server, backend, messages, times } of PAGES) {
  for (const withRaw of [false, true]) {
    const fields = `every field ${withRaw ? "and" : "but"} raw`;
    scenarios[`history, ${messages.toLocaleString("en")} messages of ${server}, ${fields}`] = {
      part: "history",
      entries: histories.histories[backend],
      reference: histories.reference,
      make(share) {
        const count = Math.ceil(messages * share);
        const given = { bytes: history(backend, count), count, withRaw };
        return { ...given, times: Math.ceil(times * share), found: undefined };
      },
    };
  }
}

/** Throws where what was found is not what is there; what a reader does not see, it is not asked for. */
export function verify(found, wanted) {
  for (const [what, count] of Object.entries(found)) {
    if (wanted && count !== wanted[what])
      throw new Error(`found ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}
