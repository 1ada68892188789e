//! Lists of sessions.

use super::world::{World, body, options, switched};
use agentline_sandbox::Options;
use agentline_sandbox::meibel::{AGENT_ID, Options as MeibelOptions};
use serde_json::{Value, json};

fn five() -> (World, Vec<String>) {
    let mut world = World::new(options());
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.create());
        world.pass(1000.0);
    }
    (world, ids)
}

fn list(world: &mut World, query: &str) -> Value {
    body(&world.get(&format!("/v2/agents/{AGENT_ID}/sessions{query}")))
}

fn ids(list: &Value) -> Vec<String> {
    let sessions = list["data"].as_array().unwrap();
    let id = |session: &Value| session["session_id"].as_str().unwrap().to_owned();
    sessions.iter().map(id).collect()
}

#[test]
fn pages_are_cut_by_offset_and_limit_and_name_the_total() {
    let (mut world, made) = five();
    let newest_first: Vec<String> = made.iter().rev().cloned().collect();
    let mut found = Vec::new();
    for (offset, count) in [(0, 2), (2, 2), (4, 1), (6, 0)] {
        let page = list(&mut world, &format!("?offset={offset}&limit=2"));
        assert_eq!(ids(&page).len(), count);
        assert_eq!(
            (&page["total"], &page["offset"], &page["limit"]),
            (&json!(5), &json!(offset), &json!(2))
        );
        found.extend(ids(&page));
    }
    assert_eq!(found, newest_first);
    let whole = list(&mut world, "");
    assert_eq!((ids(&whole), &whole["limit"]), (newest_first, &Value::Null));
    assert!(whole.get("next_cursor").is_none());
}

#[test]
fn lists_are_sorted_and_filtered() {
    let (mut world, made) = five();
    assert_eq!(
        ids(&list(&mut world, "?sort_by=start_time&sort_order=asc")),
        made
    );
    world.chat(&made[2], &json!({"user_message": "status=FAILED say bye"}));
    world.pass(1000.0);
    assert_eq!(ids(&list(&mut world, "?status=FAILED")), [made[2].clone()]);
    assert_eq!(list(&mut world, "?status=RUNNING")["total"], 4);
    assert_eq!(list(&mut world, "?status=CANCELED")["total"], 0);
    let by_status = list(&mut world, "?sort_by=status&sort_order=asc");
    assert_eq!(ids(&by_status)[0], made[2]);
    let failed = &by_status["data"][0];
    assert_eq!(failed["messages_count"], 2);
    assert_eq!(failed["end_time"], "2024-01-07T08:00:05.010Z");
    assert_eq!(failed["token_usage"]["output_tokens"], 1);
    let refused = world.get(&format!("/v2/agents/{AGENT_ID}/sessions?sort_by=name"));
    assert_eq!(refused.status, 422);
    assert_eq!(body(&refused)["detail"][0]["type"], "literal_error");
}

#[test]
fn the_numbers_may_stand_in_an_object_of_their_own() {
    let mut world = World::new(Options {
        meibel: MeibelOptions {
            nested_lists: true,
            ..MeibelOptions::default()
        },
        ..switched("")
    });
    world.create();
    let page = list(&mut world, "?limit=1");
    assert_eq!(
        page["pagination"],
        json!({"total": 1, "offset": 0, "limit": 1})
    );
    assert!(page.get("total").is_none());
}
