// In: a backend's server, real or not, and the address of the page. Out: one long visit to the page, as subtests. The same
// visit runs against all of them; what is different about them is said in dialects.mjs.
import assert from "node:assert/strict";
import { openPage, picture } from "./browser.mjs";
import { Chat } from "./chat.mjs";

const slowly = (pieces, pause, text) => `stream ${pieces} ${pause} ${text}`;
const story =
  "Once upon a time a message left a small page in a browser.\nIt crossed a wire, word by word, and nobody hurried it.";

/** `pageUrl`: without a config.json; `name`: of the pictures; `dialect`: one of dialects.mjs. */
export async function visit(t, browser, { pageUrl, name, dialect }) {
  const opened = await openPage(browser, {
    // The page looks for config.json, and here there is none; Agent Cloud takes no message before its agent has come.
    expected: [/40[34] .*config\.json/, /400 .*send-message/],
  });
  const { page } = opened;
  const chat = new Chat(page);
  let sessionId;
  let failed = false;
  // Each step stands on the one before it.
  const step = (promise, run) =>
    t.test(promise, { skip: failed && "a step before it failed" }, async () => {
      failed = true;
      await run();
      failed = false;
    });

  await step("a first visit asks where the agent lives, and says what is wrong", async () => {
    await chat.open(pageUrl);
    assert.equal(await page.locator("#settings-title").textContent(), "Welcome to agentline");
    await chat.choose(dialect.label);
    const wrong = Object.entries(dialect.wrong);
    await chat.settings(Object.fromEntries(wrong.map(([field, [value]]) => [field, value])));
    for (const [field, [, words]] of wrong) {
      assert.match(await page.locator(`#field-${field}-problem`).textContent(), words);
      assert.equal(await page.locator(`#field-${field}`).getAttribute("aria-invalid"), "true");
    }
    await picture(page, `${name}-settings`);
    await chat.settings({ ...(dialect.wrong.team && { team: "" }), ...dialect.fields });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    assert.equal(await chat.standing(), "idle");
    assert.equal(await page.locator("#examples button").count(), 3);
    await picture(page, `${name}-empty`);
  });

  await step("the first message makes a session, and the answer grows as it arrives", async () => {
    await chat.send(slowly(12, 90, story));
    const lengths = await chat.lengthsWhileStreaming();
    await chat.answered();
    assert.ok(lengths.length >= 3, `only the lengths ${lengths} were seen`);
    assert.deepEqual(
      lengths,
      [...lengths].sort((a, b) => a - b),
      "the answer only ever grows",
    );
    const [question, answer] = await chat.entries();
    assert.deepEqual([question.role, question.state], ["user", "stored"]);
    assert.deepEqual(
      [answer.role, answer.state, answer.text],
      ["assistant", "complete", dialect.said(story)],
    );
    assert.equal(
      await page.locator("#message").evaluate((one) => one === document.activeElement),
      true,
    );
    sessionId = chat.sessionId;
    assert.deepEqual(await chat.sessionTitles(), [
      `${slowly(12, 90, story).replace("\n", " ").slice(0, 57)}…`,
    ]);
    assert.equal(await dialect.exists(sessionId), true);
  });

  await step("Stop keeps what came, says so, and ends the request", async () => {
    const ended = dialect.streams && page.waitForEvent("requestfailed", isPost);
    const whole = "one two three four five six seven eight nine ten ".repeat(4).trim();
    await chat.send(slowly(40, 150, whole));
    await page.waitForFunction(
      () => document.querySelector('#rows [data-state="streaming"] .text')?.textContent.length > 20,
    );
    await picture(page, `${name}-streaming`);
    await page.keyboard.press("Escape");
    if (ended) assert.match((await ended).failure().errorText, /ERR_ABORTED/);
    await chat.answered();
    if (!ended) assert.deepEqual(await requestsFor(page, 2_500), [], "it is looked for no more");
    const answer = await chat.lastEntry();
    assert.deepEqual([answer.state, answer.label], ["stopped", "Stopped"]);
    assert.ok(answer.text.length > 0 && answer.text.length < whole.length);
    assert.ok(whole.startsWith(answer.text), "what came is kept as it came");
    assert.deepEqual(answer.buttons, ["Try again"]);
    assert.equal(await chat.standing(), "idle");
  });

  await step("an emoji is never shown in halves", async () => {
    const faces = "😀🎉🚀🌍".repeat(12);
    await page.evaluate(() => {
      window.broken = 0;
      const look = () => {
        const text = document.querySelector("#rows article:last-of-type .text")?.textContent ?? "";
        if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text))
          window.broken += 1;
        requestAnimationFrame(look);
      };
      look();
    });
    await chat.say(slowly(23, 20, faces));
    assert.equal((await chat.lastEntry()).text, dialect.said(faces));
    assert.equal(await page.evaluate(() => window.broken), 0);
  });

  await step("older messages come while one scrolls up, and nothing jumps", async () => {
    const texts = await dialect.seed(sessionId, 130);
    await chat.reload();
    await page.waitForSelector("#rows article");
    const pages = [];
    while ((await page.locator("#older").getAttribute("data-state")) !== "none") {
      pages.push(await page.evaluate(watchOnePage));
      assert.ok(pages.length < 20, "the history has an end");
    }
    assert.ok(pages.length >= 3, `130 messages came in ${pages.length} pages`);
    for (const { key, before, worst, added } of pages) {
      assert.ok(added > 0);
      assert.ok(worst <= 2, `${key} stood at ${before} and moved by ${worst} px`);
    }
    const seeded = (await chat.entries())
      .map((one) => one.text)
      .filter((text) => text.includes("seeded"));
    assert.deepEqual(seeded, texts, "every message once, in order");
    await picture(page, `${name}-history`);
  });

  await step("a wheel in the hand jumps as little", async () => {
    await chat.reload();
    await page.mouse.move(700, 400);
    const jumps = await page.evaluate(watchWheel);
    for (let turn = 0; turn < 60; turn += 1) {
      await page.mouse.wheel(0, -240);
      await page.waitForTimeout(25);
    }
    const { worst, frames } = await page.evaluate(() => window.endOfWheel());
    assert.ok(jumps && frames > 20);
    // Between two frames the wheel itself moves the rows; what must not happen is that they move the other way.
    assert.ok(worst <= 2, `the rows went up by ${worst} px while one scrolled up`);
  });

  await step(
    "after a reload the session is there again, with the answers that the server forgot",
    async () => {
      await chat.reload();
      assert.equal(chat.sessionId, sessionId);
      await chat.scrollToStart();
      const entries = await chat.entries();
      const at = entries.findIndex((one) => one.text === slowly(12, 90, story));
      const next = entries.findIndex((one, place) => place > at && one.role === "user");
      const answer = entries.slice(at + 1, next).find((one) => one.text === story);
      assert.ok(answer, "behind its question");
      assert.equal(answer.kept, dialect.keeps.includes("complete"));
      const states = entries.filter((one) => one.kept).map((one) => one.state);
      assert.deepEqual(states, dialect.keeps);
      if (states.length > 0) {
        const why = page.locator(".kept-reason").last();
        assert.equal(await why.isVisible(), false);
        await page.locator(".kept-mark").last().hover();
        assert.match(await why.textContent(), /This browser keeps/);
        assert.equal(await why.isVisible(), true);
        await picture(page, `${name}-kept`);
      }
      await page.goto(new URL("/", pageUrl).href);
      await chat.rest();
      assert.equal(chat.sessionId, sessionId, "also without the session in the address");
    },
  );

  await step("a second session is apart from the first, and each has an address", async () => {
    await page.click("#new-session");
    await chat.say("say something short");
    assert.equal((await chat.lastEntry()).text, dialect.said("something short"));
    const secondId = chat.sessionId;
    assert.notEqual(secondId, sessionId);
    assert.equal((await chat.entries()).length, 2);
    const first = page.locator(`[data-session="${sessionId}"] a`);
    await first.click();
    await chat.historyLoaded();
    assert.equal(chat.sessionId, sessionId);
    await page.goBack();
    await page.waitForFunction(() => {
      const questions = document.querySelectorAll('#rows [data-role="user"] .text');
      return questions.length === 1 && questions[0].textContent === "say something short";
    });
    assert.equal(chat.sessionId, secondId);
    await page.goto(`${new URL("/", pageUrl).href}#session=${sessionId}`);
    await chat.reload();
    assert.equal(chat.sessionId, sessionId);
    assert.equal(
      await page
        .locator('[aria-current="page"]')
        .evaluate((one) => one.closest("li").dataset.session),
      sessionId,
    );
  });

  await step("a session can be renamed here, and the name stays", async () => {
    const row = page.locator(`[data-session="${sessionId}"]`);
    await row.hover();
    await row.getByRole("button", { name: "Rename" }).click();
    await page.keyboard.type("The story");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#title").textContent(), "The story");
    await row.hover();
    await row.getByRole("button", { name: "Rename" }).click();
    await page.keyboard.type("Never mind");
    await page.keyboard.press("Escape");
    await chat.reload();
    assert.ok((await chat.sessionTitles()).includes("The story"));
    assert.equal(await page.locator("#title").textContent(), "The story");
  });

  await step(
    "a failure in the middle keeps the first half; Try again sends the text anew",
    async () => {
      await page.locator(`[data-session="${sessionId}"] a`).click();
      await chat.historyLoaded();
      await chat.say("throwmid this half comes and this half does not, whatever one does");
      let answer = await chat.lastEntry();
      assert.deepEqual([answer.state, answer.label], ["failed", "Failed"]);
      assert.match(answer.notice, /^The agent did not finish its answer\./);
      assert.ok("this half comes and this half does not".startsWith(answer.text.slice(0, 20)));
      assert.deepEqual(answer.buttons, ["Try again"]);
      await picture(page, `${name}-error`);
      const before = (await chat.entries()).length;
      await chat.entryButton("Try again").click();
      await chat.answered();
      if (dialect.ends) {
        await chat.waitForState("unsent");
        await picture(page, `${name}-asleep`);
        assert.match((await chat.lastEntry()).notice, /^The session's agent is asleep\./);
        await chat.entryButton("Wake the agent and try again").click();
        await chat.waitForLast("failed");
        await page.waitForSelector("#gone:not([hidden])");
      }
      const entries = await chat.entries();
      assert.equal(entries.length, before + 2, "a question and an answer were added");
      answer = entries.at(-1);
      assert.deepEqual([entries.at(-2).text, answer.state], [entries[before - 2].text, "failed"]);
      assert.deepEqual(entries[before - 1].buttons, [], "what was tried again offers it no longer");
      if (dialect.ends) return;
      await chat.reload();
      assert.deepEqual(
        (await chat.entries()).slice(-4).map((one) => [one.role, one.state]),
        [
          ["user", "stored"],
          ["assistant", "failed"],
          ["user", "stored"],
          ["assistant", "failed"],
        ],
        "a reload forgets nothing of it",
      );
    },
  );

  await step("a session is deleted only after the question is answered with yes", async () => {
    if (!dialect.canDelete) {
      assert.equal(await page.getByRole("button", { name: "Delete" }).count(), 0, "it cannot be");
      return;
    }
    const row = page.locator(`[data-session="${sessionId}"]`);
    await row.hover();
    await row.getByRole("button", { name: "Delete" }).click();
    assert.match(await page.locator("#confirm").textContent(), /“The story” goes from the server/);
    await picture(page, `${name}-delete`);
    await page.keyboard.press("Escape");
    assert.equal(await dialect.exists(sessionId), true);
    await row.hover();
    await row.getByRole("button", { name: "Delete" }).click();
    await page.locator("#confirm").getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    assert.equal(await dialect.exists(sessionId), false);
    assert.deepEqual(await chat.sessionTitles(), ["say something short"]);
    await chat.historyLoaded();
    assert.equal(
      (await chat.entries()).find(({ role }) => role === "user").text,
      "say something short",
      "the other session is shown",
    );
    const left = await page.evaluate(
      (id) => Object.keys(localStorage).filter((key) => key.includes(id)),
      sessionId,
    );
    assert.deepEqual(left, [], "nothing of it stays in the browser");
  });

  await step("nothing went wrong on the way", () => opened.close());
}

const isPost = (request) => request.method() === "POST";

/** The messages that are asked for in the next `ms`. */
async function requestsFor(page, ms) {
  const asked = [];
  const note = (request) => request.url().includes("messages") && asked.push(request.url());
  page.on("request", note);
  await page.waitForTimeout(ms);
  page.off("request", note);
  return asked;
}

/** Runs in the page: goes near the top, and watches one message in every frame while the next page comes in. */
async function watchOnePage() {
  const scroller = document.getElementById("transcript");
  const count = () => document.querySelectorAll("#rows article").length;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  scroller.scrollTop = 300;
  await frame();
  const edge = scroller.getBoundingClientRect().top;
  const rows = [...document.querySelectorAll("#rows article")];
  const row = rows.find((one) => one.getBoundingClientRect().top >= edge);
  const before = row.getBoundingClientRect().top;
  const atFirst = count();
  let worst = 0;
  const until = performance.now() + 10_000;
  for (let after = 0; after < 5 && performance.now() < until; ) {
    await frame();
    worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
    if (count() > atFirst || document.getElementById("older").dataset.state === "none") after += 1;
  }
  return { key: row.dataset.key, before, worst, added: count() - atFirst };
}

/** Runs in the page: while the wheel turns upwards, how far any visible message ever moved upwards. */
function watchWheel() {
  const scroller = document.getElementById("transcript");
  let places = new Map();
  let worst = 0;
  let frames = 0;
  let going = true;
  const look = () => {
    const box = scroller.getBoundingClientRect();
    const now = new Map();
    for (const row of document.querySelectorAll("#rows article")) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom > box.top && top < box.bottom) now.set(row, top);
    }
    for (const [row, top] of now) {
      if (places.has(row)) worst = Math.max(worst, places.get(row) - top);
    }
    places = now;
    frames += 1;
    if (going) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  window.endOfWheel = () => {
    going = false;
    return { worst, frames };
  };
  return true;
}
