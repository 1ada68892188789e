//! Messages as they are told and stored: the envelope that goes to the listeners, and the row that it becomes.
//!
//! In: a line of the agent, or what a user sent. Out: envelopes and rows, in the order of keys in which the server writes
//! them. When that happens, and to which session, is left to `session`.

use super::ids::Ids;
use super::script::{Author, Form, Line};
use crate::json::{self, field, number};
use serde_json::{Map, Value, json};

/// The agent's name.
pub(super) const AGENT_NAME: &str = "Helper";
const SYSTEM: &str = "System";

/// A row of the collection.
pub(super) type Row = Map<String, Value>;

/// Where a row belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'session> {
    pub session: &'session str,
    pub organisation: &'session str,
    pub team: &'session str,
}

/// An envelope that is to be stored.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub envelope: Map<String, Value>,
    /// What its chunk counts; `null` where nobody said.
    pub tokens: Value,
    pub author_id: Value,
    pub form: Form,
}

impl Entry {
    /// Of nobody's account, without a count.
    pub fn of(envelope: Map<String, Value>) -> Self {
        Self {
            envelope,
            tokens: Value::Null,
            author_id: Value::Null,
            form: Form::Usual,
        }
    }
}

/// Text that looks like JSON and is: the webapp puts the value in its place.
fn parsed(text: &str) -> Option<Value> {
    text.starts_with(['{', '['])
        .then(|| json::read(text.as_bytes()).ok())
        .flatten()
}

fn put(within: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    within.insert(key.to_owned(), value.into());
}

/// Replaces the text by what it says, if it is JSON.
fn read_text(message: &mut Map<String, Value>) {
    let value = message.get("text").and_then(Value::as_str).and_then(parsed);
    if let Some(value) = value {
        put(message, "text", value);
        put(message, "type", "code");
        put(message, "language", "json");
    }
}

/// What the agent's line is told as.
pub(super) fn envelope(room: &str, line: &Line, chunk_id: &str, ts: f64) -> Map<String, Value> {
    let (name, shown) = match line.author {
        Author::Agent => (AGENT_NAME, "bubble"),
        Author::Inline => (SYSTEM, "inline"),
        Author::System => (SYSTEM, "bubble"),
    };
    let mut message = json::spread(&json!({
        "text": line.text,
        "chunkId": chunk_id,
        "codeBlock": null,
        "tokens": 1,
        "deltaTokens": null,
        "first": line.first,
        "single": line.feedback,
        "type": "text",
        "displayType": shown,
        "timestamp": number(ts),
        "overwrite": line.overwrite,
    }));
    read_text(&mut message);
    json::spread(&json!({
        "room": room,
        "authorName": name,
        "message": message,
        "isFeedback": line.feedback,
        "event": "message",
        "incoming": false,
        "ts": number(ts),
    }))
}

/// What the agent's backend sends when its user did not answer in time.
pub(super) fn time_out(room: &str, chunk_id: &str, ts: f64) -> Map<String, Value> {
    json::spread(&json!({
        "room": room,
        "type": "error",
        "message": {"type": "text", "text": "TimeOutError", "chunkId": chunk_id},
        "event": "message",
        "incoming": false,
        "authorName": SYSTEM,
        "ts": number(ts),
    }))
}

/// What `send-message` stores: into the agent's room, not the session's.
pub(super) fn sent_over_http(
    session: &str,
    author: &str,
    text: &str,
    chunk_id: &str,
    ts: f64,
) -> Row {
    json::spread(&json!({
        "room": format!("_{session}"),
        "authorName": author,
        "message": {"type": "text", "text": text, "chunkId": chunk_id},
        "event": "message",
        "incoming": true,
        "ts": number(ts),
    }))
}

fn message_of<'envelope>(
    envelope: &'envelope Map<String, Value>,
    key: &str,
) -> Option<&'envelope Value> {
    envelope
        .get("message")
        .and_then(|message| field(message, key))
}

fn chunk_id_of(envelope: &Map<String, Value>) -> Value {
    message_of(envelope, "chunkId").cloned().unwrap_or_default()
}

fn chunk(envelope: &Map<String, Value>, tokens: &Value) -> Value {
    let ts = envelope.get("ts").cloned().unwrap_or_default();
    let text = message_of(envelope, "text").cloned().unwrap_or_default();
    json!({"ts": ts, "chunk": text, "tokens": tokens})
}

fn new_row(place: Place, entry: &Entry, id: String) -> Row {
    let Entry {
        envelope,
        tokens,
        author_id,
        ..
    } = entry;
    let named = |key: &str| envelope.get(key).cloned();
    let mut row = Row::new();
    put(&mut row, "sessionId", place.session);
    put(&mut row, "chunkId", chunk_id_of(envelope));
    put(&mut row, "chunks", json!([chunk(envelope, tokens)]));
    put(&mut row, "tokens", tokens.as_u64().unwrap_or(0));
    put(&mut row, "authorId", author_id.clone());
    put(
        &mut row,
        "authorName",
        named("authorName").unwrap_or_default(),
    );
    let feedback = named("isFeedback").is_some_and(|value| json::truthy(&value));
    put(&mut row, "isFeedback", feedback);
    put(&mut row, "message", envelope.clone());
    put(&mut row, "orgId", place.organisation);
    put(&mut row, "teamId", place.team);
    put(&mut row, "ts", named("ts").unwrap_or_default());
    put(&mut row, "_id", id);
    row
}

/// Stores an envelope: a new row, one more chunk of a row, or another text for it. An overwrite of what is not there is
/// not stored.
pub(super) fn store(
    rows: &mut Vec<Row>,
    place: Place,
    entry: &Entry,
    mut id: impl FnMut() -> String,
) {
    let Entry {
        envelope,
        tokens,
        form,
        ..
    } = entry;
    let form = *form;
    let overwrites = message_of(envelope, "overwrite").is_some_and(json::truthy);
    let chunk_id = chunk_id_of(envelope);
    let same = |row: &Row| row.get("chunkId") == Some(&chunk_id) && form_is_kept(form);
    let found = rows.iter().filter(|row| same(row)).count();
    // The first piece of a doubled message stays alone in its row.
    let enough = if form == Form::Doubled { 2 } else { 1 };
    let row = rows
        .iter_mut()
        .rev()
        .find(|row| found >= enough && same(row));
    let Some(row) = row else {
        if !overwrites {
            let row = new_row(place, entry, id());
            rows.push(formed(row, form));
        }
        return;
    };
    if overwrites {
        row.shift_remove("chunks");
        if let Some(Value::Object(kept)) = row.get_mut("message") {
            let text = message_of(envelope, "text").cloned().unwrap_or_default();
            if let Some(Value::Object(message)) = kept.get_mut("message") {
                put(message, "text", text);
            }
            put(kept, "completed", true);
        }
        return;
    }
    let sum = row.get("tokens").and_then(Value::as_u64).unwrap_or(0) + tokens.as_u64().unwrap_or(0);
    put(row, "tokens", sum);
    match row.get_mut("chunks") {
        Some(Value::Array(chunks)) => chunks.push(chunk(envelope, tokens)),
        _ => put(row, "chunks", json!([chunk(envelope, tokens)])),
    }
}

fn form_is_kept(form: Form) -> bool {
    matches!(form, Form::Usual | Form::Doubled)
}

/// A row in another form than today's server writes it.
fn formed(mut row: Row, form: Form) -> Row {
    let envelope = |row: &mut Row, change: fn(&mut Map<String, Value>)| {
        let inner = row
            .get_mut("message")
            .and_then(|envelope| envelope.get_mut("message"));
        if let Some(Value::Object(inner)) = inner {
            change(inner);
        }
    };
    match form {
        Form::Usual | Form::Doubled => {}
        Form::Unkeyed => {
            put(&mut row, "chunkId", Value::Null);
            envelope(&mut row, |inner| put(inner, "chunkId", Value::Null));
        }
        Form::Old => {
            row.shift_remove("chunks");
            row.shift_remove("chunkId");
            row.shift_remove("tokens");
            envelope(&mut row, |inner| {
                inner.shift_remove("chunkId");
            });
            put(
                &mut row,
                "codeBlocks",
                json!([{"language": "json", "codeBlock": "{}"}]),
            );
            put(&mut row, "completed", true);
        }
    }
    row
}

/// A row as the published page of the endpoint describes it, and as no server writes it.
pub(super) fn documented(row: &Row) -> Value {
    let nothing = Value::Null;
    let envelope = row.get("message").unwrap_or(&nothing);
    let message = field(envelope, "message").unwrap_or(&nothing);
    let shown = |key: &str| row.get(key).cloned().unwrap_or_default();
    let mut chunks: Vec<&Value> = row
        .get("chunks")
        .and_then(Value::as_array)
        .map(|chunks| chunks.iter().collect())
        .unwrap_or_default();
    let stamp = |chunk: &Value| field(chunk, "ts").and_then(Value::as_f64).unwrap_or(0.0);
    chunks.sort_by(|a, b| stamp(a).total_cmp(&stamp(b)));
    let as_text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| json::write(value), str::to_owned)
    };
    let text: String = if chunks.len() > 1 {
        chunks
            .iter()
            .filter_map(|chunk| field(chunk, "chunk"))
            .map(as_text)
            .collect()
    } else {
        field(message, "text").map(as_text).unwrap_or_default()
    };
    json!({
        "_id": shown("_id"),
        "orgId": shown("orgId"),
        "teamId": shown("teamId"),
        "sessionId": shown("sessionId"),
        "chunkId": "",
        "message": {"type": "text", "text": text},
        "ts": number(shown("ts").as_f64().unwrap_or(0.0).floor()),
        "authorId": shown("authorId"),
        "isFeedback": shown("isFeedback"),
        "displayType": field(message, "displayType").cloned().unwrap_or_else(|| json!("bubble")),
        "authorName": shown("authorName"),
        "tokens": row.get("tokens").cloned().unwrap_or_else(|| json!(0)),
        "chunks": chunks,
        "codeBlocks": [],
        "completed": true,
    })
}

/// What a client on a socket sent, as it is told on and stored.
///
/// `author` is the account's name, if there is an account; the agent's side is never here.
pub(super) fn sent_over_socket(
    data: &Map<String, Value>,
    author: Option<&str>,
    ids: &mut Ids,
    now: f64,
) -> Map<String, Value> {
    let mut envelope = data.clone();
    let mut message = match data.get("message") {
        Some(Value::Object(message)) => message.clone(),
        Some(text) => json::spread(&json!({"type": "text", "text": text})),
        None => json::spread(&json!({"type": "text", "text": ""})),
    };
    let keyed = message.get("chunkId").is_some_and(json::truthy);
    if keyed {
        read_text(&mut message);
    } else {
        put(&mut message, "chunkId", ids.uuid());
    }
    let ts = message
        .get("timestamp")
        .filter(|stamp| json::truthy(stamp))
        .cloned()
        .unwrap_or_else(|| number(now));
    put(&mut envelope, "message", message);
    if !envelope.get("event").is_some_and(json::truthy) {
        put(&mut envelope, "event", "message");
    }
    put(&mut envelope, "incoming", true);
    put(&mut envelope, "authorName", author.unwrap_or("Me"));
    put(&mut envelope, "ts", ts);
    envelope
}
