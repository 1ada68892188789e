// What the page promises about all that an answer can hold beside its text, about the files of a question, and about
// answers that do not come in one piece.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { picture } from "./browser.mjs";
import { poorContrasts, tooWide } from "./look.mjs";
import { promise, saidByAgentCloud, setTheStage, stage } from "./promises.mjs";

setTheStage();

async function openMeibel(chat) {
  await chat.open(stage.site.url);
  await chat.switchTo("Meibel");
  await chat.rest();
}

async function openAgentCloud(chat) {
  await chat.open(stage.site.url);
  await chat.switchTo("Agent Cloud");
  await chat.rest();
}

const isChat = ({ method, path }) => method === "POST" && path.endsWith("/chat/stream");

// Every kind of event that Meibel's contract knows, one that it does not, and sources of a hostile mind.
const meta = { type: "t", disposition: "d", sequence: "1-0", timestamp: "2026-07-22T10:00:00Z" };
const whole = {
  message: "Revenue rose by 12 percent [1], mostly in the north [2].",
  clean_message: "Revenue rose by 12 percent, mostly in the north.",
  citations: [
    { position: 27, source_ids: [1] },
    { position: 52, source_ids: [2] },
  ],
  sources: [
    {
      source_id: 1,
      title: "Quarterly report",
      url: "https://example.com/report",
      snippet: "Revenue rose by 12 percent against the quarter before.",
      relevance_score: 0.91,
    },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a hostile address
    { source_id: 2, title: "Map of the north", url: "javascript:alert(`${document.cookie}`)" },
    { source_id: 3, title: "<b>A file</b>", url: "file:///etc/passwd", snippet: "<i>root</i>" },
  ],
};
const allEvents = [
  ["connected", { signal_id: "sig-of-all" }],
  ["status", { ...meta, content: "Looking for the right tool" }],
  [
    "tool_call",
    {
      ...meta,
      tool_id: "call_1",
      tool_name: "rag_search",
      arguments: { query: "revenue", filters: { year: 2026 }, top_k: 5 },
    },
  ],
  ["tool_result", { ...meta, tool_id: "call_1", result: { hits: [{ id: 1, score: 0.91 }] } }],
  ["tool_call", { ...meta, tool_id: "call_2", tool_name: "chart", arguments: {} }],
  ["weather_report", { ...meta, sky: "clear" }],
  ["completion", { ...meta, data: whole }],
];
const streamOf = (events) =>
  events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("");
const answered = (events) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  raw: streamOf(events),
});

for (const [look, context] of [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["narrow", { viewport: { width: 320, height: 640 } }],
]) {
  promise(
    `all that an answer holds is shown, and folded where it is long (${look})`,
    async ({ page, chat }) => {
      await openOn(page, chat, look === "narrow");
      stage.site.fault = (asked) => isChat(asked) && answered(allEvents);
      await chat.say("What did we earn?");
      stage.site.fault = undefined;
      const answer = await chat.lastEntry();
      assert.deepEqual([answer.text, answer.state], [whole.message, "complete"]);
      assert.deepEqual(answer.parts, [
        "1 step",
        "rag_search done",
        "chart no result",
        "Event “weather_report”",
      ]);
      const row = page.locator("#rows article").last();
      assert.equal(await row.locator("pre").count(), 0, "it is folded");
      for (const fold of await row.locator("summary").all()) await fold.click();
      // what is folded is written when it is unfolded, and the event stands last
      await row.locator(".parts pre", { hasText: "sky" }).waitFor();
      const json = await row.locator(".parts pre").allTextContents();
      assert.deepEqual(JSON.parse(json[0]), allEvents[2][1].arguments);
      assert.match(json[0], /^\{\n {2}"query": "revenue",\n/, "it is laid out for the eye");
      assert.deepEqual(JSON.parse(json[1]), allEvents[3][1].result);
      assert.equal(JSON.parse(json.at(-1)).sky, "clear", "an unknown event is not lost");
      assert.equal(await row.locator(".steps").textContent(), "Looking for the right tool");
      const sources = row.locator(".sources ol > li");
      assert.deepEqual(await sources.locator(".source-title").allTextContents(), [
        "Quarterly report",
        "Map of the north",
        "<b>A file</b>",
      ]);
      const links = await row
        .locator("a")
        .evaluateAll((all) => all.map((one) => [one.href, one.rel, one.target]));
      assert.deepEqual(
        links,
        [["https://example.com/report", "noopener noreferrer", "_blank"]],
        "only what is on the web is a link",
      );
      assert.equal(await row.locator(":is(b, i)").count(), 0, "nothing of it is HTML");
      assert.deepEqual(await page.evaluate(tooWide), []);
      assert.deepEqual(await page.evaluate(poorContrasts), []);
      await picture(page, `answer-${look}`);
      await chat.reload();
      assert.deepEqual((await chat.entries()).length, 0, "the server never heard of it");
    },
    context,
  );
}

async function openOn(page, chat, narrow) {
  await chat.open(stage.site.url);
  if (narrow) await page.click("#open-drawer");
  await chat.switchTo("Meibel");
  if (narrow) await page.keyboard.press("Escape");
  await chat.rest();
}

promise(
  "a tool's call and result stand with the answer they led to, also in the history",
  async ({ page, chat }) => {
    await openMeibel(chat);
    await chat.say("cite Revenue rose by 12 percent.");
    const before = await chat.lastEntry();
    assert.deepEqual(before.parts, ["1 step", "rag_search done"]);
    await chat.reload();
    const entries = await chat.entries();
    assert.equal(entries.length, 2, "a question and its answer, and no row beside them");
    assert.deepEqual(entries[1].parts, ["rag_search done"]);
    assert.equal(entries[1].text, before.text);
    const row = page.locator("#rows article").last();
    assert.equal(await row.locator(".source-title").textContent(), "Q4 report.pdf");
    await row.locator(".parts summary").click();
    // what is folded is written when it is unfolded
    await row.locator(".parts pre").first().waitFor();
    const [given] = await row.locator(".parts pre").allTextContents();
    assert.deepEqual(JSON.parse(given).userQuery, "Revenue rose by 12 percent.");
  },
);

promise("what the agent is doing is said while it does it", async ({ page, chat }) => {
  await openMeibel(chat);
  await chat.send("wait 1500 the answer");
  const live = page.locator("#rows article:last-of-type .status-part");
  await live.waitFor();
  assert.equal(await live.textContent(), "The agent is working");
  await picture(page, "working");
  await chat.answered();
  assert.equal(await live.count(), 0, "and folded afterwards");
});

const fileOf = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

promise("files go with a message: chosen, dropped, removed by keyboard", async ({ page, chat }) => {
  await openMeibel(chat);
  const attached = page.locator("#attached .file-name");
  await page.setInputFiles("#picker", [fileOf("one.txt", "first"), fileOf("two.txt", "second")]);
  assert.deepEqual(await attached.allTextContents(), ["one.txt", "two.txt"]);
  assert.equal(await page.locator("#attached .file-size").first().textContent(), "5 bytes");
  await drop(page, "three.txt", "third");
  assert.deepEqual(await attached.allTextContents(), ["one.txt", "two.txt", "three.txt"]);
  await picture(page, "files");
  await page.getByRole("button", { name: "Remove two.txt" }).focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await attached.allTextContents(), ["one.txt", "three.txt"]);
  assert.equal(
    await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
    "Remove three.txt",
    "the focus is not lost",
  );
  await chat.say("files");
  assert.equal(await attached.count(), 0);
  const [question, answer] = await chat.entries();
  assert.deepEqual(question.files, ["one.txt", "three.txt"]);
  assert.deepEqual(
    JSON.parse(answer.text).map(({ name, text }) => [name, text]),
    [
      ["one.txt", "first"],
      ["three.txt", "third"],
    ],
  );
  await picture(page, "files-sent");
  await chat.switchTo("elizaOS");
  await chat.rest();
  assert.equal(await page.locator("#attach").isVisible(), false);
  await drop(page, "four.txt", "fourth");
  assert.equal(await attached.count(), 0);
  assert.equal(await page.locator("#announcements").textContent(), "This backend takes no files.");
});

promise(
  "files that were not sent go with the next try, and are asked for again after a reload",
  async ({ page, chat }) => {
    await openMeibel(chat);
    await chat.say("say hello");
    stage.site.fault = (asked) => isChat(asked) && { drop: true };
    await page.setInputFiles("#picker", [fileOf("one.txt", "first")]);
    await chat.send("files");
    // the history is there to be read, and has it not
    await chat.waitForState("unsent");
    await chat.reload();
    assert.deepEqual((await chat.lastEntry()).files, ["one.txt"]);
    assert.match(await page.locator("#rows .files").textContent(), /attach it again/);
    await chat.entryButton("Edit").click();
    await page.setInputFiles("#picker", [fileOf("one.txt", "first")]);
    await page.press("#message", "Enter");
    await chat.waitForState("unsent");
    stage.site.fault = undefined;
    await chat.entryButton("Try again").click();
    await chat.answered();
    assert.match((await chat.lastEntry()).text, /"one\.txt"/);
  },
  { expected: [/net::ERR_/] },
);

function drop(page, name, text) {
  return page.evaluate(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([content], fileName, { type: "text/plain" }));
      for (const type of ["dragenter", "dragover", "drop"]) {
        const init = { bubbles: true, cancelable: true, dataTransfer: data };
        document.getElementById("transcript").dispatchEvent(new DragEvent(type, init));
      }
    },
    [name, text],
  );
}

promise(
  "an answer that was cut off is looked for, and made whole when the server has it",
  async ({ page, chat }) => {
    await openMeibel(chat);
    await chat.say("say hello");
    const text = "a message that carries many words over the wire were it not cut";
    const seen = () => chat.waitForText();
    stage.site.fault = (asked) => isChat(asked) && { cutAfter: "carries", seen };
    await chat.send(`stream 12 60 ${text}`);
    await chat.waitForState("resuming");
    const cut = await chat.lastEntry();
    assert.equal(cut.label, "Looking for the rest");
    assert.ok(cut.text.length > 0 && text.startsWith(cut.text));
    assert.equal(await page.locator("#stop").isVisible(), true, "nobody has to wait for it");
    stage.site.fault = undefined;
    // the agent goes on, and so does the page
    await chat.waitForLast("complete");
    const entries = await chat.entries();
    assert.deepEqual([entries.length, entries.at(-1).text], [4, text]);
    await chat.reload();
    assert.deepEqual(
      (await chat.entries()).map((one) => one.text),
      entries.map((one) => one.text),
    );
  },
  { expected: [/net::ERR_/] },
);

promise("an answer that still grows in the history grows on the page", async ({ page, chat }) => {
  await openAgentCloud(chat);
  await chat.say("say hello");
  const slow = "words that come one after the other and take their time";
  await chat.send(`stream 10 500 ${slow}`);
  await chat.waitForState("streaming");
  await page.waitForTimeout(1_500);
  await chat.reload();
  await chat.waitForState("growing");
  await picture(page, "growing");
  await page.waitForFunction(
    (text) => [...document.querySelectorAll(".text")].some((one) => one.textContent === text),
    slow,
  );
  await page.waitForFunction(() => !document.querySelector('[data-state="growing"]'));
  const said = (await chat.entries()).filter((one) => one.text === slow);
  assert.equal(said.length, 1, "and stands there once");
});

promise(
  "what others and the agent say meanwhile comes in when one looks again, and nothing twice",
  async ({ page, chat }) => {
    await openAgentCloud(chat);
    await chat.say("act 1 found it");
    await chat.say("say hello");
    const seen = await chat.entries();
    assert.equal(seen.length, 4);
    await sayElsewhere(chat.sessionId, "say from elsewhere");
    const look = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await look();
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".text")].some((one) => one.textContent === "from elsewhere"),
    );
    const after = (await chat.entries()).map(({ text }) => text);
    // The agent may have greeted before the first message, which is new then, or behind it.
    const told = after.filter((text) => text !== "How can I help?");
    assert.deepEqual(told, [
      ...seen.map(({ text }) => text),
      "say from elsewhere",
      "from elsewhere",
      "Anything else?",
    ]);
    await look();
    await page.waitForTimeout(500);
    assert.deepEqual(
      (await chat.entries()).map(({ text }) => text),
      after,
    );
  },
);

/** Somebody else writes into a session of Agent Cloud's; resolves when the agent has answered. */
async function sayElsewhere(id, messageText) {
  const { url, agentcloud } = stage.sandbox;
  const response = await fetch(`${url}/${agentcloud.team}/session/${id}/send-message`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${agentcloud.apiKey}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ messageText }),
  });
  assert.equal(response.status, 200);
  await sleep(400);
}

promise(
  "an agent that sleeps is told, and woken by the button that sends again",
  async ({ page, chat }) => {
    await openAgentCloud(chat);
    await chat.say("say hello");
    let awake = false;
    stage.site.fault = ({ method, path }) => {
      if (method === "POST" && path.endsWith("/start")) awake = true;
      const json = { error: "Attempting to send message to inactive session." };
      return !awake && path.endsWith("/send-message") && { status: 400, json };
    };
    await chat.send("say again");
    const late = page.locator("#rows article:last-of-type .status-part");
    await late.waitFor();
    assert.match(await late.textContent(), /not there yet/);
    await chat.waitForState("unsent");
    const message = await chat.lastEntry();
    assert.match(message.notice, /^The session's agent is asleep\./);
    assert.deepEqual(message.buttons, ["Wake the agent and try again", "Edit"]);
    await picture(page, "asleep");
    await chat.entryButton("Wake the agent and try again").click();
    await chat.waitForLast("complete");
    assert.equal(awake, true);
    assert.equal((await chat.lastEntry()).text, saidByAgentCloud("again"));
    stage.site.fault = undefined;
  },
  { expected: [/status of 400 /] },
);

for (const [name, json, words] of [
  ["was never taken into use", "/6b01edbd11f2e31b0c34e7e9/onboarding", /never taken into use/],
  ["is not of the team", "/welcome?noaccess=true", /may not belong to this team/],
  ["is not signed in", "/login?goto=x", /does not accept this API key/],
]) {
  promise(`an account that ${name} is told what to do`, async ({ page, chat }) => {
    await chat.open(stage.site.url);
    stage.site.fault = ({ path }) =>
      path.includes("sessions.json") && { status: 200, json: { redirect: json } };
    await chat.switchTo("Agent Cloud");
    await page.waitForSelector("#banner:not([hidden])");
    assert.match(await chat.banner(), words);
    stage.site.fault = undefined;
    await page.locator("#banner").getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector('#standing[data-state="idle"]');
  });
}

promise(
  "a server that asks for a pause while one connects gets it",
  async ({ page, chat }) => {
    await chat.open(stage.site.url);
    stage.site.fault = ({ path }) =>
      path.startsWith("/v2/") && {
        status: 429,
        headers: { "retry-after": "2" },
        json: { detail: "Too many requests" },
      };
    await chat.switchTo("Meibel");
    const button = page.locator("#banner button").first();
    await button.waitFor();
    assert.match(await chat.banner(), /^The server has had too many requests\./);
    assert.match(await button.textContent(), /^Try again in [12] s$/);
    assert.equal(await button.isDisabled(), true);
    stage.site.fault = undefined;
    await page.waitForFunction(() => !document.querySelector("#banner button").disabled);
    await button.click();
    await page.waitForSelector('#standing[data-state="idle"]');
  },
  { expected: [/status of 429 /] },
);
