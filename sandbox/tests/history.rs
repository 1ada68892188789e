//! The recorded answers to 75 history queries, and what follows from them for whoever pages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{AGENT, CHANNEL, SESSIONS, T0, USER, World, body, echo, fixture};

const SESSION: &str = "19c79658-ac2b-43c3-a6ca-a0a8d339eca0";

/// Rows as the recording had them: how many, under which letter, how far apart.
fn world(letter: &str, count: u32, apart: impl Fn(u32) -> f64) -> World {
    let mut world = World::new(echo());
    world.session(SESSION, &json!({}), &json!({}));
    let content = |index| {
        if letter == "m" {
            format!("m{index:03}")
        } else {
            format!("{letter}{index}")
        }
    };
    let row = |index| json!({"content": content(index), "authorId": USER, "createdAt": T0 + apart(index)});
    world.write_rows(&(0..count).map(row).collect());
    world
}

fn world_of(label: &str, first: &str) -> World {
    match first.chars().next() {
        Some('t') => world("t", 12, |index| f64::from(index / 4) * 1000.0),
        _ if label.starts_with("7 messages") || label.starts_with("...") => world("u", 7, |_| 0.0),
        _ if label.starts_with("1300") => world("w", 1300, |index| f64::from(index) * 10.0),
        _ if label.starts_with("200") => world("x", 200, f64::from),
        _ => world("m", 250, |index| f64::from(index) * 1000.0),
    }
}

fn page(world: &mut World, query: &str) -> Value {
    let response = world.get(&format!("{SESSIONS}/{SESSION}/messages{query}"));
    assert_eq!(response.status, 200, "{query}");
    body(&response)
}

fn contents(page: &Value) -> Vec<String> {
    page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["content"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_recorded_query_gets_the_recorded_page() {
    let table: Value = serde_json::from_str(&fixture("history-queries.json")).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 75);
    for row in rows {
        let label = row["label"].as_str().unwrap();
        if label == "odd rows" {
            // Its rows are those of the recorded exchange history-odd-rows, which `recorded` plays.
            assert_eq!(row["n"], 3);
            continue;
        }
        let first = row["first"].as_str().unwrap_or("");
        let mut world = world_of(label, first);
        let query = row["query"]
            .as_str()
            .unwrap()
            .replace("T0", "1704614400000");
        let response = world.get(&format!("{SESSIONS}/{SESSION}/messages{query}"));
        let ours = body(&response);
        if let Some(status) = row.get("status") {
            assert_eq!(json!(response.status), *status, "{label}");
            assert_eq!(
                (&ours["error"]["message"], &ours["error"]["code"]),
                (&row["error"], &row["code"]),
                "{label}"
            );
            continue;
        }
        let contents = contents(&ours);
        assert_eq!(json!(contents.len()), row["n"], "{label}");
        assert_eq!(ours["hasMore"], row["hasMore"], "{label}");
        let stamp = |text: &Value| json!(T0 + text.as_str().unwrap()[3..].parse::<f64>().unwrap());
        match row.get("cursors") {
            Some(cursors) => {
                let ours = |key: &str| json!(ours["cursors"][key].as_f64());
                assert_eq!(ours("before"), stamp(&cursors["before"]), "{label}");
                assert_eq!(ours("after"), stamp(&cursors["after"]), "{label}");
            }
            None => assert_eq!(ours.get("cursors"), None, "{label}"),
        }
        // Which of the rows of one millisecond comes first is nobody's promise.
        if !first.starts_with(['t', 'u']) {
            assert_eq!(
                contents.first().map(String::as_str),
                row["first"].as_str(),
                "{label}"
            );
            assert_eq!(
                contents.last().map(String::as_str),
                row["last"].as_str(),
                "{label}"
            );
        }
    }
}

#[test]
fn rows_of_one_millisecond_are_lost_at_the_edge_of_a_page_and_found_with_one_millisecond_more() {
    let mut world = world("t", 12, |index| f64::from(index / 4) * 1000.0);
    let first = page(&mut world, "?limit=6");
    let before = first["cursors"]["before"].as_f64().unwrap();
    let second = page(&mut world, &format!("?limit=6&before={before}"));
    assert_eq!(contents(&first).len() + contents(&second).len(), 10);
    let overlapping = page(&mut world, &format!("?limit=6&before={}", before + 1.0));
    let seen: BTreeSet<_> = contents(&first)
        .into_iter()
        .chain(contents(&overlapping))
        .chain(contents(&second))
        .collect();
    assert_eq!(seen.len(), 12);
}

#[test]
fn rows_of_one_millisecond_come_in_another_order_in_another_query() {
    let mut world = world("u", 40, |_| 0.0);
    let orders: BTreeSet<_> = (40..50)
        .map(|limit| contents(&page(&mut world, &format!("?limit={limit}"))))
        .collect();
    assert!(orders.len() > 1);
    assert_eq!(page(&mut world, "?limit=40"), page(&mut world, "?limit=40"));
}

#[test]
fn after_alone_skips_what_lies_behind_its_window_and_does_not_tell() {
    let mut world = world("m", 250, |index| f64::from(index) * 1000.0);
    let after = T0 + 9000.0;
    let first = page(&mut world, &format!("?limit=5&after={after}"));
    assert_eq!(contents(&first).last().unwrap(), "m150");
}

#[test]
fn a_reply_over_the_bus_appears_when_it_is_there_and_not_before() {
    let mut world = World::new(echo());
    world.session(SESSION, &json!({}), &json!({}));
    assert_eq!(
        world
            .send(SESSION, &json!({"content": "wait 1000 late"}))
            .status,
        201
    );
    assert_eq!(contents(&page(&mut world, "")), ["wait 1000 late"]);
    world.pass(1000.0);
    assert_eq!(contents(&page(&mut world, "")), ["wait 1000 late"]);
    world.pass(500.0);
    let page = page(&mut world, "");
    assert_eq!(contents(&page), ["late", "wait 1000 late"]);
    assert_eq!(
        (
            &page["messages"][0]["isAgent"],
            &page["messages"][0]["authorId"]
        ),
        (&json!(true), &json!(AGENT))
    );
    assert!(page["cursors"]["after"].as_f64().unwrap() <= world.now);
}

#[test]
fn rows_outlive_their_session() {
    let mut world = world("m", 3, f64::from);
    let path = format!("{SESSIONS}/{SESSION}");
    assert_eq!(world.ask("DELETE", &path, &[], b"").status, 200);
    world.sandbox.plan_ids([
        "dddddddd-0000-4000-8000-000000000001".to_owned(),
        CHANNEL.to_owned(),
    ]);
    world.post(SESSIONS, &json!({"agentId": AGENT, "userId": USER}));
    let response = world.get(&format!(
        "{SESSIONS}/dddddddd-0000-4000-8000-000000000001/messages"
    ));
    assert_eq!(contents(&body(&response)).len(), 3);
}
