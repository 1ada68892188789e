// In: nothing. Out: for one test file, the sandbox, the page before it and a browser; and `promise`, a test with a page
// of a person who was never here.
import { after, before, test } from "node:test";
import { pageConfig } from "../../tools/page-config.mjs";
import { stopAll } from "../../tools/process.mjs";
import { launch, openPage } from "./browser.mjs";
import { Chat } from "./chat.mjs";
import { startSandbox } from "./sandbox.mjs";
import { createSession, getSession, seedHistory } from "./server.mjs";
import { startSite } from "./site.mjs";

/** The page with a sandbox behind it, and a config.json that says so. */
export const siteBefore = (server) =>
  startSite({
    upstream: server.url,
    config: (here) => pageConfig(server, here.url),
  });

/** `stage.site`, `stage.sandbox` and `stage.browser` are there while the tests of the file run. */
export const stage = {};

export function setTheStage() {
  before(async () => {
    stage.sandbox = await startSandbox();
    stage.site = await siteBefore(stage.sandbox);
    stage.browser = await launch();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.site?.stop();
    await stage.sandbox?.stop();
    await stopAll();
  });
}

// Agent Cloud refuses a message as long as its agent is on its way; the client waits for it.
const settling = /status of 400 .*\/send-message/;

/** `context`: how the browser is, as in openPage. */
export function promise(words, run, context) {
  test(words, async () => {
    const expected = [settling, ...(context?.expected ?? [])];
    const opened = await openPage(stage.browser, { ...context, expected });
    await opened.page.addInitScript((id) => {
      if (!localStorage.getItem("agentline.user"))
        localStorage.setItem("agentline.user", JSON.stringify(id));
    }, crypto.randomUUID());
    await run({ page: opened.page, chat: new Chat(opened.page), opened });
    await opened.close();
  });
}

/** A session of the page's person with `count` messages in its history. */
export async function seededSession(page, count) {
  const person = crypto.randomUUID();
  await page.addInitScript((id) => {
    localStorage.setItem("agentline.user", JSON.stringify(id));
  }, person);
  const { url, agentId } = stage.sandbox;
  const { body } = await createSession(url, agentId, person);
  const session = (await getSession(url, body.sessionId)).body;
  if (count > 0) await seedHistory(url, session, count);
  return session;
}

/** What the agent of Agent Cloud answers to `say <text>`: that it waits again is a part of it. */
export const saidByAgentCloud = (text) => `${text}\n\nAnything else?`;

export const addressOf = (session) => `${stage.site.url}/#session=${session.sessionId}`;
