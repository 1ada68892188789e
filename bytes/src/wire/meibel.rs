//! Meibel's sessions and the rows of its histories, read into the model. Unknown fields pass; missing and wrong ones are
//! flaws that name their path.

use std::ops::Range;

use crate::json::pick::{Field, Place};
use crate::json::{Flaw, Json, Kind, Reader, shared, whole};
use crate::model::{Backend, Message, Role, Session, SessionStatus, ToolCall, ToolResult};
use crate::order::{self, Named};
use crate::time;
use crate::word::Word;

type Read<T> = Result<T, Flaw>;

/// The fields of a session, in whichever of its shapes.
#[derive(Default)]
struct Fields {
    session_id: Option<String>,
    id: Option<String>,
    agent_id: Option<String>,
    agent_name: Option<String>,
    status: Option<String>,
    created_at: Option<String>,
    raw: Json,
}

fn fields(reader: &mut Reader<'_>) -> Read<Fields> {
    let (mut fields, mut start) = (Fields::default(), None);
    let ((), raw) = reader.with_raw(|reader| {
        reader.object(|reader, field| {
            match field {
                "session_id" => fields.session_id = reader.optional_word()?,
                "id" => fields.id = reader.optional_word()?,
                "agent_id" => fields.agent_id = reader.optional_word()?,
                "agent_name" => fields.agent_name = reader.optional_word()?,
                "status" => fields.status = reader.optional_word()?,
                "created_at" => fields.created_at = reader.optional_word()?,
                "start_time" => start = reader.optional_word()?,
                _ => {}
            }
            Ok(())
        })
    })?;
    fields.created_at = fields.created_at.or(start);
    fields.raw = raw;
    Ok(fields)
}

impl Fields {
    fn id(&self) -> Option<String> {
        let ids = [&self.session_id, &self.id];
        let mut full = ids.into_iter().flatten().filter(|id| !id.is_empty());
        full.next().cloned()
    }

    fn session(self, id: String, without_word: SessionStatus) -> Session {
        Session {
            id,
            backend: Backend::Meibel,
            agent_id: self.agent_id,
            agent_name: self.agent_name,
            status: self.status.as_deref().map_or(without_word, status),
            backend_status: self.status,
            created_at: self.created_at,
            expires_at: None,
            metadata: None,
            raw: self.raw,
        }
    }
}

/// A new session: `session_id`, or `id` as in the published guide. It is open for messages.
pub fn created(reader: &mut Reader<'_>) -> Read<Session> {
    let fields = fields(reader)?;
    let id = fields.id().ok_or_else(|| reader.missing("session_id"))?;
    Ok(fields.session(id, SessionStatus::Active))
}

/// What the server tells of the session `id`; the id itself is not in it.
pub fn details(reader: &mut Reader<'_>, id: &str) -> Read<Session> {
    let fields = fields(reader)?;
    match fields.status {
        None => Err(reader.missing("status")),
        Some(_) => Ok(fields.session(id.to_owned(), SessionStatus::Unknown)),
    }
}

/// A page of sessions.
pub struct SessionPage {
    pub sessions: Vec<Session>,
    /// how many there are in all
    pub total: Option<f64>,
    pub next_cursor: Option<String>,
}

/// Reads a page of the sessions of `agent_id`. What the page says of itself stands beside `data` or in `pagination`.
pub fn session_page(reader: &mut Reader<'_>, agent_id: &str) -> Read<SessionPage> {
    let (mut sessions, mut total, mut next_cursor) = (None, None, None);
    let mut about = |reader: &mut Reader<'_>, field: &str| {
        match (field, reader.kind()) {
            ("total", Kind::Number) => total = Some(reader.number()?),
            ("next_cursor", _) => next_cursor = word(reader)?.or(next_cursor.take()),
            _ => {}
        }
        Ok(())
    };
    reader.object(|reader, field| match (field, reader.kind()) {
        ("data", _) => {
            let mut found = Vec::new();
            reader.array(|reader| {
                let fields = fields(reader)?;
                let id = fields.id().ok_or_else(|| reader.missing("session_id"))?;
                let mut session = fields.session(id, SessionStatus::Unknown);
                session.agent_id.get_or_insert_with(|| agent_id.to_owned());
                found.push(session);
                Ok(())
            })?;
            sessions = Some(found);
            Ok(())
        }
        ("pagination", Kind::Object) => reader.object(&mut about),
        _ => about(reader, field),
    })?;
    Ok(SessionPage {
        sessions: sessions.ok_or_else(|| reader.missing("data"))?,
        total,
        next_cursor,
    })
}

/// A whole history, oldest first: `{messages: […]}`, or the bare list that the published guide reads.
pub fn messages(body: &Word) -> Read<Vec<Message>> {
    let mut found = None;
    shared(body, |reader| {
        if reader.kind() == Kind::Array {
            found = Some(rows(reader)?);
            return Ok(());
        }
        reader.object(|reader, field| {
            if field == "messages" {
                found = Some(rows(reader)?);
            }
            Ok(())
        })?;
        match found {
            Some(_) => Ok(()),
            None => Err(reader.missing("messages")),
        }
    })?;
    Ok(found.unwrap_or_default())
}

fn rows(reader: &mut Reader<'_>) -> Read<Vec<Message>> {
    let (mut messages, mut ids) = (Vec::new(), Ids::default());
    reader.array(|reader| {
        messages.push(row(reader, &mut ids)?);
        Ok(())
    })?;
    ids.give(&mut messages);
    Ok(messages)
}

/// What a row is.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    User,
    Assistant,
    System,
    Call,
    Result,
    Unknown,
}

impl Class {
    /// What `type` says, or `role` where there is no `type`.
    fn named(word: &str) -> Option<Class> {
        Some(match word {
            "user" | "human" | "user_message" | "user_input" | "input" => Class::User,
            "assistant" | "agent" | "ai" | "model" | "assistant_message" | "assistant_response"
            | "agent_output" | "completion" | "message" => Class::Assistant,
            "system" => Class::System,
            "tool_call" | "tool_use" | "function_call" => Class::Call,
            "tool_result" | "tool_response" | "function_result" | "tool" => Class::Result,
            _ => return None,
        })
    }
}

/// The fields of a row, in the order in which the server writes them.
const FIELDS: [Field; 9] = [
    Field::new("type", 0),
    Field::new("timestamp", 1),
    Field::new("message", 2),
    Field::new("signal_id", 3),
    Field::new("tool_id", 4),
    Field::new("tool_name", 5),
    Field::new("arguments", 6),
    Field::new("result", 7),
    Field::new("role", 8),
];

/// A row, still without its id.
fn row(reader: &mut Reader<'_>, ids: &mut Ids) -> Read<Message> {
    let (places, raw) = reader.with_raw(|reader| reader.pick(&FIELDS))?;
    let [
        sort,
        stamp,
        message,
        signal,
        tool_id,
        name,
        arguments,
        result,
        role,
    ] = places;
    let sort = match named(reader, sort)? {
        Some(sort) => Some(sort),
        None => named(reader, role)?,
    };
    let created_at = match reader.plain_at(stamp) {
        Some(stamp) => Some(stamp),
        None => reader.at(stamp, |reader| match reader.kind() {
            Kind::String => reader.held_word().map(Some),
            _ => Ok(None),
        })?,
    };
    let text = reader.text_at(message)?.unwrap_or_default();
    let signal = named(reader, signal)?;
    let tool_id = named(reader, tool_id)?;
    let name = named(reader, name)?;
    let arguments = match reader.kind_at(arguments) {
        Kind::Null => None,
        _ => reader.json_at(arguments).map(plain),
    };
    let returned = reader.kind_at(result) != Kind::Null;
    let result = reader.json_at(result);
    let sort = sort.map(lower_case);
    let class = sort.as_deref().and_then(Class::named);
    let class = class.unwrap_or_else(|| {
        if returned && tool_id.is_some() && arguments.is_none() {
            Class::Result
        } else if arguments.is_some() || name.is_some() {
            Class::Call
        } else {
            Class::Unknown
        }
    });
    ids.take(&Names {
        signal: signal.as_ref(),
        tool: tool_id.as_deref(),
        created_at: created_at.as_deref(),
        sort: sort.as_deref(),
        class,
    });
    let tool_call = (class == Class::Call || arguments.is_some()).then(|| ToolCall {
        id: tool_id.clone(),
        name: name.clone(),
        arguments,
    });
    let tool_result = (class == Class::Result || returned).then_some(ToolResult {
        id: tool_id,
        name,
        result,
    });
    Ok(Message {
        id: Word::default(),
        role: match class {
            Class::User => Role::User,
            Class::Assistant => Role::Assistant,
            Class::System => Role::System,
            Class::Call | Class::Result => Role::Tool,
            Class::Unknown => Role::Unknown,
        },
        text,
        timestamp: created_at.as_deref().and_then(time::iso),
        created_at,
        author: None,
        tool_call,
        tool_result,
        citations: None,
        sources: None,
        complete: true,
        client_message_id: None,
        metadata: None,
        raw,
    })
}

/// A word that names something, also where it is a number; anything else names nothing.
fn named(reader: &mut Reader<'_>, place: Option<Place>) -> Read<Option<Word>> {
    match reader.plain_at(place) {
        Some(word) => Ok(Some(word).filter(|word| !word.is_empty())),
        None => reader.at(place, held_word),
    }
}

fn held_word(reader: &mut Reader<'_>) -> Read<Option<Word>> {
    match reader.kind() {
        Kind::String => Ok(Some(reader.held_word()?).filter(|word| !word.is_empty())),
        Kind::Number => reader.json().map(|number| Some(number.as_word().clone())),
        _ => Ok(None),
    }
}

fn lower_case(word: Word) -> Word {
    match word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Word::from(word.to_ascii_lowercase()),
        false => word,
    }
}

/// Arguments that are JSON inside a string become that JSON; any other string stays one.
pub fn plain(arguments: Json) -> Json {
    if !arguments.as_str().starts_with('"') {
        return arguments;
    }
    let inner = whole(arguments.as_str(), |reader| match reader.kind() {
        Kind::String => Ok(reader.string()?.as_str().map(str::to_owned)),
        _ => reader.skip().map(|()| None),
    });
    let inner = inner.ok().flatten().map(|text| text.trim().to_owned());
    match inner
        .filter(|text| text.starts_with(['{', '[']))
        .map(Json::parse)
    {
        Some(Ok(json)) => json,
        _ => arguments,
    }
}

/// The id of the agent's row in the exchange `signal`.
pub fn answer_id(signal: &str) -> String {
    format!("{signal}:assistant")
}

/// What a row can be told from others by.
struct Names<'a> {
    signal: Option<&'a Word>,
    tool: Option<&'a str>,
    created_at: Option<&'a str>,
    sort: Option<&'a str>,
    class: Class,
}

/// Gives the rows of one history the ids that the server does not: each from the row and those before it, so that later
/// rows change none.
#[derive(Default)]
struct Ids {
    /// what the rows would be called if each had a name of its own
    bases: Vec<Base>,
    /// those that the server did not write, one behind the other
    made: String,
}

enum Base {
    Written(Word),
    Made(Range<usize>),
}

impl Ids {
    fn take(&mut self, names: &Names<'_>) {
        let sort = match names.class {
            Class::User => "user",
            Class::Assistant => "assistant",
            Class::System => "system",
            Class::Call => "tool_call",
            Class::Result => "tool_result",
            Class::Unknown => names.sort.unwrap_or("row"),
        };
        let tool = names
            .tool
            .filter(|_| matches!(names.class, Class::Call | Class::Result));
        let number;
        let first = match (tool, names.signal, names.created_at) {
            (Some(tool), ..) => tool,
            // a date as a cursor would be a point in time
            (_, Some(signal), _) if names.class == Class::User && time::iso(signal).is_none() => {
                return self.bases.push(Base::Written(signal.clone()));
            }
            (_, Some(signal), _) => signal,
            (_, _, Some(stamp)) => stamp,
            _ => {
                number = (self.bases.len() + 1).to_string();
                &number
            }
        };
        let start = self.made.len();
        for part in [first, ":", sort] {
            self.made.push_str(part);
        }
        self.bases.push(Base::Made(start..self.made.len()));
    }

    fn give(self, messages: &mut [Message]) {
        let made = Word::from(self.made);
        for (message, base) in messages.iter_mut().zip(self.bases) {
            message.id = match base {
                Base::Written(word) => word,
                Base::Made(range) => made.part(range),
            };
        }
        if !distinct(messages) {
            tell_apart(messages);
        }
    }
}

/// Whether all ids surely differ; quick, because mostly they do.
fn distinct(messages: &[Message]) -> bool {
    /// so many steps to a free place are bad luck, or somebody's intention
    const STEPS: usize = 64;
    let mut places = vec![0_u64; (messages.len() * 2).next_power_of_two()];
    messages.iter().all(|message| {
        // FNV-1a of eight bytes at a time, and never that of a free place
        let (eights, rest) = message.id.as_bytes().as_chunks::<8>();
        let last = rest
            .iter()
            .fold(1, |last, byte| last << 8 | u64::from(*byte));
        let parts = eights.iter().map(|eight| u64::from_le_bytes(*eight));
        let hash = parts
            .chain([last])
            .fold(0xCBF2_9CE4_8422_2325, |hash, part| {
                (hash ^ part)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                    .rotate_left(29)
            })
            | 1;
        let start = (hash >> 32) as usize;
        for step in 0..STEPS {
            let at = (start + step) & (places.len() - 1);
            match places.get_mut(at) {
                Some(place) if *place == 0 => {
                    *place = hash;
                    return true;
                }
                Some(place) if *place != hash => {}
                _ => return false,
            }
        }
        false
    })
}

/// Counts the rows that would have the same id.
fn tell_apart(messages: &mut [Message]) {
    let mut given = order::Names::default();
    // how often a row could have had this one
    let mut counts: Named<usize> = Named::default();
    for message in messages {
        let base = message.id.to_string();
        let mut id = base.clone();
        // an id of the server's own may look like a counted one
        while !given.add(&id) {
            let count = counts.get(&base).map_or(2, |count| count + 1);
            counts.set(&base, count);
            id = format!("{base}~{count}");
        }
        if id != base {
            message.id = Word::from(id);
        }
    }
}

/// A word that names something, also where it is a number; anything else names nothing.
pub fn word(reader: &mut Reader<'_>) -> Read<Option<String>> {
    match reader.kind() {
        Kind::String => Ok(Some(reader.word()?).filter(|word| !word.is_empty())),
        Kind::Number => Ok(Some(reader.raw()?.to_owned())),
        _ => Ok(None),
    }
}

/// What a word of Meibel's means.
pub fn status(word: &str) -> SessionStatus {
    match word.to_ascii_uppercase().as_str() {
        "RUNNING" => SessionStatus::Running,
        "COMPLETED" => SessionStatus::Completed,
        "FAILED" => SessionStatus::Failed,
        "CANCELED" | "CANCELLED" | "TERMINATED" => SessionStatus::Cancelled,
        _ => SessionStatus::Unknown,
    }
}
