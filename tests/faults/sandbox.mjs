// In: `agentline/sandbox`, for what each backend's client needs. Out: one sandbox as a server on 127.0.0.1, and its faults.
import { startSandbox } from "../demo/sandbox.mjs";

const PATHS = { meibel: "/v2", agentcloud: "", eliza: "" };

/** @param {typeof import("agentline/sandbox").createSandbox} createSandbox */
export async function faultySandbox(createSandbox, seed) {
  const known = createSandbox();
  const server = await startSandbox({ options: ["--echo", "--seed", String(seed)] });
  return {
    options(backend) {
      const { fetch: _, ...options } = known.connectOptions(backend);
      return { ...options, baseUrl: server.url + PATHS[backend] };
    },
    agentId: (backend) => known.agentId(backend),
    async setFaults(rules, seed) {
      const body = JSON.stringify(seed === undefined ? rules : { rules, seed });
      const response = await fetch(`${server.url}/__fixture/faults`, { method: "POST", body });
      if (!response.ok) throw new Error(`the sandbox refused ${body}: ${await response.text()}`);
      await response.arrayBuffer();
    },
    stop: () => server.stop(),
  };
}
