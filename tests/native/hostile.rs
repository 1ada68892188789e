//! Answers that no server should give: any bytes under any head, recorded ones damaged, too deep, too large, never ending.
//! There is always an outcome or an error, it is bounded, and nothing panics.

use agentline::backend::{Direction, Edge, ListSessions};
use agentline::error::{ErrorKind, MAX_BODY};
use agentline::http::Head;
use agentline::json::write;
use proptest::prelude::*;

use crate::agentcloud;
use crate::expected::{cases, error, shown};
use crate::meibel;
use crate::support::client::{Client, Made, message, options, range};
use crate::support::drive::{Answer, Drive, End, Run, Seen, run};
use crate::support::script::Script;
use crate::support::units::{self, parse};

pub const NAMES: [&str; 12] = [
    "create", "get", "list", "listed", "delete", "renew", "page", "newer", "messages", "follow",
    "send", "stream",
];

/// A client of each backend.
pub fn clients() -> [Client; 3] {
    [Client::default(), meibel::client(), agentcloud::client()]
}

pub fn made(client: &Client, name: &str) -> Made {
    let session = client.session();
    let after = Some(Edge::Time(1_704_614_400_000.0));
    match name {
        "create" => client.create_for_agent(),
        "get" => client.get(session),
        "list" => client.list(Default::default()),
        "listed" => client.list(ListSessions {
            agent_id: Some(client.agent().to_owned()),
            ..ListSessions::default()
        }),
        "delete" => client.delete(session),
        "renew" => client.renew(session),
        "page" => client.page(session, &range(3, None, None)),
        "newer" => client.page(session, &range(3, None, after)),
        "messages" => client.messages(session, &range(3, None, None), Direction::Backward),
        "follow" => client.follow(session, after),
        "send" => client.send(session, &message("x")),
        _ => client.stream(session, &message("x")),
    }
}

/// An answer that comes again and again, until the server has had enough.
fn again(answer: &Answer) -> Script<'_> {
    Script::new(move |_, count| match count {
        ..20 => answer.clone(),
        _ => Answer::json(400, "enough"),
    })
}

/// What every run must keep to.
pub fn is_sane(run: &Run) {
    let kinds = run.kinds();
    let done = kinds.iter().filter(|kind| **kind == "done").count();
    assert!(done <= 1, "{kinds:?}");
    if done == 1 {
        assert_eq!((kinds.last(), &run.error), (Some(&"done"), &None));
        let last = parse(&run.seen.last().unwrap().json());
        assert_eq!(shown(&run.seen), last.at("reply.message.text").string());
    }
    for seen in &run.seen {
        parse(&seen.json());
    }
    if let Some(error) = &run.error {
        let body = error.body.as_ref().map_or("", |body| body.as_str());
        // as a JSON string each of its bytes may need six
        assert!(
            body.len() <= MAX_BODY * 6 + 2,
            "{} bytes of body",
            body.len()
        );
        assert!(
            error.message.len() <= 1_024,
            "{} bytes of message",
            error.message.len()
        );
        parse(&write::text(error));
    }
}

/// JSON, nearly.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,3})?",
        prop::sample::select(vec![
            "\"\"",
            "\"\\ud83d\"",
            "\"\\u0000\"",
            "\"2024-01-07T08:00:00.000Z\"",
            "\"a\"",
            "\"\u{2028}\"",
            "1704614400000",
            "1e400",
            "[]",
            "\"user\"",
            "\"tool_result\"",
            "\"content\"",
            "\"completion\"",
            "\"{\\\"a\\\":1}\"",
            "\"000000000000000000000001\"",
            "\"6b01ef2d11f2e31b0c34e803\"",
            "\"/6b01edbd11f2e31b0c34e7e9/session/6b01ef2d11f2e31b0c34e803\"",
            "\"System\"",
            "\"waiting\"",
        ])
        .prop_map(str::to_owned),
    ];
    let name = prop::sample::select(vec![
        "sessionId",
        "agentId",
        "userId",
        "createdAt",
        "created_at",
        "expiresAt",
        "metadata",
        "timeRemaining",
        "sessions",
        "messages",
        "id",
        "content",
        "authorId",
        "author_id",
        "isAgent",
        "success",
        "userMessage",
        "agentResponse",
        "text",
        "responseId",
        "actionCallbacks",
        "thought",
        "error",
        "message",
        "code",
        "stack",
        "details",
        "__proto__",
        "chunk",
        "messageId",
        "_id",
        "chunkId",
        "chunks",
        "ts",
        "incoming",
        "isFeedback",
        "authorName",
        "displayType",
        "single",
        "completed",
        "session",
        "app",
        "status",
        "redirect",
        "token",
        "account",
        "orgs",
        "teams",
        "session_id",
        "status",
        "data",
        "total",
        "next_cursor",
        "pagination",
        "type",
        "role",
        "timestamp",
        "signal_id",
        "tool_id",
        "tool_name",
        "arguments",
        "result",
        "response",
        "assistant_response",
        "delta",
        "clean_message",
        "citations",
        "sources",
        "source_id",
        "title",
        "thinking",
        "token_usage",
        "detail",
        "loc",
        "msg",
        "request_id",
    ]);
    let value = leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }),
        ]
    });
    value.prop_map(String::into_bytes)
}

/// The same as the data of events.
fn almost_events() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "user_message",
        "chunk",
        "done",
        "error",
        "",
        "",
        "new",
        "connected",
        "partial_response",
        "completion",
        "content",
        "tool_call",
        "tool_result",
        "citations",
        "status",
        "thinking",
        "ping",
    ]);
    prop::collection::vec((name, almost_json()), 0..6).prop_map(|events| {
        let mut body = Vec::new();
        for (name, data) in events {
            body.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
            body.extend(data);
            body.extend_from_slice(b"\n\n");
        }
        body
    })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        almost_json(),
        almost_events(),
        "\\PC{0,80}".prop_map(String::into_bytes),
    ]
}

fn heads() -> impl Strategy<Value = Head> {
    let types = prop::sample::select(vec![
        Some("application/json"),
        Some("text/event-stream"),
        Some("text/html"),
        Some("application/problem+json"),
        Some(""),
        Some(";"),
        None,
    ]);
    let status = prop_oneof![3 => Just(200), 2 => Just(201), 1 => any::<u16>(), 2 => 400..600u16];
    let word = || prop::option::of("\\PC{0,12}");
    (status, types, word(), word()).prop_map(|(status, content_type, retry_after, request_id)| {
        Head {
            status,
            content_type: content_type.map(str::to_owned),
            location: None,
            retry_after,
            request_id,
            ..Head::default()
        }
    })
}

/// The recorded JSON of every server.
fn recorded() -> Vec<String> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let read = |path: &str| std::fs::read_to_string(format!("{fixtures}/{path}")).unwrap();
    let mut bodies: Vec<String> = [
        "r01_create_session",
        "r02_list_sessions_page",
        "r03_chat_response",
        "r05_messages",
        "r06_messages_result_object",
        "r08_session_details",
    ]
    .map(|name| read(&format!("meibel/{name}.json")))
    .into();
    for (path, body) in [("agentcloud", "body"), ("eliza", "json")] {
        let exchanges = read(&format!("{path}/exchanges.jsonl"));
        let lines = exchanges
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        bodies.extend(lines.filter_map(|line: serde_json::Value| {
            let json = line.get("response")?.get(body)?;
            Some(json.to_string()).filter(|text| !json.is_string() && text.len() < 16_384)
        }));
    }
    bodies
}

/// The places in a JSON text where a value or a name begins.
fn beginnings(json: &str) -> Vec<usize> {
    let (mut inside, mut escaped, mut after, mut found) = (false, false, false, Vec::new());
    for (at, byte) in json.bytes().enumerate() {
        if after && !byte.is_ascii_whitespace() {
            after = false;
            if !matches!(byte, b']' | b'}') {
                found.push(at);
            }
        }
        if !inside && matches!(byte, b':' | b',' | b'[' | b'{') {
            after = true;
        }
        inside ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
    }
    found
}

#[test]
fn two_values_in_the_place_of_one_are_no_answer() {
    let mut refused = 0;
    for client in clients() {
        for name in ["create", "get", "listed", "page", "send"] {
            for body in recorded() {
                let run_with = |body: &str| {
                    let mut script = Script::new(|_, count| match count {
                        ..20 => Answer::json(200, body),
                        _ => Answer::json(400, "enough"),
                    });
                    run(&mut script, made(&client, name))
                };
                if run_with(&body).error.is_some() {
                    continue;
                }
                for at in beginnings(&body) {
                    let (front, back) = body.split_at(at);
                    let doubled = format!("{front}7 {back}");
                    assert_eq!(
                        run_with(&doubled).failed().kind,
                        ErrorKind::Protocol,
                        "{doubled}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

pub fn configured(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(configured(1_500))]

    #[test]
    fn any_bytes_under_any_head_are_an_outcome_or_an_error(head in heads(), body in bodies(), cut in 0..250usize, broken: bool) {
        let end = if broken { End::Broken(None) } else { End::Clean };
        let answer = Answer { head: Some(head), ..Answer::json(0, "") }.ending(end);
        for (client, name) in clients().iter().flat_map(|client| NAMES.map(|name| (client, name))) {
            let whole = run(&mut again(&answer.clone().pieces([&body[..]])), made(client, name));
            is_sane(&whole);
            let cut = answer.clone().cut_at(&body, cut.min(body.len()));
            prop_assert_eq!(run(&mut again(&cut), made(client, name)), whole, "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(configured(3_000))]

    #[test]
    fn a_recorded_answer_damaged_anyhow_is_an_outcome_or_an_error(
        pick: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<u8>(), 1..20usize), 1..5),
    ) {
        let case = pick.get(cases());
        let mut body = case.exchange.body.clone();
        for (place, how, byte, length) in damage {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            let to = (at + length).min(body.len());
            match how {
                0 => body[at] = byte,
                1 => drop(body.drain(at..to)),
                2 => body.insert(at, byte),
                _ => {
                    let again = body[at..to].to_vec();
                    body.splice(at..at, again);
                }
            }
        }
        let answer = case.answer().pieces([&body[..]]);
        is_sane(&case.run(answer));
    }
}

/// A page of one row with this as its metadata.
fn row_with(metadata: &str) -> String {
    format!(
        r#"{{"messages":[{{"id":"m","content":"x","authorId":"u","isAgent":false,"createdAt":"2024-01-07T08:00:00.000Z","metadata":{metadata}}}],"hasMore":false}}"#
    )
}

fn page(body: &str) -> Run {
    run(
        &mut Script::always(Answer::json(200, body)),
        Client::default().page("s", &range(10, None, None)),
    )
}

#[test]
fn nesting_has_a_limit_beyond_which_an_answer_is_refused_without_a_crash() {
    let nested = |depth: usize| row_with(&(r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth)));
    assert_eq!(page(&nested(500)).error, None);
    for depth in [600, 100_000, 1_000_000] {
        assert_eq!(
            page(&nested(depth)).failed().kind,
            ErrorKind::Protocol,
            "{depth}"
        );
    }
    for body in [
        "[".repeat(2_000_000),
        "{\"error\":".repeat(1_000_000),
        "[{".repeat(1_000_000),
    ] {
        for status in [200, 400, 500] {
            for (client, name) in clients()
                .iter()
                .flat_map(|client| NAMES.map(|name| (client, name)))
            {
                let answer = Answer::json(status, &body[..]);
                let run = run(&mut Script::always(answer), made(client, name));
                assert!(run.error.is_some() || name == "delete", "{name} {status}");
                is_sane(&run);
            }
        }
    }
}

#[test]
fn ten_megabytes_of_history_are_read() {
    let text = "x".repeat(100_000);
    let rows: Vec<String> = (0..100)
        .map(|at| format!(r#"{{"id":"{at}","content":"{text}","authorId":"u","isAgent":false,"createdAt":"2024-01-07T08:00:00.{at:03}Z","metadata":{{}}}}"#))
        .collect();
    let body = format!(r#"{{"messages":[{}],"hasMore":false}}"#, rows.join(","));
    let run = run(
        &mut Script::always(Answer::json(200, &body)),
        Client::default().page("s", &range(99, None, None)),
    );
    assert_eq!((run.messages().len(), run.page().has_more), (99, true));
}

#[test]
fn what_is_larger_than_allowed_is_not_read_to_its_end() {
    let client = || {
        Client::new(agentline::settings::Options {
            max_body_bytes: Some(10_000.0),
            max_event_bytes: Some(10_000.0),
            ..options()
        })
    };
    let pieces: Vec<Vec<u8>> = (0..100).map(|_| vec![b' '; 1_000]).collect();
    let json = Answer::json(200, "")
        .pieces(pieces.iter().map(|piece| &piece[..]))
        .ending(End::Never);
    let event: Vec<&[u8]> = std::iter::once(&b"data: "[..])
        .chain(pieces.iter().map(|piece| &piece[..]))
        .collect();
    for (name, answer) in [
        ("get", json.clone()),
        ("send", json),
        (
            "stream",
            Answer::stream("").pieces(event).ending(End::Never),
        ),
    ] {
        let run = run(&mut Script::always(answer), made(&client(), name));
        assert_eq!(run.failed().kind, ErrorKind::TooLarge, "{name}");
        assert!(!run.failed().retryable, "{name}");
    }
    // a refusal is cut where it is long, and never ends either
    for status in [400, 404, 500] {
        let endless = Answer::new(status, "text/plain", "")
            .pieces(std::iter::repeat_n(&[b'x'; 10_000][..], 20))
            .ending(End::Never);
        let run = run(&mut Script::always(endless), client().get("s"));
        assert_eq!(run.failed().status, Some(status));
        is_sane(&run);
    }
}

#[test]
fn free_json_is_handed_out_to_the_letter() {
    let metadata = r#"{"a":1,"a":2,"__proto__":{"x":[1.50,1e400,12345678901234567890]},"":"\u0000\ud83d","constructor":null,"\ude00":-0, "sp" : [ ] }"#;
    let page = page(&row_with(metadata));
    let message = page.messages()[0].clone();
    assert_eq!(message.metadata.as_ref().unwrap().as_str(), metadata);
    assert!(message.raw.as_str().contains(metadata));
    assert!(write::text(&message).contains(&format!("\"metadata\":{metadata}")));
}

#[test]
fn of_two_fields_with_one_name_the_last_is_taken_as_javascript_takes_it() {
    let body = row_with("{}").replacen("\"id\":\"m\"", "\"id\":\"first\",\"id\":\"last\"", 1);
    assert_eq!(page(&body).messages()[0].id, "last");
    let body = row_with("{}").replacen(
        "\"content\":\"x\"",
        "\"content\":\"x\",\"cont\\u0065nt\":\"y\"",
        1,
    );
    assert_eq!(page(&body).messages()[0].text.as_str(), Some("y"));
}

#[test]
fn texts_keep_nul_and_halves_of_characters() {
    let body = row_with("{}").replacen(
        "\"content\":\"x\"",
        r#""content":"a\u0000b\ud83d\u2028 \ude00""#,
        1,
    );
    let page = page(&body);
    let json = parse(&page.seen[0].json());
    let mut wanted = units::units("a\0b");
    wanted.extend([0xD83D, 0x2028, 0x20, 0xDE00]);
    assert_eq!(json.at("text").string(), wanted);
}

#[test]
fn a_flaw_names_the_field_and_not_what_stands_in_it() {
    for (body, path) in [
        (
            row_with("{}").replacen("\"id\":\"m\"", "\"id\":7", 1),
            "messages[0].id",
        ),
        (
            row_with("{}").replacen("\"content\":\"x\",", "", 1),
            "messages[0].content",
        ),
        (
            row_with("{}").replacen("2024-01-07T08", "yesterday", 1),
            "createdAt",
        ),
        (r#"{"rows":[]}"#.to_owned(), "messages"),
        (r#"{"messages":{}}"#.to_owned(), "messages"),
    ] {
        let page = page(&body);
        let failed = page.failed();
        assert_eq!(failed.kind, ErrorKind::Protocol);
        assert!(failed.message.contains(path), "{path}: {}", failed.message);
        assert!(!failed.message.contains("yesterday"), "{}", failed.message);
    }
}

/// 100 rows whatever is asked, as a cache that ignores the query would give them.
fn a_hundred_rows() -> String {
    let row = |at: usize| {
        format!(
            r#"{{"id":"{at}","content":"x","authorId":"u","isAgent":false,"createdAt":"2024-01-07T08:00:{:02}.000Z","metadata":{{}}}}"#,
            59 - at / 2
        )
    };
    let rows: Vec<String> = (0..100).map(row).collect();
    format!(r#"{{"messages":[{}],"hasMore":true}}"#, rows.join(","))
}

#[test]
fn a_server_that_does_not_listen_to_the_points_it_is_asked_with_is_not_asked_for_ever() {
    let after = Some(Edge::Time(1_704_614_400_000.0));
    let client = Client::default();
    let all = range(50, None, None);
    for (name, made) in [
        ("page", client.page("s", &range(150, None, None))),
        ("newer", client.page("s", &range(150, None, after))),
        ("backward", client.messages("s", &all, Direction::Backward)),
        ("forward", client.messages("s", &all, Direction::Forward)),
    ] {
        let body = a_hundred_rows();
        let mut script = Script::new(|_, count| {
            assert!(count < 200, "{name}: 200 requests, and no end");
            Answer::json(200, &body)
        });
        is_sane(&run(&mut script, made));
    }
}

#[test]
fn an_iterator_that_is_left_makes_no_further_request() {
    let body = a_hundred_rows();
    let mut script = Script::always(Answer::json(200, body));
    let made = Client::default().messages("s", &range(10, None, None), Direction::Backward);
    let mut drive = Drive::new(&mut script, made, None);
    assert_eq!(drive.pull().unwrap().map(|values| values.len()), Some(10));
    assert_eq!(drive.requests.len(), 1);
}

#[test]
fn events_that_nobody_knows_are_handed_on_and_the_answer_goes_on() {
    let body = "event: usage\ndata: {\"tokens\": 1.50}\n\ndata: not json\n\n: a comment\n\nevent: chunk\ndata: {\"chunk\":\"a\"}\n\nevent: done\ndata: {\"text\":\"a\"}\n\nevent: chunk\ndata: {\"chunk\":\"after the end\"}\n\n";
    let run = run(
        &mut Script::always(Answer::stream(body)),
        Client::default().stream("s", &message("x")),
    );
    assert_eq!(run.kinds(), ["other", "other", "content", "done"]);
    let json: Vec<String> = run.seen.iter().map(Seen::json).collect();
    assert_eq!(
        json[0],
        r#"{"type":"other","event":"usage","data":{"tokens": 1.50}}"#
    );
    assert_eq!(json[1], r#"{"type":"other","data":"not json"}"#);
}

#[test]
fn an_event_with_a_flaw_ends_the_stream_as_a_protocol_error_with_what_had_come() {
    for flawed in ["{", "{}", "{\"chunk\":7}", "null", ""] {
        let body =
            format!("event: chunk\ndata: {{\"chunk\":\"a\"}}\n\nevent: chunk\ndata: {flawed}\n\n");
        let run = run(
            &mut Script::always(Answer::stream(body)),
            Client::default().stream("s", &message("x")),
        );
        assert_eq!(error(&run).unwrap()["kind"], "protocol", "{flawed}");
        assert_eq!(
            run.failed().partial.as_ref().unwrap().message.text.as_str(),
            Some("a")
        );
    }
}
