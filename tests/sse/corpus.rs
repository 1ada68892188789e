//! The corpus: cases whose expectations were written by hand from the standard.

use crate::oracle;
use crate::outcome::{Outcome, Seen, framed};
use agentline::sse::Framer;
use data_encoding::BASE64;
use serde_json::Value;
use std::path::Path;

const LIMIT: usize = 1 << 20;
/// Longer streams are not cut at every offset, which takes the square of their length, but near
/// both ends and at every 997th byte between.
const CUT_EVERYWHERE: usize = 4096;

struct Case {
    name: String,
    pieces: Vec<Vec<u8>>,
    events: Vec<Seen>,
    events_if_flushed: Vec<Seen>,
    comments: Option<Vec<String>>,
    last_event_id: String,
    retry: Option<u64>,
    initial_last_event_id: String,
}

#[test]
fn every_case_reads_as_the_corpus_expects() {
    for case in cases() {
        case.check(case.pieces.iter().map(Vec::as_slice), "as given");
    }
}

#[test]
fn every_case_reads_the_same_byte_by_byte() {
    for case in cases() {
        let bytes = case.pieces.concat();
        case.check(bytes.chunks(1), "byte by byte");
    }
}

#[test]
fn every_case_reads_the_same_cut_in_two_at_every_offset() {
    for case in cases() {
        let bytes = case.pieces.concat();
        for cut in 0..=bytes.len() {
            let near_an_end = cut < 40 || cut + 40 > bytes.len();
            if bytes.len() <= CUT_EVERYWHERE || near_an_end || cut % 1999 == 0 {
                let (head, tail) = bytes.split_at(cut);
                case.check([head, tail], &format!("cut at {cut}"));
            }
        }
    }
}

#[test]
fn the_oracle_of_the_property_tests_agrees_with_the_corpus() {
    for case in cases() {
        let bytes = case.pieces.concat();
        let got = oracle::read(&bytes, &case.initial_last_event_id, false);
        case.compare(&got, &case.events, "oracle");
        let got = oracle::read(&bytes, &case.initial_last_event_id, true);
        assert_eq!(
            events(&got),
            case.events_if_flushed,
            "{} (oracle, flushed)",
            case.name
        );
    }
}

impl Case {
    fn check<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]> + Clone, how: &str) {
        for keep_comments in [false, true] {
            let got = framed(self.framer(keep_comments), pieces.clone(), false);
            if keep_comments {
                self.compare(&got, &self.events, how);
            } else {
                assert_eq!(got.seen, self.events, "{} ({how})", self.name);
            }
        }
        let got = framed(self.framer(true), pieces, true);
        assert_eq!(
            events(&got),
            self.events_if_flushed,
            "{} ({how}, flushed)",
            self.name
        );
    }

    fn framer(&self, keep_comments: bool) -> Framer {
        let mut framer = Framer::with_last_event_id(LIMIT, self.initial_last_event_id.clone());
        framer.keep_comments(keep_comments);
        framer
    }

    fn compare(&self, got: &Outcome, want: &[Seen], how: &str) {
        let name = &self.name;
        assert_eq!(events(got), want, "{name} ({how})");
        assert_eq!(
            got.last_event_id, self.last_event_id,
            "{name} ({how}): last event id"
        );
        assert_eq!(got.retry, self.retry, "{name} ({how}): retry");
        assert!(!got.overflowed, "{name} ({how}): overflow");
        if let Some(want) = &self.comments {
            let comments: Vec<&String> = got
                .seen
                .iter()
                .filter_map(|seen| match seen {
                    Seen::Comment(comment) => Some(comment),
                    Seen::Event { .. } => None,
                })
                .collect();
            assert_eq!(
                comments,
                want.iter().collect::<Vec<_>>(),
                "{name} ({how}): comments"
            );
        }
    }
}

fn events(outcome: &Outcome) -> Vec<Seen> {
    let is_event = |seen: &&Seen| matches!(seen, Seen::Event { .. });
    outcome.seen.iter().filter(is_event).cloned().collect()
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sse/corpus.json");
    let corpus: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(corpus.len(), 730);
    corpus.iter().map(case).collect()
}

fn case(case: &Value) -> Case {
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let expected = |value: &Value| {
        list(value)
            .iter()
            .map(|event| Seen::Event {
                event: string(&event["event"]),
                data: string(&event["data"]),
                id: string(&event["id"]),
            })
            .collect::<Vec<_>>()
    };
    let events = expected(&case["expect"]);
    Case {
        name: string(&case["name"]),
        pieces: list(&case["chunks"])
            .iter()
            .map(|piece| BASE64.decode(string(piece).as_bytes()).unwrap())
            .collect(),
        events_if_flushed: match case.get("expectIfFlushedAtEnd") {
            Some(flushed) => expected(flushed),
            None => events.clone(),
        },
        events,
        comments: case
            .get("comments")
            .map(|comments| list(comments).iter().map(string).collect()),
        last_event_id: string(&case["lastEventId"]),
        // Two cases hold numbers that no u64 holds: the framer gives the largest.
        retry: case
            .get("retry")
            .map(|retry| retry.as_u64().unwrap_or(u64::MAX)),
        initial_last_event_id: case
            .get("initialLastEventId")
            .map(string)
            .unwrap_or_default(),
    }
}
