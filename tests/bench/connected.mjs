// Out: a client of agentline whose `fetch` gives whatever answer is current.
const BASE = "http://bench.invalid";

export async function connected(options) {
  const { connect } = await import("agentline");
  const { ids } = await import("./bodies.mjs");
  const answers = { current: undefined, requests: 0 };
  const client = await connect({
    backend: "eliza",
    baseUrl: BASE,
    userId: ids.user,
    maxRetries: 0,
    fetch: async () => {
      answers.requests++;
      return answers.current();
    },
    ...options,
  });
  return { client, answers };
}
