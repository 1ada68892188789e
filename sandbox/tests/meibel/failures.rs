//! What is refused, and in which form.

use super::world::{World, body, fixture, options, switched, text};
use agentline_sandbox::meibel::{AGENT_ID, Options as MeibelOptions};
use agentline_sandbox::{End, Options};
use serde_json::{Value, json};

#[test]
fn each_form_of_an_error_s_body_can_be_had() {
    for (switches, file) in [
        ("fail=422", "e01_422.json"),
        ("fail=401", "e02_401_detail.json"),
        ("fail=404 body=code", "e03_code_message.json"),
        ("fail=422 body=message", "e04_message_detail.json"),
        ("fail=401 body=nested", "e05_nested_error.json"),
        ("fail=429", "e06_429.json"),
    ] {
        let (mut world, id) = World::with_session(options());
        let answer = body(&world.stream(&id, &format!("{switches} say x")));
        let recorded: Value = serde_json::from_str(&fixture(file)).unwrap();
        let keys = |value: &Value| {
            let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&answer), keys(&recorded), "{file}");
        for (key, value) in recorded.as_object().unwrap() {
            match value {
                Value::Array(issues) => {
                    let ours = keys(&answer[key][0]);
                    // `ctx` is there for some kinds of issue only, and the nested error names its parameter.
                    let mut theirs = keys(&issues[0]);
                    theirs.retain(|key| key != "ctx");
                    assert_eq!(ours, theirs, "{file}");
                }
                Value::Object(nested) => {
                    for key in nested.keys() {
                        assert!(answer["error"].get(key).is_some(), "{file}: {key}");
                    }
                }
                text => assert_eq!(answer[key].is_string(), text.is_string(), "{file}"),
            }
        }
    }
    let (mut world, id) = World::with_session(options());
    let mut said = |form: &str| {
        let answer = world.stream(&id, &format!("fail=503 body={form} say x"));
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("45"));
        text(&answer)
    };
    let message = "Service temporarily unavailable";
    assert_eq!(said("detail"), json!({"detail": message}).to_string());
    assert_eq!(said("error"), json!({"error": message}).to_string());
    assert_eq!(said("text"), json!(message).to_string());
    assert_eq!(said("array"), json!([message]).to_string());
    assert_eq!(said("null"), "null");
    assert_eq!(said("empty"), "");
    assert!(said("html").starts_with("<html>"));
    assert!(said("object").starts_with("{\"detail\":{"));
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let mut world = World::new(Options {
        meibel: MeibelOptions {
            rate_limit: Some(1),
            ..MeibelOptions::default()
        },
        ..options()
    });
    let id = world.create();
    world.pass(15_500.0);
    let refused = world.get(&format!("/v2/sessions/{id}"));
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("45"));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("100"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1704614460"));
    let recorded: Value = serde_json::from_str(&fixture("e06_429.json")).unwrap();
    assert_eq!(body(&refused), recorded);
    world.pass(45_000.0);
    assert_eq!(world.get(&format!("/v2/sessions/{id}")).status, 200);
}

#[test]
fn a_key_is_asked_for_in_its_own_header_only() {
    let keyed = |missing_key| Options {
        keys: vec!["k1".into(), "k2".into()],
        meibel: MeibelOptions {
            missing_key,
            ..MeibelOptions::default()
        },
        ..options()
    };
    let (mut world, id) = World::with_session(keyed(401));
    world.key = None;
    let line = format!("GET /v2/sessions/{id}");
    let mut status = |headers: &[(&str, &str)]| world.ask(&line, headers, b"").status;
    assert_eq!(status(&[]), 401);
    assert_eq!(status(&[("Meibel-API-Key", "k2")]), 200);
    assert_eq!(status(&[("meibel-api-key", "k3")]), 401);
    assert_eq!(status(&[("Authorization", "Bearer k1")]), 401);
    assert_eq!(status(&[("X-API-Key", "k1")]), 401);
    let (mut older, id) = World::with_session(keyed(403));
    older.key = None;
    let refused = older.get(&format!("/v2/sessions/{id}"));
    assert_eq!(
        (refused.status, body(&refused)),
        (403, json!({"detail": "Not authenticated"}))
    );
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut world = World::new(options());
    for line in [
        "GET /v2/sessions/sess_no",
        "GET /v2/sessions/sess_no/messages",
        "GET /v2/agents/nobody/sessions",
        "POST /v2/agents/nobody/sessions",
        "POST /v2/agents/name/unpublished/sessions",
        "POST /v2/sessions/sess_no/chat/stream",
        "DELETE /v2",
    ] {
        let answer = world.ask(line, &[], b"");
        assert_eq!(answer.status, 404, "{line}");
        assert!(body(&answer)["detail"].is_string(), "{line}");
    }
    assert_eq!(
        world.chat("sess_no", &json!({"user_message": "x"})).status,
        404
    );
    let deleted = world.ask("DELETE /v2/sessions/x", &[], b"");
    assert_eq!(
        (deleted.status, deleted.header("allow")),
        (405, Some("GET"))
    );
}

#[test]
fn a_redirect_leads_to_another_origin() {
    let mut world = World::new(switched("fail=307"));
    let answer = world.get("/v2/sessions/x?y=1");
    assert_eq!(answer.status, 307);
    assert_eq!(
        answer.header("location"),
        Some("http://elsewhere.invalid/v2/sessions/x?y=1")
    );
    assert!(answer.body.is_empty());
}

#[test]
fn a_switch_among_the_options_holds_for_every_request() {
    let mut world = World::new(switched("fail=503 retry_after=7 body=empty"));
    for line in [
        format!("GET /v2/agents/{AGENT_ID}/sessions"),
        format!("POST /v2/agents/{AGENT_ID}/sessions"),
        "POST /v2/sessions/x/chat/stream".into(),
    ] {
        let answer = world.ask(&line, &[], b"");
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("7"))
        );
        assert!(answer.body.is_empty());
    }
}

#[test]
fn a_message_that_is_refused_leaves_nothing_behind() {
    let (mut world, id) = World::with_session(options());
    for said in ["fail=503 say x", "fail=429 say x", "fail=307 say x"] {
        assert!(world.stream(&id, said).status >= 300);
        assert!(world.chat(&id, &json!({"user_message": said})).status >= 300);
    }
    assert!(world.messages(&id).is_empty());
}

#[test]
fn a_json_body_on_the_stream_s_address_is_not_heard_and_nobody_says_so() {
    let (mut world, id) = World::with_session(options());
    let line = format!("POST /v2/sessions/{id}/chat/stream");
    let json = [("content-type", "application/json")];
    let answer = world.ask(&line, &json, br#"{"user_message":"fail=500 say hi"}"#);
    assert_eq!((answer.status, answer.end), (200, End::Clean));
    assert_eq!(world.messages(&id)[0]["message"], Value::Null);
}

#[test]
fn an_answer_that_should_be_a_stream_may_be_something_else() {
    let (mut world, id) = World::with_session(options());
    let json = world.stream(&id, "instead=json say x");
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(body(&json)["response"]["message"], "x");
    let page = world.stream(&id, "instead=html say x");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.status, 200);
}

#[test]
fn a_body_is_cut_or_never_begins_where_that_is_asked_for() {
    let (mut world, id) = World::with_session(options());
    let whole = world.chat(&id, &json!({"user_message": "say x"}));
    let cut = world.chat(&id, &json!({"user_message": "end=cut say x"}));
    assert_eq!(cut.end, End::Cut);
    assert!(cut.bytes().len() < whole.bytes().len() && !cut.bytes().is_empty());
    for unanswered in [
        world.chat(&id, &json!({"user_message": "end=unanswered say x"})),
        world.stream(&id, "end=unanswered say x"),
    ] {
        assert_eq!(
            (unanswered.end, unanswered.body.len()),
            (End::Unanswered, 0)
        );
    }
    // It was taken all the same.
    world.pass(1000.0);
    assert_eq!(world.messages(&id).len(), 8);
}
