// The installed tarball in Node.
import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
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

async function node(program) {
  const output = await run(process.execPath, [program], {
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

test("importing the package loads, fetches and changes nothing", async () => {
  const [imported, connected] = (await node("import-does-nothing.mjs")).map((line) =>
    JSON.parse(line),
  );
  assert.deepEqual(imported, { done: [], made: [] });
  assert.ok(
    connected.done.some((what) => what.startsWith("WebAssembly.")),
    "the watch sees the module",
  );
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
