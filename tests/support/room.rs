//! A server of Agent Cloud with one session, whose agent says what a recorded run of its socket said, and which tells it
//! over Socket.IO as well as or as badly as a test wants. Its rows are what the real server stores of such a run.

use std::collections::VecDeque;

use agentline::http::{Body, Method, Request};
use agentline::model::Backend;
use agentline::settings::Options;
use serde_json::{Value, json};

use super::client::BASE;
use super::drive::{Answer, Server};
use super::script::T0;

pub const TEAM: &str = "6b01edbd11f2e31b0c34e7e9";
pub const SESSION: &str = "6b01ef2d11f2e31b0c34e803";
pub const QUESTION: &str = "hello";
const SID: &str = "v4ivGd1Z9qMb-M4LAAAn";
const PING: f64 = 25_000.0;

/// Something that the agent says: when, counted from the question, and what the socket tells of it.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: f64,
    /// what it is in the room, later than it is in the rows by so much
    pub late: f64,
    pub event: Value,
}

/// How the server's socket behaves.
#[derive(Clone, Debug)]
pub struct Manners {
    pub handshake: Answer,
    /// how long the WebSocket takes; none: it is refused
    pub open: Option<f64>,
    /// lets everybody in, and tells them nothing
    pub deaf: bool,
    /// closes the socket in place of this text
    pub cut: Option<usize>,
    /// gives this in place of a text
    pub garbage: Option<(usize, String)>,
    /// says nothing any more from this text on
    pub gone: Option<usize>,
}

/// What the real server answers to a handshake.
pub fn terms() -> Answer {
    let terms = format!(
        "0{{\"sid\":\"{SID}\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}}"
    );
    Answer::new(200, "text/plain; charset=UTF-8", terms).late(5.0)
}

impl Default for Manners {
    fn default() -> Self {
        Manners {
            handshake: terms(),
            open: Some(5.0),
            deaf: false,
            cut: None,
            garbage: None,
            gone: None,
        }
    }
}

/// The options of a client of this server.
pub fn options(live: bool) -> Options {
    Options {
        backend: Some(Backend::AgentCloud),
        base_url: Some(BASE.to_owned()),
        team: Some(TEAM.to_owned()),
        random: [7; 16],
        live,
        ..Options::default()
    }
}

/// What the agent says in one line of the recorded exchanges, from the frame on that holds `from`: one piece every
/// `pace` milliseconds.
pub fn recorded(id: &str, from: &str, pace: f64) -> Vec<Told> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/agentcloud/exchanges.jsonl"
    );
    let lines = std::fs::read_to_string(path).unwrap();
    let line = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["id"] == id);
    let line = line.unwrap();
    let frames = line["frames"].as_array().unwrap().iter();
    let told = frames
        .filter_map(|frame| frame.as_str().unwrap().strip_prefix("s>c 42"))
        .skip_while(|frame| !frame.contains(from))
        .filter(|frame| !frame.contains("\"incoming\":true"))
        .map(|frame| serde_json::from_str::<Value>(frame).unwrap());
    let told: Vec<Told> = told
        .enumerate()
        .map(|(at, event)| Told {
            at: 200.0 + at as f64 * pace,
            late: 0.0,
            event,
        })
        .collect();
    assert!(!told.is_empty(), "{id} tells nothing from {from} on");
    told
}

/// One piece of an answer, as the agent's backend sends it.
pub fn piece(at: f64, chunk: &str, text: &str, first: bool, feedback: bool) -> Told {
    let ts = 1_795_288_880_000.25 + at;
    let event = json!(["message", {
        "room": SESSION, "authorName": "Helper", "isFeedback": feedback, "event": "message", "incoming": false, "ts": ts,
        "message": {"text": text, "chunkId": chunk, "tokens": 1, "first": first, "single": feedback, "type": "text",
            "displayType": "bubble", "timestamp": ts, "overwrite": false},
    }]);
    Told {
        at,
        late: 0.0,
        event,
    }
}

/// The end of an answer.
pub fn waits(at: f64) -> Told {
    Told {
        at,
        late: 0.0,
        event: json!(["status", "waiting"]),
    }
}

/// The server and its clock.
pub struct Room {
    now: f64,
    /// what is stored, in this order
    stored: Vec<Told>,
    /// what is told, in this order
    told: Vec<Told>,
    pub manners: Manners,
    /// when the question came
    asked: Option<f64>,
    /// when the client was let in
    joined: Option<f64>,
    opened: f64,
    /// what the server says back
    replies: VecDeque<(f64, String)>,
    /// how many of the agent's words were told
    next: usize,
    /// how many texts were given
    given: usize,
    pings: u32,
    pub pongs: u32,
    /// how often the rows were asked for
    pub polls: usize,
    pub handshakes: usize,
    pub is_open: bool,
}

impl Room {
    pub fn new(told: Vec<Told>, manners: Manners) -> Self {
        Room {
            now: T0,
            stored: told.clone(),
            told,
            manners,
            asked: None,
            joined: None,
            opened: 0.0,
            replies: VecDeque::new(),
            next: 0,
            given: 0,
            pings: 0,
            pongs: 0,
            polls: 0,
            handshakes: 0,
            is_open: false,
        }
    }

    /// The same server, which tells what its agent says in another order.
    pub fn telling(self, told: Vec<Told>) -> Self {
        Room { told, ..self }
    }

    /// How many texts the client was given.
    pub fn given(&self) -> usize {
        self.given
    }

    /// How long it has been since the question came.
    pub fn time(&self) -> f64 {
        self.now - self.asked.unwrap_or(self.now)
    }

    /// The same server, asked again later.
    pub fn again(self, after: f64) -> Self {
        Room {
            now: self.now + after,
            handshakes: self.handshakes,
            ..Room::new(self.stored, self.manners)
        }
    }

    /// The rows as they are stored by now: the pieces of one chunk id are one row.
    fn rows(&self) -> Vec<Value> {
        let id = |at: usize| format!("6b01f056{at:016x}");
        let mut rows = vec![json!({
            "_id": id(1), "sessionId": SESSION, "chunkId": "greeting", "authorId": null, "authorName": "Helper",
            "isFeedback": true, "ts": T0, "chunks": [{"ts": T0, "chunk": "How can I help?", "tokens": 1}],
            "message": {"incoming": false, "isFeedback": true,
                "message": {"type": "text", "text": "How can I help?", "single": true}},
        })];
        let Some(asked) = self.asked else {
            return rows;
        };
        rows.push(json!({
            "_id": id(2), "sessionId": SESSION, "chunkId": "question", "authorId": null, "authorName": "Alice",
            "isFeedback": false, "ts": asked, "chunks": [{"ts": asked, "chunk": QUESTION, "tokens": 0}],
            "message": {"room": format!("_{SESSION}"), "incoming": true,
                "message": {"type": "text", "text": QUESTION}},
        }));
        for told in self
            .stored
            .iter()
            .filter(|told| asked + told.at <= self.now)
        {
            if told.event[0] != "message" {
                continue;
            }
            let envelope = &told.event[1];
            let said = &envelope["message"];
            let piece =
                json!({"ts": envelope["ts"], "chunk": said["text"], "tokens": said["tokens"]});
            let row = rows
                .iter_mut()
                .find(|row| row["chunkId"] == said["chunkId"]);
            match (row, said["overwrite"] == true) {
                (None, true) => {}
                (None, false) => {
                    let next = id(rows.len() + 1);
                    rows.push(json!({
                        "_id": next, "sessionId": SESSION, "chunkId": said["chunkId"], "authorId": null,
                        "authorName": envelope["authorName"], "isFeedback": envelope["isFeedback"],
                        "ts": envelope["ts"], "chunks": [piece], "message": envelope,
                    }));
                }
                (Some(row), true) => {
                    row["message"]["message"]["text"] = said["text"].clone();
                    row["message"]["completed"] = json!(true);
                    row.as_object_mut().unwrap().remove("chunks");
                }
                (Some(row), false) => row["chunks"].as_array_mut().unwrap().push(piece),
            }
        }
        rows
    }

    fn status(&self) -> Value {
        let Some(asked) = self.asked else {
            return json!("started");
        };
        let told = self
            .stored
            .iter()
            .filter(|told| asked + told.at <= self.now);
        let mut states = told.filter_map(|told| match told.event[0].as_str() {
            Some("status") => Some(told.event[1].clone()),
            Some("terminate") => Some(json!("terminated")),
            _ => None,
        });
        states.next_back().unwrap_or_else(|| json!("running"))
    }

    /// What comes next, and when, and which of the sources it is from.
    fn due(&self) -> Option<(f64, Source)> {
        let reply = self.replies.front().map(|(at, _)| (*at, Source::Reply));
        let told = self.joined.zip(self.asked).and_then(|(joined, asked)| {
            let told = self.told.get(self.next).filter(|_| !self.manners.deaf)?;
            Some(((asked + told.at + told.late).max(joined), Source::Told))
        });
        let ping = self.opened + PING * f64::from(self.pings + 1);
        [reply, told, Some((ping, Source::Ping))]
            .into_iter()
            .flatten()
            .min_by(|(one, _), (other, _)| one.total_cmp(other))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Reply,
    Told,
    Ping,
}

impl Server for Room {
    fn now(&self) -> f64 {
        self.now
    }

    fn pass(&mut self, until: f64) {
        self.now = self.now.max(until);
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let path = request.url.strip_prefix(BASE).unwrap();
        let session = format!("/{TEAM}/session/{SESSION}");
        let rows = format!("{session}/messages.json?messageId=");
        match (request.method, path) {
            (Method::Post, path) if path == format!("{session}/send-message") => {
                let body = request.body.as_ref().and_then(Body::text).unwrap();
                assert_eq!(body, format!("{{\"messageText\":{QUESTION:?}}}"));
                self.asked = Some(self.now);
                Answer::json(200, "{\"message\":\"Message sent successfully\"}")
            }
            (Method::Get, path) if path.starts_with(&rows) => {
                self.polls += 1;
                let after = json!(path[rows.len()..]);
                let mut found = self.rows();
                found.retain(|row| row["_id"].as_str() > after.as_str());
                Answer::json(200, Value::from(found).to_string()).late(2.0)
            }
            (Method::Get, path) if path == format!("{session}.json") => {
                let session = json!({"session": {"_id": SESSION, "status": self.status()},
                    "app": {"type": "chat"}});
                Answer::json(200, session.to_string()).late(2.0)
            }
            (Method::Get, "/socket.io/?EIO=4&transport=polling") => {
                self.handshakes += 1;
                self.manners.handshake.clone()
            }
            _ => panic!("nobody asks for {request:?}"),
        }
    }

    fn open(&mut self, url: &str) -> Option<f64> {
        let base = BASE.replace("http", "ws");
        let path = format!("/socket.io/?EIO=4&transport=websocket&sid={SID}");
        assert_eq!(url, format!("{base}{path}"));
        let after = self.manners.open?;
        self.opened = self.now + after;
        self.is_open = true;
        Some(after)
    }

    fn said(&mut self, text: &str) {
        assert!(self.is_open);
        let joined = format!("42[\"joined\",\"{SESSION}\"]");
        let reply = match text {
            "2probe" => "3probe".to_owned(),
            "40" => "40{\"sid\":\"qRE0hzT3pUewLQS2AAAo\"}".to_owned(),
            "5" => return,
            // a ping may carry something, and wants it back
            pong if pong.starts_with('3') => {
                self.pongs += 1;
                return;
            }
            join => {
                assert_eq!(join, format!("42[\"join_room\",\"{SESSION}\"]"));
                self.joined = Some(self.now);
                // what was said before is not told again
                let asked = self.asked.unwrap();
                let gone = |told: &Told| asked + told.at + told.late < self.now;
                self.next = self.told.iter().take_while(|told| gone(told)).count();
                joined
            }
        };
        self.replies.push_back((self.now + 5.0, reply));
    }

    fn next_text(&mut self, until: f64) -> Option<(f64, Option<String>)> {
        if self.manners.gone.is_some_and(|gone| self.given >= gone) {
            return None;
        }
        let (at, source) = self.due()?;
        if at > until {
            return None;
        }
        let text = match source {
            Source::Reply => self.replies.pop_front()?.1,
            Source::Ping => {
                self.pings += 1;
                "2".to_owned()
            }
            Source::Told => {
                self.next += 1;
                format!("42{}", self.told[self.next - 1].event)
            }
        };
        self.given += 1;
        let at = at.max(self.now);
        if self.manners.cut == Some(self.given - 1) {
            self.is_open = false;
            return Some((at, None));
        }
        match &self.manners.garbage {
            Some((place, garbage)) if *place == self.given - 1 => Some((at, Some(garbage.clone()))),
            _ => Some((at, Some(text))),
        }
    }

    fn closed(&mut self) {
        self.is_open = false;
    }
}
