// One program for three backends: `node chat.mjs meibel`, `node chat.mjs agentcloud`, `node chat.mjs eliza`.
// AGENTLINE_URL, AGENTLINE_KEY and AGENTLINE_AGENT say where, as whom and with whom. Without an address it talks to the
// sandbox, which is the backend in this program's own memory.

import { connect } from "agentline";
import { createSandbox } from "agentline/sandbox";

const [backend = "eliza", text = "Hello!"] = process.argv.slice(2);
const { AGENTLINE_URL: baseUrl, AGENTLINE_KEY: apiKey, AGENTLINE_AGENT } = process.env;

const sandbox = createSandbox();
const client = await connect(
  baseUrl ? { backend, baseUrl, apiKey } : sandbox.connectOptions(backend),
);
const agentId = AGENTLINE_AGENT ?? sandbox.agentId(backend);

const session = await client.createSession({ agentId });
console.log(`session ${session.id} is ${session.status}`);

// the answer while it grows
for await (const event of client.streamMessage(session.id, text)) {
  switch (event.type) {
    case "content":
      process.stdout.write(event.delta);
      break;
    case "replace": // the backend took back what it had said
      process.stdout.write(`\r${event.text}`);
      break;
    case "status":
      console.log(`(${event.text})`);
      break;
    case "tool_call":
      console.log(`(uses ${event.name})`);
      break;
    case "done":
      console.log(`\n= ${event.reply.message.text}`);
  }
}

// the same, in one piece
const reply = await client.sendMessage(session.id, text);
console.log(`= ${reply.message.text}`);

// what the backend keeps of it: newest first, however it pages
for await (const message of client.messages(session.id, { limit: 3 })) {
  console.log(`${message.role}: ${message.text}`);
}

if (client.capabilities.list) {
  for await (const { id, status } of client.listSessions({ agentId })) {
    if (id === session.id) console.log(`listed as ${status}`);
  }
}
if (client.capabilities.delete) {
  await client.deleteSession(session.id);
  console.log("deleted");
}
