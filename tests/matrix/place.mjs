// In: a project, the server that it is to talk to, and a browser. Out: what a cell does with them: runs the project's
// tools, serves its files, asks an address, and looks at a page.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run, start, stop } from "../../tools/process.mjs";
import { serveFolder } from "../package/static.mjs";

const READY_MS = 90_000;
const TOLD_MS = 60_000;
const DONE_MS = 300_000;

/** @param {{ folder: string, server: { url: string, agentId: string }, browser: () => Promise<import("playwright-core").Browser> }} what */
export function placeOf({ folder, server, browser }) {
  const env = {
    SERVER: server.url,
    AGENT: server.agentId,
    // Without questions, and without a word to their makers.
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    NODE_OPTIONS: "",
  };
  const options = (more) => ({ cwd: folder, env: { ...env, ...more } });
  const bin = (tool) => join(folder, "node_modules", ".bin", tool);

  const addressed = (url) => {
    const address = new URL(url);
    address.searchParams.set("server", server.url);
    address.searchParams.set("agent", server.agentId);
    return address.href;
  };

  const place = {
    folder,
    server,

    async run(command, args, more) {
      try {
        return await run(command, args, { ...options(more), capture: true, timeout: DONE_MS });
      } catch (error) {
        throw error.output === undefined ? error : new Error(`${error.message}\n${error.output}`);
      }
    },

    /** Runs one of the tools that the project installed. */
    tool: (tool, args, more) => place.run(bin(tool), args, more),

    /**
     * Starts a tool, or a program, that serves on the port that it is given, and works with its address until that is
     * done. `more` is its environment, or gives it for the port.
     */
    async serving(tool, args, work, more) {
      const port = String(await freePort());
      const given = typeof more === "function" ? more(port) : more;
      const child = start(isAbsolute(tool) ? tool : bin(tool), args(port), options(given));
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text) => (output += text));
      try {
        const url = `http://127.0.0.1:${port}`;
        await answering(url, child);
        return await work(url);
      } catch (error) {
        throw new Error(`${error.message}\n${output}`, { cause: error });
      } finally {
        await stop(child);
      }
    },

    /** What an address answers. */
    async get(url) {
      const response = await fetch(addressed(url), { signal: AbortSignal.timeout(TOLD_MS) });
      return await response.text();
    },

    /** What is found out at a page in a browser, in which nothing else may go wrong. */
    async page(url, work) {
      const page = await (await browser()).newPage();
      page.setDefaultTimeout(TOLD_MS);
      const wrong = [];
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("pageerror", (error) => wrong.push(String(error)));
      try {
        await page.goto(addressed(url));
        const told = await work(page);
        // what a page could not load is said by its text too, and is then judged
        if (told.startsWith("{")) assert.deepEqual(wrong, []);
        return told;
      } catch (error) {
        throw new Error([error.message, ...wrong].join("\n"), { cause: error });
      } finally {
        await page.close();
      }
    },

    /** What a page shows once it has something to show. */
    visit: (url) =>
      place.page(url, async (page) => {
        const output = page.locator("output:not(:empty)");
        await output.waitFor({ state: "attached" });
        return await output.textContent();
      }),

    /** What the project's page shows, served as it is. */
    async visitFolder(headers) {
      const site = await serveFolder(folder, headers);
      try {
        return await place.visit(`${site.url}/`);
      } finally {
        await site.close();
      }
    },
  };
  return place;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answering(url, child) {
  let ended;
  child.exited.then((end) => (ended = end));
  const late = Date.now() + READY_MS;
  while (Date.now() < late) {
    if (ended) throw new Error(`it ended with ${ended.signal ?? ended.code} before it answered`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(TOLD_MS) }).catch(() => {});
    await answer?.body?.cancel();
    if (answer) return;
    await sleep(200);
  }
  throw new Error(`it did not answer in ${READY_MS} ms`);
}
