// Where the agent is, and a session with it.
import { connect } from "agentline";

const { VITE_AGENT_URL: baseUrl, VITE_AGENT_ID: agentId } = import.meta.env;

async function open() {
  if (baseUrl) {
    const client = await connect({ backend: "eliza", baseUrl });
    return { client, session: await client.createSession({ agentId }) };
  }
  const { createSandbox } = await import("agentline/sandbox");
  const sandbox = createSandbox();
  const client = await connect(sandbox.connectOptions("eliza"));
  return { client, session: await client.createSession({ agentId: sandbox.agentId("eliza") }) };
}

let opening;
/** The one session of this page; a failure is tried again by the next call. */
export function opened() {
  opening ??= open();
  opening.catch(() => (opening = undefined));
  return opening;
}
