// How long a fresh process takes from the import to the first word of an answer. Without arguments a library for
// bench.mjs; with the name of a participant, that participant.
import { run } from "../../tools/process.mjs";
import { elizaStream, eventStreamOf, ids } from "./bodies.mjs";
import { quantile } from "./measure.mjs";

const reference = "eventsource-parser, reader loop, JSON.parse";

const data = (value) => `data: ${JSON.stringify(value)}\n\n`;
const answerWith = (text) => async () => eventStreamOf([new TextEncoder().encode(text)]);

const participants = {
  "agentline connect, streamMessage": async () => {
    const { connect } = await import("agentline");
    const fetch = async () => eventStreamOf(elizaStream(8, "event").chunks);
    const client = await connect({ backend: "eliza", baseUrl: "http://bench.invalid", fetch });
    for await (const event of client.streamMessage(ids.session, "go"))
      if (event.type === "content") return event.delta;
  },
  "agentline readEvents": async () => {
    const { readEvents } = await import("agentline");
    const response = eventStreamOf(elizaStream(8, "event").chunks);
    for await (const { event, data } of readEvents(response))
      if (event === "chunk") return JSON.parse(data).chunk;
  },
  [reference]: async () => {
    const { createParser } = await import("eventsource-parser");
    const response = eventStreamOf(elizaStream(8, "event").chunks);
    let word;
    const onEvent = ({ event, data }) => {
      if (event === "chunk") word ??= JSON.parse(data).chunk;
    };
    const parser = createParser({ onEvent });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    while (word === undefined)
      parser.feed(decoder.decode((await reader.read()).value, { stream: true }));
    return word;
  },
  "openai, chat.completions.create": async () => {
    const { default: OpenAI } = await import("openai");
    const chunk = { object: "chat.completion.chunk", choices: [{ delta: { content: "Well" } }] };
    const fetch = answerWith(data(chunk));
    const client = new OpenAI({ apiKey: "none", baseURL: "http://bench.invalid", fetch });
    const request = { model: "none", messages: [{ role: "user", content: "go" }], stream: true };
    for await (const { choices } of await client.chat.completions.create(request))
      return choices[0].delta.content;
  },
  "@anthropic-ai/sdk, messages.create": async () => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const delta = {
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: "Well" },
    };
    const fetch = answerWith(`event: content_block_delta\n${data(delta)}`);
    const client = new Anthropic({ apiKey: "none", baseURL: "http://bench.invalid", fetch });
    const messages = [{ role: "user", content: "go" }];
    const request = { model: "none", max_tokens: 1, messages, stream: true };
    for await (const event of await client.messages.create(request)) return event.delta.text;
  },
};

/** For each participant the time as a multiple of the reference's; median over rounds in turns. */
export async function starts(rounds) {
  const names = Object.keys(participants);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const said = await run(process.execPath, [import.meta.filename, name], { capture: true });
      if (round >= 0) times[name].push(JSON.parse(said).milliseconds);
    }
  }
  return names.map((name) => {
    const ratios = times[name].map((time, round) => time / times[reference][round]);
    const [low, middle, high] = [0.25, 0.5, 0.75].map((fraction) => quantile(ratios, fraction));
    return { name, time: middle, quartiles: [low, high] };
  });
}

const name = process.argv[1] === import.meta.filename ? process.argv[2] : undefined;
if (name) {
  const began = performance.now();
  const word = await participants[name]();
  const milliseconds = performance.now() - began;
  if (word !== "Well") throw new Error(`${name} said ${word}`);
  console.log(JSON.stringify({ milliseconds }));
  process.exit(0);
}
