// In: POST /chat {"text", "sessionId"?}. Out: the answer while it grows, as server-sent events. The key stays here.
import { serve } from "@hono/node-server";
import { connect, isAgentlineError } from "agentline";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const { AGENTLINE_BACKEND: backend = "eliza", AGENTLINE_URL: baseUrl } = process.env;
const { AGENTLINE_KEY: apiKey, AGENTLINE_AGENT: agentId, PORT = "8787" } = process.env;

const client = await connect({ backend, baseUrl, apiKey });
const app = new Hono();

app.post("/chat", async (context) => {
  const { text, sessionId } = await context.req.json();
  const id = sessionId ?? (await client.createSession({ agentId })).id;
  context.header("x-session-id", id);
  return streamSSE(context, async (stream) => {
    const answer = client.streamMessage(id, text);
    stream.onAbort(() => answer.abort());
    // what fails here ends the body before `done`
    for await (const event of answer) await stream.writeSSE({ data: JSON.stringify(event) });
  });
});

app.onError((error, context) => {
  if (!isAgentlineError(error)) throw error;
  return context.json({ kind: error.kind, message: error.message }, 502);
});

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) });
