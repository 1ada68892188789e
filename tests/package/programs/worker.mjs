import { connect } from "agentline";

export default {
  async fetch(_request, { ELIZA_URL, AGENT_ID }) {
    const client = await connect({ backend: "eliza", baseUrl: ELIZA_URL });
    const session = await client.createSession({ agentId: AGENT_ID });
    const message = "stream 6 30 hello from the packed tarball, word by word";
    return new Response(await client.streamMessage(session.id, message).text());
  },
};
