// In: the address of a server. Out: for each participant how long its very first use takes, from the import: until its
// request leaves, and until the first thing of the answer is there. Once in each process or page.
import { ids } from "./bodies.mjs";

/** Watches the platform's `fetch`, which nobody is given another of: when it was first called for more than a module. */
function watchFetch() {
  const { fetch } = globalThis;
  const watch = { called: undefined };
  globalThis.fetch = (input, init) => {
    if (!`${input.url ?? input}`.endsWith(".wasm")) watch.called ??= performance.now();
    return fetch(input, init);
  };
  return watch;
}

/** An id of Agent Cloud. */
const TEAM = "0123456789abcdef01234567";

/** The module of a need, compiled as its runtime does it soonest. */
async function compiled(need) {
  const file = `${need}_wasm_bg.wasm`;
  if (globalThis.document)
    return WebAssembly.compileStreaming(fetch(new URL(file, document.baseURI)));
  const { readFileSync } = await import("node:fs");
  return new WebAssembly.Module(readFileSync(new URL(import.meta.resolve(`agentline/${file}`))));
}

async function firstPage(options, session = ids.session) {
  const { connect } = await import("agentline");
  const client = await connect(options);
  const { messages } = await client.getMessages(session);
  return messages.length;
}

export const platform = "the platform's own fetch";

const first = {
  [platform]: async (base) => {
    const { messages } = await (await fetch(`${base}/page`)).json();
    return messages.length;
  },
  "the platform's own fetch, of a message and its answer": async (base) => {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify({ content: "go" }) };
    const { body } = await fetch(`${base}/stream`, request);
    return (await body.getReader().read()).value.length;
  },
  "bound: the module of elizaOS compiled, then the platform's own fetch": async (base) => {
    await compiled("eliza");
    return first[platform](base);
  },
  "agentline connect to elizaOS, getMessages": (base) =>
    firstPage({ backend: "eliza", baseUrl: base, userId: ids.user }),
  "agentline connect to Agent Cloud, getMessages": (base) =>
    firstPage({ backend: "agentcloud", baseUrl: `${base}/agentcloud`, team: TEAM }, TEAM),
  "agentline connect to Meibel, getMessages": (base) =>
    firstPage({ backend: "meibel", baseUrl: `${base}/meibel` }),
  "agentline connect to elizaOS, streamMessage": async (base) => {
    const { connect } = await import("agentline");
    const client = await connect({ backend: "eliza", baseUrl: base, userId: ids.user });
    for await (const event of client.streamMessage(ids.session, "go"))
      if (event.type === "content") return event.delta.length;
  },
  "agentline readEvents": async (base) => {
    const { readEvents } = await import("agentline");
    for await (const { data } of readEvents(await fetch(`${base}/stream`))) return data.length;
  },
  "eventsource-parser, reader loop": async (base) => {
    const { createParser } = await import("eventsource-parser");
    let length;
    const parser = createParser({ onEvent: ({ data }) => (length ??= data.length) });
    const decoder = new TextDecoder();
    const reader = (await fetch(`${base}/stream`)).body.getReader();
    while (length === undefined)
      parser.feed(decoder.decode((await reader.read()).value, { stream: true }));
    return length;
  },
  openai: async (base) => {
    const { default: OpenAI } = await import("openai");
    const options = { apiKey: "none", baseURL: `${base}/openai`, dangerouslyAllowBrowser: true };
    const client = new OpenAI(options);
    const request = { model: "none", messages: [{ role: "user", content: "go" }], stream: true };
    for await (const { choices } of await client.chat.completions.create(request))
      return choices[0].delta.content.length;
  },
  "@anthropic-ai/sdk": async (base) => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const options = { apiKey: "none", baseURL: `${base}/anthropic`, dangerouslyAllowBrowser: true };
    const client = new Anthropic(options);
    const messages = [{ role: "user", content: "go" }];
    const request = { model: "none", max_tokens: 1, messages, stream: true };
    for await (const event of await client.messages.create(request)) return event.delta.text.length;
  },
};

export const names = Object.keys(first);

/** `{ request, answer }` in milliseconds. */
export async function begin(name, base) {
  const watch = watchFetch();
  const began = performance.now();
  const found = await first[name](base);
  const answer = performance.now() - began;
  if (!(found > 0)) throw new Error(`${name} found nothing`);
  return { request: watch.called - began, answer };
}
