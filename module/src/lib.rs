//! The crate that becomes a WebAssembly file: the exports are those of agentline, and the features say which. It is a crate
//! of its own because the last one decides how all are optimized together, and because the allocator is part of every hot
//! path: agentline itself is compiled for size.

extern crate agentline as _;

/// Small, and only ever used by one thread at a time.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
