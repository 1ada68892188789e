// In: pkg/ as ./build left it, and the sandbox. Out: what Agent Cloud's answers cost when they are told over a socket, and
// when they are asked for, in one run by turns: requests, and milliseconds to the first piece.
import { startSandbox } from "../demo/sandbox.mjs";
import { packedModule } from "../package/pack.mjs";
import { startRecorder } from "../package/recorder.mjs";
import { quantile } from "./measure.mjs";

await import("../package/web-socket.mjs");
const { connect } = await packedModule();
const ROUNDS = Number(process.argv[2] ?? 7);
const TURNS = {
  "40 pieces, one every 100 ms": `stream 40 100 ${"word ".repeat(40)}`,
  "3 seconds of thought, then 10 pieces": `wait 3000 ${"word ".repeat(10)}`,
};

const sandbox = await startSandbox({ options: ["--key", "bench-key"] });

async function turn(text, live) {
  const recorder = await startRecorder(sandbox.url);
  const options = { baseUrl: recorder.url, apiKey: "bench-key", live };
  const client = await connect({ backend: "agentcloud", ...options });
  const { id } = await client.createSession({ agentId: sandbox.agentIds.agentcloud });
  // the agent of a new session speaks first
  while ((await client.getMessages(id)).messages.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const before = recorder.requests.length;
  const began = performance.now();
  let first;
  let pieces = 0;
  for await (const { type } of client.streamMessage(id, text)) {
    if (type !== "content") continue;
    first ??= performance.now() - began;
    pieces++;
  }
  const whole = performance.now() - began;
  const requests = recorder.requests.length - before + recorder.sockets.length;
  await recorder.stop();
  return { requests, first, whole, pieces };
}

const median = (runs, what) =>
  quantile(
    runs.map((run) => run[what]).sort((a, b) => a - b),
    0.5,
  );
console.log("| turn | way | requests | first piece, ms | pieces | whole, ms |");
console.log("| --- | --- | ---: | ---: | ---: | ---: |");
for (const [title, text] of Object.entries(TURNS)) {
  const runs = { socket: [], asking: [] };
  for (let round = 0; round < ROUNDS; round++) {
    runs.socket.push(await turn(text, true));
    runs.asking.push(await turn(text, false));
  }
  for (const [way, of] of Object.entries(runs)) {
    const words = ["requests", "first", "pieces", "whole"].map((what) =>
      median(of, what).toFixed(0),
    );
    console.log(`| ${title} | ${way} | ${words.join(" | ")} |`);
  }
}
await sandbox.stop();
