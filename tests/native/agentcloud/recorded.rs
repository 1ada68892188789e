//! Every recorded HTTP exchange, fed to the operation that makes it: whole, cut anywhere, and broken off anywhere.

use agentline::backend::{Edge, ListSessions};
use agentline::error::ErrorKind;
use agentline::http::Method;
use agentline::json::{Json, write};
use serde_json::{Value, json};

use super::{client, for_app, options};
use crate::support::client::{Client, Made, message, range};
use crate::support::drive::{Answer, End, Run, Seen, run};
use crate::support::script::Script;

const SESSION: &str = "6b01ee7011f2e31b0c34e7fb";

/// A recorded exchange: its answer, and the bytes of the answer's body.
struct Recorded {
    id: String,
    answer: Answer,
    body: Vec<u8>,
}

fn recorded() -> Vec<Recorded> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/agentcloud/exchanges.jsonl"
    );
    let lines = std::fs::read_to_string(path).unwrap();
    let all: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(all.len(), 45);
    let exchange = |line: &Value| {
        let response = line.get("response")?;
        let id = line["id"].as_str().unwrap().to_owned();
        let Some(status) = response["status"].as_u64() else {
            return Some(Recorded {
                id,
                answer: Answer::none(End::Never),
                body: Vec::new(),
            });
        };
        let body = match &response["body"] {
            Value::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let header = |name: &str| {
            let headers = response["headers"].as_array().cloned().unwrap_or_default();
            headers
                .iter()
                .filter_map(|header| header.as_str()?.split_once(": "))
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value.to_owned())
        };
        let mut answer = Answer::json(u16::try_from(status).unwrap(), &body);
        let head = answer.head.as_mut().unwrap();
        head.location = header("Location");
        if header("Content-Type").is_some() || head.location.is_some() {
            head.content_type = header("Content-Type");
        }
        Some(Recorded { id, answer, body })
    };
    all.iter().filter_map(exchange).collect()
}

/// What an exchange is an answer to, and what comes of it; nothing for one that no operation of ours makes.
fn meant(id: &str) -> Option<(Made, Value)> {
    let page = |session: &str| client().page(session, &range(100, None, None));
    let after = |id: &str| {
        let after = Some(Edge::Cursor(id.to_owned()));
        client().page("6b01ef2d11f2e31b0c34e803", &range(100, None, after))
    };
    let refused = |kind: &str, status: u16, code: Option<&str>| json!([kind, status, code]);
    let create = || client().create(&for_app("6b01edf211f2e31b0c34e7f2"));
    let turn = [
        ["6b01ef3169bf608a2d7a2951", "assistant", "Hello **world**."],
        [
            "6b01ef3169bf608a2d7a2952",
            "system",
            "Finished using tool: Search wikipedia",
        ],
        ["6b01ef3169bf608a2d7a2953", "assistant", "{\"answer\":42}"],
        [
            "6b01ef3169bf608a2d7a2954",
            "system",
            "A message with no chunk id",
        ],
        ["6b01ef3169bf608a2d7a2955", "assistant", "Anything else?"],
        ["6b01ef3469bf608a2d7a2956", "user", "from http"],
        ["6b01ef3469bf608a2d7a2957", "system", "TimeOutError"],
    ];
    let begin = [
        ["6b01ef2f69bf608a2d7a294f", "assistant", "How can I help?"],
        ["6b01ef3069bf608a2d7a2950", "user", "hello"],
    ];
    let whole: Vec<_> = begin.iter().chain(&turn).collect();
    Some(match id {
        "F01" => (
            client().sign_in("alice@example.com", "Passw0rd!x"),
            json!(["<JWT>"]),
        ),
        "F02" => (
            client().sign_in("alice@example.com", "nope"),
            refused("unauthorized", 403, None),
        ),
        "F04" => (create(), json!([["6b01ee7011f2e31b0c34e7fb", "active"]])),
        "F05" => (create(), json!([["6b01ee7011f2e31b0c34e7fc", "active"]])),
        "F06" => (
            create(),
            refused("invalid", 400, Some("c937b180-4a7b-40a7-8f23-db5afa040d29")),
        ),
        "F07" => (
            client().list(ListSessions::default()),
            json!([
                ["6b01ee8011f2e31b0c34e802", "active"],
                ["6b01ee8011f2e31b0c34e801", "active"]
            ]),
        ),
        "F08" => (
            client().get(SESSION),
            json!([["6b01ee7011f2e31b0c34e7fb", "active"]]),
        ),
        "F09" => (client().get(SESSION), refused("not_found", 200, None)),
        "F10" => (page("6b01ef2d11f2e31b0c34e803"), json!(whole)),
        "F11" => (after("6b01ef3069bf608a2d7a2950"), json!(turn)),
        "F12" => (page(SESSION), json!([])),
        "F13" => (page(SESSION), refused("unauthorized", 302, None)),
        "F14" => (page(SESSION), refused("unauthorized", 200, None)),
        "F15" => (page(SESSION), refused("forbidden", 200, None)),
        "F16" => (page(SESSION), refused("invalid", 400, None)),
        "F18" => (
            client().list(ListSessions::default()),
            refused("forbidden", 200, Some("ONBOARDING")),
        ),
        "F17" | "F39" => (page(SESSION), json!(["timeout", null, null])),
        "F20" => (
            client().send(SESSION, &message("x")),
            refused("invalid", 400, Some("SESSION_INACTIVE")),
        ),
        "F21" => (
            page("6b01ee7011f2e31b0c34e7fe"),
            json!([["6b01ef6f69bf608a2d7a2958", "user", "now ok"]]),
        ),
        "F22" => (client().cancel(SESSION), json!([])),
        "F23" => (client().delete(SESSION), json!([])),
        "F24" => {
            let variables = Json::parse(r#"{"topic":"dogs"}"#).unwrap();
            (client().set_variables(SESSION, &variables), json!([]))
        }
        "F26" => (
            create(),
            refused("invalid", 400, Some("0c1dc41a-1151-46e8-a47a-b586e8ce4065")),
        ),
        "F32" => (
            page("6b01f05411f2e31b0c34e80b"),
            json!([
                ["6b01f05669bf608a2d7a295f", "assistant", "See [1] and {}."],
                [
                    "6b01f05669bf608a2d7a2960",
                    "system",
                    "🛑 Stopped generating."
                ],
                ["6b01f05669bf608a2d7a2961", "assistant", "   "],
                [
                    "6b01f05669bf608a2d7a2962",
                    "system",
                    "**Running task**: Research **Available tools**: wiki"
                ],
                [
                    "6b01f05769bf608a2d7a2963",
                    "system",
                    "multi\nline\n```js\nlet a = 1\n```\n"
                ],
            ]),
        ),
        "F40" | "F41" => (
            page("64b5c0f2a1b2c3d4e5f60003"),
            json!([["64b5c0f2a1b2c3d4e5f60718", "assistant", "Hi"]]),
        ),
        "F42" => (page(SESSION), refused("forbidden", 403, Some("403"))),
        "F45" => (
            page(SESSION),
            json!([["64b5c0f2a1b2c3d4e5f60022", "assistant", "abc"]]),
        ),
        // F03 and F27: keys and public links are nobody's operation. F19 and F25 are one of several answers, in `answers`
        // and `sessions`. The others are of Socket.IO
        _ => return None,
    })
}

/// What came of a run, in the words of [`meant`].
fn found(run: &Run) -> Value {
    if let Some(error) = &run.error {
        let kind = serde_json::to_value(error.kind).unwrap();
        return json!([kind, error.status, error.code]);
    }
    let shown = |seen: &Seen| match seen {
        Seen::Message(message) => {
            let role: Value = serde_json::from_str(&write::text(&message.role)).unwrap();
            Some(json!([message.id, role, message.text.as_str()]))
        }
        Seen::Session(session) => Some(json!([session.id, session.status.as_str()])),
        Seen::Frame(token) => Some(json!(token)),
        Seen::Page(_) => None,
        other => panic!("{other:?}"),
    };
    run.seen.iter().filter_map(shown).collect()
}

/// Gives the answer to every request, but to the look at what was there before a message.
fn fed(id: &str, made: Made, answer: &Answer) -> Run {
    let mut script = Script::new(|request, _| match request.method {
        Method::Get if id == "F20" => Answer::json(200, "[]"),
        _ => answer.clone(),
    });
    run(&mut script, made)
}

#[test]
fn every_recorded_answer_means_what_the_contract_says() {
    let mut tried = 0;
    for exchange in recorded() {
        let Some((made, expected)) = meant(&exchange.id) else {
            continue;
        };
        let run = fed(&exchange.id, made, &exchange.answer);
        assert_eq!(found(&run), expected, "{}", exchange.id);
        tried += 1;
    }
    assert_eq!(tried, 29);
}

#[test]
fn a_recorded_answer_cut_in_two_at_any_byte_gives_the_same() {
    for exchange in recorded() {
        let made = || Some(meant(&exchange.id)?.0);
        let Some(first) = made() else { continue };
        let whole = fed(&exchange.id, first, &exchange.answer);
        let step = if exchange.body.len() > 4096 { 37 } else { 1 };
        for at in (0..=exchange.body.len()).step_by(step) {
            let cut = exchange.answer.clone().cut_at(&exchange.body, at);
            if cut.head.is_some() {
                let found = fed(&exchange.id, made().unwrap(), &cut);
                assert_eq!(found, whole, "{} cut at {at}", exchange.id);
            }
        }
    }
}

#[test]
fn a_recorded_answer_that_ends_early_is_no_answer() {
    for exchange in recorded() {
        let success = |answer: &Answer| answer.head.as_ref().is_some_and(|head| head.status < 300);
        // of these only the status counts
        let silent = ["F22", "F23", "F24"].contains(&exchange.id.as_str());
        if silent || !success(&exchange.answer) {
            continue;
        }
        let step = if exchange.body.len() > 4096 { 37 } else { 1 };
        for at in (0..exchange.body.len()).step_by(step) {
            let Some((made, _)) = meant(&exchange.id) else {
                continue;
            };
            let cut = exchange.answer.clone().pieces([&exchange.body[..at]]);
            let run = fed(&exchange.id, made, &cut);
            assert_eq!(
                run.failed().kind,
                ErrorKind::Protocol,
                "{} at {at}",
                exchange.id
            );
            assert_eq!(run.kinds(), [""; 0]);
        }
    }
}

#[test]
fn every_request_says_json_and_names_its_bearer_and_no_path_has_an_empty_team() {
    for exchange in recorded() {
        let Some((made, _)) = meant(&exchange.id) else {
            continue;
        };
        let mut script = Script::always(exchange.answer.clone());
        let run = crate::support::drive::run_with_key(&mut script, made, Some("the-key"));
        for (_, request) in &run.requests {
            let header = |name: &str| {
                let found = request.headers.iter().find(|(header, _)| header == name);
                found.map(|(_, value)| value.as_str())
            };
            assert_eq!(header("content-type"), Some("application/json"));
            assert_eq!(header("authorization"), Some("Bearer the-key"));
            assert!(!request.url.contains('{'), "{}", request.url);
        }
        assert!(!run.requests.is_empty(), "{}", exchange.id);
    }
}

#[test]
fn a_request_that_gets_no_answer_ends_at_its_limit() {
    let impatient = || {
        Client::new(agentline::settings::Options {
            timeout: Some(1_500.0),
            ..options()
        })
    };
    for made in [
        impatient().get(SESSION),
        impatient().list(ListSessions::default()),
        impatient().delete(SESSION),
        impatient().start(SESSION),
        impatient().create(&for_app(SESSION)),
        impatient().page(SESSION, &range(5, None, None)),
        impatient().send(SESSION, &message("x")),
        impatient().sign_in("a@example.com", "password"),
    ] {
        let mut script = Script::always(Answer::none(End::Never));
        let run = run(&mut script, made);
        assert_eq!(run.failed().kind, ErrorKind::Timeout);
        let waited = crate::support::drive::Server::now(&script) - run.requests[0].0;
        assert_eq!((waited, run.requests.len()), (1_500.0, 1));
    }
}
