// For tools that copy no file along: the WebAssembly is in the code itself, for every runtime that may compile bytes.

import { wasm } from "../agentline_wasm_inline.js";
import { compileInline } from "../load/inline.js";
import { bind } from "../module.js";

export { createConversation } from "../conversation.js";
export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(
  () => compileInline(wasm),
  'give a compiled WebAssembly.Module as `wasm` to connect, or import from "agentline", whose file a tool compiles ahead',
);
export const { connect, openEvents, readEvents, signIn } = bound;
