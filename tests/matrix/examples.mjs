// The examples that are projects of their own, as further cells: each is built and run as its README.md says, and asked
// once. What they show is the package's API, so only "agentline" is tried in them.
import { join } from "node:path";
import { nodeModulesBin, root } from "../../tools/paths.mjs";
import { ANSWER, assertAnswered } from "./judge.mjs";

/** Slow enough that a page on a busy machine shows more than one state of it. */
const TEXT = `stream 6 400 ${ANSWER}`;

const example = (name, run) => ({
  name: `example-${name}`,
  title: `examples/${name}`,
  folder: join(root, "examples", name),
  shared: [],
  entries: ["agentline"],
  judge: assertAnswered,
  run,
});

/** What each reads of where the server is. */
const environment = ({ server }) => ({
  AGENTLINE_URL: server.url,
  AGENTLINE_AGENT: server.agentId,
  VITE_AGENT_URL: server.url,
  VITE_AGENT_ID: server.agentId,
});

/** Asks a route that answers with the events of the answer. */
async function asked(url) {
  const body = JSON.stringify({ text: TEXT });
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data));
  const deltas = events.filter(({ type }) => type === "content").map(({ delta }) => delta);
  const answer = events.find(({ type }) => type === "done")?.reply.message.text;
  const session = response.headers.get("x-session-id");
  return JSON.stringify({
    deltas,
    answer,
    named: session !== null,
    said: events.length ? "" : text,
  });
}

/** Writes into the page's form, and notes each state of its answer until that is whole. */
const written = (place, url) =>
  place.page(url, async (page) => {
    await page.getByLabel("Message").fill(TEXT);
    await page.evaluate(() => {
      globalThis.seen = new Set();
      new MutationObserver(() => {
        const shown = document.querySelector("output, [data-role=assistant]")?.textContent;
        if (shown) globalThis.seen.add(shown);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole("button", { name: "Send" }).click();
    const answer = page.locator("[data-whole=true]");
    await answer.waitFor({ state: "attached" });
    const states = await page.evaluate(() => [...globalThis.seen]);
    const deltas = states.map((state, at) => state.slice(states[at - 1]?.length ?? 0));
    const said = await page.locator("main").getByRole("alert").textContent();
    return JSON.stringify({ deltas, answer: await answer.textContent(), named: true, said });
  });

export const examples = [
  example("vite-react", async (place) => {
    const env = environment(place);
    await place.tool("vite", ["build"], env);
    const preview = (port) => ["preview", "--host", "127.0.0.1", "--port", port];
    return await place.serving("vite", preview, (url) => written(place, url));
  }),
  example("next", async (place) => {
    await place.tool("next", ["build"]);
    const start = (port) => ["start", "--hostname", "127.0.0.1", "--port", port];
    const work = async (url) => ({
      "the route": await asked(`${url}/chat`),
      "the page": await written(place, url),
    });
    return await place.serving("next", start, work, environment(place));
  }),
  example("hono", (place) => {
    const env = (port) => ({ ...environment(place), PORT: port });
    return place.serving(
      process.execPath,
      () => ["server.mjs"],
      (url) => asked(`${url}/chat`),
      env,
    );
  }),
  example("deno", (place) => {
    const how = (port) => {
      const where = ["--host", "127.0.0.1", "--port", port];
      return ["serve", "--allow-net", "--allow-env", ...where, "server.js"];
    };
    return place.serving(join(nodeModulesBin, "deno"), how, asked, environment(place));
  }),
];
