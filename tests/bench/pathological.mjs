// In: a size. Out: the chunks of an event stream that costs a careless reader more than its size, and how many events are
// in it. `most` bounds an event, for a reader that bounds them.
import { modelStream } from "./bodies.mjs";

const encoder = new TextEncoder();

function cut(bytes, size) {
  const chunks = [];
  for (let start = 0; start < bytes.length; start += size)
    chunks.push(bytes.slice(start, start + size));
  return chunks;
}

const joined = (chunks) =>
  encoder.encode(chunks.map((chunk) => new TextDecoder().decode(chunk)).join(""));
const words = (count) => joined(modelStream(count, "event").chunks);

function oneLine(length) {
  const bytes = new Uint8Array(length + 8).fill(120);
  bytes.set(encoder.encode("data: "));
  bytes.set([10, 10], length + 6);
  return bytes;
}

/** Of each: the least size, which is doubled twice. */
export const inputs = {
  "one line of N bytes, in chunks of 16 KiB": {
    least: 2_000_000,
    make: (size) => ({ chunks: cut(oneLine(size), 16384), count: 1 }),
  },
  "one line of N bytes, in chunks of 1460": {
    least: 1_000_000,
    make: (size) => ({ chunks: cut(oneLine(size), 1460), count: 1 }),
  },
  "one line of N bytes, byte by byte": {
    least: 20_000,
    make: (size) => ({ chunks: cut(oneLine(size), 1), count: 1 }),
  },
  "N short events, byte by byte": {
    least: 150,
    make: (size) => ({ chunks: cut(words(size), 1), count: size }),
  },
  "N comments, then an event": {
    least: 100_000,
    make: (size) => ({
      chunks: cut(encoder.encode(`${": keepalive\n\n".repeat(size)}data: end\n\n`), 16384),
      count: 1,
    }),
  },
  "one event of N data lines": {
    least: 60_000,
    make: (size) => ({
      chunks: cut(encoder.encode(`${"data: ab\n".repeat(size)}\n`), 16384),
      count: 1,
    }),
  },
  "N names of one event": {
    least: 60_000,
    make: (size) => ({
      chunks: cut(encoder.encode(`${"event: ab\nid: 1\n".repeat(size)}data: end\n\n`), 16384),
      count: 1,
    }),
  },
  "N events in one chunk": {
    least: 8_000,
    make: (size) => ({ chunks: [words(size)], count: size }),
  },
  "N events of CRLF lines in one chunk": {
    least: 8_000,
    make: (size) => {
      const text = new TextDecoder().decode(words(size)).replaceAll("\n", "\r\n");
      return { chunks: [encoder.encode(text)], count: size };
    },
  },
};
