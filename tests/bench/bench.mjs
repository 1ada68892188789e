// In: pkg/ as ./build left it, and the peers of package.json. Out: how it compares with them, as ratios of one run.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "../../tools/arguments.mjs";
import { endOnSignals, seconds, stopAll } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { installPeers } from "./peers.mjs";

const RESULTS = join(import.meta.dirname, "RESULTS.md");
/** Runtimes other than these are left out where they are not installed. */
const USUAL = ["node", "chromium", "deno", "bun", "workerd", "firefox"];
const SPEEDS = ["read", "stream", "history"];
const PARTS = [...SPEEDS, "growth", "memory", "start", "size"];

const HELP = `./bench                    all parts in all runtimes (some ten minutes), on pkg/ as ./build left it
./bench --only a,b         only these parts: ${PARTS.join(", ")}
./bench --runtimes a,b     only in these: ${USUAL.join(", ")}
./bench --rounds N         rounds of each scenario (default 7)
./bench --quick            smaller inputs and three rounds: a look, not a figure
./bench --write            keep what was measured, and nothing else, in tests/bench/RESULTS.md`;

/** Everything that was measured; report.mjs makes words of it. */
async function bench({ parts, names, rounds, warmUp, share }) {
  const results = { rounds, warmUp, runtimes: {}, speeds: {}, starts: {} };
  const { runtimes } = await import("./runtimes.mjs");
  for (const name of names) {
    const runtime = await runtimes[name]();
    const { version, clock, missing } = runtime;
    results.runtimes[name] = { version, clock, missing };
    if (missing) {
      console.log(`${name} is left out: ${missing}`);
      continue;
    }
    try {
      await inRuntime(name, runtime, { parts, rounds, warmUp, share }, results);
    } finally {
      await runtime.close();
    }
  }
  for (const part of parts.filter((part) => part in alone)) {
    const began = Date.now();
    results[part] = await alone[part](share);
    console.log(`${part} (${seconds(began)})`);
  }
  return results;
}

async function inRuntime(name, runtime, { parts, ...how }, results) {
  const { scenarios } = await import("./scenarios.mjs");
  const { measure } = await import("./measure.mjs");
  const { summary } = await import("./report.mjs");
  for (const [scenario, { part }] of Object.entries(scenarios)) {
    if (!parts.includes(part)) continue;
    const began = Date.now();
    const rows = await measure(runtime, scenario, how);
    (results.speeds[scenario] ??= {})[name] = rows;
    console.log(`${name}: ${scenario}: ${summary(scenario, rows)} (${seconds(began)})`);
  }
  if (parts.includes("start") && runtime.starter) {
    const began = Date.now();
    const { starts } = await import("./start.mjs");
    results.starts[name] = await starts(runtime, how.rounds + 2);
    console.log(`${name}: start (${seconds(began)})`);
  }
}

/** What is measured in Node alone, or in no runtime. */
const alone = {
  async growth(share) {
    const { growth, refusals } = await import("./growth.mjs");
    const { inputs } = await import("./pathological.mjs");
    const rows = {};
    for (const input of Object.keys(inputs)) {
      rows[input] = await growth(input, share);
      const told = rows[input].map(({ name, growth }) => `${name} ${growth?.toFixed(1) ?? "–"}`);
      console.log(`growth: ${input}: ${told.join(", ")}`);
    }
    return { inputs: rows, refusals: await refusals() };
  },
  memory: async (share) => (await import("./memory.mjs")).memory(share),
  size: async () => (await import("./sizes.mjs")).sizes(),
};

function chosen(words, all) {
  const names = words?.split(",") ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  console.error(`there is no ${unknown}; --help tells what there is`);
  process.exit(2);
}

const values = readArguments(
  {
    only: { type: "string" },
    runtimes: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean" },
    write: { type: "boolean" },
  },
  HELP,
);
const parts = chosen(values.only, PARTS);
const names = chosen(values.runtimes, USUAL);
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error("--rounds is a whole number above zero");
  process.exit(2);
}
endOnSignals();
const began = Date.now();
try {
  await npmPackages();
  await installPeers();
  const { report } = await import("./report.mjs");
  const how = { warmUp: values.quick ? 1 : 2, share: values.quick ? 0.2 : 1 };
  const asked = [...SPEEDS, "start"].some((part) => parts.includes(part)) ? names : [];
  const lines = await report(await bench({ parts, names: asked, rounds, ...how }));
  const text = `${lines.join("\n").trimEnd()}\n`;
  console.log(`\n${text}`);
  if (values.write) await writeFile(RESULTS, text);
  console.log(`${seconds(began)}${values.write ? ", kept in tests/bench/RESULTS.md" : ""}`);
  await stopAll();
  process.exit(0);
} catch (error) {
  console.error(`bench failed: ${error.message}\n${error.output ?? ""}`);
  await stopAll();
  process.exit(1);
}
