//! Finds the pages of an elizaOS history without losing a row.
//!
//! The server pages by millisecond stamps, with both ends exclusive and no order inside a stamp, so rows that share a
//! stamp are lost at the edge of a page (measured: 12 rows, 4 a stamp, pages of 6: two are lost). A cursor here is
//! therefore a stamp *and* the ids that were handed out there; the next question reaches one millisecond back into the
//! stamp, and what was seen is dropped. Its `hasMore` only says that a page is full, so one row more than wanted is asked
//! for. Its `after` alone looks at no more than the newest 1,000 rows and says nothing of the others, so what is behind
//! `after` is found between two stamps, which is complete.

mod backward;
mod forward;

use super::super::{Direction, Edge, Errand, Finds, Page, Range};
use crate::error::{Error, ErrorKind};
use crate::http::{self, Request};
use crate::json::whole;
use crate::model::{Cursors, Gap, Message, PageEnd};
use crate::order::Names;

/// The most rows that the server gives in one answer.
const MOST: usize = 100;
/// The last millisecond that the server takes as `before`: from the year 10000 on its database fails (status 500).
const LAST: i64 = 253_402_300_799_999;

/// A pager for the history that `request` asks for.
pub fn new(request: Request, range: &Range, direction: Direction) -> Finds<Page> {
    let before = range
        .before
        .as_ref()
        .map(|edge| Bound::read(edge, Side::Before))
        .transpose()?;
    let after = range
        .after
        .as_ref()
        .map(|edge| Bound::read(edge, Side::After))
        .transpose()?;
    let question = Question { request };
    let limit = range.limit.max(1);
    Ok(match direction {
        Direction::Backward => Box::new(backward::Backward::new(question, before, after, limit)),
        Direction::Forward => Box::new(forward::Forward::new(question, before, after, limit)),
    })
}

/// The next pages of `limit` rows in the history that `history` asks for, behind a place.
pub fn forward(history: &Request, after: &Bound, limit: usize) -> Box<dyn Errand<Found = Page>> {
    let question = Question {
        request: history.clone(),
    };
    let after = Some(after.clone());
    Box::new(forward::Forward::new(question, None, after, limit))
}

/// The request for the newest rows before a stamp.
pub fn before(history: &Request, at: i64, limit: usize) -> Request {
    let question = Question {
        request: history.clone(),
    };
    question.ask(Some(at), None, limit)
}

/// An end of a range: rows strictly beyond `at`, without those seen.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    at: i64,
    seen: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Side {
    fn letter(self) -> char {
        match self {
            Side::Before => 'b',
            Side::After => 'a',
        }
    }
}

impl Bound {
    /// The place right behind the message `id`, which has this stamp.
    pub fn behind(id: &str, at: i64) -> Bound {
        let mut seen = Names::default();
        seen.add(id);
        Bound { at: at - 1, seen }
    }

    /// The place that a page's cursor `after` names.
    pub fn behind_cursor(cursor: &str) -> Option<Bound> {
        Bound::parse(cursor, Side::After)
    }

    fn read(edge: &Edge, side: Side) -> Result<Bound, Error> {
        match edge {
            Edge::Time(time) if time.is_nan() => Err(invalid("a point in time is not a number")),
            Edge::Time(time) => {
                let time = time.clamp(0.0, LAST as f64);
                let at = if side == Side::Before {
                    time.ceil()
                } else {
                    time.floor()
                };
                Ok(Bound {
                    at: at as i64,
                    seen: Names::default(),
                })
            }
            Edge::Cursor(cursor) => Bound::parse(cursor, side).ok_or_else(|| {
                invalid("neither a date nor a cursor that elizaOS pages gave for this direction")
            }),
        }
    }

    fn parse(cursor: &str, side: Side) -> Option<Bound> {
        let (at, seen) = cursor.strip_prefix(side.letter())?.split_once(':')?;
        let at: i64 = at.parse().ok()?;
        let mut ids = Names::default();
        for id in seen.split(',').filter(|id| !id.is_empty()) {
            ids.add(&http::percent_decoded(id)?);
        }
        (0..=LAST).contains(&at).then_some(Bound { at, seen: ids })
    }

    fn cursor(&self, side: Side) -> String {
        let ids: Vec<String> = self.seen.iter().map(http::percent_encoded).collect();
        format!("{}{}:{}", side.letter(), self.at, ids.join(","))
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// The request for rows, still without its query.
struct Question {
    request: Request,
}

impl Question {
    fn ask(&self, before: Option<i64>, after: Option<i64>, limit: usize) -> Request {
        let mut request = self.request.clone();
        let mut query = format!("?limit={limit}");
        for (name, at) in [("before", before), ("after", after)] {
            if let Some(at) = at {
                query.push_str(&format!("&{name}={at}"));
            }
        }
        request.url.push_str(&query);
        request
    }
}

/// What a full answer means that brings nothing which was asked for: somebody on the way does not listen to the question,
/// such as a cache that leaves the query out of its keys. Asking on would never end.
fn unheard(body: &str) -> Result<Option<Page>, Error> {
    Ok(whole(body, |reader| {
        Err(reader.flaw("the messages lie outside of what was asked for"))
    })?)
}

/// A row's stamp. The wire refuses rows without one.
pub fn stamp(message: &Message) -> i64 {
    message.timestamp.unwrap_or_default().floor() as i64
}

/// The ids of those `messages` that have this stamp, and of those seen before if they have it as well.
fn seen_at<'a>(
    at: i64,
    messages: impl Iterator<Item = &'a Message>,
    earlier: Option<&Names>,
) -> Names {
    let mut seen = earlier.cloned().unwrap_or_default();
    for message in messages.filter(|message| stamp(message) == at) {
        seen.add(&message.id);
    }
    seen
}

/// A page of `messages`, oldest first. What was asked with stays in the cursors of an empty page, so that a caller can
/// go on from there.
fn page(
    messages: Vec<Message>,
    has_more: bool,
    gap: Option<i64>,
    before: Option<&Bound>,
    after: Option<&Bound>,
) -> Page {
    let edge = |message: Option<&Message>, side: Side, asked: Option<&Bound>| match message {
        None => asked.map(|bound| bound.cursor(side)),
        Some(message) => {
            let stamp = stamp(message);
            let at = if side == Side::Before {
                stamp + 1
            } else {
                stamp - 1
            };
            let earlier = asked
                .filter(|bound| bound.at == at)
                .map(|bound| &bound.seen);
            Some(
                Bound {
                    at,
                    seen: seen_at(stamp, messages.iter(), earlier),
                }
                .cursor(side),
            )
        }
    };
    let cursors = Cursors {
        before: edge(messages.first(), Side::Before, before),
        after: edge(messages.last(), Side::After, after),
    };
    let gap = gap.map(|at| Gap {
        timestamp: at as f64,
    });
    Page {
        messages,
        end: PageEnd {
            has_more,
            cursors,
            gap,
        },
    }
}
