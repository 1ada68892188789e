// In: cases, or addresses. Out: what the packed tarball makes of them in Node, in Chromium and in workerd.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openChromium } from "../package/chromium.mjs";
import { packedModule, projectWith } from "../package/pack.mjs";
import { serveFolder } from "../package/static.mjs";
import { startWorker } from "../package/workerd.mjs";
import { openAll, readCorpus } from "./programs/read.js";

/** `{ read(cases), open(addresses), close() }` of each. */
export const runtimes = {
  async Node() {
    const { openEvents, readEvents } = await packedModule();
    return {
      read: (cases) => readCorpus(readEvents, cases),
      open: (addresses) => openAll(openEvents, addresses),
      close: async () => {},
    };
  },
  async Chromium() {
    const project = await projectWith(join(import.meta.dirname, "programs"));
    const site = await serveFolder(project);
    const browser = await openChromium();
    const page = await browser.newPage();
    await page.goto(`${site.url}/`);
    await page.waitForFunction(() => globalThis.openAll);
    return {
      version: browser.version(),
      read: (cases) => page.evaluate((cases) => globalThis.readCorpus(cases), cases),
      open: (addresses) => page.evaluate((addresses) => globalThis.openAll(addresses), addresses),
      platform: (work) => page.evaluate((work) => globalThis.platform(work), work),
      async close() {
        await browser.close();
        await site.close();
        await rm(project, { recursive: true });
      },
    };
  },
  async workerd() {
    const project = await projectWith(join(import.meta.dirname, "programs"));
    const worker = await startWorker(project, "worker.mjs");
    const ask = async (what) => {
      const body = JSON.stringify(what);
      const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body });
      if (response.status !== 200) throw new Error(await response.text());
      return await response.json();
    };
    return {
      read: (cases) => ask({ cases }),
      open: (addresses) => ask({ addresses }),
      async close() {
        await worker.dispose();
        await rm(project, { recursive: true });
      },
    };
  },
};
