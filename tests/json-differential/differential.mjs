// In: documents of documents.mjs. Out: nothing, or the first that the JSON reader and `JSON.parse` do not take alike: the
// same value, or an error on both sides. It is asked twice: as what it is, a reader of the crate on this machine, which goes
// into every value; and as what is published, WebAssembly in Node, where a document stands in a page of a history.
//
// The differences that are meant, and held to here:
//
// - Nesting has a bound. What is deeper is refused, however well-formed; `JSON.parse` has none.
// - A byte order mark in front is passed over, and bytes that are no UTF-8 are replaced, as `Response.json()` does both:
//   `JSON.parse` is given what `TextDecoder` makes of the bytes.
// - A number keeps its text, and as such reaches JavaScript unread. Where the crate itself reads it, it is the nearest one
//   up to 19 digits and powers of ten from -19 to 19, and otherwise one near that.
// - Half a character in the name of a field is a U+FFFD for the crate; JavaScript reads free-form JSON itself, to the letter.
// - Of two fields with one name the crate is given both, in order, and the last is in force, as in JavaScript.
// - Size has no bound in the reader: `maxBodyBytes` and `maxEventBytes` come before it.
//
//     node tests/json-differential/differential.mjs --seconds 60 [--seed 1]
import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "../../tools/arguments.mjs";
import { cargoTarget, root } from "../../tools/paths.mjs";
import { run, start } from "../../tools/process.mjs";
import { packedModule } from "../package/pack.mjs";
import { documents } from "./documents.mjs";

const CRATE = "agentline-json-differential";
const BATCH = 2_000;

/** What `Response.json()` gives, or `undefined`; no document is `undefined`. */
function parsed(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** How deep arrays and objects stand in one another, also in a field whose name comes again. */
function depthOf(bytes) {
  const text = new TextDecoder().decode(bytes).replace(/"(?:[^"\\]|\\.)*"/g, "");
  let [depth, deepest] = [0, 0];
  for (const [character] of text.matchAll(/[[{\]}]/g)) {
    depth += character === "[" || character === "{" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Two fields with one name come both; the last is in force. */
function reads(found, value) {
  if (!Array.isArray(found)) return assert.strictEqual(found, value);
  const [kind, ...parts] = found;
  if (kind === "n") return readsNumber(parts, value);
  if (kind === "a") {
    assert.ok(Array.isArray(value));
    assert.equal(parts.length, value.length);
    for (const [index, part] of parts.entries()) reads(part, value[index]);
    return;
  }
  const fields = new Map();
  for (let place = 0; place < parts.length; place += 2) fields.set(parts[place], parts[place + 1]);
  const wanted = new Map(Object.entries(value).map(([name, of]) => [name.toWellFormed(), of]));
  // names that differ only in half a character fall together
  if (wanted.size < Object.keys(value).length) return;
  assert.deepEqual([...fields.keys()].sort(), [...wanted.keys()].sort());
  for (const [name, of] of fields) reads(of, wanted.get(name));
}

function readsNumber([text, bits], value) {
  assert.ok(Object.is(Number(text), value), `${text} is kept, ${value} is wanted`);
  const read = new DataView(new ArrayBuffer(8));
  read.setBigUint64(0, BigInt(`0x${bits}`));
  const number = read.getFloat64(0);
  if (isExact(text)) assert.ok(Object.is(number, value), `${text} is read as ${number}`);
  else assert.ok(isNear(number, value), `${text} is read as ${number}`);
}

function isExact(text) {
  const [, whole, fraction = "", power = "0"] = text.match(/^-?(\d+)(?:\.(\d+))?(?:[eE](.+))?$/);
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  return digits.length <= 19 && Math.abs(Number(power) - fraction.length) <= 19;
}

function isNear(number, value) {
  if (Object.is(number, value)) return true;
  if (Math.abs(value) < 1e-290) return Math.abs(number - value) < 1e-290;
  // the greatest numbers may come out as no number's end
  if (Math.abs(value) > 1e300) return Math.abs(number) > 1e300 && number > 0 === value > 0;
  return Math.abs(number / value - 1) < 1e-14;
}

/** The reader of the crate: gives what it made of some documents, and its bound for depth. */
export async function crate() {
  await run("cargo", ["build", "--quiet", "--locked", "--package", CRATE], { cwd: root });
  return async (batch) => {
    const child = start(join(cargoTarget, "debug", CRATE), [], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const output = child.stdout.setEncoding("utf8").toArray();
    for (const bytes of batch) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      child.stdin.write(length);
      if (!child.stdin.write(bytes)) await once(child.stdin, "drain");
    }
    child.stdin.end();
    const { code } = await child.exited;
    assert.equal(code, 0, "the reader did not come to its end");
    const [depth, ...lines] = (await output).join("").trimEnd().split("\n");
    assert.equal(lines.length, batch.length);
    return { depth: Number(depth), found: lines.map((line) => JSON.parse(line)) };
  };
}

/** Throws where the crate and `JSON.parse` differ. */
function compareCrate(bytes, { walked, passed }, depth) {
  const value = parsed(bytes);
  if (value !== undefined && depthOf(bytes) > depth) {
    return assert.deepEqual({ walked, passed }, { walked: null, passed: false });
  }
  assert.equal(passed, value !== undefined, "passing over it");
  if (value === undefined) return assert.equal(walked, null, "going into it");
  if (value !== null) assert.notEqual(walked, null, "going into it");
  reads(walked, value);
}

const ROW = {
  id: "241de735-2ecb-4fdf-ae8f-000000000000",
  authorId: "11111111-2222-4333-8444-555555555555",
  isAgent: true,
  createdAt: "2026-11-22T08:00:00.000Z",
};

/** A page whose one row holds the document, as its text if it looks like one and beside it in any case. */
function page(bytes) {
  const fields = JSON.stringify(ROW).slice(0, -1);
  const text = bytes[0] === 0x22 ? bytes : '"text"';
  const end = `}],"hasMore":false,"cursors":{"before":1795334400000,"after":1795334400000}}`;
  const parts = [`{"messages":[${fields},"content":`, text, ',"anything":', bytes, end];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** The published package: gives the message that it made of a page, or the error. */
export async function published() {
  const { connect } = await packedModule();
  let body;
  const fetch = async () => new Response(body, { headers: { "content-type": "application/json" } });
  const client = await connect({ backend: "eliza", baseUrl: "http://agents.test", fetch });
  return async (bytes) => {
    body = page(bytes);
    try {
      const { messages } = await client.getMessages(ROW.authorId, { limit: 9 });
      return { message: messages[0] };
    } catch (error) {
      return { error };
    }
  };
}

/** Throws where the package and `Response.json()` differ. */
function comparePublished(bytes, { message, error }, depth) {
  const body = page(bytes);
  const [row, ...more] = parsed(body)?.messages ?? [];
  // a change may have made the page another one, which is none of this test's business
  if (row && (more.length > 0 || Object.keys(ROW).some((name) => row[name] !== ROW[name]))) return;
  if (row === undefined || depthOf(body) > depth) {
    assert.equal(error?.kind, "protocol", "a page with it is taken");
    return;
  }
  if (typeof row.content !== "string") return assert.equal(error?.kind, "protocol");
  assert.equal(error, undefined);
  assert.deepEqual(message.raw, row);
  // deepEqual knows no order of fields
  assert.equal(JSON.stringify(message.raw), JSON.stringify(row));
  assert.equal(message.text, row.content);
}

/** Compares for so long; gives how many documents that were, and how many of them `JSON.parse` took. */
export async function compare({ seed, seconds }) {
  const [readByCrate, readByPackage] = [await crate(), await published()];
  const until = Date.now() + seconds * 1000;
  const source = documents(seed);
  const counts = { documents: 0, taken: 0 };
  do {
    const batch = Array.from({ length: BATCH }, () => source.next().value);
    const { depth, found } = await readByCrate(batch);
    for (const [index, bytes] of batch.entries()) {
      try {
        compareCrate(bytes, found[index], depth);
        comparePublished(bytes, await readByPackage(bytes), depth);
      } catch (error) {
        const which = `document ${counts.documents} of seed ${seed}`;
        const shown = JSON.stringify(bytes.toString("latin1"));
        throw new Error(`${which}: ${error.message}\n${shown} (bytes as Latin-1)`, {
          cause: error,
        });
      }
      counts.documents++;
      if (parsed(bytes) !== undefined) counts.taken++;
    }
  } while (Date.now() < until);
  return counts;
}

if (process.argv[1] === import.meta.filename) {
  const values = readArguments(
    { seconds: { type: "string" }, seed: { type: "string" } },
    "node tests/json-differential/differential.mjs [--seconds 60] [--seed N]",
  );
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const { documents, taken } = await compare({ seed, seconds: Number(values.seconds ?? 60) });
  console.log(`${documents} documents alike, ${taken} of them JSON`);
}
