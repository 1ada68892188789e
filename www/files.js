// In: a person's files, by the button, by dropping them, from the clipboard. Out: the list of those that go with the next
// message. What becomes of them is the composer's.
// Events: "changed".

import { announce, element, icon, required } from "./dom.js";

const units = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** A size as a person would say it. */
export function sizeOf(bytes) {
  const step = bytes < 1_000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return new Intl.NumberFormat(undefined, {
    style: "unit",
    unit: units[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1_000 ** step);
}

export class Attachments extends EventTarget {
  files = [];
  #list = required("attached");
  #button = required("attach");
  #picker = required("picker");
  #target;
  #depth = 0; // of the elements that what is dragged has entered
  #possible = false;

  /** `target`: where files may be dropped. */
  constructor(target) {
    super();
    this.#target = target;
    this.#button.addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => {
      this.add(this.#picker.files);
      // The same file can be chosen again.
      this.#picker.value = "";
    });
    target.addEventListener("dragenter", (event) => this.#drag(event, 1));
    target.addEventListener("dragleave", (event) => this.#drag(event, -1));
    target.addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    target.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      // A file must never replace the page, also where it cannot be sent.
      event.preventDefault();
      this.#dragged(0);
      if (this.#possible) this.add(event.dataTransfer.files);
      else announce("This backend takes no files.");
    });
  }

  /** Whether the backend takes files. Those that are there stay until they are removed or it is possible again. */
  set possible(possible) {
    this.#possible = possible;
    this.#button.hidden = !possible;
    this.#show();
  }

  get possible() {
    return this.#possible;
  }

  add(files) {
    if (!this.#possible || files.length === 0) return;
    this.replace([...this.files, ...files]);
    announce(`${[...files].map((file) => file.name).join(", ")} attached`);
  }

  replace(files) {
    this.files = [...files];
    this.#show();
    this.dispatchEvent(new Event("changed"));
  }

  #remove(file) {
    const place = this.files.indexOf(file);
    this.replace(this.files.filter((one) => one !== file));
    announce(`${file.name} removed`);
    const buttons = this.#list.querySelectorAll("button");
    (buttons[Math.min(place, buttons.length - 1)] ?? this.#button).focus();
  }

  #show() {
    this.#list.hidden = this.files.length === 0 || !this.#possible;
    this.#list.replaceChildren(
      ...this.files.map((file) =>
        element(
          "li",
          {},
          icon("file"),
          element("span", { class: "file-name", text: file.name }),
          element("span", { class: "file-size", text: sizeOf(file.size) }),
          element(
            "button",
            {
              type: "button",
              class: "remove",
              "aria-label": `Remove ${file.name}`,
              title: "Remove",
              on: { click: () => this.#remove(file) },
            },
            icon("cross"),
          ),
        ),
      ),
    );
  }

  #drag(event, step) {
    if (hasFiles(event)) this.#dragged(this.#depth + step);
  }

  #dragged(depth) {
    this.#depth = Math.max(0, depth);
    this.#target.toggleAttribute("data-dropping", this.#possible && this.#depth > 0);
  }
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
