// In: the fixtures. Out: the seeds made of them, and each target run from them for so long; the first finding ends it, and
// cargo-fuzz tells where it is kept. Needs a nightly compiler and `cargo install cargo-fuzz`.
//
//     node fuzz/run.mjs [--seconds 600] [--only sse,json]
import { join } from "node:path";
import process from "node:process";
import { readArguments } from "../tools/arguments.mjs";
import { root } from "../tools/paths.mjs";
import { endOnSignals, run } from "../tools/process.mjs";

/** Each target, and what makes its seeds. */
const TARGETS = {
  sse: "seeds.mjs",
  json: "recorded-seeds.mjs",
  skim: "recorded-seeds.mjs",
  eliza: "recorded-seeds.mjs",
  meibel: "meibel-seeds.mjs",
  agentcloud: "agentcloud-seeds.mjs",
};

const HELP = `node fuzz/run.mjs                every target for ten minutes, from seeds made of the fixtures
node fuzz/run.mjs --only a,b     only these: ${Object.keys(TARGETS).join(", ")}
node fuzz/run.mjs --seconds N    each for so long`;

const values = readArguments({ only: { type: "string" }, seconds: { type: "string" } }, HELP);
const seconds = Number(values.seconds ?? 600);
const targets = values.only?.split(",") ?? Object.keys(TARGETS);
const unknown = targets.find((target) => !(target in TARGETS));
if (unknown || !(Number.isInteger(seconds) && seconds > 0)) {
  console.error(
    unknown ? `there is no target ${unknown}` : "--seconds is a whole number above zero",
  );
  process.exit(2);
}

endOnSignals();
try {
  for (const target of targets) {
    const seeds = join(import.meta.dirname, TARGETS[target]);
    await run(process.execPath, [seeds], { label: `the seeds of ${target}` });
    // More than one process would need a core each; the time is that of the clock.
    const how = ["--", `-max_total_time=${seconds}`, "-print_final_stats=1"];
    await run("cargo", ["+nightly", "fuzz", "run", target, ...how], {
      cwd: root,
      label: `cargo fuzz run ${target}`,
    });
    console.log(`✓ ${target}: ${seconds} s without a finding`);
  }
  process.exit(0);
} catch (error) {
  console.error(`✗ ${error.message}; cargo install cargo-fuzz, if that is what is missing`);
  process.exit(1);
}
