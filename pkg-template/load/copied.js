// For entries whose files lie beside the code, or were not copied along: then the copy of all that is in the code is taken.
// The addresses are made late and in an async function: in a CommonJS bundle import.meta has no url, and that throws.

import { Modules } from "../module.js";
import { orInline } from "./inline.js";

/** @param {(file: URL) => WebAssembly.Module | Promise<WebAssembly.Module>} load */
export function copied(load) {
  const beside = (file) =>
    orInline(
      async () => load(file()),
      () => import("../agentline_wasm_inline.js"),
    );
  return new Modules({
    read: () => beside(() => new URL("../read_wasm_bg.wasm", import.meta.url)),
    events: () => beside(() => new URL("../events_wasm_bg.wasm", import.meta.url)),
    meibel: () => beside(() => new URL("../meibel_wasm_bg.wasm", import.meta.url)),
    agentcloud: () => beside(() => new URL("../agentcloud_wasm_bg.wasm", import.meta.url)),
    eliza: () => beside(() => new URL("../eliza_wasm_bg.wasm", import.meta.url)),
  });
}
