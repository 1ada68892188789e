//! Towards older messages: the newest page of the range first.

use super::{Bound, Errand, LAST, MOST, Page, Question, Side, page, seen_at, stamp, unheard};
use crate::backend::eliza::wire;
use crate::error::Error;
use crate::http::Request;
use crate::model::Message;
use crate::order::Names;
use crate::word::Word;

/// Pages of a range, newest first.
pub(super) struct Backward {
    question: Question,
    /// where the page that is being put together began
    begin: Option<Bound>,
    /// how far it has come
    upper: Option<Bound>,
    lower: Option<Bound>,
    limit: usize,
    /// newest first
    found: Vec<Message>,
    /// a stamp that could not be paged, and how many rows were found before it
    gap: Option<(i64, usize)>,
    /// how many rows were asked for
    asked: usize,
}

impl Backward {
    pub(super) fn new(
        question: Question,
        before: Option<Bound>,
        after: Option<Bound>,
        limit: usize,
    ) -> Self {
        Backward {
            question,
            begin: before.clone(),
            upper: before,
            lower: after,
            limit,
            found: Vec::new(),
            gap: None,
            asked: 0,
        }
    }

    /// Whether a row is part of what is still wanted.
    fn is_new(&self, message: &Message) -> bool {
        let seen = |bound: &Option<Bound>| {
            bound
                .as_ref()
                .is_some_and(|bound| bound.seen.find(&message.id).is_some())
        };
        !seen(&self.upper) && !seen(&self.lower)
    }

    /// How many rows the page holds at most: it ends at a gap.
    fn most(&self) -> usize {
        self.gap.map_or(self.limit, |(_, before)| before)
    }

    /// Hands out what was found; with more than a page of it, the rest is asked for again.
    fn turn(&mut self) -> Page {
        let mut messages = std::mem::take(&mut self.found);
        let has_more = messages.len() > self.most();
        messages.truncate(self.most());
        messages.reverse();
        let oldest = messages.first().map(|oldest| {
            let at = stamp(oldest);
            let earlier = self
                .begin
                .as_ref()
                .filter(|bound| bound.at == at + 1)
                .map(|bound| &bound.seen);
            Bound {
                at: at + 1,
                seen: seen_at(at, messages.iter(), earlier),
            }
        });
        let gap = self.gap.take().map(|(at, _)| at);
        let mut page = page(
            messages,
            has_more,
            gap,
            self.begin.as_ref(),
            self.lower.as_ref(),
        );
        self.upper = oldest.or_else(|| self.upper.take());
        if let Some(at) = gap {
            // the next page begins behind the gap
            let upper = Bound {
                at,
                seen: Names::default(),
            };
            page.end.cursors.before = Some(upper.cursor(Side::Before));
            self.upper = Some(upper);
        }
        self.begin = self.upper.clone();
        page
    }
}

impl Errand for Backward {
    type Found = Page;

    fn ask(&mut self) -> Request {
        let seen = self.upper.as_ref().map_or(0, |bound| bound.seen.len());
        // one row more than wanted shows whether there is more
        let wanted = (self.most() + 1).saturating_sub(self.found.len());
        self.asked = wanted.saturating_add(seen).clamp(1, MOST);
        let at = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.at);
        // `after` alone would give the oldest rows, of those that the server looks at; between two stamps come the newest
        let upper = at(&self.upper).or(self.lower.as_ref().map(|_| LAST));
        self.question.ask(upper, at(&self.lower), self.asked)
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Page>, Error> {
        let mut rows = wire::messages(body)?;
        let (full, came) = (rows.len() >= self.asked, rows.len());
        let inside = |at: i64| {
            self.upper.as_ref().is_none_or(|upper| at < upper.at)
                && self.lower.as_ref().is_none_or(|lower| at > lower.at)
        };
        rows.retain(|row| inside(stamp(row)));
        if full && came > rows.len() && !rows.iter().any(|row| self.is_new(row)) {
            return unheard(body);
        }
        let Some(oldest) = rows.iter().map(stamp).min() else {
            return Ok(Some(self.turn()));
        };
        let here = seen_at(oldest, rows.iter(), None);
        let before = self.found.len();
        let new: Vec<Message> = rows.into_iter().filter(|row| self.is_new(row)).collect();
        self.found.extend(new);
        if self.found.len() > self.most() || !full {
            return Ok(Some(self.turn()));
        }
        let mut upper = Bound {
            at: oldest + 1,
            seen: here,
        };
        if let Some(last) = self.upper.take().filter(|last| last.at == upper.at) {
            last.seen.iter().for_each(|id| _ = upper.seen.add(id));
            if self.found.len() == before && self.asked == MOST {
                // more rows share this stamp than the server gives: step over it, and say so
                self.gap = Some((oldest, before));
                upper = Bound {
                    at: oldest,
                    seen: Names::default(),
                };
            }
        }
        self.upper = Some(upper);
        Ok(None)
    }
}
