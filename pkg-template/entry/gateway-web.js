// The gateway for pages' service workers, and everything that bundles for other places.

import { bindGateway } from "../gateway.js";
import { load } from "../load/web.js";

const bound = /* @__PURE__ */ bindGateway(() =>
  load(new URL("../gateway_wasm_bg.wasm", import.meta.url)),
);
export const { createGateway } = bound;
