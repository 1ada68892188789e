// In: the backends and which one is shown. Out: the strip in the side bar that goes from one to another with one click.
// Events: "switch" with the name. A mark says which are still to be set up.

import { backends } from "./backends.js";
import { element, required } from "./dom.js";

export class BackendSwitch extends EventTarget {
  #strip = required("switch");

  /** `stateOf(name)`: "ready", "busy" (an answer is coming there) or "new" (not set up). */
  show(current, stateOf) {
    const focused = document.activeElement?.dataset?.backend;
    this.#strip.replaceChildren(
      ...Object.entries(backends).map(([name, { label }]) => {
        const state = stateOf(name);
        return element(
          "button",
          {
            type: "button",
            "aria-pressed": String(name === current),
            title: { new: `${label}: not set up yet`, busy: `${label}: answering` }[state] ?? label,
            data: { backend: name, state },
            on: {
              click: () => this.dispatchEvent(new CustomEvent("switch", { detail: name })),
            },
          },
          element("span", { text: label }),
          state !== "ready" &&
            element("span", {
              class: "visually-hidden",
              text: state === "busy" ? ", answering" : ", not set up yet",
            }),
        );
      }),
    );
    if (focused) this.#strip.querySelector(`[data-backend="${focused}"]`)?.focus();
  }
}
