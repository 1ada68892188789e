//! From the rows of `messages.json` to messages. In: rows as they stand in the database, streamed answers in pieces out of
//! order, messages stored twice. Out: one row a message with its whole text, in the order in which they were stored, and
//! messages of the model. Cutting the history into pages is left to `pages`.

use super::wire::{self, Chunk, Row};
use crate::error::Error;
use crate::json::Json;
use crate::model::{Author, Message, Reply, Role};
use crate::order::{self, Named};
use crate::text::Text;
use crate::time;
use crate::word::Word;

/// The author of what the server and the agent's backend say about themselves.
const SYSTEM: &str = "System";

/// Reads a history: one row a message, in the order of their ids, which is that of their insertion.
pub fn read(body: &Word) -> Result<Vec<Row>, Error> {
    Ok(merged(wire::rows(body)?))
}

/// Reads a whole history: one row a message, in the order in which the server lists them, which is that of their insertion
/// even where its clock ran backwards.
pub fn stored(body: &Word) -> Result<Vec<Row>, Error> {
    let rows = wire::rows(body)?;
    let mut places: Named<usize> = Named::default();
    for (at, row) in rows.iter().enumerate() {
        places.set(&row.id, at);
    }
    let mut merged = merged(rows);
    order::sort(&mut merged, |a, b| places.get(&a.id) < places.get(&b.id));
    Ok(merged)
}

/// The messages of a history, in the order of their ids.
pub fn messages(rows: Vec<Row>) -> Vec<Message> {
    let growing = growing(&rows);
    let message = |(at, row)| message(row, growing != Some(at));
    rows.into_iter().enumerate().map(message).collect()
}

/// The rows of one chunk id made one, each with its whole text.
///
/// A message that was stored twice has the greater of its ids: as a cursor that lies behind both.
fn merged(mut rows: Vec<Row>) -> Vec<Row> {
    order::sort(&mut rows, |a, b| a.id < b.id);
    let mut groups: Vec<Vec<Row>> = Vec::with_capacity(rows.len());
    let mut places: Named<usize> = Named::default();
    for row in rows {
        let place = match &row.chunk_id {
            Some(chunk_id) => match places.get(chunk_id) {
                Some(place) => *place,
                None => {
                    places.set(chunk_id, groups.len());
                    groups.len()
                }
            },
            None => groups.len(),
        };
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    let mut merged: Vec<Row> = groups.into_iter().filter_map(one).collect();
    order::sort(&mut merged, |a, b| a.id < b.id);
    merged
}

/// One row of the rows of one message, oldest first.
fn one(group: Vec<Row>) -> Option<Row> {
    let several = group.len() > 1;
    // an overwritten row has lost its pieces, and what stands in it is the whole
    let overwritten = group
        .iter()
        .find(|row| row.completed && row.chunks.is_empty())
        .map(|row| row.text.clone());
    let mut raws = Vec::new();
    let mut whole: Option<Row> = None;
    for mut row in group {
        raws.push(std::mem::take(&mut row.raw));
        whole = Some(match whole {
            None => row,
            Some(first) => joined(first, row),
        });
    }
    let mut whole = whole?;
    let mut chunks = std::mem::take(&mut whole.chunks);
    order::sort(&mut chunks, |a, b| time_of(a) < time_of(b));
    whole.text = match (overwritten, chunks.as_slice()) {
        (Some(text), _) => text,
        (None, [only]) => whole.text.or_else(|| Some(only.text.clone())),
        (None, []) => whole.text,
        (None, pieces) => Some(joined_text(pieces)),
    };
    whole.chunks = chunks;
    whole.raw = match several {
        false => raws.pop().unwrap_or_default(),
        true => list(&raws),
    };
    Some(whole)
}

/// The text of pieces in order.
pub fn joined_text(pieces: &[Chunk]) -> Text<'static> {
    let mut text = Text::default();
    pieces.iter().for_each(|piece| text.push(&piece.text));
    text
}

/// The JSON of several rows.
pub fn list(raws: &[Json]) -> Json {
    let mut list = String::from("[");
    for raw in raws {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(raw.as_str());
    }
    list.push(']');
    Json::parse(list).unwrap_or_default()
}

fn joined(first: Row, second: Row) -> Row {
    let mut chunks = first.chunks;
    chunks.extend(second.chunks);
    let ts = match (first.ts, second.ts) {
        (Some(first), Some(second)) => Some(f64::min(first, second)),
        (first, second) => first.or(second),
    };
    Row {
        id: second.id,
        ts,
        author_id: first.author_id.or(second.author_id),
        author_name: first.author_name.or(second.author_name),
        incoming: first.incoming.or(second.incoming),
        feedback: first.feedback || second.feedback,
        completed: first.completed || second.completed,
        tokens: first.tokens.or(second.tokens),
        single: first.single && second.single,
        inline: first.inline || second.inline,
        failed: first.failed || second.failed,
        text: first.text.or(second.text),
        chunks,
        ..Row {
            chunk_id: first.chunk_id,
            ..Row::default()
        }
    }
}

/// A piece without a time stands where the first one does.
pub fn time_of(chunk: &Chunk) -> f64 {
    chunk.ts.unwrap_or(f64::NEG_INFINITY)
}

/// The place of the row that may still grow, if there is one: the agent's newest, unless it says itself that it is whole.
///
/// No row says "I am streamed, and done". So an answer counts as whole when the agent (or its system) says the next thing,
/// be it only that it waits for a person; until then it may go on, whoever else has spoken behind it.
fn growing(rows: &[Row]) -> Option<usize> {
    let newest = rows.iter().rposition(|row| !row.is_incoming())?;
    let row = rows.get(newest)?;
    (!row.is_settled() && !row.completed).then_some(newest)
}

impl Row {
    /// Whether it is from a person. Rows of the published description do not say so: they are if they have an author's
    /// id, which agents have not, or if nothing was counted for them, as it is for all that agents say.
    pub fn is_incoming(&self) -> bool {
        let by_person = || self.author_id.is_some() || self.tokens == Some(0.0);
        self.incoming
            .unwrap_or_else(|| !self.is_system() && by_person())
    }

    fn is_system(&self) -> bool {
        self.author_name.as_deref() == Some(SYSTEM)
    }

    /// Whether it cannot change any more. One that calls itself completed and has its pieces still is of the published
    /// description, which is not to be relied on.
    pub fn is_settled(&self) -> bool {
        self.is_incoming() || self.feedback || self.single || self.failed || self.chunks.is_empty()
    }

    /// Whether it is about the answer, and not a part of it.
    pub fn is_aside(&self) -> bool {
        self.inline || self.role() == Role::System
    }

    /// Who speaks.
    pub fn role(&self) -> Role {
        if self.is_incoming() {
            Role::User
        } else if self.is_system() {
            Role::System
        } else {
            Role::Assistant
        }
    }

    /// What it is known by, also before it has an id.
    pub fn name(&self) -> &str {
        self.chunk_id.as_deref().unwrap_or(&self.id)
    }

    /// What it says.
    pub fn said(&self) -> Text<'static> {
        self.text.clone().unwrap_or_default()
    }
}

/// Puts rows in the order in which they are read: by time. One without a time stays behind the one in front of it.
pub fn by_time<T>(rows: &mut Vec<T>, time: impl Fn(&T) -> Option<f64>) {
    let mut newest = f64::NEG_INFINITY;
    let mut timed: Vec<(f64, T)> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        newest = time(&row).unwrap_or(newest);
        timed.push((newest, row));
    }
    // stable: what shares a time stays in the order of the ids
    order::sort(&mut timed, |(a, _), (b, _)| a < b);
    rows.extend(timed.into_iter().map(|(_, row)| row));
}

/// A row as a message. Its time is a number on the wire, so there is no `createdAt`.
pub fn message(row: Row, complete: bool) -> Message {
    let role = row.role();
    let author = Author {
        id: row.author_id.map(Word::from),
        name: row.author_name.map(Word::from),
    };
    Message {
        id: row.id.into(),
        role,
        text: row.text.unwrap_or_default(),
        created_at: None,
        timestamp: row.ts.and_then(time::valid),
        author: Some(author).filter(|author| *author != Author::default()),
        tool_call: None,
        tool_result: None,
        citations: None,
        sources: None,
        complete,
        client_message_id: None,
        metadata: None,
        raw: row.raw,
    }
}

/// An answer of several rows, of which `text` is the whole: it has the id and the author of the last one.
pub fn reply(bubbles: &[&Row], text: Text<'static>, complete: bool) -> Option<Reply> {
    let last = bubbles.last()?;
    let raws: Vec<Json> = bubbles.iter().map(|row| row.raw.clone()).collect();
    let mut message = message((*last).clone(), complete);
    message.text = text;
    if raws.len() > 1 {
        message.raw = list(&raws);
    }
    Some(Reply::from(message))
}

/// Whether the server stores this text as that one, because it looks like JSON.
pub fn is_rewritten(text: &Text<'_>, stored: &Text<'_>) -> bool {
    compact(text).is_some_and(|text| compact(stored) == Some(text))
}

/// JSON without the white space outside of its strings; nothing for any other text.
fn compact(text: &Text<'_>) -> Option<String> {
    let text = text.as_str()?;
    if !text.starts_with(['{', '[']) || Json::parse(text).is_err() {
        return None;
    }
    let (mut inside, mut escaped) = (false, false);
    let kept = |letter: &char| {
        let space = !inside && letter.is_ascii_whitespace();
        inside ^= *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        !space
    };
    Some(text.chars().filter(kept).collect())
}
