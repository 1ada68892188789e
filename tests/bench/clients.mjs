// In: an elizaOS answer or history page in memory. Out: how many events or messages a client made of it, and a sum over
// every field of them. The peers do by hand what a program without agentline does: the same model, no more checks.
import { eventStreamOf, ids } from "./bodies.mjs";

const BASE = "http://bench.invalid";
const jsonResponse = (bytes) =>
  new Response(bytes, { headers: { "content-type": "application/json; charset=utf-8" } });

async function connected(answer) {
  const { connect } = await import("agentline");
  const answers = { current: answer, requests: 0 };
  const client = await connect({
    backend: "eliza",
    baseUrl: BASE,
    userId: ids.user,
    maxRetries: 0,
    fetch: async () => {
      answers.requests++;
      return answers.current();
    },
  });
  return { client, answers };
}

/** Adds up what a program reads of the typed events. */
function sumOfReply() {
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

/** One frame of the stream as the event of the model. */
function replyEvent({ event, data }) {
  const value = JSON.parse(data);
  switch (event) {
    case "user_message":
      return { type: "start" };
    case "chunk":
      return { type: "content", delta: value.chunk };
    case "done": {
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
    default:
      return { type: "other", event, data: value };
  }
}

export const streamReference = "eventsource-parser, reader loop, JSON.parse";

export const streamClients = {
  "agentline streamMessage": {
    package: "agentline",
    async load() {
      const { client, answers } = await connected();
      return async (chunks) => {
        answers.current = () => eventStreamOf(chunks);
        const { found, take } = sumOfReply();
        for await (const event of client.streamMessage(ids.session, "go")) take(event);
        return found;
      };
    },
  },
  [streamReference]: {
    package: "eventsource-parser",
    async load() {
      const { createParser } = await import("eventsource-parser");
      return async (chunks) => {
        const { found, take } = sumOfReply();
        const decoder = new TextDecoder();
        const parser = createParser({ onEvent: (frame) => take(replyEvent(frame)) });
        const reader = eventStreamOf(chunks).body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return found;
          parser.feed(decoder.decode(value, { stream: true }));
        }
      };
    },
  },
  "the same as an async generator": {
    package: "eventsource-parser",
    async load() {
      const { createParser } = await import("eventsource-parser");
      async function* events(response) {
        const decoder = new TextDecoder();
        let waiting = [];
        const parser = createParser({ onEvent: (frame) => waiting.push(replyEvent(frame)) });
        const reader = response.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          parser.feed(decoder.decode(value, { stream: true }));
          for (const event of waiting) yield event;
          waiting = [];
        }
      }
      return async (chunks) => {
        const { found, take } = sumOfReply();
        for await (const event of events(eventStreamOf(chunks))) take(event);
        return found;
      };
    },
  },
  "eventsource-parser, TransformStream, JSON.parse": {
    package: "eventsource-parser",
    async load() {
      const { EventSourceParserStream } = await import("eventsource-parser/stream");
      return async (chunks) => {
        const { found, take } = sumOfReply();
        const frames = eventStreamOf(chunks)
          .body.pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream());
        for await (const frame of frames) take(replyEvent(frame));
        return found;
      };
    },
  },
};

function sumOfPage(page, withRaw) {
  const found = { count: page.messages.length, sum: 0 };
  if (page.hasMore !== false || !page.cursors.before || !page.cursors.after)
    throw new Error("the page's end is not understood");
  for (const message of page.messages) {
    if (message.complete !== true) throw new Error("an incomplete message");
    found.sum += message.id.length + message.text.length + message.createdAt.length;
    found.sum += message.role === "user" ? 1 : message.role === "assistant" ? 2 : Number.NaN;
    found.sum += message.timestamp % 1000;
    found.sum += message.author.id.length;
    found.sum += Object.keys(message.metadata).length;
    if (withRaw) found.sum += message.raw.content.length;
  }
  return found;
}

function modelOfPage({ messages, hasMore, cursors }) {
  return {
    hasMore,
    cursors: { before: String(cursors.before), after: String(cursors.after) },
    messages: messages.reverse().map((row) => ({
      id: row.id,
      role: row.isAgent ? "assistant" : "user",
      text: row.content,
      createdAt: row.createdAt,
      timestamp: Date.parse(row.createdAt),
      author: { id: row.authorId, name: row.metadata.agentName },
      complete: true,
      metadata: row.metadata,
      raw: row,
    })),
  };
}

export const historyReference = "response.json(), then map";

export const historyClients = {
  "agentline getMessages": {
    package: "agentline",
    async load() {
      const { client, answers } = await connected();
      return async (bytes, { limit, withRaw, times }) => {
        answers.current = () => jsonResponse(bytes);
        answers.requests = 0;
        let found;
        for (let time = 0; time < times; time++)
          found = sumOfPage(await client.getMessages(ids.session, { limit }), withRaw);
        if (answers.requests !== times)
          throw new Error(`${answers.requests} requests for ${times} pages`);
        return found;
      };
    },
  },
  [historyReference]: {
    async load() {
      return async (bytes, { withRaw, times }) => {
        let found;
        for (let time = 0; time < times; time++)
          found = sumOfPage(modelOfPage(await jsonResponse(bytes).json()), withRaw);
        return found;
      };
    },
  },
};
