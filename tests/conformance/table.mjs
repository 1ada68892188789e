// In: pkg/ as ./build left it, and the peers of tests/bench. Out: which cases of the corpora each reader misses.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../tools/arguments.mjs";
import { nodeModulesBin, packageFolder } from "../../tools/paths.mjs";
import { endOnSignals, run } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { answerServer } from "./answers.mjs";
import { answers, bytesOf, cases, difference, groupOf } from "./corpus.mjs";
import { asCompared, peers } from "./peers.mjs";
import { runtimes } from "./runtimes.mjs";

const RESULTS = join(import.meta.dirname, "RESULTS.md");
const LONGEST = 10_000;

const HELP = `node tests/conformance/table.mjs           every reader and every case (about two minutes)
node tests/conformance/table.mjs --write   keep the table in tests/conformance/RESULTS.md`;

const expectedOf = (one, compared) => ({
  whole: asCompared(one.expect, compared),
  flushed: asCompared(one.expectIfFlushedAtEnd ?? one.expect, compared),
});

/** What a reader misses: the names of the cases, and of those that it misses only by giving the unfinished event. */
async function peerRow(name, { package: of, compared, load }) {
  const { version } = JSON.parse(
    await readFile(join(import.meta.dirname, "../bench/node_modules", of, "package.json"), "utf8"),
  );
  const read = await load();
  const row = { name: `${name} ${version}`, compared: compared.join(", "), missed: [], flushed: 0 };
  for (const one of cases) {
    const events = [];
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(reject, LONGEST, new Error("it takes too long"));
    });
    const reading = read(bodyOf(bytesOf(one)), one.initialLastEventId ?? "", events);
    const error = await Promise.race([reading, limit]).then(
      () => undefined,
      (thrown) => thrown,
    );
    clearTimeout(timer);
    count(row, one, error, asCompared(events, compared), expectedOf(one, compared));
  }
  return row;
}

function count(row, one, error, given, { whole, flushed }) {
  if (error === undefined && given === whole) return;
  row.missed.push(one);
  if (error === undefined && given === flushed) row.flushed++;
}

function bodyOf(chunks) {
  let at = 0;
  const pull = (controller) =>
    at < chunks.length ? controller.enqueue(chunks[at++]) : controller.close();
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

const ALL = ["event", "data", "id"];

async function ownRows(server) {
  const rows = [];
  for (const [name, start] of Object.entries(runtimes)) {
    const runtime = await start();
    try {
      const outcomes = await runtime.read(cases);
      const row = { name: `**agentline** in ${name}`, compared: "all of it", flushed: 0 };
      row.missed = cases.filter((one, at) => difference(one, outcomes[at]));
      const addresses = answers.map((answer) => ({
        url: server.address(`own-${name}`, answer),
        stays: answer.expect === "open",
        reconnect:
          answer.response.status === 429 || answer.response.status >= 500 ? false : undefined,
      }));
      const opened = await runtime.open(addresses);
      row.missedAnswers = answers.filter((answer, at) => {
        const asked = server.asked(`own-${name}`, answer);
        return !asExpected(answer, opened[at], asked);
      });
      rows.push(row);
    } finally {
      await runtime.close();
    }
  }
  return rows;
}

function asExpected({ expect }, { events, error }, asked) {
  const again = asked > 1;
  if (expect === "open") return events.length > 0 && !error;
  if (expect === "fail") return events.length === 0 && !again;
  return again && !error;
}

/** The platforms' own EventSource, over a real connection. */
async function platformRows(server) {
  const streams = await streamServer();
  const work = (who) => ({
    streams: cases.map((one, at) => ({
      url: `${streams.url}/${who}/${at}`,
      types: [...one.expect, ...(one.expectIfFlushedAtEnd ?? [])].map(({ event }) => event),
      connections: one.initialLastEventId === undefined ? 1 : 2,
    })),
    addresses: answers.map((answer) => server.address(who, answer)),
  });
  const rows = [];
  const add = (name, { read, opened }) => {
    const row = { name, compared: ALL.join(", "), missed: [], flushed: 0 };
    cases.forEach((one, at) => {
      const { events, error } = read[at];
      count(row, one, error, asCompared(events, ALL), expectedOf(one, ALL));
    });
    row.missedAnswers = answers.filter(({ expect }, at) => opened[at] !== expect);
    rows.push(row);
  };
  const folder = await mkdtemp(join(tmpdir(), "agentline-table-"));
  try {
    const browser = await runtimes.Chromium();
    try {
      add(`EventSource of Chromium ${browser.version}`, await browser.platform(work("chromium")));
    } finally {
      await browser.close();
    }
    const program = join(import.meta.dirname, "programs", "event-source-main.mjs");
    const told = async (command, args, who) => {
      const file = join(folder, `${who}.json`);
      await writeFile(file, JSON.stringify(work(who)));
      await run(command, [...args, program, file], { capture: true });
      return JSON.parse(await readFile(file, "utf8"));
    };
    const node = await told(
      process.execPath,
      ["--experimental-eventsource", "--no-warnings"],
      "node",
    );
    add(`EventSource of Node ${process.versions.node}`, node);
    const deno = join(nodeModulesBin, "deno");
    const version = (await run(deno, ["--version"], { capture: true })).match(/deno (\S+)/)[1];
    const leave = [
      "run",
      "--no-lock",
      "--allow-net=127.0.0.1",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
    ];
    add(`EventSource of Deno ${version}`, await told(deno, leave, "deno"));
  } finally {
    await streams.close();
    await rm(folder, { recursive: true });
  }
  return rows;
}

/** Sends each case once to each who asks, in its pieces; before it, in a connection of its own, the last event id. */
async function streamServer() {
  const asked = new Set();
  const server = createServer((request, response) => {
    const one = cases[Number(request.url.split("/").at(-1))];
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "last-event-id");
    response.setHeader("connection", "close");
    if (!one || request.method === "OPTIONS") return response.writeHead(204).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (one.initialLastEventId !== undefined && !asked.has(request.url)) {
      asked.add(request.url);
      return response.end(`retry: 1\nid: ${one.initialLastEventId}\n\n`);
    }
    for (const piece of bytesOf(one)) response.write(piece);
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function table(rows, all, missedOf, last) {
  const groups = [...new Set(all.map(groupOf))];
  const sizes = groups.map((group) => all.filter((one) => groupOf(one) === group).length);
  const cells = (row) => {
    const missed = missedOf(row);
    const of = (group) => missed.filter((one) => groupOf(one) === group).length;
    return [...groups.map((group) => of(group) || "–"), missed.length || "**none**", last(row)];
  };
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line([
      "misses",
      ...groups.map((group, at) => `${group} (${sizes[at]})`),
      `of ${all.length}`,
      "compared",
    ]),
    line(["---", ...groups.map(() => "---:"), "---:", "---"]),
    ...rows.map((row) => line([row.name, ...cells(row)])),
  ];
}

function document(rows) {
  const compared = ({ compared, flushed }) =>
    flushed ? `${compared}; ${flushed} only by an unfinished last event` : compared;
  return [
    "# Readers of event streams, and the cases that they miss",
    "",
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}. Written by \`node tests/conformance/table.mjs --write\`.`,
    "",
    "The cases are those of tests/fixtures/sse/: streams with what the HTML standard (9.2.5 and 9.2.6) makes of them, under the groups that their names begin with. A number is how many of a group a reader misses. Readers that give less than event, data and last event id are held only to what they give; agentline also to the last event id at the end, the reconnection time, the comments, and the unfinished last event for who asks for it. The platforms' own EventSource read over real connections, the others from memory in the pieces of the case.",
    "",
    ...table(rows, cases, ({ missed }) => missed, compared),
    "",
    "And what a client makes of an answer (status, content type, redirect, end of the network; 9.2.2 and 9.2.3). `openEvents` comes back after 429 and 5xx unless `reconnect` is false, which is how those cases are run.",
    "",
    ...table(
      rows.filter(({ missedAnswers }) => missedAnswers),
      answers,
      ({ missedAnswers }) => missedAnswers,
      ({ missedAnswers }) => missedAnswers.map(({ name }) => name).join(", "),
    ).map((line, at) => (at === 0 ? line.replace(/compared \|$/, "which |") : line)),
  ];
}

const values = readArguments({ write: { type: "boolean" } }, HELP);
endOnSignals();
// a reader that fails somewhere aside has failed its case
process.on("unhandledRejection", () => {});
await npmPackages(join(import.meta.dirname, "..", "bench"), { label: "npm ci (the peers)" });
const server = await answerServer();
const rows = await ownRows(server);
for (const [name, peer] of Object.entries(peers)) rows.push(await peerRow(name, peer));
rows.push(...(await platformRows(server)));
await server.close();
const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
const text = document(rows).join("\n").replace(", Node", `, agentline ${version}, Node`);
console.log(text);
if (values.write) await writeFile(RESULTS, `${text}\n`);
process.exit(rows.some(({ name, missed }) => name.includes("agentline") && missed.length) ? 1 : 0);
