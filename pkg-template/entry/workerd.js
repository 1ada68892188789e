// For workerd, where the module is compiled before the Worker starts and compiling bytes is refused.

import compiled from "../agentline_wasm_bg.wasm";
import { bind } from "../module.js";

export { createConversation } from "../conversation.js";
export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(() => compiled);
export const { connect, openEvents, readEvents, signIn } = bound;
