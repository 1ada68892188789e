// In: a program for a page. Out: that program bundled and served on 127.0.0.1 to a browser: one that is asked to take turns,
// and one that is opened afresh for each first use.
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { packageFolder } from "../../tools/paths.mjs";

const SILENCE_MS = 120_000;

/** The folder of the bundled program; what it imports late is a file of its own. */
async function bundled(program) {
  const folder = await mkdtemp(join(tmpdir(), "agentline-bench-"));
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: [program],
    entryNames: "page",
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    external: ["node:*"],
    logLevel: "error",
  });
  // The module is asked for beside the code.
  const modules = (await readdir(packageFolder)).filter((file) => file.endsWith(".wasm"));
  for (const file of modules) await copyFile(join(packageFolder, file), join(folder, file));
  return folder;
}

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript", wasm: "application/wasm" };
const PAGE = '<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>';

/** `{ type, body }` of what the folder and its page have under a path. */
const filesOf = (folder) => async (path) => {
  if (path === "/") return { type: TYPES.html, body: PAGE };
  const type = TYPES[path.split(".").at(-1)];
  const body = type && (await readFile(join(folder, path)).catch(() => undefined));
  return body && { type, body };
};

/** A page that asks for its questions; `show` opens it in a browser. */
export async function shownPage(show, open) {
  const folder = await bundled("page.mjs");
  const site = await serveQuestions(filesOf(folder));
  await show(site.url);
  return {
    clock: "the clock on the wall",
    open: open(site.ask),
    async close() {
      await site.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function serveQuestions(files) {
  const waiting = { question: undefined, asker: undefined, answer: undefined };
  const give = () => {
    if (!waiting.asker || !waiting.question) return;
    waiting.asker.end(JSON.stringify(waiting.question));
    waiting.asker = waiting.question = undefined;
  };
  const server = createServer(async (request, response) => {
    // So isolated, a page is given a clock of microseconds.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (request.url === "/question") {
      waiting.asker = response;
      give();
    } else if (request.url === "/answer") {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.end();
      waiting.answer(JSON.parse(Buffer.concat(parts)));
    } else {
      const file = await files(request.url);
      if (file) response.setHeader("content-type", file.type).end(file.body);
      else response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ask = (question) =>
    new Promise((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error("the page is silent")), SILENCE_MS);
      waiting.answer = (said) => {
        clearTimeout(silent);
        resolve(said);
      };
      waiting.question = question;
      give();
    });
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, ask, close };
}

/** Opens a page of its own context for each first use. */
export const pageStarter = (browser) => async (serve) => {
  const folder = await bundled("start-page.mjs");
  const server = await serve(filesOf(folder));
  return {
    url: server.url,
    async begin(name) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${server.url}/`);
      await page.waitForFunction(() => globalThis.begin);
      const time = await page.evaluate((name) => globalThis.begin(name, location.origin), name);
      await context.close();
      return time;
    },
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
};
