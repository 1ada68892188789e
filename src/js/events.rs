//! Streams of events that are read for their own sake: what their caller asks for becomes machines.

use tsify::Ts;
use wasm_bindgen::prelude::*;

use super::machine::Machine;
use super::{given, input};
use crate::operation::Operation;

/// `readEvents`: the events of a body that is there already.
#[wasm_bindgen(js_name = readEvents)]
pub fn read_events(options: Option<Ts<given::ReadOptions>>) -> Machine {
    Machine::new(input::read_options(options).map(|events| Box::new(events) as Box<dyn Operation>))
}

/// `openEvents`: the events of what a request by `method` is answered with. `once` if its body can be sent only once;
/// `seed` is random.
#[cfg(feature = "events")]
#[wasm_bindgen(js_name = openEvents)]
pub fn open_events(options: JsValue, method: &str, once: bool, seed: u32) -> Machine {
    let open = input::open_options(options, method, once, seed);
    Machine::new(open.map(|open| Box::new(open) as Box<dyn Operation>)).with_all_headers()
}
