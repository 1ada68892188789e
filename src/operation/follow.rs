//! Follows a history: whatever is new in it, for as long as the caller listens.

use std::rc::Rc;

use super::history::{Asked, Asking, lost};
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Direction, Edge, Range};
use crate::error::Error;
use crate::http::Request;
use crate::model::Gap;
use crate::settings::Settings;

/// The shortest and the longest pause between two looks. elizaOS counts 1,000 requests per address in a quarter of an
/// hour, its own included, so looking every 0.9 s uses them up.
const PAUSE: f64 = 1_500.0;
const MAX_PAUSE: f64 = 10_000.0;
const GROWTH: f64 = 1.5;
/// How many messages one look hands out at a time.
const LIMIT: usize = 100;

/// A history being followed.
pub struct Follow {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    session: String,
    asking: Asking,
    /// what is there already, when the caller did not say from where
    finding_start: bool,
    waiting: bool,
    pause: f64,
    /// a gap that the caller must hear of before anything else
    gap: Option<Gap>,
}

impl Follow {
    /// Follows `session` from `after`, or from what is newest now.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        session: &str,
        after: Option<Edge>,
    ) -> Result<Self, Error> {
        let finding_start = after.is_none();
        let asking = asking(&settings, &backend, session, after)?;
        Ok(Follow {
            settings,
            backend,
            session: session.to_owned(),
            asking,
            finding_start,
            waiting: false,
            pause: PAUSE,
            gap: None,
        })
    }

    /// Looks from `after` on at the next chance.
    fn go_on(&mut self, after: Option<String>) -> Result<(), Error> {
        // an empty history has no edge yet: everything in it will be new
        let after = Some(after.map_or(Edge::Time(0.0), Edge::Cursor));
        self.asking = asking(&self.settings, &self.backend, &self.session, after)
            .map_err(|error| self.asking.call.failed(error))?;
        Ok(())
    }
}

fn asking(
    settings: &Rc<Settings>,
    backend: &Rc<dyn Backend>,
    session: &str,
    after: Option<Edge>,
) -> Result<Asking, Error> {
    let direction = if after.is_some() {
        Direction::Forward
    } else {
        Direction::Backward
    };
    let pager = backend.pager(
        session,
        &Range {
            before: None,
            after,
            limit: LIMIT,
        },
        direction,
    )?;
    Ok(Asking::new(settings.clone(), backend.clone(), pager))
}

impl Operation for Follow {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.asking.call.space(at_least)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        if let Some(gap) = self.gap.take() {
            return Err(self.asking.call.failed(lost(gap)));
        }
        if happened == Happened::Resumed && self.waiting {
            return Ok(Next::Wait(self.pause));
        }
        if happened == Happened::Waited {
            self.waiting = false;
        }
        let page = match self.asking.step(now, happened)? {
            Asked::Next(next) => return Ok(next),
            Asked::Page(page) => page,
        };
        let new = !self.finding_start && !page.messages.is_empty();
        if new {
            page.messages
                .into_iter()
                .for_each(|message| sink.put(Outcome::Message(message)));
            self.pause = PAUSE;
        } else {
            self.pause = if self.finding_start {
                PAUSE
            } else {
                (self.pause * GROWTH).min(MAX_PAUSE)
            };
        }
        let more = page.end.has_more && !self.finding_start;
        self.gap = page.end.gap.filter(|_| !self.finding_start);
        self.finding_start = false;
        if !more {
            self.go_on(page.end.cursors.after)?;
            self.waiting = true;
        }
        Ok(if new || self.gap.is_some() {
            Next::Yield
        } else {
            Next::Wait(self.pause)
        })
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.asking.call.patience()
    }
}
