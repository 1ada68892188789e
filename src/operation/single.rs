//! An operation that is one errand: a session, all sessions, a token, or nothing but success comes out.

use std::rc::Rc;

use super::asking::{Asked, Asking};
use super::call::Expect;
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Errand, Sessions, Thing};
use crate::error::Error;
use crate::http::Request;
use crate::settings::Settings;

/// One errand and what it finds.
pub struct Single {
    asking: Asking<Thing>,
    more: bool,
}

impl Single {
    /// An operation that does `errand`. `expect` is what its answers should be.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        errand: Box<dyn Errand<Found = Thing>>,
        expect: Expect,
    ) -> Self {
        Single {
            asking: Asking::new(settings, backend, errand, expect),
            more: true,
        }
    }
}

impl Operation for Single {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.asking.call.space(at_least)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        if happened == Happened::Resumed && !self.more {
            return Ok(Next::Done);
        }
        let found = match self.asking.step(now, happened)? {
            Asked::Next(next) => return Ok(next),
            Asked::Found(found) => found,
        };
        self.more = false;
        match found {
            Thing::Session(session) => sink.put(Outcome::Session(session)),
            Thing::Sessions(Sessions { sessions, more }) => {
                for session in sessions {
                    sink.put(Outcome::Session(session));
                }
                self.more = more;
            }
            Thing::Token(token) => sink.put(Outcome::Token(token)),
            Thing::Done => {}
        }
        Ok(if self.more { Next::Yield } else { Next::Done })
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.asking.call.patience()
    }
}
