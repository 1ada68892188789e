// The cells of the matrix: what each is called, which tools it installs, and how these are run, by the command that their
// own documentation gives and without configuration. What is told is judged elsewhere.
//
// shared    what it has of shared/: a page, or a program
// lacks     entries that cannot work there, which is no failure as long as they say what to do
// cheap     entries that ./check tries; the others are held by tests/package already, or take long
// run       gives what was told, or several by their names
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bun } from "../package/bun.mjs";

const BOTH = ["agentline", "agentline/inline"];
const page = ["page"];
const program = ["program"];

/** Runs a program of the project's tools to its end, and then gives what the page there shows. */
const built = (tool, args) => async (place) => {
  await place.tool(tool, args);
  return await place.visitFolder();
};

/** Runs the project's tests by a runner, which leave what they were told in a file. */
const tested = (tool, args, env) => async (place) => {
  await place.tool(tool, args, env);
  return await readFile(join(place.folder, "told.json"), "utf8");
};

export const cells = [
  {
    name: "node-import",
    title: "Node, `import`",
    folder: "node-import",
    shared: program,
    run: (place) => place.run(process.execPath, ["main.mjs"]),
  },
  {
    name: "node-require",
    title: "Node, `require()`",
    folder: "node-require",
    shared: [],
    run: (place) => place.run(process.execPath, ["main.cjs"]),
  },
  {
    name: "deno",
    title: "Deno",
    folder: "deno",
    shared: program,
    cheap: ["agentline/inline"],
    run: (place) => place.tool("deno", ["run", "--allow-net", "--allow-env", "main.mjs"]),
  },
  {
    name: "bun",
    title: "Bun",
    folder: "bun",
    shared: program,
    cheap: ["agentline/inline"],
    run: (place) => place.run(bun(place.folder), ["main.mjs"]),
  },
  {
    name: "wrangler",
    title: "Cloudflare Worker, `wrangler dev`",
    folder: "wrangler",
    shared: [],
    run: (place) =>
      place.serving("wrangler", (port) => ["dev", "--ip", "127.0.0.1", "--port", port], place.get),
  },
  {
    name: "import-map",
    title: "a page with an import map, no bundler",
    folder: "import-map",
    shared: page,
    cheap: ["agentline/inline"],
    run: (place) => place.visitFolder(),
  },
  {
    name: "csp",
    title: "a page under `script-src 'self' 'wasm-unsafe-eval'`",
    folder: "csp",
    shared: page,
    cheap: BOTH,
    specifiers: {
      agentline: "/node_modules/agentline/index.js",
      "agentline/inline": "/node_modules/agentline/entry/inline.js",
    },
    run: (place) =>
      place.visitFolder({
        "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'",
      }),
  },
  ...["vite", "vite-7", "vite-5"].flatMap((folder) => [
    {
      name: `${folder}-dev`,
      title: "Vite, development server",
      folder,
      shared: page,
      run: (place) =>
        place.serving("vite", (port) => ["--host", "127.0.0.1", "--port", port], place.visit),
    },
    {
      name: `${folder}-build`,
      title: "Vite, build",
      folder,
      shared: page,
      async run(place) {
        await place.tool("vite", ["build"]);
        const preview = (port) => ["preview", "--host", "127.0.0.1", "--port", port];
        return await place.serving("vite", preview, place.visit);
      },
    },
  ]),
  {
    name: "webpack",
    title: "webpack to a page",
    folder: "webpack",
    shared: page,
    run: built("webpack", ["./main.js", "--mode", "production"]),
  },
  {
    name: "rollup-page",
    title: "Rollup to a page",
    folder: "rollup",
    shared: page,
    lacks: ["agentline"],
    run: built("rollup", ["main.js", "-f", "es", "-d", "dist", "-p", "node-resolve"]),
  },
  {
    name: "rollup-node",
    title: "Rollup to Node",
    folder: "rollup",
    shared: program,
    lacks: ["agentline"],
    async run(place) {
      await place.tool("rollup", ["main.mjs", "-f", "es", "-d", "dist", "-p", "node-resolve"]);
      return await place.run(process.execPath, ["dist/main.js"]);
    },
  },
  {
    name: "esbuild-page",
    title: "esbuild to a page",
    folder: "esbuild",
    shared: page,
    lacks: ["agentline"],
    cheap: BOTH,
    run: built("esbuild", ["main.js", "--bundle", "--format=esm", "--outdir=dist"]),
  },
  {
    name: "esbuild-node",
    title: "esbuild to Node",
    folder: "esbuild",
    shared: program,
    cheap: BOTH,
    async run(place) {
      const bundle = ["main.mjs", "--bundle", "--platform=node"];
      await place.tool("esbuild", [...bundle, "--format=esm", "--outfile=dist/main.mjs"]);
      return await place.run(process.execPath, ["dist/main.mjs"]);
    },
  },
  {
    name: "next-turbopack",
    title: "Next, Turbopack: Node route, edge route, client with SSR",
    folder: "next",
    shared: [],
    run: (place) => next(place, []),
  },
  {
    name: "next-webpack",
    title: "Next, webpack: Node route, edge route, client with SSR",
    folder: "next",
    shared: [],
    run: (place) => next(place, ["--webpack"]),
  },
  {
    name: "vitest",
    title: "Vitest",
    folder: "vitest",
    shared: [],
    run: tested("vitest", ["run"]),
  },
  {
    name: "jest",
    title: "Jest, ECMAScript modules",
    folder: "jest",
    shared: [],
    // the way that Jest's page on ECMAScript modules gives
    run: tested("jest", [], { NODE_OPTIONS: "--experimental-vm-modules" }),
  },
];

async function next(place, how) {
  await place.tool("next", ["build", ...how]);
  const start = (port) => ["start", "--hostname", "127.0.0.1", "--port", port];
  return await place.serving("next", start, async (url) => {
    const rendered = await place.get(`${url}/client`);
    assert.match(rendered, /<output title="false">/, "the server renders the client's component");
    return {
      "the Node route": await place.get(`${url}/node`),
      "the edge route": await place.get(`${url}/edge`),
      "the client": await place.visit(`${url}/client`),
    };
  });
}
