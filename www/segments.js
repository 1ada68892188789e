// In: a few things of which one is chosen. Out: radio buttons that look like one strip, with the keyboard's ways of a group
// of radio buttons. What a choice leads to is left to `chosen`.

import { element } from "./dom.js";

/** `options`: { value: label }. `chosen` is called with the value. */
export function segments({ name, legend, options, value, chosen, visibleLegend = true }) {
  return element(
    "fieldset",
    { class: "segments" },
    element("legend", { class: visibleLegend ? "" : "visually-hidden", text: legend }),
    element(
      "div",
      { class: "segments-strip" },
      ...Object.entries(options).map(([one, label]) => {
        const input = element("input", { type: "radio", name, value: one });
        input.checked = one === value;
        input.addEventListener("change", () => chosen(one));
        return element("label", {}, input, element("span", { text: label }));
      }),
    ),
  );
}
