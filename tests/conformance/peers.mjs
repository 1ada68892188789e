// In: the body of a case. Out: the events that a reader of somebody else finds in it. `compared` says how much of an event
// a reader gives: only that is held against it.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const bench = join(import.meta.dirname, "..", "bench", "package.json");
const require = createRequire(bench);
// The peers are installed for ./bench, at the versions that its lock file names.
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const answer = (body) => new Response(body, { headers: { "content-type": "text/event-stream" } });

async function feed(body, take) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}

export const peers = {
  "eventsource-parser": {
    package: "eventsource-parser",
    compared: ["event", "data", "id"],
    async load() {
      const { createParser } = await load("eventsource-parser");
      return async (body, id, events) => {
        const decoder = new TextDecoder();
        const parser = createParser({
          onId: (given) => (id = given),
          onEvent: ({ event = "message", data }) => events.push({ event, data, id }),
        });
        await feed(body, (bytes) => parser.feed(decoder.decode(bytes, { stream: true })));
      };
    },
  },
  "eventsource-parser, TransformStream": {
    package: "eventsource-parser",
    compared: ["event", "data"],
    async load() {
      const { EventSourceParserStream } = await load("eventsource-parser/stream");
      return async (body, _id, events) => {
        const found = body
          .pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream());
        for await (const { event = "message", data } of found) events.push({ event, data });
      };
    },
  },
  openai: {
    package: "openai",
    compared: ["event", "data"],
    async load() {
      const { _iterSSEMessages } = await load("openai/core/streaming");
      return async (body, _id, events) => {
        for await (const { event, data } of _iterSSEMessages(answer(body), new AbortController()))
          events.push({ event: event || "message", data });
      };
    },
  },
  "@anthropic-ai/sdk": {
    package: "@anthropic-ai/sdk",
    compared: ["event", "data"],
    async load() {
      const { Stream } = await load("@anthropic-ai/sdk/core/streaming");
      return async (body, _id, events) => {
        for await (const { event, data } of Stream.rawEvents(answer(body)))
          events.push({ event: event || "message", data });
      };
    },
  },
  "ai (@ai-sdk/provider-utils)": {
    package: "@ai-sdk/provider-utils",
    compared: ["data"],
    async load() {
      const { parseJsonEventStream, jsonSchema } = await load("@ai-sdk/provider-utils");
      const schema = jsonSchema({});
      return async (body, _id, events) => {
        // it gives parsed JSON, and the text of what is none
        for await (const found of parseJsonEventStream({ stream: body, schema })) {
          const data = found.success ? { parsed: found.value } : found.error?.text;
          events.push({ data });
        }
      };
    },
  },
  "@microsoft/fetch-event-source": {
    package: "@microsoft/fetch-event-source",
    compared: ["event", "data", "id"],
    async load() {
      const {
        getBytes,
        getLines,
        getMessages,
      } = require("@microsoft/fetch-event-source/lib/cjs/parse.js");
      return async (body, id, events) => {
        const take = ({ event, data }) => events.push({ event: event || "message", data, id });
        const messages = getMessages(
          (given) => (id = given),
          () => {},
          take,
        );
        await getBytes(body, getLines(messages));
      };
    },
  },
};

/** As peers give them: only the fields that are compared; JSON where a peer gives JSON. */
export function asCompared(events, compared) {
  return JSON.stringify(
    events.map((event) => compared.map((field) => comparable(event[field], compared))),
  );
}

function comparable(value, compared) {
  if (compared.length > 1) return value;
  if (typeof value === "object") return value.parsed;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
