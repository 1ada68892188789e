//! An operation that is one request: a session, all sessions, or nothing but success comes out.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, ListSessions};
use crate::error::Error;
use crate::http::{Method, Request};
use crate::settings::Settings;

/// What the answer holds.
#[derive(Clone, Debug)]
pub enum Holds {
    /// one session
    Session,
    /// all sessions, of which some are wanted
    Sessions(ListSessions),
    /// nothing that anybody reads
    Nothing,
}

/// One request and its answer.
pub struct Single {
    call: Call,
    backend: Rc<dyn Backend>,
    holds: Holds,
}

impl Single {
    /// An operation that makes `request`.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        request: Request,
        holds: Holds,
    ) -> Self {
        let repeat = if request.method == Method::Post {
            Repeat::Untaken
        } else {
            Repeat::Safe
        };
        let expect = if matches!(holds, Holds::Nothing) {
            Expect::Nothing
        } else {
            Expect::Json
        };
        Single {
            call: Call::new(settings, backend.clone(), request, repeat, expect),
            backend,
            holds,
        }
    }
}

impl Operation for Single {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.call.space(at_least)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match self.call.step(now, happened)? {
            Progress::Send => return Ok(Next::Send),
            Progress::Wait(milliseconds) => return Ok(Next::Wait(milliseconds)),
            Progress::Read | Progress::Stream => return Ok(Next::Read),
            Progress::Body => {}
        }
        let body = self.call.text();
        let flawed = |flaw| self.call.failed(Error::from(flaw));
        match &self.holds {
            Holds::Session => sink.put(Outcome::Session(
                self.backend.read_session(&body).map_err(flawed)?,
            )),
            Holds::Sessions(query) => {
                for session in self.backend.read_sessions(&body, query).map_err(flawed)? {
                    sink.put(Outcome::Session(session));
                }
            }
            Holds::Nothing => {}
        }
        Ok(Next::Done)
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.call.patience()
    }
}
