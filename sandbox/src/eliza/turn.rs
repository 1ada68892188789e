//! One message to the agent: stored, worked on, answered over the transport that was asked for.
//!
//! In: a session, a body, the time. Out: a response with all its times, and the rows that it writes. What the agent says
//! is `agent`'s, what the runtime makes of it is `model`'s.

use super::error::Failure;
use super::history::{self, Row};
use super::model::{self, Outcome, Run};
use super::session::Session;
use super::{Eliza, Version, answer_json};
use crate::agent;
use crate::clock::iso;
use crate::http::{End, Piece, Response};
use crate::json::{self, field};
use serde_json::{Map, Value, json};

const MOST_CONTENT: usize = 4000;
const MOST_METADATA: usize = 10_240;
/// Where every server keeps the sessions' channels.
const MESSAGE_SERVER: &str = "00000000-0000-0000-0000-000000000000";
/// What the server needs before the model begins.
const PREPARATION: f64 = 15.0;

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Http,
    Sse,
    Websocket,
}

/// Work on a message that a newer one can still overtake.
#[derive(Debug)]
pub(super) struct OpenTurn {
    turn: u64,
    channel_id: String,
    over_bus: bool,
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

fn transport(version: Version, now: f64, body: Option<&Value>) -> Result<Transport, Failure> {
    let asked = |key| {
        body.and_then(|body| field(body, key))
            .filter(|value| !value.is_null())
    };
    let unreadable = |key| {
        Failure::internal(
            now,
            &format!("Cannot read properties of undefined (reading '{key}')"),
        )
    };
    let known = |name: &str| match name {
        "http" | "sync" => Some(Transport::Http),
        "sse" | "stream" => Some(Transport::Sse),
        "websocket" => Some(Transport::Websocket),
        _ => None,
    };
    match version {
        Version::V1_6_5 => Ok(Transport::Websocket),
        Version::V1_7_0 => {
            body.ok_or_else(|| unreadable("mode"))?;
            match asked("mode").filter(|mode| json::truthy(mode)) {
                None => Ok(Transport::Websocket),
                Some(mode) => match mode
                    .as_str()
                    .filter(|mode| ["sync", "stream", "websocket"].contains(mode))
                    .and_then(known)
                {
                    Some(transport) => Ok(transport),
                    None => {
                        let shown = mode
                            .as_str()
                            .map_or_else(|| json::write(mode), str::to_owned);
                        let reason = format!(
                            "Invalid mode \"{shown}\". Must be one of: sync, stream, websocket"
                        );
                        Err(Failure::invalid_content(now, &reason))
                    }
                },
            }
        }
        Version::V1_7_2 => {
            body.ok_or_else(|| unreadable("transport"))?;
            match asked("transport").or_else(|| asked("mode")) {
                None => Ok(Transport::Websocket),
                Some(Value::String(name)) => match known(name) {
                    Some(transport) => Ok(transport),
                    // The names are looked up with `in`, which also finds what every object inherits.
                    None if INHERITED.contains(&name.as_str()) => Ok(Transport::Websocket),
                    None => {
                        let reason = format!(
                            "Invalid transport \"{name}\". Must be one of: http, sse, websocket, sync, stream"
                        );
                        Err(Failure::invalid_content(now, &reason))
                    }
                },
                Some(other) => {
                    let kind = match other {
                        Value::Bool(_) => "boolean",
                        Value::Number(_) => "number",
                        _ => "object",
                    };
                    let reason =
                        format!("Invalid transport type \"{kind}\". Transport must be a string.");
                    Err(Failure::invalid_content(now, &reason))
                }
            }
        }
    }
}

const INHERITED: [&str; 12] = [
    "toString",
    "valueOf",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

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

/// Integer keys first, in their order: how JavaScript lists the keys of an object.
fn in_javascript_order(fields: Map<String, Value>) -> Map<String, Value> {
    let index = |key: &str| {
        key.parse::<u32>()
            .ok()
            .filter(|index| index.to_string() == key)
    };
    let (mut indexed, named): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|(key, _)| index(key).is_some());
    indexed.sort_by_key(|(key, _)| index(key));
    indexed.into_iter().chain(named).collect()
}

/// A message that was taken.
struct Taken {
    session: Session,
    row: Row,
    metadata: Map<String, Value>,
    status: Value,
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
        let stored = transport == Transport::Websocket || version != Version::V1_7_2;
        if stored {
            self.work_over_bus(now, &taken, turn);
        }
        let answer = agent::answer(self.options.agents, self.options.seed, content);
        let response = match transport {
            Transport::Websocket => self.websocket(&taken, user_message),
            Transport::Http | Transport::Sse => {
                let run = model::run(
                    &answer,
                    transport == Transport::Sse,
                    self.options.stock_actions,
                );
                self.overtake(now, &taken.session.channel_id, false);
                let (response, instead) = match transport {
                    Transport::Sse => self.stream(user_message, &run),
                    _ => self.synchronous(user_message, &taken.status, &run),
                };
                self.open_turns.push(OpenTurn {
                    turn,
                    channel_id: taken.session.channel_id.clone(),
                    over_bus: false,
                    decided_at: now + self.options.latency_ms + PREPARATION + run.decided_after,
                    over_at: now + response.end_after_ms.max(instead.end_after_ms) + 1.0,
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
        self.channels.write(&taken.session.channel_id, taken.row);
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
        let merged = in_javascript_order(merged);
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
            visible_at: now,
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

    /// What the default transport does: the agent works on the message later, and its reply becomes a row.
    fn work_over_bus(&mut self, now: f64, taken: &Taken, turn: u64) {
        let session = &taken.session;
        self.overtake(now, &session.channel_id, true);
        // The room is made by the first message and keeps its kind.
        let is_direct = *self
            .direct_rooms
            .entry(session.channel_id.clone())
            .or_insert_with(|| taken.metadata.get("channelType") == Some(&json!("DM")));
        let content = &taken.row.content;
        if !is_direct && agent::stays_out(content) {
            return;
        }
        let answer = agent::answer(self.options.agents, self.options.seed, content);
        let run = model::run(&answer, false, self.options.stock_actions);
        let delay = f64::from(self.random.between(200, 450));
        let decided_at = now + delay + run.decided_after;
        for reply in replies(&run) {
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
                created_at: decided_at,
                visible_at: decided_at,
                raw: Value::Object(raw),
                metadata: json::spread(&json!({
                    "isDm": is_direct, "agent_id": session.agent_id, "agentName": super::AGENT_NAME, "channelType": kind,
                })),
                turn: Some(turn),
            };
            self.channels.write(&session.channel_id, row);
        }
        self.open_turns.push(OpenTurn {
            turn,
            channel_id: session.channel_id.clone(),
            over_bus: true,
            decided_at,
            over_at: decided_at,
            instead: None,
            overtaken: false,
        });
    }

    /// A newer message in the same room: whatever the agent has not decided yet is discarded when it is.
    fn overtake(&mut self, now: f64, channel_id: &str, over_bus: bool) {
        self.open_turns.retain(|open| open.over_at > now);
        for open in &mut self.open_turns {
            if open.channel_id == channel_id && open.over_bus == over_bus && open.decided_at > now {
                open.overtaken = true;
                if over_bus {
                    self.channels.take_back(channel_id, open.turn);
                }
            }
        }
    }

    fn websocket(&self, taken: &Taken, user_message: Map<String, Value>) -> Response {
        let mut body = Map::new();
        if self.options.version == Version::V1_6_5 {
            body = user_message;
        } else {
            body.insert("success".into(), true.into());
            body.insert("userMessage".into(), Value::Object(user_message));
        }
        body.insert("sessionStatus".into(), taken.status.clone());
        answer_json(201, &Value::Object(body), self.options.latency_ms)
    }

    fn ids(&mut self, content: &Map<String, Value>) -> Map<String, Value> {
        let mut content = content.clone();
        content.insert("responseId".into(), self.random.uuid().into());
        // The runtime makes this id of two others by a hash of its own; its version digit is 0.
        content.insert("inReplyTo".into(), self.random.uuid_of_version(0).into());
        content
    }

    fn with_response_id(&mut self, report: &Map<String, Value>) -> Map<String, Value> {
        let mut report = report.clone();
        report.insert("responseId".into(), self.random.uuid().into());
        report
    }

    /// The `http` transport, and what it gives once overtaken.
    fn synchronous(
        &mut self,
        user_message: Map<String, Value>,
        status: &Value,
        run: &Run,
    ) -> (Response, Response) {
        let after_ms = self.options.latency_ms + PREPARATION + run.decided_after;
        let idle_limit = self.options.idle_limit_ms;
        let with = |agent_response: Value| {
            let body = json!({
                "success": true, "userMessage": user_message, "agentResponse": agent_response, "sessionStatus": status,
            });
            body_or_hang_up(idle_limit, answer_json(201, &body, after_ms))
        };
        let failed = |version| {
            let transport = if version == Version::V1_7_0 {
                "sync mode"
            } else {
                "HTTP transport"
            };
            let failure = Failure::agent(transport);
            body_or_hang_up(
                idle_limit,
                answer_json(failure.status, &failure.body, after_ms),
            )
        };
        let response = match &run.outcome {
            Outcome::Failed(_) => {
                let failed = failed(self.options.version);
                return (failed.clone(), failed);
            }
            Outcome::Nothing => with(Value::Null),
            Outcome::Content { circular: true, .. } => failed(self.options.version),
            Outcome::Content {
                content, reports, ..
            } => {
                let mut content = self.ids(content);
                if let Some(last) = reports.last() {
                    content.insert(
                        "actionCallbacks".into(),
                        Value::Object(self.with_response_id(last)),
                    );
                }
                with(Value::Object(content))
            }
        };
        (response, with(Value::Null))
    }

    /// The `sse` transport, and what it gives once overtaken.
    fn stream(&mut self, user_message: Map<String, Value>, run: &Run) -> (Response, Response) {
        let head = self.options.latency_ms;
        let idle_limit = self.options.idle_limit_ms;
        let begin = head + PREPARATION;
        let mut frames = vec![(
            head,
            event("user_message", &json::write(&Value::Object(user_message))),
        )];
        let content = match &run.outcome {
            Outcome::Content { content, .. } => self.ids(content),
            _ => self.ids(&Map::new()),
        };
        let message_id = content
            .get("responseId")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        for (index, (after, text)) in run.chunks.iter().enumerate() {
            let mut data = format!("{{\"messageId\":\"{message_id}\",\"chunk\":");
            json::write_units(text.iter().copied(), &mut data);
            data.push_str(&format!(",\"index\":{index}}}"));
            frames.push((begin + after, event("chunk", &data)));
        }
        let error =
            |message: &str| Some(event("error", &json::write(&json!({ "error": message }))));
        let last = match &run.outcome {
            Outcome::Failed(message) => error(message),
            Outcome::Nothing => None,
            Outcome::Content { circular: true, .. } => error(
                "Converting circular structure to JSON\n    --> starting at object with constructor 'Object'\n    --- property 'actionCallbacks' closes the circle",
            ),
            Outcome::Content { simple: true, .. } => {
                Some(event("done", &json::write(&Value::Object(content))))
            }
            // The first report ends the stream; an action that never reports leaves it open.
            Outcome::Content { reports, .. } => reports.first().map(|report| {
                event(
                    "done",
                    &json::write(&Value::Object(self.with_response_id(report))),
                )
            }),
        };
        let end = begin + run.decided_after;
        let discarded = if matches!(run.outcome, Outcome::Failed(_)) {
            last.clone()
        } else {
            None
        };
        let whole = |last: Option<Vec<u8>>| {
            until_silence(idle_limit, frames.clone(), last.map(|bytes| (end, bytes)))
        };
        (whole(last), whole(discarded))
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

fn event(name: &str, data: &str) -> Vec<u8> {
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}

/// Puts the frames together; a silence longer than the server's limit breaks the connection.
fn until_silence(
    idle_limit: f64,
    frames: Vec<(f64, Vec<u8>)>,
    last: Option<(f64, Vec<u8>)>,
) -> Response {
    let begin = frames.first().map_or(0.0, |(at, _)| *at);
    let mut body: Vec<Piece> = Vec::new();
    let mut quiet_since = begin;
    let mut end = if last.is_some() { End::Clean } else { End::Cut };
    for (after_ms, bytes) in frames.into_iter().chain(last) {
        if after_ms - quiet_since > idle_limit {
            end = End::Cut;
            break;
        }
        quiet_since = after_ms;
        body.push(Piece { after_ms, bytes });
    }
    let end_after_ms = if end == End::Cut {
        quiet_since + idle_limit
    } else {
        quiet_since
    };
    let headers = vec![
        ("content-type".into(), "text/event-stream".into()),
        ("cache-control".into(), "no-cache".into()),
    ];
    Response {
        status: 200,
        headers,
        after_ms: begin,
        body,
        end,
        end_after_ms,
        turn: None,
    }
}

/// An answer that needs longer than the server lets a socket be idle never comes.
fn body_or_hang_up(idle_limit: f64, response: Response) -> Response {
    if response.after_ms <= idle_limit {
        return response;
    }
    Response {
        status: 0,
        headers: Vec::new(),
        body: Vec::new(),
        end: End::Unanswered,
        after_ms: idle_limit,
        end_after_ms: idle_limit,
        ..response
    }
}

fn user_message(version: Version, taken: &Taken) -> Map<String, Value> {
    let row = &taken.row;
    json::spread(&match version {
        Version::V1_7_2 => json!({
            "id": row.id,
            "channel_id": taken.session.channel_id,
            "message_server_id": MESSAGE_SERVER,
            "author_id": row.author_id,
            "content": row.content,
            "created_at": json::number(row.created_at),
            "source_type": "user",
            "raw_message": row.raw,
            "metadata": taken.metadata,
        }),
        Version::V1_7_0 | Version::V1_6_5 => json!({
            "id": row.id,
            "content": row.content,
            "authorId": row.author_id,
            "createdAt": iso(row.created_at),
            "metadata": taken.metadata,
        }),
    })
}
