//! The answer to a message, looked for in the history. In: the rows behind the message, again and again, and once those in
//! front of it. Out: the agent's first row, where it can only be the answer.
//!
//! No row says what it answers. Mostly that is no question: the message before was answered, and nothing else was sent. Else
//! it follows from what the server does: when it takes up a newer message it discards what it has not decided, so what is
//! stored well behind a message answers no earlier one. Counting does not help, because nothing tells what was discarded.
//! What is left is nobody's.

use super::super::{Errand, Listener, Look, Page, Watch};
use super::pager::{self, Bound};
use super::wire;
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::model::{Message, Reply, Role};
use crate::order::Names;
use crate::word::Word;

/// How many messages are read at a time.
const AWAITED: usize = 20;

/// So many milliseconds behind a message the server has surely taken it up.
const TAKEN_UP: i64 = 10_000;

/// For so many milliseconds nothing has to come for what was sent before to count as discarded.
const LOST: i64 = 300_000;

/// Looks behind one message for the answer to it.
pub struct Awaiting {
    history: Request,
    own: Own,
    after: Bound,
    /// what is being asked
    asks: Asks,
    /// how many messages in front of it have no answer, once that was read
    open: Option<usize>,
    /// what lies behind it, oldest first
    rows: Vec<Message>,
    seen: Names,
    doubtful: bool,
}

/// The message.
#[derive(Clone)]
pub struct Own {
    id: Word,
    at: i64,
}

impl Own {
    /// This one, if its time is known.
    pub fn of(message: &Message) -> Option<Own> {
        message.timestamp.map(|_| Own {
            id: message.id.clone(),
            at: pager::stamp(message),
        })
    }
}

enum Asks {
    /// what lies behind the message
    Behind(Box<dyn Errand<Found = Page>>),
    /// what lies in front of it
    Before,
}

/// What the rows behind a message say.
enum Judged<'a> {
    Answer(&'a Message),
    /// a newer message was answered, and this one never will be
    Overtaken,
    /// something may be the answer
    Doubtful,
    Nothing,
}

impl Awaiting {
    /// Looks behind `own` in the history that `history` asks for.
    pub fn new(history: Request, own: Own) -> Self {
        let after = Bound::behind(&own.id, own.at);
        Awaiting {
            asks: Asks::Behind(pager::forward(&history, &after, AWAITED)),
            history,
            own,
            after,
            open: None,
            rows: Vec::new(),
            seen: Names::default(),
            doubtful: false,
        }
    }

    /// How many of these messages, newest first, were open when the own one was sent.
    fn open(&self, rows: &[Message]) -> usize {
        let (mut open, mut newest) = (0, None);
        let rows = rows.iter().rev().filter(|row| row.id != self.own.id);
        for row in rows.filter(|row| pager::stamp(row) < self.own.at) {
            let at = pager::stamp(row);
            match row.role {
                Role::User => open = open_at(open, newest, at) + 1,
                _ if newest.is_some_and(|sent| at >= sent + TAKEN_UP) => open = 0,
                _ => open = open.saturating_sub(1),
            }
            newest = Some(at);
        }
        open_at(open, newest, self.own.at)
    }

    fn judge(&self, open: usize) -> Judged<'_> {
        let (mut later, mut newest) = (0, self.own.at);
        let mut doubtful = false;
        for row in &self.rows {
            let at = pager::stamp(row);
            match row.role {
                Role::User => (later, newest) = (later + 1, at),
                Role::Assistant if at < newest + TAKEN_UP && open + later > 0 => doubtful = true,
                Role::Assistant if later > 0 => return Judged::Overtaken,
                Role::Assistant => return Judged::Answer(row),
                _ => {}
            }
        }
        match doubtful {
            true => Judged::Doubtful,
            false => Judged::Nothing,
        }
    }
}

/// How many are still open when a message is sent.
fn open_at(open: usize, newest: Option<i64>, at: i64) -> usize {
    match newest {
        Some(newest) if at > newest + LOST => 0,
        _ => open,
    }
}

impl Watch for Awaiting {
    fn ask(&mut self) -> Request {
        match &mut self.asks {
            Asks::Behind(pages) => pages.ask(),
            Asks::Before => pager::before(&self.history, self.own.at, AWAITED),
        }
    }

    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error> {
        match &mut self.asks {
            Asks::Behind(pages) => {
                let Some(page) = pages.answer(body)? else {
                    return Ok(Look::Now);
                };
                let fresh = page.messages.into_iter();
                let fresh = fresh.filter(|message| self.seen.add(&message.id));
                self.rows.extend(fresh);
                let cursor = page.end.cursors.after;
                if let Some(bound) = cursor.and_then(|cursor| Bound::behind_cursor(&cursor)) {
                    self.after = bound;
                }
            }
            Asks::Before => self.open = Some(self.open(&wire::messages(body)?)),
        }
        self.asks = Asks::Behind(pager::forward(&self.history, &self.after, AWAITED));
        let Some(open) = self.open else {
            let speaks = self.rows.iter().any(|row| row.role == Role::Assistant);
            if !speaks {
                return Ok(Look::Idle);
            }
            self.asks = Asks::Before;
            return Ok(Look::Now);
        };
        let judged = self.judge(open);
        let doubtful = matches!(judged, Judged::Doubtful);
        match judged {
            Judged::Answer(message) => {
                let text = message.text.clone();
                listener.done(Box::new(Reply::from(message.clone())), Some(text));
            }
            Judged::Overtaken => {
                let message = "the agent gave no answer: a newer message overtook this one";
                listener.failed(Error::new(ErrorKind::Agent, message).code("NO_REPLY"));
            }
            Judged::Doubtful | Judged::Nothing => {}
        }
        self.doubtful = doubtful;
        Ok(Look::Idle)
    }

    fn doubt(&self) -> Option<&'static str> {
        let doubt = "what the agent said since may be the answer to another message";
        self.doubtful.then_some(doubt)
    }
}
