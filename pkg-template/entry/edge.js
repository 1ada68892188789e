// For Vercel's and Next's edge runtime, where compiling bytes is refused: `?module` asks its bundlers for the compiled
// module, the one that is all of them.

import compiled from "../agentline_wasm_bg.wasm?module";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn, Modules } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const modules = /* @__PURE__ */ new Modules({ agentline: () => compiled });
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
