//! Any bytes, cut anywhere, against the standard read word by word; and as the bytes of two connections.
//!
//! The first byte tells how the rest is cut and framed. From the root of the project:
//! `node fuzz/run.mjs --only sse` (cargo-fuzz from crates.io).
#![no_main]

#[path = "../../tests/sse/oracle.rs"]
mod oracle;
#[path = "../../tests/sse/outcome.rs"]
mod outcome;

use agentline::sse::Framer;
use libfuzzer_sys::fuzz_target;
use outcome::{Seen, framed, reframed};

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let keep_comments = how & 1 == 1;
    let dispatch_unfinished = how & 2 == 2;
    let piece = usize::from(how >> 2).max(1);
    let framer = |limit: usize| {
        let mut framer = Framer::new(limit);
        framer.keep_comments(keep_comments);
        framer
    };

    let mut want = oracle::read(bytes, "", dispatch_unfinished);
    if !keep_comments {
        want.seen.retain(|seen| matches!(seen, Seen::Event { .. }));
    }
    let got = framed(framer(usize::MAX), bytes.chunks(piece), dispatch_unfinished);
    assert_eq!(got, want);

    let (first, second) = bytes.split_at(bytes.len() / 2);
    let before = oracle::read(first, "", false);
    let mut want = oracle::read(second, &before.last_event_id, false);
    want.retry = want.retry.or(before.retry);
    if !keep_comments {
        want.seen.retain(|seen| matches!(seen, Seen::Event { .. }));
    }
    let got = reframed(
        framer(usize::MAX),
        first.chunks(piece),
        second.chunks(piece),
    );
    assert_eq!(got, want);

    let cut = framed(framer(8), bytes.chunks(piece), dispatch_unfinished);
    let whole = framed(framer(8), [bytes], dispatch_unfinished);
    assert_eq!(cut, whole);
});
