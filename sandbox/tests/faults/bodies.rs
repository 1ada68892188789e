//! Faults that change the bytes of an answer, or their times.

use super::world::{DIALECTS, STREAMING, World, in_order, text_of};
use agentline_sandbox::dialect::Dialect;
use agentline_sandbox::{End, Response};
use serde_json::{Value, json};

const SAID: &str = "stream 4 50 añb😀 of several pieces";

/// What a message is answered without faults, and with them.
fn both(dialect: Dialect, rules: &Value) -> (Response, Response) {
    let plain = World::new(dialect, &json!([])).send(SAID);
    let changed = World::new(dialect, rules).send(SAID);
    assert!(in_order(&plain) && in_order(&changed), "{changed:?}");
    assert_eq!(plain.after_ms, changed.after_ms);
    (plain, changed)
}

fn blocks(response: &Response) -> Vec<String> {
    let text = text_of(response).replace("\r\n", "\n").replace('\r', "\n");
    text.split_inclusive("\n\n").map(str::to_owned).collect()
}

#[test]
fn a_cut_answer_holds_so_many_bytes_and_breaks_off_or_ends_as_if_whole() {
    for dialect in DIALECTS {
        for at in [0, 1, 17] {
            for (clean, end) in [(false, End::Cut), (true, End::Clean)] {
                let rules = json!([{"fault": "cut", "at": at, "clean": clean}]);
                let (plain, cut) = both(dialect, &rules);
                assert_eq!(cut.bytes(), plain.bytes()[..at], "{dialect:?}");
                assert_eq!(cut.end, end);
                assert_eq!(cut.status, plain.status);
                let told = plain.header("content-length").map(|length| match clean {
                    true => at.to_string(),
                    false => length.to_owned(),
                });
                assert_eq!(cut.header("content-length"), told.as_deref(), "{dialect:?}");
                let last = cut.body.last().map_or(cut.after_ms, |piece| piece.after_ms);
                assert_eq!(cut.end_after_ms, last);
            }
        }
    }
}

#[test]
fn a_cut_behind_the_last_byte_takes_only_the_end() {
    for dialect in DIALECTS {
        let (plain, cut) = both(dialect, &json!([{"fault": "cut", "at": 1_000_000}]));
        assert_eq!((cut.bytes(), cut.end), (plain.bytes(), End::Cut));
        assert_eq!(cut.end_after_ms, plain.end_after_ms);
        let rules = json!([{"fault": "cut", "at": 1_000_000, "clean": true}]);
        assert_eq!(both(dialect, &rules).1, plain);
    }
}

#[test]
fn where_an_answer_is_cut_is_drawn_by_the_seed() {
    for dialect in DIALECTS {
        let length = |seed: u64| {
            let rules = json!({"seed": seed, "rules": [{"fault": "cut"}]});
            let (plain, cut) = both(dialect, &rules);
            assert!(cut.bytes().len() < plain.bytes().len());
            cut.bytes().len()
        };
        let lengths: Vec<usize> = (0..20).map(length).collect();
        assert_eq!(lengths, (0..20).map(length).collect::<Vec<_>>());
        let different: std::collections::BTreeSet<_> = lengths.iter().collect();
        assert!(different.len() > 10, "{lengths:?}");
    }
}

#[test]
fn a_stalled_answer_stays_open_after_so_many_bytes() {
    for dialect in DIALECTS {
        let (plain, stalled) = both(dialect, &json!([{"fault": "stall", "at": 20}]));
        assert_eq!(stalled.bytes(), plain.bytes()[..20]);
        assert_eq!((stalled.end, stalled.has_head()), (End::Never, true));
    }
}

#[test]
fn a_dripping_answer_comes_in_small_pieces_at_its_pace_and_not_before_its_time() {
    for dialect in DIALECTS {
        for size in [1, 7] {
            let rules = json!([{"fault": "drip", "bytes": size, "every": 10}]);
            let (plain, dripped) = both(dialect, &rules);
            assert_eq!(dripped.bytes(), plain.bytes());
            let (last, others) = dripped.body.split_last().unwrap();
            assert!(others.iter().all(|piece| piece.bytes.len() == size));
            assert!(last.bytes.len() <= size);
            let mut at = dripped.after_ms;
            let mut sent = 0;
            for piece in &dripped.body {
                assert!(piece.after_ms >= at + 10.0, "{dialect:?}");
                at = piece.after_ms;
                sent += piece.bytes.len();
                let there: usize = plain
                    .body
                    .iter()
                    .filter(|piece| piece.after_ms <= at)
                    .map(|piece| piece.bytes.len())
                    .sum();
                assert!(sent <= there, "{dialect:?}");
            }
            assert_eq!(dripped.end, plain.end);
        }
    }
}

#[test]
fn a_frame_comes_twice() {
    for dialect in STREAMING {
        let (plain, doubled) = both(dialect, &json!([{"fault": "duplicate", "frame": 2}]));
        let mut expected = blocks(&plain);
        expected.insert(1, expected[1].clone());
        assert_eq!(blocks(&doubled), expected, "{dialect:?}");
        let beyond = json!([{"fault": "duplicate", "frame": 99}]);
        assert_eq!(both(dialect, &beyond).1.bytes(), plain.bytes());
    }
}

#[test]
fn a_frame_comes_only_after_the_next_one() {
    for dialect in STREAMING {
        let (plain, swapped) = both(dialect, &json!([{"fault": "reorder", "frame": 3}]));
        let mut expected = blocks(&plain);
        expected.swap(2, 3);
        assert_eq!(blocks(&swapped), expected, "{dialect:?}");
        let count = expected.len();
        let last = json!([{"fault": "reorder", "frame": count}]);
        assert_eq!(both(dialect, &last).1.bytes(), plain.bytes());
    }
}

#[test]
fn which_frame_is_struck_is_drawn_by_the_seed_and_one_always_is() {
    for dialect in STREAMING {
        for fault in ["duplicate", "reorder"] {
            let mut found = std::collections::BTreeSet::new();
            for seed in 0..30 {
                let rules = json!({"seed": seed, "rules": [{"fault": fault}]});
                let (plain, struck) = both(dialect, &rules);
                assert_ne!(plain.bytes(), struck.bytes(), "{dialect:?} {fault} {seed}");
                found.insert(struck.bytes());
            }
            assert!(found.len() > 3, "{dialect:?} {fault}: {}", found.len());
        }
    }
}

#[test]
fn frames_are_struck_however_their_lines_end() {
    for dialect in STREAMING {
        for newline in ["crlf", "cr"] {
            let rules = json!([{"fault": "newline", "newline": newline}, {"fault": "duplicate", "frame": 1}, {"fault": "reorder", "frame": 3}]);
            let (plain, struck) = both(dialect, &rules);
            let mut expected = blocks(&plain);
            expected.insert(1, expected[0].clone());
            expected.swap(2, 3);
            assert_eq!(blocks(&struck), expected, "{dialect:?} {newline}");
        }
    }
}

#[test]
fn answers_without_frames_and_lines_are_left_as_they_are() {
    let plain = World::new(Dialect::AgentCloud, &json!([])).send(SAID);
    for rule in [
        json!({"fault": "duplicate"}),
        json!({"fault": "reorder"}),
        json!({"fault": "newline", "newline": "cr"}),
    ] {
        assert_eq!(
            World::new(Dialect::AgentCloud, &json!([rule])).send(SAID),
            plain
        );
    }
}

#[test]
fn lines_end_as_they_are_told_and_their_times_stay() {
    for dialect in STREAMING {
        for (newline, end) in [("crlf", "\r\n"), ("cr", "\r")] {
            let rules = json!([{"fault": "newline", "newline": newline}]);
            let (plain, changed) = both(dialect, &rules);
            assert_eq!(text_of(&changed), text_of(&plain).replace('\n', end));
            let times = |response: &Response| -> Vec<f64> {
                response.body.iter().map(|piece| piece.after_ms).collect()
            };
            assert_eq!(times(&changed), times(&plain));
            // What is changed already is changed again.
            let again = json!([rules[0], {"fault": "newline", "newline": "crlf"}]);
            assert_eq!(
                text_of(&both(dialect, &again).1),
                text_of(&plain).replace('\n', "\r\n")
            );
        }
    }
}

#[test]
fn a_byte_order_mark_stands_before_the_body_and_counts_in_its_length() {
    for dialect in DIALECTS {
        let (plain, marked) = both(dialect, &json!([{"fault": "bom"}]));
        assert_eq!(text_of(&marked), format!("\u{feff}{}", text_of(&plain)));
        if plain.header("content-length").is_some() {
            let length = marked.bytes().len().to_string();
            assert_eq!(marked.header("content-length"), Some(&*length));
        }
    }
}

#[test]
fn characters_of_several_bytes_are_cut_in_two_with_a_pause_between_the_halves() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect, &json!([]));
        world.send(SAID);
        world.now += 60_000.0;
        let plain = world.get_history();
        let rules = json!([{"fault": "split", "pause": 3}]);
        world.sandbox.switch_faults(super::world::faults(&rules));
        let split = world.get_history();
        assert_eq!(split.bytes(), plain.bytes());
        assert!(in_order(&split));
        let wide = text_of(&plain).chars().filter(|c| c.len_utf8() > 1).count();
        assert!(wide >= 2, "{dialect:?}");
        assert_eq!(split.body.len(), wide + 1, "{dialect:?}");
        for (piece, next) in split.body.iter().zip(split.body.iter().skip(1)) {
            assert!(std::str::from_utf8(&piece.bytes).is_err());
            assert_eq!(next.after_ms, piece.after_ms + 3.0);
        }
    }
}

#[test]
fn faults_are_applied_one_after_another() {
    let rules = json!([{"fault": "bom"}, {"fault": "cut", "at": 5}, {"fault": "drip", "every": 2, "bytes": 2}]);
    for dialect in DIALECTS {
        let (plain, changed) = both(dialect, &rules);
        let expected = [b"\xef\xbb\xbf", &plain.bytes()[..2]].concat();
        assert_eq!((changed.bytes(), changed.end), (expected, End::Cut));
        assert_eq!(changed.body.len(), 3);
    }
    // The other way round it is the cut answer that gets the mark.
    let rules = json!([{"fault": "cut", "at": 5}, {"fault": "bom"}]);
    let (plain, changed) = both(Dialect::Eliza, &rules);
    assert_eq!(
        changed.bytes(),
        [b"\xef\xbb\xbf", &plain.bytes()[..5]].concat()
    );
}

#[test]
fn an_answer_that_turns_into_another_keeps_its_faults_and_its_past() {
    for rule in [
        json!({"fault": "cut"}),
        json!({"fault": "stall"}),
        json!({"fault": "drip", "every": 3, "bytes": 9}),
        json!({"fault": "duplicate"}),
        json!({"fault": "reorder"}),
        json!({"fault": "newline", "newline": "cr"}),
        json!({"fault": "bom"}),
        json!({"fault": "split"}),
        json!({"fault": "lose"}),
        json!({"fault": "hang"}),
        json!({"fault": "status", "status": 503, "taken": true}),
    ] {
        for seed in 0..20 {
            let rules = json!({"seed": seed, "rules": [rule]});
            let mut world = World::new(Dialect::Eliza, &rules);
            let promised = world.send(SAID);
            let turn = promised.turn.unwrap();
            assert_eq!(world.sandbox.overtaken(turn), None);
            world.now += 120.0;
            world.send("say newer");
            let instead = world.sandbox.overtaken(turn).unwrap();
            assert!(in_order(&instead), "{rule} {seed}");
            let past = |response: &Response| {
                let pieces = response.body.iter();
                let past = pieces.filter(|piece| piece.after_ms < 120.0);
                past.cloned().collect::<Vec<_>>()
            };
            assert_eq!(past(&promised), past(&instead), "{rule} {seed}");
            assert_eq!(promised.has_head(), instead.has_head(), "{rule} {seed}");
        }
    }
}
