//! One message to the agent: taken, stored, worked on, and perhaps overtaken by the next one.
//!
//! In: a session's id, a body, the time. Out: a response, and the rows that the message and its replies become. What the
//! agent says is `agent`'s, what the runtime makes of it `model`'s, how that is answered `reply`'s.

use super::error::Failure;
use super::history::{self, Row};
use super::model::{self, Outcome, Run};
use super::reply::{PREPARATION, user_message};
use super::session::Session;
use super::transport::{Transport, transport};
use super::{Eliza, Version};
use crate::agent;
use crate::http::Response;
use crate::json::{self, field};
use serde_json::{Map, Value, json};

const MOST_CONTENT: usize = 4000;
const MOST_METADATA: usize = 10_240;

/// Work on a message that a newer one can still overtake.
#[derive(Debug)]
pub(super) struct OpenTurn {
    turn: u64,
    channel_id: String,
    over_bus: bool,
    /// Whether its replies are rows.
    stored: bool,
    decided_at: f64,
    over_at: f64,
    /// What the client gets instead, once overtaken.
    instead: Option<Response>,
    overtaken: bool,
}

impl OpenTurn {
    /// What an overtaken turn gives instead of what it promised.
    pub(super) fn current(open_turns: &[Self], turn: u64) -> Option<&Response> {
        let open = open_turns
            .iter()
            .find(|open| open.turn == turn && !open.over_bus)?;
        open.instead.as_ref().filter(|_| open.overtaken)
    }

    /// Gives what an overtaken turn answers the headers that its request's way through the middlewares set.
    pub(super) fn put_headers_first(
        open_turns: &mut [Self],
        turn: u64,
        headers: &[(String, String)],
    ) {
        let open = open_turns
            .iter_mut()
            .find(|open| open.turn == turn && !open.over_bus);
        if let Some(instead) = open.and_then(|open| open.instead.as_mut()) {
            instead.headers.splice(0..0, headers.iter().cloned());
        }
    }
}

/// The metadata's size as the server measures it.
pub(super) fn checked_metadata(now: f64, body: &Value) -> Result<Option<&Value>, Failure> {
    let Some(metadata) = field(body, "metadata").filter(|metadata| json::truthy(metadata)) else {
        return Ok(None);
    };
    let measured = metadata.is_object() || metadata.is_array();
    if measured && json::write(metadata).encode_utf16().count() > MOST_METADATA {
        let reason = format!("Metadata exceeds maximum size of {MOST_METADATA} bytes");
        return Err(Failure::invalid_metadata(now, &reason, metadata));
    }
    Ok(Some(metadata))
}

/// A message that was taken.
pub(super) struct Taken {
    pub session: Session,
    pub row: Row,
    /// What the answer shows; the row holds it in the database's order.
    pub metadata: Map<String, Value>,
    pub status: Value,
}

impl Eliza {
    /// `POST /sessions/{id}/messages`.
    pub(super) fn send(
        &mut self,
        now: f64,
        id: &str,
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        let version = self.options.version;
        let transport = transport(version, now, body)?;
        let malformed = || Failure::invalid_content(now, "Invalid message request format");
        let body = body.ok_or_else(malformed)?;
        let content = field(body, "content")
            .and_then(Value::as_str)
            .ok_or_else(malformed)?;
        let taken = self.take(now, id, body, content)?;
        self.turns += 1;
        let turn = self.turns;
        let user_message = user_message(version, &taken);
        // What happens, happens in real time; only what is written down has the server's.
        let real = self.real(now);
        let over_bus = transport == Transport::Websocket || version != Version::V1_7_2;
        if over_bus {
            self.work_over_bus(real, &taken, turn);
        }
        let answer = agent::answer(self.common.agents, self.common.seed, content);
        let response = match transport {
            Transport::Websocket => self.websocket(&taken, user_message),
            Transport::Http | Transport::Sse => {
                let run = model::run(
                    &answer,
                    transport == Transport::Sse,
                    self.options.stock_actions,
                );
                self.overtake(real, &taken.session.channel_id, false);
                let decided_at = real + self.common.latency_ms + PREPARATION + run.decided_after;
                let stored = !over_bus && self.book.answer == Some(true);
                if stored {
                    let is_direct = self.is_direct(&taken);
                    self.write_replies(&taken.session, &run, turn, is_direct, decided_at);
                }
                let (response, instead) = match transport {
                    Transport::Sse => self.stream(user_message, &run),
                    _ => self.synchronous(user_message, &taken.status, &run),
                };
                self.open_turns.push(OpenTurn {
                    turn,
                    channel_id: taken.session.channel_id.clone(),
                    over_bus: false,
                    stored,
                    decided_at,
                    over_at: real + response.end_after_ms.max(instead.end_after_ms) + 1.0,
                    instead: Some(Response {
                        turn: Some(turn),
                        ..instead
                    }),
                    overtaken: false,
                });
                Response {
                    turn: Some(turn),
                    ..response
                }
            }
        };
        if self.book.message {
            self.channels.write(&taken.session.channel_id, taken.row);
        }
        Ok(response)
    }

    fn take(&mut self, now: f64, id: &str, body: &Value, content: &str) -> Result<Taken, Failure> {
        let session = self.sessions.alive(now, id)?;
        match content.encode_utf16().count() {
            0 => return Err(Failure::invalid_content(now, "Content cannot be empty")),
            units if units > MOST_CONTENT => {
                let reason = format!("Content exceeds maximum length of {MOST_CONTENT} characters");
                return Err(Failure::invalid_content(now, &reason));
            }
            _ => {}
        }
        let metadata = checked_metadata(now, body)?;
        let was_renewed = session.renew(now);
        if !json::truthy(&session.timeout.auto_renew) {
            session.last_activity = now;
        }
        session.warned |= session.should_warn(now);
        let session = session.clone();
        let mut merged = self
            .channel_metadata
            .get(&session.channel_id)
            .cloned()
            .unwrap_or_default();
        merged.insert("sessionId".into(), id.into());
        merged.extend(metadata.map(json::spread).unwrap_or_default());
        let merged = json::in_javascript_order(merged);
        let mut raw = Map::new();
        raw.insert("content".into(), content.into());
        if let Some(attachments) = field(body, "attachments") {
            raw.insert("attachments".into(), attachments.clone());
        }
        let raw = Value::Object(raw);
        if !history::storable(&raw) || !history::storable(&Value::Object(merged.clone())) {
            return Err(Failure::message_not_stored(now, id));
        }
        let row = Row {
            id: self.random.uuid(),
            content: content.to_owned(),
            author_id: session.user_id.clone(),
            is_agent: false,
            created_at: now,
            visible_at: self.real(now),
            raw,
            metadata: history::in_database_order(&merged),
            turn: None,
        };
        let status = session.status(now, was_renewed);
        Ok(Taken {
            session,
            row,
            metadata: merged,
            status,
        })
    }

    /// Whether the room is a direct conversation: it is made by the first message and keeps its kind.
    fn is_direct(&mut self, taken: &Taken) -> bool {
        *self
            .direct_rooms
            .entry(taken.session.channel_id.clone())
            .or_insert_with(|| taken.metadata.get("channelType") == Some(&json!("DM")))
    }

    /// What the default transport does: the agent works on the message later, and its reply becomes a row.
    fn work_over_bus(&mut self, now: f64, taken: &Taken, turn: u64) {
        let session = &taken.session;
        self.overtake(now, &session.channel_id, true);
        let is_direct = self.is_direct(taken);
        let content = &taken.row.content;
        if !is_direct && agent::stays_out(content) {
            return;
        }
        let answer = agent::answer(self.common.agents, self.common.seed, content);
        let run = model::run(&answer, false, self.options.stock_actions);
        let delay = f64::from(self.random.between(200, 450));
        let decided_at = now + delay + run.decided_after;
        let stored = self.book.answer != Some(false);
        if stored {
            self.write_replies(session, &run, turn, is_direct, decided_at);
        }
        self.open_turns.push(OpenTurn {
            turn,
            channel_id: session.channel_id.clone(),
            over_bus: true,
            stored,
            decided_at,
            over_at: decided_at,
            instead: None,
            overtaken: false,
        });
    }

    /// Lets the agent's replies become rows when they are decided.
    fn write_replies(
        &mut self,
        session: &Session,
        run: &Run,
        turn: u64,
        is_direct: bool,
        decided_at: f64,
    ) {
        for reply in replies(run) {
            let (Some(text), actions) = (
                reply.get("text").and_then(Value::as_str),
                reply.get("actions"),
            ) else {
                continue;
            };
            if text.is_empty() {
                continue;
            }
            let mut raw = Map::new();
            if let Some(thought) = reply.get("thought") {
                raw.insert("thought".into(), thought.clone());
            }
            raw.insert("actions".into(), actions.cloned().unwrap_or_default());
            let kind = if is_direct { "DM" } else { "GROUP" };
            let row = Row {
                id: self.random.uuid(),
                content: text.to_owned(),
                author_id: session.agent_id.clone(),
                is_agent: true,
                created_at: decided_at + self.book.skew_ms,
                visible_at: decided_at,
                raw: Value::Object(raw),
                metadata: json::spread(&json!({
                    "isDm": is_direct, "agent_id": session.agent_id, "agentName": super::AGENT_NAME, "channelType": kind,
                })),
                turn: Some(turn),
            };
            self.channels.write(&session.channel_id, row);
        }
    }

    /// A newer message in the same room: whatever the agent has not decided yet is discarded when it is.
    fn overtake(&mut self, now: f64, channel_id: &str, over_bus: bool) {
        self.open_turns.retain(|open| open.over_at > now);
        for open in &mut self.open_turns {
            if open.channel_id == channel_id && open.over_bus == over_bus && open.decided_at > now {
                open.overtaken = true;
                if open.stored {
                    self.channels.take_back(channel_id, open.turn);
                }
            }
        }
    }
}

/// What the agent's replies are made of, where they become rows.
fn replies(run: &Run) -> Vec<&Map<String, Value>> {
    match &run.outcome {
        Outcome::Content { circular: true, .. } | Outcome::Failed(_) | Outcome::Nothing => {
            Vec::new()
        }
        Outcome::Content {
            content,
            simple: true,
            ..
        } => vec![content],
        Outcome::Content { reports, .. } => {
            // One row per action: a second report of the same action dies on a duplicate key.
            let mut kept: Vec<&Map<String, Value>> = Vec::new();
            for report in reports {
                if kept
                    .iter()
                    .all(|other| other.get("actions") != report.get("actions"))
                {
                    kept.push(report);
                }
            }
            kept
        }
    }
}
