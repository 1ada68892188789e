// For pages and everything that bundles for them.

import { load } from "./load/web.js";
import { bind } from "./module.js";

export { createConversation } from "./conversation.js";
export { AgentlineError, isAgentlineError } from "./error.js";

const bound = /* @__PURE__ */ bind(() =>
  load(new URL("./agentline_wasm_bg.wasm", import.meta.url)),
);
export const { connect, openEvents, readEvents, signIn } = bound;
