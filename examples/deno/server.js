// In: POST {"text", "sessionId"?}. Out: the answer while it grows, as server-sent events. The key stays here.
import process from "node:process";
import { connect, isAgentlineError } from "agentline";

const { AGENTLINE_BACKEND: backend = "eliza", AGENTLINE_URL: baseUrl } = process.env;
const { AGENTLINE_KEY: apiKey, AGENTLINE_AGENT: agentId } = process.env;

const client = await connect({ backend, baseUrl, apiKey });

async function answer(request) {
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const { text, sessionId } = await request.json();
  try {
    const id = sessionId ?? (await client.createSession({ agentId })).id;
    const events = client.streamMessage(id, text, { signal: request.signal });
    const headers = { "content-type": "text/event-stream", "x-session-id": id };
    return new Response(frames(events), { headers });
  } catch (error) {
    if (!isAgentlineError(error)) throw error;
    return Response.json({ kind: error.kind, message: error.message }, { status: 502 });
  }
}

/** One frame for each event. A failure ends the body before `done`. */
function frames(events) {
  const write = new TransformStream({
    transform(event, controller) {
      controller.enqueue(`data: ${JSON.stringify(event)}\n\n`);
    },
  });
  return events.toReadableStream().pipeThrough(write).pipeThrough(new TextEncoderStream());
}

export default { fetch: answer };
