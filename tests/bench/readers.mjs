// In: an event stream as a body, and whether to parse each event's data as JSON. Out: how many events a reader found,
// and a sum over them that shows that it read them: of the lengths of `data`, or of the field `index`.
// Each entry loads its package when it is asked to, so that a process holds only the reader that it measures.
import { createRequire } from "node:module";
import { eventStreamOf, streamOf } from "./bodies.mjs";

const require = createRequire(import.meta.url);

/** Adds events up; `take` is given the data as it comes. */
function sum(mode) {
  const found = { count: 0, sum: 0 };
  const take = (data) => {
    found.count++;
    found.sum += mode === "json" ? JSON.parse(data).index : data.length;
  };
  const takeParsed = (value) => {
    found.count++;
    found.sum += value.index;
  };
  return { found, take, takeParsed };
}

async function readerLoop(body, feed) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    feed(value);
  }
}

/** The reader that every other one is compared with. */
export const reference = "eventsource-parser, reader loop";

export const readers = {
  "agentline readEvents": {
    package: "agentline",
    async load() {
      const { readEvents } = await import("agentline");
      return async (chunks, mode) => {
        const { found, take } = sum(mode);
        for await (const event of readEvents(streamOf(chunks))) take(event.data);
        return found;
      };
    },
  },
  [reference]: {
    package: "eventsource-parser",
    async load() {
      const { createParser } = await import("eventsource-parser");
      return async (chunks, mode) => {
        const { found, take } = sum(mode);
        const decoder = new TextDecoder();
        const parser = createParser({ onEvent: (event) => take(event.data) });
        await readerLoop(streamOf(chunks), (chunk) =>
          parser.feed(decoder.decode(chunk, { stream: true })),
        );
        return found;
      };
    },
  },
  "eventsource-parser, TransformStream": {
    package: "eventsource-parser",
    async load() {
      const { EventSourceParserStream } = await import("eventsource-parser/stream");
      return async (chunks, mode) => {
        const { found, take } = sum(mode);
        const events = streamOf(chunks)
          .pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream());
        for await (const event of events) take(event.data);
        return found;
      };
    },
  },
  openai: {
    package: "openai",
    async load() {
      const { _iterSSEMessages, Stream } = await import("openai/core/streaming");
      return async (chunks, mode) => {
        const { found, take, takeParsed } = sum(mode);
        const response = eventStreamOf(chunks);
        const controller = new AbortController();
        if (mode === "json") {
          for await (const value of Stream.fromSSEResponse(response, controller)) takeParsed(value);
        } else {
          for await (const event of _iterSSEMessages(response, controller)) take(event.data);
        }
        return found;
      };
    },
  },
  "@anthropic-ai/sdk": {
    package: "@anthropic-ai/sdk",
    async load() {
      const { Stream } = await import("@anthropic-ai/sdk/core/streaming");
      return async (chunks, mode) => {
        const { found, take } = sum(mode);
        for await (const event of Stream.rawEvents(eventStreamOf(chunks))) take(event.data);
        return found;
      };
    },
  },
  "ai (@ai-sdk/provider-utils)": {
    package: "@ai-sdk/provider-utils",
    modes: ["json"],
    async load() {
      const { parseJsonEventStream, jsonSchema } = await import("@ai-sdk/provider-utils");
      const schema = jsonSchema({});
      return async (chunks, mode) => {
        const { found, takeParsed } = sum(mode);
        const results = parseJsonEventStream({ stream: streamOf(chunks), schema });
        for await (const result of results) if (result.success) takeParsed(result.value);
        return found;
      };
    },
  },
  "@microsoft/fetch-event-source": {
    package: "@microsoft/fetch-event-source",
    async load() {
      const parse = require("@microsoft/fetch-event-source/lib/cjs/parse.js");
      return async (chunks, mode) => {
        const { found, take } = sum(mode);
        const nothing = () => {};
        const messages = parse.getMessages(nothing, nothing, (event) => take(event.data));
        await parse.getBytes(streamOf(chunks), parse.getLines(messages));
        return found;
      };
    },
  },
};
