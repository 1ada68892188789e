// In: a seed. Out: documents without end, the same for the same seed: JSON in every shape that is allowed, recorded bodies,
// and both with something changed in them. Bytes, because a body is bytes.
import { readdirSync, readFileSync } from "node:fs";

const fixtures = new URL("../fixtures/", import.meta.url);
const LONGEST_SEED = 4096;

/** Recorded bodies, and what is free-form in them. */
function recorded() {
  const lines = (path) => readFileSync(new URL(path, fixtures), "utf8").trimEnd().split("\n");
  const exchanges = ["eliza/exchanges.jsonl", "agentcloud/exchanges.jsonl"].flatMap(lines);
  const bodies = readdirSync(new URL("meibel/", fixtures))
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFileSync(new URL(`meibel/${name}`, fixtures), "utf8"));
  const events = readdirSync(new URL("meibel/", fixtures))
    .filter((name) => name.endsWith(".sse"))
    .flatMap((name) => lines(`meibel/${name}`))
    .flatMap((line) => line.match(/^data: ?(.*)$/)?.[1] ?? []);
  return [...exchanges, ...bodies, ...events]
    .map((text) => Buffer.from(text))
    .filter(({ length }) => length > 0 && length <= LONGEST_SEED);
}

const NUMBERS =
  "0 -0 1 -1 10 1.5 -0.25 1e3 1E+3 1e-3 0.1 0.30000000000000004 123456789012345678 9007199254740993 1e19 1e-19 1e308 1e309 -1e309 5e-324 1e-400 1.7976931348623157e308 2.2250738585072011e-308 12345678901234567890123 0.000000000000000000000001 100000000000000000000e-20 0e99999 1e00000000001".split(
    " ",
  );
const NO_NUMBERS =
  "01 -01 +1 .5 1. 1.e3 1e 1e+ - -- 0x10 NaN Infinity -Infinity 1_000 1e1.5 ٣".split(" ");
const ESCAPES = ["\\n", "\\\\", '\\"', "\\/", "\\b", "\\f", "\\r", "\\t", "\\u0000", "\\u0041"];
const HALVES = [
  "\\ud83d\\ude00",
  "\\ud83d",
  "\\ude00",
  "\\ud83d\\ud83d\\ude00",
  "\\uD83DX",
  "\\uDBFF\\uDFFF",
];
const NO_ESCAPES = [
  "\\x41",
  "\\u12",
  "\\u12G4",
  "\\U0041",
  "\\",
  "\\'",
  "\u0000",
  "\n",
  "\t",
  "\u001f",
];
const CHARACTERS = [
  "a",
  "é",
  "你",
  "\u{1F600}",
  "\u2028",
  "\u007f",
  "\ufeff",
  "/",
  "'",
  "{",
  "]",
  "\ufffd",
];
const NAMES = [
  "a",
  "id",
  "__proto__",
  "constructor",
  "toString",
  "",
  "0",
  "7",
  "é",
  "\\u0061",
  "a\\ud83d",
  "length",
];
const SPACES = ["", "", "", " ", "\n", "\r\n", "\t", "  \n "];
const NO_SPACES = ["\u00a0", "\ufeff", "\u000b", "\u2028", "/**/", "//"];
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "null",
  "true",
  "false",
  "nul",
  "True",
  "-",
  "\\",
  "\0",
];
const NO_UTF8 = [
  [0xff],
  [0xc3],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xc0, 0xaf],
  [0xe2, 0x80],
];

/** Numbers from 0 to 1, and what is chosen by them. */
export function random(seed) {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, one: (list) => list[below(list.length)], in: (chances) => below(chances) === 0 };
}

export function* documents(seed) {
  const chance = random(seed);
  const seeds = recorded();
  for (;;) {
    let bytes = chance.in(3) ? chance.one(seeds) : Buffer.from(anything(chance));
    if (!chance.in(3)) {
      for (let changes = 1 + chance.below(3); changes > 0; changes--)
        bytes = changed(bytes, chance, seeds);
    }
    yield bytes;
  }
}

function anything(chance) {
  // As deep as the bound, a little less, a little more, or without an end.
  if (chance.in(40)) return nested(chance, 500 + chance.below(20));
  if (chance.in(200)) return nested(chance, 20_000);
  return `${space(chance)}${value(chance, 4)}${space(chance)}`;
}

function nested(chance, depth) {
  const opening = Array.from({ length: depth }, () => chance.one(["[", '{"a":']));
  const closing = opening.map((open) => (open === "[" ? "]" : "}")).reverse();
  return `${opening.join("")}${value(chance, 1)}${closing.join("")}`;
}

const space = (chance) => (chance.in(60) ? chance.one(NO_SPACES) : chance.one(SPACES));

function value(chance, depth) {
  const kind = chance.below(depth > 0 ? 8 : 5);
  if (kind === 0) return chance.one(["true", "false", "null"]);
  if (kind <= 2) return number(chance);
  if (kind <= 4) return string(chance);
  const count = chance.below(chance.in(10) ? 40 : 5);
  const between = () => `${space(chance)},${space(chance)}`;
  const parts = Array.from({ length: count }, () =>
    kind === 5
      ? value(chance, depth - 1)
      : `${name(chance)}${space(chance)}:${space(chance)}${value(chance, depth - 1)}`,
  );
  const [open, close] = kind === 5 ? "[]" : "{}";
  const inside = parts.reduce((text, part) => (text ? `${text}${between()}${part}` : part), "");
  return `${open}${space(chance)}${inside}${space(chance)}${close}`;
}

const name = (chance) => (chance.in(4) ? string(chance) : `"${chance.one(NAMES)}"`);

function number(chance) {
  if (chance.in(40)) return chance.one(NO_NUMBERS);
  if (chance.in(2)) return chance.one(NUMBERS);
  const digits = (most) =>
    Array.from({ length: 1 + chance.below(most) }, () => chance.below(10)).join("");
  const whole = String(BigInt(digits(22)));
  const fraction = chance.in(2) ? `.${digits(22)}` : "";
  const power = chance.in(3)
    ? `${chance.one(["e", "E"])}${chance.one(["", "+", "-"])}${digits(3)}`
    : "";
  return `${chance.in(3) ? "-" : ""}${whole}${fraction}${power}`;
}

function string(chance) {
  let text = "";
  // Long ones too: what reads many bytes at a time has an edge.
  for (let length = chance.below(chance.in(6) ? 90 : 12); length > 0; length--) {
    if (chance.in(400)) text += chance.one(NO_ESCAPES);
    else if (chance.in(8)) text += chance.one(chance.in(3) ? HALVES : ESCAPES);
    else text += chance.in(4) ? chance.one(CHARACTERS) : "x";
  }
  return `"${text}"`;
}

function changed(bytes, chance, seeds) {
  const at = chance.below(bytes.length + 1);
  const until = Math.min(bytes.length, at + chance.below(chance.in(4) ? 40 : 3));
  const put = () => {
    switch (chance.below(6)) {
      case 0:
        return Buffer.from(chance.one(PIECES));
      case 1:
        return Buffer.of(chance.below(256));
      case 2:
        return Buffer.from(chance.one(NO_UTF8));
      case 3:
        return Buffer.from(value(chance, 2));
      case 4:
        return bytes.subarray(at, until);
      default: {
        const other = chance.one(seeds);
        const from = chance.below(other.length);
        return other.subarray(from, from + chance.below(30));
      }
    }
  };
  switch (chance.below(4)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), put(), bytes.subarray(at)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
    case 2:
      return bytes.subarray(0, at);
    default:
      return Buffer.concat([bytes.subarray(0, at), put(), bytes.subarray(until)]);
  }
}
