// A page that nobody sees asks less often, and at once when it is seen again. The page here is what the package knows of
// one: `document.visibilityState` and its event.
import assert from "node:assert/strict";
import { afterEach, before, test } from "node:test";
import { Page } from "./document.mjs";
import { packedModule } from "./pack.mjs";

let connect;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});
afterEach(() => {
  delete globalThis.document;
});

/** An answer of Agent Cloud that takes its time, and how often it was asked for meanwhile. */
async function waiting(page) {
  globalThis.document = page;
  const sandbox = createSandbox({ seed: 1 });
  const options = sandbox.connectOptions("agentcloud");
  let looks = 0;
  const client = await connect({
    ...options,
    fetch: (request, init) => {
      if (request.method === "GET") looks += 1;
      return options.fetch(request, init);
    },
  });
  const { id } = await client.createSession({ agentId: sandbox.agentId("agentcloud") });
  const stream = client.streamMessage(id, "wait 600000 late");
  const events = stream[Symbol.asyncIterator]();
  const answer = events.next().then(() => events.next());
  answer.catch(() => {});
  return { looks: () => looks, stream };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition) {
  while (!condition()) await sleep(20);
}

test("a page that nobody sees asks less often, and at once when it is seen again", {
  timeout: 60_000,
}, async () => {
  const page = new Page();
  const { looks, stream } = await waiting(page);
  // the pauses grow to two seconds, so a hidden page then waits sixteen
  await until(() => looks() >= 10);
  page.turn("hidden");
  await until(() => page.listeners === 1);
  const before = looks();
  await sleep(3_000);
  assert.equal(looks(), before, "it waits longer than a page that is seen");
  page.turn("visible");
  await until(() => looks() > before);
  stream.abort();
  await sleep(50);
  assert.equal(page.listeners, 0);
});
