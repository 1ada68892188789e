//! What no server should send: recorded answers damaged anyhow, nesting, size, histories made to be slow, answers that
//! grow in any way, and the key in every place.

use std::time::{Duration, Instant};

use agentline::error::ErrorKind;
use agentline::http::Method;
use agentline::json::write;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{client, id, teamless};
use crate::expected::shown;
use crate::hostile::{NAMES, configured, is_sane, made};
use crate::support::client::{message, range};
use crate::support::drive::{Answer, Run, Seen, run, run_with_key};
use crate::support::script::Script;
use crate::support::units::parse;

const SESSION: &str = "6b01ef2d11f2e31b0c34e803";

/// The bodies of all recorded answers.
fn bodies() -> Vec<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/agentcloud/exchanges.jsonl"
    );
    let lines = std::fs::read_to_string(path).unwrap();
    let body = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        match line.get("response")?.get("body")? {
            Value::String(text) => Some(text.clone().into_bytes()),
            body => Some(body.to_string().into_bytes()),
        }
    };
    lines.lines().filter_map(body).collect()
}

/// That answer again and again, until the server has had enough.
fn again(answer: &Answer) -> Script<'_> {
    Script::new(move |_, count| match count {
        ..20 => answer.clone(),
        _ => Answer::json(400, "enough"),
    })
}

proptest! {
    #![proptest_config(configured(1_000))]

    #[test]
    fn a_recorded_answer_damaged_anyhow_is_an_outcome_or_an_error(
        pick: prop::sample::Index,
        status in prop::sample::select(vec![200, 200, 200, 201, 400, 403, 500]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>(), 1..20usize), 0..4),
    ) {
        let bodies = bodies();
        let mut body = pick.get(&bodies).clone();
        for (place, how, byte, length) in damage {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            let to = (at + length).min(body.len());
            match how {
                0 => body[at] = byte,
                1 => drop(body.drain(at..to)),
                2 => body.insert(at, byte),
                _ => {
                    let again = body[at..to].to_vec();
                    body.splice(at..at, again);
                }
            }
        }
        let answer = Answer::json(status, &body);
        for name in NAMES {
            for client in [client(), teamless()] {
                is_sane(&run(&mut again(&answer), made(&client, name)));
            }
        }
        is_sane(&run(&mut again(&answer), client().start(SESSION)));
        let signed_in = run(&mut again(&answer), client().sign_in("a@example.com", "password"));
        prop_assert_eq!(signed_in.seen.len() + usize::from(signed_in.error.is_some()), 1);
    }
}

/// A row in pieces, each with its time.
fn streamed(number: u64, pieces: &[(usize, &String)]) -> Value {
    let chunks: Vec<Value> = pieces
        .iter()
        .map(|(ts, piece)| json!({"ts": number as f64 * 1e3 + *ts as f64 / 4.0, "chunk": piece, "tokens": 1}))
        .collect();
    json!({
        "_id": id(number), "chunkId": format!("chunk-{number}"), "chunks": chunks, "tokens": 1, "authorId": null,
        "authorName": "Helper", "isFeedback": false, "ts": number as f64 * 1e3,
        "message": {"incoming": false, "message": {"text": pieces.first().map(|(_, piece)| piece), "single": false}}
    })
}

proptest! {
    #![proptest_config(configured(400))]

    /// Pieces are stored in any order, seen at any moment; the end may be there before the last of them is.
    #[test]
    fn however_an_answer_grows_its_deltas_join_to_what_is_stored_in_the_end(
        bubbles in prop::collection::vec(prop::collection::vec("[a-z😀 ]{0,4}", 1..6), 1..4),
        seed: u64,
        stream: bool,
    ) {
        let mut random = seed | 1;
        let mut chance = |most: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random as usize % most.max(1)
        };
        let mut own = streamed(10, &[(0, &"what?".to_owned())]);
        own["message"]["incoming"] = json!(true);
        // the order in which the pieces are stored
        let mut pieces: Vec<(usize, usize)> = bubbles.iter().enumerate()
            .flat_map(|(bubble, words)| (0..words.len()).map(move |word| (bubble, word))).collect();
        for at in 1..pieces.len() {
            if chance(3) == 0 {
                pieces.swap(at - 1, at);
            }
        }
        let end = streamed(100, &[(0, &"?".to_owned())]);
        let rows = |stored: usize, ended: bool| {
            let mut rows = vec![own.clone()];
            for (bubble, words) in bubbles.iter().enumerate() {
                let there: Vec<(usize, &String)> = pieces[..stored].iter().filter(|(of, _)| *of == bubble)
                    .map(|(_, word)| (*word, &words[*word])).collect();
                if !there.is_empty() {
                    rows.push(streamed(11 + bubble as u64, &there));
                }
            }
            if ended {
                let mut end = end.clone();
                end["isFeedback"] = json!(true);
                rows.push(end);
            }
            rows
        };
        let mut looks = vec![rows(0, false)];
        let mut stored = 0;
        while stored < pieces.len() {
            stored = (stored + chance(3)).min(pieces.len());
            looks.push(rows(stored, stored == pieces.len()));
        }
        looks.push(rows(pieces.len(), true));
        let mut at = 0;
        let mut sent = false;
        let mut script = Script::new(|request, _| {
            if request.method == Method::Post {
                sent = true;
                return Answer::json(200, "{}");
            }
            let Some((_, after)) = request.url.split_once("?messageId=") else {
                let session = json!({"session": {"_id": SESSION, "status": "running"}, "app": {"type": "chat"}});
                return Answer::json(200, session.to_string());
            };
            if !sent {
                return Answer::json(200, "[]");
            }
            let rows = &looks[at.min(looks.len() - 1)];
            at += 1;
            let behind: Vec<&Value> = rows.iter().filter(|row| row["_id"].as_str().unwrap() > after).collect();
            Answer::json(200, json!(behind).to_string())
        });
        let question = message("what?");
        let run = match stream {
            true => run(&mut script, client().stream(SESSION, &question)),
            false => run(&mut script, client().send(SESSION, &question)),
        };
        is_sane(&run);
        prop_assert_eq!(&run.error, &None);
        let mut spoken: Vec<String> = bubbles.iter().map(|words| words.concat()).filter(|text| !text.is_empty()).collect();
        spoken.push("?".to_owned());
        let text = match run.seen.last().unwrap() {
            Seen::Reply(reply) => reply.message.text.to_string_lossy().into_owned(),
            done => parse(&done.json()).at("reply.message.text").text(),
        };
        prop_assert_eq!(&text, &spoken.join("\n\n"));
        if stream {
            prop_assert_eq!(String::from_utf16(&shown(&run.seen)).unwrap(), text);
        }
    }
}

fn page(body: &str) -> Run {
    run(
        &mut Script::always(Answer::json(200, body)),
        client().page(SESSION, &range(10, None, None)),
    )
}

#[test]
fn nesting_has_a_limit_beyond_which_an_answer_is_refused_without_a_crash() {
    let nested = |depth: usize| {
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        format!(
            r#"[{{"_id":"{}","message":{{"message":{{"text":{deep}}}}}}}]"#,
            id(1)
        )
    };
    assert_eq!(page(&nested(500)).error, None);
    for depth in [600, 100_000] {
        assert_eq!(
            page(&nested(depth)).failed().kind,
            ErrorKind::Protocol,
            "{depth}"
        );
    }
}

#[test]
fn long_histories_take_a_time_that_grows_as_they_do() {
    // many pieces of one row, in the order that is worst for joining one by one; many rows of one message; many rows
    let pieces = |count: usize| {
        let chunks: Vec<String> = (0..count)
            .rev()
            .map(|at| format!(r#"{{"ts":{at}.5,"chunk":"x"}}"#))
            .collect();
        format!(
            r#"[{{"_id":"{}","chunkId":"a","chunks":[{}]}}]"#,
            id(1),
            chunks.join(",")
        )
    };
    let rows = |count: usize, same: bool| {
        let row = |at: usize| {
            let chunk_id = if same { 0 } else { at };
            format!(
                r#"{{"_id":"{}","chunkId":"{chunk_id}","ts":{},"chunks":[{{"ts":{at},"chunk":"x"}}]}}"#,
                id((count - at) as u64),
                count - at
            )
        };
        format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","))
    };
    let timed = |body: String| {
        let begun = Instant::now();
        assert_eq!(page(&body).error, None);
        begun.elapsed()
    };
    for make in [
        &pieces as &dyn Fn(usize) -> String,
        &|count| rows(count, true),
        &|count| rows(count, false),
    ] {
        let (small, large) = (timed(make(4_000)), timed(make(64_000)));
        // sixteen times as much; a square would be 256 times
        assert!(
            large < small * 80 + Duration::from_millis(200),
            "{small:?} and {large:?}"
        );
    }
}

#[test]
fn sixty_four_megabytes_of_history_are_read_and_one_byte_more_is_refused() {
    let most = 67_108_864;
    let frame = format!(
        r#"[{{"_id":"{}","message":{{"message":{{"text":""}}}}}}]"#,
        id(1)
    );
    let body =
        |size: usize| frame.replace("\"\"", &format!("\"{}\"", "x".repeat(size - frame.len())));
    let whole = page(&body(most));
    assert_eq!(
        whole.messages()[0].text.as_str().map(str::len),
        Some(most - frame.len())
    );
    assert_eq!(page(&body(most + 1)).failed().kind, ErrorKind::TooLarge);
}

#[test]
fn wherever_a_server_echoes_the_key_no_error_holds_it() {
    let key = "s3cret-\"key\"\\of/mine";
    let escaped = serde_json::to_string(key).unwrap();
    let unicode: String = key
        .chars()
        .map(|letter| format!("\\u{:04x}", letter as u32))
        .collect();
    let mut tried = 0;
    for spelled in [escaped.trim_matches('"'), &unicode] {
        for body in [
            format!(
                r#"{{"error":"An error occurred. Please contact support with code: {spelled}"}}"#
            ),
            format!(r#"{{"message":"{spelled}","code":"{spelled}"}}"#),
            format!(r#"{{"redirect":"/login?goto={spelled}"}}"#),
            format!(r#"{{"redirect":"/x?{spelled}","{spelled}":["{spelled}"]}}"#),
            format!(r#"[{{"_id":"{spelled}"}}]"#),
            format!(r#"{{"session":{{"_id":"{spelled}"}}}}"#),
            format!(r#"{{"account":{{"orgs":[{{"teams":[{{"id":"{spelled}"}}]}}]}}}}"#),
        ] {
            for status in [200, 400, 403, 500] {
                for name in NAMES {
                    for client in [client(), teamless()] {
                        let answer = Answer::json(status, &body).retry_after("896");
                        let run = run_with_key(
                            &mut Script::always(answer),
                            made(&client, name),
                            Some(key),
                        );
                        let Some(error) = &run.error else { continue };
                        let error = write::text(error).replace('\\', "");
                        assert!(!error.contains("s3cret"), "{name}: {error}");
                        tried += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn a_key_that_the_agent_repeats_does_not_stay_in_the_partial_answer() {
    let mut own = streamed(10, &[(0, &"x".to_owned())]);
    own["message"]["incoming"] = json!(true);
    let mut failed = streamed(12, &[(0, &"⛔ s3cret-key".to_owned())]);
    failed["authorName"] = json!("System");
    let rows = json!([
        own,
        streamed(11, &[(0, &"the key is s3cret-key".to_owned())]),
        failed
    ]);
    let mut sent = false;
    let mut script = Script::new(|request, _| {
        sent |= request.method == Method::Post;
        match (sent, request.method) {
            (true, Method::Get) => Answer::json(200, rows.to_string()),
            (true, _) => Answer::json(200, "{}"),
            (false, _) => Answer::json(200, "[]"),
        }
    });
    let run = run_with_key(
        &mut script,
        client().stream(SESSION, &message("x")),
        Some("s3cret-key"),
    );
    assert_eq!(run.failed().kind, ErrorKind::Agent);
    assert!(run.failed().partial.is_some());
    let error = write::text(run.failed());
    assert!(!error.contains("s3cret-key"), "{error}");
}
