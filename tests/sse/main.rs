//! The framer against the corpus, and against an oracle on any bytes with any cuts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod corpus;
mod oracle;
mod outcome;
mod property;
