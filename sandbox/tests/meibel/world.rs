//! A server with a clock that the test moves.

use agentline_sandbox::meibel::switches::Switches;
use agentline_sandbox::meibel::{AGENT_ID, Options as MeibelOptions};
use agentline_sandbox::{Agents, Options, Request, Response, Sandbox};
use serde_json::Value;

/// A moment to begin at: 2024-01-07T08:00:00.000Z.
pub const T0: f64 = 1_704_614_400_000.0;

pub struct World {
    pub sandbox: Sandbox,
    pub now: f64,
    pub key: Option<String>,
}

pub fn options() -> Options {
    Options {
        agents: Agents::Echo,
        ..Options::default()
    }
}

/// Options with these switches turned.
pub fn switched(words: &str) -> Options {
    let mut switches = Switches::default();
    for word in words.split_whitespace() {
        switches.turn(word).unwrap();
    }
    Options {
        meibel: MeibelOptions {
            switches,
            ..MeibelOptions::default()
        },
        ..options()
    }
}

impl World {
    pub fn new(options: Options) -> Self {
        Self {
            key: options.keys.first().cloned(),
            sandbox: Sandbox::new(options),
            now: T0,
        }
    }

    /// A world with a session.
    pub fn with_session(options: Options) -> (Self, String) {
        let mut world = Self::new(options);
        let id = world.create();
        (world, id)
    }

    pub fn pass(&mut self, ms: f64) {
        self.now += ms;
    }

    pub fn ask(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let (method, path) = line.split_once(' ').unwrap();
        let key = self.key.as_deref().map(|key| ("Meibel-API-Key", key));
        let headers = headers
            .iter()
            .copied()
            .chain(key)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let request = Request {
            method: method.into(),
            path_and_query: path.into(),
            headers,
            body: body.to_vec(),
        };
        self.sandbox.handle(&request, self.now)
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.ask(&format!("GET {path}"), &[], b"")
    }

    pub fn create(&mut self) -> String {
        let line = format!("POST /v2/agents/{AGENT_ID}/sessions");
        let created = body(&self.ask(&line, &[], b""));
        created["session_id"].as_str().unwrap().to_owned()
    }

    pub fn chat(&mut self, id: &str, body: &Value) -> Response {
        self.ask(
            &format!("POST /v2/sessions/{id}/chat"),
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    pub fn stream(&mut self, id: &str, text: &str) -> Response {
        self.stream_with(id, &[("user_message", text)])
    }

    pub fn stream_with(&mut self, id: &str, fields: &[(&str, &str)]) -> Response {
        let encoded =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        self.ask(
            &format!("POST /v2/sessions/{id}/chat/stream"),
            &[("content-type", "application/x-www-form-urlencoded")],
            form.join("&").as_bytes(),
        )
    }

    pub fn messages(&mut self, id: &str) -> Vec<Value> {
        let answer = body(&self.get(&format!("/v2/sessions/{id}/messages")));
        answer["messages"].as_array().unwrap().clone()
    }

    pub fn details(&mut self, id: &str) -> Value {
        body(&self.get(&format!("/v2/sessions/{id}")))
    }
}

pub fn text(response: &Response) -> String {
    String::from_utf8(response.bytes()).unwrap()
}

pub fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.bytes())
        .unwrap_or_else(|error| panic!("{error}: {}", text(response)))
}

/// An event as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The fields in their order; a comment's name is empty.
    pub fields: Vec<(String, String)>,
}

impl Event {
    pub fn name(&self) -> Option<&str> {
        self.field("event")
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value.as_str())
    }

    /// All lines of data.
    pub fn data(&self) -> String {
        let data = self.fields.iter().filter(|(key, _)| key == "data");
        let lines: Vec<&str> = data.map(|(_, value)| value.as_str()).collect();
        lines.join("\n")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The events of a stream whose lines may end in any way. What lacks its empty line is there too.
pub fn events(stream: &str) -> Vec<Event> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
    stream
        .split("\n\n")
        .filter(|block| !block.trim_matches('\n').is_empty())
        .map(|block| Event {
            fields: block
                .split('\n')
                .filter(|line| !line.is_empty())
                .map(|line| {
                    let (name, value) = line.split_once(':').unwrap_or((line, ""));
                    let value = value.strip_prefix(' ').unwrap_or(value);
                    (name.to_owned(), value.to_owned())
                })
                .collect(),
        })
        .collect()
}

pub fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| event.name().unwrap_or("-").to_owned();
    events.iter().map(name).collect()
}

pub fn fixture(name: &str) -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let path = format!("{folder}/../tests/fixtures/meibel/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
