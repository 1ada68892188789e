import { createGateway } from "agentline/gateway";

let gateway;

export default {
  fetch(request, env) {
    gateway ??= createGateway({
      backend: env.BACKEND,
      baseUrl: env.BASE_URL,
      apiKey: env.KEY,
      heartbeat: env.HEARTBEAT,
      limits: { requestsPerMinute: env.REQUESTS },
    });
    return gateway(request);
  },
};
