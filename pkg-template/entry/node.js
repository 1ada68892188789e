// For Node, Bun and Deno, and for everything that bundles for them. The addresses are made late and in an async function: in a
// CommonJS bundle import.meta has no url, and that throws.

import { orInline } from "../load/inline.js";
import { load } from "../load/node.js";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn, Modules } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const copied = (file) =>
  orInline(
    async () => load(file()),
    () => import("../agentline_wasm_inline.js"),
  );
const modules = /* @__PURE__ */ new Modules({
  read: () => copied(() => new URL("../read_wasm_bg.wasm", import.meta.url)),
  events: () => copied(() => new URL("../events_wasm_bg.wasm", import.meta.url)),
  meibel: () => copied(() => new URL("../meibel_wasm_bg.wasm", import.meta.url)),
  agentcloud: () => copied(() => new URL("../agentcloud_wasm_bg.wasm", import.meta.url)),
  eliza: () => copied(() => new URL("../eliza_wasm_bg.wasm", import.meta.url)),
});
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
