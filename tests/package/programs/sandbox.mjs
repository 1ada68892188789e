import { connect } from "agentline";
import { createSandbox } from "agentline/sandbox";

const sandbox = createSandbox();
const client = await connect(sandbox.connectOptions("eliza"));
const session = await client.createSession({ agentId: sandbox.agentId("eliza") });
const message = "stream 6 30 hello from the sandbox, word by word";
for await (const event of client.streamMessage(session.id, message)) {
  if (event.type === "content") console.log(`+ ${event.delta}`);
  if (event.type === "done") console.log(`= ${event.reply.message.text}`);
}
const { messages, hasMore } = await client.getMessages(session.id);
for (const { role, text } of messages) console.log(`${role}: ${text}`);
console.log(`more: ${hasMore}`);
