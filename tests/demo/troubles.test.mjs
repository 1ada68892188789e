// What servers and networks do to a page, against the sandbox, with faults put in between by site.mjs: each ends in a
// sentence that a person understands, and nothing that was typed is lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pageConfig } from "../../tools/page-config.mjs";
import { stopAll } from "../../tools/process.mjs";
import { launch, openPage, picture } from "./browser.mjs";
import { Chat } from "./chat.mjs";
import { startSandbox } from "./sandbox.mjs";
import { createSession, deleteSession, getSession, storedTexts } from "./server.mjs";
import { startSite } from "./site.mjs";

let sandbox;
let browser;

before(async () => {
  sandbox = await startSandbox();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await sandbox?.stop();
  await stopAll();
});

const isSend = ({ method, path }) => method === "POST" && path.endsWith("/messages");
const isCreate = ({ method, path }) => method === "POST" && path.endsWith("/sessions");

/** A test with a page that knows its server. `expected`: console errors that belong to it. */
function trouble(promise, { expected = [], config, upstream }, run) {
  test(promise, async (t) => {
    const site = await startSite({
      upstream: upstream ? await upstream(t) : sandbox.url,
      config: (here) => {
        const whole = pageConfig(sandbox, here.url);
        return { ...whole, eliza: { ...whole.eliza, ...config } };
      },
    });
    t.after(site.stop);
    const opened = await openPage(browser, { expected });
    const chat = new Chat(opened.page);
    await run({ site, chat, page: opened.page, opened });
    await opened.close();
  });
}

const answersWith = (status) => new RegExp(`status of ${status} `);
const connectionLost = /net::ERR_/;

trouble(
  "a model that fails at once leaves the question, a sentence and Try again",
  {},
  async ({ site, chat }) => {
    await chat.open(site.url);
    await chat.say("throw");
    const [question, answer] = await chat.entries();
    assert.deepEqual([question.state, answer.state, answer.label], ["stored", "failed", "Failed"]);
    assert.match(answer.notice, /did not finish its answer\. .*scripted model failure\.$/);
    assert.deepEqual(answer.buttons, ["Try again"]);
    assert.equal(await chat.standing(), "idle", "the connection is as good as before");
  },
);

trouble(
  "an answer whose connection breaks is marked as cut off, and stays so after a reload",
  { expected: [connectionLost] },
  async ({ site, chat, page }) => {
    await chat.open(site.url);
    const seen = () => chat.waitForText();
    site.fault = (asked) => isSend(asked) && { cutAfter: '"index":5', seen };
    await chat.say("stream 20 30 a message that carries many words over the wire, were it not cut");
    const answer = await chat.lastEntry();
    assert.deepEqual([answer.state, answer.label], ["cut", "Cut off"]);
    assert.ok("a message that carries many words".startsWith(answer.text.slice(0, 12)));
    assert.ok(answer.text.length > 0 && answer.text.length < 60);
    assert.match(answer.notice, /^The answer was cut off\./);
    site.fault = undefined;
    await chat.reload();
    const kept = await chat.lastEntry();
    assert.deepEqual([kept.state, kept.text, kept.kept], ["cut", answer.text, true]);
    assert.match(kept.notice, /^The answer was cut off\./);
    await chat.entryButton("Try again").click();
    await chat.answered();
    const whole = await chat.lastEntry();
    assert.deepEqual([whole.state, whole.kept], ["complete", false]);
    assert.match(whole.text, /were it not cut$/);
    assert.equal(await page.locator("#rows article").count(), 4);
  },
);

test("a server that is not there is told, and the message waits for it", async (t) => {
  const site = await startSite({
    upstream: sandbox.url,
    config: (here) => pageConfig(sandbox, here.url),
  });
  t.after(site.stop);
  site.fault = () => ({ drop: true });
  const { page, close } = await openPage(browser, { expected: [connectionLost] });
  const chat = new Chat(page);
  await chat.open(site.url);
  assert.equal(await chat.standing(), "offline");
  assert.match(await chat.banner(), /^127\.0\.0\.1:\d+ cannot be reached\./);
  await chat.send("is anybody there?");
  await chat.waitForState("unsent");
  let [message] = await chat.entries();
  assert.deepEqual([message.text, message.label], ["is anybody there?", "Not sent"]);
  assert.deepEqual(message.buttons, ["Try again", "Edit"]);
  await picture(page, "offline");
  await chat.reload();
  [message] = await chat.entries();
  assert.deepEqual(
    [message.text, message.state],
    ["is anybody there?", "unsent"],
    "a reload loses nothing",
  );
  site.fault = undefined;
  await page.waitForSelector('#standing[data-state="idle"]', { timeout: 15_000 });
  assert.equal(await chat.banner(), undefined, "it came back by itself");
  await chat.entryButton("Try again").click();
  await chat.answered();
  const [question, answer] = await chat.entries();
  assert.deepEqual(
    [question.text, question.state, answer.state],
    ["is anybody there?", "stored", "complete"],
  );
  await close();
});

trouble(
  "a text that was not sent can be edited",
  { expected: [connectionLost] },
  async ({ site, chat }) => {
    await chat.open(site.url);
    await chat.say("say hello");
    site.fault = () => ({ drop: true });
    await chat.send("say goodby");
    await chat.waitForState("uncertain");
    const message = await chat.lastEntry();
    assert.equal(
      message.label,
      "Perhaps not sent",
      "a dropped connection leaves it open whether it was taken",
    );
    await chat.entryButton("Edit").click();
    assert.equal(await chat.draft(), "say goodby");
    assert.equal((await chat.entries()).length, 2);
    site.fault = undefined;
    await chat.say("say goodbye");
    assert.equal((await chat.lastEntry()).text, "goodbye");
    assert.deepEqual(await storedTexts(sandbox.url, chat.sessionId), ["say hello", "say goodbye"]);
  },
);

trouble(
  "a message that was taken although the connection broke is found, and not shown twice after a reload",
  { expected: [connectionLost] },
  async ({ site, chat }) => {
    await chat.open(site.url);
    await chat.say("say hello");
    site.fault = (asked) => isSend(asked) && { without: true };
    await chat.send("say did you get this?");
    await chat.waitForLast("cut");
    const shown = (await chat.entries()).map(({ text, state }) => [text, state]);
    assert.deepEqual(shown.at(-2), ["say did you get this?", "stored"]);
    assert.equal(shown.length, 4);
    site.fault = undefined;
    await chat.reload();
    const texts = (await chat.entries()).map(({ text, state }) => [text, state]);
    assert.deepEqual(texts.at(-1), ["say did you get this?", "stored"]);
    assert.equal(texts.length, 3);
    assert.deepEqual(await storedTexts(sandbox.url, chat.sessionId), [
      "say hello",
      "say did you get this?",
    ]);
  },
);

trouble(
  "a server that wants a key says so, and the settings take it",
  { expected: [answersWith(401)], upstream: sandboxWithKey },
  async ({ site, chat, page }) => {
    await chat.open(site.url);
    assert.equal(await chat.standing(), "error");
    assert.match(await chat.banner(), /^The server asks for an API key\./);
    await page.locator("#banner").getByRole("button", { name: "Settings" }).click();
    await chat.settings({ apiKey: "wrong" });
    await page.waitForSelector("#settings-problem:not([hidden])");
    assert.match(
      await page.locator("#settings-problem").textContent(),
      /does not accept this API key/,
    );
    await chat.settings({ apiKey: "s3cret" });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    assert.equal(await chat.standing(), "idle");
    await chat.say("say hello");
    assert.equal((await chat.lastEntry()).text, "hello");
    const kept = await page.evaluate(() => [
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
    ]);
    assert.deepEqual(
      kept.map((text) => text.includes("s3cret")),
      [false, true],
      "the key stays no longer than the tab, unless one asks for it",
    );
    await chat.reload();
    assert.equal(await chat.standing(), "idle");
  },
);

async function sandboxWithKey(t) {
  const closed = await startSandbox({ options: ["--key", "s3cret"] });
  t.after(closed.stop);
  return closed.url;
}

trouble(
  "an unknown agent is told at the first message, which stays",
  { expected: [answersWith(404)], config: { agentId: "99999999-0000-4000-8000-000000000000" } },
  async ({ site, chat, page }) => {
    await chat.open(site.url);
    await chat.send("hello?");
    await chat.waitForState("unsent");
    const message = await chat.lastEntry();
    assert.match(message.notice, /^The server has no agent with this id\./);
    assert.deepEqual(message.buttons, ["Try again", "Edit", "Settings"]);
    assert.match(await chat.banner(), /no agent with this id/);
    await chat.entryButton("Settings").click();
    await chat.settings({ agentId: sandbox.agentId });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    assert.equal((await chat.lastEntry()).text, "hello?");
    await chat.entryButton("Try again").click();
    await chat.answered();
    assert.equal((await chat.lastEntry()).state, "complete");
  },
);

for (const [how, expire] of [
  ["404", async (_, id) => deleteSession(sandbox.url, id)],
  [
    "410",
    async (site, id) => {
      const json = { error: { code: "SESSION_EXPIRED", message: "Session has expired" } };
      site.fault = ({ path }) => path.includes(id) && { status: 410, json };
    },
  ],
]) {
  trouble(
    `a session that is gone (${how}) is told, and what was typed goes on in a new one`,
    { expected: [answersWith(404), answersWith(410)] },
    async ({ site, chat, page }) => {
      await chat.open(site.url);
      await chat.say("say hello");
      const oldId = chat.sessionId;
      await expire(site, oldId);
      await chat.send("say where were we?");
      await page.waitForSelector("#gone:not([hidden])");
      const message = await chat.lastEntry();
      assert.deepEqual([message.text, message.state], ["say where were we?", "unsent"]);
      assert.equal((await chat.entries()).length, 3, "what was said stays to be read");
      await chat.type("and one more thing");
      await page.press("#message", "Enter");
      assert.equal(
        await chat.draft(),
        "and one more thing",
        "it does not go into a session that is gone",
      );
      await picture(page, "expired");
      await page.click("#continue");
      await page.waitForSelector("#gone", { state: "hidden" });
      assert.equal(await chat.draft(), "say where were we?\n\nand one more thing");
      const above = (await chat.entries()).map(({ text }) => text);
      assert.deepEqual(above, ["say hello", "hello"], "what was said stays above");
      await picture(page, "restarted");
      await page.press("#message", "Enter");
      await chat.answered();
      assert.notEqual(chat.sessionId, oldId);
      assert.equal((await chat.lastEntry()).state, "complete");
      assert.equal((await chat.entries()).length, 4);
      assert.equal((await chat.sessionTitles()).length, 1);
    },
  );
}

trouble(
  "an address of a session that is gone opens with the same words",
  { expected: [answersWith(404)] },
  async ({ site, chat, page }) => {
    await chat.open(`${site.url}/#session=00000000-0000-4000-8000-00000000dead`);
    await page.waitForSelector("#gone:not([hidden])");
    assert.match(await page.locator("#gone").textContent(), /This session has expired\./);
    await page.click("#continue");
    await chat.say("say a new start");
    assert.equal((await chat.lastEntry()).text, "a new start");
  },
);

trouble(
  "a server that asks for a pause gets it: Try again counts the seconds down",
  { expected: [answersWith(429)] },
  async ({ site, chat }) => {
    await chat.open(site.url);
    const json = { success: false, error: { code: "RATE_LIMIT_EXCEEDED", message: "Too many" } };
    site.fault = (asked) =>
      isCreate(asked) && { status: 429, headers: { "retry-after": "2" }, json };
    await chat.send("say hello");
    await chat.waitForState("unsent");
    const message = await chat.lastEntry();
    assert.match(message.notice, /too many requests/);
    assert.match(message.buttons[0], /^Try again in [12] s$/);
    assert.equal(await chat.entryButton("Try again").isDisabled(), true);
    site.fault = undefined;
    await chat.page.waitForFunction(() => {
      const button = document.querySelector("#rows button.retry");
      return button.textContent === "Try again" && !button.disabled;
    });
    await chat.entryButton("Try again").click();
    await chat.answered();
    assert.equal((await chat.lastEntry()).text, "hello");
  },
);

trouble(
  "a server with a problem of its own is told, and Try again goes on",
  { expected: [answersWith(500)] },
  async ({ site, chat }) => {
    await chat.open(site.url);
    await chat.say("say hello");
    const json = {
      error: { code: "INTERNAL_SERVER_ERROR", message: "boom", stack: "at secret.js:1" },
    };
    site.fault = (asked) => isSend(asked) && { status: 500, json };
    await chat.send("say more");
    await chat.page.waitForSelector("#rows .notice p");
    const message = await chat.lastEntry();
    assert.match(message.notice, /has a problem of its own \(status 500\)/);
    assert.ok(!(await chat.page.textContent("body")).includes("secret.js"), "no stack is shown");
    assert.equal(message.text, "say more");
    site.fault = undefined;
    await chat.entryButton("Try again").click();
    await chat.answered();
    assert.equal((await chat.lastEntry()).text, "more");
  },
);

test("an address where no agent server answers is told before it is taken", async (t) => {
  const site = await startSite({ upstream: sandbox.url });
  t.after(site.stop);
  const { page, close } = await openPage(browser, { expected: [answersWith(404), connectionLost] });
  const chat = new Chat(page);
  await chat.open(site.url);
  const problem = page.locator("#settings-problem");
  await chat.settings({ baseUrl: `${site.url}/elsewhere`, agentId: sandbox.agentId });
  await problem.waitFor();
  assert.match(
    await problem.textContent(),
    /^127\.0\.0\.1:\d+ answers, but not as an agent server\./,
  );
  await chat.settings({ baseUrl: await closedAddress() });
  await page.waitForFunction(() =>
    /cannot be reached/.test(document.getElementById("settings-problem").textContent),
  );
  await picture(page, "settings-problem");
  await chat.settings({ baseUrl: site.url });
  await page.waitForSelector("#settings", { state: "hidden" });
  await chat.rest();
  assert.equal(await chat.standing(), "idle");
  await close();
});

async function closedAddress() {
  const gone = await startSite({ upstream: sandbox.url });
  await gone.stop();
  return gone.url;
}

trouble(
  "a text may have 4,000 units and not 4,001, and none is no message",
  {},
  async ({ site, chat, page }) => {
    await chat.open(site.url);
    assert.equal(await page.locator("#send").isDisabled(), true);
    await page.press("#message", "Enter");
    await chat.type("   \n ");
    await page.press("#message", "Enter");
    assert.equal((await chat.entries()).length, 0, "blanks are no message");
    await chat.type(`say ${"z".repeat(3997)}`);
    assert.equal(
      await page.locator("#count").textContent(),
      "4,001 of 4,000 characters: 1 too many to send",
    );
    assert.equal(await page.locator("#send").isDisabled(), true);
    await page.press("#message", "Enter");
    assert.equal((await chat.draft()).length, 4001, "nothing is cut off in silence");
    assert.equal((await chat.entries()).length, 0);
    assert.equal(site.requests.filter(isSend).length, 0);
    await picture(page, "too-long");
    await page.press("#message", "End");
    await page.press("#message", "Control+End");
    await page.press("#message", "Backspace");
    assert.equal(await page.locator("#count").textContent(), "4,000 of 4,000 characters");
    await page.press("#message", "Enter");
    await chat.answered();
    assert.equal((await chat.lastEntry()).text, "z".repeat(3996));
  },
);

trouble("an answer with no text says that it is empty", {}, async ({ site, chat }) => {
  await chat.open(site.url);
  const json = { text: "", responseId: "0b23b2ac-f6d7-4846-9176-d8b9441d8465" };
  site.fault = (asked) =>
    isSend(asked) && {
      status: 200,
      headers: { "content-type": "text/event-stream" },
      raw: `event: done\ndata: ${JSON.stringify(json)}\n\n`,
    };
  await chat.say("say nothing");
  assert.equal((await chat.lastEntry()).text, "The agent answered with an empty text.");
});

trouble(
  "the history that does not come can be asked for again",
  { expected: [answersWith(500)] },
  async ({ site, chat, page }) => {
    const userId = "aaaaaaaa-0000-4000-8000-000000000001";
    await page.addInitScript(
      (id) => localStorage.setItem("agentline.user", JSON.stringify(id)),
      userId,
    );
    const { body } = await createSession(sandbox.url, sandbox.agentId, userId);
    const json = { error: { code: "INTERNAL_SERVER_ERROR", message: "boom" } };
    site.fault = ({ path }) => path.includes("/messages") && { status: 500, json };
    await chat.open(`${site.url}/#session=${body.sessionId}`);
    assert.match(await page.locator("#older").textContent(), /has a problem of its own/);
    site.fault = undefined;
    await page.locator("#older").getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector('#older[data-state="none"]', { state: "attached" });
    await chat.say("say hello");
    assert.equal((await chat.entries()).length, 2);
    assert.equal((await getSession(sandbox.url, body.sessionId)).status, 200);
  },
);
