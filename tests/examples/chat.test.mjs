// examples/chat.mjs with the packed tarball, unchanged: against the sandbox in its memory, against the sandbox as a
// server, and against a real elizaOS server. Only the word that names the backend differs.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { startSandbox } from "../demo/sandbox.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { packedModule, projectWith } from "../package/pack.mjs";

const ANSWER = "one program for three backends";
const TEXT = `stream 4 20 ${ANSWER}`;

let project;
before(async () => {
  project = await projectWith(join(root, "examples"));
});
after(async () => {
  await rm(project, { recursive: true });
});

/** Runs the program; its lines. */
async function chat(backend, env = {}) {
  const output = await run(process.execPath, [join(project, "chat.mjs"), backend, TEXT], {
    cwd: project,
    capture: true,
    env,
  });
  return output.trimEnd().split("\n");
}

function assertChatted(lines, { stored }) {
  const count = (line) => lines.filter((other) => other === line).length;
  assert.match(lines[0], /^session \S+ is \w+$/);
  assert.equal(count(`= ${ANSWER}`), 2, `both answers came: ${lines.join("\n")}`);
  assert.equal(count(`user: ${TEXT}`), 2, `both messages are in the history: ${lines.join("\n")}`);
  if (stored) assert.equal(count(`assistant: ${ANSWER}`), 2, lines.join("\n"));
  assert.ok(
    lines.some((line) => /^listed as \w+$/.test(line)),
    lines.join("\n"),
  );
}

// elizaOS stores no answer that it streams or gives at once
const backends = [
  { backend: "meibel", stored: true, path: "/v2", deletes: false },
  { backend: "agentcloud", stored: true, path: "", deletes: true },
  { backend: "eliza", stored: false, path: "", deletes: true },
];

describe("the program of examples/chat.mjs", () => {
  for (const { backend, stored, deletes } of backends) {
    test(`talks to ${backend} in its own memory`, { timeout: 60_000 }, async () => {
      const lines = await chat(backend);
      assertChatted(lines, { stored });
      assert.equal(lines.at(-1) === "deleted", deletes);
    });
  }

  test("talks to the sandbox as a server, which speaks all three", {
    timeout: 120_000,
  }, async () => {
    const { createSandbox } = await packedModule("agentline/sandbox");
    const known = createSandbox();
    const server = await startSandbox();
    try {
      for (const { backend, stored, path } of backends) {
        const { apiKey = "" } = known.connectOptions(backend);
        const lines = await chat(backend, {
          AGENTLINE_URL: server.url + path,
          AGENTLINE_KEY: apiKey,
          AGENTLINE_AGENT: known.agentId(backend),
        });
        assertChatted(lines, { stored });
      }
    } finally {
      await server.stop();
    }
  });

  test("talks to a real elizaOS server", { timeout: 60_000 }, async () => {
    const server = await sharedElizaServer();
    try {
      const lines = await chat("eliza", {
        AGENTLINE_URL: server.url,
        AGENTLINE_AGENT: server.agentId,
      });
      assertChatted(lines, { stored: false });
    } finally {
      await server.stop();
    }
  });
});
