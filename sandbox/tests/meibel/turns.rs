//! Synchronous answers, and what a turn leaves in the history.

use super::world::{World, body, events, options, switched, text};
use agentline_sandbox::meibel::AGENT_ID;
use agentline_sandbox::{Agents, Options};
use serde_json::{Value, json};

fn say(world: &mut World, id: &str, text: &str) -> Value {
    body(&world.chat(id, &json!({"user_message": text})))
}

#[test]
fn a_turn_s_rows_appear_in_their_time() {
    let (mut world, id) = World::with_session(options());
    let answer = say(&mut world, &id, "act 1 dig");
    let types = |world: &mut World| -> Vec<Value> {
        let rows = world.messages(&id);
        rows.iter().map(|row| row["type"].clone()).collect()
    };
    assert_eq!(types(&mut world), ["user"]);
    world.pass(12.0);
    assert_eq!(types(&mut world), ["user", "tool_call"]);
    world.pass(1000.0);
    assert_eq!(
        types(&mut world),
        ["user", "tool_call", "tool_result", "assistant"]
    );
    let rows = world.messages(&id);
    assert_eq!(rows[0]["signal_id"], answer["signal_id"]);
    assert_eq!(rows[3]["signal_id"], answer["signal_id"]);
    assert_eq!(rows[1]["tool_id"], rows[2]["tool_id"]);
    assert_eq!(rows[1]["arguments"], json!({"text": "dig", "topK": 5}));
    assert_eq!(rows[3]["timestamp"], "2024-01-07T08:00:00.020Z");
}

#[test]
fn a_stream_and_a_synchronous_answer_leave_the_same_rows() {
    let rows = |streams: bool| {
        let (mut world, id) = World::with_session(options());
        if streams {
            world.stream(&id, "stream 3 40 some words");
        } else {
            say(&mut world, &id, "stream 3 40 some words");
        }
        world.pass(1000.0);
        world.messages(&id)
    };
    assert_eq!(rows(true), rows(false));
}

#[test]
fn the_details_have_roles_and_pair_calls_with_results() {
    let (mut world, id) = World::with_session(options());
    say(&mut world, &id, "acts dig");
    world.pass(1000.0);
    say(&mut world, &id, "act 1 more");
    world.pass(1000.0);
    let details = world.details(&id);
    let roles: Vec<&Value> = details["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["role"])
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert!(details.get("session_id").is_none() && details.get("id").is_none());
    let activity = details["tool_activity"].as_array().unwrap();
    let names: Vec<&Value> = activity
        .iter()
        .map(|entry| &entry["tool_call"]["tool_name"])
        .collect();
    assert_eq!(names, ["first_step", "scripted_act", "scripted_act"]);
    assert!(
        activity
            .iter()
            .all(|entry| entry["tool_result"]["result"]["report"].is_string())
    );
    let ids: Vec<&Value> = activity.iter().map(|entry| &entry["tool_id"]).collect();
    assert_eq!(ids, ["call_1", "call_2", "call_3"]);
}

#[test]
fn an_agent_that_fails_leaves_the_question_alone() {
    let (mut world, id) = World::with_session(options());
    let failed = world.chat(&id, &json!({"user_message": "throwmid some words"}));
    assert_eq!(failed.status, 500);
    assert_eq!(
        body(&failed)["detail"],
        "Workflow failed: scripted failure in mid stream"
    );
    world.stream(&id, "throw");
    world.pass(1000.0);
    assert_eq!(world.messages(&id).len(), 2);
    assert_eq!(world.details(&id)["status"], "RUNNING");
}

#[test]
fn messages_queue_in_a_session() {
    let (mut world, id) = World::with_session(options());
    let first = world.chat(&id, &json!({"user_message": "wait 500 one"}));
    world.pass(100.0);
    let second = world.chat(&id, &json!({"user_message": "say two"}));
    assert_eq!(first.after_ms, 510.0);
    assert_eq!(second.after_ms, 420.0);
}

#[test]
fn a_row_may_say_what_it_is_in_other_ways() {
    let (mut world, id) = World::with_session(options());
    say(&mut world, &id, "rows=role say x");
    say(&mut world, &id, "rows=log say x");
    world.pass(1000.0);
    let rows = world.messages(&id);
    assert_eq!(rows[0]["role"], "user");
    assert!(rows[0].get("type").is_none());
    let types: Vec<Value> = rows.iter().map(|row| row["type"].clone()).collect();
    assert!(types.contains(&json!("user_input")) && types.contains(&json!("agent_output")));
}

#[test]
fn what_a_session_was_created_with_is_kept_as_it_is() {
    let mut world = World::new(options());
    let created = json!({
        "prompt": "You are", "initial_context": {"userId": "u1", "X-Key": null, "top_k": [1.5, {"aB": "ü"}]},
        "max_iterations_per_user_message": 5,
    });
    let line = "POST /v2/agents/name/sandbox-agent/sessions";
    let json = [("content-type", "application/json")];
    let answer = body(&world.ask(line, &json, created.to_string().as_bytes()));
    let id = answer["session_id"].as_str().unwrap().to_owned();
    let asked = say(&mut world, &id, "asked");
    let told: Value = serde_json::from_str(asked["response"]["message"].as_str().unwrap()).unwrap();
    assert_eq!(told["created"], created);
    assert_eq!(told["timeout_seconds"], Value::Null);
}

#[test]
fn files_are_acknowledged_by_name_type_and_size() {
    let (mut world, id) = World::with_session(options());
    let part = |head: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
    };
    let body = [
        part("name=\"user_message\"", "files"),
        part(
            "name=\"files\"; filename=\"a.txt\"\r\nContent-Type: text/plain",
            "hé",
        ),
        part("name=\"files\"; filename=\"b.bin\"", "\0\r\n--x"),
        part("name=\"file\"; filename=\"lost.txt\"", "nobody looks here"),
        "--B--\r\n".into(),
    ];
    let line = format!("POST /v2/sessions/{id}/chat/stream");
    let kind = [("content-type", "multipart/form-data; boundary=\"B\"")];
    let answer = world.ask(&line, &kind, body.concat().as_bytes());
    let told = events(&text(&answer)).last().unwrap().json();
    let listed: Value = serde_json::from_str(told["data"]["message"].as_str().unwrap()).unwrap();
    assert_eq!(
        listed,
        json!([
            {"name": "a.txt", "type": "text/plain", "size": 3, "text": "hé"},
            {"name": "b.bin", "type": null, "size": 6, "text": "\0\r\n--x"},
        ])
    );
}

#[test]
fn a_session_ends_when_nobody_speaks_or_when_a_turn_says_so() {
    let mut world = World::new(options());
    let line = format!("POST /v2/agents/{AGENT_ID}/sessions");
    let json = [("content-type", "application/json")];
    let created = body(&world.ask(&line, &json, br#"{"message_wait_timeout_seconds":60}"#));
    let id = created["session_id"].as_str().unwrap().to_owned();
    world.pass(60_001.0);
    assert_eq!(world.details(&id)["status"], "COMPLETED");
    assert_eq!(
        world.chat(&id, &json!({"user_message": "say x"})).status,
        409
    );
    let other = world.create();
    say(&mut world, &other, "status=TERMINATED wait 100 bye");
    assert_eq!(world.details(&other)["status"], "RUNNING");
    world.pass(1000.0);
    assert_eq!(world.details(&other)["status"], "TERMINATED");
    assert_eq!(world.stream(&other, "say x").status, 409);
}

#[test]
fn thoughts_and_tools_are_told_only_where_they_are_asked_for() {
    let (mut world, id) = World::with_session(options());
    let plain = say(&mut world, &id, "act 2 dig");
    assert_eq!(
        (&plain["thinking"], &plain["tool_activity"]),
        (&Value::Null, &Value::Null)
    );
    let request =
        json!({"user_message": "act 2 dig", "include_thinking": "yes", "include_tool_activity": 1});
    let full = body(&world.chat(&id, &request));
    assert_eq!(full["thinking"], "scripted thought");
    assert_eq!(full["tool_activity"][0]["result"]["report"], "dig (2/2)");
}

#[test]
fn latency_delays_every_answer_and_the_same_seed_gives_the_same() {
    let run = |seed| {
        let mut world = World::new(Options {
            seed,
            latency_ms: 80.0,
            agents: Agents::Conversation,
            ..switched("stamps=offset")
        });
        let id = world.create();
        let list = world.get(&format!("/v2/agents/{AGENT_ID}/sessions"));
        assert_eq!(list.after_ms, 80.0);
        let stream = world.stream(&id, "What can you do?");
        assert!(stream.after_ms >= 80.0 && stream.body[0].after_ms >= 80.0);
        (text(&list), text(&stream))
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
