//! The seam between what one server knows and what all of them share. A backend is pure: it says how to ask and how to
//! read, does no I/O, knows no clock and no JavaScript. Its server's own JSON stays in its folder; of what histories consist, in `crate::wire`.

#[cfg(any(feature = "agentcloud", feature = "gateway"))]
mod agentcloud;
#[cfg(any(feature = "eliza", feature = "gateway"))]
mod eliza;
#[cfg(any(feature = "meibel", feature = "gateway"))]
mod meibel;
#[cfg(any(
    feature = "agentcloud",
    feature = "eliza",
    feature = "meibel",
    feature = "gateway"
))]
mod object;
pub mod route;
#[cfg(any(feature = "agentcloud", feature = "meibel", feature = "gateway"))]
mod whole;

use std::rc::Rc;

use crate::error::{Error, ErrorKind};
use crate::http::{Head, Request};
use crate::json::Json;
use crate::json::skim::Written;
use crate::model::{Capabilities, Message, PageEnd, Reply, ReplyEvent, Role, Session};
use crate::operation::Now;
use crate::order::Names;
use crate::settings::Settings;
use crate::text::Text;
use crate::time;
use crate::word::Word;

/// The backend that `settings` name, if this was built with it. This is the list of backends: one line each.
pub fn of(settings: Rc<Settings>) -> Option<Rc<dyn Backend>> {
    match settings.backend {
        #[cfg(any(feature = "agentcloud", feature = "gateway"))]
        crate::model::Backend::AgentCloud => Some(Rc::new(agentcloud::AgentCloud::new(settings))),
        #[cfg(any(feature = "eliza", feature = "gateway"))]
        crate::model::Backend::Eliza => Some(Rc::new(eliza::Eliza::new(settings))),
        #[cfg(any(feature = "meibel", feature = "gateway"))]
        crate::model::Backend::Meibel => Some(Rc::new(meibel::Meibel::new(settings))),
        #[allow(unreachable_patterns, reason = "only where a backend is left out")]
        _ => None,
    }
}

/// The places of the servers of this family, if this was built with it.
pub fn routes(backend: crate::model::Backend) -> Option<&'static route::Table> {
    match backend {
        #[cfg(any(feature = "agentcloud", feature = "gateway"))]
        crate::model::Backend::AgentCloud => Some(&agentcloud::routes::TABLE),
        #[cfg(any(feature = "eliza", feature = "gateway"))]
        crate::model::Backend::Eliza => Some(&eliza::routes::TABLE),
        #[cfg(any(feature = "meibel", feature = "gateway"))]
        crate::model::Backend::Meibel => Some(&meibel::routes::TABLE),
        #[allow(unreachable_patterns, reason = "only where a backend is left out")]
        _ => None,
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

/// Messages, oldest first, and what lies beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// oldest first
    pub messages: Vec<Message>,
    /// what lies beyond
    pub end: PageEnd,
}

/// Sessions, in the backend's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sessions {
    /// in the backend's order
    pub sessions: Vec<Session>,
    /// whether asking again leads to further ones
    pub more: bool,
}

/// What an errand leads to, where that is no page of messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// one session
    Session(Session),
    /// some of the sessions
    Sessions(Sessions),
    /// what opens an account
    Token(String),
    /// it is done, and that is all
    Done,
}

/// Leads to one thing, by one request or by several. Where the thing says that there is more ([`Page`], [`Sessions`]),
/// asking again leads to the next one.
pub trait Errand {
    /// What is to be found.
    type Found;
    /// What to ask next.
    fn ask(&mut self) -> Request;
    /// Reads the answer to that. Nothing is found yet: ask again.
    fn answer(&mut self, body: &Word) -> Result<Option<Self::Found>, Error>;
    /// The next thing, where that needs no request.
    fn ready(&mut self) -> Option<Self::Found> {
        None
    }
}

/// What leads to a thing, or why nothing does.
pub type Finds<T = Thing> = Result<Box<dyn Errand<Found = T>>, Error>;

/// An errand of one request. There is one kind of it, and not one for each thing that is found: those made a copy each of
/// all that runs an errand.
pub struct Once {
    request: Request,
    read: Box<ReadThing>,
}

type ReadThing = dyn Fn(&str) -> Result<Thing, Error>;

impl Once {
    /// Makes `request` and gives the answer to `read`.
    pub fn new(
        request: Request,
        read: impl Fn(&str) -> Result<Thing, Error> + 'static,
    ) -> Box<Self> {
        Box::new(Once {
            request,
            read: Box::new(read),
        })
    }

    /// Makes `request`; that it succeeds is all.
    pub fn done(request: Request) -> Box<Self> {
        Once::new(request, |_| Ok(Thing::Done))
    }
}

impl Errand for Once {
    type Found = Thing;

    fn ask(&mut self) -> Request {
        self.request.clone()
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Thing>, Error> {
        (self.read)(body).map(Some)
    }
}

/// Takes what an answer says.
pub trait Listener {
    /// The text that came so far, with what was taken back taken back.
    fn so_far(&mut self) -> &Text<'static>;
    /// Something happened on the way to the answer: anything but `done`.
    fn event(&mut self, event: ReplyEvent<'_>);
    /// The event `content`, which is nearly all that an answer consists of.
    fn content(&mut self, delta: &Text<'_>) {
        let delta = delta.clone();
        self.event(ReplyEvent::Content { delta });
    }
    /// The same, as it stands in JSON. Does nothing and says `false` where that holds a surrogate, or bytes that are no UTF-8.
    fn written(&mut self, delta: Written<'_>) -> bool {
        let mut scratch = String::new();
        let delta = delta.text(&mut scratch);
        delta.inspect(|delta| self.content(delta)).is_some()
    }
    /// The answer is whole. `text` is the truth; without it, what came so far is.
    fn done(&mut self, reply: Box<Reply>, text: Option<Text<'static>>);
    /// The answer failed.
    fn failed(&mut self, error: Error);
}

/// What a JSON answer to a message says.
pub enum Answer {
    /// the answer is whole
    Reply(Box<Reply>),
    /// the message was taken, and the answer has to be looked for
    Later {
        /// the message as it was stored, where the server says so; without it the watch finds it, and says `start`
        message: Option<Box<Message>>,
        /// knows where to look
        watch: Box<dyn Watch>,
    },
    /// the message was taken, and there will be no answer
    Silence,
}

/// By what a message that was sent is told from others in the history.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// the client's id, where the message carries it
    pub mark: Option<String>,
    /// what it says
    pub text: Text<'static>,
    /// what was known to be there before it was sent
    pub after: Option<Edge>,
    /// the ids of those that could be taken for it and were there before, where all of them are known
    pub known: Option<Names>,
    /// one of which it cannot be told may be there
    pub alike: bool,
}

/// Where the rest of an answer is.
pub enum Rest {
    /// in the history, behind a message that is known
    Watched(Box<dyn Watch>),
    /// in the history, behind a message that has to be found there
    Sought,
    /// it comes nowhere else
    Nowhere,
}

/// When to look again for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// at once: this was only a part of the question
    Now,
    /// soon: it grows
    Growing,
    /// later: nothing is new
    Idle,
}

/// Where a server tells of an answer by itself, over Socket.IO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// the address of its Socket.IO, without a query
    pub url: String,
    /// the event with which one enters
    pub enter: &'static str,
    /// its argument, as JSON text
    pub name: String,
    /// the event with which the server lets one in
    pub entered: &'static str,
}

/// What an event of such a room means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// nothing for the answer
    Nothing,
    /// it grows
    Growing,
    /// it may be whole: asking tells
    Ended,
}

/// Looks for an answer that the server does not send.
pub trait Watch {
    /// What to ask next.
    fn ask(&mut self) -> Request;
    /// Reads the answer to that.
    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error>;
    /// What makes it doubtful whose answer was found, if anything does.
    fn doubt(&self) -> Option<&'static str> {
        None
    }
    /// Where the server tells of the answer by itself, if it does and somebody wants that.
    fn room(&self, _now: Now) -> Option<Room> {
        None
    }
    /// That room could not be entered.
    fn no_room(&mut self, _now: Now) {}
    /// Reads an event that was heard there; `data` is JSON text. What fails here is no failure of the answer.
    fn heard(
        &mut self,
        _event: &str,
        _data: &str,
        _listener: &mut dyn Listener,
    ) -> Result<Sign, Error> {
        Ok(Sign::Nothing)
    }
}

/// Reads one answer. A fresh one for each, so nothing leaks from one answer into the next; it is told nothing about how
/// the bytes arrive.
pub trait Decoder {
    /// Reads what [`Sending::before`] asked for.
    fn before(&mut self, _body: &str) -> Result<(), Error> {
        Ok(())
    }
    /// Reads one frame of a stream as [`Decoder::frame`] does, if it is one of those that most of the answer consists of
    /// and has nothing unusual about it; else does nothing and says `false`. This is the hot path: nothing is allocated.
    fn skim(&mut self, _event: &[u8], _data: &[u8], _listener: &mut dyn Listener) -> bool {
        false
    }
    /// Reads one frame of a stream.
    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error>;
    /// The stream ended, or broke. `unfinished` is the event that its end cut off from its blank line.
    fn end(&mut self, _unfinished: Option<(&str, &str)>, _listener: &mut dyn Listener) {}
    /// Reads an answer that came as JSON.
    fn body(&mut self, json: &str) -> Result<Answer, Error>;
    /// By what the message is found in the history; nothing where it cannot be.
    fn sought(&self) -> Option<Sought> {
        None
    }
    /// Looks in the history for the answer to `message`, which was found there; nothing where it will not come there.
    /// `answers` says whether the history holds any answer.
    fn watch(&mut self, _message: &Message, _answers: bool) -> Option<Box<dyn Watch>> {
        None
    }
    /// Where the rest of an answer is that was cut off after its beginning.
    fn rest(&mut self) -> Rest {
        Rest::Nowhere
    }
    /// What is known of the answer that is coming in, around the text that came so far.
    fn partial(&self, text: Text<'static>) -> Reply;
}

/// How a message goes out, and how its answer is read.
pub struct Sending {
    /// what has to be read before, where the answer can be told only from what was there
    pub before: Option<Request>,
    /// the message
    pub request: Request,
    /// whether the answer comes as a stream, also where the caller wants it whole
    pub streams: bool,
    /// milliseconds that the head of the answer may take where the backend answers only when the agent has finished
    pub patience: Option<f64>,
    /// reads the answer
    pub decoder: Box<dyn Decoder>,
}

/// What one server knows.
pub trait Backend {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// What the row of the answer to a message is called, where that follows from the message's own id.
    fn answer_id(&self, _message: &str) -> Option<String> {
        None
    }
    /// What the rows are called that an answer was made of, where it may be several. `raw` gives the answer's own JSON, which
    /// is read only for that.
    fn answer_rows(&self, _raw: &dyn Fn() -> String) -> Vec<String> {
        Vec::new()
    }
    /// How many milliseconds a session has left by the server's own count, out of its own JSON, where the server counts.
    fn time_left(&self, _raw: &str) -> Option<f64> {
        None
    }
    /// The header that carries the key; its name in lower case.
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// Reads a refusal.
    fn refused(&self, head: &Head, body: &str) -> Error;
    /// The JSON that a redirect stands for, on a server that answers by redirects.
    fn redirected(&self, _head: &Head) -> Option<String> {
        None
    }
    /// A refusal that came with the status of a success in answer to `request`.
    fn disguised(&self, _request: &Request, _body: &str) -> Option<Error> {
        None
    }
    /// Whether a refusal changed nothing and passes by itself, as while an agent is still starting.
    fn settles(&self, _error: &Error) -> bool {
        false
    }
    /// The request for what must be known before `request` can be made, as long as it is not known.
    fn asks_first(&self, _request: &Request) -> Option<Request> {
        None
    }
    /// Reads the answer to that.
    fn learn(&self, _body: &str) -> Result<(), Error> {
        Ok(())
    }
    /// Puts what was learned into a request that was made without it.
    fn complete(&self, _request: &mut Request) {}

    /// Opens an account.
    fn sign_in(&self, _email: &str, _password: &str) -> Finds {
        Err(unsupported("signIn"))
    }
    /// Makes a session.
    fn create_session(&self, input: &CreateSession) -> Finds;
    /// Finds a session.
    fn get_session(&self, id: &str) -> Finds;
    /// Finds all sessions.
    fn list_sessions(&self, _query: &ListSessions) -> Finds {
        Err(unsupported("listSessions"))
    }
    /// Removes a session.
    fn delete_session(&self, _id: &str) -> Finds {
        Err(unsupported("deleteSession"))
    }
    /// Stops a session.
    fn cancel_session(&self, _id: &str) -> Finds {
        Err(unsupported("cancelSession"))
    }
    /// Gives a session more time.
    fn renew_session(&self, _id: &str) -> Finds {
        Err(unsupported("renewSession"))
    }
    /// Wakes a session's agent.
    fn start_session(&self, _id: &str) -> Finds {
        Err(unsupported("startSession"))
    }
    /// Sets a session's variables: a JSON object of strings.
    fn set_variables(&self, _id: &str, _variables: &Json) -> Finds {
        Err(unsupported("setVariables"))
    }

    /// Sends a message, whose answer shall come as it grows or whole.
    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Sending, Error>;
    /// Reads an answer in a session that was asked for by somebody else, or earlier.
    fn answering(&self, session: &str) -> Result<Box<dyn Decoder>, Error>;
    /// Whether a row of the history may be a message with this text that this client sent.
    fn may_be(&self, row: &Message, text: &Text<'_>) -> bool {
        row.role == Role::User && row.text == *text
    }
    /// Finds the pages of a range of a history. Where a page ends in a message that still grows, its cursor `after` lies
    /// before that message.
    fn pages(&self, session: &str, range: &Range, direction: Direction) -> Finds<Page>;
}

/// The error of an operation that a backend does not have.
pub fn unsupported(operation: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this backend has no such operation: {operation}"),
    )
}
