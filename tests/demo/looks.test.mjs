// What the page promises to the eye: colours, contrast, stillness, small screens.
import assert from "node:assert/strict";
import { picture } from "./browser.mjs";
import { poorContrasts, tooWide } from "./look.mjs";
import { promise, setTheStage, stage } from "./promises.mjs";

setTheStage();

for (const scheme of ["light", "dark"]) {
  promise(
    `every text has a contrast of 4.5 to 1 in the ${scheme}`,
    async ({ page, chat, opened }) => {
      opened.expect(/status of 5/, /net::ERR_/);
      await chat.open(stage.site.url);
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await chat.say("Tell me what you can do");
      await picture(page, scheme);
      await chat.say("throwmid some words that break in the middle of it");
      // where the history can be read, it would tell
      stage.site.fault = ({ method, path }) =>
        (method === "POST" || path.includes("/messages")) && { drop: true };
      await chat.send("are you there?");
      await chat.waitForState("uncertain");
      await page.waitForSelector("#banner:not([hidden])");
      await chat.type("z".repeat(4001));
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await picture(page, `${scheme}-troubles`);
      stage.site.fault = undefined;
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
    await chat.open(stage.site.url);
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
    await chat.open(stage.site.url);
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
    await chat.open(stage.site.url);
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
