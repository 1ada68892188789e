//! A sandbox with faults and a clock that the test moves, asked in any of the three dialects.

use agentline_sandbox::agentcloud::{API_KEY, APP_ID, TEAM_ID};
use agentline_sandbox::dialect::Dialect;
use agentline_sandbox::{Agents, Faults, Options, Request, Response, Sandbox, eliza, meibel};
use serde_json::{Value, json};

/// 2024-01-07T08:00:00.000Z.
pub const T0: f64 = 1_704_614_400_000.0;
pub const DIALECTS: [Dialect; 3] = [Dialect::Meibel, Dialect::AgentCloud, Dialect::Eliza];
/// Those that stream.
pub const STREAMING: [Dialect; 2] = [Dialect::Meibel, Dialect::Eliza];

pub struct World {
    pub sandbox: Sandbox,
    pub dialect: Dialect,
    pub now: f64,
    pub session: String,
}

pub fn faults(rules: &Value) -> Faults {
    Faults::read(rules.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

impl World {
    /// A world whose session is ready for a message; the faults begin then.
    pub fn new(dialect: Dialect, rules: &Value) -> Self {
        let sandbox = Sandbox::new(Options {
            agents: Agents::Echo,
            seed: 5,
            ..Options::default()
        });
        let mut world = Self {
            sandbox,
            dialect,
            now: T0,
            session: String::new(),
        };
        world.session = world.create();
        world.now += 1000.0;
        world.sandbox.switch_faults(faults(rules));
        world
    }

    pub fn create(&mut self) -> String {
        let (path, body, key) = match self.dialect {
            Dialect::Meibel => (
                format!("/v2/agents/{}/sessions", meibel::AGENT_ID),
                json!({}),
                "session_id",
            ),
            Dialect::AgentCloud => (
                format!("/{TEAM_ID}/forms/session/add"),
                json!({"id": APP_ID}),
                "redirect",
            ),
            Dialect::Eliza => (
                "/api/messaging/sessions".into(),
                json!({"agentId": eliza::AGENT_ID, "userId": "aaaaaaaa-0000-4000-8000-000000000001"}),
                "sessionId",
            ),
        };
        let made = json_of(&self.ask("POST", &path, &body));
        let id = made[key].as_str().unwrap_or_else(|| panic!("{made}"));
        id.rsplit('/').next().unwrap().to_owned()
    }

    pub fn ask(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let request = Request {
            method: method.into(),
            path_and_query: path.into(),
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("authorization".into(), format!("Bearer {API_KEY}")),
            ],
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
        };
        self.sandbox.handle(&request, self.now)
    }

    /// A message, whose answer is streamed where the dialect has streams.
    pub fn send(&mut self, text: &str) -> Response {
        let session = self.session.clone();
        match self.dialect {
            Dialect::Meibel => {
                let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
                let request = Request {
                    method: "POST".into(),
                    path_and_query: format!("/v2/sessions/{session}/chat/stream"),
                    headers: vec![(
                        "content-type".into(),
                        "application/x-www-form-urlencoded".into(),
                    )],
                    body: format!("user_message={encoded}").into_bytes(),
                };
                self.sandbox.handle(&request, self.now)
            }
            Dialect::AgentCloud => self.ask(
                "POST",
                &format!("/{TEAM_ID}/session/{session}/send-message"),
                &json!({"messageText": text}),
            ),
            Dialect::Eliza => self.ask(
                "POST",
                &format!("/api/messaging/sessions/{session}/messages"),
                &json!({"content": text, "transport": "sse"}),
            ),
        }
    }

    pub fn get_history(&mut self) -> Response {
        let session = self.session.clone();
        let path = match self.dialect {
            Dialect::Meibel => format!("/v2/sessions/{session}/messages"),
            Dialect::AgentCloud => {
                let first = "0".repeat(24);
                format!("/{TEAM_ID}/session/{session}/messages.json?messageId={first}")
            }
            Dialect::Eliza => format!("/api/messaging/sessions/{session}/messages"),
        };
        self.ask("GET", &path, &Value::Null)
    }

    /// The rows, oldest first.
    pub fn rows(&mut self) -> Vec<Value> {
        let page = json_of(&self.get_history());
        let mut rows = match self.dialect {
            Dialect::AgentCloud => page,
            Dialect::Meibel | Dialect::Eliza => page["messages"].clone(),
        };
        let rows = rows.as_array_mut().unwrap();
        if self.dialect == Dialect::Eliza {
            rows.reverse();
        }
        rows.clone()
    }

    /// The texts of the rows.
    pub fn texts(&mut self) -> Vec<String> {
        let dialect = self.dialect;
        let text = |row: Value| {
            let text = match dialect {
                Dialect::Meibel => &row["message"],
                Dialect::AgentCloud => &row["message"]["message"]["text"],
                Dialect::Eliza => &row["content"],
            };
            text.as_str().unwrap_or_else(|| panic!("{row}")).to_owned()
        };
        self.rows().into_iter().map(text).collect()
    }
}

pub fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.bytes())
        .unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

pub fn text_of(response: &Response) -> String {
    String::from_utf8(response.bytes()).unwrap()
}

/// Whether its times can be kept.
pub fn in_order(response: &Response) -> bool {
    let mut times = vec![response.after_ms];
    times.extend(response.body.iter().map(|piece| piece.after_ms));
    times.push(response.end_after_ms);
    times.is_sorted() && response.body.iter().all(|piece| !piece.bytes.is_empty())
}
