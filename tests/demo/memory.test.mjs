// What the page promises to remember, and for how long; and that a long memory does not make it slow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pageConfig } from "../../tools/page-config.mjs";
import { openPage } from "./browser.mjs";
import { Chat } from "./chat.mjs";
import { addressOf, promise, seededSession, setTheStage, siteBefore, stage } from "./promises.mjs";
import { startSandbox } from "./sandbox.mjs";
import { seededTexts } from "./server.mjs";

setTheStage();

promise("an answer goes on while one reads another session", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.say("say first");
  const firstId = chat.sessionId;
  await page.click("#new-session");
  const slow = "words that take their time to come over the wire one by one";
  // long enough for what is done meanwhile, also on a busy machine
  await chat.send(`stream 12 500 ${slow}`);
  await chat.waitForState("streaming");
  const secondId = chat.sessionId;
  await page.locator(`[data-session="${firstId}"] a`).click();
  await page.waitForFunction(() => document.querySelectorAll("#rows article").length === 2);
  assert.equal(await page.locator(`[data-session="${secondId}"] .answering`).count(), 1);
  assert.equal(await page.locator("#stop").isVisible(), false, "nothing is to be stopped here");
  await page.locator(`[data-session="${secondId}"] a`).click();
  // the page reads the session anew before it shows it
  await page.locator("#stop").waitFor({ state: "visible", timeout: 3_000 });
  await chat.answered();
  assert.equal((await chat.lastEntry()).text, slow);
});

promise(
  "what had arrived is there when the page is closed in the middle of an answer",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await chat.send(
      "stream 40 100 one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
    );
    await page.waitForFunction(
      () => document.querySelector('[data-state="streaming"] .text')?.textContent.length > 8,
    );
    await chat.type("a draft");
    await chat.reload();
    const answer = await chat.lastEntry();
    assert.deepEqual([answer.state, answer.kept], ["stopped", true]);
    assert.ok(answer.text.startsWith("one two"));
    assert.equal(await chat.draft(), "a draft", "and so is what was being typed");
  },
);

test("an answer that the server did store is not shown a second time", async (t) => {
  for (const version of ["1.7.0", "1.6.5"]) {
    const older = await startSandbox({ options: ["--server-version", version] });
    t.after(older.stop);
    const before = await siteBefore(older);
    t.after(before.stop);
    const { page, close } = await openPage(stage.browser);
    const chat = new Chat(page);
    await chat.open(before.url);
    await chat.say("say one answer");
    await chat.say("say another answer");
    const shown = (await chat.entries()).map(({ text }) => text);
    assert.deepEqual(
      shown,
      ["say one answer", "one answer", "say another answer", "another answer"],
      version,
    );
    await page.waitForTimeout(1_000);
    await chat.reload();
    assert.deepEqual(
      (await chat.entries()).map(({ text }) => text),
      shown,
      version,
    );
    await close();
  }
});

promise("a browser that refuses to keep anything still chats", async ({ page, chat }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    Storage.prototype.getItem = () => {
      throw new DOMException("refused", "SecurityError");
    };
  });
  await chat.open(stage.site.url);
  await chat.say("say hello");
  assert.equal((await chat.lastEntry()).text, "hello");
  await page.click("#open-settings");
  await chat.choose("Meibel");
  await chat.choose("By its name");
  await chat.settings({ agentName: "sandbox-agent" });
  await page.waitForSelector("#settings", { state: "hidden" });
  await chat.rest();
  await chat.say("say hello by name");
  assert.equal((await chat.lastEntry()).text, "hello by name");
});

promise(
  "what is kept here has an end: old sessions go first, the newest answers stay",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    const kept = await page.evaluate(async () => {
      const { keepAnswer, readRecord } = await import("/kept.js");
      const answer = (index) => ({
        text: `${index} ${"x".repeat(1_000)}`,
        state: "complete",
        at: index,
      });
      for (let session = 0; session < 80; session += 1) {
        for (let index = 0; index < 30; index += 1)
          keepAnswer(`s${session}`, `q${index}`, answer(index));
      }
      for (let index = 0; index < 400; index += 1) keepAnswer("long", `q${index}`, answer(index));
      const records = Object.keys(localStorage).filter((key) =>
        key.startsWith("agentline.session."),
      );
      const units = records.reduce((sum, key) => sum + localStorage.getItem(key).length, 0);
      const long = readRecord("long").answers.map(({ question }) => question);
      return {
        count: records.length,
        units,
        first: readRecord("s0").answers.length,
        long: [long.length, long[0], long.at(-1)],
      };
    });
    assert.ok(kept.count <= 60 && kept.units <= 1_500_000, JSON.stringify(kept));
    assert.equal(kept.first, 0);
    assert.deepEqual(kept.long, [300, "q100", "q399"]);
  },
);

promise(
  "the last session is found again although the server was away at first",
  async ({ page, chat, opened }) => {
    opened.expect(/net::ERR_/);
    await chat.open(stage.site.url);
    await chat.say("say hello");
    const id = chat.sessionId;
    stage.site.fault = () => ({ drop: true });
    await page.goto(`${stage.site.url}/?again`);
    await chat.rest();
    assert.equal(await chat.standing(), "offline");
    await chat.type("a draft");
    stage.site.fault = undefined;
    await page.locator("#banner").getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector("#rows article");
    await chat.historyLoaded();
    assert.deepEqual(
      (await chat.entries()).map(({ text }) => text),
      ["say hello", "hello"],
    );
    assert.equal(
      await page
        .locator('[aria-current="page"]')
        .evaluate((one) => one.closest("li").dataset.session),
      id,
    );
    assert.equal(await chat.draft(), "a draft");
  },
);

promise("what is typed while a session begins belongs to it", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.send("stream 10 60 some words that take a while");
  await chat.type("next I want to say");
  await page.waitForSelector("#stop", { state: "hidden" });
  await page.click("#new-session");
  assert.equal(await chat.draft(), "", "a new session begins empty");
  await page.goBack();
  await page.waitForSelector("#rows article");
  assert.equal(await chat.draft(), "next I want to say");
});

promise(
  "settings that equal the page's defaults follow them when they change",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await page.click("#open-settings");
    await chat.settings({ apiKey: "only-the-key" });
    await page.waitForSelector("#settings", { state: "hidden" });
    const moved = pageConfig(stage.sandbox, stage.sandbox.url);
    await page.route("**/config.json", (route) => route.fulfill({ json: moved }));
    await chat.reload();
    assert.equal(await page.locator("#where").textContent(), new URL(stage.sandbox.url).host);
    await page.click("#open-settings");
    assert.equal(await page.inputValue("#field-apiKey"), "only-the-key");
  },
);

promise("2,000 messages stay smooth", async ({ page, chat }) => {
  const count = 2_000;
  const session = await seededSession(page, count);
  await chat.open(addressOf(session));
  await chat.scrollToStart();
  const texts = (await chat.entries()).map(({ text }) => text);
  assert.deepEqual(texts, seededTexts(count), "every message once, in order");
  const typing = await page.evaluate(medianOf, "type");
  const growing = await page.evaluate(medianOf, "grow");
  // One frame has 16 ms; the machine that measures may be busy, so half of them may take longer.
  assert.ok(typing < 16, `a key took ${typing} ms`);
  assert.ok(growing < 16, `a new row took ${growing} ms`);
});

/** Runs in the page: the median time of a key or of a row that grows, with all layout that it causes. */
function medianOf(what) {
  const field = document.getElementById("message");
  const last = document.querySelector("#rows article:last-of-type .text");
  const times = Array.from({ length: 41 }, (_, turn) => {
    const start = performance.now();
    if (what === "type") {
      field.value += `word ${turn}${turn % 8 === 0 ? "\n" : ""}`;
      field.dispatchEvent(new Event("input"));
    } else {
      last.append(` word ${turn}`);
    }
    document.getElementById("transcript").getBoundingClientRect();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[20];
}
