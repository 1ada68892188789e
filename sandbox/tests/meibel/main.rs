//! The Meibel dialect: the documents' shapes, the framework's behaviour, turns, lists, and that nothing panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod anything;
mod failures;
mod framework;
mod lists;
mod recorded;
mod streams;
mod turns;
mod world;
