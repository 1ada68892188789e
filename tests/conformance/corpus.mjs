// In: tests/fixtures/sse/. Out: its cases, what a reader must make of each, and how what it made differs.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const fixtures = join(import.meta.dirname, "..", "fixtures", "sse");
const read = (name) => JSON.parse(readFileSync(join(fixtures, name), "utf8"));

/** 730 streams of bytes. */
export const cases = read("corpus.json");
/** 44 answers to a request. */
export const answers = read("http-corpus.json");

/** A timer takes no more milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** The first difference between what `readEvents` made of a case and what it must; nothing if there is none. */
export function difference(expected, { plain, flushed }) {
  const { expect, expectIfFlushedAtEnd = expect, lastEventId, retry, comments } = expected;
  const wanted = [
    ["error", plain.error, undefined],
    ["events", plain.events, expect],
    ["last event id", plain.lastEventId, lastEventId],
    ["retry", plain.retry, retry === undefined ? undefined : Math.min(retry, LONGEST)],
    ["comments", comments && plain.comments, comments],
    ["error with the unfinished event", flushed.error, undefined],
    ["events with the unfinished one", flushed.events, expectIfFlushedAtEnd],
  ];
  for (const [what, given, wants] of wanted) {
    const [left, right] = [given, wants].map((value) => JSON.stringify(value));
    if (left !== right) return `${expected.name}: ${what}: ${left}, and not ${right}`;
  }
  return undefined;
}

/** The group that a case belongs to: the first word of its name. */
export const groupOf = ({ name }) => name.split("/")[0];

/** The pieces of a case, as the network delivers them. */
export const bytesOf = ({ chunks }) =>
  chunks.map((chunk) => Uint8Array.from(Buffer.from(chunk, "base64")));
