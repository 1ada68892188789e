// In: a program of this folder and what it is told. Out: the lines of JSON that it writes in a process of its own, and
// whether it came to its end in time.
import process from "node:process";
import { createInterface } from "node:readline";
import { start, stop } from "../../tools/process.mjs";

export async function alone(program, words, { patience = 60_000 } = {}) {
  const child = start(process.execPath, [program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let inTime = true;
  const timer = setTimeout(() => {
    inTime = false;
    stop(child);
  }, patience);
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line));
  clearTimeout(timer);
  const { code } = await child.exited;
  if (inTime && code !== 0) throw new Error(`${words.join(", ")} ended with code ${code}`);
  return { lines, inTime };
}

/** What this process was told, if it is that program. */
export function told(program) {
  return process.argv[1] === program ? process.argv.slice(2) : undefined;
}

export const tell = (value) => console.log(JSON.stringify(value));
