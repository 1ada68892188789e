//! Synchronous answers: every form of them, how long they are waited for, and what is never sent twice.

use agentline::backend::OutgoingMessage;
use agentline::error::{Delivered, ErrorKind};
use agentline::model::{Reply, Streaming};

use super::{SESSION, client, fixture, full_message, json, options, sent};
use crate::support::client::{Client, message};
use crate::support::drive::{Answer, End, Run, Seen, run};
use crate::support::script::Script;
use crate::support::units::parse;

#[track_caller]
fn reply(run: Run) -> Reply {
    match run.fine().remove(0) {
        Seen::Reply(reply) => *reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn text(body: &str) -> String {
    let reply = reply(sent(Answer::json(200, body)));
    reply.message.text.to_string_lossy().into_owned()
}

#[test]
fn f10_a_whole_answer_keeps_everything_that_it_says() {
    let body = fixture("r03_chat_response.json");
    let reply = reply(sent(Answer::json(200, &body)));
    assert_eq!(reply.message.id, "9f1c:assistant");
    assert_eq!(reply.message.text.as_str(), Some("Revenue grew 12% [1]."));
    assert_eq!((reply.thinking, reply.citations), (None, None));
    let source = &reply.sources.as_ref().unwrap()[0];
    assert_eq!(source.id.as_deref(), Some("de_1"));
    assert_eq!(source.title.as_deref(), Some("Q4 report.pdf"));
    assert_eq!(source.snippet.as_deref(), Some("Revenue rose 12%"));
    assert_eq!((source.url.as_deref(), source.score), (None, Some(0.91)));
    assert_eq!(
        parse(reply.usage.unwrap().as_str()),
        parse(r#"{"input_tokens":812,"output_tokens":64,"total_tokens":876}"#)
    );
    assert_eq!(reply.raw.as_str(), body.trim());
    let raw = parse(reply.raw.as_str());
    assert_eq!(parse(&body), raw);
    assert!(raw.at("response.artifacts") != raw.at("tool_activity"));
}

#[test]
fn f11_the_smallest_answer_is_an_empty_one() {
    assert_eq!(text(&fixture("r04_chat_response_minimal.json")), "");
}

#[test]
fn row_3_the_text_is_the_responses_then_the_plain_one_then_the_outer_one() {
    for (body, wanted) in [
        (
            r#"{"response":{"message":"a"},"assistant_response":"b","message":"c"}"#,
            "a",
        ),
        (
            r#"{"response":{"message":""},"assistant_response":"b","message":"c"}"#,
            "b",
        ),
        (
            r#"{"response":{"message":null},"assistant_response":"b"}"#,
            "b",
        ),
        (r#"{"response":{},"assistant_response":"b"}"#, "b"),
        (
            r#"{"response":null,"assistant_response":null,"message":"c"}"#,
            "c",
        ),
        (r#"{"message":"c"}"#, "c"),
        (r#"{"assistant_response":""}"#, ""),
        (r#"{"assistant_response":"\ud83d\ude00\u0000"}"#, "😀\0"),
    ] {
        assert_eq!(text(body), wanted, "{body}");
    }
}

#[test]
fn row_3_sources_are_the_responses_else_those_citations_that_are_sources() {
    let guide = r#"{"response":{"message":"a","citations":[{"title":"t","data_element_id":"d"}]}}"#;
    let read = reply(sent(Answer::json(200, guide)));
    assert_eq!(read.sources.as_ref().unwrap()[0].id.as_deref(), Some("d"));
    assert_eq!(
        read.citations.unwrap().as_str(),
        r#"[{"title":"t","data_element_id":"d"}]"#
    );
    let both = r#"{"response":{"message":"a","citations":[{"position":1,"source_ids":[1]}],"sources":[{"title":"s"}]}}"#;
    let read = reply(sent(Answer::json(200, both)));
    assert_eq!(read.sources.unwrap()[0].title.as_deref(), Some("s"));
    let index = r#"{"response":{"message":"a","citations":[{"position":1,"source_ids":[1]}]}}"#;
    assert_eq!(reply(sent(Answer::json(200, index))).sources, None);
}

#[test]
fn row_23_a_source_is_read_from_whatever_it_has() {
    let body = r#"{"response":{"message":"a","sources":[{"source_id":7,"data_element_id":"d","tool_name":"t"},{},{"title":7,"relevance_score":"high"},null,"s"]}}"#;
    let sources = reply(sent(Answer::json(200, body))).sources.unwrap();
    let ids: Vec<_> = sources.iter().map(|source| source.id.as_deref()).collect();
    assert_eq!(ids, [Some("7"), None, None, None, None]);
    assert_eq!(sources[2].title, None);
    assert_eq!(sources[3].raw.as_str(), "null");
    assert_eq!(sources[4].raw.as_str(), r#""s""#);
    // an answer is not lost for a list that is none
    let odd = r#"{"response":{"message":"a","sources":"none","citations":7},"thinking":{},"token_usage":[1]}"#;
    assert_eq!(text(odd), "a");
}

#[test]
fn row_24_what_an_answer_cost_is_any_json_object() {
    let usage =
        r#"{"input":1.5,"nested":{"a":[12345678901234567890]},"__proto__":null,"a":1,"a":2}"#;
    let body = format!(
        r#"{{"signal_id":"s","response":{{"message":"a"}},"token_usage":{usage},"thinking":"hm"}}"#
    );
    let reply = reply(sent(Answer::json(200, &body)));
    assert_eq!(reply.usage.unwrap().as_str(), usage);
    assert_eq!(reply.thinking.unwrap().as_str(), Some("hm"));
}

#[test]
fn a_success_that_holds_no_answer_is_a_flaw_and_the_message_was_taken() {
    for body in [
        "{}",
        r#"{"signal_id":"s"}"#,
        r#"{"response":7}"#,
        r#"{"response":{"message":7}}"#,
        "null",
        "[]",
        "7",
        "nothing",
        "{\"signal_id\" \"s\"}",
    ] {
        let run = sent(Answer::json(200, body));
        assert_eq!(run.failed().kind, ErrorKind::Protocol, "{body}");
        assert_eq!(run.failed().delivered, Some(Delivered::Yes));
        assert!(!run.failed().retryable);
    }
    let page = sent(Answer::new(200, "text/html", "<html>"));
    assert_eq!(page.failed().delivered, Some(Delivered::Unknown));
}

#[test]
fn a_synchronous_answer_is_waited_for_as_long_as_the_server_may_think() {
    let waited = |given: &OutgoingMessage| {
        let server = &mut Script::always(Answer::none(End::Never));
        let run = run(server, client().send(SESSION, given));
        assert_eq!(run.failed().kind, ErrorKind::Timeout);
        assert_eq!(run.failed().delivered, Some(Delivered::Unknown));
        assert_eq!(run.requests.len(), 1, "it is not sent again");
        let words = run.failed().message.clone();
        let digits: String = words.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<f64>().unwrap()
    };
    assert_eq!(waited(&message("x")), 300_000.0);
    assert_eq!(waited(&full_message("x")), 300_000.0);
    let long = |limit: f64| OutgoingMessage {
        answer_timeout: Some(limit),
        ..message("x")
    };
    assert_eq!(waited(&long(900_000.0)), 910_000.0);
    let own = OutgoingMessage {
        backend_options: json(r#"{"timeout_seconds":1200}"#),
        ..long(900_000.0)
    };
    assert_eq!(waited(&own), 1_210_000.0);
    // a limit of the call itself is meant, whatever the backend may take
    for given in [message("x"), full_message("x"), long(900_000.0)] {
        for limit in [20_000.0, 400_000.0] {
            let server = &mut Script::always(Answer::none(End::Never));
            let run = run(server, client().within(limit).send(SESSION, &given));
            let wanted = format!("no answer came within {limit} ms");
            assert_eq!(run.failed().message, wanted);
        }
    }
    // an answer after 299 seconds is an answer
    let late = Answer::json(200, fixture("r03_chat_response.json")).late(299_000.0);
    assert_eq!(sent(late).error, None);
}

#[test]
fn a_message_is_never_sent_twice_unless_it_was_surely_not_taken() {
    for status in [408, 500, 502, 503, 504] {
        let answer = Answer::json(status, "{}").retry_after("1");
        let run = run(
            &mut Script::always(answer),
            client().send(SESSION, &message("x")),
        );
        assert_eq!(run.requests.len(), 1, "{status}");
        assert_eq!(run.failed().delivered, Some(Delivered::Unknown));
        assert!(!run.failed().retryable);
    }
    let cut = Answer::none(End::Broken(Some("ECONNRESET")));
    let broken = run(
        &mut Script::always(cut),
        client().send(SESSION, &message("x")),
    );
    assert_eq!(broken.requests.len(), 1);
    assert_eq!(broken.failed().delivered, Some(Delivered::Unknown));
    let limited = Answer::json(429, fixture("e06_429.json")).retry_after("2");
    let answers = [
        limited,
        Answer::json(200, fixture("r03_chat_response.json")),
    ];
    let run = run(
        &mut Script::of(answers),
        client().send(SESSION, &message("x")),
    );
    assert_eq!((run.requests.len(), &run.error), (2, &None));
    assert_eq!(run.requests[1].0 - run.requests[0].0, 2_000.0);
}

#[test]
fn row_26_reads_are_repeated_while_a_failure_passes() {
    let answers = [
        Answer::json(503, r#"{"detail":"busy"}"#).retry_after("1"),
        Answer::none(End::Broken(Some("ECONNRESET"))),
        Answer::json(200, fixture("r08_session_details.json")),
    ];
    let run = run(&mut Script::of(answers), client().get(SESSION));
    assert_eq!((run.requests.len(), &run.error), (3, &None));
}

#[test]
fn a_message_with_files_whose_answer_is_wanted_whole_gets_it_from_the_stream() {
    let with_file = OutgoingMessage {
        files: 1,
        ..message("x")
    };
    let send = |answer: Answer| {
        run(
            &mut Script::of([answer]),
            client().send(SESSION, &with_file),
        )
    };
    let read = reply(send(Answer::stream(fixture("s_canon.sse"))));
    assert_eq!(read.message.text.as_str(), Some("Revenue grew 12% [1]."));
    assert_eq!(read.message.id, "9f1c:assistant");
    assert_eq!(read.sources.unwrap().len(), 1);
    let cut = send(Answer::stream(fixture("s_leak.sse")));
    assert_eq!(cut.failed().kind, ErrorKind::Truncated);
    let partial = cut.failed().partial.as_ref().unwrap();
    assert_eq!(partial.message.text.as_str(), Some("x"));
    let failed = send(Answer::stream(fixture("s_error.sse")));
    assert_eq!(failed.failed().kind, ErrorKind::Agent);
    assert_eq!(failed.kinds(), [""; 0]);
}

#[test]
fn the_capabilities_are_what_the_operations_do() {
    let settings = agentline::settings::Settings::new(options()).unwrap();
    let backend = agentline::backend::of(std::rc::Rc::new(settings)).unwrap();
    let able = backend.capabilities();
    assert_eq!(able.stream, Streaming::Sse);
    assert!(able.list && able.files && able.stores_streamed_replies);
    assert!(!able.exact_delivery && !able.start && !able.variables);
    let unsupported = |made: crate::support::client::Made| {
        made.is_err_and(|error| error.kind == ErrorKind::Unsupported)
    };
    let client = Client::new(options());
    assert_eq!(able.delete, !unsupported(client.delete(SESSION)));
    assert_eq!(able.cancel, !unsupported(client.cancel(SESSION)));
    assert_eq!(able.renew, !unsupported(client.renew(SESSION)));
    assert!(backend.start_session(SESSION).is_err());
    let variables = json("{}").unwrap();
    assert!(backend.set_variables(SESSION, &variables).is_err());
    assert!(backend.sign_in("a@b", "c").is_err());
}
