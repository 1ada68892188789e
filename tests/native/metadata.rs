//! What callers attach to elizaOS sessions and messages: how much of it is taken, and whose words stand in the history.

use agentline::backend::{CreateSession, OutgoingMessage};
use agentline::error::{Delivered, ErrorKind};
use agentline::json::Json;
use serde_json::{Value, json};

use crate::details::{answer, echo, session};
use crate::support::client::{AGENT, Client, message, range};
use crate::support::drive::{body_of, run};
use crate::support::world::World;

fn value(json: Option<&Json>) -> Value {
    json.map_or(Value::Null, |json| {
        serde_json::from_str(json.as_str()).unwrap()
    })
}

pub fn with(metadata: &Value) -> CreateSession {
    CreateSession {
        agent_id: Some(AGENT.to_owned()),
        metadata: Some(Json::parse(metadata.to_string()).unwrap()),
        ..CreateSession::default()
    }
}

fn saying(text: &str, metadata: &Value) -> OutgoingMessage {
    OutgoingMessage {
        metadata: Some(Json::parse(metadata.to_string()).unwrap()),
        ..message(text)
    }
}

#[test]
fn metadata_of_a_row_are_the_sessions_and_over_them_the_messages() {
    let mut world = World::new(echo());
    let client = Client::default();
    let of_session = json!({"mood": "calm", "place": "home"});
    let id = session(run(&mut world, client.create(&with(&of_session)))).id;
    let of_message = json!({"mood": "merry", "tags": [null], "sessionId": "spoof", "thought": "mine", "actions": ["X"]});
    let sent = run(&mut world, client.send(&id, &saying("say x", &of_message)));
    assert_eq!(answer(sent), "x");
    let page = run(&mut world, client.page(&id, &range(10, None, None)));
    let metadata = value(page.messages()[0].metadata.as_ref());
    assert_eq!(
        (&metadata["mood"], &metadata["place"], &metadata["tags"]),
        (&json!("merry"), &json!("home"), &json!([null]))
    );
    // the caller's words stand where the server's own should
    assert_eq!(metadata["sessionId"], "spoof");
    assert_eq!(metadata["timeoutConfig"]["timeoutMinutes"], 30);
    assert_eq!(
        (metadata.get("thought"), metadata.get("actions")),
        (None, None)
    );
}

#[test]
fn metadata_of_a_session_may_be_any_json_and_null_is_none() {
    for (given, kept) in [
        (json!(["a", null]), json!(["a", null])),
        (json!("text"), json!("text")),
        (json!(1.5), json!(1.5)),
        (json!(true), json!(true)),
        (json!(null), json!({})),
        (json!({"deep": {"a": []}}), json!({"deep": {"a": []}})),
    ] {
        let mut world = World::new(echo());
        let made = session(run(&mut world, Client::default().create(&with(&given))));
        assert_eq!(value(made.metadata.as_ref()), kept, "{given}");
    }
}

#[test]
fn metadata_beyond_ten_kilobytes_are_invalid_and_the_message_was_not_taken() {
    // `{"a":""}` are eight of the 10,240 characters
    for (length, fits) in [(10_232, true), (10_233, false)] {
        let metadata = json!({"a": "x".repeat(length)});
        let mut world = World::new(echo());
        let client = Client::default();
        let id = session(run(&mut world, client.create_for_agent())).id;
        for sent in [
            run(&mut world, client.send(&id, &saying("say x", &metadata))),
            run(&mut world, client.stream(&id, &saying("say x", &metadata))),
        ] {
            assert_eq!(sent.error.is_none(), fits, "{length}");
            if let Some(failed) = sent.error {
                assert_eq!(
                    (failed.kind, failed.delivered),
                    (ErrorKind::Invalid, Some(Delivered::No))
                );
            }
        }
        let made = run(&mut world, client.create(&with(&metadata)));
        assert_eq!(made.error.is_none(), fits, "{length}");
        assert!(
            made.error
                .is_none_or(|error| error.kind == ErrorKind::Invalid)
        );
    }
}

#[test]
fn what_the_caller_attaches_to_a_message_goes_out_as_it_is() {
    let attachments = r#"[{"type":"image","url":"https://example.invalid/a.png","n":1.50}]"#;
    let outgoing = OutgoingMessage {
        backend_options: Some(Json::parse(format!("{{\"attachments\":{attachments}}}")).unwrap()),
        ..message("say x")
    };
    let (mut world, id, _) = World::with_session(echo());
    let sent = run(&mut world, Client::default().send(&id, &outgoing));
    let body = body_of(&sent);
    assert!(
        body.contains(&format!("\"attachments\":{attachments}"))
            && body.contains("\"transport\":\"http\""),
        "{body}"
    );
    // it reaches neither the agent nor the history
    assert_eq!(answer(sent), "x");
    let page = run(
        &mut world,
        Client::default().page(&id, &range(10, None, None)),
    );
    assert!(!page.messages()[0].raw.as_str().contains("example.invalid"));
}
