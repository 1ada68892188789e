//! Finds a message of the user in a history: the newest one, the first one behind a place, or one that this client sent
//! and of which nobody knows whether the backend took it. In: what happened to the requests for the history. Out: the
//! message, or that it surely is not there, or that nobody can tell. It never guesses between two messages. Looking for
//! the answer is left to `looking`.

use std::rc::Rc;

use super::asking::{Asked, Asking};
use super::call::Expect;
use super::{Happened, Next, Now, Patience};
use crate::backend::{Backend, Direction, Edge, Page, Range, Sought};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::model::{Message, Role};
use crate::settings::Settings;

/// How long a message may be on its way into the history: only then is it absent.
const SETTLE: f64 = 3_000.0;
/// How long a history that cannot be read is tried to be read.
const LIMIT: f64 = 15_000.0;
/// The pause between two readings.
const PAUSE: f64 = 1_000.0;
/// How many messages are asked for at a time, and how often.
const PAGE: usize = 100;
const MOST_PAGES: u32 = 20;
/// So much older than its sending no message is, whatever the server's clock says.
const DAY: f64 = 86_400_000.0;
/// Where nothing else tells a message from older ones with the same text: so far a clock may be wrong for it to be taken
/// for this one, and so far for it to be doubtful.
const CLOSE: f64 = 5_000.0;
const FAR: f64 = 600_000.0;

/// Which message.
pub enum Wanted {
    /// the newest one of the user
    Newest,
    /// the first one of the user behind this
    First(Edge),
    /// one that this client sent
    Sent(Sought),
}

/// How far a search is.
pub enum Searched {
    /// for the driver
    Next(Next),
    /// the message, and whether the history holds any answer
    Found(Box<Message>, bool),
    /// it is not there
    Absent,
    /// nobody can tell
    Doubtful,
}

/// A search for a message.
pub struct Search {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    session: String,
    wanted: Wanted,
    /// when the message was sent
    sent: Now,
    asking: Asking<Page>,
    seen: Seen,
    waiting: bool,
    began: Option<Now>,
    now: Now,
}

/// What one reading of the history has shown so far.
#[derive(Default)]
struct Seen {
    pages: u32,
    answers: bool,
    /// messages that may be the one
    found: Vec<Message>,
    /// one without a time, or one that only a wrong clock would make the one
    undated: bool,
    near: bool,
    /// the newest message of the user says the same
    newest_alike: bool,
    /// some of what was asked for cannot be read
    gap: bool,
}

impl Search {
    /// Looks in `session` for a message; `sent` is when it was sent, where that matters.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        session: &str,
        wanted: Wanted,
        sent: Now,
    ) -> Result<Self, Error> {
        let asking = asking(&settings, &backend, session, &wanted, sent)?;
        Ok(Search {
            settings,
            backend,
            session: session.to_owned(),
            wanted,
            sent,
            asking,
            seen: Seen::default(),
            waiting: false,
            began: None,
            now: 0.0,
        })
    }

    /// Room for the body that is being read.
    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.asking.call.space(at_least)
    }

    /// The request to make.
    pub fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.asking.call.request(key)
    }

    /// How long to wait for it.
    pub fn patience(&self) -> Patience {
        self.asking.call.patience().within(self.left())
    }

    fn took(&self) -> f64 {
        self.now - self.began.unwrap_or(self.now)
    }

    fn left(&self) -> f64 {
        LIMIT - self.took()
    }

    /// Takes what happened.
    pub fn step(&mut self, now: Now, happened: Happened) -> Result<Searched, Error> {
        self.began.get_or_insert(now);
        self.now = now;
        let mut happened = match std::mem::take(&mut self.waiting) {
            true => Happened::Begin,
            false => happened,
        };
        loop {
            let page = match self.asking.step(now, happened) {
                Ok(Asked::Next(next)) => return Ok(Searched::Next(next)),
                Ok(Asked::Found(page)) => page,
                Err(error) => return self.failed(error),
            };
            let more = page.end.has_more;
            self.seen.pages += 1;
            self.seen.gap |= page.end.gap.is_some();
            self.look(page.messages);
            if more && !self.is_settled() && self.seen.pages < MOST_PAGES {
                happened = Happened::Resumed;
                continue;
            }
            self.seen.gap |= more;
            return self.judge();
        }
    }

    /// Whether further pages cannot change what was found.
    fn is_settled(&self) -> bool {
        match &self.wanted {
            Wanted::Sent(sought) if sought.mark.is_none() => false,
            _ => !self.seen.found.is_empty(),
        }
    }

    fn look(&mut self, messages: Vec<Message>) {
        let seen = &mut self.seen;
        for message in messages {
            seen.answers |= message.role == Role::Assistant;
            match &self.wanted {
                Wanted::Newest if message.role == Role::User => seen.found = vec![message],
                Wanted::First(_) if message.role == Role::User && seen.found.is_empty() => {
                    seen.found.push(message);
                }
                Wanted::Newest | Wanted::First(_) => {}
                Wanted::Sent(Sought {
                    mark: Some(mark), ..
                }) => {
                    // a platform may have sent it several times over: the first one counts
                    if message.client_message_id.as_deref() == Some(mark) && seen.found.is_empty() {
                        seen.found.push(message);
                    }
                }
                Wanted::Sent(sought) => {
                    let alike = self.backend.may_be(&message, &sought.text);
                    if message.role == Role::User {
                        seen.newest_alike = alike && sought.known.is_none();
                    }
                    match message.timestamp {
                        _ if !alike => {}
                        _ if let Some(known) = &sought.known => {
                            if known.find(&message.id).is_none() {
                                seen.found.push(message);
                            }
                        }
                        _ if sought.after.is_some() => seen.found.push(message),
                        Some(at) if at >= self.sent - CLOSE => seen.found.push(message),
                        Some(at) => seen.near |= at >= self.sent - FAR,
                        None => seen.undated = true,
                    }
                }
            }
        }
    }

    fn judge(&mut self) -> Result<Searched, Error> {
        let Seen {
            answers,
            found,
            undated,
            near,
            newest_alike,
            gap,
            ..
        } = std::mem::take(&mut self.seen);
        let alike = matches!(&self.wanted, Wanted::Sent(sought) if sought.alike);
        let several = found.len() > 1 || alike && !found.is_empty();
        if let Some(message) = found.into_iter().next()
            && !several
            && !undated
        {
            return Ok(Searched::Found(Box::new(message), answers));
        }
        if several || undated || near || newest_alike || gap {
            return Ok(Searched::Doubtful);
        }
        match self.took() >= SETTLE {
            true => Ok(Searched::Absent),
            false => self.rest(Next::Wait(PAUSE)),
        }
    }

    fn failed(&mut self, error: Error) -> Result<Searched, Error> {
        // what was known to be there is there no more: the history is another one
        if error.kind == ErrorKind::Invalid
            && let Wanted::Sent(sought) = &mut self.wanted
            && sought.after.take().is_some()
        {
            return self.rest(Next::Wait(0.0));
        }
        let pause = error.retry_after.unwrap_or(PAUSE);
        if !error.kind.passes() || pause > self.left() {
            return Err(error);
        }
        self.rest(Next::Reconnect(pause))
    }

    /// Reads the history from its beginning after a pause.
    fn rest(&mut self, next: Next) -> Result<Searched, Error> {
        self.seen = Seen::default();
        let (settings, backend) = (&self.settings, &self.backend);
        self.asking = asking(settings, backend, &self.session, &self.wanted, self.sent)?;
        self.waiting = true;
        Ok(Searched::Next(next))
    }
}

fn asking(
    settings: &Rc<Settings>,
    backend: &Rc<dyn Backend>,
    session: &str,
    wanted: &Wanted,
    sent: Now,
) -> Result<Asking<Page>, Error> {
    let (direction, after) = match wanted {
        Wanted::Newest => (Direction::Backward, None),
        Wanted::First(edge) => (Direction::Forward, Some(edge.clone())),
        Wanted::Sent(sought) => match (&sought.mark, &sought.after) {
            (Some(_), _) => (Direction::Backward, Some(Edge::Time(sent - DAY))),
            (None, after) => (Direction::Forward, after.clone()),
        },
    };
    let range = Range {
        before: None,
        after,
        limit: PAGE,
    };
    let pages = backend.pages(session, &range, direction)?;
    Ok(Asking::new(
        settings.clone(),
        backend.clone(),
        pages,
        Expect::Json,
    ))
}
