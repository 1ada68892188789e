// What the page promises about safety, the keyboard and the screen reader.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { tooWide } from "./look.mjs";
import { addressOf, promise, seededSession, setTheStage, stage } from "./promises.mjs";
import { writeRows } from "./server.mjs";

setTheStage();

test("the policy allows the import map by its hash, and no other inline script", async () => {
  const html = await readFile(join(root, "www", "index.html"), "utf8");
  const [, map] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html);
  const hash = createHash("sha256").update(map).digest("base64");
  const [policy] = /default-src [^"]*/.exec(html);
  assert.ok(policy.includes(`'sha256-${hash}'`), `the hash of the import map is sha256-${hash}`);
  assert.match(policy, /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'sha256-[^']+';/);
  assert.ok(!policy.includes("unsafe-inline") && !policy.includes("'unsafe-eval'"));
  assert.equal(
    html.match(/<script/g).length,
    html.match(/<script type="(module|importmap)"/g).length,
  );
  assert.doesNotMatch(html, /\son[a-z]+=|\sstyle=/, "no inline handlers and styles");
});

test("the page's files name no other server", async () => {
  const files = await readdir(join(root, "www"), { recursive: true });
  const allowed = /^https?:\/\/(www\.w3\.org\/2000\/svg|127\.0\.0\.1:3000)/;
  for (const file of files.filter((name) => /\.(js|css|html)$/.test(name))) {
    const text = await readFile(join(root, "www", file), "utf8");
    const foreign = (text.match(/https?:\/\/[\w[][^\s"'`)]*/g) ?? []).filter(
      (url) => !allowed.test(url),
    );
    assert.deepEqual(foreign, [], file);
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/,
      file,
    );
  }
});

const markup =
  '<img src="/nothing" onerror="window.pwned = 1"><b>bold</b> &lt;i&gt; <script>window.pwned = 1</script>';

promise(
  "what people, agents and servers write is shown as text, never as HTML",
  async ({ page, chat, opened }) => {
    opened.expect(/status of 400/);
    const session = await seededSession(page, 0);
    const created = Date.parse(session.createdAt);
    await writeRows(stage.sandbox.url, session.channelId, [
      {
        content: `from the person ${markup}`,
        createdAt: created - 2_000,
        authorId: session.userId,
      },
      {
        content: `from the agent ${markup}`,
        createdAt: created - 1_000,
        authorId: session.agentId,
        isAgent: true,
      },
    ]);
    await chat.open(addressOf(session));
    await chat.say(`throwmid ${markup}`);
    const json = { error: { code: "VALIDATION_ERROR", message: `refused ${markup}` } };
    stage.site.fault = ({ method }) => method === "POST" && { status: 400, json };
    await chat.send(`say ${markup}`);
    await chat.waitForState("unsent");
    stage.site.fault = undefined;
    const entries = await chat.entries();
    assert.equal(entries[0].text, `from the person ${markup}`);
    assert.equal(entries[1].text, `from the agent ${markup}`);
    assert.equal(entries[2].text, `throwmid ${markup}`);
    assert.ok(entries.at(-1).notice.includes("<b>bold</b>"), entries.at(-1).notice);
    const row = page.locator(`[data-session="${session.sessionId}"]`);
    await row.hover();
    await row.getByRole("button", { name: "Rename" }).click();
    await page.keyboard.type(markup.slice(0, 100));
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#title").textContent(), markup.slice(0, 100));
    assert.equal(
      await page.locator("#main :is(img, b, i, script), #side :is(img, b, i, script)").count(),
      0,
    );
    assert.equal(await page.evaluate(() => window.pwned), undefined);
  },
);

promise("line breaks and long words stay within the page", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  const long = "abcdefghij".repeat(60);
  await chat.say(`say one\ntwo\n\n  three ${long}`);
  const answer = page.locator("#rows article").last().locator(".text");
  assert.equal(await answer.textContent(), `one\ntwo\n\n  three ${long}`);
  assert.equal(await answer.evaluate((one) => getComputedStyle(one).whiteSpace), "pre-wrap");
  assert.deepEqual(await page.evaluate(tooWide), []);
});

promise(
  "Enter sends, Shift+Enter breaks the line, and a composing input method keeps its Enter",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    const before = (await page.locator("#message").boundingBox()).height;
    await page.focus("#message");
    await page.keyboard.type("say one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    assert.equal(await chat.draft(), "say one\ntwo");
    assert.ok(
      (await page.locator("#message").boundingBox()).height > before + 10,
      "the field grows with its text",
    );
    await page.locator("#message").evaluate((field) => {
      const init = { key: "Enter", bubbles: true, cancelable: true };
      field.dispatchEvent(new KeyboardEvent("keydown", { ...init, isComposing: true }));
      field.dispatchEvent(new KeyboardEvent("keydown", { ...init, keyCode: 229 }));
    });
    assert.equal((await chat.entries()).length, 0);
    assert.equal(await chat.draft(), "say one\ntwo");
    await page.keyboard.press("Enter");
    await chat.answered();
    assert.equal((await chat.lastEntry()).text, "one\ntwo");
    assert.ok(Math.abs((await page.locator("#message").boundingBox()).height - before) < 1);
  },
);

promise(
  "all of it can be reached by keyboard, and what has the focus shows it",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await chat.say("throwmid some words that break in the middle of it");
    const reached = [];
    for (let turn = 0; turn < 24; turn += 1) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const { activeElement: one } = document;
        const style = getComputedStyle(one);
        const shown = style.outlineStyle !== "none" || one.id === "message";
        return {
          body: one === document.body,
          name: one.id || one.getAttribute("aria-label") || one.textContent.trim(),
          shown,
        };
      });
      if (at.body) continue;
      if (at.name === reached[0]?.name) break;
      reached.push(at);
    }
    const names = reached.map(({ name }) => name).join(" | ");
    for (const wanted of [
      "new-session",
      "open-settings",
      "theme",
      "standing",
      "transcript",
      "Try again",
      "message",
      /Rename “/,
      /Delete “/,
    ]) {
      assert.ok(
        reached.some(({ name }) => (wanted.test ? wanted.test(name) : name === wanted)),
        `${wanted} is not among ${names}`,
      );
    }
    assert.deepEqual(
      reached.filter(({ shown }) => !shown),
      [],
    );
  },
);

promise("a dialog takes the focus, keeps it, and gives it back", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await page.focus("#open-settings");
  await page.keyboard.press("Enter");
  for (let turn = 0; turn < 12; turn += 1) {
    const inside = await page.evaluate(
      () =>
        document.activeElement === document.body ||
        document.querySelector("#settings").contains(document.activeElement),
    );
    assert.ok(inside);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "open-settings");
});

promise(
  "who reads the end stays at the end while the answer and the field grow",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    const toEnd = () =>
      page.evaluate(() => {
        const scroller = document.getElementById("transcript");
        return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
      });
    const place = () => page.evaluate(() => document.getElementById("transcript").scrollTop);
    await chat.say(`say ${"words that fill the transcript until it has to scroll. ".repeat(40)}`);
    assert.ok((await toEnd()) < 2);
    await page.focus("#message");
    for (const key of ["a", "Shift+Enter", "b", "Shift+Enter", "c", "Shift+Enter", "d", "e"]) {
      await page.keyboard.press(key);
      await page.waitForTimeout(40);
      assert.ok((await toEnd()) < 2, "typing moves nothing out of sight");
    }
    assert.equal(await page.locator("#jump").isVisible(), false);
    await chat.send(
      `stream 12 80 ${"more words, which come slowly and go on below the edge. ".repeat(20)}`,
    );
    await chat.waitForState("streaming");
    await page.mouse.move(700, 300);
    await page.mouse.wheel(0, -200);
    await page.waitForFunction(() => !document.getElementById("jump").hidden);
    await page.waitForTimeout(50);
    const left = await place();
    await chat.answered();
    assert.equal(await place(), left, "who scrolls up is left alone");
    await page.click("#jump");
    assert.ok((await toEnd()) < 2);
    assert.equal(await page.locator("#jump").isVisible(), false);
  },
);

promise(
  "a screen reader hears that an answer starts and what it became, not every word",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    const log = page.getByRole("log", { name: "Transcript" });
    assert.equal(await log.getAttribute("aria-live"), "off");
    await page.evaluate(() => {
      window.heard = [];
      const region = document.getElementById("announcements");
      new MutationObserver(() => window.heard.push(region.textContent)).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    assert.equal(await page.locator("#announcements").getAttribute("role"), "status");
    await chat.say(
      "stream 15 30 many words that come one after the other and are read out only once",
    );
    await chat.say("throw");
    const heard = await page.evaluate(() => window.heard);
    assert.deepEqual(heard.slice(0, 2), [
      "Answer started",
      "Answer finished: many words that come one after the other and are read out only once",
    ]);
    assert.equal(heard.length, 3);
    assert.match(heard[2], /^The agent did not finish its answer\./);
    const names = await page
      .locator("button:visible")
      .evaluateAll((buttons) =>
        buttons
          .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()))
          .map((one) => one.outerHTML),
      );
    assert.deepEqual(names, [], "every button has a name");
  },
);
