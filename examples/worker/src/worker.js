// The gateway, at /agent. What the page is to talk to stands in wrangler.jsonc, and the key in a secret.
import { createGateway } from "agentline/gateway";

let gateway;

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname === "/config.json") {
      return Response.json({ backend: env.BACKEND, agentId: env.AGENT_ID });
    }
    gateway ??= createGateway({
      backend: env.BACKEND,
      baseUrl: env.BASE_URL || undefined,
      team: env.TEAM,
      apiKey: env.AGENT_KEY ?? "",
      // whoever knows a session's id may use it; nobody is told the ids of others
      authorize: (_, { operation }) => operation !== "listSessions",
      limits: { requestsPerMinute: 120 },
      onError: (error) => console.error(error),
    });
    return gateway(request);
  },
};
