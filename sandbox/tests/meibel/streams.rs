//! A stream's events: their order, their times and their end.

use super::world::{World, body, events, names, options, switched, text};
use agentline_sandbox::End;
use serde_json::{Value, json};

fn texts(stream: &str, key: &str) -> Vec<String> {
    events(stream)
        .iter()
        .filter(|event| event.name() == Some("partial_response"))
        .map(|event| event.json()["data"][key].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn snapshots_grow_and_deltas_join_to_the_same_text() {
    let (mut world, id) = World::with_session(options());
    let grown = text(&world.stream(&id, "stream 4 10 héllo wörld 😀 end"));
    let snapshots = texts(&grown, "message");
    assert_eq!(snapshots.len(), 4);
    assert!(
        snapshots
            .windows(2)
            .all(|pair| pair[1].starts_with(&pair[0]))
    );
    let joined = text(&world.stream(&id, "partials=delta stream 4 10 héllo wörld 😀 end"));
    assert_eq!(texts(&joined, "message").concat(), "héllo wörld 😀 end");
    for stream in [grown, joined] {
        let told = events(&stream);
        assert_eq!(told.last().unwrap().name(), Some("completion"));
        assert_eq!(
            told.last().unwrap().json()["data"]["message"],
            "héllo wörld 😀 end"
        );
    }
}

#[test]
fn the_citation_s_mark_is_in_the_message_and_not_in_the_clean_one() {
    let (mut world, id) = World::with_session(options());
    for said in [
        "cite Revenue grew",
        "partials=delta cite Revenue grew",
        "cite",
    ] {
        let stream = text(&world.stream(&id, said));
        let last = events(&stream).last().unwrap().json()["data"].clone();
        assert_eq!(last["citations"][0]["source_ids"], json!([1]));
        let (message, clean) = (
            last["message"].as_str().unwrap(),
            last["clean_message"].as_str().unwrap(),
        );
        assert_eq!(message, format!("{clean} [1]"));
        let position = last["citations"][0]["position"].as_u64().unwrap();
        assert_eq!(
            message.chars().nth(usize::try_from(position).unwrap()),
            Some('[')
        );
    }
    let guide = text(&world.stream(&id, "style=guide cite Revenue grew"));
    let deltas: String = events(&guide)
        .iter()
        .filter_map(|event| event.json()["delta"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(deltas, "Revenue grew");
}

#[test]
fn the_pieces_come_in_their_time() {
    let (mut world, id) = World::with_session(options());
    let response = world.stream(&id, "stream 3 100 abc");
    let times: Vec<f64> = response.body.iter().map(|piece| piece.after_ms).collect();
    assert_eq!(response.after_ms, 0.0);
    assert_eq!(times, [0.0, 10.0, 110.0, 210.0, 310.0, 310.0]);
    assert_eq!(response.end_after_ms, 310.0);
}

#[test]
fn tools_are_told_unless_they_are_not_wanted() {
    let (mut world, id) = World::with_session(options());
    let told = events(&text(&world.stream(&id, "acts dig")));
    assert_eq!(
        names(&told),
        [
            "connected",
            "status",
            "tool_call",
            "tool_result",
            "tool_call",
            "tool_result",
            "partial_response",
            "completion"
        ]
    );
    let ids: Vec<Value> = told[2..6]
        .iter()
        .map(|event| event.json()["tool_id"].clone())
        .collect();
    assert_eq!(
        ids,
        [
            json!("call_1"),
            json!("call_1"),
            json!("call_2"),
            json!("call_2")
        ]
    );
    assert!(told[3].json().get("tool_name").is_none());
    let fields = [
        ("user_message", "act 1 dig"),
        ("include_tool_activity", "False"),
    ];
    let quiet = events(&text(&world.stream_with(&id, &fields)));
    assert_eq!(
        names(&quiet),
        ["connected", "status", "partial_response", "completion"]
    );
}

#[test]
fn every_event_but_the_first_carries_its_own_sequence_and_time() {
    let (mut world, id) = World::with_session(switched("stamps=naive"));
    let told = events(&text(&world.stream(&id, "act 2 dig")));
    assert_eq!(told[0].json().as_object().unwrap().len(), 1);
    let mut sequences: Vec<String> = Vec::new();
    for event in &told[1..] {
        let data = event.json();
        assert_eq!(data["type"], event.name().unwrap());
        assert!(!data["timestamp"].as_str().unwrap().ends_with('Z'));
        sequences.push(data["sequence"].as_str().unwrap().to_owned());
    }
    let count = sequences.len();
    sequences.dedup();
    assert_eq!(sequences.len(), count);
}

#[test]
fn a_stream_ends_in_each_of_its_ways() {
    let (mut world, id) = World::with_session(options());
    let whole = text(&world.stream(&id, "say x"));
    let mut ended = |how: &str| {
        let response = world.stream(&id, &format!("end={how} say x"));
        (
            response.end,
            String::from_utf8_lossy(&response.bytes()).into_owned(),
        )
    };
    let (end, short) = ended("short");
    assert_eq!(end, End::Clean);
    assert_eq!(
        names(&events(&short)),
        ["connected", "status", "partial_response"]
    );
    let (end, cut) = ended("cut");
    assert_eq!(end, End::Cut);
    assert!(cut.contains("event: completion") && !cut.ends_with("\n\n"));
    let (end, late) = ended("late");
    assert_eq!(end, End::Cut);
    assert_eq!(names(&events(&late)), names(&events(&whole)));
    assert!(late.ends_with("\n\n"));
}

#[test]
fn a_carriage_return_alone_ends_a_line_where_that_is_asked_for() {
    let (mut world, id) = World::with_session(options());
    let stream = text(&world.stream(&id, "newline=cr say x"));
    assert!(!stream.contains('\n') && stream.ends_with("\r\r"));
    assert_eq!(
        names(&events(&stream)),
        ["connected", "status", "partial_response", "completion"]
    );
}

#[test]
fn a_silent_stream_is_kept_alive() {
    let (mut world, id) = World::with_session(options());
    let response = world.stream(&id, "cutwait 40000 ab");
    let pings: Vec<f64> = response
        .body
        .iter()
        .filter(|piece| piece.bytes.starts_with(b": ping - 2024-01-07T"))
        .map(|piece| piece.after_ms)
        .collect();
    assert_eq!(pings, [15_000.0, 30_000.0]);
    let silent = world.stream(&id, "pings=none cutwait 40000 ab");
    assert!(!text(&silent).contains("ping"));
    // A wait of weeks does not fill the memory.
    let long = world.stream(&id, "ping_ms=1 wait 2000000000 x");
    assert!(long.body.len() < 11_000);
}

#[test]
fn an_answer_that_takes_too_long_is_given_up_but_written_all_the_same() {
    let (mut world, id) = World::with_session(options());
    let fields = [
        ("user_message", "cutwait 5000 ab"),
        ("timeout_seconds", "2"),
    ];
    let stream = world.stream_with(&id, &fields);
    let told = events(&text(&stream));
    assert_eq!(
        names(&told),
        ["connected", "status", "partial_response", "error"]
    );
    assert_eq!(stream.end_after_ms, 2000.0);
    let request = json!({"user_message": "say later", "timeout_seconds": 1});
    // It waits for the one before it.
    let chat = world.chat(&id, &request);
    assert_eq!((chat.status, chat.after_ms), (504, 1000.0));
    assert!(
        body(&chat)["detail"]
            .as_str()
            .unwrap()
            .contains("1 seconds")
    );
    world.pass(6000.0);
    let said: Vec<Value> = world
        .messages(&id)
        .iter()
        .map(|row| row["message"].clone())
        .collect();
    assert_eq!(said, ["cutwait 5000 ab", "say later", "ab", "later"]);
}
