//! What a server says when it refuses: every shape of it is read, its words are kept, and nobody else's words are taken
//! for the agent's.

use agentline::error::{Delivered, ErrorKind};
use serde_json::Value;

use crate::expected::{cases, error};
use crate::hostile::{NAMES, made};
use crate::support::client::{Client, message};
use crate::support::drive::{Answer, Run, Server, run};
use crate::support::script::{Script, T0};

const TAKEN: &str = r#"{"success":true,"userMessage":{"id":"m","author_id":"u","content":"x","created_at":1704614400000,"metadata":{}},"agentResponse":{"text":"hi","responseId":"r"},"sessionStatus":{}}"#;

fn sent(status: u16, body: &str) -> Run {
    run(
        &mut Script::always(Answer::json(status, body)),
        Client::default().send("s", &message("x")),
    )
}

/// The words, the code and the details of a recorded refusal, and the name of its shape.
fn said(body: &Value) -> (&str, Option<&str>, Option<&Value>, &'static str) {
    let error = &body["error"];
    match (error.as_str(), body["message"].as_str()) {
        (Some(_), Some(message)) => return (message, None, None, "two texts"),
        (Some(error), None) => return (error, None, None, "one text"),
        _ => {}
    }
    let (code, details) = (error["code"].as_str(), error.get("details"));
    let shape = match (&error["code"], details) {
        (Value::Number(_), _) => "a number as code",
        (_, _) if body.get("success").is_some() => "a code",
        (_, Some(Value::String(_))) => "a code and details in words",
        (_, Some(_)) => "a code and details",
        (_, None) => "a code, a stack and no details",
    };
    (error["message"].as_str().unwrap(), code, details, shape)
}

#[test]
fn every_recorded_refusal_keeps_the_servers_words_its_code_and_its_details() {
    let mut shapes = Vec::new();
    for case in cases() {
        let refused = case.answer().head.is_some_and(|head| head.status >= 400);
        if !refused {
            continue;
        }
        let body: Value = serde_json::from_slice(&case.exchange.body).unwrap();
        let (words, code, details, shape) = said(&body);
        shapes.push(shape);
        let run = case.run(case.answer());
        let failed = run.failed();
        assert_eq!(failed.message, words, "{}", case.name());
        assert_eq!(failed.code.as_deref(), code, "{}", case.name());
        let kept: Value = serde_json::from_str(failed.body.as_ref().unwrap().as_str())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        // the longest of them repeats what was sent, and is cut
        if let (Some(details), Some(kept)) = (details, kept["error"].get("details")) {
            assert_eq!(kept, details, "{}", case.name());
        } else {
            assert!(details.is_none() || kept.is_string(), "{}", case.name());
        }
    }
    shapes.sort_unstable();
    shapes.dedup();
    let all = [
        "a code",
        "a code and details",
        "a code and details in words",
        "a code, a stack and no details",
        "a number as code",
        "one text",
        "two texts",
    ];
    assert_eq!(shapes, all);
}

#[test]
fn refusals_that_nobody_could_record_are_told_by_their_status() {
    let of = |code: &str| {
        format!(
            r#"{{"error":{{"code":"{code}","message":"it did not work","timestamp":"2024-01-07T08:00:00.000Z","details":{{}},"stack":"Error: x"}}}}"#
        )
    };
    // as the published pages write them
    let flat = r#"{"error":"it did not work","code":"SESSION_RENEWAL_FAILED","details":{"sessionId":"s"}}"#;
    for (name, status, code, body, kind) in [
        ("create", 500, "SESSION_CREATION_FAILED", None, "server"),
        ("send", 500, "MESSAGE_SEND_FAILED", None, "server"),
        ("stream", 500, "MESSAGE_SEND_FAILED", None, "server"),
        ("renew", 400, "SESSION_RENEWAL_FAILED", None, "invalid"),
        (
            "renew",
            422,
            "SESSION_RENEWAL_FAILED",
            Some(flat),
            "invalid",
        ),
        ("send", 500, "SESSION_RENEWAL_FAILED", Some(flat), "server"),
    ] {
        let body = body.map_or_else(|| of(code), str::to_owned);
        let run = run(
            &mut Script::always(Answer::json(status, body)),
            made(&Client::default(), name),
        );
        let found = error(&run).unwrap();
        assert_eq!(found["kind"], kind, "{name} {code}");
        assert_eq!(found["code"], code, "{name}");
        assert_eq!(run.failed().message, "it did not work", "{name} {code}");
        let unknown = ["send", "stream"].contains(&name);
        assert_eq!(
            run.failed().delivered,
            unknown.then_some(Delivered::Unknown),
            "{name} {code}"
        );
    }
}

#[test]
fn only_the_servers_own_bare_text_means_that_the_agent_failed() {
    let agents = r#"{"success":false,"error":"Failed to process message in HTTP transport"}"#;
    let failed = sent(500, agents).failed().clone();
    assert_eq!(
        (failed.kind, failed.delivered),
        (ErrorKind::Agent, Some(Delivered::Yes))
    );
    assert_eq!(
        failed.message,
        "Failed to process message in HTTP transport"
    );
    // a proxy in front has never heard of agents: whether the message was taken, nobody can tell
    for body in [
        r#"{"error":"Internal Server Error"}"#,
        r#"{"error":"Internal Server Error","code":"E_UPSTREAM"}"#,
        r#"{"success":true,"error":"x"}"#,
        r#"{"success":false,"error":"x","message":"y"}"#,
        r#"{"success":false,"error":null}"#,
        r#""Internal Server Error""#,
        "Internal Server Error",
        "",
    ] {
        let failed = sent(500, body).failed().clone();
        assert_eq!(
            (failed.kind, failed.delivered),
            (ErrorKind::Server, Some(Delivered::Unknown)),
            "{body}"
        );
    }
}

#[test]
fn a_page_that_may_not_read_when_to_come_back_comes_back_soon_and_then_says_so() {
    let busy = || {
        Answer::json(
            429,
            r#"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"Too many requests. Please try again later."}}"#,
        )
    };
    for name in NAMES {
        let mut script = Script::always(busy());
        let run = run(&mut script, made(&Client::default(), name));
        let failed = run.failed();
        assert_eq!(
            (failed.kind, failed.retryable, failed.retry_after),
            (ErrorKind::RateLimited, true, None),
            "{name}"
        );
        assert_eq!(run.requests.len(), 3, "{name}");
        assert!(script.now() - T0 <= 1_500.0, "{name}");
        let sends = ["send", "stream"].contains(&name);
        assert_eq!(
            failed.delivered,
            sends.then_some(Delivered::No),
            "{name}: nothing was taken"
        );
    }
    let mut script = Script::of([busy(), Answer::json(201, TAKEN)]);
    let fine = run(&mut script, Client::default().send("s", &message("x")));
    assert_eq!((fine.error, script.posts()), (None, 2));
}
