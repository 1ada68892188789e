//! What is made again, when, and what never: requests that fail in every way, and how often they were made.

use agentline::backend::Direction;
use agentline::error::{Delivered, ErrorKind};
use agentline::http::Method;
use serde_json::json;

use crate::expected::error;
use crate::support::client::{Client, Made, message, options, range};
use crate::support::drive::{Answer, End, Run, Server, run};
use crate::support::script::{Script, T0};

const SESSION: &str = r#"{"sessionId":"s","agentId":"a","userId":"u","createdAt":"2024-01-07T08:00:00.000Z","metadata":{},"expiresAt":"2024-01-07T08:30:00.000Z"}"#;
const PAGE: &str = r#"{"messages":[],"hasMore":false}"#;
const REPLY: &str = r#"{"success":true,"userMessage":{"id":"m","author_id":"u","content":"x","created_at":1704614400000,"metadata":{}},"agentResponse":{"text":"hi","responseId":"r"},"sessionStatus":{}}"#;
const BUSY: &str = r#"{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"Too many requests. Please try again later."}}"#;
const FAILED: &str = r#"{"error":{"code":"INTERNAL_SERVER_ERROR","message":"An unexpected error occurred","timestamp":"2024-01-07T08:00:00.000Z","details":"x","stack":"Error: x"}}"#;

/// Codes that say that no connection came about.
const NEVER_SENT: [&str; 7] = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
    "ConnectionRefused",
];
/// Codes, or none, with which anything may have happened.
const AMBIGUOUS: [Option<&str>; 6] = [
    None,
    Some("ECONNRESET"),
    Some("UND_ERR_SOCKET"),
    Some("EPIPE"),
    Some("ETIMEDOUT"),
    Some("ERR_NETWORK"),
];

fn reads(client: &Client) -> [(&'static str, Made, &'static str); 5] {
    [
        ("get", client.get("s"), SESSION),
        (
            "list",
            client.list(Default::default()),
            r#"{"sessions":[],"total":0,"stats":{}}"#,
        ),
        ("page", client.page("s", &range(10, None, None)), PAGE),
        (
            "messages",
            client.messages("s", &range(10, None, None), Direction::Forward),
            PAGE,
        ),
        (
            "delete",
            client.delete("s"),
            r#"{"success":true,"message":"x"}"#,
        ),
    ]
}

fn makes(client: &Client) -> [(&'static str, Made, &'static str); 4] {
    [
        ("create", client.create_for_agent(), SESSION),
        ("renew", client.renew("s"), SESSION),
        ("send", client.send("s", &message("x")), REPLY),
        ("stream", client.stream("s", &message("x")), REPLY),
    ]
}

/// Runs an operation of which the first attempts fail so and the next one succeeds.
fn after(made: Made, failures: &[Answer], body: &str) -> Run {
    let fine = Answer::json(200, body);
    let mut script = Script::new(|_, count| failures.get(count).unwrap_or(&fine).clone());
    run(&mut script, made)
}

#[test]
fn what_only_reads_or_removes_is_made_again_after_any_passing_failure() {
    let passing = [408, 429, 500, 502, 503, 504, 599].map(|status| Answer::json(status, FAILED));
    let broken = AMBIGUOUS.map(|code| Answer::none(End::Broken(code)));
    let refused = NEVER_SENT.map(|code| Answer::none(End::Broken(Some(code))));
    for failure in passing.into_iter().chain(broken).chain(refused) {
        let client = Client::default();
        for (name, made, body) in reads(&client) {
            let run = after(made, &[failure.clone(), failure.clone()], body);
            assert_eq!(run.error, None, "{name} after {failure:?}");
            assert_eq!(run.requests.len(), 3, "{name} after {failure:?}");
        }
        for (name, made, body) in reads(&client) {
            let run = after(
                made,
                &[failure.clone(), failure.clone(), failure.clone()],
                body,
            );
            assert_eq!(run.requests.len(), 3, "{name} after {failure:?}");
            assert!(run.failed().retryable, "{name} after {failure:?}");
        }
    }
}

#[test]
fn what_will_fail_again_is_not_made_again() {
    for status in [400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 451] {
        let client = Client::default();
        for (name, made, body) in reads(&client).into_iter().chain(makes(&client)) {
            let run = after(made, &[Answer::json(status, FAILED)], body);
            assert_eq!(run.requests.len(), 1, "{name} after {status}");
            assert!(!run.failed().retryable, "{name} after {status}");
        }
    }
}

#[test]
fn what_makes_something_is_made_again_only_if_it_surely_was_not_made() {
    for code in NEVER_SENT {
        let refused = || Answer::none(End::Broken(Some(code)));
        let client = Client::default();
        for (name, made, body) in makes(&client) {
            let run = after(made, &[refused(), refused()], body);
            assert_eq!(run.error, None, "{name} after {code}");
            assert_eq!(run.requests.len(), 3, "{name} after {code}");
        }
        for (name, made, body) in makes(&client) {
            let run = after(made, &[refused(), refused(), refused()], body);
            let failed = run.failed();
            assert_eq!(
                (failed.kind, failed.retryable),
                (ErrorKind::Network, true),
                "{name} after {code}"
            );
            let sends = ["send", "stream"].contains(&name);
            assert_eq!(
                failed.delivered,
                sends.then_some(Delivered::No),
                "{name} after {code}"
            );
            assert_eq!(failed.code.as_deref(), Some(code));
        }
    }
}

#[test]
fn what_may_have_been_made_is_never_made_again() {
    let broken = AMBIGUOUS.map(|code| Answer::none(End::Broken(code)));
    let passing = [408, 500, 502, 503, 504].map(|status| Answer::json(status, FAILED));
    let silent = [
        Answer::none(End::Never),
        Answer::json(503, FAILED).retry_after("1"),
    ];
    for failure in broken.into_iter().chain(passing).chain(silent) {
        let client = Client::default();
        for (name, made, body) in makes(&client) {
            let run = after(made, std::slice::from_ref(&failure), body);
            assert_eq!(run.requests.len(), 1, "{name} after {failure:?}");
            let failed = run.failed();
            assert!(!failed.retryable, "{name} after {failure:?}");
            let sends = ["send", "stream"].contains(&name);
            assert_eq!(
                failed.delivered,
                sends.then_some(Delivered::Unknown),
                "{name} after {failure:?}"
            );
        }
    }
}

#[test]
fn a_refused_connection_and_then_an_ambiguous_one_leave_it_unknown_whether_the_message_was_taken() {
    let refused = Answer::none(End::Broken(Some("ECONNREFUSED")));
    let reset = Answer::none(End::Broken(Some("ECONNRESET")));
    for streams in [false, true] {
        let client = Client::default();
        let made = if streams {
            client.stream("s", &message("x"))
        } else {
            client.send("s", &message("x"))
        };
        let run = after(made, &[refused.clone(), reset.clone()], REPLY);
        assert_eq!(run.requests.len(), 2);
        let wanted = json!({"kind": "network", "code": "ECONNRESET", "retryable": false, "delivered": "unknown"});
        assert_eq!(error(&run), Some(wanted));
    }
}

#[test]
fn too_many_requests_are_waited_for_as_long_as_the_server_says_and_a_message_is_sent_once_more() {
    let client = Client::default();
    for (name, made, body) in makes(&client).into_iter().chain(reads(&client)) {
        let run = after(made, &[Answer::json(429, BUSY).retry_after("30")], body);
        assert_eq!(run.error, None, "{name}");
        let times: Vec<f64> = run.requests.iter().map(|(at, _)| at - T0).collect();
        assert_eq!(times, [0.0, 30_000.0], "{name}");
    }
}

#[test]
fn a_longer_wait_than_thirty_seconds_is_the_callers_to_decide() {
    for (header, wait) in [
        ("31", 31_000.0),
        ("896", 896_000.0),
        ("Sun, 07 Jan 2024 08:10:00 GMT", 600_000.0),
    ] {
        let client = Client::default();
        for (name, made, body) in makes(&client).into_iter().chain(reads(&client)) {
            let run = after(made, &[Answer::json(429, BUSY).retry_after(header)], body);
            assert_eq!(run.requests.len(), 1, "{name}");
            let failed = run.failed();
            assert_eq!(
                (failed.kind, failed.retry_after),
                (ErrorKind::RateLimited, Some(wait)),
                "{name}"
            );
            assert_eq!(failed.code.as_deref(), Some("RATE_LIMIT_EXCEEDED"));
            assert!(failed.retryable, "{name}");
        }
    }
}

#[test]
fn a_date_to_retry_after_counts_from_now_and_one_in_the_past_is_now() {
    for (header, wait) in [
        ("Sun, 07 Jan 2024 08:00:12 GMT", 12_000.0),
        ("Sun, 07 Jan 2024 07:00:00 GMT", 0.0),
        ("0", 0.0),
    ] {
        let run = after(
            Client::default().get("s"),
            &[Answer::json(503, FAILED).retry_after(header)],
            SESSION,
        );
        assert_eq!(run.error, None, "{header}");
        assert_eq!(run.requests[1].0 - T0, wait, "{header}");
    }
}

#[test]
fn without_a_word_from_the_server_the_wait_is_short_grows_and_differs_between_clients() {
    let mut first = Vec::new();
    for random in 0..50 {
        for header in ["", "soon", "-5", "1e9", "9".repeat(30).as_str()] {
            let failure = Answer::json(503, FAILED);
            let failure = if header.is_empty() {
                failure
            } else {
                failure.retry_after(header)
            };
            let client = Client::new(agentline::settings::Options {
                random: [random; 16],
                ..options()
            });
            let run = after(client.get("s"), &[failure.clone(), failure], SESSION);
            assert_eq!(run.error, None, "{header}");
            let at: Vec<f64> = run.requests.iter().map(|(at, _)| at - T0).collect();
            assert!((0.0..=500.0).contains(&at[1]), "{at:?}");
            assert!((0.0..=1_000.0).contains(&(at[2] - at[1])), "{at:?}");
            first.push(at[1]);
        }
    }
    first.sort_by(f64::total_cmp);
    first.dedup();
    assert!(first.len() >= 45, "only {} different waits", first.len());
}

#[test]
fn how_often_is_the_callers_choice() {
    for retries in [0.0, 1.0, 5.0] {
        let client = Client::new(agentline::settings::Options {
            max_retries: Some(retries),
            ..options()
        });
        for (name, made, _) in reads(&client) {
            let mut script = Script::always(Answer::json(503, FAILED));
            let run = run(&mut script, made);
            assert_eq!(run.requests.len() as f64, retries + 1.0, "{name}");
            assert_eq!(run.failed().kind, ErrorKind::Server, "{name}");
        }
    }
}

#[test]
fn a_head_that_does_not_come_in_time_is_a_timeout_and_is_not_waited_for_twice() {
    let late = || Answer::json(200, SESSION).late(60_001.0);
    for never in [Answer::none(End::Never), late()] {
        let client = Client::default();
        for (name, made, _) in makes(&client).into_iter().chain(reads(&client)) {
            let mut script = Script::always(never.clone());
            let run = run(&mut script, made);
            assert_eq!(run.requests.len(), 1, "{name}");
            assert_eq!(run.failed().kind, ErrorKind::Timeout, "{name}");
            let reads = !["create", "renew", "send", "stream"].contains(&name);
            assert_eq!(run.failed().retryable, reads, "{name}");
            assert_eq!(script.now(), T0 + 60_000.0, "{name}");
        }
    }
    let in_time = Answer::json(200, SESSION).late(60_000.0);
    assert_eq!(
        after(Client::default().get("s"), &[in_time], SESSION).error,
        None
    );
}

#[test]
fn a_body_that_stops_is_a_timeout() {
    let stops = Answer::json(200, &SESSION[..40]).ending(End::Never);
    let run = after(Client::default().get("s"), &[stops], SESSION);
    let wanted = json!({"kind": "timeout", "status": 200, "retryable": true});
    assert_eq!(error(&run), Some(wanted));
    let stops = Answer::json(201, &REPLY[..40]).ending(End::Never);
    let run = after(Client::default().send("s", &message("x")), &[stops], REPLY);
    let wanted = json!({"kind": "timeout", "status": 201, "retryable": false, "delivered": "yes"});
    assert_eq!(error(&run), Some(wanted));
}

#[test]
fn a_session_that_seemed_not_removed_and_is_gone_at_the_second_try_was_removed() {
    let gone = || {
        Answer::json(
            404,
            r#"{"error":{"code":"SESSION_NOT_FOUND","message":"x"}}"#,
        )
    };
    for first in [
        Answer::none(End::Broken(Some("ECONNRESET"))),
        Answer::json(502, ""),
        Answer::json(500, FAILED),
    ] {
        let run = after(Client::default().delete("s"), &[first, gone()], "{}");
        assert_eq!((run.error, run.requests.len()), (None, 2));
    }
    // nobody had a chance to remove it
    for first in [
        Answer::none(End::Broken(Some("ECONNREFUSED"))),
        Answer::json(429, BUSY).retry_after("1"),
    ] {
        let run = after(Client::default().delete("s"), &[first, gone()], "{}");
        assert_eq!(
            (run.failed().kind, run.requests.len()),
            (ErrorKind::NotFound, 2)
        );
    }
    assert_eq!(
        after(Client::default().delete("s"), &[gone()], "{}")
            .failed()
            .kind,
        ErrorKind::NotFound
    );
}

#[test]
fn a_redirect_is_not_followed_and_nothing_is_made_again() {
    for status in [0, 301, 302, 303, 307, 308] {
        let client = Client::default();
        for (name, made, body) in makes(&client).into_iter().chain(reads(&client)) {
            let run = after(made, &[Answer::new(status, "", "")], body);
            let failed = run.failed();
            assert_eq!(
                (failed.kind, failed.code.as_deref()),
                (ErrorKind::Protocol, Some("REDIRECT")),
                "{name} {status}"
            );
            assert_eq!(run.requests.len(), 1, "{name} {status}");
        }
    }
}

#[test]
fn an_answer_of_another_type_is_no_answer() {
    let page = "<!doctype html><title>It works!</title>";
    for (content_type, body) in [
        ("text/html", page),
        ("", page),
        ("text/plain", SESSION),
        ("application/jsonp", SESSION),
    ] {
        let client = Client::default();
        for (name, made, _) in makes(&client).into_iter().chain(reads(&client)) {
            let run = after(made, &[Answer::new(200, content_type, body)], body);
            // its answer holds nothing that anybody reads, but a page was not written by the server
            if name == "delete" && content_type != "text/html" {
                assert_eq!(run.error, None);
                continue;
            }
            let failed = run.failed();
            assert_eq!(
                (failed.kind, failed.code.as_deref()),
                (ErrorKind::Protocol, Some("CONTENT_TYPE")),
                "{name}"
            );
            assert_eq!(run.requests.len(), 1, "{name}");
        }
    }
    // spelled otherwise it is the same type
    for content_type in [
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        " application/json ; x=y",
        "application/problem+json",
    ] {
        let run = after(
            Client::default().get("s"),
            &[Answer::new(200, content_type, SESSION)],
            "",
        );
        assert_eq!(run.error, None, "{content_type}");
    }
}

#[test]
fn while_the_answer_is_looked_for_a_failing_history_is_asked_again_and_the_message_never_sent_again()
 {
    let flat = r#"{"id":"m","content":"x","authorId":"u","createdAt":"2024-01-07T08:00:00.000Z","metadata":{},"sessionStatus":{}}"#;
    let found = r#"{"messages":[{"id":"r","content":"hi","authorId":"a","isAgent":true,"createdAt":"2024-01-07T08:00:01.000Z","metadata":{}}],"hasMore":false}"#;
    let (taken, lost) = (
        Answer::json(201, flat),
        Answer::none(End::Broken(Some("ECONNRESET"))),
    );
    let (failed, there) = (Answer::json(502, "bad gateway"), Answer::json(200, found));
    let before = Answer::json(200, r#"{"messages":[],"hasMore":false}"#);
    let mut script = Script::of([taken.clone(), lost.clone(), failed, there, before]);
    let fine = run(&mut script, Client::default().send("s", &message("x")));
    assert_eq!((fine.error, script.posts()), (None, 1));
    let mut script = Script::of([taken, lost.clone(), lost.clone(), lost]);
    let failed = run(&mut script, Client::default().send("s", &message("x")));
    assert_eq!(script.posts(), 1);
    let error = failed.failed();
    assert_eq!(
        (error.kind, error.delivered, error.retryable),
        (ErrorKind::Network, Some(Delivered::Yes), false)
    );
}

#[test]
fn a_get_is_a_get_and_holds_no_body() {
    let client = Client::default();
    for (name, made, body) in reads(&client) {
        let run = after(made, &[], body);
        let request = &run.requests[0].1;
        let method = if name == "delete" {
            Method::Delete
        } else {
            Method::Get
        };
        assert_eq!((request.method, &request.body), (method, &None), "{name}");
    }
}
