// What is measured: for each scenario who takes part, what they are given, and what they must have found in it.
import { elizaHistory, elizaStream, modelStream } from "./bodies.mjs";
import { historyClients, historyReference, streamClients, streamReference } from "./clients.mjs";
import { readers, reference } from "./readers.mjs";

const EVENTS = 50_000;
const CHUNKS = { "one event a chunk": "event", "16 KiB chunks": 16384 };
const DATA = { text: "data left as text", json: "data parsed as JSON" };

export const scenarios = {};

for (const [cutting, size] of Object.entries(CHUNKS)) {
  for (const [mode, about] of Object.entries(DATA)) {
    scenarios[`read, ${cutting}, ${about}`] = {
      part: "read",
      entries: Object.fromEntries(
        Object.entries(readers).filter(([, { modes }]) => !modes || modes.includes(mode)),
      ),
      reference,
      make() {
        const { chunks, found } = modelStream(EVENTS, size);
        return { given: [chunks, mode], found: found[mode] };
      },
    };
  }
}

for (const [cutting, size] of Object.entries(CHUNKS)) {
  scenarios[`stream, ${cutting}`] = {
    part: "stream",
    entries: streamClients,
    reference: streamReference,
    make() {
      const { chunks, found } = elizaStream(EVENTS, size);
      return { given: [chunks], found };
    },
  };
}

// One less than asked for: a full page would leave open whether there are older messages.
const PAGES = [
  { messages: 9, times: 1000 },
  { messages: 99, times: 200 },
];
for (const { messages, times } of PAGES) {
  for (const withRaw of [false, true]) {
    const fields = withRaw ? "every field and raw" : "every field but raw";
    scenarios[`history, ${messages} messages, ${fields}`] = {
      part: "history",
      entries: historyClients,
      reference: historyReference,
      make: () => ({ given: [elizaHistory(messages), { limit: messages + 1, withRaw, times }] }),
    };
  }
}
