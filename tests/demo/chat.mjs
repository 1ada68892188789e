// In: a page. Out: what a person does there and sees there, in their words. It asserts nothing.
import { setTimeout as sleep } from "node:timers/promises";

export class Chat {
  constructor(page) {
    this.page = page;
  }

  /** Loads the page and waits until it has come to rest. */
  async open(url) {
    await this.page.goto(url);
    await this.rest();
  }

  async reload() {
    await this.page.reload();
    await this.rest();
  }

  async rest() {
    await this.page.waitForFunction(() => {
      const standing = document.getElementById("standing").dataset.state;
      const asks = document.querySelector("dialog[open]");
      return asks || (standing !== "closed" && standing !== "connecting");
    });
    await this.historyLoaded();
  }

  historyLoaded() {
    return this.page.waitForFunction(() => {
      const older = document.getElementById("older").dataset.state;
      return document.querySelector("dialog[open]") || (older !== "unknown" && older !== "loading");
    });
  }

  async settings(values) {
    for (const [name, value] of Object.entries(values)) {
      await this.page.fill(`#field-${name}`, value);
    }
    await this.page.click("#settings-save");
  }

  /** Chooses one of a strip of choices in the dialog, by its label. */
  async choose(label) {
    await this.page.locator("#settings label", { hasText: label }).click();
  }

  /** Goes to another backend by the strip in the side bar. */
  async switchTo(label) {
    await this.page.locator("#switch button", { hasText: label }).click();
  }

  async type(text) {
    await this.page.fill("#message", text);
  }

  async send(text) {
    await this.type(text);
    await this.page.press("#message", "Enter");
  }

  /** Sends and waits for the end of the answer. */
  async say(text) {
    await this.send(text);
    await this.answered();
  }

  answered() {
    return this.page.waitForFunction(
      () =>
        document.getElementById("stop").hidden && document.getElementById("message").value === "",
    );
  }

  draft() {
    return this.page.inputValue("#message");
  }

  /** What stands in the transcript, from the top down. */
  entries() {
    return this.page.evaluate(() =>
      Array.from(document.querySelectorAll("#rows article"), (row) => ({
        key: row.dataset.key,
        role: row.dataset.role,
        state: row.dataset.state,
        text: row.querySelector(".text").textContent,
        parts: Array.from(row.querySelectorAll(".parts > li"), (one) => {
          const head = one.querySelector("summary") ?? one;
          return Array.from(head.querySelectorAll("span, code"), (word) => word.textContent)
            .filter((word) => word !== "")
            .join(" ");
        }),
        files: Array.from(row.querySelectorAll(".files .file-name"), (one) => one.textContent),
        kept: row.querySelector(".kept") !== null,
        label: row.querySelector(".state")?.textContent,
        notice: row.querySelector(".notice p")?.textContent,
        buttons: Array.from(row.querySelectorAll(".notice button"), (one) => one.textContent),
      })),
    );
  }

  async lastEntry() {
    return (await this.entries()).at(-1);
  }

  /** The button of the last entry that has one with this text. */
  entryButton(label) {
    return this.page.locator("#rows .notice button", { hasText: label }).last();
  }

  async waitForState(state) {
    await this.page.waitForSelector(`#rows article[data-state="${state}"]`);
  }

  /** Waits until the last entry stands so. */
  async waitForLast(state) {
    await this.page.waitForFunction((wanted) => {
      const rows = document.querySelectorAll("#rows article");
      return rows[rows.length - 1]?.dataset.state === wanted;
    }, state);
  }

  /** Waits until the last entry is an answer of which there is something. */
  async waitForText() {
    await this.page.waitForFunction(() => {
      const last = [...document.querySelectorAll("#rows article")].at(-1);
      return last?.dataset.role === "assistant" && last.querySelector(".text").textContent !== "";
    });
  }

  /** The lengths that the growing answer had, every 20 ms, until it is complete. */
  async lengthsWhileStreaming() {
    return this.page.evaluate(async () => {
      const lengths = [];
      const until = performance.now() + 20_000;
      while (performance.now() < until) {
        const row = document.querySelector("#rows article:last-of-type");
        if (row?.dataset.state === "streaming") {
          const { length } = row.querySelector(".text").textContent;
          if (length !== lengths.at(-1)) lengths.push(length);
        } else if (lengths.length > 0) {
          return lengths;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`the answer did not come to its end; its lengths were ${lengths}`);
    });
  }

  sessionTitles() {
    return this.page.locator("#sessions .title").allTextContents();
  }

  get sessionId() {
    return new URLSearchParams(new URL(this.page.url()).hash.slice(1)).get("session");
  }

  standing() {
    return this.page.locator("#standing").getAttribute("data-state");
  }

  async banner() {
    const banner = this.page.locator("#banner");
    return (await banner.isVisible()) ? banner.locator("p").textContent() : undefined;
  }

  /** Loads everything there is, as a person would who keeps scrolling up. */
  async scrollToStart() {
    for (let turn = 0; turn < 400; turn += 1) {
      const state = await this.page.locator("#older").getAttribute("data-state");
      if (state === "none") return;
      await this.page.evaluate(() => {
        document.getElementById("transcript").scrollTop = 0;
      });
      await sleep(20);
    }
    throw new Error("the beginning of the conversation was never reached");
  }
}
