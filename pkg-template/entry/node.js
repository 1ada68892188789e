// For Node, Bun and Deno, and for everything that bundles for them.

import { copied } from "../load/copied.js";
import { load } from "../load/node.js";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const modules = /* @__PURE__ */ copied(load);
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
