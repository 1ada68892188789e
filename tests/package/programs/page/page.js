import { connect } from "agentline";

const { searchParams } = new URL(location.href);
const [deltas, answer] = document.querySelectorAll("output");

try {
  const client = await connect({ backend: "eliza", baseUrl: searchParams.get("server") });
  const session = await client.createSession({ agentId: searchParams.get("agent") });
  const message = "stream 6 30 hello from the packed tarball, word by word";
  for await (const event of client.streamMessage(session.id, message)) {
    if (event.type === "content") deltas.append(`${event.delta}|`);
    if (event.type === "done") answer.textContent = event.reply.message.text;
  }
  document.body.dataset.state = "done";
} catch (error) {
  answer.textContent = `${error.name}: ${error.message}\n${error.stack}`;
  document.body.dataset.state = "failed";
}
