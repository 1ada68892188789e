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

/** size: bytes of a chunk, or "event" for one event a chunk. */
function cut(events, size) {
  if (size === "event") return events.map((event) => encoder.encode(event));
  const bytes = encoder.encode(events.join(""));
  const chunks = [];
  for (let start = 0; start < bytes.length; start += size)
    chunks.push(bytes.slice(start, start + size));
  return chunks;
}

/** An answer of a model as most hosted models stream it: one `data` line of JSON an event. */
export function modelStream(count, size) {
  const data = pieces(count).map((content, index) =>
    JSON.stringify({
      id: "chatcmpl-9f3k2",
      object: "chat.completion.chunk",
      created: 1718000000,
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
      index,
    }),
  );
  return {
    chunks: cut(
      data.map((line) => `data: ${line}\n\n`),
      size,
    ),
    found: {
      text: { count, sum: data.reduce((sum, line) => sum + line.length, 0) },
      json: { count, sum: (count * (count - 1)) / 2 },
    },
  };
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

/** An answer of an elizaOS server 1.7.2: user_message, `count` chunks, done. */
export function elizaStream(count, size) {
  // The server trims the end of the whole text; with nothing to trim, the chunks are the text.
  const deltas = ["Well", ...pieces(count - 2), "."];
  const text = deltas.join("");
  const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
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
    ...deltas.map((chunk, index) => event("chunk", { messageId: REPLY, chunk, index })),
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
  return { chunks: cut(events, size), found: { count, sum: 2 * text.length } };
}

/** A page of an elizaOS server's history, newest first: questions and answers in turn. */
export function elizaHistory(count) {
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
  const body = { messages, hasMore: false, cursors: { before: oldest, after: newest } };
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

export const eventStreamOf = (chunks) =>
  new Response(streamOf(chunks), { headers: { "content-type": "text/event-stream" } });
