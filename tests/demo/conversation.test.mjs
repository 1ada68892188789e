// What becomes of messages and answers when the page or its network goes away and comes back: nothing is lost, nothing
// stands there twice, and the page says how it is.
import assert from "node:assert/strict";
import { picture } from "./browser.mjs";
import { promise, setTheStage, stage } from "./promises.mjs";
import { storedTexts } from "./server.mjs";

setTheStage();

const isSend = ({ method, path }) => method === "POST" && path.endsWith("/messages");
const away = { expected: [/net::ERR_/] };
const words = "words that take their time to come over the wire, one after the other";

const texts = async (chat) => (await chat.entries()).map(({ text }) => text);

async function openMeibel(chat) {
  await chat.open(stage.site.url);
  await chat.switchTo("Meibel");
  await chat.rest();
  await chat.say("say hello");
}

const halfThere = (page) =>
  page.waitForFunction(
    () => document.querySelector('[data-state="streaming"] .text')?.textContent.length > 12,
  );

promise(
  "an answer goes on after a reload in its middle, and stands there once",
  async ({ page, chat }) => {
    await openMeibel(chat);
    await chat.send(`stream 14 250 ${words}`);
    await halfThere(page);
    await chat.reload();
    await chat.waitForState("resuming");
    await picture(page, "resuming");
    const answer = await chat.lastEntry();
    assert.ok(answer.text.length > 12 && words.startsWith(answer.text), "what had come is there");
    await chat.waitForLast("complete");
    assert.deepEqual(await texts(chat), ["say hello", "hello", `stream 14 250 ${words}`, words]);
  },
);

promise(
  "a page without a network says so at the message, and sends it once when the network is back",
  async ({ page, chat, opened }) => {
    await chat.open(stage.site.url);
    await chat.say("say hello");
    await opened.profile.setOffline(true);
    await page.waitForSelector("#banner:not([hidden])");
    assert.match(await chat.banner(), /^You are offline\./);
    await chat.send("say one");
    await chat.waitForState("queued");
    const [, , question] = await chat.entries();
    assert.deepEqual([question.text, question.label], ["say one", "Waiting to be sent"]);
    await picture(page, "queued");
    await opened.profile.setOffline(false);
    await chat.waitForLast("complete");
    assert.deepEqual(await texts(chat), ["say hello", "hello", "say one", "one"]);
    await page.waitForSelector("#banner", { state: "hidden" });
    assert.deepEqual(await storedTexts(stage.sandbox.url, chat.sessionId), [
      "say hello",
      "say one",
    ]);
  },
  away,
);

promise(
  "an answer whose network goes away in its middle is whole when the network is back",
  async ({ page, chat, opened }) => {
    await openMeibel(chat);
    stage.site.fault = (asked) => asked.path.endsWith("/chat/stream") && { cutAfter: "their" };
    await chat.send(`stream 14 100 ${words}`);
    await chat.waitForState("resuming");
    await opened.profile.setOffline(true);
    await page.waitForSelector("#banner:not([hidden])");
    await page.waitForTimeout(1_500);
    stage.site.fault = undefined;
    await opened.profile.setOffline(false);
    await chat.waitForLast("complete");
    assert.deepEqual(await texts(chat), ["say hello", "hello", `stream 14 100 ${words}`, words]);
  },
  away,
);

promise(
  "a message of which nobody knows whether it arrived is looked for, and sent by Try again only where it did not",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await chat.say("say hello");
    stage.site.fault = (asked) =>
      (isSend(asked) || asked.path.includes("/messages")) && { drop: true };
    await chat.send("say one");
    await chat.waitForState("uncertain");
    const message = await chat.lastEntry();
    assert.deepEqual([message.text, message.buttons], ["say one", ["Try again", "Edit"]]);
    await picture(page, "uncertain");
    stage.site.fault = undefined;
    await chat.entryButton("Try again").click();
    await chat.waitForLast("complete");
    assert.deepEqual(await texts(chat), ["say hello", "hello", "say one", "one"]);
    assert.deepEqual(await storedTexts(stage.sandbox.url, chat.sessionId), [
      "say hello",
      "say one",
    ]);
  },
  away,
);

promise("each message says that it was delivered", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.say("say hello");
  const marks = page.locator('#rows article[data-role="user"] .delivered');
  assert.deepEqual(await marks.allTextContents(), ["Delivered"]);
});
