// The gateway for workerd, where the module is compiled before the Worker starts.

import { bindGateway } from "../gateway.js";
import compiled from "../gateway_wasm_bg.wasm";

const bound = /* @__PURE__ */ bindGateway(() => compiled);
export const { createGateway } = bound;
