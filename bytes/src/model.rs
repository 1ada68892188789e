//! What callers see, the same for every backend. The TypeScript declarations are derived from these types, so the
//! comments here are written for the reader of the `.d.ts`.

use serde::Serialize;
#[cfg(target_arch = "wasm32")]
use tsify::Tsify;

use crate::json::Json;
use crate::text::Text;
use crate::word::Word;

/// A family of servers that agentline can talk to: `"meibel"` (REST and server-sent events), `"agentcloud"` (REST, polled)
/// or `"eliza"` (elizaOS 1.x sessions: REST and server-sent events).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Meibel: REST and server-sent events.
    Meibel,
    /// Agent Cloud: REST, polled.
    #[serde(rename = "agentcloud")]
    AgentCloud,
    /// elizaOS 1.x sessions: REST and server-sent events.
    Eliza,
}

impl Backend {
    /// The one that JavaScript calls so.
    pub fn named(name: &str) -> Option<Backend> {
        match name {
            "meibel" => Some(Backend::Meibel),
            "agentcloud" => Some(Backend::AgentCloud),
            "eliza" => Some(Backend::Eliza),
            _ => None,
        }
    }
}

/// Who does the paging: `"server"` (it finds the rows) or `"client"` (it reads all of them and filters).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// the server finds the rows
    Server,
    /// the client reads all and filters
    Client,
}

/// How an answer comes while it grows: `"sse"` (by server-sent events) or `"poll"` (by asking again and again).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Streaming {
    /// by server-sent events
    Sse,
    /// by asking again and again
    Poll,
}

/// What a backend can do. An operation that it cannot do rejects with kind `unsupported`, without a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// How an answer comes while it grows.
    pub stream: Streaming,
    /// `listSessions` works.
    pub list: bool,
    /// `deleteSession` works.
    pub delete: bool,
    /// `cancelSession` works.
    pub cancel: bool,
    /// `renewSession` works.
    pub renew: bool,
    /// `startSession` works.
    pub start: bool,
    /// `setVariables` works.
    pub variables: bool,
    /// A message may carry files.
    pub files: bool,
    /// Who pages towards older messages.
    pub before: Paging,
    /// Who pages towards newer messages.
    pub after: Paging,
    /// Whether an answer that was streamed is in the history afterwards, where `resumeReply` finds it again.
    pub stores_streamed_replies: bool,
    /// Whether a sent message can be found again in the history for certain, by its `clientMessageId`. Else it is found by
    /// its text, author and time.
    pub exact_delivery: bool,
}

/// How far a message is. `"queued"`: not yet handed to the network. `"sending"`: handed over. `"delivered"`: the backend has
/// it. `"unknown"`: the backend may have it; while it is looked for in the history, and for good where that does not tell.
/// `"failed"`: the backend surely has it not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// not yet handed to the network
    Queued,
    /// handed over
    Sending,
    /// the backend has it
    Delivered,
    /// the backend may have it
    Unknown,
    /// the backend surely has it not
    Failed,
}

/// What a session is doing; the backend's own word is in `backendStatus`. `"active"`: open for messages. `"running"`: the
/// agent works. `"waiting"`: the agent waits for a person. `"completed"`, `"failed"`, `"cancelled"`, `"expired"`: over, and
/// why. `"unknown"`: the backend's word means none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// open for messages
    Active,
    /// the agent works
    Running,
    /// the agent waits for a person
    Waiting,
    /// over
    Completed,
    /// over, with a failure
    Failed,
    /// stopped by somebody
    Cancelled,
    /// its time ran out
    Expired,
    /// the backend's word means none of these
    Unknown,
}

impl SessionStatus {
    /// The word for it in JavaScript.
    pub fn as_str(self) -> &'static str {
        match self {
            SessionStatus::Active => "active",
            SessionStatus::Running => "running",
            SessionStatus::Waiting => "waiting",
            SessionStatus::Completed => "completed",
            SessionStatus::Failed => "failed",
            SessionStatus::Cancelled => "cancelled",
            SessionStatus::Expired => "expired",
            SessionStatus::Unknown => "unknown",
        }
    }
}

/// One conversation with one agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The backend's id of the session.
    pub id: String,
    /// The backend that holds it.
    pub backend: Backend,
    /// The backend's id of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The agent's name, where the backend gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// What the session is doing.
    pub status: SessionStatus,
    /// The backend's own word for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_status: Option<String>,
    /// When it was made: a date as the backend wrote it, also where it says no zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it ends unless it is renewed: a date as the backend wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What its maker attached to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "Record<string, unknown>"))]
    pub metadata: Option<Json>,
    /// The backend's JSON, untouched.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub raw: Json,
}

/// Who speaks: the person (`"user"`), the agent (`"assistant"`), a tool that the agent called (`"tool"`), the backend itself
/// (`"system"`), or somebody for whom the backend has another word (`"unknown"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// the person
    User,
    /// the agent
    Assistant,
    /// a tool that the agent called
    Tool,
    /// the backend itself
    System,
    /// the backend's word means none of these
    Unknown,
}

/// Who wrote a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Author {
    /// The backend's id of the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub id: Option<Word>,
    /// The author's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub name: Option<Word>,
}

/// A tool that the agent asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct ToolCall {
    /// The backend's id of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub id: Option<Word>,
    /// The tool's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub name: Option<Word>,
    /// What it was called with, as the backend wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub arguments: Option<Json>,
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct ToolResult {
    /// The backend's id of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub id: Option<Word>,
    /// The tool's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub name: Option<Word>,
    /// What it gave back, as the backend wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub result: Option<Json>,
}

/// Something that an answer rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Source {
    /// The backend's id of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The part that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    /// How well it fits, on the backend's own scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The backend's JSON, untouched.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub raw: Json,
}

/// One row of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The backend's id; where it has none, a stable one derived from the row.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub id: Word,
    /// Who speaks.
    pub role: Role,
    /// What a person reads; empty for a pure tool row.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub text: Text<'static>,
    /// When it was written: a date as the backend wrote it; absent where it says none, never guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub created_at: Option<Word>,
    /// The same in milliseconds since the epoch (may be fractional); absent where the zone is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<f64>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// A tool that the agent asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call: Option<ToolCall>,
    /// What a tool gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_result: Option<ToolResult>,
    /// What the answer quotes, as the backend wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown[]"))]
    pub citations: Option<Json>,
    /// What the answer rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
    /// False while the row still grows.
    pub complete: bool,
    /// The mark that its sender gave it (`SendOptions.clientMessageId`), where the backend kept it: elizaOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub client_message_id: Option<Word>,
    /// What its sender or the backend attached to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "Record<string, unknown>"))]
    pub metadata: Option<Json>,
    /// The backend's JSON, untouched.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub raw: Json,
}

/// Where a page ends: hand one back as `before` or `after`, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Cursors {
    /// Older messages come before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Newer messages come after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A place where the backend cannot be paged without losing messages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Gap {
    /// The millisecond since the epoch that more messages share than the backend gives in one answer.
    pub timestamp: f64,
}

/// What a page is beside its messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageEnd {
    /// whether further messages are known to exist
    pub has_more: bool,
    /// where to go on
    pub cursors: Cursors,
    /// where messages may be missing
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// Part of a session's history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// Oldest first. Without a cursor, the newest page.
    pub messages: Vec<Message>,
    /// True only if older messages (or, with `after` alone, newer ones) are known to exist.
    pub has_more: bool,
    /// Where to go on.
    pub cursors: Cursors,
    /// Set where messages may be missing from this page because the backend cannot page inside one millisecond:
    /// elizaOS, when more than 100 messages share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Reply {
    /// The answer as a message.
    pub message: Message,
    /// What the answer quotes, as the backend wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown[]"))]
    pub citations: Option<Json>,
    /// What the answer rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Source>>,
    /// What the answer cost, as the backend counts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "Record<string, unknown>"))]
    pub usage: Option<Json>,
    /// What the agent thought on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
    pub thinking: Option<Text<'static>>,
    /// The backend's JSON, untouched.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
    pub raw: Json,
}

/// What happens while an answer comes in. The joined `content` deltas, with each `replace` applied, equal
/// `done.reply.message.text`. `done` comes exactly once, and last.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify), tsify(namespace))]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ReplyEvent<'a> {
    /// The backend took the message.
    Start {
        /// The backend's id of this exchange: on elizaOS and Meibel the id under which the sent message is in the
        /// history.
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
        /// The sent message as the backend stored it, where it says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Box<Message>>,
    },
    /// More of the answer.
    Content {
        /// Goes behind what came before.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
        delta: Text<'a>,
    },
    /// More of what the agent thinks.
    Thinking {
        /// Goes behind what came before.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
        delta: Text<'a>,
    },
    /// What the backend is doing, in words for a person.
    Status {
        /// One line.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
        text: Text<'a>,
    },
    /// The agent asked for a tool.
    ToolCall {
        /// The backend's id of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What it was called with, as the backend wrote it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
        arguments: Option<Json>,
    },
    /// A tool gave something back.
    ToolResult {
        /// The backend's id of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What it gave back, as the backend wrote it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
        result: Option<Json>,
    },
    /// What the answer rests on.
    Citations {
        /// What the answer quotes, as the backend wrote it.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown[]"))]
        citations: Json,
        /// What the answer rests on.
        #[serde(skip_serializing_if = "Option::is_none")]
        sources: Option<Vec<Source>>,
    },
    /// The backend took back what it streamed.
    Replace {
        /// The whole answer so far.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "string"))]
        text: Text<'a>,
    },
    /// The answer is whole.
    Done {
        /// The answer.
        reply: Box<Reply>,
    },
    /// Something that this version of agentline does not know; nothing is dropped.
    Other {
        /// The name that the backend gave it.
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// The backend's JSON, untouched; a string where it is no JSON.
        #[cfg_attr(target_arch = "wasm32", tsify(type = "unknown"))]
        data: Json,
    },
}

impl From<Message> for Reply {
    fn from(message: Message) -> Self {
        let raw = message.raw.clone();
        Reply {
            message,
            citations: None,
            sources: None,
            usage: None,
            thinking: None,
            raw,
        }
    }
}
