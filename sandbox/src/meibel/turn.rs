//! One message to the agent: taken, worked on, written into the session's history.
//!
//! In: a session and a message. Out: a [`Turn`], which a stream or a synchronous answer then tells. What the agent does is
//! `script`'s.

use super::Meibel;
use super::failure::Failure;
use super::form::{Field, Form};
use super::pydantic::{Check, Issue, boolean, integer, string};
use super::script::{self, Message, Outcome, Script, Step};
use super::session::{Kind, Row, stamp};
use super::switches::Switches;
use super::{answer, session::Session};
use crate::fault::Bookkeeping;
use serde_json::{Value, json};

/// What the server needs before the agent begins.
const PREPARATION: f64 = 10.0;

/// A message that was taken. Times count from the request's arrival.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub arrived: f64,
    /// How far the server's clock was off then.
    pub skew_ms: f64,
    pub signal_id: String,
    pub switches: Switches,
    pub message: Message,
    pub script: Script,
    /// When the agent begins.
    pub begins_after: f64,
    /// When it is done.
    pub ends_after: f64,
    /// When the server stops waiting for it, if that is earlier.
    pub given_up_after: Option<f64>,
    first_tool: usize,
}

impl Turn {
    /// The id of a turn's tool.
    pub fn tool_id(&self, tool: usize) -> String {
        format!("call_{}", self.first_tool + tool)
    }

    /// An entry of a Redis stream, which is where the real server's events come from.
    pub fn sequence(&self, after: f64, index: usize) -> String {
        format!("{:.0}-{index}", self.arrived + self.skew_ms + after)
    }

    pub fn stamp(&self, after: f64) -> String {
        stamp(self.switches.stamps, self.arrived + self.skew_ms + after)
    }

    /// The steps with the time of each, and its place among the turn's events.
    pub fn steps(&self) -> impl Iterator<Item = (f64, usize, &Step)> {
        let steps = self.script.steps.iter().zip(2..);
        steps.map(|((at, step), index)| (self.begins_after + at, index, step))
    }

    /// What the server says when `timeout_seconds` have passed.
    pub fn gave_up(&self) -> String {
        let seconds = self.message.timeout_seconds.unwrap_or(0.0);
        format!("The agent did not respond within {seconds} seconds")
    }
}

/// `ChatMessageRequest`.
pub(super) fn message_of_json(body: Option<&Value>) -> Result<Message, Failure> {
    let Some(body) = body else {
        return Err(Failure::invalid(vec![Issue::missing(
            &["body"],
            Value::Null,
        )]));
    };
    let fields = super::fields(body)?;
    let mut check = Check::default();
    let text = match fields.get("user_message") {
        Some(text) => check.required(&["body", "user_message"], text, string),
        None => {
            let missing = Issue::missing(&["body", "user_message"], body.clone());
            check.issues.push(missing);
            None
        }
    };
    let message = Message {
        text,
        ..options(&mut check, |name| fields.get(name))
    };
    check.finish().map(|()| message)
}

/// The fields of the stream's form. What is no form has none: it is answered like an empty message.
pub(super) fn message_of_form(form: Form) -> Result<Message, Failure> {
    let mut check = Check::default();
    // Of several fields of one name the last one counts, and an empty one counts as none.
    let last = |name: &str| {
        let field = form.iter().rev().find(|(key, _)| key == name);
        match field.map(|(_, field)| field) {
            Some(Field::Text(text)) if text.is_empty() => None,
            Some(Field::Text(text)) => Some(json!(text)),
            Some(Field::File(file)) => {
                Some(json!({"filename": file.name, "size": file.bytes.len()}))
            }
            None => None,
        }
    };
    let names = [
        "user_message",
        "timeout_seconds",
        "include_thinking",
        "include_tool_activity",
    ];
    let fields: serde_json::Map<String, Value> = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), last(name)?)))
        .collect();
    let text = check.optional(
        &["body", "user_message"],
        fields.get("user_message"),
        string,
    );
    let mut message = Message {
        text,
        ..options(&mut check, |name| fields.get(name))
    };
    let files = form.into_iter().filter(|(name, _)| name == "files");
    for (index, (_, field)) in files.enumerate() {
        match field {
            // What a browser sends for a file field without a file.
            Field::File(file) if file.name.is_empty() && file.bytes.is_empty() => {}
            Field::File(file) => message.files.push(file),
            Field::Text(text) => {
                let what = "Value error, Expected UploadFile, received: <class 'str'>";
                let issue = Issue::new("value_error", &["body", "files"], what, &json!(text));
                check
                    .issues
                    .push(issue.at_index(index).with_context(json!({"error": {}})));
            }
        }
    }
    check.finish().map(|()| message)
}

fn options<'value>(check: &mut Check, field: impl Fn(&str) -> Option<&'value Value>) -> Message {
    let timeout = field("timeout_seconds");
    Message {
        timeout_seconds: check.optional(&["body", "timeout_seconds"], timeout, integer),
        include_thinking: check.optional(
            &["body", "include_thinking"],
            field("include_thinking"),
            boolean,
        ),
        include_tool_activity: check.optional(
            &["body", "include_tool_activity"],
            field("include_tool_activity"),
            boolean,
        ),
        ..Message::default()
    }
}

impl Meibel {
    /// Takes a message. Nothing of it is kept where it is refused.
    pub(super) fn take(
        &mut self,
        now: f64,
        id: &str,
        message: Message,
        path_and_query: &str,
    ) -> Result<Turn, Failure> {
        let signal_id = self.random.uuid();
        let latency = self.common.latency_ms;
        let book = self.book;
        let session = self
            .sessions
            .iter_mut()
            .find(|session| session.id == id)
            .ok_or_else(|| Failure::not_found("Session"))?;
        let said = message.text.clone().unwrap_or_default();
        let (switches, text) = self.options.switches.with_those_of(&said);
        if let Some(status) = switches.fail {
            return Err(
                Failure::asked_for(status, &switches, now, path_and_query).in_form(switches.body)
            );
        }
        // No contract names what a session that has ended answers.
        let status = session.status(now).0;
        if status != "RUNNING" {
            let what = format!("Session is {status} and takes no more messages");
            return Err(Failure::new(409, what).in_form(switches.body));
        }
        let script = script::play(&self.common, &switches, &message, text, &session.created);
        let begins_after = (session.busy_until - now).max(latency) + PREPARATION;
        let ends_after = begins_after + script.ends_after;
        let given_up_after = message
            .timeout_seconds
            .map(|seconds| latency + (seconds * 1000.0).max(0.0))
            .filter(|after| *after < ends_after);
        let turn = Turn {
            arrived: now,
            skew_ms: book.skew_ms,
            signal_id,
            switches,
            message,
            script,
            begins_after,
            ends_after,
            given_up_after,
            first_tool: session.tools,
        };
        session.keep(&turn, book);
        Ok(turn)
    }
}

impl Session {
    /// Writes a turn's rows. A client that leaves, or a server that no longer waits, does not stop the agent.
    fn keep(&mut self, turn: &Turn, book: Bookkeeping) {
        let ends_at = turn.arrived + turn.ends_after;
        let mut row = |at: f64, index: usize, kind| {
            let stored = match kind {
                Kind::User(_) => book.message,
                _ => book.answer != Some(false),
            };
            if !stored {
                return;
            }
            self.write(Row {
                at,
                skew_ms: turn.skew_ms,
                kind,
                signal_id: turn.signal_id.clone(),
                sequence: turn.sequence(at - turn.arrived, index),
                written_as: turn.switches.rows,
                stamps: turn.switches.stamps,
            });
        };
        row(turn.arrived, 0, Kind::User(turn.message.text.clone()));
        let mut tools = 0;
        for (after, index, step) in turn.steps() {
            let at = turn.arrived + after;
            match step.clone() {
                Step::ToolCall {
                    tool,
                    name,
                    arguments,
                } => {
                    tools = tools.max(tool);
                    let tool_id = turn.tool_id(tool);
                    row(
                        at,
                        index,
                        Kind::ToolCall {
                            tool_id,
                            name,
                            arguments,
                        },
                    );
                }
                Step::ToolResult { tool, name, result } => {
                    let tool_id = turn.tool_id(tool);
                    row(
                        at,
                        index,
                        Kind::ToolResult {
                            tool_id,
                            name,
                            result,
                        },
                    );
                }
                Step::Piece(_) => {}
            }
        }
        if let Outcome::Said(Some(text)) = &turn.script.outcome {
            row(ends_at, 0, Kind::Assistant(text.clone()));
        }
        self.tools += tools;
        self.busy_until = ends_at;
        self.usage.push((ends_at, answer::usage(turn)));
        self.files.extend(answer::file_parsing(turn));
        self.artifacts.extend(answer::artifact_entry(turn));
        if let Some(status) = &turn.switches.status {
            self.statuses.push((ends_at, status.clone()));
        }
    }
}
