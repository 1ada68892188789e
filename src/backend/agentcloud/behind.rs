//! What lies behind a message. In: rows, from looks behind it or at everything, and what the server tells by itself. Out:
//! what is new, from where on to look again, and which of the rows are the answer. Whether that is whole, `watch` judges.

use super::heard::Heard;
use super::told::is_bubble;
use super::turns::{self, Earlier, Rows};
use super::wire::{Row, Said};
use crate::order::{self, Named};

/// The rows behind one message.
pub struct Behind {
    /// the row behind which the answer is
    begin: String,
    /// what lies up to this row looks settled, and is asked for again only at the end
    after: String,
    /// in the order of their ids
    rows: Vec<Row>,
    /// in which order they were stored, where everything was read
    places: Option<Named<usize>>,
    /// since anything changed, everything was read once
    sure: bool,
    /// what the server told of them by itself
    heard: Heard,
}

impl Behind {
    /// Nothing is read yet of what lies behind the row `begin`.
    pub fn new(begin: String) -> Self {
        Behind {
            after: begin.clone(),
            begin,
            rows: Vec::new(),
            places: None,
            sure: false,
            heard: Heard::default(),
        }
    }

    /// The message is this row.
    pub fn begin(&mut self, own: &str) {
        own.clone_into(&mut self.begin);
        self.look_again();
    }

    /// The row behind which the next look begins.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// What looks settled is looked at once more.
    pub fn look_again(&mut self) {
        self.after.clone_from(&self.begin);
    }

    /// Whether everything was read since anything changed.
    pub fn is_sure(&self) -> bool {
        self.sure
    }

    /// Whether it is known in which order the rows were stored.
    pub fn is_ordered(&self) -> bool {
        self.places.is_some()
    }

    /// The order in which the rows were stored is that of their ids.
    pub fn forget_order(&mut self) {
        self.places = None;
    }

    /// Takes the rows that lie behind what is settled, and says whether anything is new.
    pub fn take(&mut self, found: Vec<Row>) -> bool {
        let settled_before = self.rows.partition_point(|row| row.id <= self.after);
        let known = self.rows.split_off(settled_before);
        let known_as = |id: &str| known.get(known.partition_point(|row| *row.id < *id));
        let known_as = |id: &str| known_as(id).filter(|row| row.id == id);
        let mut settled = Vec::new();
        let mut changed = known.len() != found.len();
        let stood = |row: &Row| is_bubble(row) && known_as(&row.id).is_some();
        let last_bubble = found.iter().rposition(stood).unwrap_or_default();
        let mut all_settled = true;
        for (at, row) in found.into_iter().enumerate() {
            let same = known_as(&row.id) == Some(&row);
            changed |= !same;
            // the agent says the next thing only when it is done with the one before, but what it said last is stored last
            all_settled &= row.is_settled() || same && at < last_bubble;
            if all_settled {
                settled.push(row.id.clone());
            }
            self.heard.fold(&row);
            // a server may list one row twice
            self.rows.pop_if(|last| last.id == row.id);
            self.rows.push(row);
        }
        if let Some(last) = settled.pop() {
            self.after = last;
        }
        self.sure &= !changed;
        changed
    }

    /// Takes everything that was stored behind the message, in that order, and says whether anything is new.
    pub fn take_all(&mut self, mut found: Vec<Row>) -> bool {
        let mut places = Named::default();
        for (at, row) in found.iter().enumerate() {
            places.set(&row.id, at);
        }
        order::sort(&mut found, |a, b| a.id < b.id);
        for row in &found {
            self.heard.fold(row);
        }
        let changed = self.rows != found;
        self.rows = found;
        self.places = Some(places);
        self.sure = true;
        self.look_again();
        changed
    }

    /// Whether the id of the message leads elsewhere than to what was stored behind it; `front` was stored before.
    pub fn is_astray(&self, front: &[Row]) -> bool {
        let before = |row: &Row| row.id < self.begin;
        self.rows.first().is_some_and(before) || front.iter().any(|row| row.id > self.begin)
    }

    /// Takes what the agent said, as the server tells it, and gives its row if that is another one than before.
    pub fn hear(&mut self, said: Said) -> Option<&Row> {
        self.heard.take(said, &self.rows)
    }

    /// Whether all that was heard is in the rows.
    pub fn is_stored(&self) -> bool {
        self.heard.is_stored(&self.rows)
    }

    /// The rows of the answer, as they are stored; `found` says whether the message is among those that were read.
    pub fn stored(&self, earlier: &Earlier, found: bool) -> Rows<'_> {
        self.split(self.rows.iter().collect(), earlier, found)
    }

    /// The same with what was heard.
    pub fn told(&self, earlier: &Earlier, found: bool) -> Rows<'_> {
        self.split(self.heard.view(&self.rows), earlier, found)
    }

    /// The rows of the answer among `rows`; what may be read in two ways is not its own yet.
    fn split<'a>(&self, mut rows: Vec<&'a Row>, earlier: &Earlier, found: bool) -> Rows<'a> {
        // one that was not found is there all the same, in other words
        let own = rows.iter().position(|row| row.is_incoming());
        if let Some(own) = own.filter(|_| !found) {
            rows.remove(own);
        }
        let places = self.places.as_ref();
        let split = |places| earlier.split(turns::in_order(rows.clone(), places));
        if earlier.is_backwards() {
            return split(places);
        }
        let by_time = split(None);
        if places.is_none() {
            return by_time;
        }
        let stored = split(places);
        if !by_time.several && !stored.several {
            return by_time;
        }
        let ids = |rows: &Rows<'_>| -> Vec<String> {
            rows.order.iter().map(|row| row.id.clone()).collect()
        };
        match ids(&by_time) == ids(&stored) {
            true => by_time,
            false => Rows {
                order: Vec::new(),
                left: 1,
                doubtful: true,
                end: None,
                ..by_time
            },
        }
    }
}
