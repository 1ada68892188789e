// The sandbox for workerd, where the module is compiled before the Worker starts.

import { bindSandbox } from "../sandbox.js";
import compiled from "../sandbox_wasm_bg.wasm";

const bound = /* @__PURE__ */ bindSandbox(async () => compiled);
export const { createSandbox } = bound;
