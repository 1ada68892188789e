// Reads a million events and tells how large the module's memory was after the first ten thousand and after all.
const memories = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, given) {
    const instance = new Instance(...given);
    memories.push(instance.exports.memory);
    return instance;
  },
});

const { connect, readEvents } = await import("agentline");

const FEW = 10_000;
const MANY = 1_000_000;
const [what, perChunk] = process.argv.slice(2);
const encoder = new TextEncoder();

/** `first`, and then as many events as it takes, so many in a chunk. */
function streamOf(event, first = "") {
  const chunk = encoder.encode(event.repeat(Number(perChunk)));
  let left = MANY / Number(perChunk);
  return new ReadableStream(
    {
      start(controller) {
        if (first) controller.enqueue(encoder.encode(first));
      },
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk);
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

const sources = {
  readEvents: () => readEvents(streamOf('id: 7\nevent: piece\ndata: {"text":"é, and more"}\n\n')),
  // the text of an answer is kept, and of everything else nothing: so here is an answer without text
  streamMessage: async () => {
    const chunk = (index) =>
      `event: chunk\ndata: ${JSON.stringify({ messageId: "m", chunk: "", index })}\n\n`;
    const headers = { "content-type": "text/event-stream" };
    const client = await connect({
      backend: "eliza",
      baseUrl: "http://agents.invalid",
      fetch: async () => new Response(streamOf(chunk(1), chunk(0)), { headers }),
    });
    return client.streamMessage("session", "go");
  },
};

const sizes = [];
let count = 0;
try {
  for await (const _ of await sources[what]()) {
    if (++count === FEW || count === MANY) sizes.push(memories[0].buffer.byteLength);
  }
} catch (error) {
  // that answer has no end
  if (error.kind !== "truncated") throw error;
}
console.log(JSON.stringify({ count, memories: memories.length, sizes }));
