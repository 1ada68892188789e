//! Any bytes as what a Meibel server says. From the root of the project:
//! `node fuzz/run.mjs --only meibel` (cargo-fuzz from crates.io).
#![no_main]

use agentline::model::Backend;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| agentline_fuzz::anything(Backend::Meibel, input));
