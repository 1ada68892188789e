// In: the width of the window. Out: the side bar as a drawer where there is no room for it beside the transcript.
// A closed drawer is out of reach for the keyboard and for a screen reader; an open one hides the rest from both.

import { required } from "./dom.js";

export class Drawer {
  #bar = required("side");
  #main = required("main");
  #opener = required("open-drawer");
  #shade = required("shade");
  #narrow = matchMedia("(width < 48rem)");

  constructor() {
    this.#opener.addEventListener("click", () => this.#set(true));
    this.#shade.addEventListener("click", () => this.close());
    this.#narrow.addEventListener("change", () => this.#set(false));
    this.#set(false);
  }

  get isOpen() {
    return this.#bar.dataset.open === "true";
  }

  close() {
    if (!this.isOpen) return;
    this.#set(false);
    this.#opener.focus();
  }

  #set(open) {
    this.#bar.dataset.open = String(open);
    this.#bar.inert = this.#narrow.matches && !open;
    this.#main.inert = open;
    this.#shade.hidden = !open;
    this.#opener.setAttribute("aria-expanded", String(open));
    if (open) this.#bar.querySelector("[aria-current], a, button")?.focus();
  }
}
