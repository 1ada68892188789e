// For pages under development: a development server may take the code away from the file, as Vite before 8 does, and then
// the copy in the code is read. No finished page is given this entry, because not every bundler would leave the copy aside.

import { copied } from "../load/copied.js";
import { load } from "../load/web.js";
import { bindConnect, bindOpenEvents, bindReadEvents, bindSignIn } from "../module.js";

export { AgentlineError, isAgentlineError } from "../error.js";
export { createConversation } from "../module.js";

const modules = /* @__PURE__ */ copied(load);
export const connect = /* @__PURE__ */ bindConnect(modules);
export const signIn = /* @__PURE__ */ bindSignIn(modules);
export const readEvents = /* @__PURE__ */ bindReadEvents(modules);
export const openEvents = /* @__PURE__ */ bindOpenEvents(modules);
