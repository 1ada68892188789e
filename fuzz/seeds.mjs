// Writes the cases of tests/fixtures/sse/corpus.json as seeds of the fuzz target `sse`, each whole
// and in pieces of one byte (the first byte of a seed tells which; see fuzz_targets/sse.rs).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const cases = JSON.parse(
  readFileSync(new URL("../tests/fixtures/sse/corpus.json", import.meta.url)),
);
const folder = new URL("./corpus/sse/", import.meta.url);
mkdirSync(folder, { recursive: true });
const WHOLE = 0xff;
const BYTE_BY_BYTE = 0x07;
let count = 0;
for (const { name, chunks } of cases) {
  if (name.split("/").length > 2) continue; // the same bytes, cut otherwise
  const bytes = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, "base64")));
  if (bytes.length > 4096) continue;
  for (const how of [WHOLE, BYTE_BY_BYTE])
    writeFileSync(new URL(String(count++), folder), Buffer.concat([Buffer.of(how), bytes]));
}
console.log(`${count} seeds`);
