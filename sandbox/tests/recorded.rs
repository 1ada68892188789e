//! Plays every recorded exchange with a real elizaOS server again, against the sandbox.
//!
//! The state that an exchange needs is made through the API, told by the exchange's name. Then the whole answer must be the
//! recorded one: status, the headers that were kept, every key in its order, every value. Only ids, stamps and counters may
//! be others, and must still look like what they are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::{End, Options, Response};
use serde_json::{Map, Value, json};
use support::{AGENT, SESSIONS, T0, USER, World, echo, events, fixture, text};

const DEAD: &str = "00000000-0000-4000-8000-00000000dead";
/// Numbers that depend on when and how often something happened.
const VOLATILE: [&str; 8] = [
    "created_at",
    "before",
    "after",
    "timeRemaining",
    "uptime",
    "renewalCount",
    "activeSessions",
    "expiringSoon",
];

struct Exchange {
    name: String,
    server: Version,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    response: Value,
}

impl Exchange {
    fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).unwrap();
        let request = &value["request"];
        let mut line = request["line"].as_str().unwrap().split(' ');
        let body = match request["body"].as_str().unwrap() {
            "<3145848 bytes>" => {
                format!("{{\"agentId\":\"{}\"}}", "x".repeat(3_145_834)).into_bytes()
            }
            body => body.as_bytes().to_vec(),
        };
        let headers = request["headers"].as_object().unwrap();
        Self {
            name: value["name"].as_str().unwrap().into(),
            server: value["server"].as_str().unwrap().parse().unwrap(),
            method: line.next().unwrap().into(),
            path: line.next().unwrap().into(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().into()))
                .collect(),
            body,
            response: value["response"].clone(),
        }
    }

    fn is(&self, prefix: &str) -> bool {
        self.name.starts_with(prefix)
    }

    fn session_id(&self) -> Option<&str> {
        let id = self
            .path
            .strip_prefix(SESSIONS)?
            .strip_prefix('/')?
            .split(['/', '?'])
            .next()?;
        (id.len() == 36 && id != DEAD).then_some(id)
    }

    fn run(&self, world: &mut World) -> Response {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        world.ask(&self.method, &self.path, &headers, &self.body)
    }

    /// The state in which the exchange was recorded.
    fn world(&self) -> World {
        let mut world = World::new(Options {
            eliza: eliza::Options {
                version: self.server,
                least_timeout_minutes: 1.0,
                stock_actions: self.is("bootstrap-"),
                rate_limit: self.is("rate-limit").then_some(1000),
                ..eliza::Options::default()
            },
            ..echo()
        });
        let Some(id) = self.session_id() else {
            return world;
        };
        let ann = json!({"platform": "web", "username": "ann", "n": 1, "ok": true});
        let ten = json!({"timeoutMinutes": 10, "autoRenew": true, "maxDurationMinutes": 60, "warningThresholdMinutes": 2});
        let minute = json!({"timeoutMinutes": 1});
        match id {
            "da1c4047-5da1-4f19-a7d8-d976d3cccd03" => world.session(id, &ann, &ten),
            "28afaa34-ae5c-4c2d-9ea9-34f277d10f75" => {
                world.session(
                    id,
                    &json!({"deep": {"a": [1, null, {"b": "x"}]}, "agentId": "spoof"}),
                    &json!({}),
                );
            }
            _ if self.is("near-") || self.is("expired-") => world.session(id, &json!({}), &minute),
            _ => world.session(id, &json!({}), &json!({})),
        }
        self.prepare(&mut world, id);
        world
    }

    fn prepare(&self, world: &mut World, id: &str) {
        let path = format!("{SESSIONS}/{id}");
        world.pass(100.0);
        match self.name.as_str() {
            "delete-err-twice" => assert_eq!(self.run(world).status, 200),
            name if name.ends_with("no-autorenew") => {
                assert_eq!(
                    world
                        .put(
                            "PATCH",
                            &format!("{path}/timeout"),
                            &json!({"autoRenew": false})
                        )
                        .status,
                    200
                );
            }
            name if self.is("expired-") => {
                world.pass(61_000.0);
                if name.ends_with("-again") {
                    assert_eq!(self.run(world).status, 410);
                }
            }
            name if self.is("patch-shrink") => {
                world.pass(30_000.0);
                assert_eq!(world.send(id, &json!({"content": "say x"})).status, 201);
                world.pass(40_000.0);
                if name == "patch-shrink-then-get" {
                    let shrink = json!({"timeoutMinutes": 1, "maxDurationMinutes": 1});
                    assert_eq!(
                        world
                            .put("PATCH", &format!("{path}/timeout"), &shrink)
                            .status,
                        200
                    );
                }
            }
            "rate-limit-429-sse" => {
                // The session's creation was the first.
                for _ in 0..999 {
                    assert_eq!(world.get(&path).status, 200);
                }
                world.pass(4000.0);
            }
            "sse-overlap-second" => {
                world.send(
                    id,
                    &json!({"content": "wait 2000 first", "transport": "sse"}),
                );
                world.pass(500.0);
            }
            _ if self.is("history-ties") => world.write_rows(&ties()),
            "history-empty" | "history-304" => {}
            "history-odd-rows" => world.write_rows(&odd_rows()),
            name if name == "history-first" || name.ends_with("-history") => self.replay(world, id),
            _ if self.is("history-") => world.write_rows(&two_hundred_and_fifty(id)),
            _ => {}
        }
    }

    /// Sends again what the recorded page says was sent. Nothing of the agent's is written here: that must come by itself.
    fn replay(&self, world: &mut World, id: &str) {
        let mut rows: Vec<&Value> = self.response["json"]["messages"]
            .as_array()
            .unwrap()
            .iter()
            .collect();
        rows.reverse();
        let mut replies: Vec<&str> = rows
            .iter()
            .filter(|row| row["isAgent"] == true)
            .filter_map(|row| row["content"].as_str())
            .collect();
        for row in rows.iter().filter(|row| row["isAgent"] == false) {
            let content = row["content"].as_str().unwrap();
            // Which transport it was shows in whether its reply was stored.
            let reply = replies
                .iter()
                .position(|reply| content.ends_with(reply) || reply.ends_with(content));
            let answered = reply.map(|at| replies.remove(at)).is_some();
            let transport = if answered || self.name.contains("websocket") {
                "websocket"
            } else {
                "http"
            };
            let own: Map<String, Value> = row["metadata"]
                .as_object()
                .unwrap()
                .iter()
                .filter(|(key, _)| ["clientId", "tags"].contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let body = match self.server {
                Version::V1_7_2 => {
                    json!({"content": row["content"], "transport": transport, "metadata": own})
                }
                _ => json!({"content": row["content"], "mode": "sync"}),
            };
            let response = world.send(id, &body);
            assert!(
                [200, 201, 500, 0].contains(&response.status),
                "{}",
                text(&response)
            );
            world.pass(35_000.0);
        }
    }
}

fn two_hundred_and_fifty(id: &str) -> Value {
    let row = |index: u32| {
        let agent = index % 2 == 1;
        let metadata = if agent {
            json!({"agent_id": AGENT, "agentName": "Scripted", "channelType": "GROUP", "isDm": false})
        } else {
            json!({"sessionId": id})
        };
        let content = format!("m{index:03}");
        let raw = if agent {
            json!({"thought": format!("th{index}"), "actions": ["REPLY"]})
        } else {
            json!({"content": content})
        };
        json!({
            "id": format!("00000000-0000-4000-8000-000000000{index:03}"), "content": content, "isAgent": agent,
            "authorId": if agent { AGENT } else { USER }, "createdAt": T0 + f64::from(index) * 1000.0,
            "metadata": metadata, "rawMessage": raw,
        })
    };
    (0..250).map(row).collect()
}

fn ties() -> Value {
    let row = |index: u32| json!({"content": format!("t{index}"), "authorId": USER, "createdAt": T0 + f64::from(index / 4) * 1000.0});
    (0..12).map(row).collect()
}

fn odd_rows() -> Value {
    json!([
        {"content": "agent row without thought", "authorId": AGENT, "isAgent": true, "createdAt": T0, "rawMessage": {}},
        {"content": "metadata thought is overwritten", "authorId": USER, "createdAt": T0 + 1.0,
         "metadata": {"thought": "mine", "other": 1}},
        {"content": "string raw", "authorId": AGENT, "isAgent": true, "createdAt": T0 + 2.0, "rawMessage": "no object",
         "metadata": {"attachments": [{"id": "a", "url": "https://x.invalid/y.png", "contentType": "image"}]}},
    ])
}

/// Puts a word in the place of each id, date and stack.
fn masked(text: &str, known: &[&str]) -> String {
    let shape = |text: &str, shape: &str| {
        text.len() >= shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(byte, shape)| match shape {
                    b'x' => byte.is_ascii_hexdigit(),
                    b'9' => byte.is_ascii_digit(),
                    exact => byte == exact,
                })
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if shape(rest, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
            let id = &rest[..36];
            out.push_str(if known.contains(&id) { id } else { "<uuid>" });
            36
        } else if shape(rest, "9999-99-99T99:99:99.999Z") {
            out.push_str("<date>");
            24
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

struct Mask<'a> {
    known: Vec<&'a str>,
    /// The rows were written with the recorded stamps, so that they must come back.
    exact_stamps: bool,
    /// Rows of one millisecond come in any order.
    ties: bool,
}

impl Mask<'_> {
    fn apply(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), self.apply(key, value)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.apply(key, item)).collect(),
            Value::String(stack) if key == "stack" => {
                json!(if stack.is_empty() { "" } else { "<stack>" })
            }
            Value::String(_) if key == "originalError" => json!("<error>"),
            Value::String(_) if self.ties && key == "content" => json!("<tie>"),
            Value::String(text) if self.exact_stamps && key == "createdAt" => json!(text),
            Value::String(text) => json!(masked(text, &self.known)),
            Value::Number(number) if VOLATILE.contains(&key) && !self.exact_stamps => {
                json!(if number.as_f64().unwrap() >= 0.0 {
                    "<number>"
                } else {
                    "<negative>"
                })
            }
            other => other.clone(),
        }
    }

    /// As text, so that the order of keys counts.
    fn json(&self, value: &Value) -> String {
        serde_json::to_string_pretty(&self.apply("", value)).unwrap()
    }
}

fn replies_last(page: &Value) -> Value {
    let mut page = page.clone();
    page["messages"]
        .as_array_mut()
        .unwrap()
        .sort_by_key(|row| row["isAgent"] == true);
    page
}

/// Says where two texts begin to differ; whole pages would hide it.
fn assert_same(name: &str, ours: &str, recorded: &str) {
    for (index, (ours, recorded)) in ours.lines().zip(recorded.lines()).enumerate() {
        assert_eq!(ours, recorded, "{name}, line {index}");
    }
    assert_eq!(ours.lines().count(), recorded.lines().count(), "{name}");
}

fn compare(exchange: &Exchange, world: &World, response: &Response) {
    let name = &exchange.name;
    let recorded = &exchange.response;
    if recorded.is_null() {
        assert_eq!(
            (response.end, response.end_after_ms),
            (End::Unanswered, 30_000.0),
            "{name}"
        );
        return;
    }
    let said = text(response);
    assert_eq!(
        u64::from(response.status),
        recorded["status"].as_u64().unwrap(),
        "{name}: {said}"
    );
    for (header, value) in recorded["headers"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let ours = response.header(header);
        match header.as_str() {
            "connection" | "transfer-encoding" => {}
            "content-length" if response.status != 204 => {
                assert!(ours.is_some(), "{name}: {header}")
            }
            "etag" => assert_eq!(
                ours.map(|etag| etag.get(..3)),
                Some(value.get(..3)),
                "{name}"
            ),
            "ratelimit-remaining" | "ratelimit-reset" | "retry-after" => {
                assert!(
                    ours.is_some_and(|ours| ours.parse::<u32>().is_ok()),
                    "{name}: {header} {ours:?}"
                );
            }
            _ => assert_eq!(ours, Some(value), "{name}: {header}"),
        }
    }
    if recorded["headers"].get("ratelimit-limit").is_none() {
        assert_eq!(response.header("ratelimit-limit"), None, "{name}");
    }
    let mut known = vec![AGENT, USER, DEAD, "00000000-0000-0000-0000-000000000000"];
    known.extend(exchange.session_id());
    let seeded =
        exchange.is("history-") && !["history-first", "history-304"].contains(&name.as_str());
    let mask = Mask {
        known,
        exact_stamps: seeded,
        ties: exchange.is("history-ties"),
    };
    if let Some(json) = recorded.get("json") {
        let ours =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{name}: {error}: {said}"));
        // There, one reply came after the next message; here, each comes before it.
        let by_author = |page: &Value| match name.as_str() {
            "history-first" => replies_last(page),
            _ => page.clone(),
        };
        assert_same(
            name,
            &mask.json(&by_author(&ours)),
            &mask.json(&by_author(json)),
        );
        assert_eq!(response.end, End::Clean, "{name}");
        return;
    }
    let recorded_text = recorded["text"].as_str().unwrap();
    if response.header("content-type") != Some("text/event-stream") {
        assert_eq!(said, recorded_text, "{name}");
        return;
    }
    compare_streams(name, &mask, &said, recorded_text);
    let clean = recorded["cleanEnd"].as_bool().unwrap();
    assert_eq!(
        response.end,
        if clean { End::Clean } else { End::Cut },
        "{name}"
    );
    let last = response.body.last().unwrap().after_ms;
    assert_eq!(
        response.end_after_ms,
        if clean { last } else { last + 30_000.0 },
        "{name}"
    );
    assert!(
        response
            .body
            .windows(2)
            .all(|pair| pair[0].after_ms <= pair[1].after_ms),
        "{name}"
    );
    assert!(world.now >= T0);
}

fn compare_streams(name: &str, mask: &Mask, ours: &str, recorded: &str) {
    let (ours, recorded) = (events(ours), events(recorded));
    let names = |events: &[(String, String)]| {
        events
            .iter()
            .map(|(event, _)| event.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&ours), names(&recorded), "{name}");
    for ((_, ours), (_, recorded)) in ours.iter().zip(&recorded) {
        // Half a surrogate pair is no JSON to serde_json: such chunks must be the same text but for their ids.
        match (serde_json::from_str(ours), serde_json::from_str(recorded)) {
            (Ok(ours), Ok(recorded)) => assert_same(name, &mask.json(&ours), &mask.json(&recorded)),
            _ => assert_same(
                name,
                &masked(ours, &mask.known),
                &masked(recorded, &mask.known),
            ),
        }
    }
    // The chunks and the end belong together.
    let id = |data: &str, key: &str| {
        let from = data
            .find(&format!("\"{key}\":\""))
            .map(|at| at + key.len() + 4)?;
        data.get(from..from + 36).map(str::to_owned)
    };
    let Some((_, done)) = ours.iter().find(|(event, _)| event == "done") else {
        return;
    };
    for (_, chunk) in ours.iter().filter(|(event, _)| event == "chunk") {
        assert_eq!(id(chunk, "messageId"), id(done, "responseId"), "{name}");
    }
}

#[test]
fn every_recorded_request_gets_the_recorded_answer() {
    let lines = fixture("exchanges.jsonl");
    let mut played = 0;
    for line in lines.lines() {
        let exchange = Exchange::read(line);
        let mut world = if exchange.is("auth-") {
            with_key(&exchange)
        } else {
            exchange.world()
        };
        let response = match exchange.name.as_str() {
            "history-304" => {
                let path = exchange.path.as_str();
                let etag = world.get(path).header("etag").unwrap().to_owned();
                world.ask("GET", path, &[("if-none-match", &etag)], b"")
            }
            "http-overlap-first" => {
                let first = exchange.run(&mut world);
                world.pass(400.0);
                world.send(
                    exchange.session_id().unwrap(),
                    &json!({"content": "say two", "transport": "http"}),
                );
                world.settled(first)
            }
            _ => {
                let response = exchange.run(&mut world);
                world.settled(response)
            }
        };
        compare(&exchange, &world, &response);
        played += 1;
    }
    assert_eq!(played, 173);
}

/// The same state behind a key.
fn with_key(exchange: &Exchange) -> World {
    let mut world = World::new(Options {
        keys: vec!["s3cret".into()],
        ..echo()
    });
    world.key = Some("s3cret".into());
    if let Some(id) = exchange.session_id() {
        world.session(id, &json!({}), &json!({}));
        if exchange.name.ends_with("history-ok") {
            exchange.replay(&mut world, id);
        }
    }
    world.key = None;
    world
}
