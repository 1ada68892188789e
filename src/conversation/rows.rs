//! In: pages of a history, in whatever order they come. Out: one sequence of rows, each once, in the server's order. What
//! the rows mean beside messages that are on their way is `transcript.rs`.

use std::rc::Rc;

use crate::model::Role;

/// What is known of a message of the history. Its text stays with JavaScript.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// by which JavaScript keeps the message
    pub handle: u32,
    /// how often it changed
    pub version: u32,
    /// the backend's
    pub id: String,
    /// whose it is
    pub role: Role,
    /// milliseconds since the epoch; NaN where nobody knows
    pub time: f64,
    /// what the sender called it; empty where the backend kept no such name
    pub client_id: String,
    /// see [`mark`]
    pub text: u64,
    /// whether it is the last word on this message
    pub complete: bool,
}

/// Texts with the same mark are the same, but for white space at their ends, which backends trim.
pub fn mark(text: &str) -> u64 {
    // FNV-1a: nobody gains by a collision, which only an own message with the text of a stranger's could have
    text.trim()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |mark, byte| {
            (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The mark of a message that says nothing.
pub const SILENT: u64 = 0xcbf2_9ce4_8422_2325;

/// Which end of the history a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// there is nothing newer
    Newest,
    /// it ends where what is known begins
    Older,
}

/// The rows that are known, oldest first.
#[derive(Debug, Default)]
pub struct Rows(Vec<Rc<Row>>);

impl Rows {
    /// All of them.
    pub fn all(&self) -> &[Rc<Row>] {
        &self.0
    }

    /// The one with this id.
    pub fn find(&self, id: &str) -> Option<&Row> {
        // what is looked for mostly stands at the end
        self.0.iter().rev().find(|row| row.id == id).map(Rc::as_ref)
    }

    /// Takes a page, oldest first. A row that is known stays where it is; what is new stands behind the row that it
    /// follows in the page. A row inside the page's range that the page lacks is gone from the server, and goes.
    pub fn take(&mut self, page: Vec<Row>, end: End) {
        // where the next row goes: a page whose rows changed their order goes on behind the last of them
        let mut at = match page.iter().find_map(|row| self.place(row)) {
            Some(first) => {
                self.drop_inside(first, &page);
                first
            }
            None => self.apart(&page, end),
        };
        for row in page {
            let place = self.place(&row);
            let row = Rc::new(row);
            match place.and_then(|place| self.0.get_mut(place).map(|old| (place, old))) {
                Some((place, old)) => {
                    *old = row;
                    at = at.max(place + 1);
                }
                None => {
                    self.0.insert(at.min(self.0.len()), row);
                    at += 1;
                }
            }
        }
    }

    fn place(&self, row: &Row) -> Option<usize> {
        self.0.iter().rposition(|other| other.handle == row.handle)
    }

    /// Where a page stands that has nothing in common with what is known.
    fn apart(&self, page: &[Row], end: End) -> usize {
        let time = page.first().map_or(f64::NAN, |row| row.time);
        let later = match end {
            End::Newest => self.0.iter().position(|row| row.time > time),
            End::Older => self.0.iter().position(|row| row.time >= time),
        };
        later.unwrap_or(match end {
            End::Older if time.is_nan() => 0,
            _ => self.0.len(),
        })
    }

    fn drop_inside(&mut self, first: usize, page: &[Row]) {
        let last = page
            .iter()
            .filter_map(|row| self.place(row))
            .fold(first, usize::max);
        for place in (first..last).rev() {
            // servers that page by time may leave out one of several rows of a moment
            let is_there = |row: &Rc<Row>| {
                let is = |other: &Row| other.handle == row.handle || other.time == row.time;
                page.iter().any(is)
            };
            if !self.0.get(place).is_some_and(is_there) {
                self.0.remove(place);
            }
        }
    }
}
