//! Reads a history: one page of it, or all of it, page by page as the caller asks for more.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Direction, Page, Pager};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::model::Gap;
use crate::settings::Settings;

/// What is wanted of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// one page
    Page,
    /// every message, in this order
    All(Direction),
}

/// A history being read.
pub struct History {
    asking: Asking,
    extent: Extent,
    /// a gap that the caller must hear of before anything else
    gap: Option<Gap>,
    more: bool,
}

impl History {
    /// Reads the pages that `pager` finds.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        pager: Box<dyn Pager>,
        extent: Extent,
    ) -> Self {
        History {
            asking: Asking::new(settings, backend, pager),
            extent,
            gap: None,
            more: true,
        }
    }
}

impl Operation for History {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.asking.call.space(at_least)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        if happened == Happened::Resumed {
            if let Some(gap) = self.gap.take() {
                return Err(self.asking.call.failed(lost(gap)));
            }
            if !self.more {
                return Ok(Next::Done);
            }
        }
        let page = match self.asking.step(now, happened)? {
            Asked::Next(next) => return Ok(next),
            Asked::Page(page) => page,
        };
        self.more = page.end.has_more;
        match self.extent {
            Extent::Page => {
                page.messages
                    .into_iter()
                    .for_each(|message| sink.put(Outcome::Message(message)));
                sink.put(Outcome::Page(page.end));
                return Ok(Next::Done);
            }
            Extent::All(Direction::Forward) => {
                page.messages
                    .into_iter()
                    .for_each(|message| sink.put(Outcome::Message(message)));
            }
            Extent::All(Direction::Backward) => {
                page.messages
                    .into_iter()
                    .rev()
                    .for_each(|message| sink.put(Outcome::Message(message)));
            }
        }
        self.gap = page.end.gap;
        match self.more || self.gap.is_some() {
            true => Ok(Next::Yield),
            false => Ok(Next::Done),
        }
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.asking.call.patience()
    }
}

/// What stands for messages that nobody can page to. An iterator cannot mark a place, so it ends there, loudly.
pub(super) fn lost(gap: Gap) -> Error {
    let message = format!(
        "more messages share the millisecond {} than the server gives in one answer, so some may be missing there; go \
         on from that point in time to read the rest",
        gap.timestamp
    );
    Error::new(ErrorKind::Protocol, message).code("HISTORY_GAP")
}

/// How far [`Asking`] is.
pub(super) enum Asked {
    /// for the driver
    Next(Next),
    /// a page is complete
    Page(Page),
}

/// Makes the requests of a pager until a page is complete.
pub(super) struct Asking {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    pager: Box<dyn Pager>,
    pub(super) call: Call,
}

impl Asking {
    pub(super) fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        mut pager: Box<dyn Pager>,
    ) -> Self {
        let call = Asking::call(&settings, &backend, pager.ask());
        Asking {
            settings,
            backend,
            pager,
            call,
        }
    }

    pub(super) fn step(&mut self, now: Now, happened: Happened) -> Result<Asked, Error> {
        let progress = match happened {
            Happened::Resumed => {
                if let Some(page) = self.pager.ready() {
                    return Ok(Asked::Page(page));
                }
                self.ask(now)?
            }
            happened => self.call.step(now, happened)?,
        };
        let progress = match progress {
            Progress::Body => {
                let body = self.call.text();
                match self
                    .pager
                    .answer(&body)
                    .map_err(|flaw| self.call.failed(Error::from(flaw)))?
                {
                    Some(page) => return Ok(Asked::Page(page)),
                    None => self.ask(now)?,
                }
            }
            progress => progress,
        };
        Ok(Asked::Next(match progress {
            Progress::Send => Next::Send,
            Progress::Wait(milliseconds) => Next::Wait(milliseconds),
            Progress::Read | Progress::Stream | Progress::Body => Next::Read,
        }))
    }

    fn ask(&mut self, now: Now) -> Result<Progress, Error> {
        let request = self.pager.ask();
        self.call = Asking::call(&self.settings, &self.backend, request);
        self.call.step(now, Happened::Begin)
    }

    fn call(settings: &Rc<Settings>, backend: &Rc<dyn Backend>, request: Request) -> Call {
        Call::new(
            settings.clone(),
            backend.clone(),
            request,
            Repeat::Safe,
            Expect::Json,
        )
    }
}
