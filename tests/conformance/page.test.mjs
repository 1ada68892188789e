// `openEvents` of the installed tarball where platforms differ from Node: in a page on another origin, and in an older
// workerd.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openChromium } from "../package/chromium.mjs";
import { events, serving } from "../package/event-server.mjs";
import { projectWith } from "../package/pack.mjs";
import { serveFolder } from "../package/static.mjs";
import { startWorker } from "../package/workerd.mjs";

let project;
before(async () => {
  project = await projectWith(join(import.meta.dirname, "programs"));
});
after(() => rm(project, { recursive: true }));

/** What a server must say so that a page of another origin may ask it with headers of its own. */
function allowing(request, response) {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-allow-headers", "last-event-id, x-own");
  response.setHeader("access-control-allow-methods", "GET, PUT");
  if (request.method === "OPTIONS") response.writeHead(204).end();
  return request.method === "OPTIONS";
}

describe("in a page", () => {
  let site;
  let browser;
  let page;
  before(async () => {
    site = await serveFolder(project);
    browser = await openChromium();
    page = await browser.newPage();
    await page.goto(`${site.url}/`);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  /** Takes so many events, and gives their data. */
  const take = (url, count, options = {}) =>
    page.evaluate(
      async ([url, count, options]) => {
        const { openEvents } = await import("agentline");
        const data = [];
        for await (const event of openEvents(url, options)) {
          data.push(event.data);
          if (data.length === count) break;
        }
        return data;
      },
      [url, count, options],
    );

  const gets = ({ asked }) => asked.filter(({ method }) => method !== "OPTIONS");
  const idOf = ({ headers }) => Buffer.from(headers["last-event-id"] ?? "", "latin1").toString();

  test("the last event id goes along, to another origin that allows it", async () => {
    const server = await serving((request, response) => {
      if (!allowing(request, response)) events(response, "retry: 10\nid: …é\ndata: a\n\n");
    });
    assert.deepEqual(await take(server.url, 3), ["a", "a", "a"]);
    assert.deepEqual(gets(server).map(idOf), ["", "…é", "…é"]);
  });

  test("a method, headers and a body go out, and no redirect takes them on", async () => {
    const server = await serving((request, response) => {
      if (allowing(request, response)) return;
      if (request.url === "/away") response.writeHead(307, { location: "/" }).end();
      else
        events(response, `data: ${request.method} ${request.headers["x-own"]} ${request.text}\n\n`);
    });
    const options = { method: "PUT", headers: { "x-own": "yes" }, body: "question" };
    assert.deepEqual(await take(server.url, 1, options), ["PUT yes question"]);
    await assert.rejects(take(`${server.url}away`, 1, options), /elsewhere/);
    assert.equal(gets(server).length, 2);
  });

  for (const [what, target] of [
    ["is online again", "window"],
    ["is seen again", "document"],
  ]) {
    test(`a page that ${what} opens its stream at once`, async () => {
      const server = await serving((request, response) => {
        if (allowing(request, response)) return;
        if (request.count === 0) events(response, "retry: 60000\ndata: a\n\n");
        else events(response, "data: b\n\n", { end: false });
      });
      const loop = take(server.url, 2);
      await sleep(300);
      assert.equal(server.asked.length, 1);
      await page.evaluate((target) => {
        const event = new Event(target === "window" ? "online" : "visibilitychange");
        globalThis[target].dispatchEvent(event);
      }, target);
      assert.deepEqual(await loop, ["a", "b"]);
    });
  }

  test("leaving the loop closes the connection", async () => {
    let closed;
    const gone = new Promise((resolve) => (closed = resolve));
    const server = await serving((request, response) => {
      if (allowing(request, response)) return;
      response.on("close", closed);
      events(response, "data: a\n\n", { end: false });
    });
    await take(server.url, 1);
    await gone;
  });
});

test("a Worker from before workerd knew of caches opens a stream, and opens it again", async () => {
  const server = await serving(({ count }, response) => {
    if (count < 2) events(response, "retry: 10\nid: 1\ndata: a\n\n");
    else response.writeHead(204).end();
  });
  const worker = await startWorker(project, "worker.mjs", { compatibilityDate: "2024-01-01" });
  try {
    const body = JSON.stringify({ addresses: [{ url: server.url }] });
    const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body });
    assert.deepEqual(await response.json(), [{ events: ["a", "a"] }]);
    assert.equal(server.asked[2].headers["last-event-id"], "1");
  } finally {
    await worker.dispose();
  }
});
