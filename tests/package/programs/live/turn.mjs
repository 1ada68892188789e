import { connect } from "agentline";

/** Marks what it carries. */
function carry(request, init) {
  const marked = new Request(request, init);
  marked.headers.set("x-carried", "yes");
  return fetch(marked);
}

/** One turn with Agent Cloud: what came of it, and after how many milliseconds its first piece came. */
export async function turn({ agentId, text, leave, ownFetch, ...options }) {
  const own = ownFetch && { fetch: carry };
  const client = await connect({ backend: "agentcloud", ...options, ...own });
  const { id } = await client.createSession({ agentId });
  // the agent of a new session speaks first, and it is no answer to what is asked before that
  while ((await client.getMessages(id)).messages.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const told = { deltas: [], text: "", answer: undefined, first: undefined };
  const began = performance.now();
  for await (const event of client.streamMessage(id, text)) {
    if (event.type === "content") {
      told.first ??= performance.now() - began;
      told.deltas.push(event.delta);
      told.text += event.delta;
      if (leave && told.deltas.length > 4) break;
    }
    if (event.type === "replace") told.text = event.text;
    if (event.type === "done") told.answer = event.reply.message.text;
  }
  // what keeps the process from ending
  const active = globalThis.process?.getActiveResourcesInfo?.() ?? [];
  return { ...told, timers: active.filter((kind) => kind === "Timeout").length };
}
