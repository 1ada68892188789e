//! Towards newer messages: the oldest page of the range first, from however far behind.
//!
//! The server lists the newest rows first, so what follows a stamp is found by narrowing: a window between two stamps is
//! complete when the answer is not full. A full answer is kept, because it holds every row from its oldest on to the
//! window's end, and the window below it is asked for next, halved so that a long backlog takes few questions.

use super::{Bound, Errand, MOST, Page, Question, Side, page, seen_at, stamp, unheard};
use crate::backend::eliza::wire;
use crate::error::Error;
use crate::http::Request;
use crate::model::Message;
use crate::order::{self, Names};
use crate::word::Word;

/// A stretch that is still to be looked at: everything from the position up to `end`.
struct Window {
    /// exclusive; none: up to now
    end: Option<i64>,
    /// rows that lie directly above it, oldest first
    above: Vec<Message>,
}

/// Pages of a range, oldest first.
pub(super) struct Forward {
    question: Question,
    /// where the page that is being put together began
    begin: Bound,
    /// everything up to here was found
    position: Bound,
    upper: Option<Bound>,
    limit: usize,
    /// the next one last
    windows: Vec<Window>,
    /// oldest first
    found: Vec<Message>,
    /// stamps that could not be paged, oldest first, and how many of the rows found come before each or have it
    gaps: Vec<(i64, usize)>,
}

impl Forward {
    pub(super) fn new(
        question: Question,
        before: Option<Bound>,
        after: Option<Bound>,
        limit: usize,
    ) -> Self {
        let begin = after.unwrap_or_default();
        let windows = vec![Window {
            end: before.as_ref().map(|bound| bound.at),
            above: Vec::new(),
        }];
        Forward {
            question,
            position: begin.clone(),
            begin,
            upper: before,
            limit,
            windows,
            found: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Takes rows that follow the position without a hole, oldest first.
    fn take(&mut self, rows: Vec<Message>) {
        let upper = self.upper.as_ref().map(|bound| &bound.seen);
        for row in rows {
            let at = stamp(&row);
            if at > self.position.at + 1 {
                self.position = Bound {
                    at: at - 1,
                    seen: Names::default(),
                };
            }
            let known = upper.is_some_and(|seen| seen.find(&row.id).is_some());
            if at == self.position.at + 1 && self.position.seen.add(&row.id) && !known {
                self.found.push(row);
            }
        }
    }

    /// How many rows the page holds at most: it ends at a gap.
    fn most(&self) -> usize {
        self.gaps
            .first()
            .map_or(self.limit, |(_, before)| self.limit.min(*before))
    }

    fn turn(&mut self) -> Page {
        let has_more = self.found.len() > self.most();
        let rest = self.found.split_off(self.most().min(self.found.len()));
        let messages = std::mem::replace(&mut self.found, rest);
        for (_, before) in &mut self.gaps {
            *before = before.saturating_sub(messages.len());
        }
        let reached = self.gaps.first().filter(|(_, before)| *before == 0);
        let gap = reached.map(|(at, _)| *at);
        if gap.is_some() {
            self.gaps.remove(0);
        }
        let mut page = page(
            messages,
            has_more,
            gap,
            self.upper.as_ref(),
            Some(&self.begin),
        );
        if let Some(newest) = page.messages.last() {
            let at = stamp(newest);
            let earlier = (self.begin.at == at - 1).then_some(&self.begin.seen);
            self.begin = Bound {
                at: at - 1,
                seen: seen_at(at, page.messages.iter(), earlier),
            };
        }
        if let Some(at) = gap {
            // the next page begins behind the gap
            self.begin = Bound {
                at,
                seen: Names::default(),
            };
            page.end.cursors.after = Some(self.begin.cursor(Side::After));
        }
        page
    }

    /// A full answer: the rows from its oldest on are known now; what lies below them is looked at first.
    fn narrow(&mut self, rows: Vec<Message>) {
        let (Some(oldest), Some(newest)) = (rows.first().map(stamp), rows.last().map(stamp)) else {
            return;
        };
        let bottom = self.position.at;
        if newest <= bottom + 1 {
            // one stamp fills the whole answer: step over it, and say so
            self.take(rows);
            self.gaps.push((oldest, self.found.len()));
            self.position = Bound {
                at: oldest,
                seen: Names::default(),
            };
            return;
        }
        match self.windows.last_mut() {
            // between two stamps the newest rows came: they reach up to the window's end
            Some(window) if window.end.is_some() => {
                let one_stamp = window.end == Some(oldest + 1);
                window.end = Some(oldest + 1);
                let above = std::mem::replace(&mut window.above, rows);
                window.above.extend(above);
                let middle = if one_stamp {
                    oldest
                } else {
                    bottom + (oldest - bottom) / 2
                };
                if middle > bottom + 1 {
                    self.windows.push(Window {
                        end: Some(middle),
                        above: Vec::new(),
                    });
                }
            }
            // `after` alone: the oldest came, of those that the server looked at
            _ => self.windows.push(Window {
                end: Some(oldest + 1),
                above: rows,
            }),
        }
    }
}

impl Errand for Forward {
    type Found = Page;

    fn ask(&mut self) -> Request {
        let end = self.windows.last().and_then(|window| window.end);
        self.question.ask(end, Some(self.position.at), MOST)
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Page>, Error> {
        let mut rows = wire::messages(body)?;
        let full = rows.len() >= MOST;
        let end = self.windows.last().and_then(|window| window.end);
        rows.retain(|row| stamp(row) > self.position.at && end.is_none_or(|end| stamp(row) < end));
        if full && rows.is_empty() {
            return unheard(body);
        }
        rows.reverse();
        order::sort(&mut rows, |one, other| stamp(one) < stamp(other));
        if full {
            self.narrow(rows);
        } else {
            self.take(rows);
            if let Some(window) = self.windows.pop() {
                if let Some(end) = window.end {
                    // everything below the end was found
                    self.position = Bound {
                        at: self.position.at.max(end - 1),
                        seen: Names::default(),
                    };
                }
                self.take(window.above);
            }
        }
        let whole = self.found.len() > self.most() || self.windows.is_empty();
        Ok(whole.then(|| self.turn()))
    }

    fn ready(&mut self) -> Option<Page> {
        let whole = self.found.len() > self.most() || self.windows.is_empty();
        whole.then(|| self.turn())
    }
}
