// In: everything that was measured. Out: the lines of RESULTS.md: first what is wanted and what is reached, then each table.
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { packageFolder, root } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { scenarios } from "./scenarios.mjs";
import { own } from "./sizes.mjs";
import { platform } from "./starting.mjs";

const TITLES = {
  node: "Node",
  chromium: "Chromium",
  deno: "Deno",
  workerd: "workerd",
  bun: "Bun",
  firefox: "Firefox",
};

const each = (most, middle, least) => ({
  node: most,
  chromium: most,
  deno: middle,
  workerd: middle,
  bun: least,
  firefox: least,
});

/** How many times as fast as the reference, where the chunks are cut so. */
const WANTED = {
  "stream, one event a chunk": each(1.5, 1.2, 1),
  "stream, 16 KiB chunks": each(2.5, 2, 1.3),
  "read, one event a chunk": each(0.95, 0.95, 0.9),
  "read, 16 KiB chunks": each(1.2, 1, 0.9),
  history: each(1, 1, 1),
};
const SIZE = { wanted: 30_000, stretch: 20_000 };
const START_MS = 5;
/** Twice the input in twice the time, and what a shared machine adds to that. */
const LINEAR = 2.6;
const LINE = 50_000_000;
const LIMIT = 8 * 2 ** 20;

const PARTS = {
  read: {
    title: "Reading an event stream",
    about: [
      "`readEvents` with `for await`, and other readers, over the same events in memory: JSON of about 170 bytes (thin) or 1.4 KB (fat), whose data is left as text.",
    ],
  },
  stream: {
    title: "A streamed answer, end to end",
    about: [
      "`for await` over `client.streamMessage`, and the same typed events made by hand, from the same elizaOS answer that a `fetch` gives from memory: events of about 110 bytes (thin), or of 1.3 KB, of which two fields are wanted (fat).",
    ],
  },
  history: {
    title: "A page of history",
    about: [
      "`client.getMessages`, and `response.json()` mapped by hand to the same model; of every message every field is read.",
    ],
  },
};

const LEFT_OUT = [
  "Meibel's SDK for TypeScript is in no npm registry, and its Python SDK has no place here.",
  "`@elizaos/api-client` streams nothing: it takes part in the history alone; the package `@elizaos/core`, of which it needs only types, is not installed.",
  "ai's reader and `@ag-ui/client` give parsed events only: they take part in the streamed answer, the latter with the same answer in its own dialect.",
  "openai's and Anthropic's are readers of their own dialects: of both the part that finds the events is measured.",
];

const ratio = (number) => number.toFixed(2);
const bytes = (number) => number.toLocaleString("en");
const ours = (rows) => rows.find(({ name }) => name.startsWith("agentline"));

/** What a scenario says in a line. */
export function summary(scenario, rows) {
  const { reference } = scenarios[scenario];
  return `${ratio(rows.find(({ name }) => name === reference).ratio)} times ${reference}`;
}

function wantedOf(scenario) {
  const key = Object.keys(WANTED).find((key) =>
    key.split(", ").every((word) => scenario.includes(word)),
  );
  return WANTED[key];
}

const table = (head, rows) => [
  `| ${head.join(" | ")} |`,
  `| ${head.map((_, place) => (place === 0 ? "---" : "---:")).join(" | ")} |`,
  ...rows.map((row) => `| ${row.join(" | ")} |`),
  "",
];

/** Reached, or in bold where it is not. */
function verdict(reached, wanted, isReached = reached >= wanted) {
  return isReached ? `${ratio(reached)} ≥ ${wanted}` : `**${ratio(reached)}** < ${wanted}`;
}

function figures({ speeds, runtimes }) {
  const measured = Object.keys(TITLES).filter((name) => runtimes[name] && !runtimes[name].missing);
  const rows = [];
  for (const part of ["stream", "read", "history"]) {
    for (const [scenario, { part: of, reference, delivered }] of Object.entries(scenarios)) {
      if (of !== part || !speeds[scenario]) continue;
      for (const against of [reference, delivered].filter(Boolean)) {
        const cells = measured.map((runtime) => {
          const row = speeds[scenario][runtime]?.find(({ name }) => name === against);
          return row?.ratio ? verdict(row.ratio, wantedOf(scenario)[runtime]) : "–";
        });
        rows.push([scenario, against, ...cells]);
      }
    }
  }
  if (rows.length === 0) return [];
  return [
    "How many times as fast as the hardest peer agentline is; in bold what is not reached.",
    "",
    ...table(["work", "against", ...measured.map((name) => TITLES[name])], rows),
  ];
}

function otherFigures({ size, starts, memory, growth }) {
  const rows = [];
  const add = (figure, wanted, reached, isReached) =>
    rows.push([figure, wanted, isReached ? reached : `**${reached}**`]);
  if (size) {
    const wanted = `≤ ${bytes(SIZE.wanted)} bytes (stretch: ${bytes(SIZE.stretch)})`;
    for (const { name, brotli } of size.filter(({ name }) => own.includes(name)))
      add(`module and entry, brotli: ${name}`, wanted, bytes(brotli), brotli <= SIZE.wanted);
  }
  for (const [runtime, times] of Object.entries(starts)) {
    for (const { name, request, more } of times) {
      if (!name.startsWith("agentline")) continue;
      const reached = `request after ${request.toFixed(1)} ms; answer ${more.toFixed(1)} ms later than the platform's`;
      const figure = `${TITLES[runtime]}: first use of ${name.slice("agentline ".length)}`;
      add(figure, `≤ ${START_MS} ms more than the platform's own fetch`, reached, more <= START_MS);
    }
  }
  for (const { what, few, many, held } of memory ?? []) {
    const text = held > 0 ? `; the answer's own text is ${bytes(held)}` : "";
    const reached = `${bytes(few)} bytes, then ${bytes(many)}${text}`;
    add(`memory of ${what}: after 10,000 events, after the last`, "the same", reached, many <= few);
  }
  if (growth) {
    for (const [input, times] of Object.entries(growth.inputs)) {
      const { growth: grown, flaw } = ours(times);
      const reached = flaw ?? `${ratio(grown)} times the time for twice the input`;
      add(input, "linear: about 2", reached, !flaw && grown <= LINEAR);
    }
    const { taken, said } = ours(growth.refusals);
    const reached = `\`${said}\` after ${bytes(taken)} bytes`;
    const isReached = said === "too_large" && taken < 1.1 * LIMIT;
    add(
      `a line of ${bytes(LINE)} bytes without an end`,
      "refused at the limit of 8 MiB",
      reached,
      isReached,
    );
  }
  return rows.length === 0 ? [] : table(["figure", "wanted", "reached"], rows);
}

function speedTables({ speeds, runtimes }) {
  const lines = [];
  for (const [part, { title, about }] of Object.entries(PARTS)) {
    const ran = Object.keys(scenarios).filter(
      (scenario) => scenarios[scenario].part === part && speeds[scenario],
    );
    if (ran.length === 0) continue;
    lines.push(`## ${title}`, "", ...about, "");
    for (const scenario of ran) lines.push(...speedTable(scenario, speeds[scenario], runtimes));
  }
  return lines;
}

function speedTable(scenario, found) {
  const names = Object.keys(TITLES).filter((runtime) => found[runtime]);
  const missing = [];
  const rows = Object.keys(scenarios[scenario].entries)
    .filter((name) => !name.startsWith("agentline"))
    .map((name) => [
      name,
      ...names.map((runtime) => {
        const row = found[runtime].find((row) => row.name === name);
        if (row.missing) missing.push(`${name} cannot run in ${TITLES[runtime]}: ${row.missing}`);
        return row.missing ? "–" : `${ratio(row.ratio)} (${row.quartiles.map(ratio).join("–")})`;
      }),
    ]);
  return [
    `### ${scenario.slice(scenario.indexOf(", ") + 2)}`,
    "",
    ...table(["agentline is so many times as fast as", ...names.map((name) => TITLES[name])], rows),
    ...missing.flatMap((line) => [line, ""]),
  ];
}

function growthTables({ inputs, refusals }) {
  const lines = [
    "## Growth",
    "",
    "The time of each size in Node, as a multiple of ours at the first, and how many times the time twice the input takes: 2 is linear, 4 quadratic. Each reader in a process of its own.",
    "",
  ];
  for (const [input, rows] of Object.entries(inputs)) {
    lines.push(
      `### ${input}`,
      "",
      ...table(
        ["", "N", "2 N", "4 N", "for twice the input"],
        rows.map(({ name, times, growth, flaw }) => [
          name,
          ...[0, 1, 2].map((place) => (times[place] === undefined ? "–" : ratio(times[place]))),
          [growth && ratio(growth), flaw].filter(Boolean).join(", "),
        ]),
      ),
    );
  }
  lines.push(
    `### a line of ${bytes(LINE)} bytes without an end, with nothing said about limits`,
    "",
    ...table(
      ["", "bytes taken in", "what it says"],
      refusals.map(({ name, taken, said }) => [name, taken ? bytes(taken) : "–", said]),
    ),
  );
  return lines;
}

function startTables(starts) {
  const lines = [
    "## Start",
    "",
    "The first use in a fresh process, or in a fresh page to which a server on the same machine gives the bundled code and the module: from the import until the request leaves, and until the first thing of the answer is there. Rough milliseconds; the last two columns set each beside the platform's own first `fetch` of the same round. The bound is what is left without a line of ours.",
    "",
  ];
  for (const [runtime, rows] of Object.entries(starts)) {
    lines.push(
      `### ${TITLES[runtime]}`,
      "",
      ...table(
        ["", "request, ms", "answer, ms", "times the platform's", "ms more than the platform's"],
        rows.map(({ name, request, answer, beside, more }) => [
          name,
          request.toFixed(1),
          answer.toFixed(1),
          ratio(beside),
          name === platform ? "–" : more.toFixed(1),
        ]),
      ),
    );
  }
  return lines;
}

function memoryTable(rows) {
  return [
    "## Memory of WebAssembly",
    "",
    "Bytes after so many events, in Node. A streamed answer's text is kept until its end, for `done` and for what an error says had arrived.",
    "",
    ...table(
      ["", "after 10,000", "after the last", "events", "text of the answer"],
      rows.map(({ what, few, many, count, held }) => [
        what,
        ...[few, many, count, held].map(bytes),
      ]),
    ),
  ];
}

function sizeTable(rows) {
  return [
    "## Size",
    "",
    "Bundled and minified by esbuild for a page; bytes.",
    "",
    ...table(
      ["", "raw", "gzip", "brotli"],
      rows.map(({ name, raw, gzip, brotli }) => [name, ...[raw, gzip, brotli].map(bytes)]),
    ),
  ];
}

async function preface({ runtimes, rounds, warmUp }) {
  const json = async (...path) => JSON.parse(await readFile(join(...path), "utf8"));
  const { dependencies } = await json(import.meta.dirname, "package.json");
  const peers = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  const { version } = await json(packageFolder, "package.json");
  const commit = await run("git", ["describe", "--always", "--dirty"], { cwd: root, capture: true })
    .then((text) => ` (${text.trim()})`)
    .catch(() => "");
  const ran = Object.entries(runtimes).map(([name, { version, clock, missing }]) =>
    missing ? `${TITLES[name]} is left out: ${missing}` : `${TITLES[name]} ${version}, by ${clock}`,
  );
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores of ${cpus()[0]?.model.trim() || "an unnamed processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    "# What ./bench measured",
    "",
    `${new Date().toISOString().slice(0, 10)}, agentline ${version}${commit}, Node ${process.versions.node}, ${machine}. Written by \`./bench --write\`.`,
    "",
    `Peers: ${peers.join(", ")}.`,
    "",
    ...(ran.length > 0 ? [`Runtimes: ${ran.join("; ")}.`, ""] : []),
    `In Node, Deno and Bun each participant runs in a process of its own, in a browser and in workerd all in one page or Worker; they take turns, ${rounds} rounds after ${warmUp} to warm up. A ratio is the median over rounds of two times of one round, in brackets its quartiles. Only ratios are given where speeds are compared: the machine is shared. Every participant must find the same, or the run fails. A bound is the work that is left without a reader: the chunks are read, decoded, and cut at places that are known beforehand; or, as by a reader in WebAssembly, copied, and the text that it hands out is decoded and cut.`,
    "",
  ];
}

/** The lines of all of it. */
export async function report(results) {
  const found = [...figures(results), ...otherFigures(results)];
  return [
    ...(await preface(results)),
    ...(found.length > 0 ? ["## What is wanted, and what is reached", "", ...found] : []),
    ...speedTables(results),
    ...(results.growth ? growthTables(results.growth) : []),
    ...(results.memory ? memoryTable(results.memory) : []),
    ...(Object.keys(results.starts).length > 0 ? startTables(results.starts) : []),
    ...(results.size ? sizeTable(results.size) : []),
    "## Who does not take part",
    "",
    ...LEFT_OUT.map((line) => `* ${line}`),
    "",
  ];
}
