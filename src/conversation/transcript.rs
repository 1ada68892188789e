//! In: rows of a history, and the messages that were sent from here with their answers. Out: the transcript: what stands in
//! it, in which order. It is worked out anew from these facts whenever one is added, so that it does not matter in which
//! order they came. When to ask for what is `standing.rs`.

use std::rc::Rc;

use super::rows::{End, Row, Rows, SILENT};
use crate::model::{Delivery, Role};

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// there is none
    None,
    /// nothing of its text has come
    Waiting,
    /// its text is coming
    Streaming,
    /// it was cut, and is looked for in the history
    Looking,
    /// it is there
    Whole,
    /// the person did not want the rest
    Stopped,
    /// the rest will not come
    Failed,
}

impl Live {
    /// Whether more of it may come.
    pub fn is_coming(self) -> bool {
        matches!(self, Live::Waiting | Live::Streaming | Live::Looking)
    }
}

/// A message that was sent from here, and its answer.
#[derive(Clone, Debug)]
pub struct Turn {
    /// the handle of the message
    pub question: u32,
    /// the handle of the answer
    pub answer: u32,
    /// how often the message changed
    pub question_version: u32,
    /// how often the answer changed
    pub answer_version: u32,
    /// what the message is called here
    pub client_id: String,
    /// what the backend calls it; empty until it is known
    pub question_id: String,
    /// the mark of its text
    pub text: u64,
    /// when it was sent, by the clock here
    pub time: f64,
    /// whether the backend has it
    pub delivery: Delivery,
    /// how its answer stands
    pub live: Live,
    /// what the backend calls the rows of the answer
    pub answer_ids: Vec<String>,
    /// it is here from an earlier conversation, and only what the history lacks of it is shown
    pub kept: bool,
    /// its answer was looked for
    pub resumed: bool,
    /// it is shown no more, or by what was left of an earlier session
    pub gone: bool,
}

/// What stands at one place of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// it stays the same as long as the entry is there
    pub key: u32,
    /// the handle of the row that has its content; 0: what was sent or came in from here has it
    pub row: u32,
    /// another one whenever the content is
    pub version: u32,
    /// what it is
    pub kind: Kind,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// a row of the history
    Row,
    /// one that is not whole yet
    Growing,
    /// a message that was sent from here
    Question(Delivery),
    /// an answer that came in here
    Answer(Live),
    /// an answer that is here only because an earlier conversation had it
    Kept(Live),
}

/// The clocks of the server and of this machine need not agree.
const SKEW: f64 = 10.0 * 60_000.0;

/// So many rows back the same message may stand twice: a browser itself repeats a request whose connection was reset.
const REPEATED: usize = 8;

/// The facts, and what follows from them.
#[derive(Debug, Default)]
pub struct Transcript {
    rows: Rows,
    turns: Vec<Turn>,
    past: Vec<Entry>,
    handles: u32,
}

impl Transcript {
    /// A handle that nothing has yet.
    pub fn handle(&mut self) -> u32 {
        self.handles += 1;
        self.handles
    }

    /// The rows of the history.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The rows of the history are known no more.
    pub fn forget(&mut self) {
        self.rows = Rows::default();
    }

    /// A page of the history came.
    pub fn take(&mut self, page: Vec<Row>, end: End) {
        self.rows.take(page, end);
        let places = self.places();
        for (turn, place) in self.turns.iter_mut().zip(places) {
            // what is in the history was delivered
            if place.is_some() && !matches!(turn.delivery, Delivery::Delivered) {
                turn.delivery = Delivery::Delivered;
                turn.question_version += 1;
            }
        }
    }

    /// A message is to be sent.
    pub fn send(&mut self, client_id: String, text: u64, now: f64) -> usize {
        let (question, answer) = (self.handle(), self.handle());
        self.turns.push(Turn {
            question,
            answer,
            question_version: 0,
            answer_version: 0,
            client_id,
            question_id: String::new(),
            text,
            time: now,
            delivery: Delivery::Queued,
            live: Live::Waiting,
            answer_ids: Vec::new(),
            kept: false,
            resumed: false,
            gone: false,
        });
        self.turns.len() - 1
    }

    /// The messages that were sent, oldest first.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// One of them.
    pub fn turn(&mut self, turn: usize) -> Option<&mut Turn> {
        self.turns.get_mut(turn)
    }

    /// Takes a message out that never reached the session.
    pub fn remove(&mut self, turn: usize) {
        if let Some(turn) = self.turns.get_mut(turn) {
            // its number stays taken: JavaScript knows the others by theirs
            turn.gone = true;
        }
    }

    /// Another session begins. What was said stays above it; what did not reach the old one stays to be sent.
    pub fn restart(&mut self) {
        let entries = self.entries();
        let unsent = |entry: &Entry| matches!(entry.kind, Kind::Question(delivery) if delivery != Delivery::Delivered);
        self.past = entries.into_iter().filter(|entry| !unsent(entry)).collect();
        self.rows = Rows::default();
        for turn in &mut self.turns {
            turn.gone |= turn.delivery == Delivery::Delivered;
        }
    }

    /// The turn whose answer should be looked for: that to the newest message of the user, if the history has nothing of it.
    pub fn unanswered(&mut self, now: f64) -> Option<usize> {
        let rows = self.rows.all();
        let at = rows.iter().rposition(|row| row.role == Role::User)?;
        let row = rows.get(at)?;
        let said = |row: &Rc<Row>| row.role == Role::Assistant && row.text != SILENT;
        let recent = (now - row.time).abs() < SKEW;
        if !recent || rows.iter().skip(at).any(said) {
            return None;
        }
        if let Some(turn) = self.places().iter().position(|place| *place == Some(at)) {
            let found = self.turns.get_mut(turn)?;
            let open = found.live == Live::None || (found.kept && found.live.is_coming());
            if found.resumed || !open {
                return None;
            }
            found.live = Live::Looking;
            (found.kept, found.resumed) = (false, true);
            return Some(turn);
        }
        let row = row.clone();
        let turn = self.send(row.client_id.clone(), row.text, row.time);
        let sent = self.turns.get_mut(turn)?;
        // the row keeps its place and its name
        sent.question = row.handle;
        sent.question_id = row.id.clone();
        sent.delivery = Delivery::Delivered;
        sent.live = Live::Looking;
        sent.resumed = true;
        Some(turn)
    }

    /// For each turn the row that its message is, where there is one.
    fn places(&self) -> Vec<Option<usize>> {
        let rows = self.rows.all();
        let mut taken = vec![false; rows.len()];
        let mut places = vec![None; self.turns.len()];
        // what is certain comes first
        type Is = fn(&Turn, &Row) -> bool;
        let ways: [Is; 3] = [
            |turn, row| !turn.question_id.is_empty() && turn.question_id == row.id,
            |turn, row| !turn.client_id.is_empty() && turn.client_id == row.client_id,
            |turn, row| {
                turn.question_id.is_empty()
                    && row.client_id.is_empty()
                    && !matches!(turn.delivery, Delivery::Queued | Delivery::Failed)
                    && turn.text == row.text
                    && (row.time - turn.time).abs() < SKEW
            },
        ];
        for is in ways {
            for (turn, place) in self.turns.iter().zip(&mut places) {
                if place.is_some() || turn.gone {
                    continue;
                }
                let free = |(at, row): &(usize, &Rc<Row>)| {
                    row.role == Role::User && taken.get(*at) == Some(&false) && is(turn, row)
                };
                *place = rows.iter().enumerate().find(free).map(|(at, _)| at);
                if let Some(taken) = place.and_then(|at| taken.get_mut(at)) {
                    *taken = true;
                }
            }
        }
        places
    }

    /// What stands in the transcript, from the top down.
    pub fn entries(&self) -> Vec<Entry> {
        let rows = self.rows.all();
        let places = self.places();
        let answers: Vec<Placed> = self
            .turns
            .iter()
            .zip(&places)
            .map(|(turn, place)| place.map_or(Placed::default(), |at| placed(turn, rows, at)))
            .collect();
        let mut entries = self.past.clone();
        let mut pending = 0;
        for (at, row) in rows.iter().enumerate() {
            let owner = places.iter().position(|place| *place == Some(at));
            if let Some(owner) = owner {
                // what is not in the history stands before what was sent after it
                self.unplaced(pending..owner, &places, &mut entries);
                pending = pending.max(owner + 1);
            }
            let owned = owner.and_then(|owner| self.turns.get(owner));
            let of_answer = answers.iter().any(|answer| answer.holds(at));
            match owned {
                Some(turn) => entries.push(question(turn, Some(row))),
                None if of_answer || repeated(rows, at) => {}
                None => entries.push(Entry {
                    key: row.handle,
                    row: row.handle,
                    version: row.version,
                    kind: if row.complete {
                        Kind::Row
                    } else {
                        Kind::Growing
                    },
                }),
            }
            for (turn, answer) in self.turns.iter().zip(&answers) {
                if let Some(kind) = answer.kind.filter(|_| answer.last == at) {
                    entries.push(Entry {
                        key: turn.answer,
                        row: answer.content.map_or(0, |row| row.handle),
                        version: turn.answer_version + answer.content.map_or(0, |row| row.version),
                        kind,
                    });
                }
            }
        }
        self.unplaced(pending..self.turns.len(), &places, &mut entries);
        entries
    }

    /// The turns of `range` whose messages are in no row.
    fn unplaced(
        &self,
        range: std::ops::Range<usize>,
        places: &[Option<usize>],
        entries: &mut Vec<Entry>,
    ) {
        let count = range.len();
        let turns = self.turns.iter().zip(places).skip(range.start).take(count);
        for (turn, _) in turns.filter(|(_, place)| place.is_none()) {
            if turn.gone || (turn.kept && turn.delivery == Delivery::Delivered) {
                continue;
            }
            entries.push(question(turn, None));
            if turn.live != Live::None {
                entries.push(Entry {
                    key: turn.answer,
                    row: 0,
                    version: turn.answer_version,
                    kind: Kind::Answer(turn.live),
                });
            }
        }
    }
}

fn question(turn: &Turn, row: Option<&Row>) -> Entry {
    Entry {
        key: turn.question,
        row: row.map_or(0, |row| row.handle),
        version: turn.question_version + row.map_or(0, |row| row.version),
        kind: Kind::Question(turn.delivery),
    }
}

/// Whether the same message stands there already.
fn repeated(rows: &[Rc<Row>], at: usize) -> bool {
    let Some(row) = rows.get(at).filter(|row| !row.client_id.is_empty()) else {
        return false;
    };
    rows.iter()
        .take(at)
        .rev()
        .take(REPEATED)
        .any(|other| other.role == Role::User && other.client_id == row.client_id)
}

/// Where the answer of a turn stands, and which rows it is.
#[derive(Default)]
struct Placed<'a> {
    /// nothing: the turn has none, or the history has its own
    kind: Option<Kind>,
    /// its rows from the one behind the message to before this one
    from: usize,
    to: usize,
    /// the row that the backend named
    named: Option<usize>,
    /// the row behind which it stands
    last: usize,
    /// the row whose content it shows
    content: Option<&'a Rc<Row>>,
}

impl Placed<'_> {
    fn holds(&self, at: usize) -> bool {
        self.kind.is_some() && ((self.from..self.to).contains(&at) || self.named == Some(at))
    }
}

/// The answer of a turn whose message is the row at `at`. Its rows are those behind the message, up to the one that the
/// backend named, or to the first that says something, or to the next message of the user.
fn placed<'a>(turn: &Turn, rows: &'a [Rc<Row>], at: usize) -> Placed<'a> {
    if turn.live == Live::None {
        return Placed::default();
    }
    let from = at + 1;
    let behind = || rows.iter().enumerate().skip(from);
    let run = behind()
        .find(|(_, row)| row.role == Role::User)
        .map_or(rows.len(), |(at, _)| at);
    let said = behind()
        .take_while(|(at, _)| *at < run)
        .find(|(_, row)| row.role == Role::Assistant && row.text != SILENT && row.complete);
    let named = behind().rfind(|(_, row)| turn.answer_ids.contains(&row.id));
    let found = named.or(said);
    if turn.kept && named.is_none() && rows.get(from..run).is_some_and(|rows| !rows.is_empty()) {
        return Placed::default();
    }
    let to = match found {
        // while it is coming, whatever comes belongs to it
        _ if turn.live.is_coming() => run,
        Some((at, _)) => run.min(at + 1),
        None => run,
    };
    // what a person stopped stays so until the page is left; what was cut is whole there
    let recovered = found.is_some() && (turn.live == Live::Failed || turn.kept);
    let content = found.filter(|_| recovered).map(|(_, row)| row);
    let live = if recovered { Live::Whole } else { turn.live };
    Placed {
        kind: Some(match content {
            None if turn.kept => Kind::Kept(live),
            _ => Kind::Answer(live),
        }),
        from,
        to,
        named: named.map(|(at, _)| at),
        last: named.map_or(at.max(to.saturating_sub(1)), |(at, _)| {
            at.max(to.saturating_sub(1))
        }),
        content,
    }
}
