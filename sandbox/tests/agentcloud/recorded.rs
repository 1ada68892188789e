//! Every recorded exchange over HTTP again: the same status, the same headers, the same body but for what must differ.

use crate::world::{T0, World, bearer, json_of, team};
use agentline_sandbox::agentcloud::{APP_ID, EMAIL, Options, PASSWORD, PUBLIC_APP_ID};
use agentline_sandbox::{End, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Of `tests/fixtures/agentcloud/exchanges.jsonl`.
pub fn fixtures() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/agentcloud/exchanges.jsonl"
    );
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn fixture(id: &str) -> Value {
    let found = fixtures().into_iter().find(|fixture| fixture["id"] == id);
    found.unwrap_or_else(|| panic!("{id}"))
}

/// The exchanges whose rows come from a whole conversation: see `a_conversation_leaves_rows_of_every_recorded_shape`.
const CONVERSATIONS: [&str; 4] = ["F10", "F11", "F21", "F32"];

fn is_rest(fixture: &Value) -> bool {
    let line = fixture["request"]["line"].as_str().unwrap_or("");
    fixture["label"] == "captured" && !line.is_empty() && !line.contains("/socket.io/")
}

fn id_in(path: &str) -> Option<String> {
    let (_, after) = path.split_once("/session/")?;
    let id = after.get(..24)?;
    id.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| id.to_owned())
}

/// The session of that id.
fn with_session(world: &mut World, id: &str, app: &str) {
    world.sandbox.plan_ids([id.to_owned()]);
    assert_eq!(world.session_of(app), id);
    world.pass(1000.0);
}

/// What must have happened before the exchange.
fn before(id: &str, path: &str) -> World {
    let options = Options {
        onboarded: !["F01", "F18"].contains(&id),
        // The recorded server had no agent where a list is empty or a message refused.
        wake_ms: (!["F12", "F20"].contains(&id)).then_some(50.0),
        ..Options::default()
    };
    let mut world = World::with(options);
    match id {
        "F07" => {
            for session in ["6b01ee8011f2e31b0c34e801", "6b01ee8011f2e31b0c34e802"] {
                world.now = T0;
                world.sandbox.plan_ids([session.to_owned()]);
                let body = json!({"id": APP_ID, "skipRun": true});
                world.post(&team("forms/session/add"), &body);
            }
        }
        "F08" => {
            world.sandbox.plan_ids([id_in(path).unwrap()]);
            let body = json!({"id": APP_ID, "skipRun": true});
            world.post(&team("forms/session/add"), &body);
        }
        "F09" | "F13" | "F14" | "F15" => {}
        _ => {
            if let Some(session) = id_in(path) {
                with_session(&mut world, &session, APP_ID);
            }
        }
    }
    match id {
        "F03" => world
            .sandbox
            .plan_ids(["6b01edf211f2e31b0c34e7f5".to_owned()]),
        "F04" => world
            .sandbox
            .plan_ids(["6b01ee7011f2e31b0c34e7fb".to_owned()]),
        "F05" => world
            .sandbox
            .plan_ids(["6b01ee7011f2e31b0c34e7fc".to_owned()]),
        "F27" => world
            .sandbox
            .plan_ids(["6b01ef7111f2e31b0c34e805".to_owned()]),
        "F39" => {
            let path = team(&format!("forms/app/{APP_ID}"));
            let deleted = world.ask("DELETE", &path, "application/json", "{}");
            assert_eq!(deleted.status, 200);
        }
        _ => {}
    }
    world
}

fn headers_of(fixture: &Value) -> Vec<(String, String)> {
    fixture["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|header| header.as_str().unwrap().split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect()
}

fn replayed(fixture: &Value) -> Response {
    let request = &fixture["request"];
    let mut line = request["line"].as_str().unwrap().split(' ');
    let (method, path) = (line.next().unwrap(), line.next().unwrap());
    let mut world = before(fixture["id"].as_str().unwrap(), path);
    let headers = headers_of(request);
    let named = |name: &str| {
        let found = headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let person = json!({"email": EMAIL, "password": PASSWORD});
    let signed_in = world.post("/forms/account/login", &person);
    world.credentials = match (named("authorization"), named("cookie")) {
        (Some(_), _) => bearer(json_of(&signed_in)["token"].as_str().unwrap()),
        (None, Some(_)) => {
            let cookie = signed_in.header("set-cookie").unwrap().split(';').next();
            vec![("Cookie".into(), cookie.unwrap().to_owned())]
        }
        (None, None) => vec![],
    };
    let content_type = named("content-type").unwrap_or_default();
    let body = request["body"].as_str().unwrap_or("");
    world.ask(method, path, &content_type, body)
}

/// Takes away what no two servers have in common; what is left must be the same.
fn common(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "token" | "csrf" | "startDate" | "lastUpdatedDate" => json!("…"),
                    "account" => json!("<account object, ~6 kB, omitted>"),
                    _ => common(value),
                };
                (key.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(common).collect(),
        Value::String(text) => match text.split_once("support with code: ") {
            Some((head, code)) => json!(format!("{head}support with code: <{}>", code.len())),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

#[test]
fn every_recorded_exchange_is_answered_as_it_was() {
    let mut count = 0;
    for fixture in fixtures().iter().filter(|fixture| is_rest(fixture)) {
        let id = fixture["id"].as_str().unwrap();
        if CONVERSATIONS.contains(&id) {
            continue;
        }
        count += 1;
        let response = replayed(fixture);
        let recorded = &fixture["response"];
        if recorded.is_string() {
            assert_eq!((response.end, response.body.len()), (End::Never, 0), "{id}");
            continue;
        }
        assert_eq!(
            json!(response.status),
            recorded["status"],
            "{id}: {response:?}"
        );
        let text = String::from_utf8(response.bytes()).unwrap();
        let exact = match &recorded["body"] {
            Value::String(body) => {
                assert_eq!(&text, body, "{id}");
                true
            }
            body => {
                let written: Value = serde_json::from_str(&text).unwrap();
                let (written, body) = (common(&written), common(body));
                // As text, so that the order of the keys counts.
                assert_eq!(written.to_string(), body.to_string(), "{id}");
                !body.to_string().contains('…') && !body.to_string().contains("omitted")
            }
        };
        let recorded_headers = headers_of(recorded);
        for name in ["content-type", "location", "set-cookie", "etag"] {
            let was = recorded_headers.iter().find(|(key, _)| key == name);
            let is = response.header(name);
            match (name, was, is) {
                ("set-cookie", Some((_, was)), Some(is)) => {
                    let attributes = |cookie: &str| -> Vec<String> {
                        let parts = cookie.split("; ").skip(1);
                        parts
                            .map(|part| part.split('=').next().unwrap().to_owned())
                            .collect()
                    };
                    assert_eq!(attributes(is), attributes(was), "{id}");
                    assert!(is.starts_with("connect.sid=s%3A"), "{id}");
                }
                ("etag", Some((_, was)), Some(is)) => {
                    assert_eq!(is.len(), 4 + text_length(is) + 27 + 1, "{id}");
                    if exact {
                        // What stands before the hyphen is the length of the body.
                        assert_eq!(is.split('-').next(), was.split('-').next(), "{id}");
                    }
                }
                (_, was, is) => {
                    assert_eq!(is, was.map(|(_, value)| value.as_str()), "{id}: {name}")
                }
            }
        }
    }
    assert_eq!(count, 25);
}

fn text_length(etag: &str) -> usize {
    etag.split('-').next().unwrap().len() - 3
}

/// What a value is made of: the names of its keys in their order, and the kinds of its values. Words that tell a reader
/// what a row is are kept.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(items) => {
            let kinds: BTreeSet<String> =
                items.iter().map(|item| shape(item).to_string()).collect();
            json!(kinds)
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "type" | "displayType" | "event" | "language" | "incoming" | "isFeedback"
                    | "completed" | "overwrite" | "single" | "first" => value.clone(),
                    // Whatever JSON the agent wrote.
                    "text" | "chunk" if !value.is_string() => json!("JSON"),
                    _ => shape(value),
                };
                (key.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
    }
}

#[test]
fn a_conversation_leaves_rows_of_every_recorded_shape() {
    let mut world = World::new();
    let id = world.ready_session();
    for text in [
        "stream 5 50 Hello **world**.",
        "act 1 done",
        "say {\"answer\":42}",
        "stream 4 10 abc[1]{ }def",
        "timeout",
    ] {
        assert_eq!(world.send(&id, text).status, 200);
        world.pass(2000.0);
    }
    let mut rows = world.rows(&id);
    let id = world.ready_session();
    world.send(&id, "throw");
    world.pass(2000.0);
    rows.extend(world.rows(&id));
    let written: BTreeSet<String> = rows.iter().map(|row| shape(row).to_string()).collect();
    let mut count = 0;
    for id in CONVERSATIONS {
        for row in fixture(id)["response"]["body"].as_array().unwrap() {
            // What came over a socket: see `live`.
            if row["message"]["incoming"] == true && !row["authorId"].is_null() {
                continue;
            }
            count += 1;
            let recorded = shape(row).to_string();
            assert!(
                written.contains(&recorded),
                "{id}: no row is like {row}\n{recorded}\n{written:#?}"
            );
        }
    }
    assert_eq!(count, 21);
}

#[test]
fn a_message_over_http_is_stored_as_it_was_recorded() {
    let fixture = fixture("F21");
    let recorded = &fixture["response"]["body"][0];
    let text = |key: &str| recorded[key].as_str().unwrap().to_owned();
    let mut world = World::new();
    world
        .sandbox
        .plan_ids([text("sessionId"), "greeting".into(), "0".repeat(24)]);
    let id = world.session_of(APP_ID);
    world.pass(1000.0);
    world.sandbox.plan_ids([text("chunkId"), text("_id")]);
    world.now = recorded["ts"].as_f64().unwrap();
    world.send(&id, "now ok");
    let rows = world.rows(&id);
    let row = rows.iter().find(|row| row["message"]["incoming"] == true);
    assert_eq!(row.unwrap().to_string(), recorded.to_string());
}

#[test]
fn a_session_of_a_public_app_says_so() {
    let mut world = World::new();
    let id = world.session_of(PUBLIC_APP_ID);
    let shown = json_of(&world.get(&team(&format!("session/{id}.json"))));
    assert_eq!(shown["session"]["sharingConfig"]["mode"], "public");
}
