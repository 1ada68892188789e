// In: a conversation. Out: its rows on the page, older ones fetched as one scrolls up, the reading position kept.
// One entry's looks are message.js; where the scroller stands is scroll.js; what happens is conversation.js.

import { dayName, element, icon, required, sameDay, setAttribute } from "./dom.js";
import { MessageView } from "./message.js";
import { ScrollKeeper } from "./scroll.js";

// Older messages are asked for before the reader sees the edge.
const reach = "800px 0px 0px 0px";

export class Transcript {
  #scroller = required("transcript");
  #list = required("rows");
  #top = required("older");
  #jump = required("jump");
  #welcome = required("welcome");
  #conversation = undefined;
  #listening = new AbortController();
  #views = new Map(); // entry key -> MessageView
  #days = new Map(); // entry key -> the row with the name of its day
  #keeper;
  #nearTop;
  #newSince = false; // something came below what the reader sees
  #last = undefined; // the key of the last entry

  constructor() {
    // What scrolls must be reachable by keyboard; Safari does not see to that by itself.
    this.#scroller.tabIndex = 0;
    this.#keeper = new ScrollKeeper(this.#scroller, this.#list, () => this.#showJump());
    this.#nearTop = new IntersectionObserver((seen) => this.#reachedTop(seen), {
      root: this.#scroller,
      rootMargin: reach,
    });
    this.#jump.addEventListener("click", () => {
      this.#keeper.toEnd();
      this.#scroller.focus();
    });
  }

  /** Shows another conversation, at its end. */
  show(conversation) {
    if (conversation === this.#conversation) return;
    this.#listening.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#conversation = conversation;
    this.#last = conversation.entries.at(-1)?.key;
    this.#views.clear();
    this.#days.clear();
    this.#list.replaceChildren();
    conversation.addEventListener("entries", () => this.#render(), { signal });
    conversation.addEventListener("entry", ({ detail: entry }) => this.#update(entry), { signal });
    conversation.addEventListener("delta", ({ detail }) => this.#grow(detail), { signal });
    conversation.addEventListener("state", () => this.#showState(), { signal });
    this.#render();
    this.#showState();
    if (conversation.entries.length === 0 && conversation.session === undefined)
      this.#keeper.toStart();
    else this.#keeper.toEnd();
    if (conversation.older === "unknown") conversation.loadOlder();
  }

  /** After the person sent something, the end is what they want to see. */
  toEnd() {
    this.#keeper.toEnd();
  }

  #render() {
    const { entries } = this.#conversation;
    const rows = [];
    const keys = new Set();
    let previous;
    for (const entry of entries) {
      keys.add(entry.key);
      if (Number.isFinite(entry.at)) {
        if (previous === undefined || !sameDay(previous, entry.at)) rows.push(this.#dayRow(entry));
        previous = entry.at;
      }
      rows.push(this.#viewOf(entry).node);
    }
    for (const key of this.#views.keys()) {
      if (!keys.has(key)) this.#views.delete(key);
    }
    this.#place(rows);
    const last = entries.at(-1)?.key;
    this.#newSince ||= last !== this.#last && !this.#keeper.following;
    this.#last = last;
    this.#keeper.restore();
    this.#showWelcome();
  }

  #viewOf(entry) {
    let view = this.#views.get(entry.key);
    if (!view) this.#views.set(entry.key, (view = new MessageView(entry)));
    return view;
  }

  #dayRow(entry) {
    const name = dayName(entry.at);
    let row = this.#days.get(entry.key);
    if (!row) this.#days.set(entry.key, (row = element("div", { class: "day" }, element("span"))));
    if (row.textContent !== name) row.firstElementChild.textContent = name;
    return row;
  }

  /** Brings the list to `rows` without touching those that stay, so that nothing loses its focus or selection. */
  #place(rows) {
    const wanted = new Set(rows);
    for (const child of [...this.#list.children]) {
      if (!wanted.has(child)) child.remove();
    }
    let at = this.#list.firstElementChild;
    for (const row of rows) {
      if (row === at) at = at.nextElementSibling;
      else this.#list.insertBefore(row, at);
    }
  }

  #update(entry) {
    this.#views.get(entry.key)?.update();
  }

  #grow({ entry, delta }) {
    this.#views.get(entry.key)?.grow(delta);
    this.#newSince ||= !this.#keeper.following;
  }

  #showState() {
    const conversation = this.#conversation;
    const { older, olderProblem, gone, busy } = conversation;
    setAttribute(this.#scroller, "data-busy", busy);
    setAttribute(this.#scroller, "data-gone", Boolean(gone));
    this.#scroller.setAttribute("aria-busy", String(older === "loading"));
    this.#top.dataset.state = older;
    this.#top.replaceChildren(...this.#topContent(older, olderProblem, gone));
    this.#showWelcome();
    // The observer speaks only when something crosses the edge: ask anew after each page.
    this.#nearTop.disconnect();
    if (older === "more") this.#nearTop.observe(this.#top);
  }

  #topContent(older, problem, gone) {
    if (older === "loading") {
      return [
        element("span", { class: "spinner", "aria-hidden": "true" }),
        element("span", { text: "Loading messages" }),
      ];
    }
    if (older === "failed" && !gone) {
      return [
        element("span", { text: [problem?.title, problem?.detail].filter(Boolean).join(" ") }),
        element(
          "button",
          { type: "button", class: "quiet", on: { click: () => this.#conversation.loadOlder() } },
          icon("again"),
          element("span", { text: "Try again" }),
        ),
      ];
    }
    if (older === "more") {
      return [
        element(
          "button",
          { type: "button", class: "quiet", on: { click: () => this.#conversation.loadOlder() } },
          element("span", { text: "Older messages" }),
        ),
      ];
    }
    if (older === "none" && this.#conversation.session && this.#conversation.entries.length > 0)
      return [element("span", { text: "The conversation starts here" })];
    return [];
  }

  #reachedTop(seen) {
    if (seen.some((one) => one.isIntersecting) && this.#conversation.older === "more")
      this.#conversation.loadOlder();
  }

  #showWelcome() {
    const { entries, older, gone } = this.#conversation;
    const empty = entries.length === 0 && older === "none" && !gone;
    this.#welcome.hidden = !empty;
    this.#top.hidden = empty;
    this.#showJump();
  }

  #showJump() {
    if (this.#keeper.following) this.#newSince = false;
    // on a small screen the welcome is longer than the window, and has no end to jump to
    this.#jump.hidden = this.#keeper.following || !this.#welcome.hidden;
    setAttribute(this.#jump, "data-new", this.#newSince);
  }
}
