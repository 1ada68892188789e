// What README.md shows, runs: its JavaScript and TypeScript in a project with the packed tarball, against a real elizaOS
// server; the commands that its shell blocks name are there.
import assert from "node:assert/strict";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { cp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { projectWith } from "../package/pack.mjs";
import { codeBlocks, program } from "./blocks.mjs";

const PROGRAMS = ["js", "mjs", "javascript", "ts", "mts", "typescript"];
const SHELL = ["sh", "bash", "shell", "console"];

const file = join(root, "README.md");
const blocks = existsSync(file) ? codeBlocks(readFileSync(file, "utf8")) : [];
const programs = blocks.filter(({ language }) => PROGRAMS.includes(language));
const commands = blocks.filter(({ language }) => SHELL.includes(language));
const isTypeScript = ({ language }) => language.endsWith("ts") || language === "typescript";

let server;
let project;
before(async () => {
  server = await sharedElizaServer();
  project = await projectWith(join(import.meta.dirname, "project"));
  const modules = join(project, "node_modules");
  await cp(join(root, "node_modules", "@types"), join(modules, "@types"), { recursive: true });
  await symlink(join(root, "node_modules", "undici-types"), join(modules, "undici-types"));
});
after(async () => {
  await server.stop();
  await rm(project, { recursive: true });
});

/** Types are checked by tsc (strictly, in TypeScript), then the program runs. */
async function runBlock(block, name) {
  const path = join(project, `${name}.${isTypeScript(block) ? "mts" : "mjs"}`);
  await writeFile(path, program(block, server));
  if (isTypeScript(block)) {
    const config = join(project, `${name}.json`);
    await writeFile(config, JSON.stringify({ extends: "./strict.json", files: [path] }));
    await run(join(nodeModulesBin, "tsc"), ["--project", config, "--pretty", "false"], {
      capture: true,
    });
  }
  if (block.check) return "";
  const script = isTypeScript(block) ? join(project, "out", `${name}.mjs`) : path;
  return await run(process.execPath, [script], {
    cwd: project,
    capture: true,
    env: { ELIZA_URL: server.url, AGENT_ID: server.agentId },
  });
}

const orOutput = (error) => assert.fail(error.output ?? error.message);

test("README.md shows programs and commands", () => {
  assert.ok(programs.length > 0 && commands.length > 0);
});

describe("the programs of README.md", () => {
  for (const block of programs) {
    const title = block.check ? `compiles (${block.check})` : "runs";
    test(`the ${block.language} of line ${block.line} ${title}`, { timeout: 60_000 }, async () => {
      const output = await runBlock(block, `line-${block.line}`).catch(orOutput);
      if (block.check) assert.ok(isTypeScript(block), "what is not run is checked as TypeScript");
      else if (/console\.log|stdout\.write/.test(block.text))
        assert.notEqual(output.trim(), "", "it prints something");
    });
  }
});

test("the commands that README.md names are there", () => {
  for (const { text, line } of commands) {
    for (const [, command] of text.matchAll(/^\s*(?:\$ )?\.\/([\w-]+)/gm)) {
      assert.doesNotThrow(
        () => accessSync(join(root, command), constants.X_OK),
        `line ${line}: ./${command}`,
      );
    }
  }
});

describe("this test", () => {
  const block = { language: "ts", names: [], text: "" };

  test("finds blocks, and what is said before them", () => {
    const markdown =
      "text\n<!-- with: client, session -->\n\n```ts\none\n```\n\n<!-- check: why -->\n```js\ntwo\n```\n";
    assert.deepEqual(codeBlocks(markdown), [
      { language: "ts", line: 4, names: ["client", "session"], check: undefined, text: "one" },
      { language: "js", line: 9, names: [], check: "why", text: "two" },
    ]);
    assert.throws(() => codeBlocks("```js\nnever ends"));
    assert.throws(() => program({ ...block, names: ["nonsense"] }, server));
  });

  test("fails where a program fails", async () => {
    await assert.rejects(
      runBlock({ ...block, language: "js", text: "throw new Error()" }, "throws"),
    );
    await assert.rejects(
      runBlock({ ...block, text: "const text: string = 7;\nconsole.log(text);" }, "wrong"),
    );
  });

  test("gives a block what it names", async () => {
    const names = ["client", "session", "sessionId", "agentId", "baseUrl", "response"];
    const text = `console.log([${names.join(", ")}].map((value) => typeof value).join(" "), response.status);`;
    const told = "object object string string string object 200";
    assert.equal((await runBlock({ ...block, language: "js", names, text }, "named")).trim(), told);
    assert.equal((await runBlock({ ...block, names, text }, "named-in-typescript")).trim(), told);
  });
});
