//! What the native tests share: operations run under a virtual clock, against scripted answers or against the sandbox.
//!
//! `drive` does what `src/js/driver.js` does, without a network and without waiting; `script` and `world` are the two
//! servers that it runs against; `client` makes the operations as `src/js/mod.rs` does; `units` reads JSON as JavaScript
//! would; `recorded` reads the recorded exchanges; `room` is a server that also tells its answers over a socket.

pub mod client;
pub mod drive;
pub mod recorded;
pub mod room;
pub mod script;
pub mod units;
pub mod world;
