//! What goes wrong on purpose, under the virtual clock and over a socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bodies;
mod carried;
mod keeping;
mod rules;
mod whole;
mod world;
