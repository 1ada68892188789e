//! Makes the requests of an errand until its thing is found.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::{Happened, Next, Now};
use crate::backend::{Backend, Errand};
use crate::error::Error;
use crate::http::{Method, Request};
use crate::settings::Settings;

/// How far [`Asking`] is.
pub enum Asked<T> {
    /// for the driver
    Next(Next),
    /// the thing is found
    Found(T),
}

/// An errand under way.
pub struct Asking<T> {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    errand: Box<dyn Errand<Found = T>>,
    /// what an answer to anything but a GET should be
    expect: Expect,
    /// the request that is being made
    pub call: Call,
}

impl<T> Asking<T> {
    /// Makes the requests of `errand`, which expects JSON of every GET and `expect` of everything else.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        mut errand: Box<dyn Errand<Found = T>>,
        expect: Expect,
    ) -> Self {
        let call = call(&settings, &backend, errand.ask(), expect);
        Asking {
            settings,
            backend,
            errand,
            expect,
            call,
        }
    }

    /// Takes what happened. [`Happened::Resumed`] leads on to the next thing.
    pub fn step(&mut self, now: Now, happened: Happened) -> Result<Asked<T>, Error> {
        let mut progress = match happened {
            Happened::Resumed => {
                if let Some(found) = self.errand.ready() {
                    return Ok(Asked::Found(found));
                }
                self.ask(now)?
            }
            happened => self.call.step(now, happened)?,
        };
        if progress == Progress::Body {
            let body = self.call.text();
            let answered = self.errand.answer(&body);
            match answered.map_err(|error| self.call.failed(error))? {
                Some(found) => return Ok(Asked::Found(found)),
                None => progress = self.ask(now)?,
            }
        }
        Ok(Asked::Next(match progress {
            Progress::Send => Next::Send,
            Progress::Wait(milliseconds) => Next::Wait(milliseconds),
            Progress::Read | Progress::Stream | Progress::Body => Next::Read,
        }))
    }

    fn ask(&mut self, now: Now) -> Result<Progress, Error> {
        let request = self.errand.ask();
        self.call = call(&self.settings, &self.backend, request, self.expect);
        self.call.step(now, Happened::Begin)
    }
}

fn call(
    settings: &Rc<Settings>,
    backend: &Rc<dyn Backend>,
    request: Request,
    expect: Expect,
) -> Call {
    let (repeat, expect) = match request.method {
        Method::Get => (Repeat::Safe, Expect::Json),
        Method::Delete => (Repeat::Safe, expect),
        Method::Post => (Repeat::Untaken, expect),
    };
    Call::new(settings.clone(), backend.clone(), request, repeat, expect)
}
