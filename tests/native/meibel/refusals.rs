//! Refusals: every form of their body under every status, and the key in none of the errors.

use agentline::error::{Error, ErrorKind};
use agentline::json::write;

use super::{SESSION, client, fixture, sent, streamed};
use crate::support::client::message;
use crate::support::drive::{Answer, Run, run, run_with_key};
use crate::support::script::Script;
use crate::support::units::parse;

fn refused(status: u16, body: &str) -> Error {
    let script = &mut Script::always(Answer::json(status, body));
    let run = run(script, client().send(SESSION, &message("x")));
    run.failed().clone()
}

#[test]
fn every_status_has_its_kind() {
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (405, ErrorKind::Invalid),
        (408, ErrorKind::Timeout),
        (409, ErrorKind::Invalid),
        (410, ErrorKind::Expired),
        (413, ErrorKind::TooLarge),
        (415, ErrorKind::Invalid),
        (422, ErrorKind::Invalid),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
        (504, ErrorKind::Timeout),
        (599, ErrorKind::Server),
    ] {
        for body in [r#"{"detail":"words"}"#, "", "null", "<html>", "[1]"] {
            let error = refused(status, body);
            assert_eq!((error.kind, error.status), (kind, Some(status)), "{body}");
        }
    }
}

#[test]
fn a_missing_key_is_unauthorized_whichever_status_the_framework_gives_it() {
    for status in [401, 403] {
        let error = refused(status, r#"{"detail":"Not authenticated"}"#);
        assert_eq!(error.kind, ErrorKind::Unauthorized, "{status}");
    }
    let error = refused(403, r#"{"detail":"Not your session"}"#);
    assert_eq!(error.kind, ErrorKind::Forbidden);
}

#[test]
fn row_20_every_form_of_a_body_says_what_it_says() {
    for (body, message, code) in [
        (r#"{"detail":"words"}"#, "words", None),
        (r#"{"code":"c","message":"words"}"#, "words", Some("c")),
        (
            r#"{"message":"words","detail":[{"loc":[],"msg":"m","type":"t"}]}"#,
            "words",
            None,
        ),
        (
            r#"{"error":{"message":"words","type":"t","code":"c"}}"#,
            "words",
            Some("c"),
        ),
        (
            r#"{"error":{"message":"words","type":"t","code":null}}"#,
            "words",
            Some("t"),
        ),
        (r#"{"error":"words"}"#, "words", None),
        (
            r#"{"detail":{"message":"words","code":"c"}}"#,
            "words",
            Some("c"),
        ),
        (r#"{"detail":{"msg":"words"}}"#, "words", None),
        (r#""words""#, "words", None),
        // of several the first counts: message, error, detail
        (r#"{"detail":"c","error":"b","message":"a"}"#, "a", None),
        (r#"{"detail":"c","error":"b","message":null}"#, "b", None),
        (r#"{"detail":"c","error":{},"message":" "}"#, "c", None),
        // what says nothing
        ("{}", "the server answered with the status 400", None),
        ("null", "the server answered with the status 400", None),
        (
            "[\"words\"]",
            "the server answered with the status 400",
            None,
        ),
        (
            "<html>words</html>",
            "the server answered with the status 400",
            None,
        ),
        ("", "the server answered with the status 400", None),
        (
            r#"{"detail":{"a":1}}"#,
            "the server answered with the status 400",
            None,
        ),
        (
            r#"{"detail":[]}"#,
            "the server answered with the status 400",
            None,
        ),
        (
            r#"{"detail":[7,null,{}]}"#,
            "the server answered with the status 400",
            None,
        ),
        (
            "{\"detail\":",
            "the server answered with the status 400",
            None,
        ),
    ] {
        let error = refused(400, body);
        assert_eq!(
            (error.message.as_str(), error.code.as_deref()),
            (message, code),
            "{body}"
        );
    }
    let plain = sent(Answer::new(502, "text/plain", "Bad Gateway\n"));
    assert_eq!(plain.failed().message, "Bad Gateway");
    let page = sent(Answer::new(502, "text/html", "<h1>Bad Gateway</h1>"));
    assert_eq!(
        page.failed().message,
        "the server answered with the status 502"
    );
    assert_eq!(
        page.failed().body.as_ref().unwrap().as_str(),
        r#""<h1>Bad Gateway</h1>""#
    );
}

#[test]
fn the_fixtures_of_refusals_are_read() {
    let error = refused(401, &fixture("e02_401_detail.json"));
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Unauthorized, "Invalid API key")
    );
    let error = refused(404, &fixture("e03_code_message.json"));
    assert_eq!(error.message, "The requested resource was not found");
    assert_eq!(error.code.as_deref(), Some("not_found"));
    let error = refused(422, &fixture("e04_message_detail.json"));
    assert_eq!(error.message, "Validation failed");
    assert_eq!(
        error.issues.as_ref().unwrap()[0].code.as_deref(),
        Some("value_error.missing")
    );
    let error = refused(401, &fixture("e05_nested_error.json"));
    assert_eq!(error.message, "Invalid API key provided");
    assert_eq!(error.code.as_deref(), Some("invalid_api_key"));
    assert_eq!(error.request_id.as_deref(), Some("req_1"));
}

#[test]
fn row_21_a_list_of_issues_keeps_every_place_message_and_code() {
    let error = refused(422, &fixture("e01_422.json"));
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.message, "body.user_message: Field required");
    let issues = error.issues.clone().unwrap();
    assert_eq!(issues[0].path.as_str(), r#"["body","user_message"]"#);
    assert_eq!(issues[0].message, "Field required");
    assert_eq!(issues[0].code.as_deref(), Some("missing"));
    // `input` and `ctx` are any JSON, and stay in the body
    assert!(
        error
            .body
            .as_ref()
            .unwrap()
            .as_str()
            .contains(r#""ctx":{"k":"v"}"#)
    );
    let f22 = r#"{"detail":[{"type":"int_parsing","loc":["body",0,"x"],"msg":"a","input":"<nil>"},{"loc":["q",{},null],"msg":"b"},"c",{"msg":"d"},{"type":"e","loc":7}]}"#;
    let error = refused(422, f22);
    assert_eq!(error.message, "body.0.x: a; q: b; c");
    let shown = parse(&write::text(&error.issues));
    let wanted = r#"[{"path":["body",0,"x"],"message":"a","code":"int_parsing"},{"path":["q"],"message":"b"},{"path":[],"message":"c"},{"path":[],"message":"d"},{"path":[],"message":"e","code":"e"}]"#;
    assert_eq!(shown, parse(wanted));
}

#[test]
fn a_full_rate_says_when_to_come_back() {
    // longer than anybody waits in silence
    let limited = Answer::json(429, fixture("e06_429.json")).retry_after("45");
    let error = sent(limited).failed().clone();
    assert_eq!(
        (error.kind, error.retry_after),
        (ErrorKind::RateLimited, Some(45_000.0))
    );
    assert_eq!(
        error.message,
        "Rate limit exceeded. Please retry after 45 seconds."
    );
    assert!(error.retryable, "it was not taken");
}

#[test]
fn the_id_of_a_request_comes_from_the_head_or_the_body() {
    let mut answer = Answer::json(500, r#"{"detail":"x"}"#);
    answer.head.as_mut().unwrap().request_id = Some("from-head".to_owned());
    assert_eq!(
        sent(answer).failed().request_id.as_deref(),
        Some("from-head")
    );
    let error = refused(
        500,
        r#"{"detail":{"message":"m","request_id":"from-body"}}"#,
    );
    assert_eq!(error.request_id.as_deref(), Some("from-body"));
}

#[test]
fn a_stream_that_is_refused_says_why_as_any_other_call() {
    let run = streamed(Answer::json(422, fixture("e01_422.json")));
    assert_eq!(run.failed().kind, ErrorKind::Invalid);
    assert_eq!(run.failed().issues.as_ref().unwrap().len(), 1);
    // refusals need no content type of their own
    let run = streamed(Answer::new(404, "", r#"{"detail":"gone"}"#));
    assert_eq!(run.failed().message, "gone");
}

const KEY: &str = "mk_s3cret-\"key\"/x";

fn holds_no_key(run: &Run) {
    let error = write::text(run.failed());
    assert!(!error.replace('\\', "").contains("s3cret"), "{error}");
    assert!(error.contains("[redacted]"), "{error}");
}

#[test]
fn wherever_the_server_echoes_the_key_no_error_holds_it() {
    let escaped = KEY.replace('"', "\\\"");
    let unicode: String = KEY
        .chars()
        .map(|letter| format!("\\u{:04x}", letter as u32))
        .collect();
    for key in [escaped.as_str(), &unicode] {
        for body in [
            format!(r#"{{"detail":"bad {key}!"}}"#),
            format!(
                r#"{{"detail":[{{"loc":["header","{key}"],"msg":"bad {key}","type":"{key}","input":"{key}"}}]}}"#
            ),
            format!(r#"{{"code":"{key}","message":"{key}"}}"#),
            format!(r#"{{"error":{{"message":"m","type":"{key}","request_id":"{key}"}}}}"#),
            format!(r#""{key} \ud83d""#),
            format!(r#"["{key}"]"#),
        ] {
            let answer = || Answer::json(400, &body);
            for made in [
                client().send(SESSION, &message("x")),
                client().stream(SESSION, &message("x")),
                client().get(SESSION),
            ] {
                holds_no_key(&run_with_key(
                    &mut Script::always(answer()),
                    made,
                    Some(KEY),
                ));
            }
            // the same as an event, and as the JSON where a stream should be
            for answer in [
                Answer::stream(format!("event: error\ndata: {body}\n\n")),
                Answer::json(200, &body),
            ] {
                let made = client().stream(SESSION, &message("x"));
                holds_no_key(&run_with_key(&mut Script::always(answer), made, Some(KEY)));
            }
        }
    }
    let raw = Answer::stream(format!("event: error\ndata: no JSON: {KEY}\n\n"));
    let made = client().stream(SESSION, &message("x"));
    holds_no_key(&run_with_key(&mut Script::always(raw), made, Some(KEY)));
}

#[test]
fn wherever_the_key_stands_in_what_had_come_the_partial_reply_does_not_hold_it() {
    let key = KEY.replace('"', "\\\"");
    for data in [
        format!(r#"{{"message":"{key}"}}"#),
        format!(r#"{{"message":"x","citations":[{{"{key}":1}}]}}"#),
        format!(
            r#"{{"message":"x","sources":[{{"title":"{key}","url":"{key}","snippet":"{key}","source_id":"{key}","x":"{key}"}}]}}"#
        ),
        format!(r#"{{"message":"x","token_usage":{{"a":"{key}"}}}}"#),
    ] {
        for thought in ["x", &key] {
            let body = format!(
                "event: connected\ndata: {{\"signal_id\":\"{key}\"}}\n\nevent: thinking\ndata: {{\"content\":\"{thought}\"}}\n\nevent: partial_response\ndata: {{\"data\":{data}}}\n\n"
            );
            let made = client().stream(SESSION, &message("x"));
            let run = run_with_key(&mut Script::always(Answer::stream(body)), made, Some(KEY));
            assert_eq!(run.failed().kind, ErrorKind::Truncated);
            holds_no_key(&run);
        }
    }
}

#[test]
fn nothing_of_a_refusal_costs_a_second_request_but_what_passes() {
    for status in [400, 401, 403, 404, 409, 413, 422] {
        let answer = Answer::json(status, r#"{"detail":"no"}"#);
        let run = run(&mut Script::always(answer), client().get(SESSION));
        assert_eq!(run.requests.len(), 1, "{status}");
        assert!(!run.failed().retryable);
    }
}
