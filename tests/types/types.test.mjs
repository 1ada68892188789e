// Strict programs compile against the declarations of the installed tarball, as each kind of project sees them.
import assert from "node:assert/strict";
import { cp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { CommandFailed, run } from "../../tools/process.mjs";
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

let project;
before(async () => {
  project = await projectWith(join(import.meta.dirname, "programs"));
  const types = join(project, "node_modules", "@types");
  await cp(join(root, "node_modules", "@types"), types, { recursive: true });
  await symlink(
    join(root, "node_modules", "undici-types"),
    join(project, "node_modules", "undici-types"),
  );
});
after(() => rm(project, { recursive: true }));

async function compile(compilerOptions, files) {
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
  return await run(join(nodeModulesBin, "tsc"), ["--project", project, "--pretty", "false"], {
    capture: true,
  });
}

for (const [name, options] of Object.entries(PROJECTS)) {
  test(`${name} compiles every call, every kind and every mistake as expected`, async () => {
    await compile(options, ["calls.ts", "exhaustive.ts", "mistakes.ts"]).catch((error) => {
      assert.fail(error.output ?? error.message);
    });
  });
}

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
