//! What becomes of one message: its transports and versions, its times, and a newer message that overtakes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::{End, Options, Response};
use serde_json::{Value, json};
use support::{AGENT, SESSIONS, USER, World, body, echo, events, text};

const SESSION: &str = "da1c4047-5da1-4f19-a7d8-d976d3cccd03";

fn world(options: Options) -> World {
    let mut world = World::new(options);
    world.session(SESSION, &json!({}), &json!({}));
    world
}

fn stream(world: &mut World, content: &str) -> Response {
    world.send(
        SESSION,
        &json!({"content": content, "transport": "sse", "mode": "stream"}),
    )
}

fn names(response: &Response) -> Vec<String> {
    events(&text(response))
        .into_iter()
        .map(|(event, _)| event)
        .collect()
}

fn contents(world: &mut World) -> Vec<String> {
    let page = body(&world.get(&format!("{SESSIONS}/{SESSION}/messages?limit=100")));
    page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["content"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_pieces_of_a_stream_keep_the_rhythm_that_was_asked_for() {
    let mut world = world(Options {
        latency_ms: 70.0,
        ..echo()
    });
    let response = stream(
        &mut world,
        "stream 4 100 some words that take their time to come",
    );
    let times: Vec<f64> = response.body.iter().map(|piece| piece.after_ms).collect();
    assert_eq!(response.after_ms, 70.0);
    let expected = [70.0, 185.0, 285.0, 385.0, 485.0, 485.0];
    // The last model piece ends the text; what came before held ten units back.
    assert_eq!(times, expected[..times.len()]);
    assert_eq!(
        (response.end, response.end_after_ms),
        (End::Clean, *times.last().unwrap())
    );
}

#[test]
fn a_conversation_streams_words_with_pauses_a_person_can_watch() {
    let mut world = world(Options {
        seed: 11,
        ..Options::default()
    });
    let response = stream(&mut world, "What do you think of the weather?");
    assert_eq!(response.end, End::Clean);
    let (last, first) = (response.end_after_ms, response.body[1].after_ms);
    let chunks = names(&response)
        .iter()
        .filter(|name| *name == "chunk")
        .count();
    assert!(
        chunks > 20 && first < 500.0 && last > 1000.0 && last < 15_000.0,
        "{chunks} {first} {last}"
    );
    let told = events(&text(&response));
    let joined: String = told
        .iter()
        .filter(|(event, _)| event == "chunk")
        .map(|(_, data)| {
            serde_json::from_str::<Value>(data).unwrap()["chunk"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let done: Value = serde_json::from_str(&told.last().unwrap().1).unwrap();
    assert_eq!(done["text"], joined);
    assert!(joined.contains("the weather"));
}

#[test]
fn an_overtaken_stream_keeps_its_chunks_and_loses_its_end() {
    let mut world = world(echo());
    let first = stream(
        &mut world,
        "stream 3 100 first answer first answer first answer",
    );
    let turn = first.turn.unwrap();
    assert_eq!(world.sandbox.overtaken(turn), None);
    world.pass(150.0);
    let second = stream(&mut world, "say second");
    let instead = world.sandbox.overtaken(turn).unwrap();
    assert_eq!(instead.end, End::Cut);
    assert_eq!(
        instead.end_after_ms,
        instead.body.last().unwrap().after_ms + 30_000.0
    );
    assert_eq!(instead.body, first.body[..first.body.len() - 1]);
    assert_eq!(
        (&instead.headers, instead.status, instead.after_ms),
        (&first.headers, first.status, first.after_ms)
    );
    assert_eq!(names(&second), ["user_message", "chunk", "done"]);
    assert_eq!(world.sandbox.overtaken(second.turn.unwrap()), None);
}

#[test]
fn a_turn_that_was_decided_cannot_be_overtaken_and_a_failed_one_still_fails() {
    let mut world = world(echo());
    let first = stream(&mut world, "say first");
    world.pass(20.0);
    stream(&mut world, "say second");
    assert_eq!(world.sandbox.overtaken(first.turn.unwrap()), None);
    world.pass(1000.0);
    let failing = stream(&mut world, "throwmid some words that are long enough");
    world.pass(5.0);
    stream(&mut world, "say third");
    assert_eq!(
        names(&world.settled(failing)),
        ["user_message", "chunk", "error"]
    );
}

#[test]
fn an_overtaken_reply_over_the_bus_is_never_stored() {
    let mut world = world(echo());
    world.send(SESSION, &json!({"content": "wait 2000 first"}));
    world.pass(100.0);
    world.send(SESSION, &json!({"content": "say second"}));
    world.pass(5000.0);
    assert_eq!(
        contents(&mut world),
        ["second", "say second", "wait 2000 first"]
    );
}

#[test]
fn a_silence_of_half_a_minute_cuts_a_stream_and_leaves_http_unanswered() {
    let mut world = world(echo());
    let fine = stream(
        &mut world,
        "cutwait 29000 half of this arrives and then the rest of it",
    );
    assert_eq!(fine.end, End::Clean);
    let cut = stream(
        &mut world,
        "cutwait 31000 half of this arrives and then the rest of it",
    );
    assert_eq!(names(&cut), ["user_message", "chunk"]);
    assert_eq!(
        (cut.end, cut.end_after_ms),
        (End::Cut, cut.body.last().unwrap().after_ms + 30_000.0)
    );
    for silent in ["silent", "empty", "act 0 x", "stream a b c"] {
        let hung = stream(&mut world, silent);
        assert_eq!(
            (names(&hung), hung.end),
            (vec!["user_message".to_owned()], End::Cut),
            "{silent}"
        );
    }
    let hung = world.send(
        SESSION,
        &json!({"content": "wait 31000 x", "transport": "http"}),
    );
    assert_eq!(
        (hung.end, hung.end_after_ms, hung.body.len()),
        (End::Unanswered, 30_000.0, 0)
    );
}

#[test]
fn replies_are_stored_by_version_and_transport() {
    for (version, transport, stored) in [
        (Version::V1_7_2, "http", false),
        (Version::V1_7_2, "sse", false),
        (Version::V1_7_2, "websocket", true),
        (Version::V1_7_0, "http", true),
        (Version::V1_7_0, "sse", true),
        (Version::V1_6_5, "http", true),
    ] {
        let mut world = world(Options {
            eliza: eliza::Options {
                version,
                ..eliza::Options::default()
            },
            ..echo()
        });
        let mode = if transport == "sse" { "stream" } else { "sync" };
        world.send(
            SESSION,
            &json!({"content": "say hi", "transport": transport, "mode": mode}),
        );
        world.pass(1000.0);
        assert_eq!(
            contents(&mut world).len(),
            if stored { 2 } else { 1 },
            "{version:?} {transport}"
        );
    }
}

#[test]
fn over_the_bus_errors_and_silence_leave_nothing_and_each_action_leaves_a_row() {
    for (content, replies) in [
        ("throw", vec![]),
        ("throwmid some words", vec![]),
        ("ignore", vec![]),
        ("silent", vec![]),
        ("empty", vec![]),
        ("stayout hello", vec![]),
        ("act 2 abc", vec!["abc (1/2)"]),
        ("acts abc", vec!["first action", "abc (1/1)"]),
    ] {
        let mut world = world(echo());
        world.send(SESSION, &json!({"content": content}));
        world.pass(2000.0);
        let mut expected = vec![content];
        expected.extend(replies);
        let (mut ours, mut expected) = (
            contents(&mut world),
            expected.iter().map(ToString::to_string).collect::<Vec<_>>(),
        );
        ours.sort();
        expected.sort();
        assert_eq!(ours, expected, "{content}");
    }
}

#[test]
fn a_direct_room_is_always_answered() {
    let mut world = World::new(echo());
    world.session(SESSION, &json!({"channelType": "DM"}), &json!({}));
    world.send(SESSION, &json!({"content": "stayout hello"}));
    world.pass(1000.0);
    assert_eq!(
        contents(&mut world),
        ["echo: stayout hello", "stayout hello"]
    );
}

#[test]
fn what_the_database_cannot_hold_fails_late() {
    let mut world = world(echo());
    for body in [
        r#"{"content":"say \ud83d"}"#,
        r#"{"content":"say \u0000","transport":"sse"}"#,
        r#"{"content":"say x","metadata":{"a":["\ude00"]}}"#,
        r#"{"content":"say x","metadata":"😀"}"#,
    ] {
        let path = format!("{SESSIONS}/{SESSION}/messages");
        let response = world.ask(
            "POST",
            &path,
            &[("content-type", "application/json")],
            body.as_bytes(),
        );
        assert_eq!(
            (response.status, response.after_ms),
            (500, 4000.0),
            "{body}"
        );
        assert_eq!(
            support::body(&response)["error"]["code"],
            "MESSAGE_SEND_FAILED",
            "{body}"
        );
    }
    assert_eq!(contents(&mut world).len(), 0);
    let refused = world.post(
        SESSIONS,
        &json!({"agentId": AGENT, "userId": USER, "metadata": {"a": "\u{0}"}}),
    );
    assert_eq!(body(&refused)["error"]["code"], "SESSION_CREATION_FAILED");
}

#[test]
fn a_key_is_asked_for_and_several_may_be_known() {
    let mut world = World::new(Options {
        keys: vec!["a".into(), "b".into()],
        ..echo()
    });
    for (key, status) in [("a", 200), ("b", 200), ("c", 401), ("", 401)] {
        assert_eq!(
            world
                .ask("GET", SESSIONS, &[("X-Api-Key", key)], b"")
                .status,
            status,
            "{key}"
        );
    }
    assert_eq!(world.ask("OPTIONS", SESSIONS, &[], b"").status, 204);
    assert_eq!(world.get("/health").status, 200);
}

#[test]
fn a_rate_limit_names_the_time_to_come_back_and_then_lets_pass() {
    let mut world = World::new(Options {
        eliza: eliza::Options {
            rate_limit: Some(2),
            ..eliza::Options::default()
        },
        ..echo()
    });
    assert_eq!(world.get(SESSIONS).header("ratelimit-remaining"), Some("1"));
    world.pass(10_500.0);
    assert_eq!(world.get(SESSIONS).header("ratelimit-remaining"), Some("0"));
    let refused = world.get(SESSIONS);
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("890"))
    );
    world.pass(890_000.0);
    assert_eq!(world.get(SESSIONS).status, 200);
}
