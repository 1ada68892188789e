// The gateway for Vercel's and Next's edge runtime, where compiling bytes is refused: `?module` asks its bundlers for the
// compiled module.

import { bindGateway } from "../gateway.js";
import compiled from "../gateway_wasm_bg.wasm?module";

const bound = /* @__PURE__ */ bindGateway(() => compiled);
export const { createGateway } = bound;
