//! Operations: machines that take what happened and say what next. They do no I/O and know no clock; a driver makes
//! the requests, reads the bytes, waits, and tells the time. The results go into a [`Sink`].

pub mod asking;
pub mod call;
pub(crate) mod chance;
mod cut;
pub mod events;
pub mod follow;
pub mod history;
pub mod looking;
pub mod open;
pub mod search;
pub mod single;
pub mod turn;

use crate::error::Error;
use crate::http::{Head, Request, Written};
use crate::json::pieces::Pieces;
use crate::model::{Delivery, Message, PageEnd, Reply, ReplyEvent, Session};
use crate::sse::text;
use crate::text::Text;

/// What happened, as the driver saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// the operation begins
    Begin,
    /// the head of a response came
    Head(Head),
    /// so many bytes were put into [`Operation::space`]
    Bytes(usize),
    /// the body ended as it should
    End,
    /// the request or its body failed
    Failed(Failure),
    /// the time that was asked for is over
    Waited,
    /// the caller took what was yielded and wants more
    Resumed,
    /// the socket is open
    Opened,
    /// a text came over the socket
    Heard(String),
    /// the socket is closed, or could not be opened, or gave something else than text
    Closed,
}

/// Why a request or its body failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// the platform's words, and its code where it has one (`ECONNREFUSED`)
    Network {
        /// for a person
        message: String,
        /// for a program
        code: Option<String>,
    },
    /// no head, or no byte, in the time allowed
    Silence,
    /// the caller's function that fetches the key, or the headers, threw: no request was made
    NoKey {
        /// what it threw, for a person
        message: String,
    },
}

/// What next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// make the request that [`Operation::request`] gives
    Send,
    /// read on
    Read,
    /// give up the response, if there is one, and wait so many milliseconds
    Wait(f64),
    /// the same before a look for something new: a page that nobody sees waits [`HIDDEN`] times as long, and no longer
    /// once it is seen
    Look(f64),
    /// the same before a connection that was lost is opened again: no longer once the platform is online again, or once
    /// the page is seen again
    Reconnect(f64),
    /// open the socket at [`Operation::socket`], which takes so many milliseconds at the most
    Open(f64),
    /// wait so many milliseconds for the next text of the socket; what came meanwhile comes first
    Listen(f64),
    /// close the socket
    Close,
    /// hand out what is in the sink; go on with [`Happened::Resumed`] when more is wanted
    Yield,
    /// everything is in the sink; give up the response, if there is one
    Done,
}

/// How much longer a look waits in a page that nobody sees.
pub const HIDDEN: f64 = 8.0;

/// The point in time at which something happened, in milliseconds since the epoch.
pub type Now = f64;

/// How long the driver waits for a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// milliseconds to the head
    pub head: f64,
    /// milliseconds without a byte of the body
    pub idle: f64,
}

impl Patience {
    /// The same, but no longer than what is left of another limit, unless that leaves no time for any answer.
    fn within(self, left: f64) -> Patience {
        let left = left.max(LEAST_PATIENCE);
        Patience {
            head: self.head.min(left),
            idle: self.idle.min(left),
        }
    }
}

/// What a request gets in any case.
const LEAST_PATIENCE: f64 = 1_000.0;

/// What an operation hands out.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is handed over at once, and messages are what most of them are"
)]
pub enum Outcome<'a> {
    /// part of an answer
    Event(ReplyEvent<'a>),
    /// a row of the history
    Message(Message),
    /// a session
    Session(Session),
    /// a whole answer
    Reply(Box<Reply>),
    /// what opens an account
    Token(String),
    /// the end of a page
    Page(PageEnd),
    /// an event of a stream that is read for its own sake
    Frame {
        /// empty for an event without a name
        event: &'a str,
        /// the data lines, joined
        data: &'a str,
        /// the last event id, if it is another one than before
        id: Option<&'a str>,
    },
    /// a comment of such a stream
    Comment(&'a str),
    /// from where, and after how many milliseconds, such a stream would be resumed
    Resume {
        /// the last event id
        id: &'a str,
        /// the reconnection time, if the stream set one
        retry: Option<u64>,
    },
}

/// Takes what an operation hands out.
pub trait Sink {
    /// Takes one outcome.
    fn put(&mut self, outcome: Outcome<'_>);

    /// Rows of the history: there may be many, and each is large.
    fn messages(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.put(Outcome::Message(message));
        }
    }

    /// The event `content`: streams consist of them, and an outcome is large.
    fn content(&mut self, delta: &Text<'_>) {
        let delta = delta.clone();
        self.put(Outcome::Event(ReplyEvent::Content { delta }));
    }

    /// All of them that were not told of.
    fn contents(&mut self, deltas: &Pieces) {
        for delta in deltas.iter() {
            self.content(&Text::from(&*delta));
        }
    }

    /// An event of a stream that is read for its own sake, as its bytes came; `id` as in [`Outcome::Frame`].
    fn frame(&mut self, event: &[u8], data: &[u8], id: Option<&str>) {
        let (event, data) = (&*text(event), &*text(data));
        self.put(Outcome::Frame { event, data, id });
    }
}

/// A machine that a driver runs.
pub trait Operation {
    /// Room for at least so many bytes of the body that is being read.
    fn space(&mut self, at_least: usize) -> &mut [u8];

    /// Takes what happened and says what next.
    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error>;

    /// The same as [`Operation::step`] with [`Happened::Bytes`], for what happens most.
    fn bytes(&mut self, now: Now, count: usize, sink: &mut dyn Sink) -> Result<Next, Error> {
        self.step(now, Happened::Bytes(count), sink)
    }

    /// For an operation whose requests the caller writes: what the next one holds, so that no error repeats it. Says
    /// whether the platform may follow redirects, to which it takes along what the request holds.
    fn written(&mut self, _: Written<'_>) -> bool {
        false
    }

    /// Whether `text` repeats a secret of what was written.
    fn reveals(&self, _text: &str) -> bool {
        false
    }

    /// The request to make after [`Next::Send`], with the key in its place; where the caller writes it, only the headers
    /// that it must have besides.
    fn request(&mut self, key: Option<&str>) -> Result<Request, Error>;

    /// How long to wait for that request.
    fn patience(&self) -> Patience;

    /// For an operation that sends a message: how far that is.
    fn delivery(&self) -> Option<Delivery> {
        None
    }

    /// The client's id of the message.
    fn client_message_id(&self) -> Option<&str> {
        None
    }

    /// The address to open after [`Next::Open`]. The socket stays open, whatever comes next, until [`Next::Close`], or
    /// until the operation is over.
    fn socket(&self) -> Option<String> {
        None
    }

    /// What to say over the socket, text by text, before anything else is done.
    fn say(&mut self) -> Option<String> {
        None
    }
}
