// In: pkg/ as ./build left it, and the peers of package.json. Out: how it compares with them, as ratios of one run.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageFolder, root } from "../../tools/paths.mjs";
import { endOnSignals, run, seconds } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";

const here = import.meta.dirname;
const RESULTS = join(here, "RESULTS.md");

const PARTS = {
  read: {
    title: "Reading an event stream",
    about:
      "`readEvents` with `for await`, and other readers, over the same 50,000 events of about 190 bytes in memory.",
  },
  stream: {
    title: "A streamed answer, end to end",
    about:
      "`for await` over `client.streamMessage`, and the same typed events made by hand, from the same elizaOS answer of 50,000 chunks that a `fetch` gives from memory.",
  },
  history: {
    title: "A page of history",
    about:
      "`client.getMessages`, and `response.json()` mapped by hand to the same model; of every message the fields are read.",
  },
  size: { title: "Size", about: "Bundled and minified by esbuild for a page; bytes." },
  start: {
    title: "Start",
    about:
      "From the import to the first word of an answer, each in a fresh process: times as multiples of the first peer's; less is faster.",
  },
};

const HELP = `./bench               all parts (about five minutes), on pkg/ as ./build left it
./bench --only a,b    only these: ${Object.keys(PARTS).join(", ")}
./bench --rounds N    rounds of each scenario (default 9)
./bench --write       keep the results in tests/bench/RESULTS.md`;

async function setUp() {
  if (!existsSync(join(packageFolder, "package.json")))
    throw new Error("pkg/ is missing: run ./build first");
  await npmPackages();
  await npmPackages(here, { label: "npm ci (the peers)" });
  // By name, as its users import it, so that the conditions of its package.json decide.
  const link = join(here, "node_modules", "agentline");
  await rm(link, { force: true });
  await symlink(packageFolder, link, "junction");
}

async function bench(chosen, rounds) {
  const lines = [];
  const tell = (...more) => {
    lines.push(...more);
    console.log(more.join("\n"));
  };
  for (const part of chosen) {
    tell(`## ${PARTS[part].title}`, "", PARTS[part].about, "");
    if (part === "size") await tellSizes(tell);
    else if (part === "start") await tellStarts(tell, 2 * rounds + 1);
    else await tellSpeeds(part, tell, rounds);
  }
  return lines;
}

async function tellSpeeds(part, tell, rounds) {
  const { scenarios } = await import("./scenarios.mjs");
  const { measure } = await import("./measure.mjs");
  for (const [scenario, { part: of, reference }] of Object.entries(scenarios)) {
    if (of !== part) continue;
    const rows = await measure(scenario, rounds);
    tell(
      `### ${scenario.slice(scenario.indexOf(", ") + 2)}`,
      "",
      `| | speed (${reference} = 1) | quartiles | agentline is so many times as fast |`,
      "| --- | ---: | ---: | ---: |",
      ...rows.map(
        ({ name, speed, quartiles, own }) =>
          `| ${name} | ${ratio(speed)} | ${quartiles.map(ratio).join(" – ")} | ${ratio(own)} |`,
      ),
      "",
    );
  }
}

async function tellSizes(tell) {
  const { sizes } = await import("./sizes.mjs");
  const rows = await sizes();
  const bytes = (number) => number.toLocaleString("en");
  tell(
    "| | raw | gzip | brotli |",
    "| --- | ---: | ---: | ---: |",
    ...rows.map(
      ({ name, raw, gzip, brotli }) =>
        `| ${name} | ${bytes(raw)} | ${bytes(gzip)} | ${bytes(brotli)} |`,
    ),
    "",
  );
}

async function tellStarts(tell, rounds) {
  const { starts } = await import("./start.mjs");
  const rows = await starts(rounds);
  tell(
    "| | time | quartiles |",
    "| --- | ---: | ---: |",
    ...rows.map(
      ({ name, time, quartiles }) =>
        `| ${name} | ${ratio(time)} | ${quartiles.map(ratio).join(" – ")} |`,
    ),
    "",
  );
}

const ratio = (number) => number.toFixed(2);

async function preface(rounds) {
  const manifest = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  const peers = Object.entries(manifest.dependencies).map(
    ([name, version]) => `${name} ${version}`,
  );
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  const commit = await run("git", ["describe", "--always", "--dirty"], { cwd: root, capture: true })
    .then((text) => ` (${text.trim()})`)
    .catch(() => "");
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return [
    "# What ./bench measured",
    "",
    `${new Date().toISOString().slice(0, 10)}, agentline ${version}${commit}, Node ${process.versions.node} (V8 ${process.versions.v8}), ${process.platform} ${process.arch}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim() || "an unnamed processor"}, ${gibibytes} GiB.`,
    "",
    `Peers: ${peers.join(", ")}.`,
    "",
    `Each participant runs in a process of its own, all take turns, ${rounds} rounds after 3 to warm up; a ratio is the median over rounds of the main thread's times on the CPU within one round. Only ratios are given: the machine is shared, so times mean nothing. Every participant must find the same events, or the run fails. Written by \`./bench --write\`.`,
    "",
  ];
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "9" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const chosen = values.only?.split(",") ?? Object.keys(PARTS);
const unknown = chosen.find((part) => !(part in PARTS));
const rounds = Number(values.rounds);
if (values.help || unknown || !(Number.isInteger(rounds) && rounds > 0)) {
  if (unknown) console.error(`there is no part ${unknown}`);
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
endOnSignals();
const began = Date.now();
try {
  await setUp();
  const lines = [...(await preface(rounds)), ...(await bench(chosen, rounds))];
  if (values.write) {
    await mkdir(here, { recursive: true });
    await writeFile(RESULTS, `${lines.join("\n").trimEnd()}\n`);
  }
  console.log(`${seconds(began)}${values.write ? ", kept in tests/bench/RESULTS.md" : ""}`);
} catch (error) {
  console.error(`bench failed: ${error.message}\n${error.output ?? ""}`);
  process.exit(1);
}
