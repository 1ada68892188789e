//! Reads a history: one page of it, or all of it, page by page as the caller asks for more.

use std::rc::Rc;

use super::asking::{Asked, Asking};
use super::call::Expect;
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Direction, Errand, Page};
use crate::error::{Error, ErrorKind, number};
use crate::http::Request;
use crate::model::{Gap, Message};
use crate::order::Names;
use crate::settings::Settings;

/// What is wanted of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// one page
    Page,
    /// every message, in this order
    All(Direction),
}

/// The client's ids of the messages that came. A platform may send a request again by itself, as Chromium does where a
/// kept connection breaks before the head; what is then stored several times is one message of the user.
#[derive(Default)]
pub(super) struct Folded(Names);

impl Folded {
    /// Whether a message is the first of its kind.
    pub(super) fn is_new(&mut self, message: &Message) -> bool {
        match &message.client_message_id {
            Some(id) => self.0.add(id),
            None => true,
        }
    }
}

/// A history being read.
pub struct History {
    asking: Asking<Page>,
    folded: Folded,
    extent: Extent,
    /// a gap that the caller must hear of before anything else
    gap: Option<Gap>,
    more: bool,
}

impl History {
    /// Reads the pages that `pages` finds.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        pages: Box<dyn Errand<Found = Page>>,
        extent: Extent,
    ) -> Self {
        History {
            asking: Asking::new(settings, backend, pages, Expect::Json),
            folded: Folded::default(),
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
        let mut page = match self.asking.step(now, happened)? {
            Asked::Next(next) => return Ok(next),
            Asked::Found(page) => page,
        };
        // whichever way the pages go, of those on one page the oldest stays
        page.messages.retain(|message| self.folded.is_new(message));
        self.more = page.end.has_more;
        match self.extent {
            Extent::Page => {
                sink.messages(page.messages);
                sink.put(Outcome::Page(page.end));
                return Ok(Next::Done);
            }
            Extent::All(Direction::Forward) => sink.messages(page.messages),
            Extent::All(Direction::Backward) => {
                page.messages.reverse();
                sink.messages(page.messages);
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
        number(gap.timestamp)
    );
    Error::new(ErrorKind::Protocol, message).code("HISTORY_GAP")
}
