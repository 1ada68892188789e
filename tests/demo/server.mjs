// In: the address of a server of the elizaOS dialect. Out: what a test does behind the page's back: look at a session,
// delete it, write history with chosen times. The package is not used here, so that it cannot hide its own mistakes.

async function ask(baseUrl, path, init) {
  const response = await fetch(`${baseUrl}${path}`, init);
  return { status: response.status, body: await response.json() };
}

const sessions = "/api/messaging/sessions";

export const getSession = (baseUrl, id) => ask(baseUrl, `${sessions}/${id}`);

export const deleteSession = (baseUrl, id) =>
  ask(baseUrl, `${sessions}/${id}`, { method: "DELETE" });

/** The texts of the stored messages, oldest first; up to 100. */
export async function storedTexts(baseUrl, id) {
  const { body } = await ask(baseUrl, `${sessions}/${id}/messages?limit=100`);
  return body.messages.map((message) => message.content).reverse();
}

export const createSession = (baseUrl, agentId, userId) =>
  ask(baseUrl, sessions, postOf({ agentId, userId }));

/** Writes rows before everything else in the session; texts of very different heights, by person and agent in turn. */
export async function seedHistory(baseUrl, session, count) {
  const last = Date.parse(session.createdAt) - 60_000;
  const rows = seededTexts(count).map((content, index) => ({
    content,
    // Over three days, so that the names of the days come and go while one scrolls.
    createdAt: last - (count - index) * Math.ceil((3 * 86_400_000) / count),
    authorId: index % 2 === 0 ? session.userId : session.agentId,
    isAgent: index % 2 === 1,
  }));
  await writeRows(baseUrl, session.channelId, rows);
}

export async function writeRows(baseUrl, channelId, rows) {
  const response = await fetch(`${baseUrl}/__fixture/messages`, postOf({ channelId, rows }));
  if (!response.ok) throw new Error(`the history was not written: ${await response.text()}`);
}

export function seededTexts(count) {
  return Array.from({ length: count }, (_, index) => {
    const lines = [0, 1, 1, 2, 4, 9, 25][(index * 5) % 7];
    return `seeded ${index}${" and some words that take up room".repeat(lines)}`;
  });
}

function postOf(body) {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}
