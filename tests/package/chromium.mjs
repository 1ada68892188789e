// In: an address. Out: what the page there (programs/page) shows in a headless Chromium, and everything that went wrong.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import * as paths from "../../tools/paths.mjs";
import { findProgram } from "../../tools/setup.mjs";

export async function openChromium() {
  return await chromium.launch({
    executablePath: findProgram(paths.chromium),
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
    ],
  });
}

/** Opens the page, waits for its answer and asserts that it came by streaming and that nothing went wrong. */
export async function assertAnswers(browser, url, server) {
  const page = await browser.newPage();
  const wrong = [];
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()),
  );
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("requestfailed", (request) =>
    wrong.push(`${request.url()} ${request.failure()?.errorText}`),
  );
  page.on(
    "response",
    (response) => response.status() >= 400 && wrong.push(`${response.status()} ${response.url()}`),
  );
  const address = new URL(url);
  address.searchParams.set("server", server.url);
  address.searchParams.set("agent", server.agentId);
  await page.goto(address.href);
  const state = await page
    .waitForSelector("body[data-state]", { timeout: 30_000 })
    .then((body) => body.getAttribute("data-state"))
    .catch(() => "no answer");
  const [deltas, answer] = await page.locator("output").allTextContents();
  await page.close();
  assert.deepEqual({ state, wrong }, { state: "done", wrong: [] }, answer);
  assert.equal(answer, "hello from the packed tarball, word by word");
  assert.ok(deltas.split("|").length > 2, `it came piece by piece: ${deltas}`);
}
