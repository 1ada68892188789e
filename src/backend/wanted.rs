//! What callers want of a backend: a session, a message, an answer, a part of a history.

use crate::json::Json;
use crate::text::Text;
use crate::time;

/// What the caller of `createSession` gave.
#[derive(Clone, Debug, Default)]
pub struct CreateSession {
    /// which agent
    pub agent_id: Option<String>,
    /// which agent, by its published name
    pub agent_name: Option<String>,
    /// for whom
    pub user_id: Option<String>,
    /// a JSON object
    pub metadata: Option<Json>,
    /// what the agent is told first
    pub prompt: Option<String>,
    /// a JSON object of strings
    pub variables: Option<Json>,
    /// a JSON object, merged into the request
    pub backend_options: Option<Json>,
}

/// What the caller of `sendMessage` or `streamMessage` gave.
#[derive(Clone, Debug, Default)]
pub struct OutgoingMessage {
    /// the message
    pub text: Text<'static>,
    /// how many files go with it
    pub files: usize,
    /// a JSON object
    pub metadata: Option<Json>,
    /// milliseconds that the backend may take for the answer
    pub answer_timeout: Option<f64>,
    /// whether thoughts are wanted
    pub include_thinking: Option<bool>,
    /// whether tool calls are wanted
    pub include_tool_activity: Option<bool>,
    /// a JSON object, merged into the request
    pub backend_options: Option<Json>,
    /// the client's id of the message, which a backend keeps where it can
    pub client_message_id: Option<String>,
    /// the answer is looked for in the history where it was cut off, and the message where nobody knows whether the backend
    /// took it
    pub resume: bool,
    /// the message is sent again where it surely is not in the history
    pub redeliver: bool,
}

/// What the caller of `resumeReply` gave.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// the message is the first one of the user behind this
    pub after: Option<Edge>,
    /// the message has this client's id
    pub client_message_id: Option<String>,
    /// what was shown of the answer
    pub shown: Text<'static>,
    /// milliseconds that the answer is waited for
    pub answer_timeout: Option<f64>,
}

/// What the caller of `listSessions` gave.
#[derive(Clone, Debug, Default)]
pub struct ListSessions {
    /// only those with this agent
    pub agent_id: Option<String>,
    /// only those of this user
    pub user_id: Option<String>,
    /// only those that do this
    pub status: Option<String>,
    /// how many to ask for at a time
    pub limit: Option<u32>,
}

/// A point in a history.
#[derive(Clone, Debug, PartialEq)]
pub enum Edge {
    /// milliseconds since the epoch
    Time(f64),
    /// what a page gave as cursor
    Cursor(String),
}

impl Edge {
    /// What a string means: an ISO date with a zone is a point in time, anything else is a cursor.
    pub fn read(text: String) -> Edge {
        match time::iso(&text) {
            Some(stamp) => Edge::Time(stamp),
            None => Edge::Cursor(text),
        }
    }
}

/// The part of a history that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// only older messages
    pub before: Option<Edge>,
    /// only newer messages
    pub after: Option<Edge>,
    /// how many make a page
    pub limit: usize,
}

/// Which end of a range comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// newest page first
    Backward,
    /// oldest page first
    Forward,
}
