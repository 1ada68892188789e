// The installed tarball in a page, without a bundler and through Vite, in a headless Chromium.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build, createServer, preview } from "vite";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { assertAnswers, openChromium } from "./chromium.mjs";
import { projectWith } from "./pack.mjs";
import { serveFolder } from "./static.mjs";

let server;
let browser;
let project;
before(async () => {
  server = await sharedElizaServer();
  browser = await openChromium();
});
after(async () => {
  await server.stop();
  await browser.close();
});
const withProject = async (work) => {
  project = await projectWith(join(import.meta.dirname, "programs", "page"));
  try {
    await work();
  } finally {
    await rm(project, { recursive: true, force: true, maxRetries: 3 });
  }
};

async function answers(url, close) {
  try {
    await assertAnswers(browser, url, server);
  } finally {
    await close();
  }
}

test("an import map is all that a page needs", () =>
  withProject(async () => {
    const page = join(project, "index.html");
    const map = { imports: { agentline: "/node_modules/agentline/index.js" } };
    const html = await readFile(page, "utf8");
    const script = `<script type="importmap">${JSON.stringify(map)}</script>`;
    await writeFile(page, html.replace("<!-- import map -->", script));
    const site = await serveFolder(project);
    await answers(`${site.url}/`, () => site.close());
  }));

const quiet = (root) => ({
  root,
  configFile: false,
  logLevel: "error",
  server: { host: "127.0.0.1", port: 0 },
});

test("Vite's development server needs no configuration", () =>
  withProject(async () => {
    const vite = await createServer(quiet(project));
    await vite.listen();
    await answers(vite.resolvedUrls.local[0], () => vite.close());
  }));

test("Vite's build needs no configuration", () =>
  withProject(async () => {
    await build(quiet(project));
    const vite = await preview({ ...quiet(project), preview: { host: "127.0.0.1", port: 0 } });
    await answers(vite.resolvedUrls.local[0], () => vite.close());
  }));
