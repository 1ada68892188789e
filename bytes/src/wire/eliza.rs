//! The JSON of elizaOS servers 1.6.5 to 1.7.2, read into the model. Unknown fields pass; missing and wrong ones are
//! flaws that name their path.

use crate::json::pick::{Field, Place};
use crate::json::skim::{Alike, Written};
use crate::json::{Flaw, Json, Kind, Reader, shared, whole};
use crate::model::{Author, Backend, Message, Role, Session, SessionStatus};
use crate::text::Text;
use crate::time;
use crate::word::Word;

type Read<T> = Result<T, Flaw>;

/// The field of a message's metadata that holds the client's id of the message.
pub const MARK: &str = "agentlineMessageId";

/// A session, whose it is, and how many milliseconds it has left by the server's own count.
pub struct Listed {
    pub session: Session,
    pub user_id: Option<String>,
    pub left: Option<f64>,
}

/// CreateSessionResponse and SessionInfo: the second has more fields.
pub fn session(reader: &mut Reader<'_>) -> Read<Listed> {
    let (mut id, mut agent_id, mut user_id, mut created_at, mut expires_at) =
        (None, None, None, None, None);
    let (mut metadata, mut left) = (None, None);
    let ((), raw) = reader.with_raw(|reader| {
        reader.object(|reader, field| {
            match field {
                "sessionId" => id = Some(reader.word()?),
                "agentId" => agent_id = reader.optional_word()?,
                "userId" => user_id = reader.optional_word()?,
                "createdAt" => created_at = reader.optional_word()?,
                "expiresAt" => expires_at = reader.optional_word()?,
                "metadata" => metadata = reader.optional_json()?,
                "timeRemaining" if reader.kind() == Kind::Number => left = Some(reader.number()?),
                _ => {}
            }
            Ok(())
        })
    })?;
    let session = Session {
        id: id.ok_or_else(|| reader.missing("sessionId"))?,
        backend: Backend::Eliza,
        agent_id,
        agent_name: None,
        status: if left == Some(0.0) {
            SessionStatus::Expired
        } else {
            SessionStatus::Active
        },
        backend_status: None,
        created_at,
        expires_at,
        metadata,
        raw,
    };
    Ok(Listed {
        session,
        user_id,
        left,
    })
}

/// The answer to the request for all sessions.
pub fn sessions(body: &str) -> Read<Vec<Listed>> {
    let mut found = None;
    whole(body, |reader| {
        reader.object(|reader, field| {
            if field == "sessions" {
                let mut sessions = Vec::new();
                reader.array(|reader| {
                    sessions.push(session(reader)?);
                    Ok(())
                })?;
                found = Some(sessions);
            }
            Ok(())
        })?;
        found.take().ok_or_else(|| reader.missing("sessions"))
    })
}

/// The fields of a message: in 1.7.2 an answer to a send has `author_id` and a number as `created_at`, before that
/// `authorId` and a date as `createdAt`, as rows of the history have them.
const FIELDS: &[Field] = &[
    Field::new("id", 0),
    Field::new("content", 1),
    Field::new("authorId", 2),
    Field::new("isAgent", 3),
    Field::new("createdAt", 4),
    Field::with("metadata", 5, ABOUT),
    Field::new("author_id", 2),
    Field::new("created_at", 4),
];

/// What a row's metadata say about its agent, and its mark. They are the callers' own, so whatever is wrong there is passed
/// over. `agent_id` is in the agent's own rows, `agentId` in the user's.
const ABOUT: &[Field] = &[
    Field::new("agent_id", 6),
    Field::new("agentName", 7),
    Field::new("agentId", 8),
    Field::new(MARK, 9),
];

/// A row of the history, or a message as the answer to a send repeats it.
pub fn message(reader: &mut Reader<'_>) -> Read<Message> {
    let (places, raw) = reader.with_raw(|reader| reader.pick::<10>(FIELDS))?;
    let [
        id,
        content,
        author,
        is_agent,
        stamp,
        metadata,
        own,
        name,
        users,
        mark,
    ] = places;
    let id = match reader.plain_at(id) {
        Some(id) => Some(id),
        None => reader.at(id, |reader| reader.held_word().map(Some))?,
    };
    let text = match reader.text_at(content)? {
        Some(text) => Some(text),
        None => reader.at(content, |reader| reader.held_text().map(Some))?,
    };
    let author_id = some_word(reader, author)?;
    let is_agent = reader.at(is_agent, |reader| reader.boolean().map(Some))?;
    let (created_at, timestamp) = match reader.kind_at(stamp) {
        Kind::Number => (
            None,
            reader.at(stamp, |reader| reader.number().map(time::valid))?,
        ),
        _ => {
            let stamp = some_word(reader, stamp)?;
            let timestamp = stamp.as_deref().and_then(time::iso);
            (stamp, timestamp)
        }
    };
    let metadata = match reader.kind_at(metadata) {
        Kind::Null => None,
        _ => reader.json_at(metadata),
    };
    // rows that an agent's action wrote say `isAgent: false`, but their author is the agent
    let by_agent = author_id.is_some()
        && (any_word(reader, own)? == author_id || any_word(reader, users)? == author_id);
    let role = match is_agent {
        Some(true) => Role::Assistant,
        _ if by_agent => Role::Assistant,
        _ => Role::User,
    };
    Ok(Message {
        id: id.ok_or_else(|| reader.missing("id"))?,
        role,
        text: text.ok_or_else(|| reader.missing("content"))?,
        created_at,
        timestamp,
        author: Some(Author {
            id: author_id,
            name: match role {
                Role::Assistant => any_word(reader, name)?,
                _ => None,
            },
        }),
        tool_call: None,
        tool_result: None,
        citations: None,
        sources: None,
        complete: true,
        client_message_id: any_word(reader, mark)?,
        metadata,
        raw,
    })
}

/// A word, or `null` as nothing.
fn some_word(reader: &mut Reader<'_>, place: Option<Place>) -> Read<Option<Word>> {
    match reader.plain_at(place) {
        Some(word) => Ok(Some(word)),
        None => reader.at(place, |reader| match reader.kind() {
            Kind::Null => Ok(None),
            _ => reader.held_word().map(Some),
        }),
    }
}

/// A word; anything else is nothing.
fn any_word(reader: &mut Reader<'_>, place: Option<Place>) -> Read<Option<Word>> {
    match (reader.plain_at(place), reader.kind_at(place)) {
        (Some(word), _) => Ok(Some(word)),
        (None, Kind::String) => reader.at(place, |reader| reader.held_word().map(Some)),
        _ => Ok(None),
    }
}

/// A page of the history: newest first.
pub fn messages(body: &Word) -> Read<Vec<Message>> {
    let mut found = None;
    shared(body, |reader| {
        reader.object(|reader, field| {
            if field == "messages" {
                let mut messages = Vec::new();
                reader.array(|reader| {
                    let message = message(reader)?;
                    // without a stamp no page can be found behind this row
                    if message.timestamp.is_none() {
                        return Err(reader.flaw("no point in time stands in `createdAt`"));
                    }
                    messages.push(message);
                    Ok(())
                })?;
                found = Some(messages);
            }
            Ok(())
        })?;
        found.take().ok_or_else(|| reader.missing("messages"))
    })
}

/// A refusal, in whichever of its shapes.
#[derive(Debug, Default, PartialEq)]
pub struct Refusal {
    pub code: Option<String>,
    pub message: Option<String>,
    /// nothing but `success: false` and a string as `error`
    pub bare: bool,
}

/// Reads a refusal: `{error: {code, message, …}}`, the same with a number as code, `{error: text, message: text}`,
/// `{success: false, error: text}`, or, as only the published pages have it, `{error: text, code: text}`. What is none of
/// these has nothing to tell.
pub fn refusal(body: &str) -> Refusal {
    let mut refusal = Refusal::default();
    let (mut outer, mut word, mut failed) = (None, None, false);
    let read = whole(body, |reader| {
        reader.object(|reader, field| {
            match (field, reader.kind()) {
                ("error", Kind::String) => word = Some(reader.word()?),
                ("error", Kind::Object) => reader.object(|reader, field| {
                    match (field, reader.kind()) {
                        ("code", Kind::String) => refusal.code = Some(reader.word()?),
                        // a number is the status once more
                        ("code", _) => {}
                        ("message", Kind::String) => refusal.message = Some(reader.word()?),
                        _ => {}
                    }
                    Ok(())
                })?,
                ("message", Kind::String) => outer = Some(reader.word()?),
                ("code", Kind::String) => refusal.code = Some(reader.word()?),
                ("success", Kind::Boolean) => failed = !reader.boolean()?,
                _ => {}
            }
            Ok(())
        })
    });
    if read.is_err() {
        return Refusal::default();
    }
    refusal.bare = failed && word.is_some() && outer.is_none() && refusal.code.is_none();
    refusal.message = refusal.message.or(outer).or(word);
    refusal
}

/// What the agent said, as `done` and `agentResponse` give it.
pub struct Spoken {
    pub id: Option<String>,
    pub text: Option<Text<'static>>,
    pub thought: Option<Text<'static>>,
    pub raw: Json,
}

/// The text of an event `chunk`; nothing from every other event, and from one with anything unusual about it.
#[inline(never)]
pub fn skimmed<'d>(alike: &mut Alike, event: &[u8], data: &'d [u8]) -> Option<Written<'d>> {
    if event != b"chunk" {
        return None;
    }
    let (chunk, _) = alike.take(data, "chunk", &|_, _, _| true)?;
    Some(chunk)
}

/// Reads an answer. Where an action spoke (`actionCallbacks`), its text is the answer and `text` was only the plan.
pub fn spoken(reader: &mut Reader<'_>) -> Read<Spoken> {
    let (mut id, mut text, mut thought, mut acted) = (None, None, None, None);
    let string = |reader: &mut Reader<'_>| match reader.kind() {
        Kind::String => reader.string().map(|text| Some(text.into_owned())),
        _ => Ok(None),
    };
    let ((), raw) = reader.with_raw(|reader| {
        reader.object(|reader, field| {
            match field {
                "responseId" => id = reader.optional_word()?,
                "text" => text = string(reader)?,
                "thought" => thought = string(reader)?,
                "actionCallbacks" if reader.kind() == Kind::Object => {
                    reader.object(|reader, field| {
                        if field == "text" {
                            acted = string(reader)?;
                        }
                        Ok(())
                    })?
                }
                _ => {}
            }
            Ok(())
        })
    })?;
    Ok(Spoken {
        id,
        text: acted.or(text),
        thought,
        raw,
    })
}
