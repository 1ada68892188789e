// What the documents show, runs: their JavaScript and TypeScript in a project with the packed tarball, against a real
// elizaOS server; the commands that their shell blocks name are there, and the files that they link to.
import assert from "node:assert/strict";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { cp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { projectWith } from "../package/pack.mjs";
import { codeBlocks, program } from "./blocks.mjs";

const PROGRAMS = ["js", "mjs", "javascript", "ts", "mts", "typescript"];
const SHELL = ["sh", "bash", "shell", "console"];

const DOCUMENTS = ["README.md", "docs/moving.md", "llms.txt"];
const documents = DOCUMENTS.map((name) => {
  const text = readFileSync(join(root, name), "utf8");
  return { name, text, blocks: codeBlocks(text) };
});
const ofLanguage = (languages) => (block) => languages.includes(block.language);
const isTypeScript = ({ language }) => language.endsWith("ts") || language === "typescript";

let server;
let project;
before(async () => {
  server = await sharedElizaServer();
  project = await projectWith(join(import.meta.dirname, "project"));
  const modules = join(project, "node_modules");
  await cp(join(root, "node_modules", "@types"), join(modules, "@types"), { recursive: true });
  await symlink(join(root, "node_modules", "undici-types"), join(modules, "undici-types"));
  const others = join(root, "tests", "sdks");
  await npmPackages(others, { label: "npm ci (clients that others wrote)" });
  await symlink(join(others, "node_modules", "@elizaos"), join(modules, "@elizaos"));
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

test("the documents show programs and commands", () => {
  const all = documents.flatMap(({ blocks }) => blocks);
  assert.ok(all.some(ofLanguage(PROGRAMS)) && all.some(ofLanguage(SHELL)));
});

for (const [index, { name, blocks }] of documents.entries()) {
  describe(`the programs of ${name}`, () => {
    for (const block of blocks.filter(ofLanguage(PROGRAMS))) {
      const { language, line, check, other } = block;
      const title = check ? `compiles (${check})` : "runs";
      const skip = other && `a program of somebody else's: ${other}`;
      test(`the ${language} of line ${line} ${title}`, { timeout: 60_000, skip }, async () => {
        const output = await runBlock(block, `text-${index}-line-${line}`).catch(orOutput);
        if (check) assert.ok(isTypeScript(block), "what is not run is checked as TypeScript");
        else if (/console\.log|stdout\.write/.test(block.text))
          assert.notEqual(output.trim(), "", "it prints something");
      });
    }
  });
}

test("a document's programs are somebody else's only where they do not name agentline", () => {
  for (const { name, blocks } of documents) {
    for (const { other, text, line } of blocks) {
      assert.ok(!other || !text.includes("agentline"), `${name}, line ${line}`);
    }
  }
});

test("the commands that the documents name are there", () => {
  for (const { name, blocks } of documents) {
    for (const { text, line } of blocks.filter(ofLanguage(SHELL))) {
      for (const [, command] of text.matchAll(/^\s*(?:\$ )?\.\/([\w-]+)/gm)) {
        assert.doesNotThrow(
          () => accessSync(join(root, command), constants.X_OK),
          `${name}, line ${line}: ./${command}`,
        );
      }
    }
  }
});

test("the files and chapters that the documents link to are there", () => {
  for (const { name, text } of documents) {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
    assert.ok(links.length > 0, `${name} has links`);
    for (const [link, path, chapter] of links) {
      const file = path === "" ? join(root, name) : join(root, dirname(name), path);
      assert.ok(existsSync(file), `${name}: ${link}`);
      if (chapter !== undefined)
        assert.ok(chapters(readFileSync(file, "utf8")).includes(chapter), `${name}: ${link}`);
    }
  }
});

/** The anchors that a forge gives to the headings. */
function chapters(markdown) {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("this test", () => {
  const block = { language: "ts", names: [], text: "" };

  test("finds blocks, and what is said before them", () => {
    const markdown =
      "text\n<!-- with: client, session -->\n\n```ts\none\n```\n\n<!-- check: why -->\n```js\ntwo\n```\n";
    const none = { check: undefined, other: undefined };
    assert.deepEqual(codeBlocks(markdown), [
      { ...none, language: "ts", line: 4, names: ["client", "session"], text: "one" },
      { ...none, language: "js", line: 9, names: [], check: "why", text: "two" },
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
