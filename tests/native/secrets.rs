//! Where a server, the agent or the platform repeats the key: no error holds it, nor a part of it.

use agentline::error::{ErrorKind, MAX_BODY};
use agentline::json::write;

use crate::hostile::{NAMES, made};
use crate::support::client::{Client, message};
use crate::support::drive::{Answer, End, run_with_key};
use crate::support::script::Script;

const KEY: &str = "s3cret-\"key\"\\of/mine";

#[test]
fn wherever_a_server_echoes_the_key_no_error_holds_it() {
    let escaped = KEY.replace('\\', "\\\\").replace('"', "\\\"");
    let unicode: String = KEY
        .chars()
        .map(|letter| format!("\\u{:04x}", letter as u32))
        .collect();
    for spelled in [escaped.as_str(), &unicode] {
        for body in [
            format!(
                r#"{{"error":{{"code":"{spelled}","message":"bad {spelled}!","details":{{"{spelled}":["{spelled}"]}}}}}}"#
            ),
            format!(r#"{{"error":"{spelled}","message":"{spelled}"}}"#),
            format!(r#"{{"success":false,"error":"{spelled}"}}"#),
            format!(r#"["{spelled} \ud83d"]"#),
        ] {
            for status in [200, 400, 401, 404, 429, 500] {
                for name in NAMES {
                    let answer = Answer::json(status, &body).retry_after("896");
                    let run = run_with_key(
                        &mut Script::always(answer),
                        made(&Client::default(), name),
                        Some(KEY),
                    );
                    if let Some(error) = &run.error {
                        holds_no_key(&write::text(error));
                    }
                }
            }
        }
    }
}

#[track_caller]
fn holds_no_key(error: &str) {
    let bare = error.replace('\\', "");
    assert!(!bare.contains("s3cret"), "{error}");
}

#[test]
fn a_key_that_stands_where_a_long_body_is_cut_does_not_stay_in_part() {
    let key = "s3cret-0123456789-abcdef";
    for at in MAX_BODY - 40..MAX_BODY + 10 {
        for html in [false, true] {
            let filling = "x".repeat(at);
            let (content_type, body) = match html {
                true => ("text/html", format!("{filling}{key}{filling}")),
                false => (
                    "application/json",
                    format!(r#"{{"error":"{filling}{key}{filling}"}}"#),
                ),
            };
            let answer = Answer::new(400, content_type, body);
            let run = run_with_key(
                &mut Script::always(answer),
                Client::default().get("s"),
                Some(key),
            );
            let error = write::text(run.failed());
            assert!(
                !error.contains("s3cret-0"),
                "a key at {at}, of which a part stayed"
            );
        }
    }
}

#[test]
fn a_key_in_the_beginning_of_an_answer_does_not_stay_in_the_partial_reply() {
    for text in [
        "the key is s3cret-key",
        r"s3cret-key \ud83d",
        r"\ude00s3cret-key",
        r"s3\u0063ret-key",
    ] {
        let body = format!("event: chunk\ndata: {{\"messageId\":\"m\",\"chunk\":\"{text}\"}}\n\n");
        let answer = Answer::stream(body);
        let run = run_with_key(
            &mut Script::always(answer),
            Client::default().stream("s", &message("x")),
            Some("s3cret-key"),
        );
        assert_eq!(run.failed().kind, ErrorKind::Truncated);
        let error = write::text(run.failed());
        assert!(!error.contains("s3cret-key"), "{error}");
    }
}

#[test]
fn a_key_in_the_words_of_the_platform_does_not_stay() {
    let mut script = Script::new(|_, _| Answer::none(End::Broken(Some("s3cret-key"))));
    let run = run_with_key(
        &mut script,
        Client::default().send("s", &message("x")),
        Some("s3cret-key"),
    );
    assert!(!write::text(run.failed()).contains("s3cret-key"));
}
