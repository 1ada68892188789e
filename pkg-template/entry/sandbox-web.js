// The sandbox for pages and everything that bundles for them.

import { load } from "../load/web.js";
import { bindSandbox } from "../sandbox.js";

const bound = /* @__PURE__ */ bindSandbox(() =>
  load(new URL("../sandbox_wasm_bg.wasm", import.meta.url)),
);
export const { createSandbox } = bound;
