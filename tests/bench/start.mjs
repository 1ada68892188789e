// How long the first use takes in a fresh process, and in a fresh page, beside the platform's own first `fetch`. For
// bench.mjs a library; told a participant and an address, that participant's first use in Node, Deno or Bun.
import { createServer } from "node:http";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { run } from "../../tools/process.mjs";
import { elizaStream, history } from "./bodies.mjs";
import { quantile } from "./measure.mjs";
import { begin, names, platform } from "./starting.mjs";

const event = (value, name) =>
  `${name ? `event: ${name}\n` : ""}data: ${JSON.stringify(value)}\n\n`;
const delta = { type: "text_delta", text: "Well" };
const eliza = Buffer.concat(elizaStream(8, "event").chunks);
const STREAMS = {
  "/stream": eliza,
  "/openai/chat/completions": event({
    object: "chat.completion.chunk",
    choices: [{ delta: { content: "Well" } }],
  }),
  "/anthropic/v1/messages": event(
    { type: "content_block_delta", index: 0, delta },
    "content_block_delta",
  ),
};

async function serveAnswers(files = async () => undefined) {
  const pages = Object.fromEntries(
    ["eliza", "agentcloud", "meibel"].map((backend) => [backend, history(backend, 9)]),
  );
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const asked = request.method === "POST" ? (STREAMS[pathname] ?? eliza) : STREAMS[pathname];
    const file = await files(pathname);
    if (file) response.setHeader("content-type", file.type).end(file.body);
    else if (asked) response.setHeader("content-type", "text/event-stream").end(asked);
    else {
      const page = pages[pathname.split("/")[1]] ?? pages.eliza;
      response.setHeader("content-type", "application/json").end(page);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

/**
 * `{ name, request, answer, beside, more }` of each participant: milliseconds until its request left and until its answer
 * was there; the second as a multiple of the platform's, and how many milliseconds more. Medians over rounds in turns.
 */
export async function starts({ starter }, rounds) {
  const { url, begin, close } = await starter(serveAnswers);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  try {
    for (let round = -1; round < rounds; round++) {
      for (const name of names) {
        const time = await begin(name, url);
        if (round >= 0) times[name].push(time);
      }
    }
  } finally {
    await close();
  }
  const median = (values) => quantile(values, 0.5);
  return names.map((name) => {
    const answers = times[name].map(({ answer }) => answer);
    const platforms = times[platform].map(({ answer }) => answer);
    return {
      name,
      request: median(times[name].map(({ request }) => request)),
      answer: median(answers),
      beside: median(answers.map((time, round) => time / platforms[round])),
      more: median(answers.map((time, round) => time - platforms[round])),
    };
  });
}

/** What starts a participant in a process of its own. */
export const inProcesses =
  ([program, ...before]) =>
  async (serve) => {
    const { url, close } = await serve();
    const begin = async (name) => {
      const words = [...before, import.meta.filename, name, url];
      const env = { DENO_NO_UPDATE_CHECK: "1" };
      return JSON.parse(
        await run(program, words, { cwd: import.meta.dirname, capture: true, env }),
      );
    };
    return { url, begin, close };
  };

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [name, url] = process.argv.slice(2);
  console.log(JSON.stringify(await begin(name, url)));
  process.exit(0);
}
