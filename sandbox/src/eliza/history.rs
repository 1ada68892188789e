//! The rows of a channel, and the pages that the server makes of them, with all its habits.
//!
//! In: rows and a query. Out: a MessagesPage. Who may ask is left to `mod`.

use super::error::Failure;
use crate::clock::iso;
use crate::json;
use crate::random::hash;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

const DEFAULT_LIMIT: f64 = 50.0;
const MOST_LIMIT: f64 = 100.0;
/// JavaScript's dates end here.
const LAST_DATE: f64 = 8.64e15;
/// The first and the last millisecond that the database reads as a date: years 1 to 9999.
const DATABASE_DATES: std::ops::Range<f64> = -62_135_596_800_000.0..253_402_300_800_000.0;

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its text.
    pub content: String,
    /// Who wrote it.
    pub author_id: String,
    /// Whether its source type is `agent_response`.
    pub is_agent: bool,
    /// Its stamp.
    pub created_at: f64,
    /// From when on a query sees it: an agent's reply comes later than the request that caused it.
    pub visible_at: f64,
    /// What the agent thought and did, and whatever else the writer said.
    pub raw: Value,
    /// The database's metadata.
    pub metadata: Map<String, Value>,
    /// The run that wrote it, while the run can still be overtaken.
    pub turn: Option<u64>,
}

/// The rows of all channels. They outlive their sessions.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    rows: BTreeMap<String, Vec<Row>>,
}

/// A query's parameters, decoded, in their order. A repeated one is an array to the server.
pub type Query = Vec<(String, String)>;

fn parameter(query: &Query, name: &str) -> Option<Value> {
    let mut values: Vec<Value> = query
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str().into())
        .collect();
    match values.len() {
        0 => None,
        1 => values.pop(),
        _ => Some(Value::Array(values)),
    }
    .filter(json::truthy)
}

/// `parseInt(value, 10)`: of an array, what stands before its first comma.
fn whole_number(value: &Value) -> f64 {
    let first = value
        .as_array()
        .and_then(|values| values.first())
        .unwrap_or(value);
    json::parse_int(first.as_str().unwrap_or(""))
}

fn limit(query: &Query) -> usize {
    let asked = parameter(query, "limit").map_or(DEFAULT_LIMIT, |value| whole_number(&value));
    let limit = if asked.is_finite() {
        asked.clamp(1.0, MOST_LIMIT)
    } else {
        DEFAULT_LIMIT
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let limit = limit as usize;
    limit
}

fn stamp(now: f64, query: &Query, name: &str) -> Result<Option<f64>, Failure> {
    let Some(value) = parameter(query, name) else {
        return Ok(None);
    };
    let refused = |reason| Err(Failure::invalid_pagination(now, name, &value, reason));
    match whole_number(&value) {
        stamp if !stamp.is_finite() => refused("Must be a valid timestamp"),
        stamp if stamp.abs() > LAST_DATE => refused("Invalid date from timestamp"),
        stamp => Ok(Some(stamp)),
    }
}

impl Channels {
    /// Stores a row.
    pub fn write(&mut self, channel_id: &str, row: Row) {
        self.rows
            .entry(channel_id.to_owned())
            .or_default()
            .push(row);
    }

    /// Takes back what an overtaken run would have written.
    pub fn take_back(&mut self, channel_id: &str, turn: u64) {
        if let Some(rows) = self.rows.get_mut(channel_id) {
            rows.retain(|row| row.turn != Some(turn));
        }
    }

    /// The newest rows before a moment. Rows of one millisecond come in an order that differs from query to query, as
    /// they do from the database.
    fn newest(&self, now: f64, channel_id: &str, before: Option<f64>, most: usize) -> Vec<&Row> {
        let in_tie = |row: &Row| hash(format!("{}{before:?}{most}", row.id).as_bytes());
        let mut rows: Vec<&Row> = self
            .rows
            .get(channel_id)
            .into_iter()
            .flatten()
            .filter(|row| {
                row.visible_at <= now && before.is_none_or(|before| row.created_at < before)
            })
            .collect();
        rows.sort_by(|a, b| {
            let newer = b
                .created_at
                .partial_cmp(&a.created_at)
                .unwrap_or(Ordering::Equal);
            newer.then_with(|| in_tie(a).cmp(&in_tie(b)))
        });
        rows.truncate(most);
        rows
    }

    /// The answer of `GET /sessions/{id}/messages`, where `now` is what the server's clock says.
    ///
    /// # Errors
    /// A bad `before` or `after`; a `before` that the database does not know.
    pub fn page(
        &self,
        now: f64,
        real: f64,
        channel_id: &str,
        query: &Query,
    ) -> Result<Value, Failure> {
        let limit = limit(query);
        let before = stamp(now, query, "before")?;
        let after = stamp(now, query, "after")?;
        if before.is_some_and(|before| !DATABASE_DATES.contains(&before)) {
            return Err(Failure::history_query(now));
        }
        let rows = match after {
            None => self.newest(real, channel_id, before, limit),
            Some(after) => {
                let window = if before.is_some() {
                    (limit * 10).min(500)
                } else {
                    (limit * 20).min(1000)
                };
                let mut newer = self.newest(real, channel_id, before, window);
                newer.retain(|row| row.created_at > after);
                // A range gives the newest of what it found; `after` alone gives the oldest, listed newest first.
                let skipped = if before.is_some() {
                    0
                } else {
                    newer.len().saturating_sub(limit)
                };
                newer.into_iter().skip(skipped).take(limit).collect()
            }
        };
        let mut page = Map::new();
        page.insert(
            "messages".into(),
            rows.iter().map(|row| row.json()).collect(),
        );
        page.insert("hasMore".into(), (rows.len() == limit).into());
        if let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) {
            let cursors = json!({"before": json::number(oldest.created_at), "after": json::number(newest.created_at)});
            page.insert("cursors".into(), cursors);
        }
        Ok(Value::Object(page))
    }
}

impl Row {
    fn json(&self) -> Value {
        let parsed = self
            .raw
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        let raw = parsed.as_ref().unwrap_or(&self.raw);
        let mut metadata = Map::new();
        // These two come from the raw message or not at all: what the metadata says about them vanishes.
        for key in ["thought", "actions"] {
            if let Some(value) = json::field(raw, key) {
                metadata.insert(key.into(), value.clone());
            }
        }
        for (key, value) in &self.metadata {
            if key != "thought" && key != "actions" {
                metadata.insert(key.clone(), value.clone());
            }
        }
        json!({
            "id": self.id,
            "content": self.content,
            "authorId": self.author_id,
            "isAgent": self.is_agent,
            "createdAt": iso(self.created_at),
            "metadata": metadata,
        })
    }
}

/// Fields in the order in which the database gives them back: by the length of the key, then by its bytes.
#[must_use]
pub fn in_database_order(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut keys: Vec<&String> = fields.keys().collect();
    keys.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    keys.into_iter()
        .filter_map(|key| fields.get(key).map(|value| (key.clone(), stored(value))))
        .collect()
}

fn stored(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(in_database_order(fields)),
        Value::Array(items) => items.iter().map(stored).collect(),
        other => other.clone(),
    }
}

/// Whether the database can hold it: no NUL and no half surrogate anywhere.
#[must_use]
pub fn storable(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains(json::UNSTORABLE),
        Value::Array(items) => items.iter().all(storable),
        Value::Object(fields) => fields
            .iter()
            .all(|(key, value)| !key.contains(json::UNSTORABLE) && storable(value)),
        _ => true,
    }
}
