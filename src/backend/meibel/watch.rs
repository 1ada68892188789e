//! The answer to a message, looked for in the history. In: the whole history, again and again. Out: the agent's last row in
//! the exchange that the message began: one with its signal, or else one that stands behind the message. Nothing in a row
//! says that the exchange is over, so its last row is the answer only once a second look, later, finds it as it was, or once
//! the next message of the user stands behind it.

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

/// What this client knows of each session's history: what it sends later stands behind that.
#[derive(Clone, Default)]
pub struct Known(Rc<RefCell<Named<Session>>>);

#[derive(Clone, Default)]
struct Session {
    /// the newest row that it has seen
    newest: Option<Word>,
    /// what it has sent since, and of which it has seen no row
    unseen: Vec<Text<'static>>,
}

/// A client that lives long forgets what it knew of so many sessions, and of so many messages of one.
const MOST_KNOWN: usize = 1_000;
const MOST_UNSEEN: usize = 100;

impl Known {
    /// Notes that `id` is in the history of `session`.
    pub fn note(&self, session: &str, id: &str) {
        let newest = Some(Word::from(id.to_owned()));
        let unseen = Vec::new();
        self.set(session, Session { newest, unseen });
    }

    /// Notes what is newest in the history of `session`.
    pub fn read(&self, session: &str, rows: &[Message]) {
        if let Some(newest) = rows.last() {
            self.note(session, &newest.id);
        }
    }

    /// Notes that a message is sent. Gives the place behind which everything in `session` is new, and whether a row with
    /// this text there may be that of an earlier message.
    pub fn send(&self, session: &str, text: &Text<'static>) -> (Option<Edge>, bool) {
        let known = self.0.borrow().get(session).cloned();
        let mut known = known.unwrap_or_default();
        let alike = known.unseen.contains(text) || known.unseen.len() >= MOST_UNSEEN;
        let newest = known.newest.as_ref();
        let edge = newest.map(|id| Edge::Cursor(id.to_string()));
        known.unseen.truncate(MOST_UNSEEN);
        known.unseen.push(text.clone());
        self.set(session, known);
        (edge, alike)
    }

    fn set(&self, session: &str, value: Session) {
        let mut known = self.0.borrow_mut();
        if known.len() >= MOST_KNOWN {
            *known = Named::default();
        }
        known.set(session, value);
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
        let rows = wire::messages(body)?;
        let Some(own) = rows.iter().position(|row| *row.id == *self.message) else {
            return Ok(Look::Idle);
        };
        let of_user = |row: &&Message| row.role == Role::User;
        // exchanges overlap where a message is sent before the one before it is answered
        let others: Vec<String> = rows
            .iter()
            .filter(of_user)
            .filter(|row| *row.id != *self.message)
            .map(|row| wire::answer_id(&row.id))
            .collect();
        let named = wire::answer_id(&self.message);
        let (mut answer, mut is_named, mut is_last, mut is_over) = (None, false, false, false);
        for row in rows.into_iter().skip(own + 1) {
            let of_another = || others.iter().any(|other| row.id.starts_with(&**other));
            match row.role {
                Role::User => is_over = true,
                Role::Assistant if row.id.starts_with(&*named) => {
                    (answer, is_named, is_last) = (Some(row), true, true);
                }
                Role::Assistant if is_named || is_over || of_another() => {}
                Role::Assistant => (answer, is_last) = (Some(row), true),
                _ if is_over => {}
                _ => is_last = false,
            }
        }
        is_over &= !is_named;
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
        let grew = match (&self.last, &found) {
            (Some((_, before)), Some((_, text))) => text.strip_prefix(before).is_some(),
            _ => true,
        };
        self.last = found;
        Ok(match grew && !stayed {
            true => Look::Growing,
            false => Look::Idle,
        })
    }
}
