// In: keys and clicks. Out: "send" with the text and the files, "stop"; the draft of each conversation kept while one
// types, its files for as long as the page lives.
// Whether a text may go now is asked of the conversation; sending it is left to main.js.

import { announce, required, setAttribute } from "./dom.js";
import { Attachments } from "./files.js";
import { forget, recall, remember } from "./storage.js";

const warnFrom = 0.9; // of the limit: from here on the count is shown

export class Composer extends EventTarget {
  #form = required("composer");
  #input = required("message");
  #send = required("send");
  #stop = required("stop");
  #count = required("count");
  #attachments = new Attachments(required("main"));
  #filesOf = new WeakMap(); // conversation -> files
  #conversation = undefined;
  #shownAs = ""; // its id, which a new one changes when it gets a session
  #limit = Infinity;
  #listening = new AbortController();

  constructor() {
    super();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#stop.addEventListener("click", () => {
      this.dispatchEvent(new Event("stop"));
      this.#input.focus();
    });
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks a word. 229 is how Safari says so after the composition's end.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229)
        return;
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("paste", (event) => {
      const { files } = event.clipboardData;
      if (files.length === 0 || !this.#attachments.possible) return;
      event.preventDefault();
      this.#attachments.add(files);
    });
    this.#attachments.addEventListener("changed", () => {
      this.#filesOf.set(this.#conversation, this.files);
      this.#showCount();
    });
    new ResizeObserver(() => this.#fit()).observe(this.#form);
  }

  show(conversation, limit = Infinity) {
    // Shown again it stays as it is: one may be typing.
    if (conversation === this.#conversation) return;
    this.#listening.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#conversation = conversation;
    this.#shownAs = conversation.id;
    this.#limit = limit;
    conversation.addEventListener("state", () => this.#showState(), { signal });
    this.#set(recall(this.#draftName, ""));
    this.#attachments.replace(this.#filesOf.get(conversation) ?? []);
    this.#showState();
  }

  /** Whether the backend takes files. */
  set canAttach(possible) {
    if (this.#attachments.possible !== possible) this.#attachments.possible = possible;
  }

  get files() {
    return this.#attachments.files;
  }

  /** Ready to write. Not on a touch screen: there a keyboard would cover half of the page. */
  focus() {
    if (!matchMedia("(hover: none)").matches) this.#input.focus();
  }

  /** The conversation has got a session: what is being written belongs to that. */
  moveDraft() {
    forget(`draft.${this.#shownAs}`);
    this.#shownAs = this.#conversation.id;
    this.#keepDraft();
  }

  get text() {
    return this.#input.value;
  }

  /** Puts a text back, before whatever stands there by now. */
  giveBack(text, files = []) {
    const there = this.#input.value.trim() === "" ? "" : `\n\n${this.#input.value}`;
    this.replace(text + there, [...files, ...this.files]);
    this.#input.setSelectionRange(text.length, text.length);
  }

  replace(text, files = this.files) {
    this.#set(text);
    this.#attachments.replace(files);
    this.#keepDraft();
    this.#input.focus();
  }

  get #draftName() {
    return `draft.${this.#conversation.id}`;
  }

  #set(text) {
    this.#input.value = text;
    this.#fit();
    this.#showCount();
  }

  #typed() {
    this.#fit();
    this.#showCount();
    this.#keepDraft();
  }

  #keepDraft() {
    if (this.#input.value === "") forget(this.#draftName);
    else remember(this.#draftName, this.#input.value);
  }

  #submit() {
    const text = this.#input.value;
    if (text.trim() === "") {
      if (this.files.length > 0) announce("Write a few words that go with the files.");
      return;
    }
    if (this.#conversation.gone)
      return announce("This session has ended. Start a new session to send this.");
    if (this.#conversation.busy)
      return announce("The agent is still answering. Press Escape to stop it.");
    if (text.length > this.#limit) return announce(this.#count.textContent);
    forget(this.#draftName);
    this.#set("");
    const files = this.#attachments.possible ? this.files : [];
    if (files.length > 0) this.#attachments.replace([]);
    this.dispatchEvent(new CustomEvent("send", { detail: { text, files } }));
  }

  #showState() {
    const { busy, gone } = this.#conversation;
    const hadFocus = document.activeElement === this.#stop;
    this.#send.hidden = busy;
    this.#stop.hidden = !busy;
    if (hadFocus && !busy) this.#input.focus();
    setAttribute(this.#form, "data-gone", Boolean(gone));
    this.#showCount();
  }

  #showCount() {
    const { length } = this.#input.value;
    const over = length - this.#limit;
    this.#count.hidden = length < this.#limit * warnFrom;
    this.#count.textContent =
      over > 0
        ? `${number(length)} of ${number(this.#limit)} characters: ${number(over)} too many to send`
        : `${number(length)} of ${number(this.#limit)} characters`;
    setAttribute(this.#form, "data-over", over > 0);
    setAttribute(this.#input, "aria-invalid", over > 0 ? "true" : undefined);
    this.#send.disabled =
      over > 0 || this.#input.value.trim() === "" || Boolean(this.#conversation?.gone);
  }

  /** The field is as high as its text, up to the limit in the style sheet. */
  #fit() {
    // While it is measured nothing around it may move: the transcript would lose its place.
    this.#form.style.minHeight = `${this.#form.offsetHeight}px`;
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
    this.#form.style.minHeight = "";
  }
}

const number = (value) => value.toLocaleString();
