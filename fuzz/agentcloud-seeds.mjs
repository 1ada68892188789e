// Writes the recorded Agent Cloud exchanges as seeds of the fuzz target `agentcloud` (the first byte
// of a seed tells what it is; see fuzz/src/lib.rs).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const lines = readFileSync(
  new URL("../tests/fixtures/agentcloud/exchanges.jsonl", import.meta.url),
  "utf8",
);
const folder = new URL("./corpus/agentcloud/", import.meta.url);
mkdirSync(folder, { recursive: true });
const [ANSWER, REFUSAL, SESSION, HISTORY_FORWARD, HISTORY_BACKWARD] = [1, 102, 3, 4, 129];
let count = 0;
for (const { id, response } of lines.trimEnd().split("\n").map(JSON.parse)) {
  if (response?.body === undefined) continue;
  const { status, body } = response;
  const kinds = [];
  if (status >= 300 || body.redirect) kinds.push(REFUSAL);
  else if (Array.isArray(body) || body.messages)
    kinds.push(ANSWER, HISTORY_FORWARD, HISTORY_BACKWARD);
  else kinds.push(ANSWER, SESSION);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  for (const kind of kinds) {
    writeFileSync(
      new URL(`${id}-${kind}`, folder),
      Buffer.concat([Buffer.of(kind), Buffer.from(text)]),
    );
    count++;
  }
}
console.log(`${count} seeds`);
