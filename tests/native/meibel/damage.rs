//! What no server should send: fixtures damaged anyhow, nesting, size, odd numbers and names, and rows made to be slow.

use agentline::error::ErrorKind;
use agentline::settings::Options;
use proptest::prelude::*;

use super::{SESSION, client, fixture, fixtures, options, sent, streamed};
use crate::hostile::{configured, is_sane, made};
use crate::support::client::{Client, range};
use crate::support::drive::{Answer, Run, run};
use crate::support::script::Script;
use crate::support::units::parse;

/// The operation that a fixture is an answer to.
fn operation(name: &str) -> &'static str {
    match name.split(['_', '.']).next().unwrap() {
        "r01" => "create",
        "r02" => "listed",
        "r03" | "r04" => "send",
        "r05" | "r06" | "r07" => "page",
        "r08" | "r09" => "get",
        "s" => "stream",
        _ => "send",
    }
}

fn answer(name: &str, body: &[u8]) -> Answer {
    match name.get(..1) {
        Some("s") => Answer::stream(body),
        Some("e") => Answer::json(422, body),
        _ => Answer::json(200, body),
    }
}

fn answered(name: &str, body: &[u8]) -> Run {
    let answer = answer(name, body);
    let mut script = Script::new(move |_, count| match count {
        ..20 => answer.clone(),
        _ => Answer::json(400, "enough"),
    });
    run(&mut script, made(&client(), operation(name)))
}

fn all() -> Vec<String> {
    [fixtures(".json"), fixtures(".sse")].concat()
}

#[test]
fn a_body_cut_in_two_at_any_byte_gives_the_same() {
    for name in fixtures(".json") {
        let body = fixture(&name).into_bytes();
        let whole = answered(&name, &body);
        for at in 0..=body.len() {
            let cut = answer(&name, b"").cut_at(&body, at);
            let run = run(&mut Script::always(cut), made(&client(), operation(&name)));
            assert_eq!(run, whole, "{name} cut at {at}");
        }
    }
}

#[test]
fn a_body_that_ends_anywhere_before_its_end_is_no_answer() {
    for name in fixtures(".json") {
        let body = fixture(&name);
        let body = body.trim_end().as_bytes();
        let whole = answered(&name, body);
        for at in 0..body.len() {
            let run = answered(&name, &body[..at]);
            let error = run.failed();
            assert_eq!(run.kinds(), [""; 0], "{name} ended at {at}");
            match &whole.error {
                // half a refusal is a refusal still; only what it says is not known
                Some(whole) => assert_eq!((error.kind, &error.code), (whole.kind, &None)),
                None if name.contains("chat") => {
                    assert_eq!(error.kind, ErrorKind::Truncated, "{name} ended at {at}");
                }
                None => assert_eq!(error.kind, ErrorKind::Protocol, "{name} ended at {at}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(configured(3_000))]

    #[test]
    fn a_fixture_damaged_anyhow_is_an_outcome_or_an_error(
        pick: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>(), 1..20usize), 1..5),
    ) {
        let names = all();
        let name = pick.get(&names);
        let mut body = fixture(name).into_bytes();
        for (place, how, byte, length) in damage {
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
            if body.is_empty() {
                break;
            }
        }
        is_sane(&answered(name, &body));
    }
}

#[test]
fn free_json_is_handed_out_to_the_letter() {
    let free = r#"{"a":1,"a":2,"__proto__":{"x":[1.50,1e400,12345678901234567890]},"":"\u0000\ud83d","constructor":null,"\ude00":-0, "sp" : [ ] }"#;
    let row = format!(r#"[{{"type":"tool","tool_id":"t","arguments":{free},"result":{free}}}]"#);
    let page = run(
        &mut Script::always(Answer::json(200, row)),
        client().page(SESSION, &range(9, None, None)),
    );
    let message = page.messages()[0];
    let call = message.tool_call.as_ref().unwrap();
    assert_eq!(call.arguments.as_ref().unwrap().as_str(), free);
    let result = message.tool_result.as_ref().unwrap();
    assert_eq!(result.result.as_ref().unwrap().as_str(), free);
    let events = format!(
        "event: tool_call\ndata: {{\"tool_id\":\"t\",\"arguments\":{free}}}\n\nevent: citations\ndata: {{\"citations\":[{free}]}}\n\nevent: completion\ndata: {{\"data\":{{\"message\":\"m\",\"token_usage\":{free}}}}}\n\n"
    );
    let run = streamed(Answer::stream(events));
    let json = |at: usize| run.seen[at].json();
    assert!(
        json(1).contains(&format!("\"arguments\":{free}}}")),
        "{}",
        json(1)
    );
    assert!(
        json(2).contains(&format!("\"citations\":[{free}]")),
        "{}",
        json(2)
    );
    assert!(
        json(4).contains(&format!("\"usage\":{free}")),
        "{}",
        json(4)
    );
}

#[test]
fn of_two_fields_with_one_name_the_last_is_taken_as_javascript_takes_it() {
    let run = sent(Answer::json(
        200,
        r#"{"signal_id":"first","signal_id":"last","response":{"message":"a","mess\u0061ge":"b"}}"#,
    ));
    let reply = parse(&run.seen[0].json());
    assert_eq!(reply.at("message.id").text(), "last:assistant");
    assert_eq!(reply.at("message.text").text(), "b");
    let run = streamed(Answer::stream(
        "data: {\"type\":\"done\",\"type\":\"content\",\"delta\":\"a\",\"delta\":\"b\"}\n\ndata: [DONE]\n\n",
    ));
    assert_eq!(run.seen[1].json(), r#"{"type":"content","delta":"b"}"#);
}

#[test]
fn nesting_has_a_limit_beyond_which_an_answer_is_refused_without_a_crash() {
    let nested = |depth: usize| r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth);
    let chat = |depth| {
        sent(Answer::json(
            200,
            format!(r#"{{"message":"m","x":{}}}"#, nested(depth)),
        ))
    };
    let stream = |depth| {
        let body = format!(
            "event: completion\ndata: {{\"content\":\"m\",\"x\":{}}}\n\n",
            nested(depth)
        );
        streamed(Answer::stream(body))
    };
    for read in [&chat as &dyn Fn(usize) -> Run, &stream] {
        assert_eq!(read(500).error, None);
        for depth in [600, 100_000] {
            assert_eq!(read(depth).failed().kind, ErrorKind::Protocol, "{depth}");
        }
    }
    for data in ["[".repeat(1_000_000), "{\"error\":".repeat(500_000)] {
        for name in ["error", "status", "tool_call", "partial_response", ""] {
            let run = streamed(Answer::stream(format!("event: {name}\ndata: {data}\n\n")));
            is_sane(&run);
            assert!(run.error.is_some());
        }
    }
}

#[test]
fn a_body_of_64_mebibytes_is_read_and_one_byte_more_is_too_large() {
    const MOST: usize = 64 << 20;
    let body = |size: usize| {
        let frame = r#"{"response":{"message":""}}"#.len();
        format!(
            r#"{{"response":{{"message":"{}"}}}}"#,
            "x".repeat(size - frame)
        )
    };
    let run = sent(Answer::json(200, body(MOST)));
    let Some(crate::support::drive::Seen::Reply(reply)) = run.seen.first() else {
        panic!("{:?}", run.error)
    };
    assert!(reply.message.text.as_str().unwrap().len() > MOST - 100);
    assert_eq!(
        sent(Answer::json(200, body(MOST + 1))).failed().kind,
        ErrorKind::TooLarge
    );
}

#[test]
fn an_event_larger_than_allowed_ends_the_stream() {
    let client = Client::new(Options {
        max_event_bytes: Some(1_000.0),
        ..options()
    });
    let body = format!(
        "data: {{\"type\":\"content\",\"delta\":\"{}\"}}\n\n",
        "x".repeat(1_000)
    );
    let made = client.stream(SESSION, &crate::support::client::message("x"));
    let run = run(&mut Script::always(Answer::stream(body)), made);
    assert_eq!(run.failed().kind, ErrorKind::TooLarge);
}

/// Work that grows with the square of these would not end while anybody waits.
const MANY: usize = 60_000;

#[test]
fn rows_whose_ids_are_made_to_meet_are_read_in_linear_time() {
    let mut rows: Vec<String> = (2..MANY)
        .map(|at| format!(r#"{{"type":"user","signal_id":"s~{at}"}}"#))
        .collect();
    rows.extend(vec![r#"{"type":"user","signal_id":"s"}"#.to_owned(); MANY]);
    let page = run(
        &mut Script::always(Answer::json(200, format!("[{}]", rows.join(",")))),
        client().page(SESSION, &range(10 * MANY, None, None)),
    );
    let mut ids: Vec<&str> = page.messages().iter().map(|row| row.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2 * MANY - 2);
}

#[test]
fn events_of_every_kind_are_read_in_linear_time() {
    let mut body = String::new();
    for at in 0..MANY {
        body.push_str(&format!(
            "event: tool_call\ndata: {{\"tool_id\":\"{at}\",\"tool_name\":\"n\"}}\n\n"
        ));
        body.push_str(&format!(
            "event: tool_result\ndata: {{\"tool_id\":\"{at}\",\"result\":1}}\n\n"
        ));
        body.push_str("data: {\"type\":\"content\",\"delta\":\"ab\"}\n\n");
        body.push_str(
            "event: partial_response\ndata: {\"data\":{\"message\":\"ab\",\"thinking\":\"a\"}}\n\n",
        );
        body.push_str("event: thinking\ndata: {\"content\":\"ab\"}\n\n");
    }
    body.push_str("data: [DONE]\n\n");
    let run = streamed(Answer::stream(body));
    assert_eq!(run.error, None);
    let last = parse(&run.seen.last().unwrap().json());
    assert_eq!(last.at("reply.message.text").text().len(), 4 * MANY - 2);
}

#[test]
fn a_refusal_with_any_number_of_issues_is_read_in_linear_time() {
    let issue = r#"{"loc":["body",0],"msg":"m","type":"t"}"#;
    let body = format!("{{\"detail\":[{}]}}", vec![issue; 1_500].join(","));
    assert!(body.len() < 65_536, "more is not read of a refusal");
    let run = sent(Answer::json(422, body));
    assert_eq!(run.failed().issues.as_ref().unwrap().len(), 1_500);
    assert_eq!(run.failed().message, "body.0: m; body.0: m; body.0: m");
    is_sane(&run);
}
