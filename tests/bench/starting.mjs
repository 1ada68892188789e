// In: the address of a server. Out: for each participant how long its very first use takes, from the import: until its
// request leaves, and until the first thing of the answer is there. Once in each process or page.
import { ids } from "./bodies.mjs";

/** The platform's `fetch`, and when it was first called. */
function watchedFetch() {
  const { fetch } = globalThis;
  const watched = (...words) => {
    watched.called ??= performance.now();
    return fetch(...words);
  };
  return watched;
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
  [platform]: async (base, fetch) => {
    const { messages } = await (await fetch(`${base}/page`)).json();
    return messages.length;
  },
  "bound: the module of elizaOS compiled, then the platform's own fetch": async (base, fetch) => {
    await compiled("eliza");
    return first[platform](base, fetch);
  },
  "agentline connect to elizaOS, getMessages": (base, fetch) =>
    firstPage({ backend: "eliza", baseUrl: base, userId: ids.user, fetch }),
  "agentline connect to Agent Cloud, getMessages": (base, fetch) =>
    firstPage({ backend: "agentcloud", baseUrl: `${base}/agentcloud`, team: TEAM, fetch }, TEAM),
  "agentline connect to Meibel, getMessages": (base, fetch) =>
    firstPage({ backend: "meibel", baseUrl: `${base}/meibel`, fetch }),
  "agentline connect to elizaOS, streamMessage": async (base, fetch) => {
    const { connect } = await import("agentline");
    const client = await connect({ backend: "eliza", baseUrl: base, userId: ids.user, fetch });
    for await (const event of client.streamMessage(ids.session, "go"))
      if (event.type === "content") return event.delta.length;
  },
  "agentline readEvents": async (base, fetch) => {
    const { readEvents } = await import("agentline");
    for await (const { data } of readEvents(await fetch(`${base}/stream`))) return data.length;
  },
  "eventsource-parser, reader loop": async (base, fetch) => {
    const { createParser } = await import("eventsource-parser");
    let length;
    const parser = createParser({ onEvent: ({ data }) => (length ??= data.length) });
    const decoder = new TextDecoder();
    const reader = (await fetch(`${base}/stream`)).body.getReader();
    while (length === undefined)
      parser.feed(decoder.decode((await reader.read()).value, { stream: true }));
    return length;
  },
  openai: async (base, fetch) => {
    const { default: OpenAI } = await import("openai");
    const options = { apiKey: "none", baseURL: `${base}/openai`, dangerouslyAllowBrowser: true };
    const client = new OpenAI({ ...options, fetch });
    const request = { model: "none", messages: [{ role: "user", content: "go" }], stream: true };
    for await (const { choices } of await client.chat.completions.create(request))
      return choices[0].delta.content.length;
  },
  "@anthropic-ai/sdk": async (base, fetch) => {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const options = { apiKey: "none", baseURL: `${base}/anthropic`, dangerouslyAllowBrowser: true };
    const client = new Anthropic({ ...options, fetch });
    const messages = [{ role: "user", content: "go" }];
    const request = { model: "none", max_tokens: 1, messages, stream: true };
    for await (const event of await client.messages.create(request)) return event.delta.text.length;
  },
};

export const names = Object.keys(first);

/** `{ request, answer }` in milliseconds. */
export async function begin(name, base) {
  const fetch = watchedFetch();
  const began = performance.now();
  const found = await first[name](base, fetch);
  const answer = performance.now() - began;
  if (!(found > 0)) throw new Error(`${name} found nothing`);
  return { request: fetch.called - began, answer };
}
