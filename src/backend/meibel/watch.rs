//! The answer to a message, looked for in the history. In: the whole history, again and again. Out: the agent's last row in
//! the exchange that the message began. Nothing in a row says that the exchange is over, so its last row is the answer only
//! once a second look, later, finds it as it was, or once the next message of the user stands behind it.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::{Edge, Listener, Look, Watch};
use super::wire;
use crate::error::Error;
use crate::http::Request;
use crate::model::{Message, Reply, Role};
use crate::order::Named;
use crate::text::Text;
use crate::word::Word;

/// The newest row of each session's history that this client has seen: what it sends later stands behind it.
#[derive(Clone, Default)]
pub struct Known(Rc<RefCell<Named<Word>>>);

/// A client that lives long forgets what it knew of so many sessions.
const MOST_KNOWN: usize = 1_000;

impl Known {
    /// Notes that `id` is in the history of `session`.
    pub fn note(&self, session: &str, id: &str) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST_KNOWN {
            *known = Named::default();
        }
        known.set(session, Word::from(id.to_owned()));
    }

    /// Notes what is newest in the history of `session`.
    pub fn read(&self, session: &str, rows: &[Message]) {
        if let Some(newest) = rows.last() {
            self.note(session, &newest.id);
        }
    }

    /// The place behind which everything in `session` is new.
    pub fn edge(&self, session: &str) -> Option<Edge> {
        let known = self.0.borrow();
        known.get(session).map(|id| Edge::Cursor(id.to_string()))
    }
}

/// The same of a history that was just read.
pub fn edge(rows: &[Message]) -> Edge {
    match rows.last() {
        Some(newest) => Edge::Cursor(newest.id.to_string()),
        None => Edge::Time(0.0),
    }
}

/// Looks for one answer.
pub struct Awaiting {
    history: Request,
    message: String,
    /// the agent's last row, as it was at the last look
    last: Option<(Word, Text<'static>)>,
}

impl Awaiting {
    /// Looks behind the row `message` in what `history` leads to.
    pub fn new(history: Request, message: String) -> Self {
        Awaiting {
            history,
            message,
            last: None,
        }
    }
}

impl Watch for Awaiting {
    fn ask(&mut self) -> Request {
        self.history.clone()
    }

    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error> {
        let mut rows = wire::messages(body)?.into_iter();
        if !rows.any(|row| *row.id == *self.message) {
            return Ok(Look::Idle);
        }
        let (mut answer, mut is_last, mut is_over) = (None, false, false);
        for row in rows {
            is_over = row.role == Role::User;
            if is_over {
                break;
            }
            is_last = row.role == Role::Assistant;
            if is_last {
                answer = Some(row);
            }
        }
        let Some(answer) = answer else {
            return Ok(Look::Idle);
        };
        let found = Some((answer.id.clone(), answer.text.clone()));
        let stayed = self.last == found;
        if is_over || is_last && stayed {
            let text = answer.text.clone();
            listener.done(Box::new(Reply::from(answer)), Some(text));
            return Ok(Look::Idle);
        }
        self.last = found;
        Ok(match stayed {
            true => Look::Idle,
            false => Look::Growing,
        })
    }
}
