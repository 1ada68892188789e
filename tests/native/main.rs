//! The core, driven natively: every operation against recorded answers cut at every byte, against scripted failures, and
//! against the sandbox under a virtual clock.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod agentcloud;
mod delivery;
mod details;
mod expected;
mod follow;
mod gateway;
mod hostile;
mod live;
mod meibel;
mod metadata;
mod model;
mod paging;
mod reach;
mod recorded;
mod refusals;
mod retries;
mod secrets;
mod sending;
mod sessions;
