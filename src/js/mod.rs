//! The only place that knows that JavaScript is there. It decides nothing: options come in ([`given`], [`input`]), operations go
//! out as machines that `driver.js` runs ([`machine`]), and their results cross as one text and one table ([`table`]).
//! Rust panics do not cross: nothing here panics, and a trap would still be a catchable error, because every export is
//! synchronous.

#[cfg(feature = "client")]
mod connection;
#[cfg(feature = "client")]
mod conversation;
mod given;
mod input;
mod machine;
#[cfg(test)]
mod parse_tests;
mod request;
mod table;
#[cfg(test)]
mod tests;

use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::operation::Operation;
use machine::Machine;

/// `readEvents`: the events of a body that is there already.
#[wasm_bindgen(js_name = readEvents)]
pub fn read_events(options: Option<Ts<given::ReadOptions>>) -> Machine {
    Machine::new(input::read_options(options).map(|events| Box::new(events) as Box<dyn Operation>))
}

/// `openEvents`: the events of what a request by `method` is answered with. `once` if its body can be sent only once;
/// `seed` is random.
#[wasm_bindgen(js_name = openEvents)]
pub fn open_events(options: JsValue, method: &str, once: bool, seed: u32) -> Machine {
    let open = input::open_options(options, method, once, seed);
    Machine::new(open.map(|open| Box::new(open) as Box<dyn Operation>)).with_all_headers()
}
