// In: the packed tarball. Out: the calls of turn.js, in this process and in a page of a headless Chromium.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { openChromium } from "../package/chromium.mjs";
import { packedModule, projectWith } from "../package/pack.mjs";
import { serveFolder } from "../package/static.mjs";
import { found, turn } from "./turn.js";

export async function inNode() {
  const { connect } = await packedModule();
  return {
    turn: (what) => turn(connect, what),
    found: (what) => found(connect, what),
    close: async () => {},
  };
}

/** Also the page itself, its profile, and `fresh()`, which loads it anew. */
export async function inChromium() {
  const project = await projectWith(join(import.meta.dirname, "page"));
  await cp(join(import.meta.dirname, "turn.js"), join(project, "turn.js"));
  const site = await serveFolder(project);
  const browser = await openChromium();
  const profile = await browser.newContext();
  const page = await profile.newPage();
  const ready = async () =>
    void (await page.waitForSelector("body[data-ready]", { state: "attached" }));
  await page.goto(`${site.url}/`);
  await ready();
  return {
    turn: (what) => page.evaluate((given) => window.turn(given), what),
    found: (what) => page.evaluate((given) => window.found(given), what),
    page,
    profile,
    shows: () => page.waitForSelector("body[data-shows]", { state: "attached" }),
    async fresh() {
      await page.reload();
      await ready();
    },
    async close() {
      await browser.close();
      await site.close();
      await rm(project, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
