// A Worker that asks the agent itself, and streams what it says: the page needs nothing but fetch.
// GET / is the page; POST /ask with a text is answered with the agent's words as they come.
import { connect } from "agentline";
import page from "./page.html";

/** What the agent says, as bytes. Whoever leaves, leaves the agent too. */
function words(stream) {
  const events = stream[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { done, value } = await events.next();
        if (done) return controller.close();
        if (value.type === "content") return controller.enqueue(encoder.encode(value.delta));
      }
    },
    async cancel() {
      await events.return();
    },
  });
}

async function ask(request, env) {
  const client = await connect({
    backend: env.BACKEND,
    baseUrl: env.BASE_URL || undefined,
    apiKey: env.AGENT_KEY,
    // a socket of Agent Cloud's would outlive nothing here
    live: false,
  });
  const { id } = await client.createSession({ agentId: env.AGENT_ID });
  const stream = client.streamMessage(id, await request.text());
  return new Response(words(stream), {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      // compressed, the words would wait for one another
      "content-encoding": "identity",
    },
  });
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/ask") {
      try {
        return await ask(request, env);
      } catch (error) {
        console.error(error);
        return new Response("the agent cannot be asked", { status: 502 });
      }
    }
    if (request.method === "GET" && pathname === "/") {
      return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
    }
    return new Response("there is no such page", { status: 404 });
  },
};
