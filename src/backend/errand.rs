//! What leads to one thing that is asked for: requests out, answers in, until it is found.

use crate::error::Error;
use crate::http::Request;
use crate::model::{Message, PageEnd, Session};
use crate::word::Word;

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
