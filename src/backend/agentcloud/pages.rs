//! The pages of a history. The server knows one question: the rows whose id is greater than a given one. So what comes
//! behind a cursor is asked of it, and everything else is found here, in a full read.
//!
//! The full read names the id of which all zeros are made: without an id the same request wakes the agent of a chat, and
//! gets no answer at all where the session or its app is gone.
//!
//! Pages are cut in the order of the ids, which is that of insertion, so that a cursor means the same to the server and to
//! us. Inside a page the rows stand by their time, as the server's own page shows them: clocks of senders differ.

use super::super::{Direction, Edge, Errand, Finds, Page, Range, whole};
use super::rows;
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::model::Message;
use crate::settings::is_object_id;
use crate::word::Word;

/// An id that is smaller than every other.
pub const FIRST: &str = "000000000000000000000000";

/// Finds the pages of `range` in the history that `history` asks for, still without its query.
pub fn new(history: Request, range: &Range, direction: Direction) -> Finds<Page> {
    for edge in [&range.before, &range.after].into_iter().flatten() {
        if matches!(edge, Edge::Cursor(id) if !is_object_id(id)) {
            let message = "neither a date nor a cursor: those of Agent Cloud are 24 hexadecimal digits in lower case";
            return Err(Error::new(ErrorKind::Invalid, message));
        }
    }
    let (before, times_before) = split(&range.before);
    let (after, times_after) = split(&range.after);
    let times = Range {
        before: times_before,
        after: times_after,
        limit: range.limit,
    };
    let (least, most) = (after.clone(), before.clone());
    let read = move |body: &Word| {
        let mut rows = rows::read(body)?;
        // somebody on the way may not listen to the question
        rows.retain(|row| least.as_ref().is_none_or(|least| row.id > *least));
        let mut messages = rows::messages(rows);
        messages.retain(|message| most.as_ref().is_none_or(|most| *message.id < **most));
        Ok(messages)
    };
    let request = behind(&history, after.as_deref().unwrap_or(FIRST));
    Ok(Box::new(Pages {
        inner: whole::pages(request, &times, direction, read)?,
        before,
        after,
    }))
}

/// A cursor, or else a point in time.
fn split(edge: &Option<Edge>) -> (Option<String>, Option<Edge>) {
    match edge {
        Some(Edge::Cursor(id)) => (Some(id.clone()), None),
        other => (None, other.clone()),
    }
}

/// The request for the rows behind one.
pub fn behind(history: &Request, id: &str) -> Request {
    let mut request = history.clone();
    request.url.push_str("?messageId=");
    request.url.push_str(id);
    request
}

struct Pages {
    inner: Box<dyn Errand<Found = Page>>,
    before: Option<String>,
    after: Option<String>,
}

impl Pages {
    fn page(&self, mut page: Page) -> Page {
        // what still grows is read again with all that stands behind it, so it and they keep their places
        let whole = page
            .messages
            .iter()
            .take_while(|message| message.complete)
            .count();
        let rest = page.messages.split_off(whole);
        rows::by_time(&mut page.messages, |message: &Message| message.timestamp);
        page.messages.extend(rest);
        let cursors = &mut page.end.cursors;
        cursors.before = cursors.before.take().or_else(|| self.before.clone());
        cursors.after = cursors.after.take().or_else(|| self.after.clone());
        page
    }
}

impl Errand for Pages {
    type Found = Page;

    fn ask(&mut self) -> Request {
        self.inner.ask()
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Page>, Error> {
        let page = self.inner.answer(body)?;
        Ok(page.map(|page| self.page(page)))
    }

    fn ready(&mut self) -> Option<Page> {
        let page = self.inner.ready()?;
        Some(self.page(page))
    }
}
