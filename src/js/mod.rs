//! The only place that knows that JavaScript is there. It decides nothing: options come in ([`given`], [`input`]), operations go
//! out as machines that `driver.js` runs ([`machine`]), and their results cross as one text and one table ([`table`]).
//! Rust panics do not cross: nothing here panics, and a trap would still be a catchable error, because every export is
//! synchronous.

#[cfg(feature = "client")]
mod connection;
#[cfg(feature = "client")]
mod conversation;
#[cfg(feature = "read")]
mod events;
mod given;
mod input;
mod machine;
#[cfg(test)]
mod parse_tests;
#[cfg(feature = "request")]
mod request;
mod table;
#[cfg(test)]
mod tests;

use wasm_bindgen::prelude::wasm_bindgen;

/// What this module is for: `readEvents`, `openEvents`, clients, and which backends of them.
const NEEDS: &[&str] = &[
    #[cfg(feature = "read")]
    "read",
    #[cfg(feature = "events")]
    "events",
    #[cfg(feature = "client")]
    "client",
    #[cfg(feature = "meibel")]
    "meibel",
    #[cfg(feature = "agentcloud")]
    "agentcloud",
    #[cfg(feature = "eliza")]
    "eliza",
];

/// Whether this module is for a need.
#[wasm_bindgen]
pub fn holds(need: &str) -> bool {
    NEEDS.contains(&need)
}
