// The installed tarball in Node.
import assert from "node:assert/strict";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { run } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { packedProject, projectWith } from "./pack.mjs";

let server;
let project;
before(async () => {
  server = await sharedElizaServer();
  project = await projectWith(join(import.meta.dirname, "programs"));
});
after(async () => {
  await server.stop();
  await rm(project, { recursive: true });
});

async function node(program, ...args) {
  const output = await run(process.execPath, [program, ...args], {
    cwd: project,
    capture: true,
    env: { ELIZA_URL: server.url, AGENT_ID: server.agentId, NODE_OPTIONS: "" },
  });
  return output.trimEnd().split("\n");
}

function assertTold(lines, answer, history) {
  const deltas = lines.filter((line) => line.startsWith("+ "));
  assert.ok(deltas.length > 2, `it came piece by piece: ${lines.join("\n")}`);
  assert.deepEqual(lines.slice(deltas.length), [`= ${answer}`, ...history, "more: false"]);
}

test("ten lines hold a session with a real elizaOS server", async () => {
  const text = "hello from the packed tarball, word by word";
  assertTold(await node("session.mjs"), text, [`user: stream 6 30 ${text}`]);
});

test("the same ten lines hold a session with the sandbox, without any server", async () => {
  const text = "hello from the sandbox, word by word";
  assertTold(await node("sandbox.mjs"), text, [`user: stream 6 30 ${text}`]);
});

test("require() gives the package too", async () => {
  assert.deepEqual(await node("required.cjs"), [
    "function function function function",
    "true true not_found",
  ]);
});

/** What `import` takes: each entry by its name, and the file that a page gets for it. */
async function entries() {
  const manifest = await readFile(join(project, "node_modules/agentline/package.json"), "utf8");
  return Object.entries(JSON.parse(manifest).exports)
    .filter(([, places]) => typeof places === "object")
    .flatMap(([name, { default: file }]) => [
      name.replace(/^\./, "agentline"),
      file.replace(/^\./, "./node_modules/agentline"),
    ]);
}

test("importing an entry loads, fetches, looks at and changes nothing", async () => {
  const all = await entries();
  assert.ok(all.includes("agentline/inline") && all.includes("./node_modules/agentline/index.js"));
  for (const entry of all) {
    const told = await node("import-does-nothing.mjs", entry);
    const [imported, connected] = told.map((line) => JSON.parse(line));
    assert.deepEqual(imported, { done: [], made: [] }, entry);
    if (entry !== "agentline") continue;
    for (const what of ["WebAssembly.", "location"])
      assert.ok(
        connected.done.some((done) => done.startsWith(what)),
        `the watch sees ${what}`,
      );
  }
});

test("an error of one copy of the package is known to another copy", async () => {
  const other = `${project}-other`;
  await cp(await packedProject(), other, { recursive: true });
  try {
    const one = await import(pathToFileURL(join(project, "reexport-agentline.mjs")).href);
    const two = await import(pathToFileURL(join(other, "reexport-agentline.mjs")).href);
    const error = await one.connect({ backend: "eliza" }).catch((reason) => reason);
    assert.ok(error instanceof one.AgentlineError);
    assert.ok(!(error instanceof two.AgentlineError));
    assert.equal(two.isAgentlineError(error), true);
    assert.equal(two.isAgentlineError(new Error("another")), false);
  } finally {
    await rm(other, { recursive: true });
  }
});
