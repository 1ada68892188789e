// Writes the recorded elizaOS exchanges as seeds of the fuzz targets `json`, `skim` (the data of a
// stream, a line each) and `eliza` (the first byte of a seed tells what it is; see src/lib.rs).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const lines = readFileSync(
  new URL("../tests/fixtures/eliza/exchanges.jsonl", import.meta.url),
  "utf8",
);
const [json, skim, eliza] = ["json", "skim", "eliza"].map(
  (name) => new URL(`./corpus/${name}/`, import.meta.url),
);
for (const folder of [json, skim, eliza]) mkdirSync(folder, { recursive: true });
const [STREAM, ANSWER, REFUSAL, SESSION, HISTORY_FORWARD, HISTORY_BACKWARD] = [
  0, 1, 102, 3, 4, 129,
];
let count = 0;
for (const { name, request, response } of lines.trimEnd().split("\n").map(JSON.parse)) {
  if (!response) continue;
  const body = response.text ?? JSON.stringify(response.json);
  if (body.length > 8192) continue;
  const kinds = [];
  if (response.text !== undefined) kinds.push(STREAM);
  else if (response.status >= 400) kinds.push(REFUSAL);
  else if (response.json.messages) kinds.push(HISTORY_FORWARD, HISTORY_BACKWARD);
  else if (request.line.includes("/messages")) kinds.push(ANSWER);
  else kinds.push(SESSION);
  for (const kind of kinds) {
    writeFileSync(
      new URL(`${name}-${kind}`, eliza),
      Buffer.concat([Buffer.of(kind), Buffer.from(body)]),
    );
    count++;
  }
  const texts = response.text === undefined ? [body] : body.match(/(?<=^data: ).*$/gm);
  if (texts) {
    writeFileSync(new URL(name, skim), texts.join("\n"));
    count++;
  }
  for (const [place, text] of (texts ?? []).entries()) {
    writeFileSync(new URL(`${name}-${place}`, json), text);
    count++;
  }
}
console.log(`${count} seeds`);
