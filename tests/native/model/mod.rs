//! A model of what may happen: a user, a server and what goes wrong between them, by a seed, under a virtual clock. After
//! each action and at the end of each schedule: no message doubled, none lost without an error, the transcript in order,
//! every text what the server holds, and every operation over in a bounded time.
//!
//! `AGENTLINE_SCHEDULES=1000000 cargo test --release --test native model` runs more of them, `AGENTLINE_SEED=7` that one
//! alone. A seed that failed once stays here as a test.

mod played;
mod schedule;

use agentline::model::Backend;

/// How many schedules there are for each backend, unless the environment says so.
const SCHEDULES: u64 = 10_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[track_caller]
fn play(backend: Backend) {
    if let Some(seed) = number("AGENTLINE_SEED") {
        return played::play(backend, seed, true);
    }
    let first = number("AGENTLINE_FIRST").unwrap_or_default();
    for seed in first..first + number("AGENTLINE_SCHEDULES").unwrap_or(SCHEDULES) {
        let played = std::panic::catch_unwind(|| played::play(backend, seed, false));
        if played.is_err() {
            panic!(
                "schedule {seed} of {backend:?} fails: AGENTLINE_SEED={seed} cargo test --test native model -- --nocapture"
            );
        }
    }
}

#[test]
fn whatever_happens_with_elizaos_no_message_is_doubled_or_lost() {
    play(Backend::Eliza);
}

#[test]
fn whatever_happens_with_meibel_no_message_is_doubled_or_lost() {
    play(Backend::Meibel);
}

#[test]
fn whatever_happens_with_agent_cloud_no_message_is_doubled_or_lost() {
    play(Backend::AgentCloud);
}
