// The gateway for Node, Bun and Deno, and for everything that bundles for them.

import { bindGateway } from "../gateway.js";
import { orInline } from "../load/inline.js";
import { load } from "../load/node.js";

const bound = /* @__PURE__ */ bindGateway(() =>
  orInline(
    // async: in a CommonJS bundle import.meta has no url, and this throws
    async () => load(new URL("../gateway_wasm_bg.wasm", import.meta.url)),
    () => import("../gateway_wasm_inline.js"),
  ),
);
export const { createGateway } = bound;
