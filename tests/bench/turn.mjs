// A process of one participant, in Node, Deno or Bun. In: a line for each turn. Out: a line with what came of it. Started
// by runtimes.mjs.
import process from "node:process";
import { createInterface } from "node:readline";
import { milliseconds } from "./clock.mjs";
import { answer } from "./turns.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const said = await answer(JSON.parse(line), milliseconds);
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
