//! Whose answer is whose. In: the rows in front of a message, and those behind it. Out: the rows of its own answer.
//!
//! The agent answers one message after the other, and no row says to which it belongs. But each answer ends where the agent
//! waits for a person. So what was not answered yet when the message was sent is counted: as many answers stand in front of
//! its own. An agent that never spoke greets first.
//!
//! An answer may be lost, and then the count is one too many for ever. So where nothing at all came for a long time in front
//! of a message, nothing is awaited any more. A clock that ran backwards makes such a pause out of nothing: then all count.

use super::rows;
use super::told::{End, end_of, is_bubble};
use super::wire::Row;
use crate::order::{self, Named};

/// For so many seconds nothing has to come for what was sent before to count as lost.
const LOST: u64 = 300;

/// So many seconds a later row may have an earlier id: servers beside each other have clocks of their own.
const TOGETHER: u64 = 1;

/// What the agent has to finish before it answers a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// how many messages it has not answered yet
    messages: usize,
    /// it spoke before
    spoke: bool,
    /// the newest row says that it still speaks
    speaks: bool,
    /// the clock ran backwards
    backwards: bool,
    /// by the clock of its id, the newest row
    newest: Option<u64>,
}

impl Earlier {
    /// By the rows in front of a message, in the order in which they were stored; `backwards` where the clock is known to
    /// have run so.
    pub fn by<'a>(rows: impl IntoIterator<Item = &'a Row>, backwards: bool) -> Earlier {
        let mut earlier = Earlier {
            backwards,
            ..Earlier::default()
        };
        for row in rows {
            earlier.note(row);
        }
        earlier
    }

    /// Takes the next row in front of the message.
    pub fn note(&mut self, row: &Row) {
        self.reach(row);
        if row.is_incoming() {
            self.messages += 1;
            return;
        }
        let greets = row.feedback && !self.spoke;
        self.spoke |= is_bubble(row);
        self.speaks = is_bubble(row) && !row.is_settled();
        match end_of(row) {
            Some(End::Waits) if !greets => self.messages = self.messages.saturating_sub(1),
            Some(End::Waits) | None => {}
            // of what was sent to an agent that is gone nothing comes
            Some(End::Failed(_)) => self.messages = 0,
        }
    }

    /// Takes the message itself.
    pub fn reach(&mut self, row: &Row) {
        let at = second(row);
        if let (Some(newest), Some(at)) = (self.newest, at) {
            self.backwards |= at + TOGETHER < newest;
            if row.is_incoming() && !self.backwards && at > newest + LOST {
                (self.messages, self.speaks) = (0, false);
            }
        }
        self.newest = self.newest.max(at);
    }

    /// Whether answers to other messages stand behind the message.
    fn is_several(&self) -> bool {
        self.messages > 0
    }

    /// Whether the clock ran backwards.
    pub fn is_backwards(&self) -> bool {
        self.backwards
    }

    /// The agent has finished what it said without having been asked, whatever its rows look like.
    pub fn finish_unasked(&mut self) {
        (self.spoke, self.speaks) = (true, false);
    }

    /// Finds the rows of the answer among those behind the message, which are in the order in which they are read.
    pub fn split<'a>(&self, mut order: Vec<&'a Row>) -> Rows<'a> {
        // what still grows may be of no message at all
        let mut left = self.messages.max(usize::from(self.speaks));
        let (mut spoke, mut passed, mut begin) = (self.spoke, 0, 0);
        for (at, row) in order.iter().enumerate() {
            let greets = row.feedback && !row.is_incoming() && !spoke;
            spoke |= is_bubble(row);
            match end_of(row) {
                Some(End::Waits) if greets => {}
                Some(End::Waits) if left > 0 => left -= 1,
                None => continue,
                // one's own end, or that of everything
                Some(_) => {
                    left = 0;
                    break;
                }
            }
            passed += 1;
            begin = at + 1;
        }
        // what stands there is of another answer
        if left > 0 {
            begin = order.len();
        }
        let speaks = |row: &&Row| is_bubble(row) || end_of(row).is_some();
        let first = order.iter().skip(begin).position(speaks);
        let later = order.iter().take(begin + first.unwrap_or_default());
        let later = later.filter(|row| row.is_incoming()).count();
        let several = self.is_several() || first.is_some() && later > 0;
        order.drain(..begin);
        let at = order.iter().position(|row| end_of(row).is_some());
        let others = order.split_off(at.map_or(order.len(), |at| at + 1));
        let mut end = at.and_then(|_| order.last()).and_then(|row| end_of(row));
        // it may be the answer to one that was sent later, until those have theirs as well
        let ends = others.iter().filter(|row| end_of(row).is_some()).count();
        let is_ones_own = later <= ends || matches!(end, Some(End::Failed(_)));
        let doubtful = several && (passed > 0 || !is_ones_own) && (first.is_none() || !is_ones_own);
        if !is_ones_own {
            order.clear();
            (left, end) = (later - ends, None);
        }
        Rows {
            order,
            passed,
            left,
            several,
            doubtful,
            end,
        }
    }
}

/// The rows of an answer.
pub struct Rows<'a> {
    /// in the order in which they are read, up to the one with which it ends
    pub order: Vec<&'a Row>,
    /// how much of what the agent had to finish first is finished
    pub passed: usize,
    /// how many answers to other messages are still to come
    pub left: usize,
    /// there are other messages to which these might be the answer
    pub several: bool,
    /// the agent said something that might be
    pub doubtful: bool,
    /// how it ends, if it does
    pub end: Option<End>,
}

/// Whether rows in the order in which they were stored show that the clock ran backwards.
pub fn is_backwards<'a>(rows: impl IntoIterator<Item = &'a Row>) -> bool {
    let mut newest = 0;
    rows.into_iter().filter_map(second).any(|at| {
        newest = newest.max(at);
        at + TOGETHER < newest
    })
}

/// The rows in the order in which they are read: by the clocks of those who sent them, because what was sent one after
/// the other may be stored otherwise; or as they were stored, by their `places`.
pub fn in_order<'a>(mut rows: Vec<&'a Row>, places: Option<&Named<usize>>) -> Vec<&'a Row> {
    let Some(places) = places else {
        rows::by_time(&mut rows, |row| row.ts);
        return rows;
    };
    // what was only heard is stored last
    let place = |row: &Row| places.get(&row.id).copied().unwrap_or(usize::MAX);
    order::sort(&mut rows, |a, b| place(a) < place(b));
    rows
}

/// When a row was stored: its id begins with the server's clock, in seconds.
fn second(row: &Row) -> Option<u64> {
    u64::from_str_radix(row.id.get(..8)?, 16).ok()
}
