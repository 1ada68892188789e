// In: POST {"text", "sessionId"?}. Out: the answer while it grows, as server-sent events. The key stays here.
import { connect, isAgentlineError } from "agentline";

const {
  AGENTLINE_BACKEND: backend = "eliza",
  AGENTLINE_URL: baseUrl,
  AGENTLINE_KEY: apiKey,
  AGENTLINE_AGENT: agentId,
} = process.env;

export async function POST(request) {
  const { text, sessionId } = await request.json();
  try {
    const client = await connect({ backend, baseUrl, apiKey });
    const id = sessionId ?? (await client.createSession({ agentId })).id;
    const answer = client.streamMessage(id, text, { signal: request.signal });
    return new Response(frames(answer), {
      headers: {
        "content-type": "text/event-stream",
        // Next compresses otherwise, and holds the pieces back until there is enough to compress
        "cache-control": "no-transform",
        "x-session-id": id,
      },
    });
  } catch (error) {
    if (!isAgentlineError(error)) throw error;
    return Response.json({ kind: error.kind, message: error.message }, { status: 502 });
  }
}

/** One frame for each event. A failure ends the body before `done`, by which the page knows it. */
function frames(answer) {
  const write = new TransformStream({
    transform(event, controller) {
      controller.enqueue(`data: ${JSON.stringify(event)}\n\n`);
    },
  });
  return answer.toReadableStream().pipeThrough(write).pipeThrough(new TextEncoderStream());
}
