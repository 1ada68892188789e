import { connect } from "agentline";

const client = await connect({ backend: "eliza", baseUrl: process.env.ELIZA_URL });
const session = await client.createSession({ agentId: process.env.AGENT_ID });
const message = "stream 6 30 hello from the packed tarball, word by word";
for await (const event of client.streamMessage(session.id, message)) {
  if (event.type === "content") console.log(`+ ${event.delta}`);
  if (event.type === "done") console.log(`= ${event.reply.message.text}`);
}
const { messages, hasMore } = await client.getMessages(session.id);
for (const { role, text } of messages) console.log(`${role}: ${text}`);
console.log(`more: ${hasMore}`);
