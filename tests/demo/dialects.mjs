// In: a sandbox, or a real server. Out: for each backend what the page is told about it, and what a test does behind the
// page's back: look whether a session is there, give it a history. The package is not used here, so that it cannot hide
// its own mistakes.
import { setTimeout as sleep } from "node:timers/promises";
import { getSession, seededTexts, seedHistory } from "./server.mjs";

/**
 * label        what the page calls it
 * fields       the settings; wrong: settings that are wrong, with what the page says to each
 * exists(id)   whether the server has the session
 * seed(id, n)  gives it n rows, and resolves with their texts
 * keeps        how the answers stand that the browser keeps where the history does not hold them
 * streams      whether an answer is one request, which Stop ends
 * canDelete    whether sessions can be deleted
 * said(text)   what the page shows when the agent has said the text
 * ends         whether a failure of the agent is the end of the session
 */
export const dialects = {
  eliza: ({ url, agentId }) => ({
    label: "elizaOS",
    fields: { baseUrl: url.replace("http://", ""), agentId },
    wrong: {
      baseUrl: ["no address at all", /not an address/],
      agentId: ["not-an-id", /32 hexadecimal/],
    },
    exists: async (id) => (await getSession(url, id)).status === 200,
    async seed(id, count) {
      await seedHistory(url, (await getSession(url, id)).body, count);
      return seededTexts(count);
    },
    keeps: ["complete", "stopped", "complete"],
    said: (text) => text,
    streams: true,
    canDelete: true,
    ends: false,
  }),

  meibel: ({ url, agentIds }) => ({
    label: "Meibel",
    fields: { baseUrl: `${url}/v2`, agentId: agentIds.meibel },
    wrong: {
      baseUrl: ["ftp://example", /http:\/\/ or https:\/\//],
      agentId: ["two words", /no spaces/],
    },
    exists: async (id) => (await fetch(`${url}/v2/sessions/${id}`)).status === 200,
    async seed(id, count) {
      return await chatted(count, async (text) => {
        await post(`${url}/v2/sessions/${id}/chat`, { user_message: text });
      });
    },
    // The agent does not stop for somebody who listens no more: all answers are in the history, whole.
    keeps: [],
    said: (text) => text,
    streams: true,
    canDelete: false,
    ends: false,
  }),

  agentcloud: ({ url, agentIds, agentcloud: { team, apiKey } }) => {
    const headers = { authorization: `Bearer ${apiKey}` };
    const session = `${url}/${team}/session`;
    const rows = async (id) => {
      const all = `${session}/${id}/messages.json?messageId=000000000000000000000000`;
      return await (await fetch(all, { headers: { ...headers, ...json } })).json();
    };
    return {
      label: "Agent Cloud",
      fields: { baseUrl: url, apiKey, agentId: agentIds.agentcloud },
      wrong: {
        apiKey: ["", /is needed/],
        team: ["zz", /24 hexadecimal/],
        agentId: ["not-an-id", /24 hexadecimal/],
      },
      async exists(id) {
        const found = await fetch(`${session}/${id}.json`, { headers: { ...headers, ...json } });
        return (await found.json()).session !== null;
      },
      async seed(id, count) {
        return await chatted(count, async (text) => {
          const before = (await rows(id)).length;
          await post(`${session}/${id}/send-message`, { messageText: text }, headers);
          // The question, the answer, and that the agent waits again.
          while ((await rows(id)).length < before + 3) await sleep(15);
        });
      },
      keeps: [],
      // That the agent waits again is a part of what it said.
      said: (text) => `${text}\n\nAnything else?`,
      streams: false,
      canDelete: true,
      ends: true,
    };
  },
};

/** Has the agent say what makes a history of `count` rows, and gives their texts. */
async function chatted(count, say) {
  const texts = [];
  for (const [index, text] of seededTexts(count).entries()) {
    if (index % 2 === 1) continue;
    await say(`say ${text}`);
    texts.push(`say ${text}`, text);
  }
  return texts;
}

const json = { "content-type": "application/json" };

async function post(address, body, headers) {
  const response = await fetch(address, {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${address} said ${response.status}: ${await response.text()}`);
  return await response.json();
}
