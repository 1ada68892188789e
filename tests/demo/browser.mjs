// In: nothing. Out: headless Chromium, and pages in it that report what no good page does: an error on the console,
// an exception, a request to another machine. What a page shows is chat.mjs.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium as driver } from "playwright-core";
import { chromium, root } from "../../tools/paths.mjs";
import { findProgram } from "../../tools/setup.mjs";

const pictures = join(root, "tests", "output", "demo");
const switches = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
];

export function launch() {
  return driver.launch({ executablePath: findProgram(chromium), args: switches });
}

/** A browser tells of every 404. The tests' own server has no Socket.IO: the client asks it once, and goes on by polling. */
const noSockets = /status of 404 .*\/socket\.io\//;

/** A page in a profile of its own. `expected`: patterns of console errors that belong to the test. */
export async function openPage(browser, { expected = [], ...context } = {}) {
  const profile = await browser.newContext({
    viewport: { width: 1200, height: 800 },
    reducedMotion: "no-preference",
    colorScheme: "light",
    locale: "en-GB",
    timezoneId: "UTC",
    ...context,
  });
  const page = await profile.newPage();
  page.setDefaultTimeout(20_000);
  const wrong = [];
  profile.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const here = protocol === "data:" || protocol === "blob:" || hostname === "127.0.0.1";
    if (!here) wrong.push(`a request went to ${request.url()}`);
  });
  const allowed = [noSockets, ...expected];
  const watch = (watched) => {
    watched.on("pageerror", (error) => wrong.push(`an exception: ${error.stack ?? error}`));
    watched.on("console", (message) => {
      const text = `${message.text()} (${message.location().url})`;
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (!allowed.some((pattern) => pattern.test(text))) wrong.push(`console: ${text}`);
    });
  };
  watch(page);
  profile.on("page", watch);
  return {
    page,
    profile,
    expect: (...patterns) => allowed.push(...patterns),
    /** Ends the page; throws if anything went wrong in it that was not expected. */
    async close() {
      await profile.close();
      assert.deepEqual(wrong, [], "the page did something that no page should");
    },
  };
}

export async function picture(page, name) {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}
