//! Live messages: the recorded frames again, connections over both carriers, and how they end.

use crate::recorded::{fixture, shape};
use crate::world::{T0, World, json_of, team};
use agentline_sandbox::agentcloud::{
    API_KEY, APP_ID, Asked, Carrier, MOST_PAYLOAD, Options, PUBLIC_APP_ID, poll,
};
use agentline_sandbox::{Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TEAM_SESSION: &str = "6b01ee7011f2e31b0c34e7fb";
const PUBLIC_SESSION: &str = "6b01ee7f11f2e31b0c34e7ff";

fn request(method: &str, query: &str, key: Option<&str>, body: &str) -> Request {
    let key = key.map(|key| ("authorization".to_owned(), format!("Bearer {key}")));
    Request {
        method: method.into(),
        path_and_query: format!("/socket.io/?{query}"),
        headers: key.into_iter().collect(),
        body: body.into(),
    }
}

const POLLING: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// A client on a WebSocket.
struct Client {
    sid: String,
}

impl Client {
    fn open(world: &mut World, key: Option<&str>) -> Self {
        let request = request("GET", WEBSOCKET, key, "");
        let sid = world.sandbox.sockets(world.now).upgrade(&request).unwrap();
        Self { sid }
    }

    fn connected(world: &mut World, key: Option<&str>, room: &str) -> Self {
        let client = Self::open(world, key);
        client.send(world, "40");
        client.send(world, &format!("42[\"join_room\",\"{room}\"]"));
        client
    }

    fn send(&self, world: &mut World, packet: &str) {
        let mut sockets = world.sandbox.sockets(world.now);
        sockets.receive(&self.sid, Carrier::WebSocket, packet);
    }

    fn heard(&self, world: &mut World) -> Vec<String> {
        let mut sockets = world.sandbox.sockets(world.now);
        sockets.take(&self.sid, Carrier::WebSocket).packets
    }

    fn is_over(&self, world: &mut World) -> bool {
        let mut sockets = world.sandbox.sockets(world.now);
        sockets.take(&self.sid, Carrier::WebSocket).over
    }
}

fn without_agents() -> World {
    let mut world = World::with(Options {
        wake_ms: None,
        ..Options::default()
    });
    for (id, app) in [(TEAM_SESSION, APP_ID), (PUBLIC_SESSION, PUBLIC_APP_ID)] {
        world.sandbox.plan_ids([id.to_owned()]);
        assert_eq!(world.session_of(app), id);
    }
    world
}

fn polled(world: &mut World, request: &Request) -> Response {
    let mut sockets = world.sandbox.sockets(world.now);
    match sockets.ask(request) {
        Asked::Answered(response) => response,
        Asked::Poll(sid) => poll(&sockets.take(&sid, Carrier::Polling)),
    }
}

fn text(response: &Response) -> String {
    String::from_utf8(response.bytes()).unwrap()
}

/// A packet without what no two servers have in common.
fn common(packet: &str) -> String {
    let at = packet.find(['{', '[']).unwrap_or(packet.len());
    let (head, data) = packet.split_at(at);
    let Ok(mut data) = serde_json::from_str::<Value>(data) else {
        return packet.to_owned();
    };
    if data.get("sid").is_some() {
        data["sid"] = json!("…");
    }
    if data[1].is_object() && data[1]["ts"] != 123 {
        data[1]["ts"] = json!("…");
        data[1]["message"]["chunkId"] = json!("…");
    }
    format!("{head}{data}")
}

/// Plays the client's part of recorded frames and compares the server's.
fn play(id: &str) {
    let fixture = fixture(id);
    let mut world = without_agents();
    let key = fixture["headers"].get("Authorization").map(|_| API_KEY);
    let client = Client::open(&mut world, key);
    let mut told = Vec::new();
    let mut recorded = Vec::new();
    for frame in fixture["frames"].as_array().unwrap() {
        let frame = frame.as_str().unwrap();
        if let Some(packet) = frame.strip_prefix("c>s ") {
            client.send(&mut world, packet);
        } else if let Some(packet) = frame.strip_prefix("s>c ") {
            recorded.push(common(packet));
        }
        let heard = client.heard(&mut world);
        told.extend(heard.iter().map(|packet| common(packet)));
    }
    assert!(recorded.len() > 4);
    assert_eq!(told, recorded, "{id}");
}

#[test]
fn an_anonymous_client_and_odd_events_are_answered_as_they_were() {
    play("F29");
    play("F38");
}

#[test]
fn who_polled_with_a_key_keeps_it_over_the_websocket() {
    let mut world = without_agents();
    let hello = polled(&mut world, &request("GET", POLLING, Some(API_KEY), ""));
    let fixture = fixture("F33");
    let frames: Vec<&str> = fixture["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| frame.as_str().unwrap())
        .collect();
    let (_, recorded) = frames[0].split_once(") ").unwrap();
    assert_eq!(common(&text(&hello)), common(recorded));
    let sid = serde_json::from_str::<Value>(&text(&hello)[1..]).unwrap()["sid"].clone();
    let upgrade = format!("{WEBSOCKET}&sid={}", sid.as_str().unwrap());
    let mut sockets = world.sandbox.sockets(world.now);
    let sid = sockets
        .upgrade(&request("GET", &upgrade, None, ""))
        .unwrap();
    let client = Client { sid };
    let mut told = Vec::new();
    let mut recorded = Vec::new();
    for frame in &frames[1..] {
        let (who, packet) = frame.rsplit_once(") ").unwrap();
        if who.starts_with("c>s") {
            client.send(&mut world, packet);
        } else {
            recorded.push(common(packet));
        }
        let heard = client.heard(&mut world);
        told.extend(heard.iter().map(|packet| common(packet)));
    }
    assert_eq!(told, recorded);
}

#[test]
fn polling_carries_several_packets_in_one_body() {
    let mut world = without_agents();
    let opened = polled(&mut world, &request("GET", POLLING, Some(API_KEY), ""));
    let recorded = fixture("F34");
    assert_eq!(
        common(&text(&opened)),
        common(recorded["response"]["body"].as_str().unwrap())
    );
    assert_eq!(
        opened.header("content-type"),
        Some("text/plain; charset=UTF-8")
    );
    let sid = serde_json::from_str::<Value>(&text(&opened)[1..]).unwrap()["sid"].clone();
    let query = format!("{POLLING}&sid={}", sid.as_str().unwrap());
    let post = |world: &mut World, body: &str| polled(world, &request("POST", &query, None, body));
    assert_eq!(text(&post(&mut world, "40")), "ok");
    let read = request("GET", &query, None, "");
    assert!(text(&polled(&mut world, &read)).starts_with("40{\"sid\""));
    let brought = fixture("F35");
    let answer = post(&mut world, brought["request"]["body"].as_str().unwrap());
    assert_eq!(
        (json!(text(&answer)), answer.header("content-type")),
        (brought["response"]["body"].clone(), Some("text/html"))
    );
    let got = text(&polled(&mut world, &read));
    let recorded = fixture("F36");
    let begin = recorded["response"]["body"].as_str().unwrap();
    assert!(got.starts_with(begin.trim_end_matches('…')), "{got}");
    let large = post(&mut world, &"4".repeat(MOST_PAYLOAD + 1));
    assert_eq!(large.status, 413);
}

#[test]
fn another_protocol_is_refused_as_it_was() {
    let mut world = World::new();
    let recorded = fixture("F37");
    let refused = polled(
        &mut world,
        &request("GET", "EIO=3&transport=polling", None, ""),
    );
    assert_eq!(json!(refused.status), recorded["response"]["status"]);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    // The recorded body still has the sizes of its chunks.
    let body = recorded["response"]["body"].as_str().unwrap();
    assert_eq!(body.split("\r\n").nth(1), Some(&*text(&refused)));
}

/// Events a client hears while the agent answers these texts in a new session.
fn events(texts: &[&str]) -> Vec<Value> {
    let mut world = World::new();
    let id = world.session();
    let client = Client::connected(&mut world, Some(API_KEY), &id);
    world.pass(1000.0);
    let mut heard = client.heard(&mut world);
    for text in texts {
        let data =
            json!({"room": id, "authorName": "x", "message": {"type": "text", "text": text}});
        client.send(&mut world, &format!("42{}", json!(["message", data])));
        world.pass(2000.0);
        heard.extend(client.heard(&mut world));
    }
    let event = |packet: &String| packet.strip_prefix("42").map(str::to_owned);
    heard
        .iter()
        .filter_map(event)
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

#[test]
fn a_whole_turn_is_told_in_the_recorded_shapes() {
    let told: BTreeSet<String> = events(&[
        "stream 5 50 Hello **world**.",
        "act 1 done",
        "say {\"answer\":42}",
        "stream 3 10 abc[1]def",
        "timeout",
    ])
    .iter()
    .chain(&events(&["throw"]))
    .map(|event| shape(event).to_string())
    .collect();
    let mut count = 0;
    for id in ["F28", "F30", "F43"] {
        for frame in fixture(id)["frames"].as_array().unwrap() {
            let Some(event) = frame.as_str().unwrap().strip_prefix("s>c 42") else {
                continue;
            };
            count += 1;
            let recorded = shape(&serde_json::from_str(event).unwrap()).to_string();
            assert!(told.contains(&recorded), "{id}: {recorded}\n{told:#?}");
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn what_is_told_is_what_is_stored_and_the_burst_repeats_its_status() {
    let told = events(&["repeat 10 ab"]);
    let statuses: Vec<&Value> = told
        .iter()
        .filter(|event| event[0] == "status")
        .map(|event| &event[1])
        .collect();
    assert!(
        statuses
            .iter()
            .filter(|status| **status == "running")
            .count()
            > 5
    );
    let mut world = World::new();
    let id = world.session();
    let client = Client::connected(&mut world, Some(API_KEY), &id);
    world.pass(1000.0);
    let heard = client.heard(&mut world);
    let message = heard
        .iter()
        .find(|packet| packet.starts_with("42[\"message\""));
    let told: Value = serde_json::from_str(&message.unwrap()[2..]).unwrap();
    assert_eq!(
        world.rows(&id)[0]["message"].to_string(),
        told[1].to_string()
    );
}

#[test]
fn a_message_over_http_is_not_told_to_those_who_listen() {
    let mut world = World::new();
    let id = world.ready_session();
    let client = Client::connected(&mut world, Some(API_KEY), &id);
    client.heard(&mut world);
    world.send(&id, "wait 500 x");
    assert_eq!(client.heard(&mut world), Vec::<String>::new());
    world.pass(1000.0);
    assert!(client.heard(&mut world).len() > 2);
}

#[test]
fn a_room_that_was_left_is_silent() {
    let mut world = without_agents();
    let client = Client::connected(&mut world, Some(API_KEY), TEAM_SESSION);
    let say = format!("42[\"message\",{{\"room\":\"{TEAM_SESSION}\",\"message\":\"x\"}}]");
    client.heard(&mut world);
    client.send(&mut world, &say);
    assert_eq!(client.heard(&mut world).len(), 2);
    client.send(
        &mut world,
        &format!("42[\"leave_room\",\"{TEAM_SESSION}\"]"),
    );
    client.send(&mut world, &say);
    assert_eq!(client.heard(&mut world), Vec::<String>::new());
}

#[test]
fn a_chunk_id_that_comes_again_appends() {
    let mut world = without_agents();
    let client = Client::connected(&mut world, Some(API_KEY), TEAM_SESSION);
    for text in ["one", "[2]"] {
        let data = json!({"room": TEAM_SESSION, "message": {"type": "text", "text": text, "chunkId": "c"}});
        client.send(&mut world, &format!("42{}", json!(["message", data])));
    }
    let rows = world.rows(TEAM_SESSION);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["chunks"][1]["chunk"], json!([2]));
    let account = json_of(&world.get("/account.json"));
    assert_eq!(rows[0]["authorId"], account["account"]["_id"]);
}

#[test]
fn a_client_that_answers_no_ping_is_dropped_and_one_that_does_is_kept() {
    let mut world = World::new();
    let mute = Client::open(&mut world, None);
    let alive = Client::open(&mut world, None);
    for client in [&mute, &alive] {
        client.send(&mut world, "40");
        client.heard(&mut world);
    }
    let next = world.sandbox.sockets(world.now).next_at();
    assert_eq!(next, Some(T0 + 25_000.0));
    for _ in 0..4 {
        world.pass(25_000.0);
        assert_eq!(alive.heard(&mut world), ["2"]);
        alive.send(&mut world, "3");
    }
    assert!(!alive.is_over(&mut world));
    assert!(mute.is_over(&mut world));
}

#[test]
fn a_client_that_breaks_the_protocol_is_dropped() {
    for packets in [
        vec!["42[\"join_room\",\"x\"]"],
        vec!["40", "42{}"],
        vec!["9"],
        vec!["40", "41"],
        vec!["1"],
    ] {
        let mut world = World::new();
        let client = Client::open(&mut world, None);
        for packet in &packets {
            assert!(!client.is_over(&mut world), "{packets:?}");
            client.send(&mut world, packet);
        }
        assert!(client.is_over(&mut world), "{packets:?}");
    }
    let mut world = World::new();
    let silent = Client::open(&mut world, None);
    world.pass(24_000.0);
    assert!(!silent.is_over(&mut world));
    silent.send(&mut world, "3");
    world.pass(21_000.0);
    assert!(silent.is_over(&mut world), "it never opened the namespace");
}

#[test]
fn a_shared_session_is_open_to_listeners_without_an_account() {
    let mut world = World::new();
    let id = world.session_of(PUBLIC_APP_ID);
    let client = Client::connected(&mut world, None, &id);
    world.pass(1000.0);
    let heard = client.heard(&mut world).join("\n");
    assert!(heard.contains("How can I help?"), "{heard}");
    let stop = format!("42[\"stop_generating\",{{\"room\":\"{id}\"}}]");
    client.send(&mut world, &stop);
    assert_eq!(client.heard(&mut world), Vec::<String>::new());
    assert_eq!(world.status(&id), "waiting");
    let member = Client::connected(&mut world, Some(API_KEY), &id);
    member.send(&mut world, &stop);
    assert_eq!(client.heard(&mut world), ["42[\"terminate\",true]"]);
    assert_eq!(world.status(&id), "terminated");
    assert_eq!(world.get(&team("sessions.json")).status, 200);
}
