// In: a server that startElizaServer started, and rows. Out: those rows in a session's history, at the chosen times,
// which the server's own API cannot do: it stamps "now".
import assert from "node:assert/strict";

export const FIRST = Date.UTC(2024, 0, 7, 8);

/** Writes rows `{ text, at }` (at: ms since the epoch) as the user of the session. */
export async function writeHistory(server, session, rows) {
  const { channelId, userId } = session.raw;
  const response = await fetch(`${server.url}/__fixture/messages`, {
    method: "POST",
    body: JSON.stringify({
      channelId,
      rows: rows.map(({ text, at }) => ({ content: text, createdAt: at, authorId: userId })),
    }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** `count` rows m0000, m0001, … ; `at` tells the time of each by its number. */
export function rows(count, at) {
  return Array.from({ length: count }, (_, number) => ({
    text: `m${String(number).padStart(4, "0")}`,
    at: at(number),
  }));
}

/** Lets the server's clock run ahead by so many ms. */
export async function setClockAhead(server, ahead) {
  const response = await fetch(`${server.url}/__fixture/clock`, {
    method: "POST",
    body: JSON.stringify({ ahead }),
  });
  assert.equal(response.status, 200);
}

export const texts = (messages) => messages.map(({ text }) => text);
export const sorted = (messages) => texts(messages).sort();
