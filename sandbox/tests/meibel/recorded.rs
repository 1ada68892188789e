//! The captured requests get answers of the documented shape, and every kind of stream that the fixtures hold can be had.

use super::world::{Event, World, body, events, fixture, names, options, switched, text};
use agentline_sandbox::meibel::AGENT_ID;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The keys of an object and of the objects in it, wherever a list's first item shows them: `data[].session_id`.
fn paths(value: &Value, at: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                // What is in free-form values is the agent's.
                let path = format!("{at}.{key}");
                if !["arguments", "result", "token_usage", "action_data"].contains(&key.as_str()) {
                    paths(value, &path, out);
                }
                out.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{at}[]"), out);
            }
        }
        _ => {}
    }
}

fn shape(value: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    paths(value, "", &mut out);
    out
}

fn json(name: &str) -> Value {
    serde_json::from_str(&fixture(name)).unwrap()
}

#[test]
fn what_the_official_clients_sent_is_answered_as_they_expect() {
    let lines = fixture("requests.jsonl");
    let mut seen = Vec::new();
    for line in lines.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let (mut world, id) = World::with_session(options());
        let line = recorded["line"].as_str().unwrap();
        let line = line.replace("sess_1", &id).replace("agent_123", AGENT_ID);
        let headers: Vec<(&str, &str)> = recorded["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let answer = world.ask(
            &line,
            &headers,
            recorded["body"].as_str().unwrap().as_bytes(),
        );
        assert_eq!(answer.status, 200, "{line}: {}", text(&answer));
        let name = recorded["name"].as_str().unwrap();
        match name {
            "create" | "create-with-body" => {
                assert_eq!(
                    shape(&body(&answer)),
                    shape(&json("r01_create_session.json"))
                );
            }
            "list" => {
                let listed = body(&answer);
                assert!(shape(&json("r02_list_sessions_page.json")).is_superset(&shape(&listed)));
                assert_eq!(listed["data"][0]["session_id"], id.as_str());
            }
            "chat" => {
                let said = body(&answer);
                assert_eq!(said["assistant_response"], "echo: Héllo 🚀");
                assert_eq!(said["tool_activity"], Value::Null);
                assert_eq!(said["thinking"], "scripted thought");
            }
            "stream" => {
                let told = events(&text(&answer));
                let last = told.last().unwrap().json();
                assert_eq!(last["data"]["message"], "echo: Héllo 🚀 & a=b");
            }
            "stream-with-file-typescript" => {
                world.pass(1000.0);
                let parsed = &world.details(&id)["file_parsing"][0];
                assert_eq!(parsed["filename"], "a \"b\".txt");
            }
            // The guide's call loses its message on the way: the server hears nothing.
            "stream-guide-call-typescript" => {
                let told = events(&text(&answer));
                assert_eq!(told.last().unwrap().json()["data"]["message"], "echo: ");
                assert_eq!(world.messages(&id)[0]["message"], Value::Null);
            }
            other => panic!("{other} is not known"),
        }
        seen.push(name.to_owned());
    }
    assert_eq!(seen.len(), 7);
}

#[test]
fn every_answer_has_exactly_the_documented_fields() {
    let (mut world, id) = World::with_session(options());
    let request = serde_json::json!({
        "user_message": "cite Revenue grew 12%", "include_tool_activity": true, "include_thinking": true,
    });
    let chat = body(&world.chat(&id, &request));
    assert_eq!(shape(&chat), shape(&json("r03_chat_response.json")));
    let files = "--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"q4.pdf\"\r\n\r\nx\r\n--B--\r\n";
    let line = format!("POST /v2/sessions/{id}/chat/stream");
    let kind = [("content-type", "multipart/form-data; boundary=B")];
    assert_eq!(world.ask(&line, &kind, files.as_bytes()).status, 200);
    world.pass(1000.0);
    assert_eq!(
        shape(&world.details(&id)),
        shape(&json("r08_session_details.json"))
    );
    let messages = body(&world.get(&format!("/v2/sessions/{id}/messages")));
    assert_eq!(shape(&messages), shape(&json("r05_messages.json")));
    let list = body(&world.get(&format!("/v2/agents/{AGENT_ID}/sessions?limit=2")));
    let mut listed = shape(&list);
    // The recorded list holds no artifact.
    listed.retain(|path| !path.starts_with(".data[].result."));
    assert_eq!(listed, shape(&json("r02_list_sessions_page.json")));
    let silent = body(&world.chat(&id, &serde_json::json!({"user_message": "ignore"})));
    let smallest = json("r04_chat_response_minimal.json");
    assert_eq!(silent["response"], smallest["response"]);
    assert_eq!(silent["assistant_response"], smallest["assistant_response"]);
}

#[test]
fn an_answer_that_failed_leaves_a_call_without_a_result() {
    let (mut world, id) = World::with_session(options());
    world.stream(&id, "status=FAILED act 0 dig");
    world.pass(1000.0);
    let details = world.details(&id);
    let recorded = json("r09_session_details_nulls.json");
    assert_eq!(details["status"], recorded["status"]);
    assert_eq!(details["tool_activity"][0]["tool_result"], Value::Null);
}

#[test]
fn a_tool_s_result_may_be_any_json() {
    for (switch, kind) in [
        ("object", "r06_messages_result_object.json"),
        ("text", "r05_messages.json"),
    ] {
        let (mut world, id) = World::with_session(options());
        world.stream(&id, &format!("result={switch} act 1 dig"));
        world.pass(1000.0);
        let recorded = &json(kind)["messages"][2]["result"];
        let result = &world.messages(&id)[2]["result"];
        assert_eq!(result.is_object(), recorded.is_object());
        assert_eq!(result.is_string(), recorded.is_string());
    }
}

/// What a stream looks like, without what it says: for each event its fields' names, its name, and the shape of its data.
fn look(told: &[Event]) -> Vec<(Vec<String>, String, Vec<String>)> {
    let looks = told.iter().map(|event| {
        let fields = event.fields.iter().map(|(name, _)| name.clone()).collect();
        let data = serde_json::from_str::<Value>(&event.data());
        let keys = match data {
            Ok(Value::Object(data)) => keys(&data),
            Ok(_) => vec!["a value".into()],
            Err(_) => vec![if event.data().starts_with('[') {
                event.data()
            } else {
                "text".into()
            }],
        };
        (fields, event.name().unwrap_or("-").to_owned(), keys)
    });
    looks.collect()
}

fn keys(data: &Map<String, Value>) -> Vec<String> {
    data.keys().cloned().collect()
}

#[test]
fn each_kind_of_stream_in_the_fixtures_can_be_had() {
    for (file, said) in [
        ("s_canon.sse", "cite Revenue grew 12%"),
        ("s_crlf.sse", "newline=crlf cite Revenue grew 12%"),
        ("s_bom.sse", "bom=yes cite Revenue grew 12%"),
        ("s_done.sse", "sentinel=yes cite Revenue grew 12%"),
        ("s_guide.sse", "style=guide cite Revenue grew 12%"),
        ("s_legacy_v050.sse", "style=legacy say Revenue grew 12%."),
    ] {
        let (mut world, id) = World::with_session(options());
        let stream = text(&world.stream(&id, said));
        let recorded = fixture(file);
        let (ours, theirs) = (events(&stream), events(&recorded));
        assert_eq!(names(&ours), names(&theirs), "{file}");
        let lists = |looks: &mut Vec<(Vec<String>, String, Vec<String>)>| {
            for look in looks {
                look.2.sort();
            }
        };
        let (mut our_look, mut their_look) = (look(&ours), look(&theirs));
        lists(&mut our_look);
        lists(&mut their_look);
        assert_eq!(our_look, their_look, "{file}");
        for mark in ["\r\n", "\u{feff}"] {
            assert_eq!(
                stream.contains(mark),
                recorded.contains(mark),
                "{file}: {mark:?}"
            );
        }
        let whole = |stream: &str| stream.ends_with("\n\n") || stream.ends_with("\r\n\r\n");
        assert!(whole(&stream) && whole(&recorded));
    }
}

#[test]
fn each_error_in_a_stream_of_the_fixtures_can_be_had() {
    for (file, said) in [
        ("s_error.sse", "throwmid Revenue grew"),
        ("s_error2.sse", "error=content throw"),
        ("s_errortext.sse", "error=text throw"),
    ] {
        let (mut world, id) = World::with_session(options());
        let mut ours = events(&text(&world.stream(&id, said)));
        // The fixtures are cut short: they tell no status.
        ours.retain(|event| event.name() != Some("status"));
        let theirs = events(&fixture(file));
        assert_eq!(names(&ours), names(&theirs), "{file}");
        assert_eq!(look(&ours).last(), look(&theirs).last(), "{file}");
    }
}

#[test]
fn each_oddity_of_framing_in_the_fixtures_can_be_had() {
    let (mut world, id) = World::with_session(switched("ping_ms=100"));
    let mut stream = |said: &str| text(&world.stream(&id, said));
    let last_lacks_its_empty_line = stream("end=unfinished say x");
    assert!(
        last_lacks_its_empty_line.ends_with("}\n") && !last_lacks_its_empty_line.ends_with("\n\n")
    );
    assert!(
        fixture("s_noblank.sse").trim_end().ends_with('}')
            && !fixture("s_noblank.sse").ends_with("\n\n")
    );

    let several_lines = events(&stream("framing=multiline say x"));
    let fields = &several_lines.last().unwrap().fields;
    assert_eq!(fields.iter().filter(|(name, _)| name == "data").count(), 2);
    assert_eq!(several_lines.last().unwrap().json()["data"]["message"], "x");
    assert!(fixture("s_multiline.sse").matches("data:").count() >= 2);

    let tight = stream("framing=tight say x");
    for mark in [
        "id:42\n",
        "retry:3000\n",
        "event:completion\n",
        "data:{",
        "foo:bar\n",
    ] {
        assert!(tight.contains(mark), "{mark}: {tight}");
    }
    assert!(
        ["\nevent:completion\ndata:{", "id: 42", "foo: bar"]
            .iter()
            .all(|mark| fixture("s_fields.sse").contains(mark))
    );

    // An event without data leaves its id behind; the next one has no name.
    let leaking = events(&stream("style=guide pings=ping wait 150 x"));
    let theirs = events(&fixture("s_leak.sse"));
    let sorted = |event: &Event| {
        let mut fields = event.fields.clone();
        fields.sort();
        fields
    };
    assert_eq!(sorted(&leaking[0]), sorted(&theirs[0]));
    assert_eq!(leaking[1].name(), None);

    let kinds = |stream: &str| names(&events(stream)).into_iter().collect::<BTreeSet<_>>();
    let mut pinged = kinds(&stream("pings=all wait 550 x"));
    pinged.remove("status");
    assert_eq!(pinged, kinds(&fixture("s_pings.sse")));

    let separators = stream("say a\u{2028}b\u{85}c\u{b}d");
    assert!(
        separators.contains("a\u{2028}b\u{85}c\\u000bd"),
        "{separators}"
    );
    assert!(fixture("s_ls.sse").contains("a\u{2028}b\u{85}c\\u000bd"));
    let escaped = stream("characters=escaped say é😀");
    assert!(escaped.contains("\\u00e9\\ud83d\\ude00") && escaped.is_ascii());
}

#[test]
fn every_fixture_is_looked_at() {
    let source = include_str!("recorded.rs").to_owned()
        + include_str!("failures.rs")
        + include_str!("framework.rs");
    let folder = format!("{}/../tests/fixtures/meibel", env!("CARGO_MANIFEST_DIR"));
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        // The smallest history is for clients: this server always writes all of a row's fields.
        let own = ["README.md", "r07_messages_minimal.json"];
        assert!(
            own.contains(&name.as_str()) || source.contains(&name),
            "{name}"
        );
    }
}
