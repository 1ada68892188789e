// For workerd, where the module is compiled before the Worker starts and compiling bytes is refused. It is the one that is
// all of them, because a Worker takes along whatever is named.

import compiled from "../agentline_wasm_bg.wasm";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn, Modules } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const modules = /* @__PURE__ */ new Modules({ agentline: () => compiled });
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
