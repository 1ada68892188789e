//! The JSON of the Agent Cloud webapp (July 2025, and rows since 2023), read into the model. Unknown fields pass. What the
//! server itself writes must be right, or is a flaw that names its path; what the senders of messages put into their
//! envelopes is taken where it makes sense and passed over where it does not, because one odd sender must not make the
//! history of a session unreadable.

use crate::json::{Flaw, Json, Kind, Reader, shared, whole};
use crate::model::{Backend, Session, SessionStatus};
use crate::settings::is_object_id;
use crate::text::{Text, split};
use crate::word::Word;

type Read<T> = Result<T, Flaw>;

/// An id that the server will get back: it does not answer where another text stands.
pub fn object_id(reader: &mut Reader<'_>) -> Read<String> {
    let id = reader.word()?;
    match is_object_id(&id) {
        true => Ok(id),
        false => Err(reader.flaw("this is no id: those are 24 hexadecimal digits in lower case")),
    }
}

/// Any value where a text should be: null is none, and what is neither is its JSON. An agent's text that looks like JSON
/// is stored as what it parses to, single tokens of a stream too.
fn any_text(reader: &mut Reader<'_>) -> Read<Option<Text<'static>>> {
    Ok(match reader.kind() {
        Kind::String => Some(reader.held_text()?),
        Kind::Null => {
            reader.skip()?;
            None
        }
        _ => Some(Text::from(reader.raw()?.to_owned())),
    })
}

/// A string, or nothing where something else stands.
fn some_word(reader: &mut Reader<'_>) -> Read<Option<String>> {
    match reader.kind() {
        Kind::String => reader.word().map(Some),
        _ => reader.skip().map(|()| None),
    }
}

fn some_number(reader: &mut Reader<'_>) -> Read<Option<f64>> {
    match reader.kind() {
        Kind::Number => reader.number().map(Some),
        _ => reader.skip().map(|()| None),
    }
}

fn some_boolean(reader: &mut Reader<'_>) -> Read<Option<bool>> {
    match reader.kind() {
        Kind::Boolean => reader.boolean().map(Some),
        _ => reader.skip().map(|()| None),
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    pub ts: Option<f64>,
    pub text: Text<'static>,
}

/// One row of `messages.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub id: String,
    /// rows of one chunk id are one message; never empty
    pub chunk_id: Option<String>,
    /// milliseconds since the epoch, by the clock of its sender
    pub ts: Option<f64>,
    pub author_id: Option<String>,
    pub author_name: Option<String>,
    /// from a person
    pub incoming: Option<bool>,
    /// the agent waits for a person from here on
    pub feedback: bool,
    /// how many were counted: the pieces of an agent's row, none for a person's
    pub tokens: Option<f64>,
    /// it was overwritten, so that it is whole
    pub completed: bool,
    /// it came in one piece
    pub single: bool,
    /// a line between the bubbles: what the agent does, and not what it says
    pub inline: bool,
    /// the envelope is that of an error
    pub failed: bool,
    /// the text of the envelope: of a streamed answer only its first piece
    pub text: Option<Text<'static>>,
    /// all pieces, in no order
    pub chunks: Vec<Chunk>,
    pub raw: Json,
}

/// Reads one row.
fn row(reader: &mut Reader<'_>) -> Read<Row> {
    let (mut row, mut id, mut envelope) = (Row::default(), None, Row::default());
    let ((), raw) = reader.with_raw(|reader| {
        reader.object(|reader, field| {
            match field {
                "_id" => id = Some(object_id(reader)?),
                "chunkId" => row.chunk_id = some_word(reader)?.filter(|id| !id.is_empty()),
                "ts" => row.ts = some_number(reader)?,
                "authorId" => row.author_id = some_word(reader)?,
                "authorName" => row.author_name = some_word(reader)?,
                "tokens" => row.tokens = some_number(reader)?,
                "isFeedback" => row.feedback = some_boolean(reader)?.unwrap_or_default(),
                "completed" => row.completed = some_boolean(reader)?.unwrap_or_default(),
                "displayType" => row.inline = is_inline(reader)?,
                "message" => envelope = self::envelope(reader)?,
                "chunks" if reader.kind() == Kind::Array => row.chunks = chunks(reader)?,
                _ => {}
            }
            Ok(())
        })
    })?;
    Ok(Row {
        id: id.ok_or_else(|| reader.missing("_id"))?,
        ts: row.ts.or(envelope.ts),
        author_name: row.author_name.or(envelope.author_name),
        incoming: envelope.incoming,
        feedback: row.feedback || envelope.feedback,
        completed: row.completed || envelope.completed,
        single: envelope.single,
        inline: row.inline || envelope.inline,
        failed: envelope.failed,
        text: envelope.text,
        raw,
        ..row
    })
}

fn is_inline(reader: &mut Reader<'_>) -> Read<bool> {
    Ok(some_word(reader)?.as_deref() == Some("inline"))
}

/// What was sent: `{message: {text, …}, incoming, …}`. In the published description it is `{text, …}` already.
fn envelope(reader: &mut Reader<'_>) -> Read<Row> {
    let mut envelope = Row::default();
    let (mut outer, mut inner) = (None, None);
    match reader.kind() {
        Kind::String => outer = any_text(reader)?,
        Kind::Object => reader.object(|reader, field| {
            match (field, reader.kind()) {
                ("message", Kind::Object) => inner = speech(reader, &mut envelope)?,
                ("message", Kind::String) => inner = any_text(reader)?,
                ("text", _) => outer = any_text(reader)?,
                ("displayType", _) => envelope.inline |= is_inline(reader)?,
                ("incoming", _) => envelope.incoming = some_boolean(reader)?,
                ("isFeedback", _) => {
                    envelope.feedback = some_boolean(reader)?.unwrap_or_default();
                }
                ("completed", _) => {
                    envelope.completed = some_boolean(reader)?.unwrap_or_default();
                }
                ("type", _) => envelope.failed = some_word(reader)?.as_deref() == Some("error"),
                ("authorName", _) => envelope.author_name = some_word(reader)?,
                ("ts", _) => envelope.ts = some_number(reader)?,
                _ => {}
            }
            Ok(())
        })?,
        _ => reader.skip()?,
    }
    envelope.text = inner.or(outer);
    Ok(envelope)
}

/// What a `message` event tells.
pub struct Said {
    /// as the row would be in which it is the only piece, but for its id
    pub row: Row,
    /// it is the first piece of its message
    pub first: bool,
    /// it takes the place of all pieces before it
    pub overwrite: bool,
}

/// Reads such an event: the envelope that will stand in the row.
pub fn said(data: &str) -> Read<Said> {
    let mut said = Said {
        row: whole(data, envelope)?,
        first: false,
        overwrite: false,
    };
    whole(data, |reader| match reader.kind() {
        Kind::Object => reader.object(|reader, field| match (field, reader.kind()) {
            ("message", Kind::Object) => reader.object(|reader, field| {
                match field {
                    "chunkId" => {
                        said.row.chunk_id = some_word(reader)?.filter(|id| !id.is_empty());
                    }
                    "first" => said.first = some_boolean(reader)?.unwrap_or_default(),
                    "overwrite" => said.overwrite = some_boolean(reader)?.unwrap_or_default(),
                    _ => {}
                }
                Ok(())
            }),
            _ => Ok(()),
        }),
        _ => reader.skip(),
    })?;
    Ok(said)
}

/// What was said, inside of its envelope.
fn speech(reader: &mut Reader<'_>, envelope: &mut Row) -> Read<Option<Text<'static>>> {
    let mut text = None;
    reader.object(|reader, field| {
        match field {
            "text" => text = any_text(reader)?,
            "displayType" => envelope.inline |= is_inline(reader)?,
            "single" => envelope.single = some_boolean(reader)?.unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(text)
}

fn chunks(reader: &mut Reader<'_>) -> Read<Vec<Chunk>> {
    let mut chunks = Vec::new();
    reader.array(|reader| {
        let (mut ts, mut text) = (None, None);
        if reader.kind() == Kind::Object {
            reader.object(|reader, field| {
                match field {
                    "ts" => ts = some_number(reader)?,
                    "chunk" => text = any_text(reader)?,
                    _ => {}
                }
                Ok(())
            })?;
        }
        chunks.push(Chunk {
            ts,
            text: text.unwrap_or_default(),
        });
        Ok(())
    })?;
    Ok(chunks)
}

/// The rows of a history, as they stand there: a bare list, or `{messages: […]}` as the published description has it.
pub fn rows(body: &Word) -> Read<Vec<Row>> {
    shared(body, |reader| {
        let mut rows = Vec::new();
        let mut found = false;
        let mut list = |reader: &mut Reader<'_>| {
            rows.clear();
            reader.array(|reader| {
                rows.push(row(reader)?);
                Ok(())
            })
        };
        if reader.kind() == Kind::Object {
            reader.object(|reader, field| {
                if field == "messages" {
                    found = true;
                    list(reader)?;
                }
                Ok(())
            })?;
            if !found {
                return Err(reader.missing("messages"));
            }
        } else {
            list(reader)?;
        }
        Ok(rows)
    })
}

/// A session as the server writes it, alone or in a list.
#[derive(Default)]
struct Named {
    id: Option<String>,
    agent_id: Option<String>,
    agent_name: Option<String>,
    status: Option<String>,
    created_at: Option<String>,
}

/// Reads one session. In a list its app stands in it.
pub fn session(reader: &mut Reader<'_>) -> Read<Session> {
    let mut named = Named::default();
    let ((), raw) = reader.with_raw(|reader| {
        reader.object(|reader, field| {
            match field {
                "_id" => named.id = Some(object_id(reader)?),
                "appId" => named.agent_id = reader.optional_word()?,
                "status" => named.status = reader.optional_word()?,
                "startDate" => named.created_at = reader.optional_word()?,
                "app" => named.agent_name = app(reader)?.name,
                _ => {}
            }
            Ok(())
        })
    })?;
    let status = named
        .status
        .as_deref()
        .map_or(SessionStatus::Unknown, status);
    Ok(Session {
        id: named.id.ok_or_else(|| reader.missing("_id"))?,
        backend: Backend::AgentCloud,
        agent_id: named.agent_id,
        agent_name: named.agent_name,
        status,
        backend_status: named.status,
        created_at: named.created_at,
        expires_at: None,
        metadata: None,
        raw,
    })
}

/// What a status of the server means here.
fn status(word: &str) -> SessionStatus {
    match word {
        // a session has this from its making until the first message, also where its agent was told not to run
        // (`skipRun`) or still waits for its variables: nothing runs yet
        "started" => SessionStatus::Active,
        "running" => SessionStatus::Running,
        "waiting" => SessionStatus::Waiting,
        "warning" | "error" => SessionStatus::Failed,
        // the server has one word for an agent that finished and for a session that somebody stopped; the second is what
        // its routes write, and in both the agent is gone for good
        "terminated" => SessionStatus::Cancelled,
        _ => SessionStatus::Unknown,
    }
}

/// The app of a session: what it is called and of which kind it is.
#[derive(Default)]
pub struct App {
    pub name: Option<String>,
    /// "chat" or "crew"
    pub kind: Option<String>,
}

fn app(reader: &mut Reader<'_>) -> Read<App> {
    let mut app = App::default();
    if reader.kind() == Kind::Object {
        reader.object(|reader, field| {
            match field {
                "name" => app.name = some_word(reader)?,
                "type" => app.kind = some_word(reader)?,
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(app)
}

/// `session.json`: no session where there is none, and where it belongs to another team.
pub fn looked_up(body: &str) -> Read<Option<(Session, App)>> {
    let (mut found, mut about) = (None, App::default());
    whole(body, |reader| {
        reader.object(|reader, field| {
            match (field, reader.kind()) {
                ("session", Kind::Null) => found = Some(None),
                ("session", _) => found = Some(Some(session(reader)?)),
                ("app", _) => about = app(reader)?,
                _ => {}
            }
            Ok(())
        })?;
        let session = found.take().ok_or_else(|| reader.missing("session"))?;
        Ok(session.map(|session| {
            let agent_name = about.name.clone();
            (
                Session {
                    agent_name,
                    ..session
                },
                about,
            )
        }))
    })
}

/// `sessions.json`: newest first.
pub fn sessions(body: &str) -> Read<Vec<Session>> {
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

/// The team that an account works in, of `account.json`: its current one if it still belongs to that, else its first.
pub fn team(body: &str) -> Read<Option<String>> {
    let (mut current, mut teams, mut found) = (None, Vec::new(), false);
    whole(body, |reader| {
        reader.object(|reader, field| {
            if field == "account" {
                found = true;
                reader.object(|reader, field| {
                    match (field, reader.kind()) {
                        ("currentTeam", _) => current = some_word(reader)?,
                        ("orgs", Kind::Array) => reader.array(|reader| org(reader, &mut teams))?,
                        _ => {}
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        if found {
            Ok(())
        } else {
            Err(reader.missing("account"))
        }
    })?;
    let current = current.filter(|current| teams.contains(current));
    Ok(current.or_else(|| teams.into_iter().next()))
}

fn org(reader: &mut Reader<'_>, teams: &mut Vec<String>) -> Read<()> {
    reader.object(|reader, field| match (field, reader.kind()) {
        ("teams", Kind::Array) => reader.array(|reader| {
            reader.object(|reader, field| {
                if field == "id" {
                    teams.push(object_id(reader)?);
                }
                Ok(())
            })
        }),
        _ => Ok(()),
    })
}

/// `{redirect, token}`, of which each may be missing: where the server sends its client instead of an answer.
#[derive(Default)]
pub struct Instead {
    pub redirect: Option<String>,
    pub token: Option<String>,
}

/// Reads what may be such an answer.
pub fn instead(body: &str) -> Read<Instead> {
    let mut instead = Instead::default();
    // a history is long, and a list
    if !body
        .trim_start_matches(['\u{FEFF}', ' ', '\n', '\r', '\t'])
        .starts_with('{')
    {
        return Ok(instead);
    }
    whole(body, |reader| {
        reader.object(|reader, field| {
            match field {
                "redirect" => instead.redirect = some_word(reader)?,
                "token" => instead.token = some_word(reader)?,
                _ => {}
            }
            Ok(())
        })
    })?;
    Ok(instead)
}

/// A refusal, in whichever of its shapes.
#[derive(Debug, Default, PartialEq)]
pub struct Refusal {
    pub code: Option<String>,
    pub message: Option<String>,
}

/// What stands in front of the code of a failure that the server does not explain.
const SUPPORT: &str = "contact support with code: ";

/// Reads a refusal: `{error: text}`, or `{message: text, code?}`. What is none of these has nothing to tell.
pub fn refusal(body: &str) -> Refusal {
    let (mut code, mut error, mut message) = (None, None, None);
    let read = whole(body, |reader| {
        reader.object(|reader, field| {
            match (field, reader.kind()) {
                ("error", Kind::String) => error = Some(reader.word()?),
                ("message", Kind::String) => message = Some(reader.word()?),
                ("code", Kind::String) => code = Some(reader.word()?),
                ("code", Kind::Number) => code = Some(reader.raw()?.to_owned()),
                _ => {}
            }
            Ok(())
        })
    });
    if read.is_err() {
        return Refusal::default();
    }
    let message = error.or(message).filter(|message| !message.is_empty());
    let support = message
        .as_deref()
        .and_then(|message| split(message, SUPPORT));
    let support = support.map(|(_, code)| code.trim().to_owned());
    Refusal {
        code: code.or(support).filter(|code| !code.is_empty()),
        message,
    }
}
