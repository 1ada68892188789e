//! Every recorded exchange, fed to the operation that makes it: as it came, cut anywhere, and broken off anywhere.

use agentline::json::write;
use serde_json::{Value, json};

use crate::expected::{Case, cases, error, partial_text, shown};
use crate::support::drive::{Answer, End, Run, Seen};
use crate::support::units::{self, parse};

/// Bodies up to this size are cut at every offset, larger ones (histories) at every offset of their edges and at every
/// 61st between.
const SMALL: usize = 4096;

fn offsets(length: usize) -> impl Iterator<Item = usize> {
    (0..=length).filter(move |at| length <= SMALL || at % 61 == 0 || *at < 64 || length - at < 64)
}

#[test]
fn every_recorded_answer_means_what_the_contract_says() {
    for case in cases() {
        case.check(&case.run(case.answer()));
    }
}

#[test]
fn an_answer_cut_in_two_at_any_byte_gives_the_same() {
    for case in cases() {
        let body = &case.exchange.body;
        let whole = case.run(case.answer());
        for at in offsets(body.len()) {
            let cut = case.run(case.answer().cut_at(body, at));
            assert_eq!(cut, whole, "{} cut at {at}", case.name());
        }
    }
}

#[test]
fn an_answer_that_comes_byte_by_byte_gives_the_same() {
    for case in cases() {
        let whole = case.run(case.answer());
        let bytes = case.answer().pieces(case.exchange.body.chunks(1));
        assert_eq!(case.run(bytes), whole, "{}", case.name());
    }
}

/// What is left of an answer of which only so many bytes came.
fn left(case: &Case, at: usize, end: End) -> Run {
    let body = &case.exchange.body[..at];
    case.run(case.answer().pieces([body]).ending(end))
}

#[test]
fn a_stream_that_ends_anywhere_is_a_beginning_and_then_truncated() {
    for case in cases().iter().filter(|case| case.is_stream()) {
        let body = String::from_utf8(case.exchange.body.clone()).unwrap();
        // LF only, as recorded: an event is there when its blank line is
        let ends: Vec<usize> = body.match_indices("\n\n").map(|(at, _)| at + 2).collect();
        let terminal = ["event: done", "event: error"];
        let ended = body
            .split("\n\n")
            .any(|event| terminal.iter().any(|end| event.starts_with(end)));
        let whole = case.run(case.answer());
        for at in 0..=body.len() {
            for end in [
                End::Clean,
                End::Broken(None),
                End::Broken(Some("ECONNRESET")),
            ] {
                let code = match &end {
                    End::Broken(code) => *code,
                    _ => None,
                };
                let name = format!("{} ended at {at}: {end:?}", case.name());
                let run = left(case, at, end);
                let events = ends.iter().filter(|end| **end <= at).count();
                if ended && events == ends.len() {
                    assert_eq!(run, whole, "{name}");
                    continue;
                }
                assert_eq!(run.seen[..], whole.seen[..events], "{name}");
                let delivered = if events > 0 { "yes" } else { "unknown" };
                let mut expected = json!({"kind": "truncated", "status": 200, "retryable": false, "delivered": delivered});
                if let Some(code) = code {
                    expected["code"] = code.into();
                }
                assert_eq!(error(&run), Some(expected), "{name}");
                let text = shown(&run.seen);
                assert_eq!(
                    partial_text(&run),
                    Some(text).filter(|text| !text.is_empty()),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn json_that_ends_anywhere_before_its_end_is_no_answer() {
    for case in cases() {
        let status = case.answer().head.map_or(0, |head| head.status);
        if case.is_stream() || status == 0 || case.word("operation") == "delete" {
            continue;
        }
        let sends = ["send", "stream"].contains(&case.word("operation"));
        for at in offsets(case.exchange.body.len() - 1) {
            let run = left(case, at, End::Clean);
            let name = format!("{} ended at {at}", case.name());
            assert_eq!(run.kinds(), [""; 0], "{name}");
            let found = error(&run).unwrap();
            if status < 300 {
                let mut expected =
                    json!({"kind": "protocol", "status": status, "retryable": false});
                if sends {
                    expected["kind"] = "truncated".into();
                    expected["delivered"] = "yes".into();
                }
                assert_eq!(found, expected, "{name}");
                continue;
            }
            // half a refusal is a refusal still; only what it says is not known
            let wanted = &case.expected["error"];
            let agent = wanted["kind"] == "agent";
            let kind = if agent {
                &Value::from("server")
            } else {
                &wanted["kind"]
            };
            let delivered = if agent {
                &Value::from("unknown")
            } else {
                &wanted["delivered"]
            };
            assert_eq!(
                (&found["kind"], &found["delivered"]),
                (kind, delivered),
                "{name}"
            );
            assert_eq!(found["status"], status, "{name}");
            assert_eq!(found["code"], Value::Null, "{name}");
        }
    }
}

#[test]
fn json_whose_connection_breaks_anywhere_is_a_network_error_and_only_reads_are_repeated() {
    for case in cases() {
        let status = case.answer().head.map_or(0, |head| head.status);
        if case.is_stream() || status == 0 || case.word("operation") == "delete" {
            continue;
        }
        let operation = case.word("operation");
        let sends = ["send", "stream"].contains(&operation);
        let reads = ["get", "list", "history"].contains(&operation);
        for at in offsets(case.exchange.body.len()) {
            let name = format!("{} broken at {at}", case.name());
            let run = left(case, at, End::Broken(Some("UND_ERR_SOCKET")));
            assert_eq!(run.kinds(), [""; 0], "{name}");
            assert_eq!(run.requests.len(), if reads { 3 } else { 1 }, "{name}");
            let delivered = match status {
                _ if !sends => Value::Null,
                ..300 => "yes".into(),
                500.. => "unknown".into(),
                _ => "no".into(),
            };
            let retryable = reads || (300..500).contains(&status);
            let found = error(&run).unwrap();
            assert_eq!(found["kind"], "network", "{name}");
            assert_eq!(found["delivered"], delivered, "{name}");
            assert_eq!(found["retryable"], retryable, "{name}");
        }
    }
}

#[test]
fn a_session_that_is_removed_is_removed_however_the_answer_ends() {
    let case = cases()
        .iter()
        .find(|case| case.name() == "delete-ok")
        .unwrap();
    for at in 0..=case.exchange.body.len() {
        for end in [End::Clean, End::Broken(None)] {
            let run = left(case, at, end);
            assert_eq!((run.error, run.requests.len()), (None, 1), "at {at}");
        }
    }
}

#[test]
fn an_emoji_cut_in_two_by_the_server_stays_two_halves_on_the_way_and_one_emoji_in_the_end() {
    let case = cases()
        .iter()
        .find(|case| case.name() == "sse-emoji")
        .unwrap();
    let run = case.run(case.answer());
    let deltas: Vec<Vec<u16>> = run
        .seen
        .iter()
        .filter(|seen| matches!(seen, Seen::Event("content", _)))
        .map(|seen| parse(&seen.json()).at("delta").string().to_vec())
        .collect();
    // as recorded: 😀 and the first half of 👨, its second half, a joiner and the first half of 👩
    assert_eq!(deltas[4], [0xD83D, 0xDE00, 0xD83D]);
    assert_eq!(deltas[5], [0xDC68, 0x200D, 0xD83D]);
    assert_eq!(deltas[18], [0xDC67, 0xE9, 0xD83D]);
    assert_eq!(
        deltas.concat(),
        units::units(&"😀👨\u{200D}👩\u{200D}👧é".repeat(6))
    );
    // broken off between the halves, what had arrived is told with the half that had
    let events = String::from_utf8(case.exchange.body.clone()).unwrap();
    let at = events.match_indices("\n\n").nth(5).unwrap().0 + 2;
    let cut = left(case, at, End::Clean);
    assert_eq!(partial_text(&cut), Some(deltas[..5].concat()));
}

#[test]
fn no_error_holds_the_stack_of_a_server() {
    let stack = "Error: x\\n    at handler (file:///srv/app/node_modules/@elizaos/server/dist/index.js:31:7)";
    for case in cases() {
        let text = String::from_utf8(case.exchange.body.clone()).unwrap();
        // the recorded stacks were blotted out: put one in their place
        let text = text.replace("<stack of the server>", stack);
        let run = case.run(Answer {
            body: vec![(0.0, text.into_bytes())],
            ..case.answer()
        });
        if run.error.is_some() {
            let error = write::text(run.failed());
            assert!(!error.contains("stack\""), "{}: {error}", case.name());
            assert!(!error.contains("/srv/app"), "{}: {error}", case.name());
        }
    }
}

#[test]
fn whatever_words_of_its_answer_are_the_key_no_error_holds_it() {
    // what every error is made of
    let ours = [
        "message",
        "retryable",
        "delivered",
        "backend",
        "status",
        "partial",
        "complete",
        "metadata",
        "requestId",
        "redacted",
        "unknown",
        "assistant",
        "invalid",
        "unauthorized",
        "not_found",
        "expired",
        "rate_limited",
        "server",
        "truncated",
        "network",
        "retryAfter",
        "author",
    ];
    let mut tried = 0;
    for case in cases()
        .iter()
        .filter(|case| case.expected.get("error").is_some())
    {
        let mut text = String::from_utf8(case.exchange.body.clone()).unwrap();
        text.truncate(2000);
        let mut words: Vec<&str> = text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_:.".contains(letter))
            .map(|word| word.trim_matches([':', '.']))
            .filter(|word| word.len() > 5 && !ours.contains(word))
            .collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            let run = case.run_with_key(case.answer(), Some(word));
            let mut error = run.failed().clone();
            // ids are the server's, and no key is one
            if let Some(partial) = &mut error.partial {
                partial.message.id = String::new().into();
                partial.message.author = None;
            }
            let error = write::text(&error);
            // names of our own fields are no secret, even where a key is spelled like one
            assert!(!error.contains(word), "{}: {word} in {error}", case.name());
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}
