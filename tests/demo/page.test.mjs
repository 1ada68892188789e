// What the page promises whoever uses it, beside chatting: safety, keyboard, screen reader, colours, small screens,
// long conversations, a memory that is bounded. Against the sandbox.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { stopAll } from "../../tools/process.mjs";
import { launch, openPage, picture } from "./browser.mjs";
import { Chat } from "./chat.mjs";
import { poorContrasts, tooWide } from "./look.mjs";
import { startSandbox } from "./sandbox.mjs";
import { createSession, getSession, seededTexts, seedHistory, writeRows } from "./server.mjs";
import { startSite } from "./site.mjs";

const person = "aaaaaaaa-0000-4000-8000-000000000001";

let sandbox;
let browser;
let site;

before(async () => {
  sandbox = await startSandbox();
  site = await siteBefore(sandbox);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await site?.stop();
  await sandbox?.stop();
  await stopAll();
});

const siteBefore = (server) =>
  startSite({
    upstream: server.url,
    config: (here) => ({ backend: "eliza", baseUrl: here.url, agentId: server.agentId }),
  });

/** A test with a page of a person who was never here. */
function promise(words, run, context) {
  test(words, async () => {
    const opened = await openPage(browser, context);
    await opened.page.addInitScript((id) => {
      localStorage.setItem("agentline.user", JSON.stringify(id));
    }, crypto.randomUUID());
    await run({ page: opened.page, chat: new Chat(opened.page), opened });
    await opened.close();
  });
}

async function seededSession(page, count) {
  await page.addInitScript((id) => {
    localStorage.setItem("agentline.user", JSON.stringify(id));
  }, person);
  const { body } = await createSession(sandbox.url, sandbox.agentId, person);
  const session = (await getSession(sandbox.url, body.sessionId)).body;
  if (count > 0) await seedHistory(sandbox.url, session, count);
  return session;
}

const addressOf = (session) => `${site.url}/#session=${session.sessionId}`;

// --- safety

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
    await writeRows(sandbox.url, session.channelId, [
      { content: `from the person ${markup}`, createdAt: created - 2_000, authorId: person },
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
    site.fault = ({ method }) => method === "POST" && { status: 400, json };
    await chat.send(`say ${markup}`);
    await chat.waitForState("unsent");
    site.fault = undefined;
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
  await chat.open(site.url);
  const long = "abcdefghij".repeat(60);
  await chat.say(`say one\ntwo\n\n  three ${long}`);
  const answer = page.locator("#rows article").last().locator(".text");
  assert.equal(await answer.textContent(), `one\ntwo\n\n  three ${long}`);
  assert.equal(await answer.evaluate((one) => getComputedStyle(one).whiteSpace), "pre-wrap");
  assert.deepEqual(await page.evaluate(tooWide), []);
});

// --- keyboard and screen reader

promise(
  "Enter sends, Shift+Enter breaks the line, and a composing input method keeps its Enter",
  async ({ page, chat }) => {
    await chat.open(site.url);
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
    await chat.open(site.url);
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
  await chat.open(site.url);
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
    await chat.open(site.url);
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
    await chat.open(site.url);
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

// --- looks

for (const scheme of ["light", "dark"]) {
  promise(
    `every text has a contrast of 4.5 to 1 in the ${scheme}`,
    async ({ page, chat, opened }) => {
      opened.expect(/status of 5/, /net::ERR_/);
      await chat.open(site.url);
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await chat.say("Tell me what you can do");
      await picture(page, scheme);
      await chat.say("throwmid some words that break in the middle of it");
      site.fault = ({ method }) => method === "POST" && { drop: true };
      await chat.send("are you there?");
      await chat.waitForState("uncertain");
      await page.waitForSelector("#banner:not([hidden])");
      await chat.type("z".repeat(4001));
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await picture(page, `${scheme}-troubles`);
      site.fault = undefined;
      await page.click("#open-settings");
      await page.fill("#field-agentId", "wrong");
      await page.click("#settings-save");
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await picture(page, `${scheme}-settings`);
    },
    { colorScheme: scheme },
  );
}

promise(
  "the colours follow the system until one chooses, and the choice stays",
  async ({ page, chat }) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await chat.open(site.url);
    const light = await ground();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await ground();
    assert.notEqual(dark, light);
    const button = page.locator("#theme");
    assert.equal(await button.getAttribute("aria-label"), "Colours: system. Change to light");
    await button.click();
    assert.equal(await ground(), light);
    await button.click();
    await page.emulateMedia({ colorScheme: "light" });
    assert.equal(await ground(), dark);
    await chat.reload();
    assert.equal(await ground(), dark);
    await button.click();
    assert.equal(await ground(), light);
  },
);

promise(
  "who asks for less motion gets none",
  async ({ page, chat }) => {
    await chat.open(site.url);
    await chat.send("stream 20 60 words that do not fade in but are simply there when they come");
    await chat.waitForState("streaming");
    const moving = await page.evaluate(() => document.getAnimations().length);
    assert.equal(moving, 0);
    const lengths = await chat.lengthsWhileStreaming();
    assert.ok(lengths.length >= 3);
  },
  { reducedMotion: "reduce" },
);

promise(
  "a screen of 320 pixels has room for all of it, and the list is a drawer",
  async ({ page, chat }) => {
    await chat.open(site.url);
    assert.deepEqual(await page.evaluate(tooWide), []);
    await picture(page, "narrow-empty");
    await chat.say("Tell me what you can do");
    await chat.say("throwmid some words that break in the middle of it");
    assert.deepEqual(await page.evaluate(tooWide), []);
    await picture(page, "narrow");
    const bar = page.locator("#side");
    assert.equal(await bar.isVisible(), false);
    assert.equal(await bar.evaluate((one) => one.inert), true, "a closed drawer is out of reach");
    await page.click("#open-drawer");
    await page.waitForFunction(() => document.getElementById("side").getAnimations().length === 0);
    assert.equal(await bar.isVisible(), true);
    assert.ok(await bar.evaluate((one) => one.contains(document.activeElement)));
    assert.equal(await page.locator("#open-drawer").getAttribute("aria-expanded"), "true");
    assert.deepEqual(await page.evaluate(tooWide), []);
    await picture(page, "narrow-drawer");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement.id), "open-drawer");
    await page.click("#open-drawer");
    await page.click("#new-session");
    assert.equal(await bar.evaluate((one) => one.inert), true, "choosing closes it");
    await page.click("#open-drawer");
    await page.click("#open-settings");
    assert.deepEqual(await page.evaluate(tooWide), []);
    await picture(page, "narrow-settings");
  },
  { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true },
);

// --- memory

promise("an answer goes on while one reads another session", async ({ page, chat }) => {
  await chat.open(site.url);
  await chat.say("say first");
  const firstId = chat.sessionId;
  await page.click("#new-session");
  const slow = "words that take their time to come over the wire one by one";
  await chat.send(`stream 12 120 ${slow}`);
  await chat.waitForState("streaming");
  const secondId = chat.sessionId;
  await page.locator(`[data-session="${firstId}"] a`).click();
  await page.waitForFunction(() => document.querySelectorAll("#rows article").length === 2);
  assert.equal(await page.locator(`[data-session="${secondId}"] .answering`).count(), 1);
  assert.equal(await page.locator("#stop").isVisible(), false, "nothing is to be stopped here");
  await page.locator(`[data-session="${secondId}"] a`).click();
  assert.equal(await page.locator("#stop").isVisible(), true);
  await chat.answered();
  assert.equal((await chat.lastEntry()).text, slow);
});

promise(
  "what had arrived is there when the page is closed in the middle of an answer",
  async ({ page, chat }) => {
    await chat.open(site.url);
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
    const { page, close } = await openPage(browser);
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
  await chat.open(site.url);
  await chat.say("say hello");
  assert.equal((await chat.lastEntry()).text, "hello");
});

promise(
  "what is kept here has an end: old sessions go first, the newest answers stay",
  async ({ page, chat }) => {
    await chat.open(site.url);
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
  "settings that equal the page's defaults follow them when they change",
  async ({ page, chat }) => {
    await chat.open(site.url);
    await page.click("#open-settings");
    await chat.settings({ apiKey: "only-the-key" });
    await page.waitForSelector("#settings", { state: "hidden" });
    const moved = { backend: "eliza", baseUrl: sandbox.url, agentId: sandbox.agentId };
    await page.route("**/config.json", (route) => route.fulfill({ json: moved }));
    await chat.reload();
    assert.equal(await page.locator("#where").textContent(), new URL(sandbox.url).host);
    await page.click("#open-settings");
    assert.equal(await page.inputValue("#field-apiKey"), "only-the-key");
  },
);

// --- long conversations

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
