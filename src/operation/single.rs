//! An operation that is one errand: a session, all sessions, a token, or nothing but success comes out.

use std::rc::Rc;

use super::asking::{Asked, Asking};
use super::call::Expect;
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Errand, Sessions, Token};
use crate::error::Error;
use crate::http::Request;
use crate::model::Session;
use crate::settings::Settings;

/// What an errand finds and a caller gets.
pub trait Thing: 'static {
    /// What the answers should be.
    const EXPECT: Expect = Expect::Json;
    /// Hands it out, and says whether there is more of it.
    fn hand_out(self, sink: &mut dyn Sink) -> bool;
}

impl Thing for Session {
    fn hand_out(self, sink: &mut dyn Sink) -> bool {
        sink.put(Outcome::Session(self));
        false
    }
}

impl Thing for Sessions {
    fn hand_out(self, sink: &mut dyn Sink) -> bool {
        for session in self.sessions {
            sink.put(Outcome::Session(session));
        }
        self.more
    }
}

impl Thing for Token {
    fn hand_out(self, sink: &mut dyn Sink) -> bool {
        sink.put(Outcome::Token(self.0));
        false
    }
}

impl Thing for () {
    const EXPECT: Expect = Expect::Nothing;
    fn hand_out(self, _: &mut dyn Sink) -> bool {
        false
    }
}

/// One errand and what it finds.
pub struct Single<T> {
    asking: Asking<T>,
    more: bool,
}

impl<T: Thing> Single<T> {
    /// An operation that does `errand`.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        errand: Box<dyn Errand<Found = T>>,
    ) -> Self {
        Single {
            asking: Asking::new(settings, backend, errand, T::EXPECT),
            more: true,
        }
    }
}

impl<T: Thing> Operation for Single<T> {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.asking.call.space(at_least)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        if happened == Happened::Resumed && !self.more {
            return Ok(Next::Done);
        }
        match self.asking.step(now, happened)? {
            Asked::Next(next) => Ok(next),
            Asked::Found(thing) => {
                self.more = thing.hand_out(sink);
                Ok(if self.more { Next::Yield } else { Next::Done })
            }
        }
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.asking.call.patience()
    }
}
