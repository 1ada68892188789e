//! Rows as the database holds them, and the messages and pages that they make.

use agentline::backend::{Direction, Edge};
use agentline::error::ErrorKind;
use agentline::http::Request;
use agentline::model::{Message, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{client, id};
use crate::support::client::range;
use crate::support::drive::{Answer, Drive, Run, Seen, run};
use crate::support::script::Script;
use crate::support::units::{parse, units};

const SESSION: &str = "6b01ef2d11f2e31b0c34e803";

fn page_of(body: &str) -> Run {
    let body = body.to_owned();
    let mut script = Script::always(Answer::json(200, body));
    run(&mut script, client().page(SESSION, &range(100, None, None)))
}

#[track_caller]
fn read(rows: &Value) -> Vec<Message> {
    let run = page_of(&rows.to_string());
    assert_eq!(run.error, None);
    run.messages().into_iter().cloned().collect()
}

#[track_caller]
fn texts(rows: &Value) -> Vec<String> {
    let text = |message: Message| message.text.to_string_lossy().into_owned();
    read(rows).into_iter().map(text).collect()
}

/// An agent's row in pieces, each with its time.
fn streamed(number: u64, chunks: &[(f64, Value)]) -> Value {
    let (ts, first) = &chunks[0];
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|(ts, chunk)| json!({"ts": ts, "chunk": chunk, "tokens": 1}))
        .collect();
    json!({
        "_id": id(number), "chunkId": format!("chunk-{number}"), "chunks": chunks, "tokens": chunks.len(),
        "authorId": null, "authorName": "Helper", "isFeedback": false, "ts": ts,
        "message": {"incoming": false, "ts": ts, "message": {
            "text": first, "first": true, "single": false, "type": "text", "displayType": "bubble"
        }}
    })
}

fn said_by_user(number: u64, ts: f64, text: &str) -> Value {
    json!({
        "_id": id(number), "chunkId": format!("chunk-{number}"), "chunks": [{"ts": ts, "chunk": text, "tokens": null}],
        "tokens": 0, "authorId": null, "authorName": "Alice", "isFeedback": false, "ts": ts,
        "message": {"incoming": true, "ts": ts, "message": {"type": "text", "text": text}}
    })
}

fn with(mut row: Value, field: &str, value: Value) -> Value {
    *row.pointer_mut(field).unwrap_or_else(|| panic!("{field}")) = value;
    row
}

#[test]
fn pieces_are_joined_by_their_times_and_those_of_one_time_in_their_order() {
    let row = streamed(
        1,
        &[
            (10.5, json!("a")),
            (13.25, json!("d")),
            (12.0, json!("b")),
            (12.0, json!("c")),
        ],
    );
    assert_eq!(texts(&json!([row])), ["abcd"]);
}

#[test]
fn what_is_no_string_is_its_json() {
    let chunks = [
        (1.0, json!("See ")),
        (2.0, json!([1])),
        (3.0, json!(" and ")),
        (4.0, json!({})),
        (5.0, json!(7)),
        (6.0, json!(true)),
        (7.0, Value::Null),
    ];
    assert_eq!(
        texts(&json!([streamed(1, &chunks)])),
        ["See [1] and {}7true"]
    );
    let row = streamed(1, &[(1.0, json!({"a": [1, {"b": null}]}))]);
    assert_eq!(texts(&json!([row])), [r#"{"a":[1,{"b":null}]}"#]);
    // as the server wrote it, to the letter
    let odd = r#"[{"_id":"000000000000000000000001","message":{"message":{"text":{ "n": 12345678901234567890, "n":1e400 }}}}]"#;
    let page = page_of(odd);
    assert_eq!(
        page.messages()[0].text.as_str(),
        Some(r#"{ "n": 12345678901234567890, "n":1e400 }"#)
    );
}

#[test]
fn an_overwritten_row_has_its_last_text() {
    let mut row = with(
        streamed(1, &[(1.0, json!("Using tool: X"))]),
        "/chunks",
        Value::Null,
    );
    row = with(
        row,
        "/message/message/text",
        json!("Finished using tool: X"),
    );
    row["message"]["completed"] = json!(true);
    assert_eq!(texts(&json!([row.clone()])), ["Finished using tool: X"]);
    assert!(read(&json!([row.clone()]))[0].complete);
    // and so has one that was stored twice, of which only one was overwritten
    let mut double = streamed(2, &[(1.0, json!("Using tool: X")), (2.0, json!("?"))]);
    double["chunkId"] = row["chunkId"].clone();
    assert_eq!(texts(&json!([double, row])), ["Finished using tool: X"]);
}

#[test]
fn rows_of_one_chunk_id_are_one_message_and_rows_without_one_are_their_own() {
    let mut rows = vec![
        streamed(1, &[(1.0, json!("a"))]),
        streamed(2, &[(9.0, json!("x"))]),
        streamed(3, &[(3.0, json!("c")), (2.0, json!("b"))]),
    ];
    rows[2]["chunkId"] = rows[0]["chunkId"].clone();
    rows[2]["isFeedback"] = json!(true);
    let messages = read(&json!(rows));
    let shown: Vec<_> = messages
        .iter()
        .map(|message| (message.id.to_string(), message.text.as_str().unwrap()))
        .collect();
    // a cursor that is this id lies behind both rows
    assert_eq!(shown, [(id(3), "abc"), (id(2), "x")]);
    // and what is raw of it is both rows, as they were
    assert_eq!(
        messages[0].raw.as_str(),
        json!([rows[0], rows[2]]).to_string()
    );
    assert_eq!(messages[1].raw.as_str(), rows[1].to_string());
    for chunk_id in [Value::Null, json!(""), json!(7)] {
        let rows: Vec<Value> = (1..=2)
            .map(|at| {
                with(
                    streamed(at, &[(1.0, json!("a"))]),
                    "/chunkId",
                    chunk_id.clone(),
                )
            })
            .collect();
        assert_eq!(texts(&json!(rows)), ["a", "a"], "{chunk_id}");
    }
}

#[test]
fn messages_stand_by_their_times_and_then_by_their_ids() {
    let rows = json!([
        said_by_user(4, 20.5, "third"),
        said_by_user(3, 20.5, "second"),
        said_by_user(5, 10.25, "first"),
    ]);
    assert_eq!(texts(&rows), ["first", "second", "third"]);
    // a row without a time stays behind the one in front of it
    let mut rows = vec![
        said_by_user(1, 10.0, "a"),
        said_by_user(2, 0.0, "b"),
        said_by_user(3, 30.0, "c"),
    ];
    rows[1].as_object_mut().unwrap().remove("ts");
    rows[1]["message"].as_object_mut().unwrap().remove("ts");
    assert_eq!(texts(&json!(rows)), ["a", "b", "c"]);
    assert_eq!(read(&json!(rows))[1].timestamp, None);
}

#[test]
fn a_time_is_a_number_with_its_fraction_and_there_is_no_date() {
    let row = streamed(1, &[(1795288880993.8381, json!("x"))]);
    let message = read(&json!([row])).remove(0);
    assert_eq!(message.timestamp, Some(1795288880993.8381));
    assert_eq!(message.created_at, None);
}

#[test]
fn who_speaks_is_told_from_the_envelope_and_where_there_is_none_from_what_is_left() {
    let agent = streamed(1, &[(1.0, json!("x"))]);
    for (row, role) in [
        (agent.clone(), Role::Assistant),
        (said_by_user(1, 1.0, "x"), Role::User),
        (
            with(agent.clone(), "/authorName", json!("System")),
            Role::System,
        ),
        // rows of the published description say nothing of it
        (
            json!({"_id": id(1), "authorId": "6b01edbd11f2e31b0c34e7e7"}),
            Role::User,
        ),
        (
            json!({"_id": id(1), "authorName": "Me", "tokens": 0}),
            Role::User,
        ),
        (
            json!({"_id": id(1), "authorName": "Helper", "tokens": 3}),
            Role::Assistant,
        ),
        (
            json!({"_id": id(1), "authorName": "System", "tokens": 0}),
            Role::System,
        ),
        (json!({"_id": id(1)}), Role::Assistant),
    ] {
        assert_eq!(read(&json!([row]))[0].role, role, "{row}");
    }
    let author = read(&json!([agent]))[0].author.clone().unwrap();
    assert_eq!((author.id, author.name.as_deref()), (None, Some("Helper")));
}

#[test]
fn only_the_newest_row_of_the_agent_may_still_grow_and_only_unless_it_says_that_it_is_whole() {
    let agent = |number: u64| streamed(number, &[(number as f64, json!("x"))]);
    let user = |number: u64| said_by_user(number, number as f64, "y");
    let complete =
        |rows: Value| -> Vec<bool> { read(&rows).iter().map(|message| message.complete).collect() };
    assert_eq!(complete(json!([agent(1)])), [false]);
    assert_eq!(complete(json!([agent(1), agent(2)])), [true, false]);
    // a person may speak while the agent does
    assert_eq!(complete(json!([agent(1), user(2)])), [false, true]);
    assert_eq!(complete(json!([user(1), user(2)])), [true, true]);
    for settled in [
        with(agent(1), "/isFeedback", json!(true)),
        with(agent(1), "/message/message/single", json!(true)),
        with(agent(1), "/chunks", json!([])),
        json!({"_id": id(1), "tokens": 1, "completed": true, "chunks": [{"ts": 1, "chunk": "x"}]}),
        json!({"_id": id(1), "tokens": 1, "message": {"type": "error", "incoming": false}, "chunks": [{"ts": 1, "chunk": "x"}]}),
    ] {
        assert_eq!(complete(json!([settled])), [true], "{settled}");
    }
}

#[test]
fn what_senders_put_where_it_does_not_belong_does_not_make_a_history_unreadable() {
    let row = streamed(1, &[(1.0, json!("x"))]);
    for field in [
        "/chunkId",
        "/chunks",
        "/tokens",
        "/authorId",
        "/authorName",
        "/isFeedback",
        "/ts",
        "/message",
        "/message/incoming",
        "/message/ts",
        "/message/message",
        "/message/message/text",
        "/message/message/displayType",
        "/message/message/single",
        "/chunks/0",
        "/chunks/0/ts",
        "/chunks/0/chunk",
    ] {
        for value in [
            Value::Null,
            json!(true),
            json!(1e300),
            json!("text"),
            json!([]),
            json!([{}]),
            json!({"message": {"message": []}}),
        ] {
            let odd = with(row.clone(), field, value.clone());
            let run = page_of(&json!([odd]).to_string());
            assert_eq!(run.error, None, "{field}: {value}");
            assert_eq!(run.messages().len(), 1, "{field}: {value}");
        }
    }
}

#[test]
fn both_shapes_of_the_list_are_read_and_under_any_status_of_a_success() {
    let rows = json!([said_by_user(1, 1.0, "x")]);
    for status in [200, 201, 203] {
        for body in [
            rows.clone(),
            json!({"messages": rows}),
            json!({"csrf": "x", "messages": rows}),
        ] {
            let mut script = Script::always(Answer::json(status, body.to_string()));
            let run = run(&mut script, client().page(SESSION, &range(5, None, None)));
            assert_eq!(run.messages().len(), 1, "{status} {body}");
        }
    }
    for (body, path) in [
        (r#"{"rows":[]}"#, "messages"),
        (r#"{"messages":{}}"#, "messages"),
        ("[{}]", "[0]._id"),
        (r#"[{"_id":"x"}]"#, "[0]._id"),
        (r#"{"messages":[{"_id":7}]}"#, "messages[0]._id"),
        ("[7]", "[0]"),
        ("7", "top"),
    ] {
        let run = page_of(body);
        assert_eq!(run.failed().kind, ErrorKind::Protocol, "{body}");
        assert!(
            run.failed().message.contains(path),
            "{}",
            run.failed().message
        );
    }
}

#[test]
fn every_read_names_an_id_so_that_no_agent_is_woken() {
    let body = json!([said_by_user(1, 1.0, "x"), said_by_user(2, 2.0, "y")]).to_string();
    let cursor = |number| Some(Edge::Cursor(id(number)));
    let zero = "?messageId=000000000000000000000000".to_owned();
    let one = format!("?messageId={}", id(1));
    for (before, after, query) in [
        (None, None, &zero),
        (cursor(2), None, &zero),
        (Some(Edge::Time(2.0)), None, &zero),
        (None, Some(Edge::Time(1.0)), &zero),
        (None, cursor(1), &one),
        (cursor(9), cursor(1), &one),
    ] {
        let mut script = Script::always(Answer::json(200, &body));
        let run = run(
            &mut script,
            client().page(SESSION, &range(5, before, after)),
        );
        assert_eq!(run.error, None);
        assert!(
            run.requests
                .iter()
                .all(|(_, request)| request.url.ends_with(query.as_str()))
        );
    }
    let mut script = Script::new(|request: &Request, count| {
        assert!(
            request.url.contains("?messageId=0000000"),
            "{}",
            request.url
        );
        match count {
            ..8 => Answer::json(200, &body),
            _ => Answer::json(400, "enough"),
        }
    });
    let follow = run(&mut script, client().follow(SESSION, None));
    assert!(follow.requests.len() > 8);
}

#[test]
fn a_cursor_that_is_no_id_is_refused_without_a_request() {
    for bad in [
        "x",
        "zzzzzzzzzzzzzzzzzzzzzzzz",
        "6B01EF2D11F2E31B0C34E803",
        "",
    ] {
        let edge = || Some(Edge::Cursor(bad.to_owned()));
        for made in [
            client().page(SESSION, &range(5, edge(), None)),
            client().page(SESSION, &range(5, None, edge())),
            client().follow(SESSION, edge()),
        ] {
            let run = run(&mut Script::of([]), made);
            assert_eq!(run.failed().kind, ErrorKind::Invalid, "{bad}");
        }
    }
}

#[test]
fn a_server_that_does_not_listen_to_the_cursor_gives_nothing_twice() {
    let body = json!(
        (1..=9)
            .map(|at| said_by_user(at, at as f64, "x"))
            .collect::<Vec<_>>()
    );
    let body = body.to_string();
    let after = Some(Edge::Cursor(id(6)));
    let mut script = Script::always(Answer::json(200, &body));
    let page = run(
        &mut script,
        client().page(SESSION, &range(100, None, after.clone())),
    );
    assert_eq!(page.messages().len(), 3);
    let mut script = Script::always(Answer::json(200, &body));
    let mut drive = Drive::new(&mut script, client().follow(SESSION, after), None);
    let until = drive.now() + 30_000.0;
    let mut came = 0;
    while drive.now() < until {
        came += drive.pull_until(until).unwrap().unwrap_or_default().len();
    }
    assert_eq!(came, 3);
}

#[test]
fn what_follows_a_row_that_never_becomes_whole_comes_out_and_only_once() {
    // the agent was killed in the middle of a word, and people went on
    let mut rows = vec![
        streamed(1, &[(1.0, json!("unfini"))]),
        said_by_user(2, 2.0, "hello?"),
    ];
    let mut script = Script::new(move |_, count| {
        if count == 15 {
            rows.push(said_by_user(3, 3.0, "anybody?"));
        }
        Answer::json(200, json!(rows).to_string())
    });
    let follow = client().follow(SESSION, Some(Edge::Time(0.0)));
    let mut drive = Drive::new(&mut script, follow, None);
    let until = drive.now() + 200_000.0;
    let mut came = Vec::new();
    while drive.now() < until {
        for seen in drive.pull_until(until).unwrap().into_iter().flatten() {
            if let Seen::Message(message) = seen {
                let text = message.text.to_string_lossy().into_owned();
                came.push((text, message.complete));
            }
        }
    }
    assert!(drive.requests.len() > 20, "{}", drive.requests.len());
    assert_eq!(
        came,
        [
            ("unfini".to_owned(), false),
            ("hello?".to_owned(), true),
            ("anybody?".to_owned(), true)
        ]
    );
}

#[test]
fn texts_keep_nul_and_halves_of_characters_and_free_json_its_letters() {
    let body = r#"[{"_id":"000000000000000000000001","__proto__":{"x":[1.50,1e400,12345678901234567890]},"chunks":[{"ts":2,"chunk":"\ude00\u0000"},{"ts":1,"chunk":"a\ud83d"},{"ts":3,"chunk":"\u2028"}],"_id":"000000000000000000000002"}]"#;
    let page = page_of(body);
    let message = parse(&page.seen[0].json());
    assert_eq!(message.at("text").string(), units("a😀\0\u{2028}"));
    assert_eq!(
        page.messages()[0].id,
        id(2),
        "of two fields with one name the last"
    );
    assert_eq!(page.messages()[0].raw.as_str(), &body[1..body.len() - 1]);
}

fn configured() -> ProptestConfig {
    ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(configured())]

    /// Whatever the order in which pieces were stored, doubled rows among them, and however a history is cut into pages.
    #[test]
    fn a_history_is_the_same_however_it_is_stored_and_cut(
        words in prop::collection::vec("[a-z]{1,4}", 1..12),
        split in any::<prop::sample::Index>(),
        order in any::<u64>(),
        limit in 1..6usize,
    ) {
        let mut chunks: Vec<(f64, Value)> = words.iter().enumerate().map(|(at, word)| (100.0 + at as f64 / 4.0, json!(word))).collect();
        let turn = order as usize % chunks.len();
        chunks.rotate_left(turn);
        let at = split.index(chunks.len() + 1);
        let (one, two) = chunks.split_at(at);
        let halves = [one, two].into_iter().filter(|half| !half.is_empty());
        let mut rows: Vec<Value> = halves.enumerate().map(|(at, half)| with(streamed(10 + at as u64, half), "/chunkId", json!("one"))).collect();
        rows.push(said_by_user(1, 1.0, "before"));
        rows.push(said_by_user(20, 200.0, "behind"));
        rows.push(with(streamed(21, &[(201.0, json!("?"))]), "/isFeedback", json!(true)));
        if order % 2 == 0 {
            rows.reverse();
        }
        let whole = texts(&json!(rows));
        prop_assert_eq!(&whole, &["before".to_owned(), words.concat(), "behind".to_owned(), "?".to_owned()]);
        for direction in [Direction::Forward, Direction::Backward] {
            let mut script = Script::always(Answer::json(200, json!(rows).to_string()));
            let run = run(&mut script, client().messages(SESSION, &range(limit, None, None), direction));
            let mut cut: Vec<String> = run.messages().iter().map(|message| message.text.to_string_lossy().into_owned()).collect();
            if direction == Direction::Backward {
                cut.reverse();
            }
            prop_assert_eq!(&cut, &whole);
        }
    }
}
