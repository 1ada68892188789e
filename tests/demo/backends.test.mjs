// What the page promises about its backends: going from one to another, signing in, what each can and cannot do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, picture } from "./browser.mjs";
import { Chat } from "./chat.mjs";
import { promise, saidByAgentCloud, setTheStage, stage } from "./promises.mjs";
import { startSite } from "./site.mjs";

setTheStage();

const texts = async (chat) => (await chat.entries()).map(({ text }) => text);

promise(
  "one click goes to another backend, and back to where one was there",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await chat.say("say from elizaOS");
    const onEliza = page.url();
    await chat.switchTo("Meibel");
    await chat.rest();
    assert.deepEqual(await texts(chat), []);
    await chat.say("say from Meibel");
    await chat.switchTo("Agent Cloud");
    await chat.rest();
    await chat.say("say from Agent Cloud");
    assert.deepEqual(await texts(chat), [
      "say from Agent Cloud",
      saidByAgentCloud("from Agent Cloud"),
    ]);
    assert.deepEqual(await chat.sessionTitles(), ["say from Agent Cloud"]);
    await picture(page, "switched");
    await chat.switchTo("elizaOS");
    assert.deepEqual(await texts(chat), ["say from elizaOS", "from elizaOS"]);
    assert.equal(page.url(), onEliza, "the address names the backend");
    await page.goBack();
    assert.deepEqual(await texts(chat), [
      "say from Agent Cloud",
      saidByAgentCloud("from Agent Cloud"),
    ]);
    await chat.reload();
    assert.equal(
      await page.locator('#switch [aria-pressed="true"]').textContent(),
      "Agent Cloud",
      "also after a reload",
    );
    assert.ok((await texts(chat)).includes("say from Agent Cloud"));
  },
);

promise("an answer goes on while one looks at another backend", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.switchTo("Meibel");
  await chat.rest();
  const slow = "words that take their time to come";
  await chat.send(`stream 10 400 ${slow}`);
  await chat.waitForState("streaming");
  await chat.switchTo("elizaOS");
  await chat.rest();
  const busy = page.locator('#switch [data-backend="meibel"]');
  assert.equal(await busy.getAttribute("data-state"), "busy");
  await chat.say("say meanwhile");
  await chat.switchTo("Meibel");
  await chat.answered();
  assert.equal((await chat.lastEntry()).text, slow);
});

promise("what is typed for one backend is kept for it", async ({ page, chat }) => {
  const value = (name) => page.inputValue(`#field-${name}`);
  await chat.open(stage.site.url);
  await page.click("#open-settings");
  await chat.choose("Meibel");
  await page.fill("#field-agentId", "agent_of_mine");
  await chat.choose("Agent Cloud");
  await page.fill("#field-team", "6b01edbd11f2e31b0c34e7e9");
  await chat.choose("Meibel");
  assert.equal(await value("agentId"), "agent_of_mine");
  await chat.choose("By its name");
  await page.fill("#field-agentName", "parrot");
  await chat.choose("By its id");
  assert.equal(await value("agentId"), "agent_of_mine");
  await chat.choose("elizaOS");
  await page.click("#settings-save");
  await page.waitForSelector("#settings", { state: "hidden" });
  await chat.reload();
  await page.click("#open-settings");
  assert.equal(await value("agentId"), stage.sandbox.agentIds.eliza);
  await chat.choose("Agent Cloud");
  assert.equal(await value("team"), "6b01edbd11f2e31b0c34e7e9");
  await chat.choose("Meibel");
  assert.equal(await value("agentId"), "agent_of_mine");
});

promise(
  "an agent of Meibel's can be named, and the list then holds the sessions of this browser",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await page.click("#open-settings");
    await chat.choose("Meibel");
    await chat.choose("By its name");
    await chat.settings({ agentName: "nobody" });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    await chat.send("say hello");
    await chat.waitForState("unsent");
    assert.match((await chat.lastEntry()).notice, /^The server has no agent with this name\./);
    await chat.entryButton("Settings").click();
    await chat.settings({ agentName: "sandbox-agent" });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    await chat.entryButton("Try again").click();
    await chat.answered();
    assert.equal((await chat.lastEntry()).text, "hello");
    await chat.reload();
    assert.deepEqual(await chat.sessionTitles(), ["say hello"]);
    assert.equal((await chat.lastEntry()).text, "hello");
  },
  { expected: [/status of 404 /] },
);

promise(
  "an e-mail and a password become a token, and only that is kept",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    await page.click("#open-settings");
    await chat.choose("Agent Cloud");
    await chat.choose("E-mail and password");
    await chat.settings({ email: "nobody", password: "" });
    assert.match(await page.locator("#field-email-problem").textContent(), /not an e-mail/);
    assert.match(await page.locator("#field-password-problem").textContent(), /is needed/);
    await chat.settings({ email: "alice@example.com", password: "wr0ng-Passw0rd" });
    const problem = page.locator("#settings-problem");
    await problem.waitFor();
    assert.match(
      await problem.textContent(),
      /^The e-mail and the password do not belong together/,
    );
    await page.waitForFunction(() => {
      const words = document.getElementById("settings-problem").getBoundingClientRect();
      return words.bottom <= document.getElementById("settings-save").getBoundingClientRect().top;
    });
    await picture(page, "sign-in");
    await chat.settings({ email: "alice@example.com", password: "Passw0rd!x" });
    await page.waitForSelector("#settings", { state: "hidden" });
    await chat.rest();
    assert.equal(await chat.standing(), "idle");
    await chat.say("say hello");
    assert.equal((await chat.lastEntry()).text, saidByAgentCloud("hello"));
    const [local, session] = await page.evaluate(() => [
      JSON.stringify(localStorage),
      JSON.stringify(sessionStorage),
    ]);
    for (const secret of ["Passw0rd", "alice@"]) {
      assert.ok(!local.includes(secret) && !session.includes(secret), `${secret} is kept`);
    }
    const token = JSON.parse(JSON.parse(session)["agentline.key.agentcloud"]);
    assert.ok(token.length > 20 && !local.includes(token), "it stays no longer than the tab");
    assert.ok(!page.url().includes(token));
    await chat.reload();
    assert.equal(await chat.standing(), "idle");
    await page.click("#open-settings");
    assert.equal(await page.inputValue("#field-apiKey"), token);
    assert.equal(await page.locator("#field-password").count(), 0);
  },
  { expected: [/status of 403 /] },
);

promise("only what a backend can do is offered", async ({ page, chat }) => {
  const offers = async () => {
    await page.click("#session-status");
    const labels = await page.locator(".panel-button").allTextContents();
    const facts = await page.locator(".facts").textContent();
    await page.keyboard.press("Escape");
    return { labels, facts };
  };
  await chat.open(stage.site.url);
  const expected = [
    ["elizaOS", ["Give it more time", "Delete the session"], false],
    ["Meibel", [], true],
    ["Agent Cloud", ["Wake the agent", "Cancel the session", "Delete the session"], false],
  ];
  for (const [label, actions, files] of expected) {
    await chat.switchTo(label);
    await chat.rest();
    await chat.say("say hello");
    await page.waitForFunction(
      () => document.querySelector(".status-name").textContent !== "Session",
    );
    const { labels, facts } = await offers();
    assert.deepEqual(labels, actions, label);
    assert.match(facts, /Status.*Id/, label);
    assert.equal(await page.locator("#attach").isVisible(), files, label);
    const deletes = await page.locator('#sessions [data-action="delete"]').count();
    assert.equal(deletes > 0, actions.includes("Delete the session"), label);
  }
});

promise("a session that was cancelled takes no more messages", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.switchTo("Agent Cloud");
  await chat.rest();
  await chat.say("say hello");
  await page.click("#session-status");
  await page.getByRole("button", { name: "Cancel the session" }).click();
  await page.locator("#confirm").getByRole("button", { name: "Cancel the session" }).click();
  await page.waitForSelector("#gone:not([hidden])");
  assert.match(await page.locator("#gone").textContent(), /This session was cancelled\./);
  await page.waitForFunction(
    () => document.querySelector(".status-name").textContent === "Cancelled",
  );
  await chat.type("say goodbye");
  assert.equal(await page.locator("#send").isDisabled(), true);
  await page.click("#continue");
  assert.equal(await chat.draft(), "say goodbye");
  await page.press("#message", "Enter");
  await chat.answered();
  assert.equal((await chat.lastEntry()).text, saidByAgentCloud("goodbye"));
});

promise("a session of elizaOS can be given more time", async ({ page, chat }) => {
  await chat.open(stage.site.url);
  await chat.say("say hello");
  await page.click("#session-status");
  const renewed = page.waitForResponse(/\/renew$/);
  await page.getByRole("button", { name: "Give it more time" }).click();
  assert.equal((await renewed).status(), 200);
  await page.waitForFunction(() =>
    /has more time/.test(document.getElementById("announcements").textContent),
  );
});

test("without a server there are all three, in the page's memory", async (t) => {
  const site = await startSite({ upstream: stage.sandbox.url });
  t.after(site.stop);
  const { page, close } = await openPage(stage.browser, { expected: [/config\.json/] });
  const chat = new Chat(page);
  await chat.open(site.url);
  await page.getByRole("button", { name: "Try it without a server" }).click();
  await page.waitForSelector("#settings", { state: "hidden" });
  await chat.rest();
  for (const label of ["elizaOS", "Meibel", "Agent Cloud"]) {
    await chat.switchTo(label);
    await chat.rest();
    assert.equal(await chat.standing(), "idle");
    await chat.say(`say hello ${label}`);
    const said = label === "Agent Cloud" ? saidByAgentCloud : (text) => text;
    assert.deepEqual(await texts(chat), [`say hello ${label}`, said(`hello ${label}`)]);
  }
  await picture(page, "without-server");
  assert.deepEqual(site.requests, [], "no request left the page");
  await chat.reload();
  assert.deepEqual(await texts(chat), [], "it forgets everything with the page");
  await chat.say("say anew");
  assert.equal((await chat.lastEntry()).text, saidByAgentCloud("anew"));
  await close();
});
