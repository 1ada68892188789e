// For tools that copy no file along: the WebAssembly is in the code itself, for every runtime that may compile bytes.

import { wasm } from "../agentline_wasm_inline.js";
import { compileInline } from "../load/inline.js";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn, Modules } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const modules = /* @__PURE__ */ new Modules(
  { agentline: () => compileInline(wasm) },
  'give a compiled WebAssembly.Module as `wasm`, or import from "agentline", whose files a tool compiles ahead',
);
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
