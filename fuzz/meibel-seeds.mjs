// Writes the fixtures of Meibel as seeds of the fuzz target `meibel` (the first byte of a seed tells
// what it is; see src/lib.rs).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const fixtures = new URL("../tests/fixtures/meibel/", import.meta.url);
const seeds = new URL("./corpus/meibel/", import.meta.url);
mkdirSync(seeds, { recursive: true });
const [STREAM, ANSWER, REFUSAL, SESSION, HISTORY_FORWARD, HISTORY_BACKWARD] = [
  0, 66, 102, 3, 4, 129,
];
const kinds = (name) => {
  if (name.endsWith(".sse")) return [STREAM];
  if (name.startsWith("e")) return [REFUSAL];
  if (/chat/.test(name)) return [ANSWER];
  return /messages/.test(name) ? [HISTORY_FORWARD, HISTORY_BACKWARD] : [SESSION];
};
let count = 0;
for (const name of readdirSync(fixtures).filter((name) => /\.(json|sse)$/.test(name))) {
  for (const kind of kinds(name)) {
    const body = readFileSync(new URL(name, fixtures));
    writeFileSync(new URL(`${name}-${kind}`, seeds), Buffer.concat([Buffer.of(kind), body]));
    count++;
  }
}
console.log(`${count} seeds`);
