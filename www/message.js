// In: one entry of a conversation. Out: its article, kept up to date. Which entries there are, and what its
// buttons do, is decided elsewhere: a button dispatches "entry-action" with { action, entry }.

import { countDown } from "./countdown.js";
import { element, icon, timeElement } from "./dom.js";
import { isComing } from "./entries.js";
import { filesElement, PartsView, sourcesElement } from "./parts.js";

const stateNames = {
  queued: "Waiting to be sent",
  sending: "Sending",
  checking: "Looking whether it arrived",
  unsent: "Not sent",
  uncertain: "Perhaps not sent",
  resuming: "Looking for the rest",
  stopped: "Stopped",
  cut: "Cut off",
  failed: "Failed",
  growing: "Still growing",
};

const keptReason =
  "The server's history does not hold this answer. This browser keeps what it has shown, so that it is here again after a reload.";

const speakers = {
  user: "You",
  assistant: "Agent",
  tool: "Tool",
  system: "System",
  unknown: "Someone",
};

export class MessageView {
  #entry;
  #text;
  #stream = undefined;
  #parts = new PartsView();
  #beside = element("div", { class: "beside", hidden: true }); // sources, files
  #besideOf = undefined; // what it shows
  #meta = element("footer", { class: "meta" });
  #notice = element("div", { class: "notice", hidden: true });
  #stopCounting = () => {};

  constructor(entry) {
    this.#entry = entry;
    this.#text = element("div", { class: "text", dir: "auto" });
    this.node = element(
      "article",
      { class: "message" },
      element("span", { class: "visually-hidden", text: `${this.#speaker}: ` }),
      this.#parts.node,
      this.#text,
      this.#beside,
      this.#meta,
      this.#notice,
    );
    this.update();
  }

  get #speaker() {
    return this.#entry.role === "user"
      ? speakers.user
      : (this.#entry.author ?? speakers[this.#entry.role] ?? speakers.unknown);
  }

  /** Shows the entry as it is now. */
  update() {
    const entry = this.#entry;
    Object.assign(this.node.dataset, { role: entry.role, state: entry.state, key: entry.key });
    const coming = isComing(entry);
    if (coming && entry.text !== "") {
      this.#stream ??= new StreamingText(this.#text);
      this.#stream.set(entry.text);
    } else {
      this.#stream?.end();
      this.#stream = undefined;
      this.#showText();
    }
    this.#parts.show(entry.parts, coming);
    // What did something and said nothing needs no empty line under it.
    this.#text.hidden = entry.text === "" && entry.parts.length > 0 && !coming;
    this.#showBeside();
    this.#showMeta();
    this.#showNotice();
  }

  grow(delta) {
    this.#stream?.add(delta);
  }

  #showBeside() {
    const { sources, citations, files, lostFiles } = this.#entry;
    const shown = [sources, citations, files, lostFiles];
    // Made anew, an opened list of citations would close.
    if (this.#besideOf?.every((one, index) => one === shown[index])) return;
    this.#besideOf = shown;
    const parts = [sourcesElement(this.#entry), filesElement(this.#entry)].filter(Boolean);
    this.#beside.replaceChildren(...parts);
    this.#beside.hidden = parts.length === 0;
  }

  #showText() {
    const { state, text } = this.#entry;
    if (isComing(this.#entry)) {
      this.#text.replaceChildren(
        element(
          "span",
          { class: "waiting" },
          element(
            "span",
            { class: "dots", "aria-hidden": "true" },
            element("i"),
            element("i"),
            element("i"),
          ),
          element("span", { class: "visually-hidden", text: "Waiting for the answer" }),
        ),
      );
    } else if (text === "") {
      const words =
        state === "complete" ? "The agent answered with an empty text." : "Nothing had arrived.";
      this.#text.replaceChildren(element("span", { class: "empty-text", text: words }));
    } else if (this.#text.textContent !== text || this.#text.childElementCount > 0) {
      this.#text.textContent = text;
    }
  }

  #showMeta() {
    const { state, at, kept, author, usage, message } = this.#entry;
    const tokens = usage?.total_tokens;
    const name = stateNames[state];
    this.#meta.replaceChildren(
      ...[
        author && this.#entry.role !== "user" && element("span", { class: "author", text: author }),
        Number.isFinite(at) && timeElement(at),
        Number.isFinite(tokens) &&
          element("span", { text: tokens === 1 ? "1 token" : `${tokens.toLocaleString()} tokens` }),
        name && element("span", { class: "state", text: name }),
        message?.delivery === "delivered" && deliveredMark(),
        kept && keptMark(this.#entry.key),
      ].filter(Boolean),
    );
    this.#meta.hidden = this.#meta.childElementCount === 0;
  }

  #showNotice() {
    this.#stopCounting();
    const { state, problem, role, retried } = this.#entry;
    const buttons = [];
    const again = () =>
      problem?.remedy === "wake"
        ? this.#button("wake", "Wake the agent and try again", "wake")
        : this.#retryButton(problem?.retryAt);
    if (state === "unsent" || state === "uncertain") {
      buttons.push(again(), this.#button("edit", "Edit", "pencil"));
    } else if (
      role === "assistant" &&
      (state === "cut" || state === "failed" || state === "stopped") &&
      !retried
    ) {
      buttons.push(again());
    }
    if (problem?.remedy === "settings")
      buttons.push(this.#button("settings", "Settings", "settings"));
    const words = sentences(state, problem);
    this.#notice.hidden = buttons.length === 0 && words.length === 0;
    this.#notice.replaceChildren(
      ...[
        words.length > 0 &&
          element("p", {}, element("strong", { text: words[0] }), words[1] && ` ${words[1]}`),
        buttons.length > 0 && element("div", { class: "buttons" }, ...buttons),
      ].filter(Boolean),
    );
  }

  #button(action, label, symbol) {
    const dispatch = () =>
      this.node.dispatchEvent(
        new CustomEvent("entry-action", { bubbles: true, detail: { action, entry: this.#entry } }),
      );
    return element(
      "button",
      { type: "button", class: `quiet ${action}`, on: { click: dispatch } },
      icon(symbol),
      element("span", { text: label }),
    );
  }

  #retryButton(retryAt) {
    const button = this.#button("retry", "Try again", "again");
    this.#stopCounting = countDown(button, retryAt);
    return button;
  }
}

/** The mark of a message that the server has. */
function deliveredMark() {
  return element(
    "span",
    { class: "delivered", title: "Delivered" },
    icon("delivered"),
    element("span", { class: "visually-hidden", text: "Delivered" }),
  );
}

/**
 * The mark of a kept answer, with its reason as a tooltip that also a finger can bring out. It is left out of the tab
 * order: in a long conversation there are hundreds of them.
 */
function keptMark(key) {
  const id = `why-${key}`;
  return element(
    "span",
    { class: "kept" },
    element(
      "button",
      { type: "button", class: "kept-mark", tabindex: -1, "aria-describedby": id },
      icon("kept"),
      "Kept by this browser",
    ),
    element("span", { class: "kept-reason", role: "tooltip", id, text: keptReason }),
  );
}

function sentences(state, problem) {
  if (state === "uncertain") {
    const why = problem ? `${problem.title} ` : "";
    return ["The server may have got this, or not.", `${why}Trying again looks for it first.`];
  }
  if (problem) return [problem.title, problem.detail].filter(Boolean);
  return state === "unsent" ? ["This was not sent."] : [];
}

/**
 * Text that is still coming. What arrives is shown in the next frame, never later: nothing is held back to look
 * smooth. New words fade in (by CSS) and then melt into one text node, so that a long answer stays cheap.
 */
class StreamingText {
  #parent;
  #settled = document.createTextNode("");
  #waiting = "";
  #frame = 0;

  constructor(parent) {
    this.#parent = parent;
    parent.replaceChildren(this.#settled);
  }

  set(text) {
    if (text === this.#settled.data + this.#freshText() + this.#waiting) return;
    const [whole, half] = inWholeCharacters(text);
    this.#waiting = half;
    this.#settled.data = whole;
    this.#parent.replaceChildren(this.#settled);
  }

  add(delta) {
    this.#waiting += delta;
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  end() {
    cancelAnimationFrame(this.#frame);
  }

  #freshText() {
    return Array.from(this.#parent.children, (child) => child.textContent).join("");
  }

  #show() {
    this.#frame = 0;
    const [text, half] = inWholeCharacters(this.#waiting);
    this.#waiting = half;
    if (text === "") return;
    const fresh = element("span", { class: "fresh", text });
    fresh.addEventListener("animationend", () => this.#settle(fresh), { once: true });
    this.#parent.append(fresh);
    // Without an animation (reduced motion, a hidden page) nothing would ever settle.
    while (this.#parent.childElementCount > 40) this.#settle(this.#parent.firstElementChild);
  }

  /** In order: a word settles together with all words before it. */
  #settle(fresh) {
    if (fresh.parentNode !== this.#parent) return;
    for (;;) {
      const first = this.#parent.firstElementChild;
      this.#settled.appendData(first.textContent);
      first.remove();
      if (first === fresh) return;
    }
  }
}

/** elizaOS cuts emoji in two: the first half waits for the second. */
function inWholeCharacters(text) {
  const last = text.charCodeAt(text.length - 1);
  const end = text.length - (last >= 0xd800 && last <= 0xdbff ? 1 : 0);
  return [text.slice(0, end), text.slice(end)];
}
