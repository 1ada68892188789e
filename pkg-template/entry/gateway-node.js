// The gateway for Node, Bun and Deno.

import { bindGateway } from "../gateway.js";
import { load } from "../load/node.js";

const bound = /* @__PURE__ */ bindGateway(() =>
  load(new URL("../gateway_wasm_bg.wasm", import.meta.url)),
);
export const { createGateway } = bound;
