//! The pages of a history that the server gives as a whole: read once, cut here. A cursor is the id of a message.

use std::collections::VecDeque;

use super::{Direction, Edge, Errand, Finds, Page, Range};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::model::{Cursors, Message, PageEnd};
use crate::word::Word;

/// Finds the pages of `range` in what `request` leads to and `read` reads: the whole history, oldest first.
pub fn pages<R>(request: Request, range: &Range, direction: Direction, read: R) -> Finds<Page>
where
    R: Fn(&Word) -> Result<Vec<Message>, Error> + 'static,
{
    for edge in [&range.before, &range.after].into_iter().flatten() {
        if matches!(edge, Edge::Time(time) if time.is_nan()) {
            return Err(invalid("a point in time is not a number"));
        }
    }
    Ok(Box::new(Whole {
        request,
        range: range.clone(),
        direction,
        read,
        messages: VecDeque::new(),
        lower: None,
        upper: None,
    }))
}

struct Whole<R> {
    request: Request,
    range: Range,
    direction: Direction,
    read: R,
    /// what was not handed out yet, oldest first
    messages: VecDeque<Message>,
    /// the message in front of the first of them
    lower: Option<Word>,
    /// the message behind the last of them
    upper: Option<Word>,
}

impl<R> Whole<R> {
    /// Keeps what lies in the range.
    fn keep(&mut self, mut messages: Vec<Message>) -> Result<(), Error> {
        let end = match &self.range.before {
            None => messages.len(),
            Some(Edge::Cursor(id)) => place(&messages, id)?,
            Some(Edge::Time(time)) => {
                let stamps = known(&messages)?;
                stamps.partition_point(|stamp| stamp < time)
            }
        };
        let start = match &self.range.after {
            None => 0,
            Some(Edge::Cursor(id)) => place(&messages, id)? + 1,
            // everything is newer, whether its time is known or not
            Some(Edge::Time(time)) if *time <= 0.0 => 0,
            Some(Edge::Time(time)) => {
                let stamps = known(&messages)?;
                stamps.partition_point(|stamp| stamp <= time)
            }
        };
        let start = start.min(end);
        let id = |at: Option<usize>| messages.get(at?).map(|message| message.id.clone());
        self.upper = id(Some(end));
        self.lower = id(start.checked_sub(1));
        messages.truncate(end);
        messages.drain(..start);
        self.messages = messages.into();
        Ok(())
    }

    /// The next page of what is kept.
    fn page(&mut self) -> Page {
        let count = self.messages.len().min(self.range.limit.max(1));
        let messages: Vec<Message> = match self.direction {
            // mostly it is all of them, and then nothing has to move
            _ if count == self.messages.len() => std::mem::take(&mut self.messages).into(),
            Direction::Forward => self.messages.drain(..count).collect(),
            Direction::Backward => self.messages.drain(self.messages.len() - count..).collect(),
        };
        let before = match messages.first() {
            Some(message) => Some(message.id.clone()),
            None => self.upper.clone(),
        };
        // what still grows has to be read again
        let whole = messages.iter().take_while(|message| message.complete);
        let neighbour = match self.direction {
            Direction::Forward => self.lower.clone(),
            Direction::Backward => match self.messages.back() {
                Some(message) => Some(message.id.clone()),
                None => self.lower.clone(),
            },
        };
        let after = match whole.last() {
            Some(message) => Some(message.id.clone()),
            None => neighbour,
        };
        match self.direction {
            Direction::Forward => {
                let last = messages.last().map(|message| message.id.clone());
                self.lower = last.or(self.lower.take());
            }
            Direction::Backward => self.upper.clone_from(&before),
        }
        Page {
            messages,
            end: PageEnd {
                has_more: !self.messages.is_empty(),
                cursors: Cursors {
                    before: before.map(String::from),
                    after: after.map(String::from),
                },
                gap: None,
            },
        }
    }
}

impl<R: Fn(&Word) -> Result<Vec<Message>, Error>> Errand for Whole<R> {
    type Found = Page;

    fn ask(&mut self) -> Request {
        self.request.clone()
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Page>, Error> {
        let messages = (self.read)(body)?;
        self.keep(messages)?;
        Ok(Some(self.page()))
    }

    fn ready(&mut self) -> Option<Page> {
        (!self.messages.is_empty()).then(|| self.page())
    }
}

/// The place of the message that a cursor names.
fn place(messages: &[Message], id: &str) -> Result<usize, Error> {
    let place = messages.iter().position(|message| message.id == id);
    place.ok_or_else(|| invalid("neither a date nor a cursor that a page of this history gave"))
}

/// The time of each message. One without a time of its own has that of the newest in front of it, and clocks that ran
/// backwards are held: the order of the rows is the order of the history.
fn stamps(messages: &[Message]) -> Vec<Option<f64>> {
    let mut newest = None;
    let mut stamps: Vec<Option<f64>> = messages
        .iter()
        .map(|message| {
            newest = match (newest, message.timestamp) {
                (Some(newest), Some(own)) => Some(f64::max(newest, own)),
                (newest, own) => own.or(newest),
            };
            newest
        })
        .collect();
    let first = stamps.iter().flatten().next().copied();
    for stamp in &mut stamps {
        *stamp = stamp.or(first);
    }
    stamps
}

/// The times, if there are any.
fn known(messages: &[Message]) -> Result<Vec<f64>, Error> {
    let known: Option<Vec<f64>> = stamps(messages).into_iter().collect();
    known.ok_or_else(|| {
        invalid("no message of this history has a time with a zone: page by cursors")
            .code("NO_TIME")
    })
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;
    use crate::json::Json;
    use crate::model::Role;
    use crate::text::Text;

    fn message(id: &str, timestamp: Option<f64>, complete: bool) -> Message {
        Message {
            id: id.into(),
            role: Role::User,
            text: Text::default(),
            created_at: None,
            timestamp,
            author: None,
            tool_call: None,
            tool_result: None,
            citations: None,
            sources: None,
            complete,
            client_message_id: None,
            metadata: None,
            raw: Json::default(),
        }
    }

    /// `a` at 10, `b` at 20, `c` without a time, `d` at 40, `e` at 50 and still growing.
    fn history(_: &Word) -> Result<Vec<Message>, Error> {
        Ok(vec![
            message("a", Some(10.0), true),
            message("b", Some(20.0), true),
            message("c", None, true),
            message("d", Some(40.0), true),
            message("e", Some(50.0), false),
        ])
    }

    fn timeless(_: &Word) -> Result<Vec<Message>, Error> {
        Ok(vec![message("a", None, true)])
    }

    type ReadHistory = fn(&Word) -> Result<Vec<Message>, Error>;
    type Cut = (String, bool, Option<String>, Option<String>);

    /// The pages: their ids, whether there is more, and the cursors.
    fn cut(
        before: Option<Edge>,
        after: Option<Edge>,
        limit: usize,
        direction: Direction,
        read: ReadHistory,
    ) -> Result<Vec<Cut>, Error> {
        let range = Range {
            before,
            after,
            limit,
        };
        let request = Request::new(Method::Get, "http://agents.test".to_owned());
        let mut errand = pages(request, &range, direction, read)?;
        let mut found = Vec::new();
        let mut page = errand.answer(&Word::default())?;
        while let Some(Page { messages, end }) = page.take() {
            let ids = messages.iter().map(|message| &*message.id).collect();
            found.push((ids, end.has_more, end.cursors.before, end.cursors.after));
            page = errand.ready();
        }
        Ok(found)
    }

    fn cursor(id: &str) -> Option<Edge> {
        Some(Edge::Cursor(id.to_owned()))
    }

    fn time(time: f64) -> Option<Edge> {
        Some(Edge::Time(time))
    }

    fn ids(pages: Vec<Cut>) -> Vec<String> {
        pages.into_iter().map(|(ids, ..)| ids).collect()
    }

    #[test]
    fn pages_backward_end_at_the_oldest_and_forward_at_the_newest() {
        let backward = cut(None, None, 2, Direction::Backward, history).unwrap();
        assert_eq!(ids(backward.clone()), ["de", "bc", "a"]);
        assert_eq!(
            backward
                .iter()
                .map(|(_, more, ..)| *more)
                .collect::<Vec<_>>(),
            [true, true, false]
        );
        let forward = cut(None, None, 2, Direction::Forward, history).unwrap();
        assert_eq!(ids(forward), ["ab", "cd", "e"]);
    }

    #[test]
    fn a_cursor_leads_on_from_where_its_page_ended() {
        for direction in [Direction::Backward, Direction::Forward] {
            let all = cut(None, None, 2, direction, history).unwrap();
            for (at, (_, more, before, after)) in all.iter().enumerate() {
                let edge = |id: &Option<String>| id.clone().map(Edge::Cursor);
                let next = match direction {
                    Direction::Backward => cut(edge(before), None, 2, direction, history),
                    Direction::Forward => cut(None, edge(after), 2, direction, history),
                };
                let next = ids(next.unwrap());
                match direction {
                    Direction::Forward if !more => assert_eq!(next, ["e"], "it still grows"),
                    _ if !more => assert_eq!(next, [""]),
                    _ => assert_eq!(next, ids(all[at + 1..].to_vec())),
                }
            }
        }
    }

    #[test]
    fn the_cursor_after_a_page_lies_before_what_still_grows() {
        let page = |after: &str| {
            let found = cut(None, cursor(after), 9, Direction::Forward, history);
            found.unwrap().remove(0).3
        };
        assert_eq!(page("b").as_deref(), Some("d"));
        assert_eq!(page("d").as_deref(), Some("d"));
    }

    #[test]
    fn an_empty_page_keeps_its_place() {
        let older = cut(cursor("a"), None, 2, Direction::Backward, history).unwrap();
        assert_eq!(older, [(String::new(), false, Some("a".to_owned()), None)]);
        let newer = cut(None, time(60.0), 2, Direction::Forward, history).unwrap();
        assert_eq!(newer, [(String::new(), false, None, Some("e".to_owned()))]);
    }

    #[test]
    fn a_point_in_time_is_exclusive_and_a_row_without_a_time_stays_behind_the_one_before_it() {
        let backward = |before| ids(cut(before, None, 9, Direction::Backward, history).unwrap());
        assert_eq!(backward(time(20.0)), ["a"]);
        assert_eq!(backward(time(20.5)), ["abc"]);
        let forward = |after| ids(cut(None, after, 9, Direction::Forward, history).unwrap());
        assert_eq!(forward(time(20.0)), ["de"]);
        assert_eq!(forward(time(19.9)), ["bcde"]);
        let both = cut(time(50.0), time(10.0), 9, Direction::Backward, history).unwrap();
        assert_eq!(ids(both), ["bcd"]);
        let none = cut(time(10.0), time(50.0), 9, Direction::Backward, history).unwrap();
        assert_eq!(ids(none), [""]);
    }

    #[test]
    fn a_history_without_times_is_paged_by_cursors_only() {
        let error = cut(time(1.0), None, 9, Direction::Backward, timeless).unwrap_err();
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (ErrorKind::Invalid, Some("NO_TIME"))
        );
        let all = cut(None, time(0.0), 9, Direction::Forward, timeless).unwrap();
        assert_eq!(ids(all), ["a"]);
    }

    #[test]
    fn a_cursor_of_another_history_is_refused() {
        let error = cut(cursor("z"), None, 9, Direction::Backward, history).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
    }
}
