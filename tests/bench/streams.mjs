// In: an elizaOS answer in memory. Out: how many pieces of text a client found in it, and a sum over them and the whole
// answer at the end. The peers do by hand what a program without agentline does: the same events of the model, no more
// checks. Two bring events of their own: openai and ai drop the names of events, so theirs are told by their fields;
// @ag-ui/client reads only AG-UI's dialect, and is given the same answer in it.
import { eventStreamOf, ids, streamOf } from "./bodies.mjs";
import { connected } from "./connected.mjs";
import { copiedAndCut, cutAtKnownPlaces, generated, handWritten, readerLoop } from "./delivery.mjs";

/** Adds up what a program reads of the typed events. */
function sum() {
  const found = { count: 0, sum: 0 };
  const take = (event) => {
    if (event.type === "content") {
      found.count++;
      found.sum += event.delta.length;
    } else if (event.type === "done") {
      found.sum += event.reply.message.text.length;
    } else if (event.type !== "start") {
      throw new Error(`unexpected ${event.type}`);
    }
  };
  return { found, take };
}

async function sumOf(events, map = (event) => event) {
  const { found, take } = sum();
  for await (const event of events) take(map(event));
  return found;
}

/** One event of the stream as the event of the model. */
function replyEvent({ event, data }) {
  const value = JSON.parse(data);
  switch (event) {
    case "user_message":
      return { type: "start", messageId: value.id };
    case "chunk":
      return { type: "content", delta: value.chunk };
    case "done":
      return done(value);
    default:
      return { type: "other", event, data: value };
  }
}

/** The same, where only the value of `data` is left. */
function replyEventOf(value) {
  if (value.chunk !== undefined) return { type: "content", delta: value.chunk };
  return value.responseId === undefined ? { type: "start", messageId: value.id } : done(value);
}

function done(value) {
  const message = {
    id: value.responseId,
    role: "assistant",
    text: value.text,
    author: { id: ids.agent },
    complete: true,
    raw: value,
  };
  return { type: "done", reply: { message, thinking: value.thought, raw: value } };
}

export const reference = "eventsource-parser, reader loop, JSON.parse";
export const delivered = "eventsource-parser, hand-written iterator, JSON.parse";

async function feedParser() {
  const { createParser } = await import("eventsource-parser");
  return () => {
    const decoder = new TextDecoder();
    let take;
    const parser = createParser({ onEvent: (event) => take(replyEvent(event)) });
    return (chunk, put) => {
      take = put;
      parser.feed(decoder.decode(chunk, { stream: true }));
    };
  };
}

export const streams = {
  "agentline streamMessage": {
    async load() {
      const { client, answers } = await connected();
      return ({ chunks }) => {
        answers.current = () => eventStreamOf(chunks);
        return sumOf(client.streamMessage(ids.session, "go"));
      };
    },
  },
  [reference]: {
    async load() {
      const parser = await feedParser();
      return async ({ chunks }) => {
        const { found, take } = sum();
        const feed = parser();
        await readerLoop(eventStreamOf(chunks).body, (chunk) => feed(chunk, take));
        return found;
      };
    },
  },
  [delivered]: {
    async load() {
      const parser = await feedParser();
      return ({ chunks }) => sumOf(handWritten(eventStreamOf(chunks).body, parser()));
    },
  },
  "eventsource-parser, async generator, JSON.parse": {
    async load() {
      const parser = await feedParser();
      return ({ chunks }) => sumOf(generated(eventStreamOf(chunks).body, parser()));
    },
  },
  "eventsource-parser, TransformStream, JSON.parse": {
    async load() {
      const { EventSourceParserStream } = await import("eventsource-parser/stream");
      return ({ chunks }) => {
        const events = eventStreamOf(chunks)
          .body.pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream());
        return sumOf(events, replyEvent);
      };
    },
  },
  openai: {
    async load() {
      const { Stream } = await import("openai/core/streaming");
      return ({ chunks }) =>
        sumOf(Stream.fromSSEResponse(eventStreamOf(chunks), new AbortController()), replyEventOf);
    },
  },
  "@anthropic-ai/sdk, JSON.parse": {
    async load() {
      const { Stream } = await import("@anthropic-ai/sdk/core/streaming");
      return ({ chunks }) => sumOf(Stream.rawEvents(eventStreamOf(chunks)), replyEvent);
    },
  },
  "ai (@ai-sdk/provider-utils)": {
    async load() {
      const { parseJsonEventStream, jsonSchema } = await import("@ai-sdk/provider-utils");
      const schema = jsonSchema({});
      return ({ chunks }) => {
        const results = parseJsonEventStream({ stream: streamOf(chunks), schema });
        return sumOf(results, ({ value }) => replyEventOf(value));
      };
    },
  },
  "@microsoft/fetch-event-source, JSON.parse": {
    async load() {
      // a bundler that parts files gives a CommonJS module no names of its own
      const { default: parse } = await import("@microsoft/fetch-event-source/lib/cjs/parse.js");
      return async ({ chunks }) => {
        const { found, take } = sum();
        const nothing = () => {};
        const messages = parse.getMessages(nothing, nothing, (event) => take(replyEvent(event)));
        await parse.getBytes(eventStreamOf(chunks).body, parse.getLines(messages));
        return found;
      };
    },
  },
  "@ag-ui/client": {
    async load() {
      const { runHttpRequest, transformHttpEventStream } = await import("@ag-ui/client");
      return ({ agui }) => {
        const { found, take } = sum();
        let text = "";
        const next = (event) => {
          if (event.type === "TEXT_MESSAGE_CONTENT") {
            text += event.delta;
            take({ type: "content", delta: event.delta });
          } else if (event.type === "RUN_FINISHED") {
            take({ type: "done", reply: { message: { text } } });
          }
        };
        const events = transformHttpEventStream(runHttpRequest(async () => eventStreamOf(agui)));
        return new Promise((resolve, reject) => {
          events.subscribe({ next, error: reject, complete: () => resolve(found) });
        });
      };
    },
  },
  "bound: decoded, cut at known places, JSON.parse": {
    async load() {
      return ({ chunks, known }) =>
        sumOf(handWritten(eventStreamOf(chunks).body, cutAtKnownPlaces(known, replyEvent)));
    },
  },
  "bound: copied, pieces decoded, cut, no work in WebAssembly": {
    async load() {
      const made = ({ event, data }) =>
        event === "chunk" ? { type: "content", delta: data } : replyEvent({ event, data });
      return ({ chunks, known }) =>
        sumOf(handWritten(eventStreamOf(chunks).body, copiedAndCut(known, made)));
    },
  },
  "bound: chunks read, nothing else": {
    async load() {
      return async ({ chunks }) => {
        let bytes = 0;
        await readerLoop(eventStreamOf(chunks).body, (chunk) => (bytes += chunk.length));
        return { bytes };
      };
    },
  },
};
