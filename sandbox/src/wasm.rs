//! The machine for JavaScript: `pkg-template/sandbox.js` calls it and does what it must not do itself, which is waiting.
//!
//! In: a request's head as JSON and its body as bytes. Out: a response's head, with all its times, as JSON, and its body as
//! bytes. JSON, because this way is not a hot one and serde_json is here anyway.

use crate::{Agents, End, Faults, Options, Request, Response, Sandbox};
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

#[derive(Deserialize)]
struct Settings {
    seed: u64,
    latency: f64,
    echo: bool,
    keys: Vec<String>,
    faults: Value,
}

#[derive(Deserialize)]
struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// The servers.
#[wasm_bindgen]
pub struct Machine {
    sandbox: Sandbox,
}

/// A response: its head as JSON, its body's pieces one after another.
#[wasm_bindgen]
pub struct Answer {
    head: String,
    bytes: Vec<u8>,
}

#[wasm_bindgen]
impl Machine {
    /// `{seed, latency, echo, keys, faults}` as JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Machine, JsError> {
        let settings: Settings = serde_json::from_str(settings)?;
        let sandbox = Sandbox::new(Options {
            seed: settings.seed,
            latency_ms: settings.latency,
            agents: if settings.echo {
                Agents::Echo
            } else {
                Agents::Conversation
            },
            keys: settings.keys,
            faults: read(&settings.faults.to_string())?,
            ..Options::default()
        });
        Ok(Machine { sandbox })
    }

    /// Lets other things go wrong from now on: rules as JSON.
    pub fn set_faults(&mut self, faults: &str) -> Result<(), JsError> {
        self.sandbox.switch_faults(read(faults)?);
        Ok(())
    }

    /// Answers a request: `{method, path, headers}` as JSON, the body, milliseconds since the epoch.
    pub fn handle(&mut self, head: &str, body: Vec<u8>, now: f64) -> Result<Answer, JsError> {
        let head: Head = serde_json::from_str(head)?;
        let request = Request {
            method: head.method,
            path_and_query: head.path,
            headers: head.headers,
            body,
        };
        Ok(self.sandbox.handle(&request, now).into())
    }

    /// What an answer turned into, where a later message overtook its turn.
    pub fn overtaken(&self, turn: f64) -> Option<Answer> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let turn = turn as u64;
        self.sandbox.overtaken(turn).map(Answer::from)
    }
}

fn read(faults: &str) -> Result<Faults, JsError> {
    Faults::read(faults.as_bytes()).map_err(|error| JsError::new(&error))
}

#[wasm_bindgen]
impl Answer {
    /// `{status, headers, after, pieces: [[after, length]…], end, endAfter, turn}` as JSON.
    #[wasm_bindgen(getter)]
    pub fn head(&self) -> String {
        self.head.clone()
    }

    /// The pieces, one after another.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let pieces: Vec<_> = response
            .body
            .iter()
            .map(|piece| (piece.after_ms, piece.bytes.len()))
            .collect();
        let end = match response.end {
            End::Clean => "clean",
            End::Cut => "cut",
            End::Unanswered => "unanswered",
            End::Reset => "reset",
            End::Never => "never",
        };
        let head = json!({
            "status": response.status,
            "headers": response.headers,
            "after": response.after_ms,
            "pieces": pieces,
            "end": end,
            "endAfter": response.end_after_ms,
            "turn": response.turn,
        });
        Answer {
            head: head.to_string(),
            bytes: response.bytes(),
        }
    }
}
