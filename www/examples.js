// In: where the page is connected. Out: three prompts on the empty page. Behind `./demo` and in the page's own sandbox
// stands an agent whose answers are scripted by the first word; any other agent is asked what any agent can answer.

import { isInPage } from "./backends.js";
import { element, icon, required } from "./dom.js";

const hello = { name: "Say hello", symbol: "wave", text: "Tell me what you can do" };
const slowly = {
  name: "A long answer, slowly",
  symbol: "lines",
  text:
    "stream 60 60 Once upon a time a message left a small page in a browser. It crossed a wire, word by word, and nobody hurried it. " +
    "Along the way it was cut into pieces, as all messages are, and put together again, as only few are.\n\n" +
    "When the last word arrived, the page drew a line under it and waited for the next one.",
};

const scripted = {
  eliza: [
    hello,
    slowly,
    {
      name: "Break in mid-answer",
      symbol: "cut",
      text: "throwmid hello there, this sentence will not be",
    },
  ],
  meibel: [
    hello,
    slowly,
    {
      name: "Look something up",
      symbol: "quote",
      text: "cite Revenue rose by 12 percent in the last quarter.",
    },
  ],
  agentcloud: [
    hello,
    slowly,
    { name: "Use a tool", symbol: "tool", text: "act 1 The tool has found what you wanted." },
  ],
};

const general = [
  { name: "Say hello", symbol: "wave", text: "Tell me what you can do" },
  {
    name: "Something long",
    symbol: "lines",
    text: "Tell me the story of how the telegraph crossed the Atlantic, in about ten paragraphs.",
  },
  {
    name: "Something practical",
    symbol: "list",
    text: "Plan a calm Sunday for me, hour by hour, as a list.",
  },
];

/** `defaults`: what the page's server said of this backend. */
export function showExamples(settings, defaults, choose) {
  const isDemo = defaults.baseUrl && defaults.baseUrl === settings.baseUrl;
  const examples = isDemo || isInPage(settings) ? scripted[settings.backend] : general;
  required("examples").replaceChildren(
    ...examples.map(({ name, symbol, text }) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "example", on: { click: () => choose(text) } },
          icon(symbol),
          element("span", { class: "example-name", text: name }),
          element("span", { class: "example-text", text }),
        ),
      ),
    ),
  );
}
