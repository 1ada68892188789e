// The sandbox for Node, Bun and Deno.

import { load } from "../load/node.js";
import { bindSandbox } from "../sandbox.js";

const bound = /* @__PURE__ */ bindSandbox(() =>
  load(new URL("../sandbox_wasm_bg.wasm", import.meta.url)),
);
export const { createSandbox } = bound;
