// What finds the WebAssembly of the installed tarball, where its file was not taken along: Node's entry and
// agentline/inline do without it, a page's entry says what to do.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { packedProject } from "./pack.mjs";

const FILE = "eliza_wasm_bg.wasm";
const READ = "read_wasm_bg.wasm";
const EVENTS = "events_wasm_bg.wasm";
const WHOLE = "agentline_wasm_bg.wasm";
const OPTIONS = { backend: "eliza", baseUrl: "http://127.0.0.1:9" };

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentline-without-"));
});
after(() => rm(folder, { recursive: true }));

const installed = async (file) => join(await packedProject(), "node_modules/agentline", file);
let copies = 0;

/** A file of another copy of the package each time, because a copy has one module; without the module's file. */
async function fresh(file) {
  const copy = join(folder, String(copies++));
  const filter = (path) => !path.endsWith(".wasm");
  await cp(await installed("."), copy, { recursive: true, filter });
  return await import(pathToFileURL(join(copy, file)).href);
}

/** The error of a call, which must tell the file's name and `advice`. */
async function refused(promise, ...advice) {
  return await refusedFor(FILE, promise, "`wasm`", ...advice);
}

async function refusedFor(file, promise, ...advice) {
  const error = await promise.then(
    () => assert.fail("it found its module"),
    (thrown) => thrown,
  );
  assert.deepEqual([error.kind, error.code], ["config", "WASM_LOAD"]);
  for (const word of [file, ...advice]) assert.ok(error.message.includes(word), error.message);
  return error;
}

async function events({ readEvents }) {
  const data = [];
  for await (const event of readEvents(new Response("data: one\n\n"))) data.push(event.data);
  return data;
}

for (const [name, file] of [
  ["agentline/inline", "entry/inline.js"],
  ["the entry of Node", "entry/node.js"],
  ["the entry of pages under development", "entry/development.js"],
]) {
  test(`${name} needs no file`, async () => {
    const module = await fresh(file);
    assert.equal((await module.connect(OPTIONS)).backend, "eliza");
    assert.deepEqual(await events(module), ["one"]);
  });
}

test("agentline/inline holds the bytes of the file that is for all", async () => {
  const { wasm } = await import(pathToFileURL(await installed("agentline_wasm_inline.js")).href);
  assert.ok(Buffer.from(wasm, "base64").equals(await readFile(await installed(WHOLE))));
});

test("a bundler that parts nothing takes the copy into no finished page", async () => {
  const { wasm } = await import(pathToFileURL(await installed("agentline_wasm_inline.js")).href);
  const bundled = async (...conditions) => {
    const contents = 'export * from "agentline";';
    const stdin = { contents, resolveDir: await packedProject() };
    const how = { bundle: true, format: "esm", write: false, logLevel: "error" };
    const { outputFiles } = await build({ stdin, conditions, ...how });
    return outputFiles[0].text;
  };
  assert.ok(!(await bundled()).includes(wasm));
  assert.ok((await bundled("development")).includes(wasm), "the copy would be seen");
});

test("a page's entry says which file is missing and what to do, and looks again the next time", async (context) => {
  let answer = (response) => response.writeHead(404).end();
  const server = createServer((_, response) => answer(response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { fetch } = globalThis;
  const url = `http://127.0.0.1:${server.address().port}/${FILE}`;
  context.mock.method(globalThis, "fetch", () => fetch(url));
  try {
    const module = await fresh("index.js");
    const missing = await refused(module.connect(OPTIONS), '"agentline/inline"', "404");
    assert.ok(missing.cause instanceof Error);
    const html = { "content-type": "text/html; charset=utf-8" };
    answer = (response) => response.writeHead(200, html).end("<!doctype html>");
    await refused(module.connect(OPTIONS), '"agentline/inline"', "is a page");
    answer = (response) => response.writeHead(200).end("nothing of the kind");
    await refusedFor(READ, events(module), '"agentline/inline"', "`wasm`");
    const bytes = await readFile(await installed(READ));
    answer = (response) => response.end(bytes);
    assert.deepEqual(await events(module), ["one"]);
  } finally {
    server.close();
  }
});

test("where bytes may not be compiled, agentline/inline says what to do", async (context) => {
  const refuse = () => Promise.reject(new WebAssembly.CompileError("code generation disallowed"));
  context.mock.method(WebAssembly, "compile", refuse);
  const { connect } = await fresh("entry/inline.js");
  const advice = ["`wasm`", 'from "agentline"', "code generation disallowed"];
  await refusedFor(WHOLE, connect(OPTIONS), ...advice);
});

test("a module may be given, that of the backend or that for all, also one that another realm compiled", async (context) => {
  context.mock.method(globalThis, "fetch", () => assert.fail("nothing is asked for"));
  for (const file of [FILE, WHOLE]) {
    const bytes = await readFile(await installed(file));
    for (const wasm of [
      compiledElsewhere(bytes),
      await WebAssembly.compile(bytes),
      bytes,
      new Response(bytes),
    ]) {
      const { connect } = await fresh("index.js");
      assert.equal((await connect({ ...OPTIONS, wasm })).backend, "eliza");
    }
  }
});

test("a module that reads event streams may be given, or that for all", async (context) => {
  context.mock.method(globalThis, "fetch", () => assert.fail("nothing is asked for"));
  for (const file of [READ, EVENTS, WHOLE]) {
    const wasm = await readFile(await installed(file));
    const { readEvents } = await fresh("index.js");
    const given = (source) => readEvents(source, { wasm });
    assert.deepEqual(await events({ readEvents: given }), ["one"]);
  }
});

test("what was given once serves whatever it holds, also what is asked for at the same time", async (context) => {
  context.mock.method(globalThis, "fetch", () => assert.fail("nothing is asked for"));
  const wasm = await readFile(await installed(WHOLE));
  const module = await fresh("index.js");
  const [client, data] = await Promise.all([module.connect({ ...OPTIONS, wasm }), events(module)]);
  assert.deepEqual([client.backend, data], ["eliza", ["one"]]);
  assert.equal((await module.connect({ ...OPTIONS, backend: "meibel" })).backend, "meibel");
});

test("a module of something else is refused by the name of the file that is wanted, and another may follow", async (context) => {
  context.mock.method(globalThis, "fetch", () => assert.fail("nothing is asked for"));
  const module = await fresh("index.js");
  for (const file of ["meibel_wasm_bg.wasm", READ, EVENTS]) {
    const wasm = await readFile(await installed(file));
    await refused(module.connect({ ...OPTIONS, wasm }), "another module", WHOLE);
  }
  const wasm = await readFile(await installed(FILE));
  assert.equal((await module.connect({ ...OPTIONS, wasm })).backend, "eliza");
  assert.deepEqual(await events(module), ["one"]);
});

test("each need loads its own module and no other, once, and whatever is wrong with the options is told", async (context) => {
  const asked = [];
  context.mock.method(globalThis, "fetch", async (url) => {
    asked.push(basename(String(url)));
    return new Response(await readFile(await installed(asked.at(-1))));
  });
  const module = await fresh("index.js");
  assert.deepEqual(await events(module), ["one"]);
  assert.deepEqual(await events(module), ["one"]);
  assert.deepEqual(asked, [READ]);
  for (const backend of ["meibel", "agentcloud", "eliza", "eliza"]) {
    const client = await module.connect({ ...OPTIONS, backend, team: "0123456789abcdef01234567" });
    assert.equal(client.backend, backend);
  }
  const files = ["meibel", "agentcloud", "eliza"].map((name) => `${name}_wasm_bg.wasm`);
  assert.deepEqual(asked, [READ, ...files]);
  for (const options of [
    undefined,
    null,
    1,
    {},
    { backend: "events" },
    { backend: "constructor" },
  ]) {
    await assert.rejects(module.connect(options), { name: "AgentlineError", kind: "config" });
  }
});

test("the module that asks for event streams reads them, too", async (context) => {
  const asked = [];
  const answer = async (url) => {
    asked.push(basename(String(url)));
    return new Response(await readFile(await installed(asked.at(-1))));
  };
  context.mock.method(globalThis, "fetch", answer);
  const module = await fresh("index.js");
  const type = { headers: { "content-type": "text/event-stream" } };
  const fetch = async () => new Response("data: two\n\n", type);
  const open = (input) => module.openEvents(input, { fetch, reconnect: false });
  assert.deepEqual(await events({ readEvents: () => open("http://127.0.0.1:9") }), ["two"]);
  assert.deepEqual(await events(module), ["one"]);
  assert.deepEqual(asked, [EVENTS]);
});

test("clients of two backends and a stream of events do not disturb each other", async () => {
  const module = await fresh("entry/inline.js");
  const [eliza, meibel] = await Promise.all([
    module.connect(OPTIONS),
    module.connect({ ...OPTIONS, backend: "meibel" }),
  ]);
  assert.deepEqual([eliza.backend, meibel.backend], ["eliza", "meibel"]);
  assert.notDeepEqual(eliza.capabilities, meibel.capabilities);
  assert.deepEqual(await events(module), ["one"]);
});

/** A module that another realm compiled, as Next's edge runtime hands them out. */
function compiledElsewhere(bytes) {
  const module = runInContext("new WebAssembly.Module(bytes)", createContext({ bytes }));
  assert.ok(!(module instanceof WebAssembly.Module));
  return module;
}

const OTHERS = [
  {
    name: "the gateway",
    file: "gateway_wasm_bg.wasm",
    source: "gateway.js",
    entry: "entry/gateway-web.js",
    bind: ({ bindGateway }, load) => bindGateway(load),
    ask({ createGateway }) {
      const gateway = createGateway({
        backend: "eliza",
        baseUrl: "http://127.0.0.1:9",
        apiKey: "key",
      });
      return gateway(new Request("http://page.test/elsewhere"));
    },
    status: 404,
  },
  {
    name: "the sandbox",
    file: "sandbox_wasm_bg.wasm",
    source: "sandbox.js",
    entry: "entry/sandbox-web.js",
    bind: ({ bindSandbox }, load) => bindSandbox(load),
    ask: ({ createSandbox }) => createSandbox().fetch("/api/messaging/sessions/health"),
    status: 200,
  },
];
for (const { name, file, source, entry, bind, ask, status } of OTHERS) {
  test(`${name} takes a module that another realm compiled`, async () => {
    const module = compiledElsewhere(await readFile(await installed(file)));
    const bound = bind(await fresh(source), () => module);
    assert.equal((await ask(bound)).status, status);
  });

  test(`${name} says which file is missing, and looks again the next time`, async (context) => {
    const bytes = await readFile(await installed(file));
    let answer = () => new Response(null, { status: 404 });
    context.mock.method(globalThis, "fetch", async () => answer());
    const module = await fresh(entry);
    await refusedFor(file, ask(module), "404", "beside the code");
    answer = () => new Response(bytes);
    assert.equal((await ask(module)).status, status);
  });
}
