//! The Agent Cloud dialect: every recorded exchange again, how answers grow, who may ask, and that nothing panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod anything;
mod live;
mod recorded;
mod sign_in;
mod turns;
mod world;
