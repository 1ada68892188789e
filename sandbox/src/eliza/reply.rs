//! The answer to a message over each transport, with all its times.
//!
//! In: the message that was taken and what the runtime made of it. Out: a response, and for a run that can be overtaken the
//! one that holds from then on. Storing is left to `turn`.

use super::error::Failure;
use super::express::answer_json;
use super::model::{Outcome, Run};
use super::turn::Taken;
use super::{Eliza, Version};
use crate::clock::iso;
use crate::http::{End, Piece, Response};
use crate::json;
use serde_json::{Map, Value, json};

/// Where every server keeps the sessions' channels.
const MESSAGE_SERVER: &str = "00000000-0000-0000-0000-000000000000";
/// What the server needs before the model begins.
pub(super) const PREPARATION: f64 = 15.0;

impl Eliza {
    pub(super) fn websocket(&self, taken: &Taken, user_message: Map<String, Value>) -> Response {
        let mut body = Map::new();
        if self.options.version == Version::V1_6_5 {
            body = user_message;
        } else {
            body.insert("success".into(), true.into());
            body.insert("userMessage".into(), Value::Object(user_message));
        }
        body.insert("sessionStatus".into(), taken.status.clone());
        answer_json(201, &Value::Object(body), self.common.latency_ms)
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
    pub(super) fn synchronous(
        &mut self,
        user_message: Map<String, Value>,
        status: &Value,
        run: &Run,
    ) -> (Response, Response) {
        let after_ms = self.common.latency_ms + PREPARATION + run.decided_after;
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
    pub(super) fn stream(
        &mut self,
        user_message: Map<String, Value>,
        run: &Run,
    ) -> (Response, Response) {
        let head = self.common.latency_ms;
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

pub(super) fn user_message(version: Version, taken: &Taken) -> Map<String, Value> {
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
