// In: the package's functions, and where a server and its agent are. Out: what came of one answer, a page of the history
// and one stream of events, as plain data that every cell can hand on. Whether it is right is left to judge.mjs.

export async function turn({ connect, readEvents }, { server, agent }) {
  const client = await connect({ backend: "eliza", baseUrl: server });
  const { id } = await client.createSession({ agentId: agent });
  const deltas = [];
  let answer;
  for await (const event of client.streamMessage(id, "stream 6 30 hello from a clean project")) {
    if (event.type === "content") deltas.push(event.delta);
    if (event.type === "done") answer = event.reply.message.text;
  }
  await client.streamMessage(id, "say a second one").text();
  const newest = await client.getMessages(id, { limit: 1 });
  const older = await client.getMessages(id, { limit: 1, before: newest.cursors.before });
  const pages = [newest, older].map(({ messages, hasMore }) => ({
    texts: messages.map(({ text }) => text),
    hasMore,
  }));
  const events = [];
  const body = "event: greeting\nid: 7\ndata: one\ndata: two\n\n";
  for await (const event of readEvents(new Response(body))) events.push({ ...event });
  return { deltas, answer, pages, events };
}
