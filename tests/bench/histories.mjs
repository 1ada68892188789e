// In: a page of a server's history in memory. Out: how many messages a client made of it, and a sum over every field of
// them. The peers do by hand what a program without agentline does: the same model, no more checks.
import { ids } from "./bodies.mjs";
import { connected } from "./connected.mjs";

const jsonResponse = (bytes) =>
  new Response(bytes, { headers: { "content-type": "application/json; charset=utf-8" } });

const ROLES = { user: 1, assistant: 2, tool: 3 };

const backends = {
  eliza: {
    model: ({ messages, hasMore, cursors }) => ({
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
    }),
    ownFields({ author, metadata }) {
      return author.id.length + (author.name?.length ?? 0) + Object.keys(metadata).length;
    },
    rawField: ({ raw }) => raw.content.length,
    strings: [["id"], ["content"], ["createdAt"]],
  },
  meibel: {
    model({ messages: rows }) {
      const messages = rows.map(meibelMessage);
      const cursors = { before: messages[0].id, after: messages.at(-1).id };
      return { hasMore: false, cursors, messages };
    },
    ownFields({ toolCall, toolResult }) {
      if (toolCall) return toolCall.id.length + toolCall.name.length + toolCall.arguments.top_k;
      return toolResult ? toolResult.id.length + toolResult.result.length : 0;
    },
    rawField: ({ raw }) => raw.type.length,
    strings: [["signal_id", "tool_id"], ["message", "result"], ["timestamp"]],
  },
};

function meibelMessage(row) {
  const message = {
    id: row.type === "user" ? row.signal_id : `${row.tool_id ?? row.signal_id}:${row.type}`,
    role: row.type === "user" || row.type === "assistant" ? row.type : "tool",
    text: row.message ?? "",
    createdAt: row.timestamp,
    timestamp: Date.parse(row.timestamp),
    complete: true,
    raw: row,
  };
  const { tool_id: id, tool_name: name } = row;
  if (row.type === "tool_call") message.toolCall = { id, name, arguments: row.arguments };
  if (row.type === "tool_result") message.toolResult = { id, name, result: row.result };
  return message;
}

function sumOf(page, { ownFields, rawField }, withRaw) {
  const found = { count: page.messages.length, sum: 0 };
  if (page.hasMore !== false || !page.cursors.before || !page.cursors.after)
    throw new Error("the page's end is not understood");
  for (const message of page.messages) {
    if (message.complete !== true) throw new Error("an incomplete message");
    found.sum += message.id.length + message.text.length + message.createdAt.length;
    found.sum += ROLES[message.role] + (message.timestamp % 1000) + ownFields(message);
    if (withRaw) found.sum += rawField(message);
  }
  return found;
}

/** Reads the page so many times; every reading is a request of its own. */
async function repeated(times, read) {
  let found;
  for (let time = 0; time < times; time++) found = await read();
  return found;
}

export const reference = "response.json(), then map";

const all = (backend) => ({
  "agentline getMessages": {
    async load() {
      const { client, answers } = await connected({
        backend,
        apiKey: "none",
        allowBrowserKey: true,
      });
      return async ({ bytes, count, withRaw, times }) => {
        answers.current = () => jsonResponse(bytes);
        answers.requests = 0;
        const found = await repeated(times, async () => {
          const page = await client.getMessages(ids.session, { limit: count + 1 });
          return sumOf(page, backends[backend], withRaw);
        });
        if (answers.requests !== times)
          throw new Error(`${answers.requests} requests for ${times} pages`);
        return found;
      };
    },
  },
  [reference]: {
    async load() {
      const { model } = backends[backend];
      return ({ bytes, withRaw, times }) =>
        repeated(times, async () =>
          sumOf(model(await jsonResponse(bytes).json()), backends[backend], withRaw),
        );
    },
  },
});

/** Where in the text of a page the strings of each message stand, as they are written, and what need not be read. */
function knownPlaces(text, strings) {
  let at = 0;
  return JSON.parse(text).messages.map((row) => {
    const written = JSON.stringify(row);
    const start = text.indexOf(written, at);
    at = start + written.length;
    const places = strings.map((names) => {
      const name = names.find((name) => typeof row[name] === "string");
      if (name === undefined) return [0, 0];
      const from = start + written.indexOf(`"${name}":"`) + name.length + 4;
      return [from, from + JSON.stringify(row[name]).length - 2];
    });
    const [stamp] = strings.at(-1);
    return { places, timestamp: Date.parse(row[stamp]) };
  });
}

/** The bytes of a body, copied into one room as they come. */
async function copied(response, room) {
  const reader = response.body.getReader();
  let length = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    room.set(chunk.value, length);
    length += chunk.value.length;
  }
  return room.subarray(0, length);
}

const LINK = Symbol("link");
const rawOf = function raw() {
  return this[LINK];
};

/** What is left when nothing is parsed: the page is read, copied and decoded, and cut where the strings are known to be. */
const cutOnly = (backend, finish) => ({
  async load() {
    const decoder = new TextDecoder();
    let known;
    return async ({ bytes, times }) => {
      if (known?.bytes !== bytes) {
        const places = knownPlaces(decoder.decode(bytes), backends[backend].strings);
        known = { bytes, places, room: new Uint8Array(bytes.length) };
      }
      return await repeated(times, async () => {
        const text = decoder.decode(await copied(jsonResponse(bytes), known.room));
        const messages = known.places.map(({ places: [id, said, stamp], timestamp }) =>
          finish({
            id: text.substring(id[0], id[1]),
            role: "user",
            text: text.substring(said[0], said[1]),
            createdAt: text.substring(stamp[0], stamp[1]),
            timestamp,
            complete: true,
          }),
        );
        let sum = 0;
        for (const { id, text, createdAt, timestamp } of messages)
          sum += id.length + text.length + createdAt.length + (timestamp % 1000);
        if (!(sum > 0)) throw new Error("nothing was cut out");
        return { count: messages.length };
      });
    };
  },
});

/** A `raw` that is made when somebody looks, and that spread, JSON.stringify and structuredClone see. */
function withRawOnDemand(message) {
  Object.defineProperty(message, LINK, { value: message.id });
  return Object.defineProperty(message, "raw", {
    get: rawOf,
    enumerable: true,
    configurable: true,
  });
}

const cutting = (backend) => ({
  "bound: read, copied, decoded, cut at known places": cutOnly(backend, (message) => message),
  "bound: the same, and `raw` an own property made on demand": cutOnly(backend, withRawOnDemand),
});

const bounds = {
  "bound: response.json(), nothing made of it": {
    async load() {
      return ({ bytes, times }) =>
        repeated(times, async () => ({
          count: (await jsonResponse(bytes).json()).messages.length,
        }));
    },
  },
  "bound: response.arrayBuffer(), nothing else": {
    async load() {
      return async ({ bytes, times }) => {
        await repeated(times, () => jsonResponse(bytes).arrayBuffer());
        return {};
      };
    },
  },
};

const elizaClient = {
  "@elizaos/api-client, then map": {
    async load() {
      const { ElizaClient } = await import("@elizaos/api-client");
      const { sessions } = ElizaClient.create({ baseUrl: "http://bench.invalid" });
      const { model } = backends.eliza;
      return async ({ bytes, count, withRaw, times }) => {
        // it takes no fetch from its caller
        const { fetch } = globalThis;
        globalThis.fetch = async () => jsonResponse(bytes);
        try {
          return await repeated(times, async () => {
            const page = await sessions.getMessages(ids.session, { limit: count + 1 });
            return sumOf(model(page), backends.eliza, withRaw);
          });
        } finally {
          globalThis.fetch = fetch;
        }
      };
    },
  },
};

export const histories = {
  eliza: { ...all("eliza"), ...elizaClient, ...cutting("eliza"), ...bounds },
  meibel: { ...all("meibel"), ...cutting("meibel"), ...bounds },
};
