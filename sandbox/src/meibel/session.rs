//! Sessions in memory: their turns' rows, which become visible at their times, and the JSON that describes them.
//!
//! In: what a turn leaves behind, and the time. Out: the list's entries, the details and the messages. What a turn does
//! is `turn`'s.

use super::switches::{Rows, Stamps};
use crate::clock::iso;
use serde_json::{Map, Value, json};

/// The one agent's name and version.
pub(super) const AGENT_VERSION: &str = "scripted-parrot-1";
/// How long a session waits for a message where its creation names no `message_wait_timeout_seconds`. No contract names
/// the server's default, nor what becomes of the session then; `COMPLETED` is the friendliest of the known states.
const MESSAGE_WAIT_SECONDS: f64 = 3600.0;

/// What a row is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    User(Option<String>),
    Assistant(String),
    ToolCall {
        tool_id: String,
        name: &'static str,
        arguments: Value,
    },
    ToolResult {
        tool_id: String,
        name: &'static str,
        result: Value,
    },
}

/// Something in a session's history.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Since when it is there.
    pub at: f64,
    /// How far the clock was off that stamped it.
    pub skew_ms: f64,
    pub kind: Kind,
    pub signal_id: String,
    pub sequence: String,
    pub written_as: Rows,
    pub stamps: Stamps,
}

/// One session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub id: String,
    pub started_at: f64,
    /// How far the clock was off that stamped its start.
    pub skew_ms: f64,
    /// The request body that it was created with.
    pub created: Value,
    pub rows: Vec<Row>,
    /// Token usage, file parsing and artifacts, each since its time.
    pub usage: Vec<(f64, Value)>,
    pub files: Vec<(f64, Value)>,
    pub artifacts: Vec<(f64, Value)>,
    /// Each status since its time; none while it runs by itself.
    pub statuses: Vec<(f64, String)>,
    /// Until when the agent works. Messages queue: a session's workflow takes one signal after another.
    pub busy_until: f64,
    /// How many tools were used.
    pub tools: usize,
}

/// A time in one of the forms in which Python writes it.
pub(super) fn stamp(stamps: Stamps, ms: f64) -> String {
    let utc = iso(ms);
    let bare = utc.strip_suffix('Z').unwrap_or(&utc);
    match stamps {
        Stamps::Utc => utc,
        Stamps::Offset => format!("{bare}000+00:00"),
        Stamps::Naive => format!("{bare}000"),
    }
}

fn since<'item, T: 'item>(items: &'item [(f64, T)], now: f64) -> impl Iterator<Item = &'item T> {
    items
        .iter()
        .filter(move |(at, _)| *at <= now)
        .map(|(_, item)| item)
}

impl Session {
    pub fn new(id: String, started_at: f64, skew_ms: f64, created: Value) -> Self {
        Self {
            id,
            started_at,
            skew_ms,
            created,
            rows: Vec::new(),
            usage: Vec::new(),
            files: Vec::new(),
            artifacts: Vec::new(),
            statuses: Vec::new(),
            busy_until: started_at,
            tools: 0,
        }
    }

    /// Puts a row where its time is: messages queue, so that a later one is there before an earlier one's answer.
    pub fn write(&mut self, row: Row) {
        let at = self.rows.partition_point(|other| other.at <= row.at);
        self.rows.insert(at, row);
    }

    fn visible(&self, now: f64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.at <= now)
    }

    fn waits_until(&self) -> f64 {
        let seconds = self
            .created
            .get("message_wait_timeout_seconds")
            .and_then(Value::as_f64)
            .unwrap_or(MESSAGE_WAIT_SECONDS);
        self.busy_until + seconds.max(0.0) * 1000.0
    }

    /// The status, and when it ended.
    pub fn status(&self, now: f64) -> (&str, Option<f64>) {
        let told = self.statuses.iter().rev().find(|(at, _)| *at <= now);
        match told {
            Some((_, status)) if status == "RUNNING" => ("RUNNING", None),
            Some((at, status)) => (status, Some(*at)),
            None if now > self.waits_until() => ("COMPLETED", Some(self.waits_until())),
            None => ("RUNNING", None),
        }
    }

    fn stamps(&self) -> Stamps {
        self.rows.first().map_or(Stamps::Utc, |row| row.stamps)
    }

    /// SessionSummary.
    pub fn summary(&self, now: f64) -> Value {
        let (status, ended_at) = self.status(now);
        let messages = self
            .visible(now)
            .filter(|row| matches!(row.kind, Kind::User(_) | Kind::Assistant(_)));
        json!({
            "session_id": self.id,
            "status": status,
            "start_time": stamp(self.stamps(), self.started_at + self.skew_ms),
            "end_time": ended_at.map(|at| stamp(self.stamps(), at + self.skew_ms)),
            "agent_name": super::AGENT_NAME,
            "agent_version": AGENT_VERSION,
            "messages_count": messages.count(),
            "token_usage": self.total_usage(now),
            "result": since(&self.artifacts, now).collect::<Vec<_>>(),
        })
    }

    fn total_usage(&self, now: f64) -> Value {
        let mut total = Map::new();
        for usage in since(&self.usage, now).filter_map(Value::as_object) {
            for (key, count) in usage {
                let sum = total.get(key).and_then(Value::as_u64).unwrap_or(0);
                let sum = sum + count.as_u64().unwrap_or(0);
                total.insert(key.clone(), sum.into());
            }
        }
        if total.is_empty() {
            return Value::Null;
        }
        Value::Object(total)
    }

    /// SessionMessagesResponse.
    pub fn messages(&self, now: f64) -> Value {
        let items: Vec<Value> = self.visible(now).map(Row::item).collect();
        json!({
            "agent_id": super::AGENT_ID,
            "agent_name": super::AGENT_NAME,
            "version": AGENT_VERSION,
            "messages": items,
        })
    }

    /// AgentExecutionDetailsResponse.
    pub fn details(&self, now: f64) -> Value {
        let messages: Vec<Value> = self.visible(now).filter_map(Row::entry).collect();
        json!({
            "agent_id": super::AGENT_ID,
            "agent_name": super::AGENT_NAME,
            "version": AGENT_VERSION,
            "status": self.status(now).0,
            "messages": messages,
            "tool_activity": self.tool_activity(now),
            "token_usage": since(&self.usage, now).collect::<Vec<_>>(),
            "file_parsing": since(&self.files, now).collect::<Vec<_>>(),
            "result": since(&self.artifacts, now).collect::<Vec<_>>(),
        })
    }

    /// One entry a call; of several results the last one stays.
    fn tool_activity(&self, now: f64) -> Vec<Value> {
        let mut activity: Vec<Value> = Vec::new();
        for row in self.visible(now) {
            let at = row.stamp();
            match &row.kind {
                Kind::ToolCall {
                    tool_id,
                    name,
                    arguments,
                } => activity.push(json!({
                    "tool_id": tool_id,
                    "tool_call": {"tool_name": name, "arguments": arguments, "sequence": row.sequence, "timestamp": at},
                    "tool_result": null,
                })),
                Kind::ToolResult {
                    tool_id,
                    name,
                    result,
                } => {
                    let call = activity
                        .iter_mut()
                        .find(|entry| entry.get("tool_id").and_then(Value::as_str) == Some(tool_id))
                        .and_then(Value::as_object_mut);
                    if let Some(call) = call {
                        let result = json!({"tool_name": name, "result": result, "sequence": row.sequence, "timestamp": at});
                        call.insert("tool_result".into(), result);
                    }
                }
                Kind::User(_) | Kind::Assistant(_) => {}
            }
        }
        activity
    }
}

impl Row {
    /// The four words of a row's `type`, as they are guessed and as version 1's log wrote them.
    fn names(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::User(_) => ("user", "user_input"),
            Kind::Assistant(_) => ("assistant", "agent_output"),
            Kind::ToolCall { .. } => ("tool_call", "agent_tool_usage"),
            Kind::ToolResult { .. } => ("tool_result", "agent_tool_usage"),
        }
    }

    fn stamp(&self) -> String {
        stamp(self.stamps, self.at + self.skew_ms)
    }

    /// SessionMessageItem.
    fn item(&self) -> Value {
        let (name, logged) = self.names();
        let (key, name) = match self.written_as {
            Rows::Typed => ("type", name),
            Rows::Roles => ("role", name),
            Rows::Log => ("type", logged),
        };
        let mut item = Map::new();
        item.insert(key.into(), name.into());
        item.insert("timestamp".into(), self.stamp().into());
        let mut put = |message: Value, signal: Value, tool: [Value; 4]| {
            item.insert("message".into(), message);
            item.insert("signal_id".into(), signal);
            let keys = ["tool_id", "tool_name", "arguments", "result"];
            for (key, value) in keys.into_iter().zip(tool) {
                item.insert(key.into(), value);
            }
        };
        let signal = || Value::from(self.signal_id.as_str());
        match &self.kind {
            Kind::User(text) => put(json!(text), signal(), Default::default()),
            Kind::Assistant(text) => put(json!(text), signal(), Default::default()),
            Kind::ToolCall {
                tool_id,
                name,
                arguments,
            } => put(
                Value::Null,
                Value::Null,
                [json!(tool_id), json!(name), arguments.clone(), Value::Null],
            ),
            Kind::ToolResult {
                tool_id,
                name,
                result,
            } => put(
                Value::Null,
                Value::Null,
                [json!(tool_id), json!(name), Value::Null, result.clone()],
            ),
        }
        Value::Object(item)
    }

    /// MessageEntry; tools have none.
    fn entry(&self) -> Option<Value> {
        let text = match &self.kind {
            Kind::User(text) => text.as_deref().unwrap_or(""),
            Kind::Assistant(text) => text,
            Kind::ToolCall { .. } | Kind::ToolResult { .. } => return None,
        };
        Some(json!({
            "role": self.names().0,
            "message": text,
            "signal_id": self.signal_id,
            "timestamp": self.stamp(),
        }))
    }
}
