// For pages under development: a development server may take the code away from the file, as Vite before 8 does, and then
// the copy in the code is read. No finished page is given this entry, because not every bundler would leave the copy aside.

import { orInline } from "../load/inline.js";
import { load } from "../load/web.js";
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
