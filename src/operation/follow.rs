//! Follows a history: whatever is new in it, for as long as the caller listens. A message that still grows is held back
//! until it is whole, or until it has not grown for a while: each comes out once.

use std::rc::Rc;

use super::asking::{Asked, Asking};
use super::call::Expect;
use super::history::{Folded, lost};
use super::{Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Backend, Direction, Edge, Page, Range};
use crate::error::Error;
use crate::http::Request;
use crate::model::{Gap, Message};
use crate::order::Names;
use crate::settings::Settings;

/// The shortest and the longest pause between two looks. elizaOS counts 1,000 requests per address in a quarter of an
/// hour, its own included, so looking every 0.9 s uses them up.
const PAUSE: f64 = 1_500.0;
const MAX_PAUSE: f64 = 10_000.0;
const GROWTH: f64 = 1.5;
/// How many messages one look hands out at a time.
const LIMIT: usize = 100;
/// How long a message that is not whole may stay as it is before it comes out all the same, in milliseconds. An agent
/// that stopped never says so in its last row.
const STILL: f64 = 15_000.0;

/// A history being followed.
pub struct Follow {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    session: String,
    asking: Asking<Page>,
    /// what is there already, when the caller did not say from where
    finding_start: bool,
    waiting: bool,
    pause: f64,
    /// the message that is held back, and since when it is as it is
    growing: Option<(Message, Now)>,
    /// messages that came out before they were whole, and those that came out behind them
    early: Names,
    folded: Folded,
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
            growing: None,
            early: Names::default(),
            folded: Folded::default(),
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

    /// Those of `messages` that come out now.
    fn ripe(&mut self, now: Now, messages: Vec<Message>) -> Vec<Message> {
        let mut ripe = Vec::with_capacity(messages.len());
        let held = self.growing.take();
        // a message that still grows is read again, and so is all that stands behind it
        let mut comes_again = false;
        for message in messages {
            comes_again |= !message.complete;
            if self.early.find(&message.id).is_some() {
                continue;
            }
            if !message.complete {
                let since = match &held {
                    Some((before, since)) if *before == message => *since,
                    _ => now,
                };
                if now - since < STILL {
                    self.growing = Some((message, since));
                    break;
                }
            }
            if comes_again {
                self.early.add(&message.id);
            }
            if self.folded.is_new(&message) {
                ripe.push(message);
            }
        }
        ripe
    }
}

fn asking(
    settings: &Rc<Settings>,
    backend: &Rc<dyn Backend>,
    session: &str,
    after: Option<Edge>,
) -> Result<Asking<Page>, Error> {
    let direction = if after.is_some() {
        Direction::Forward
    } else {
        Direction::Backward
    };
    let range = Range {
        before: None,
        after,
        limit: LIMIT,
    };
    let pages = backend.pages(session, &range, direction)?;
    Ok(Asking::new(
        settings.clone(),
        backend.clone(),
        pages,
        Expect::Json,
    ))
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
            return Ok(Next::Look(self.pause));
        }
        if happened == Happened::Waited {
            self.waiting = false;
        }
        let page = match self.asking.step(now, happened)? {
            Asked::Next(next) => return Ok(next),
            Asked::Found(page) => page,
        };
        let known = self.growing.as_ref().map(|(message, _)| message.clone());
        let ripe = match self.finding_start {
            true => Vec::new(),
            false => self.ripe(now, page.messages),
        };
        let grew = self.growing.as_ref().map(|(message, _)| message) != known.as_ref();
        let new = !ripe.is_empty();
        ripe.into_iter()
            .for_each(|message| sink.put(Outcome::Message(message)));
        self.pause = match self.finding_start || new || grew {
            true => PAUSE,
            false => (self.pause * GROWTH).min(MAX_PAUSE),
        };
        let more = page.end.has_more && !self.finding_start && self.growing.is_none();
        self.gap = page.end.gap.filter(|_| !self.finding_start);
        self.finding_start = false;
        if !more {
            self.go_on(page.end.cursors.after)?;
            self.waiting = true;
        }
        Ok(if new || self.gap.is_some() {
            Next::Yield
        } else {
            Next::Look(self.pause)
        })
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    fn patience(&self) -> Patience {
        self.asking.call.patience()
    }
}
