//! A sandbox with a clock that the test moves, and what several tests need around it.
#![allow(dead_code, missing_docs)]

use agentline_sandbox::{Agents, Options, Request, Response, Sandbox};
use serde_json::{Value, json};

pub const AGENT: &str = "11111111-2222-4333-8444-555555555555";
pub const USER: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const SESSIONS: &str = "/api/messaging/sessions";
/// A moment to begin at: 2024-01-07T08:00:00.000Z.
pub const T0: f64 = 1_704_614_400_000.0;

pub struct World {
    pub sandbox: Sandbox,
    pub now: f64,
    /// Sent along with everything, where set.
    pub key: Option<String>,
}

pub fn echo() -> Options {
    Options {
        agents: Agents::Echo,
        ..Options::default()
    }
}

impl World {
    pub fn new(options: Options) -> Self {
        Self {
            sandbox: Sandbox::new(options),
            now: T0,
            key: None,
        }
    }

    pub fn pass(&mut self, ms: f64) {
        self.now += ms;
    }

    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let key = self.key.as_deref().map(|key| ("x-api-key", key));
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
        self.ask("GET", path, &[], b"")
    }

    pub fn put(&mut self, method: &str, path: &str, body: &Value) -> Response {
        self.ask(
            method,
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Response {
        self.put("POST", path, body)
    }

    /// A session of that id; its channel is [`CHANNEL`].
    pub fn session(&mut self, id: &str, metadata: &Value, timeout: &Value) {
        self.sandbox.plan_ids([id.to_owned(), CHANNEL.to_owned()]);
        let body = json!({"agentId": AGENT, "userId": USER, "metadata": metadata, "timeoutConfig": timeout});
        let response = self.post(SESSIONS, &body);
        assert!([201, 401].contains(&response.status), "{}", text(&response));
    }

    pub fn write_rows(&mut self, rows: &Value) {
        let response = self.post(
            "/__fixture/messages",
            &json!({"channelId": CHANNEL, "rows": rows}),
        );
        assert_eq!(response.status, 200, "{}", text(&response));
    }

    pub fn send(&mut self, id: &str, body: &Value) -> Response {
        self.post(&format!("{SESSIONS}/{id}/messages"), body)
    }

    /// What a response comes to, now that everything is known.
    pub fn settled(&self, response: Response) -> Response {
        response
            .turn
            .and_then(|turn| self.sandbox.overtaken(turn))
            .unwrap_or(response)
    }
}

pub const CHANNEL: &str = "cccccccc-0000-4000-8000-000000000001";

pub fn text(response: &Response) -> String {
    String::from_utf8(response.bytes()).unwrap()
}

pub fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.bytes())
        .unwrap_or_else(|error| panic!("{error}: {}", text(response)))
}

/// The events of a stream: their names and their data, which must be framed exactly as the server frames them.
pub fn events(stream: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let (block, after) = rest
            .split_once("\n\n")
            .unwrap_or_else(|| panic!("an unfinished event: {rest:?}"));
        let (event, data) = block.split_once('\n').unwrap();
        let event = event.strip_prefix("event: ").unwrap().to_owned();
        let data = data.strip_prefix("data: ").unwrap().to_owned();
        assert!(!data.contains('\n'));
        events.push((event, data));
        rest = after;
    }
    events
}

/// A file of the recorded fixtures.
pub fn fixture(name: &str) -> String {
    let path = format!(
        "{}/../tests/fixtures/eliza/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
