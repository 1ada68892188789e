// For pages and everything that bundles for them.

import { load } from "./load/web.js";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn, Modules } from "./module.js";

export { AgentlineError, isAgentlineError } from "./error.js";
export { createConversation } from "./module.js";

const modules = /* @__PURE__ */ new Modules({
  read: () => load(new URL("./read_wasm_bg.wasm", import.meta.url)),
  events: () => load(new URL("./events_wasm_bg.wasm", import.meta.url)),
  meibel: () => load(new URL("./meibel_wasm_bg.wasm", import.meta.url)),
  agentcloud: () => load(new URL("./agentcloud_wasm_bg.wasm", import.meta.url)),
  eliza: () => load(new URL("./eliza_wasm_bg.wasm", import.meta.url)),
});
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
