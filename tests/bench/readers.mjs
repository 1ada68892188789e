// In: an event stream as a body. Out: how many events a reader found, and the sum of the lengths of their data, which shows
// that it read them. Each loads its package when it is asked to, so that a process of its own holds only what it measures.
import { eventStream, streamOf } from "./bodies.mjs";
import { cutAtKnownPlaces, generated, handWritten, readerLoop } from "./delivery.mjs";

function sum() {
  const found = { count: 0, sum: 0 };
  const take = ({ data }) => {
    found.count++;
    found.sum += data.length;
  };
  return { found, take };
}

async function sumOf(events) {
  const { found, take } = sum();
  for await (const event of events) take(event);
  return found;
}

/** The reader that every other one is compared with. */
export const reference = "eventsource-parser, reader loop";
/** The same, for whoever wants events from a loop of their own. */
export const delivered = "eventsource-parser, hand-written iterator";

async function feedParser() {
  const { createParser } = await import("eventsource-parser");
  return () => {
    const decoder = new TextDecoder();
    let take;
    const parser = createParser({ onEvent: (event) => take(event) });
    return (chunk, put) => {
      take = put;
      parser.feed(decoder.decode(chunk, { stream: true }));
    };
  };
}

export const readers = {
  "agentline readEvents": {
    async load() {
      const { readEvents } = await import("agentline");
      return ({ chunks, body = streamOf(chunks) }) => sumOf(readEvents(body));
    },
  },
  [reference]: {
    async load() {
      const parser = await feedParser();
      return async ({ chunks, body = streamOf(chunks) }) => {
        const { found, take } = sum();
        const feed = parser();
        await readerLoop(body, (chunk) => feed(chunk, take));
        return found;
      };
    },
  },
  [delivered]: {
    async load() {
      const parser = await feedParser();
      return ({ chunks, body = streamOf(chunks) }) => sumOf(handWritten(body, parser()));
    },
  },
  "eventsource-parser, async generator": {
    async load() {
      const parser = await feedParser();
      return ({ chunks, body = streamOf(chunks) }) => sumOf(generated(body, parser()));
    },
  },
  "eventsource-parser, TransformStream": {
    async load() {
      const { EventSourceParserStream } = await import("eventsource-parser/stream");
      return ({ chunks, body = streamOf(chunks) }) =>
        sumOf(body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()));
    },
  },
  openai: {
    async load() {
      const { _iterSSEMessages } = await import("openai/core/streaming");
      return ({ chunks, body = streamOf(chunks) }) =>
        sumOf(_iterSSEMessages(eventStream(body), new AbortController()));
    },
  },
  "@anthropic-ai/sdk": {
    async load() {
      const { Stream } = await import("@anthropic-ai/sdk/core/streaming");
      return ({ chunks, body = streamOf(chunks) }) => sumOf(Stream.rawEvents(eventStream(body)));
    },
  },
  "@microsoft/fetch-event-source": {
    async load() {
      // a bundler that parts files gives a CommonJS module no names of its own
      const { default: parse } = await import("@microsoft/fetch-event-source/lib/cjs/parse.js");
      return async ({ chunks, body = streamOf(chunks) }) => {
        const { found, take } = sum();
        const nothing = () => {};
        const messages = parse.getMessages(nothing, nothing, take);
        await parse.getBytes(body, parse.getLines(messages));
        return found;
      };
    },
  },
  "bound: decoded, cut at known places": {
    async load() {
      return ({ chunks, known, body = streamOf(chunks) }) =>
        sumOf(
          handWritten(
            body,
            cutAtKnownPlaces(known, (event) => event),
          ),
        );
    },
  },
  "bound: chunks read, nothing else": {
    async load() {
      return async ({ chunks, body = streamOf(chunks) }) => {
        let bytes = 0;
        await readerLoop(body, (chunk) => (bytes += chunk.length));
        return { bytes };
      };
    },
  },
};
