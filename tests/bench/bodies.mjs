// In: sizes. Out: the bodies of answers, the same bytes each time, and what a reader must find in them.
const encoder = new TextEncoder();

// Words, JSON escapes, and characters of two, three and four bytes, about as often as models write them.
const WORDS = [
  " the",
  " of",
  "ing",
  " and",
  "tion",
  " a",
  ",",
  " in",
  " to",
  ".",
  " is",
  "\n\n",
  " for",
  " é",
  " naïve",
  " 你好",
  " \u{1F600}",
  " code",
  "`x`",
  " {",
  "}",
  ' "q"',
  " 42",
  " stream",
  " server",
  " event",
  "-",
  ":",
  " whether",
  " maybe",
];

function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pieces(count) {
  const next = random(7);
  return Array.from({ length: count }, () => {
    let text = "";
    for (let words = 1 + Math.floor(next() * 3); words > 0; words--)
      text += WORDS[Math.floor(next() * WORDS.length)];
    return text;
  });
}

/**
 * Events as the network cuts them. size: bytes of a chunk, or "event" for one event a chunk. `known` tells where their data
 * stands, for what measures the work that is left without a reader: how many events each chunk ends, and of each event its
 * name and the place of its data in the text of its chunk, or the data itself where it began in an earlier one; and what is
 * handed out of each event, `said` or else its data, as the bytes of all that a chunk ends and its length in each.
 */
function cut(events, size) {
  const lengths = events.map(({ name, data }) => encoder.encode(framed(name, data)).length);
  const bytes = encoder.encode(events.map(({ name, data }) => framed(name, data)).join(""));
  const chunks = [];
  let start = 0;
  for (let next = 0; start < bytes.length; next++)
    chunks.push(bytes.slice(start, (start += size === "event" ? lengths[next] : size)));
  const known = places(events, lengths, chunks);
  return { chunks, known: { ...known, ...handedOut(events, known) } };
}

function handedOut(events, { ends }) {
  const said = events.map(({ data, said = data }) => said);
  let event = 0;
  const texts = Array.from(ends, (count) =>
    encoder.encode(said.slice(event, (event += count)).join("")),
  );
  return { texts, sizes: Int32Array.from(said, ({ length }) => length) };
}

const head = (name) => `${name ? `event: ${name}\n` : ""}data: `;
const framed = (name, data) => `${head(name)}${data}\n\n`;

function places(events, lengths, chunks) {
  const decoder = new TextDecoder();
  const characters = chunks.map((chunk) => decoder.decode(chunk, { stream: true }).length);
  const ends = new Int32Array(chunks.length);
  const starts = new Int32Array(events.length);
  const stops = new Int32Array(events.length);
  const across = new Map();
  const at = { chunk: 0, byte: 0, character: 0 };
  let byte = 0;
  let character = 0;
  for (const [index, { name, data }] of events.entries()) {
    byte += lengths[index];
    while (byte > at.byte + chunks[at.chunk].length) {
      at.byte += chunks[at.chunk].length;
      at.character += characters[at.chunk++];
    }
    ends[at.chunk]++;
    starts[index] = character + head(name).length - at.character;
    stops[index] = starts[index] + data.length;
    if (starts[index] < 0) across.set(index, data);
    character += framed(name, data).length;
  }
  return { ends, starts, stops, across, names: events.map(({ name }) => name) };
}

/** What a server may add to an event and nobody asked for: 1.3 KB. */
const LOAD = {
  thought:
    "The question is about the report, so the figures of the last quarter are looked up first.",
  providers: ["TIME", "CHARACTER", "RECENT_MESSAGES", "KNOWLEDGE", "ENTITIES", "ACTIONS", "WORLD"],
  usage: { prompt_tokens: 1834, completion_tokens: 212, total_tokens: 2046, cached_tokens: 1024 },
  logprobs: ["report", "figure", "quarter", "table"].map((token, index) => ({
    token: ` ${token}`,
    logprob: -0.0123456789 * (index + 1),
    bytes: Array.from(encoder.encode(` ${token}`)),
    top_logprobs: [],
  })),
  sources: ["Report of the fourth quarter", "Notes “é” of the board"].map((title, index) => ({
    id: `7a1d${index}0c2-5b0e-4f6e-9d3a-0f4c1b2a3d4e`,
    title,
    url: `https://files.example/reports/2026/${index}?download=1&lang=en`,
    snippet: 'Revenue grew by 12 %\nin the quarter, "well above" what was planned.',
    score: 0.91 - index / 8,
  })),
};

/** An answer of a model as most hosted models stream it: one `data` line of JSON an event. */
export function modelStream(count, size, fat) {
  const events = pieces(count).map((content, index) => ({
    data: JSON.stringify({
      id: "chatcmpl-9f3k2",
      object: "chat.completion.chunk",
      created: 1718000000,
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
      index,
      ...(fat && LOAD),
    }),
  }));
  const sum = events.reduce((sum, { data }) => sum + data.length, 0);
  return { ...cut(events, size), found: { count, sum } };
}

const SESSION = "2ba97e23-6896-4dd1-913d-ae351033f979";
const AGENT = "11111111-2222-4333-8444-555555555555";
const USER = "aaaaaaaa-0000-4000-8000-000000000001";
const REPLY = "35aefb70-ac20-4122-9ec4-6187480e6eb6";
const timeoutConfig = {
  autoRenew: true,
  timeoutMinutes: 30,
  maxDurationMinutes: 720,
  warningThresholdMinutes: 5,
};
const userMetadata = { userId: USER, agentId: AGENT, sessionId: SESSION, timeoutConfig };
export const ids = { session: SESSION, agent: AGENT, user: USER };

// The server trims the end of the whole text; with nothing to trim, the pieces are the text.
const deltasOf = (count) => ["Well", ...pieces(count - 2), "."];

/** An answer of an elizaOS server 1.7.2: user_message, `count` chunks, done. */
export function elizaStream(count, size, fat) {
  const deltas = deltasOf(count);
  const text = deltas.join("");
  const event = (name, data) => ({ name, data: JSON.stringify(data), said: data.chunk });
  const events = [
    event("user_message", {
      id: "a4a14ab9-a2b5-47c3-9bf6-d1572e108771",
      channel_id: "65eda9ba-d93e-44f9-93e7-2801e374f4bb",
      message_server_id: "00000000-0000-0000-0000-000000000000",
      author_id: USER,
      content: "go",
      created_at: 1795289177876,
      source_type: "user",
      raw_message: { content: "go" },
      metadata: userMetadata,
    }),
    ...deltas.map((chunk, index) =>
      event("chunk", { ...(fat && LOAD), messageId: REPLY, chunk, index }),
    ),
    event("done", {
      thought: "say much",
      actions: ["REPLY"],
      providers: [],
      text,
      simple: true,
      responseId: REPLY,
      inReplyTo: "e876532f-4abd-0f1e-9b76-6e88fd673d2c",
    }),
  ];
  return { ...cut(events, size), found: { count, sum: 2 * text.length } };
}

/** The same answer as an AG-UI server writes it, for the client that reads nothing else. */
export function aguiStream(count, size, fat) {
  const run = { threadId: SESSION, runId: AGENT };
  const events = [
    { type: "RUN_STARTED", ...run },
    { type: "TEXT_MESSAGE_START", messageId: REPLY, role: "assistant" },
    ...deltasOf(count).map((delta) => ({
      ...(fat && { rawEvent: LOAD }),
      type: "TEXT_MESSAGE_CONTENT",
      messageId: REPLY,
      delta,
    })),
    { type: "TEXT_MESSAGE_END", messageId: REPLY },
    { type: "RUN_FINISHED", ...run },
  ];
  return cut(
    events.map((event) => ({ data: JSON.stringify(event) })),
    size,
  ).chunks;
}

/** A page of an elizaOS server's history, newest first: questions and answers in turn. */
function elizaHistory(count) {
  const texts = pieces(count * 20);
  const newest = 1795289184581;
  const messages = Array.from({ length: count }, (_, index) => {
    const isAgent = index % 2 === 0;
    return {
      id: `241de735-2ecb-4fdf-ae8f-${String(index).padStart(12, "0")}`,
      content: texts.slice(index * 20, index * 20 + 20).join(""),
      authorId: isAgent ? AGENT : USER,
      isAgent,
      createdAt: new Date(newest - index * 5000).toISOString(),
      metadata: isAgent
        ? {
            thought: "say much",
            actions: ["REPLY"],
            isDm: false,
            agent_id: AGENT,
            agentName: "Scripted",
            channelType: "GROUP",
          }
        : userMetadata,
    };
  });
  const oldest = newest - (count - 1) * 5000;
  return { messages, hasMore: false, cursors: { before: oldest, after: newest } };
}

/** A history of a Meibel server, which gives it whole, oldest first: a question, a tool's call and result, an answer. */
function meibelHistory(count) {
  const texts = pieces(count * 20);
  const oldest = 1784714400000;
  const messages = Array.from({ length: count }, (_, index) => {
    const turn = String(index >> 2).padStart(8, "0");
    const message = { message: texts.slice(index * 20, index * 20 + 20).join("") };
    const tool = { tool_id: `call_${turn}`, tool_name: "rag_search" };
    const none = { message: null, signal_id: null, arguments: null, result: null };
    const kinds = [
      { type: "user", ...message, signal_id: `9f1c${turn}`, tool_id: null, tool_name: null },
      { type: "tool_call", ...none, ...tool, arguments: { userQuery: message.message, top_k: 5 } },
      { type: "tool_result", ...none, ...tool, result: message.message },
      { type: "assistant", ...message, signal_id: `9f1c${turn}` },
    ];
    return { ...kinds[index % 4], timestamp: new Date(oldest + index * 1000).toISOString() };
  });
  return { agent_id: "agent_123", agent_name: "research", version: "brave-otter-12", messages };
}

/** A history of an Agent Cloud server, which gives it whole, oldest first: questions, and answers in pieces. */
function agentCloudHistory(count) {
  const id = (kind, index) => kind + String(index).padStart(23, "0");
  const oldest = 1795288880969;
  const room = id("b", 0);
  return Array.from({ length: count }, (_, index) => {
    const isAgent = index % 2 === 1;
    const [authorName, ts] = [isAgent ? "Helper" : "Alice", oldest + index * 5000];
    const chunkId = `241de735-2ecb-4fdf-ae8f-${String(index).padStart(12, "0")}`;
    const chunks = pieces(isAgent ? 20 : 1).map((chunk, place) => ({
      ts: ts + place,
      chunk,
      tokens: 1,
    }));
    const said = { type: "text", text: chunks[0].chunk, chunkId };
    const message = { room, authorName, message: said, event: "message", incoming: !isAgent, ts };
    const whose = { authorId: isAgent ? null : id("c", 0), authorName, isFeedback: isAgent };
    return {
      sessionId: room,
      chunkId,
      chunks,
      tokens: 20,
      ...whose,
      message,
      ts,
      _id: id("a", index),
    };
  });
}

/** A page of so many messages as a server of that backend writes it. */
export function history(backend, count) {
  const histories = { eliza: elizaHistory, agentcloud: agentCloudHistory, meibel: meibelHistory };
  const body = histories[backend](count);
  return encoder.encode(JSON.stringify(body));
}

/** A body as `fetch` delivers it: read by pulling, one chunk a pull. */
export function streamOf(chunks) {
  let next = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (next < chunks.length) controller.enqueue(chunks[next++]);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

export const eventStream = (body) =>
  new Response(body, { headers: { "content-type": "text/event-stream" } });

export const eventStreamOf = (chunks) => eventStream(streamOf(chunks));
