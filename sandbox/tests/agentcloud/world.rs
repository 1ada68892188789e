//! A sandbox with a clock that the test moves, asked as a client of Agent Cloud asks it.

use agentline_sandbox::agentcloud::{self, API_KEY, APP_ID, TEAM_ID};
use agentline_sandbox::{Agents, End, Options, Request, Response, Sandbox};
use serde_json::{Value, json};

/// 2024-01-07T08:00:00.000Z.
pub const T0: f64 = 1_704_614_400_000.0;

pub struct World {
    pub sandbox: Sandbox,
    pub now: f64,
    /// What proves who asks.
    pub credentials: Vec<(String, String)>,
}

pub fn bearer(token: &str) -> Vec<(String, String)> {
    vec![("Authorization".into(), format!("Bearer {token}"))]
}

impl World {
    pub fn new() -> Self {
        Self::with(agentcloud::Options::default())
    }

    pub fn with(options: agentcloud::Options) -> Self {
        Self {
            sandbox: Sandbox::new(Options {
                agents: Agents::Echo,
                agentcloud: options,
                ..Options::default()
            }),
            now: T0,
            credentials: bearer(API_KEY),
        }
    }

    pub fn pass(&mut self, ms: f64) {
        self.now += ms;
    }

    pub fn ask(&mut self, method: &str, path: &str, content_type: &str, body: &str) -> Response {
        let mut headers = self.credentials.clone();
        if !content_type.is_empty() {
            headers.push(("Content-Type".into(), content_type.into()));
        }
        let request = Request {
            method: method.into(),
            path_and_query: path.into(),
            headers,
            body: body.into(),
        };
        self.sandbox.handle(&request, self.now)
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.ask("GET", path, "", "")
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Response {
        self.ask("POST", path, "application/json", &body.to_string())
    }

    /// A session whose agent is called.
    pub fn session(&mut self) -> String {
        self.session_of(APP_ID)
    }

    pub fn session_of(&mut self, app: &str) -> String {
        let added = self.post(&team("forms/session/add"), &json!({"id": app}));
        let to = json_of(&added)["redirect"].as_str().unwrap().to_owned();
        to.rsplit('/').next().unwrap().to_owned()
    }

    /// A session whose agent waits for its user.
    pub fn ready_session(&mut self) -> String {
        let id = self.session();
        self.pass(1000.0);
        id
    }

    pub fn send(&mut self, session: &str, text: &str) -> Response {
        self.post(
            &team(&format!("session/{session}/send-message")),
            &json!({"messageText": text}),
        )
    }

    /// All rows, without waking the agent.
    pub fn rows(&mut self, session: &str) -> Vec<Value> {
        let nothing = "0".repeat(24);
        let path = team(&format!(
            "session/{session}/messages.json?messageId={nothing}"
        ));
        let rows = json_of(&self.get(&path));
        rows.as_array().unwrap_or_else(|| panic!("{rows}")).clone()
    }

    pub fn status(&mut self, session: &str) -> String {
        let shown = json_of(&self.get(&team(&format!("session/{session}.json"))));
        shown["session"]["status"].as_str().unwrap().to_owned()
    }
}

pub fn team(rest: &str) -> String {
    format!("/{TEAM_ID}/{rest}")
}

pub fn json_of(response: &Response) -> Value {
    assert_eq!(response.end, End::Clean, "{response:?}");
    serde_json::from_slice(&response.bytes())
        .unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// A row's text as a reader puts it together: its chunks in the order of their stamps.
pub fn text_of(row: &Value) -> String {
    let as_text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let mut chunks = row["chunks"].as_array().cloned().unwrap_or_default();
    if chunks.len() < 2 {
        return as_text(&row["message"]["message"]["text"]);
    }
    chunks.sort_by(|a, b| {
        let stamp = |chunk: &Value| chunk["ts"].as_f64().unwrap();
        stamp(a).total_cmp(&stamp(b))
    });
    chunks
        .iter()
        .map(|chunk| as_text(&chunk["chunk"]))
        .collect()
}
