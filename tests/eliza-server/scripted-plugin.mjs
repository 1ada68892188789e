// A scripted "language model" for elizaOS: no network, no randomness.
// What the agent does is steered by the first word of the user's text:
//
//   say <text>                     reply with <text>
//   stream <n> <ms> <text>         reply with <text>, cut into n model chunks, <ms> between them
//   repeat <n> <text>              reply with <text> repeated n times, 7 model chunks
//   wait <ms> <text>               stay silent for <ms>, then reply with <text>
//   cutwait <ms> <text>            half the reply, silence of <ms>, the other half
//   ignore                         the model chooses the IGNORE action, which (like the stock one) hands the plan
//                                  itself to the callback: server 1.7.2 then answers 500 over http and an
//                                  `error` event ("circular structure") over sse
//   silent                         the model names an action that does not exist: no callback at all
//                                  (over SSE the stream then never ends by itself)
//   empty                          the model chooses REPLY with an empty text (no REPLY action here: sse never ends)
//   throw                          the model call throws
//   throwmid <text>                half of <text> is streamed, then the model throws
//   act <n> <text>                 the model chooses the SCRIPTED_ACT action; it calls back n times
//   acts <text>                    the model chooses FIRST_STEP and SCRIPTED_ACT (two actions)
//   stayout <text>                 websocket path only: decides not to answer
//   anything else                  reply "echo: <the text>"
import { setTimeout as sleep } from "node:timers/promises";

const MARK = "USER_TEXT_B64:";
const DECIDE = "DECIDE_IF_TO_REPLY";
export const promptTemplate = `${MARK}{{scriptedText}}:END`;
// asked first on the websocket path, where the room counts as a group
export const decideTemplate = `${DECIDE} ${promptTemplate}`;

function readUserText(prompt) {
  const from = prompt.indexOf(MARK);
  if (from < 0) return "";
  const to = prompt.indexOf(":END", from);
  return Buffer.from(prompt.slice(from + MARK.length, to), "base64").toString("utf8");
}

function envelope({ thought = "scripted thought", actions = "REPLY", text = "" }) {
  return `<response>\n<thought>${thought}</thought>\n<actions>${actions}</actions>\n<providers></providers>\n<text>${text}</text>\n</response>`;
}

function pieces(text, n) {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, n)));
  const out = [];
  for (let i = 0; i < text.length; i += size) out.push(text.slice(i, i + size));
  return out;
}

// -> list of steps: {emit} | {pause} | {fail}
function plan(userText) {
  const [word, ...rest] = userText.split(" ");
  const tail = rest.join(" ");
  const whole = (o) => [{ emit: envelope(o) }];
  switch (word) {
    case "say":
      return whole({ text: tail });
    case "stream": {
      const [n, ms, ...words] = rest;
      const full = envelope({ text: words.join(" ") });
      const at = full.indexOf("<text>") + "<text>".length;
      const steps = [{ emit: full.slice(0, at) }];
      for (const p of pieces(full.slice(at), Number(n)))
        steps.push({ pause: Number(ms) }, { emit: p });
      return steps;
    }
    case "repeat": {
      const [n, ...words] = rest;
      return pieces(envelope({ text: words.join(" ").repeat(Number(n)) }), 7).map((emit) => ({
        emit,
      }));
    }
    case "wait": {
      const [ms, ...words] = rest;
      return [{ pause: Number(ms) }, ...whole({ text: words.join(" ") })];
    }
    case "cutwait": {
      const [ms, ...words] = rest;
      const full = envelope({ text: words.join(" ") });
      const at = full.indexOf("<text>") + 6 + Math.ceil(words.join(" ").length / 2);
      return [{ emit: full.slice(0, at) }, { pause: Number(ms) }, { emit: full.slice(at) }];
    }
    case "ignore":
      return whole({ actions: "IGNORE", thought: "nothing to say" });
    case "silent":
      return whole({ actions: "NO_SUCH", thought: "nobody handles this" });
    case "empty":
      return whole({ text: "" });
    case "throw":
      return [{ fail: "scripted model failure" }];
    case "throwmid": {
      const full = envelope({ text: tail });
      const at = full.indexOf("<text>") + 6 + Math.ceil(tail.length / 2);
      return [
        { emit: full.slice(0, at) },
        { pause: 20 },
        { fail: "scripted failure in mid stream" },
      ];
    }
    case "act":
      return whole({ actions: "SCRIPTED_ACT", text: "planned text" });
    case "acts":
      return whole({ actions: "FIRST_STEP,SCRIPTED_ACT", text: "planned text" });
    default:
      return whole({ text: `echo: ${userText}` });
  }
}

async function textModel(_runtime, params) {
  const prompt = params.prompt ?? "";
  const userText = readUserText(prompt);
  if (prompt.startsWith(DECIDE)) {
    const action = userText.startsWith("stayout") ? "IGNORE" : "RESPOND";
    return `<response><name>Scripted</name><reasoning>scripted</reasoning><action>${action}</action></response>`;
  }
  const steps = plan(userText);
  async function* run() {
    for (const s of steps) {
      if (s.pause !== undefined) await sleep(s.pause);
      else if (s.fail !== undefined) throw new Error(s.fail);
      else yield s.emit;
    }
  }
  if (params.stream) {
    const done = Promise.resolve(undefined);
    return { textStream: run(), text: done, usage: done, finishReason: done };
  }
  let all = "";
  for await (const p of run()) all += p;
  return all;
}

export const scriptedPlugin = {
  name: "scripted-offline-model",
  description: "Deterministic local text model for wire tests",
  priority: 100,
  models: {
    TEXT_SMALL: textModel,
    TEXT_LARGE: textModel,
    TEXT_EMBEDDING: async () => new Array(384).fill(0.01),
  },
  providers: [
    {
      // runtime asks for a provider called ACTIONS before it builds the reply prompt
      name: "ACTIONS",
      description: "hands the last user text to the scripted model",
      get: async (_runtime, message) => ({
        text: "",
        values: {
          actionNames: "REPLY, IGNORE, SCRIPTED_ACT, FIRST_STEP",
          scriptedText: Buffer.from(message.content?.text ?? "", "utf8").toString("base64"),
        },
        data: { actionsData: [] },
      }),
    },
  ],
  actions: [
    {
      name: "SCRIPTED_ACT",
      description: "calls back a fixed number of times",
      similes: [],
      examples: [],
      validate: async () => true,
      handler: async (_runtime, message, _state, _options, callback) => {
        const [word, n, ...words] = (message.content?.text ?? "").split(" ");
        const times = word === "act" ? Number(n) : 1;
        const text = word === "act" ? words.join(" ") : [n, ...words].join(" ");
        for (let i = 0; i < times; i++)
          await callback({ text: `${text} (${i + 1}/${times})`, actions: ["SCRIPTED_ACT"] });
        return { success: true, text, data: { actionName: "SCRIPTED_ACT" } };
      },
    },
    {
      // stands in for the stock IGNORE action, which hands the (textless) plan to the caller
      name: "IGNORE",
      description: "say nothing",
      similes: [],
      examples: [],
      validate: async () => true,
      handler: async (_runtime, _message, _state, _options, callback, responses) => {
        if (responses?.[0]?.content) await callback(responses[0].content);
      },
    },
    {
      name: "FIRST_STEP",
      description: "one callback",
      similes: [],
      examples: [],
      validate: async () => true,
      handler: async (_runtime, _message, _state, _options, callback) => {
        await callback({ text: "first action", actions: ["FIRST_STEP"] });
        return { success: true, text: "first action", data: { actionName: "FIRST_STEP" } };
      },
    },
  ],
};
