// For pages under development: a development server may take the code away from the file, as Vite before 8 does, and then
// the copy in the code is read. No finished page is given this entry, because not every bundler would leave the copy aside.

import { orInline } from "../load/inline.js";
import { load } from "../load/web.js";
import { bind } from "../module.js";

export { createConversation } from "../conversation.js";
export { AgentlineError, isAgentlineError } from "../error.js";

const bound = /* @__PURE__ */ bind(() =>
  orInline(
    async () => load(new URL("../agentline_wasm_bg.wasm", import.meta.url)),
    () => import("../agentline_wasm_inline.js"),
  ),
);
export const { connect, openEvents, readEvents, signIn } = bound;
