//! agentline: one typed client for hosted AI agents, for the web and its edges.
//!
//! Rust decides, JavaScript carries. Everything here but `js` does no I/O, knows no clock and no JavaScript; the driver
//! (`js/driver.js`) does `fetch`, reads and waits. The modules stand in the order in which the data goes:
//!
//! out: `js` → `operation` → `backend` (encodes) → `http` → driver
//! in: driver → `sse`, `socket`, `json` → `backend` (decodes its wire) → `model` → `js`
//!
//! `conversation` puts what operations bring in and send out together for user interfaces. `gateway` stands between a page's
//! client and a server, and has a WebAssembly file of its own. What looks at every byte is in a crate of its own, `bytes/`.

pub mod socket;

pub use agentline_bytes::{json, model, order, room, sse, table, text, time, wire, word};

pub mod error;
pub mod http;
pub mod settings;

pub mod backend;
pub mod operation;

pub mod conversation;

pub mod gateway;

#[cfg(all(target_arch = "wasm32", any(feature = "read", feature = "client")))]
mod js;
#[cfg(all(target_arch = "wasm32", feature = "gateway"))]
#[path = "js/gateway.rs"]
mod js_gateway;
