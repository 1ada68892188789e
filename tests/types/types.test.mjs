// Strict programs compile against the declarations of the installed tarball, as each kind of project sees them.
import assert from "node:assert/strict";
import { cp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { CommandFailed, run } from "../../tools/process.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { projectWith } from "../package/pack.mjs";

const DOM = ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];
const PROJECTS = {
  "a bundler's project": { module: "ESNext", moduleResolution: "bundler", lib: DOM },
  "a Node project": {
    module: "NodeNext",
    moduleResolution: "nodenext",
    lib: ["ES2023"],
    types: ["node"],
  },
  "a Node project that knows the DOM": {
    module: "NodeNext",
    moduleResolution: "nodenext",
    lib: DOM,
  },
  "a Worker's project": {
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2023"],
    types: ["@cloudflare/workers-types"],
  },
  "a project with exact optional properties": {
    module: "NodeNext",
    moduleResolution: "nodenext",
    lib: DOM,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
  },
};

/** The compilers: the one of our own, and the last one that was written in JavaScript. */
const TSC = join(nodeModulesBin, "tsc");
const TSC_6 = join(import.meta.dirname, "node_modules", ".bin", "tsc");

let project;
before(async () => {
  await npmPackages(import.meta.dirname, { label: "npm ci (judges of types)" });
  project = await projectWith(join(import.meta.dirname, "programs"));
  const types = join(project, "node_modules", "@types");
  await cp(join(root, "node_modules", "@types"), types, { recursive: true });
  await symlink(
    join(root, "node_modules", "undici-types"),
    join(project, "node_modules", "undici-types"),
  );
  await symlink(
    join(import.meta.dirname, "node_modules", "@cloudflare"),
    join(project, "node_modules", "@cloudflare"),
  );
});
after(() => rm(project, { recursive: true }));

async function compile(compilerOptions, files, tsc = TSC) {
  const config = {
    compilerOptions: {
      target: "ES2022",
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      ...compilerOptions,
    },
    files,
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify(config));
  return await run(tsc, ["--project", project, "--pretty", "false"], { capture: true });
}

const PROGRAMS = ["calls.ts", "exhaustive.ts", "mistakes.ts"];
const orOutput = (error) => assert.fail(error.output ?? error.message);

for (const [name, options] of Object.entries(PROJECTS)) {
  test(`${name} compiles every call, every kind and every mistake as expected`, async () => {
    await compile(options, PROGRAMS).catch(orOutput);
  });
}

test("a project with TypeScript 6 compiles them too", async () => {
  await compile(PROJECTS["a bundler's project"], PROGRAMS, TSC_6).catch(orOutput);
});

/** The program once for each of its cases, without it: its label, and its words unless it shares them with another. */
function withoutEachCase(text) {
  const lines = text.split("\n");
  const label = (line) => line?.match(/^ {4}case "(\w+)":$/)?.[1];
  return lines.flatMap((line, at) => {
    const word = label(line);
    if (word === undefined) return [];
    const shared = label(lines[at - 1]) ?? label(lines[at + 1]);
    const next = lines.findIndex((line, index) => index > at && /^ {4}(case|default)\b/.test(line));
    const without = lines.toSpliced(at, shared ? 1 : next - at);
    return [[`without-${at + 1}-${word}.ts`, without.join("\n")]];
  });
}

test("a switch that leaves out one event, one kind, one status or one role does not compile", async () => {
  const text = await readFile(join(project, "exhaustive.ts"), "utf8");
  const files = withoutEachCase(text);
  assert.ok(files.length > 30, "every case is found");
  for (const [name, without] of files) await writeFile(join(project, name), without);
  const names = files.map(([name]) => name);
  const failed = await compile(PROJECTS["a bundler's project"], names).then(
    () => assert.fail("they compile"),
    (error) => error.output,
  );
  for (const name of names)
    assert.match(failed, new RegExp(`/${name}\\(.*error TS2345: .*'never'`), name);
});

test("the compiler is asked: a program with an error does not compile", async () => {
  await writeFile(
    join(project, "wrong.ts"),
    'import { connect } from "agentline";\nexport const client: string = await connect({ backend: "eliza" });\n',
  );
  await assert.rejects(compile(PROJECTS["a bundler's project"], ["wrong.ts"]), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.match(
      error.output,
      /wrong\.ts\(2,14\): error TS2322: Type 'Client' is not assignable to type 'string'/,
    );
    return true;
  });
});
