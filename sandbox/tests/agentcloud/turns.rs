//! How an answer grows row by row, and what stands in its way.

use crate::world::{World, json_of, team, text_of};
use agentline_sandbox::End;
use agentline_sandbox::agentcloud::{APP_ID, Listing, Options, VARIABLES_APP_ID};
use serde_json::{Value, json};

fn texts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(text_of).collect()
}

#[test]
fn an_answer_grows_with_time_and_ends_with_the_agent_waiting() {
    let mut world = World::new();
    let id = world.ready_session();
    assert_eq!(world.send(&id, "stream 4 500 abcdefgh").status, 200);
    let mut seen = Vec::new();
    for _ in 0..60 {
        let rows = world.rows(&id);
        let answer = rows.get(2).map(text_of).unwrap_or_default();
        if seen.last() != Some(&answer) {
            seen.push(answer);
        }
        if rows.len() < 4 {
            assert_ne!(rows[rows.len() - 1]["chunks"].as_array().unwrap().len(), 4);
        }
        world.pass(50.0);
    }
    assert_eq!(seen, ["", "ab", "abcd", "abcdef", "abcdefgh"]);
    let rows = world.rows(&id);
    assert_eq!(
        texts(&rows),
        [
            "How can I help?",
            "stream 4 500 abcdefgh",
            "abcdefgh",
            "Anything else?"
        ]
    );
    assert_eq!(rows[2]["message"]["message"]["text"], "ab");
    assert_eq!(rows[2]["tokens"], 4);
    assert_eq!(
        rows.iter()
            .map(|row| &row["isFeedback"])
            .collect::<Vec<_>>(),
        [true, false, false, true]
    );
    let stamp = rows[2]["chunks"][1]["ts"].as_f64().unwrap();
    assert_ne!(stamp.fract(), 0.0);
    assert_eq!(world.status(&id), "waiting");
}

#[test]
fn the_status_is_running_while_the_agent_speaks() {
    let mut world = World::new();
    let id = world.session();
    assert_eq!(world.status(&id), "started");
    world.pass(1000.0);
    assert_eq!(world.status(&id), "waiting");
    world.send(&id, "cutwait 2000 two halves");
    world.pass(1000.0);
    assert_eq!(world.status(&id), "running");
    world.pass(2000.0);
    assert_eq!(world.status(&id), "waiting");
}

#[test]
fn a_burst_is_stored_out_of_order_and_its_stamps_give_the_text() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "repeat 30 ab");
    world.pass(1000.0);
    let rows = world.rows(&id);
    let stamps: Vec<f64> = rows[2]["chunks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|chunk| chunk["ts"].as_f64().unwrap())
        .collect();
    assert!(!stamps.is_sorted());
    assert_eq!(text_of(&rows[2]), "ab".repeat(30));
}

#[test]
fn a_tool_s_line_is_overwritten_when_the_tool_is_done() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "act 1 it is done");
    world.pass(150.0);
    let begun = world.rows(&id);
    assert_eq!(text_of(&begun[2]), "Using tool: Scripted tool");
    assert_eq!(begun[2]["message"]["message"]["displayType"], "inline");
    assert_eq!(begun[2]["authorName"], "System");
    world.pass(1000.0);
    let rows = world.rows(&id);
    assert_eq!(
        texts(&rows)[2..],
        [
            "Finished using tool: Scripted tool",
            "it is done",
            "Anything else?"
        ]
    );
    assert_eq!(rows[2]["message"]["completed"], true);
    assert!(rows[2].get("chunks").is_none());
    assert_eq!(rows[2]["_id"], begun[2]["_id"]);
}

#[test]
fn text_that_is_json_becomes_the_value() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "say {\"answer\":42}");
    world.pass(1000.0);
    world.send(&id, "stream 3 10 abc[1]def");
    world.pass(1000.0);
    world.send(&id, "say [not json");
    world.pass(1000.0);
    let rows = world.rows(&id);
    let message = |index: usize| &rows[index]["message"]["message"];
    assert_eq!(message(2)["text"], json!({"answer": 42}));
    assert_eq!(
        (&message(2)["type"], &message(2)["language"]),
        (&json!("code"), &json!("json"))
    );
    assert_eq!(rows[5]["chunks"][1]["chunk"], json!([1]));
    assert_eq!(message(5)["type"], "text");
    assert_eq!(message(8)["text"], "[not json");
}

#[test]
fn an_agent_that_fails_leaves_a_trace_and_a_session_that_is_over() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "throwmid some words");
    world.pass(1000.0);
    let rows = world.rows(&id);
    assert_eq!(text_of(&rows[2]), "some ");
    assert_eq!(text_of(&rows[3]), "⛔ An unexpected error occurred");
    assert!(text_of(&rows[4]).starts_with("Stack trace:"));
    assert_eq!(rows.len(), 5);
    assert_eq!(world.status(&id), "terminated");
    assert_eq!(world.send(&id, "say more").status, 400);
}

#[test]
fn cancelling_stops_the_agent_at_its_next_piece_and_for_good() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "stream 10 500 abcdefghij");
    world.pass(1200.0);
    let path = team(&format!("forms/session/{id}/cancel"));
    assert_eq!(world.post(&path, &json!({"sessionId": id})).status, 200);
    assert_eq!(world.status(&id), "terminated");
    let cut = text_of(&world.rows(&id)[2]);
    world.pass(5000.0);
    let rows = world.rows(&id);
    assert_eq!(text_of(&rows[2]), cut);
    assert_eq!(text_of(&rows[3]), "🛑 Stopped generating.");
    assert_eq!(rows.len(), 4);
    assert_eq!(world.status(&id), "terminated");
    // The flag is never cleared: an agent that is called again stops at once.
    world.get(&team(&format!("session/{id}/messages.json")));
    world.pass(1000.0);
    assert_eq!(world.send(&id, "say x").status, 200);
    world.pass(1000.0);
    let rows = world.rows(&id);
    assert_eq!(texts(&rows)[4..], ["say x", "🛑 Stopped generating."]);
}

#[test]
fn an_agent_that_waited_too_long_ends_the_session() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "timeout");
    world.pass(1000.0);
    let rows = world.rows(&id);
    assert_eq!(rows[2]["message"]["type"], "error");
    assert_eq!(text_of(&rows[2]), "TimeOutError");
    assert_eq!(world.status(&id), "terminated");
}

#[test]
fn a_message_that_comes_while_the_agent_speaks_is_answered_afterwards() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "wait 1000 first");
    world.pass(100.0);
    world.send(&id, "say second");
    world.pass(3000.0);
    assert_eq!(
        texts(&world.rows(&id))[1..],
        [
            "wait 1000 first",
            "say second",
            "first",
            "Anything else?",
            "second",
            "Anything else?"
        ]
    );
}

#[test]
fn rows_after_a_row_are_those_with_a_greater_id_and_not_those_that_grew() {
    let mut world = World::new();
    let id = world.ready_session();
    world.send(&id, "stream 2 800 ab");
    world.pass(1000.0);
    let rows = world.rows(&id);
    assert_eq!(texts(&rows)[2..], ["a"]);
    let after = |world: &mut World, row: &Value| {
        let row = row["_id"].as_str().unwrap();
        let path = team(&format!("session/{id}/messages.json?messageId={row}"));
        texts(json_of(&world.get(&path)).as_array().unwrap())
    };
    world.pass(1000.0);
    assert_eq!(after(&mut world, &rows[2]), ["Anything else?"]);
    assert_eq!(after(&mut world, &rows[1]), ["ab", "Anything else?"]);
    assert!(rows.is_sorted_by_key(|row| row["_id"].as_str().unwrap().to_owned()));
}

#[test]
fn a_message_is_refused_until_the_agent_is_in_its_room() {
    let mut world = World::with(Options {
        wake_ms: Some(300.0),
        ..Options::default()
    });
    let add = json!({"id": APP_ID, "skipRun": true});
    let added = json_of(&world.post(&team("forms/session/add"), &add));
    let id = added["redirect"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    world.pass(10_000.0);
    let inactive = json!({"error": "Attempting to send message to inactive session."});
    let refused = world.send(&id, "say x");
    assert_eq!((refused.status, json_of(&refused)), (400, inactive));
    // Reading with a cursor wakes nobody.
    assert_eq!(world.rows(&id), Vec::<Value>::new());
    world.pass(1000.0);
    assert_eq!(world.send(&id, "say x").status, 400);
    // Reading without one does.
    world.get(&team(&format!("session/{id}/messages.json")));
    world.pass(299.0);
    assert_eq!(world.send(&id, "say x").status, 400);
    world.pass(2.0);
    assert_eq!(world.send(&id, "say x").status, 200);
}

#[test]
fn a_session_that_wants_variables_begins_when_it_is_started() {
    let mut world = World::new();
    let id = world.session_of(VARIABLES_APP_ID);
    let shown = json_of(&world.get(&team(&format!("session/{id}.json"))));
    assert_eq!(shown["app"]["variables"][0]["name"], "topic");
    world.get(&team(&format!("session/{id}/messages.json")));
    world.pass(1000.0);
    assert_eq!(world.send(&id, "say x").status, 400);
    let variables = json!({"sessionId": id, "variables": {"topic": "dogs"}});
    let edited = world.post(&team(&format!("forms/session/{id}/edit")), &variables);
    assert_eq!(json_of(&edited)["session"]["modifiedCount"], 1);
    let shown = json_of(&world.get(&team(&format!("session/{id}.json"))));
    assert_eq!(shown["session"]["variables"], json!({"topic": "dogs"}));
    let start = json!({"sessionId": id, "appType": "chat"});
    assert_eq!(
        world
            .post(&team(&format!("forms/session/{id}/start")), &start)
            .status,
        200
    );
    world.pass(1000.0);
    assert_eq!(world.send(&id, "say x").status, 200);
}

#[test]
fn without_an_agent_every_message_is_refused() {
    let mut world = World::with(Options {
        wake_ms: None,
        ..Options::default()
    });
    let id = world.session();
    for _ in 0..5 {
        world.get(&team(&format!("session/{id}/messages.json")));
        world.pass(60_000.0);
        assert_eq!(world.send(&id, "say x").status, 400);
    }
}

#[test]
fn odd_rows_come_when_they_are_asked_for() {
    let mut world = World::new();
    let id = world.ready_session();
    for text in ["double abcdef", "nochunkid x", "old y"] {
        world.send(&id, text);
        world.pass(1000.0);
    }
    let rows = world.rows(&id);
    assert_eq!(texts(&rows)[2..4], ["ab", "cdef"]);
    assert_eq!(rows[2]["chunkId"], rows[3]["chunkId"]);
    assert_ne!(rows[2]["_id"], rows[3]["_id"]);
    assert_eq!(rows[6]["chunkId"], Value::Null);
    assert_eq!(text_of(&rows[6]), "x");
    let old = &rows[9];
    assert_eq!(
        (&old["completed"], old.get("chunks"), old.get("chunkId")),
        (&json!(true), None, None)
    );
    assert!(old["codeBlocks"].is_array());
}

#[test]
fn the_published_shapes_are_spoken_on_demand() {
    let mut world = World::with(Options {
        listing: Listing::Documented,
        ..Options::default()
    });
    let id = world.ready_session();
    let path = team(&format!("session/{id}/messages.json"));
    let all = world.get(&path);
    assert_eq!(all.status, 200);
    let row = json_of(&all)["messages"][0].clone();
    assert_eq!(
        row["message"],
        json!({"type": "text", "text": "How can I help?"})
    );
    assert_eq!(row["displayType"], "bubble");
    let after = world.get(&format!("{path}?messageId={}", "0".repeat(24)));
    assert_eq!((after.status, json_of(&after)), (201, json_of(&all)));
    world.credentials.clear();
    let refused = world.get(&path);
    assert_eq!(
        (refused.status, json_of(&refused)),
        (403, json!({"message": "No permission", "code": 403}))
    );
}

#[test]
fn what_is_never_answered_is_left_open_or_gets_a_500() {
    let asked = |hang| {
        let mut world = World::with(Options {
            hang,
            ..Options::default()
        });
        let id = world.session();
        let messages = team(&format!("session/{id}/messages.json"));
        let none = "0".repeat(24);
        let gone = world.session();
        let delete = world.ask(
            "DELETE",
            &team(&format!("forms/session/{gone}")),
            "application/json",
            &json!({"sessionId": gone}).to_string(),
        );
        assert_eq!(delete.status, 200);
        let mut answers = vec![
            world.get(&format!("{messages}?messageId={}", "z".repeat(24))),
            world.get(&team("sessions.json?before=zz")),
            world.get(&team(&format!("session/{none}/messages.json"))),
            world.get(&team(&format!("session/{gone}/messages.json"))),
            world.post(&team("forms/session/add"), &json!({"id": "nothex"})),
        ];
        let delete = world.ask(
            "DELETE",
            &team(&format!("forms/app/{APP_ID}")),
            "application/json",
            "{}",
        );
        assert_eq!(delete.status, 200);
        answers.push(world.get(&messages));
        answers
    };
    for answer in asked(true) {
        assert_eq!((answer.end, answer.body.len()), (End::Never, 0));
    }
    for answer in asked(false) {
        assert_eq!((answer.end, answer.status), (End::Clean, 500));
    }
}

#[test]
fn rows_outlive_their_session() {
    let mut world = World::new();
    let id = world.ready_session();
    let path = team(&format!("forms/session/{id}"));
    let body = json!({"sessionId": id}).to_string();
    assert_eq!(
        world.ask("DELETE", &path, "application/json", &body).status,
        200
    );
    assert_eq!(texts(&world.rows(&id)), ["How can I help?"]);
    let again = world.ask("DELETE", &path, "application/json", &body);
    assert_eq!(
        (again.status, json_of(&again)),
        (400, json!({"error": "Invalid inputs"}))
    );
}
