// For Vercel's and Next's edge runtime, where compiling bytes is refused: `?module` asks its bundlers for the compiled
// module.

import compiled from "../agentline_wasm_bg.wasm?module";
import { bind } from "../module.js";

export { createConversation } from "../conversation.js";
export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(() => compiled);
export const { connect, openEvents, readEvents, signIn } = bound;
