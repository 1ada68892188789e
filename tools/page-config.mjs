// In: what the sandbox says of itself when it is ready, and the address under which the page reaches it. Out: what the
// page's config.json says: each backend with all that its settings ask for.

export function pageConfig({ agentIds, agentcloud }, url) {
  return {
    backend: "eliza",
    eliza: { baseUrl: url, agentId: agentIds.eliza },
    meibel: { baseUrl: `${url}/v2`, agentId: agentIds.meibel },
    agentcloud: {
      baseUrl: url,
      agentId: agentIds.agentcloud,
      // It opens nothing but the sandbox.
      apiKey: agentcloud.apiKey,
    },
  };
}
