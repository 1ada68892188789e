//! The gateway's side of the boundary: it decides nothing. `gateway.js` carries what [`crate::gateway`] decides.

use wasm_bindgen::prelude::*;

use crate::gateway::relay;

/// Small, and only ever used by one thread at a time.
#[cfg(not(feature = "events"))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The body of an answer on its way through.
#[wasm_bindgen]
pub struct Relay(relay::Relay);

#[wasm_bindgen]
impl Relay {
    /// A body of at most `most` bytes that shall not hold any of `secrets`.
    #[wasm_bindgen(constructor)]
    pub fn new(secrets: Vec<String>, most: f64) -> Relay {
        Relay(relay::Relay::new(&secrets, most))
    }

    /// What may go out once `bytes` came in; nothing once the body is too large.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0.push(bytes).ok()
    }

    /// The rest, once the body ended.
    pub fn end(&mut self) -> Vec<u8> {
        self.0.end()
    }

    /// Whether what went out ends between two events.
    #[wasm_bindgen(getter, js_name = isBetweenEvents)]
    pub fn is_between_events(&self) -> bool {
        self.0.is_between_events()
    }
}
