// For Node, Bun and Deno.

import { load } from "../load/node.js";
import { bind } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(() =>
  load(new URL("../agentline_wasm_bg.wasm", import.meta.url)),
);
export const { connect, openEvents, readEvents, signIn } = bound;
