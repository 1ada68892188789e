//! What goes out: the bytes that Meibel's own clients were seen to send, without their mistakes.

use agentline::backend::{CreateSession, ListSessions, OutgoingMessage};
use agentline::error::ErrorKind;
use agentline::http::{Body, Method};

use super::{AGENT, SESSION, client, full_message, header, json, new_session, options, request};
use crate::support::client::{BASE, Client, Made, message, range};
use crate::support::drive::{Answer, Run, body_of, run, run_with_key};
use crate::support::script::Script;

/// The run against a server that refuses everything: only its requests count.
fn asked(made: Made) -> Run {
    run(&mut Script::always(Answer::json(400, "{}")), made)
}

fn path(run: &Run) -> String {
    let request = request(run);
    let path = request.url.strip_prefix(BASE).unwrap();
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Delete => "DELETE",
    };
    format!("{method} {path}")
}

#[test]
fn f1_row_16_a_session_with_nothing_to_say_has_no_body() {
    let run = asked(client().create(&new_session()));
    assert_eq!(path(&run), "POST /v2/agents/agent_123/sessions");
    assert_eq!(request(&run).body, None);
    assert_eq!(header(request(&run), "content-type"), None);
    let nothing = CreateSession {
        backend_options: json("{}"),
        ..new_session()
    };
    assert_eq!(request(&asked(client().create(&nothing))).body, None);
}

#[test]
fn f2_row_16_a_session_takes_its_prompt_its_context_and_whatever_else_as_it_is() {
    let input = CreateSession {
        prompt: Some("You are".to_owned()),
        metadata: json(r#"{"userId":"u1","X-Key":null,"__proto__":1.50}"#),
        backend_options: json(
            r#"{"max_iterations_per_user_message":5,"message_wait_timeout_seconds":3600,"execution_policy_ids":["p1"],"execution_policy":{"tools":{"t":{"disabled":true}}}}"#,
        ),
        ..new_session()
    };
    let run = asked(client().create(&input));
    assert_eq!(
        body_of(&run),
        r#"{"prompt":"You are","initial_context":{"userId":"u1","X-Key":null,"__proto__":1.50},"max_iterations_per_user_message":5,"message_wait_timeout_seconds":3600,"execution_policy_ids":["p1"],"execution_policy":{"tools":{"t":{"disabled":true}}}}"#
    );
    assert_eq!(
        header(request(&run), "content-type"),
        Some("application/json")
    );
}

#[test]
fn a_session_is_made_by_the_name_of_an_agent_as_one_segment() {
    let input = CreateSession {
        agent_name: Some("../my agent/é?#".to_owned()),
        ..CreateSession::default()
    };
    assert_eq!(
        path(&asked(client().create(&input))),
        "POST /v2/agents/name/..%2Fmy%20agent%2F%C3%A9%3F%23/sessions"
    );
}

#[test]
fn what_meibel_cannot_do_is_refused_without_a_request() {
    let create = |input: CreateSession| client().create(&input);
    let (invalid, unsupported) = (ErrorKind::Invalid, ErrorKind::Unsupported);
    let by_user = ListSessions {
        agent_id: Some(AGENT.to_owned()),
        user_id: Some("u".to_owned()),
        ..ListSessions::default()
    };
    let about = OutgoingMessage {
        metadata: json("{}"),
        ..message("hi")
    };
    for (kind, made) in [
        (invalid, create(CreateSession::default())),
        (
            invalid,
            create(CreateSession {
                agent_name: Some("n".to_owned()),
                ..new_session()
            }),
        ),
        (
            unsupported,
            create(CreateSession {
                user_id: Some("u".to_owned()),
                ..new_session()
            }),
        ),
        (
            unsupported,
            create(CreateSession {
                variables: json("{}"),
                ..new_session()
            }),
        ),
        (invalid, client().list(ListSessions::default())),
        (unsupported, client().list(by_user)),
        (unsupported, client().send(SESSION, &about)),
        (unsupported, client().delete(SESSION)),
        (unsupported, client().cancel(SESSION)),
        (unsupported, client().renew(SESSION)),
        (invalid, client().get("..")),
        (invalid, client().get("")),
    ] {
        let run = run(&mut Script::of([]), made);
        assert_eq!(run.failed().kind, kind, "{}", run.failed().message);
    }
}

#[test]
fn bug_15_an_id_never_leaves_its_segment() {
    let id = "../agents?x=1#f";
    let escaped = "..%2Fagents%3Fx%3D1%23f";
    let all = range(9, None, None);
    for (made, line) in [
        (client().get(id), format!("GET /v2/sessions/{escaped}")),
        (
            client().page(id, &all),
            format!("GET /v2/sessions/{escaped}/messages"),
        ),
        (
            client().send(id, &message("x")),
            format!("POST /v2/sessions/{escaped}/chat"),
        ),
        (
            client().stream(id, &message("x")),
            format!("POST /v2/sessions/{escaped}/chat/stream"),
        ),
        (
            client().list(ListSessions {
                agent_id: Some(id.to_owned()),
                ..ListSessions::default()
            }),
            format!("GET /v2/agents/{escaped}/sessions"),
        ),
    ] {
        assert_eq!(path(&asked(made)), line);
    }
}

#[test]
fn f4_a_synchronous_chat_is_json() {
    let run = asked(client().send(SESSION, &full_message("Héllo 🚀")));
    assert_eq!(path(&run), "POST /v2/sessions/sess_1/chat");
    assert_eq!(
        body_of(&run),
        r#"{"user_message":"Héllo 🚀","timeout_seconds":120,"include_thinking":true,"include_tool_activity":false}"#
    );
    let bare = asked(client().send(SESSION, &message("x")));
    assert_eq!(body_of(&bare), r#"{"user_message":"x"}"#);
}

#[test]
fn f5_row_5_a_streamed_chat_without_files_is_a_form() {
    let run = asked(client().stream(SESSION, &full_message("Héllo 🚀 & a=b")));
    assert_eq!(path(&run), "POST /v2/sessions/sess_1/chat/stream");
    assert_eq!(
        body_of(&run),
        "user_message=H%C3%A9llo%20%F0%9F%9A%80%20%26%20a%3Db&timeout_seconds=120&include_thinking=true&include_tool_activity=false"
    );
    let request = request(&run);
    assert_eq!(
        header(request, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(header(request, "accept"), Some("text/event-stream"));
    let bare = asked(client().stream(SESSION, &message("x")));
    assert_eq!(body_of(&bare), "user_message=x");
}

#[test]
fn f6_row_6_a_chat_with_files_is_a_multipart_form_whose_file_parts_are_called_files() {
    let with_files = OutgoingMessage {
        files: 2,
        ..full_message("m")
    };
    for made in [
        client().stream(SESSION, &with_files),
        client().send(SESSION, &with_files),
    ] {
        let run = asked(made);
        assert_eq!(path(&run), "POST /v2/sessions/sess_1/chat/stream");
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = Body::Multipart {
            fields: vec![
                field("user_message", "m"),
                field("timeout_seconds", "120"),
                field("include_thinking", "true"),
                field("include_tool_activity", "false"),
            ],
            files: "files",
        };
        assert_eq!(request(&run).body, Some(form));
        // the platform writes the boundary
        assert_eq!(header(request(&run), "content-type"), None);
    }
}

#[test]
fn options_of_the_backend_go_into_either_body_and_null_is_no_field_of_a_form() {
    let given = OutgoingMessage {
        backend_options: json(
            r#"{"timeout_seconds":7,"include_thinking":null,"x":{"a":[1]},"y":"1 2"}"#,
        ),
        ..full_message("m")
    };
    let run = asked(client().send(SESSION, &given));
    assert_eq!(
        body_of(&run),
        r#"{"user_message":"m","include_tool_activity":false,"timeout_seconds":7,"include_thinking":null,"x":{"a":[1]},"y":"1 2"}"#
    );
    let run = asked(client().stream(SESSION, &given));
    assert_eq!(
        body_of(&run),
        "user_message=m&include_tool_activity=false&timeout_seconds=7&x=%7B%22a%22%3A%5B1%5D%7D&y=1%202"
    );
}

#[test]
fn milliseconds_become_whole_seconds_and_never_too_few() {
    for (limit, seconds) in [
        (1.0, "1"),
        (999.0, "1"),
        (1_000.0, "1"),
        (1_001.0, "2"),
        (90_500.0, "91"),
    ] {
        let message = OutgoingMessage {
            answer_timeout: Some(limit),
            ..message("x")
        };
        let run = asked(client().send(SESSION, &message));
        assert_eq!(
            body_of(&run),
            format!("{{\"user_message\":\"x\",\"timeout_seconds\":{seconds}}}")
        );
    }
    let endless = OutgoingMessage {
        answer_timeout: Some(f64::INFINITY),
        ..message("x")
    };
    let run = asked(client().send(SESSION, &endless));
    assert_eq!(body_of(&run), r#"{"user_message":"x"}"#);
}

#[test]
fn row_19_the_key_goes_in_meibels_own_header_and_in_no_other() {
    let run = run_with_key(
        &mut Script::always(Answer::json(401, "{}")),
        client().get(SESSION),
        Some("mk_test"),
    );
    let request = request(&run);
    assert_eq!(header(request, "meibel-api-key"), Some("mk_test"));
    assert_eq!(header(request, "authorization"), None);
    let holds = |(_, value): &&(String, String)| value.contains("mk_test");
    assert_eq!(request.headers.iter().filter(holds).count(), 1);
}

#[test]
fn the_version_in_the_base_url_survives_and_the_hosted_service_is_the_default() {
    for (base_url, url) in [
        (None, "https://api.meibel.ai/v2/sessions/s"),
        (
            Some("http://localhost:8000/v2/"),
            "http://localhost:8000/v2/sessions/s",
        ),
        (
            Some("https://api.dev.meibel.ai/v2"),
            "https://api.dev.meibel.ai/v2/sessions/s",
        ),
    ] {
        let client = Client::new(agentline::settings::Options {
            base_url: base_url.map(str::to_owned),
            ..options()
        });
        let run = asked(client.get("s"));
        assert_eq!(request(&run).url, url);
    }
}
