//! The seam between what one server knows and what all of them share. A backend is pure: it says how to ask and how to
//! read, does no I/O, knows no clock and no JavaScript. Its server's own JSON stays in its folder.

mod eliza;

use std::rc::Rc;

use crate::error::{Error, ErrorKind};
use crate::http::{Head, Request};
use crate::json::{Flaw, Json};
use crate::model::{self, Capabilities, Message, PageEnd, Reply, Session};
use crate::settings::Settings;
use crate::text::Text;
use crate::time;

/// The backend that `settings` name. This is the list of backends: one line each.
pub fn of(settings: Rc<Settings>) -> Option<Rc<dyn Backend>> {
    match settings.backend {
        model::Backend::Eliza => Some(Rc::new(eliza::Eliza::new(settings))),
        model::Backend::Meibel | model::Backend::AgentCloud => None,
    }
}

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

/// Messages, oldest first, and what lies beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// oldest first
    pub messages: Vec<Message>,
    /// what lies beyond
    pub end: PageEnd,
}

/// Finds the pages of one range of one history, whatever that takes.
pub trait Pager {
    /// What to ask next.
    fn ask(&mut self) -> Request;
    /// Reads the answer to that. A page, if this completes one; else ask again. While a page says that there is more,
    /// asking again leads to the next one.
    fn answer(&mut self, body: &str) -> Result<Option<Page>, Flaw>;
    /// The next page, where that needs no request.
    fn ready(&mut self) -> Option<Page> {
        None
    }
}

/// What one frame of an answer says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said<'a> {
    /// the backend took the message
    Start {
        /// the backend's id of the exchange
        message_id: Option<String>,
        /// the message as it was stored
        message: Option<Box<Message>>,
    },
    /// more of the answer
    Content(Text<'a>),
    /// the answer is whole; its text is the truth, where it has one
    Done(Box<Reply>, Option<Text<'static>>),
    /// the answer failed
    Failed(String),
    /// nobody here knows
    Other(Option<String>, Json),
}

/// What a JSON answer to a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// the answer is whole
    Reply(Box<Reply>),
    /// the message was taken, and the answer will be in the history behind this point
    Later {
        /// the message as it was stored
        message: Box<Message>,
        /// where to look
        after: Edge,
    },
    /// the message was taken, and there will be no answer
    Silence,
}

/// Reads one answer. A fresh one for each, so nothing leaks from one answer into the next; it is told nothing about how
/// the bytes arrive.
pub trait Decoder {
    /// Reads one frame of a stream.
    fn frame<'a>(&mut self, event: &str, data: &'a str) -> Result<Said<'a>, Flaw>;
    /// Reads an answer that came as JSON.
    fn body(&mut self, json: &str) -> Result<Answer, Flaw>;
    /// What is known of the answer that is coming in, around the text that came so far.
    fn partial(&self, text: Text<'static>) -> Reply;
}

/// What one server knows.
pub trait Backend {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// The header that carries the key; its name in lower case.
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// Reads a refusal.
    fn refused(&self, head: &Head, body: &str) -> Error;

    /// Asks for a new session.
    fn create_session(&self, input: &CreateSession) -> Result<Request, Error>;
    /// Asks for a session.
    fn get_session(&self, id: &str) -> Result<Request, Error>;
    /// Asks for all sessions.
    fn list_sessions(&self, _query: &ListSessions) -> Result<Request, Error> {
        Err(unsupported("listSessions"))
    }
    /// Removes a session.
    fn delete_session(&self, _id: &str) -> Result<Request, Error> {
        Err(unsupported("deleteSession"))
    }
    /// Stops a session.
    fn cancel_session(&self, _id: &str) -> Result<Request, Error> {
        Err(unsupported("cancelSession"))
    }
    /// Gives a session more time.
    fn renew_session(&self, _id: &str) -> Result<Request, Error> {
        Err(unsupported("renewSession"))
    }
    /// Reads the answer to the requests for one session.
    fn read_session(&self, body: &str) -> Result<Session, Flaw>;
    /// Reads the answer to the request for all sessions.
    fn read_sessions(&self, body: &str, query: &ListSessions) -> Result<Vec<Session>, Flaw>;

    /// Sends a message, whose answer shall come as a stream or whole.
    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Request, Error>;
    /// Reads the answer to a message.
    fn decoder(&self) -> Box<dyn Decoder>;
    /// Finds the pages of a history.
    fn pager(
        &self,
        session: &str,
        range: &Range,
        direction: Direction,
    ) -> Result<Box<dyn Pager>, Error>;
}

fn unsupported(operation: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this backend has no such operation: {operation}"),
    )
}
