// For Node, Bun and Deno, and for everything that bundles for them.

import { orInline } from "../load/inline.js";
import { load } from "../load/node.js";
import { bind } from "../module.js";

export { createConversation } from "../conversation.js";
export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(() =>
  orInline(
    // async: in a CommonJS bundle import.meta has no url, and this throws
    async () => load(new URL("../agentline_wasm_bg.wasm", import.meta.url)),
    () => import("../agentline_wasm_inline.js"),
  ),
);
export const { connect, openEvents, readEvents, signIn } = bound;
