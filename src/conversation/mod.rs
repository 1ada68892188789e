//! A conversation as a user interface shows it, as a machine without I/O, clock or JavaScript. In: what happened: pages of
//! the history, what becomes of messages that were sent, the network, the page, time. Out: the transcript as a list of
//! entries, of which each keeps its key and its version until something about it changed; how the conversation stands;
//! and what to do next. Texts and messages stay with whoever runs it (`js/conversation.js`), by their handles.

pub mod rows;
pub mod standing;
pub mod transcript;

#[cfg(test)]
mod tests;

use rows::{End as Edge, Row, SILENT};
use standing::{End, Standing, State};
use transcript::{Live, Transcript};

use crate::model::Delivery;
use crate::operation::turn::{LOOKING_FOR_ANSWER, LOOKING_FOR_MESSAGE};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// wait for what happens, or for [`Conversation::wake_at`]
    Wait,
    /// read the newest page of the history
    Load,
    /// send the message of this turn
    Send(usize),
    /// look for the answer of this turn
    Resume(usize),
    /// renew the session
    Renew,
}

/// How sending a message and reading its answer ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// the answer is there
    Answered,
    /// the person stopped it
    Stopped,
    /// it failed; the same may go better later, but not before so many milliseconds
    Lost(f64),
    /// it failed
    Refused,
    /// the session takes no more messages
    Expired,
}

/// A conversation under way.
#[derive(Debug)]
pub struct Conversation {
    /// what stands in it
    pub transcript: Transcript,
    /// how it stands
    pub standing: Standing,
    /// an answer whose stream was cut can be found in the history
    resumes: bool,
    renews: bool,
    flight: Option<usize>,
    page: Vec<Row>,
    grew: bool,
}

impl Conversation {
    /// `begun`: there is a session; `resumes`: a cut answer can be found in its history; `renews`: it is to be renewed.
    pub fn new(begun: bool, resumes: bool, renews: bool) -> Self {
        Conversation {
            transcript: Transcript::default(),
            standing: Standing::new(begun),
            resumes,
            renews,
            flight: None,
            page: Vec::new(),
            grew: false,
        }
    }

    /// A row of the page that is coming in. Gives its handle, and whether the row is new or changed. `row` has neither
    /// handle nor version.
    pub fn row(&mut self, row: Row) -> (u32, bool) {
        if let Some(twice) = self.page.iter().find(|other| other.id == row.id) {
            return (twice.handle, false);
        }
        let (handle, version, changed) = match self.transcript.rows().find(&row.id) {
            Some(known) => {
                let changed =
                    (known.text, known.complete, known.role) != (row.text, row.complete, row.role);
                (known.handle, known.version + u32::from(changed), changed)
            }
            None => (self.transcript.handle(), 0, true),
        };
        self.grew |= changed && !row.complete;
        self.page.push(Row {
            handle,
            version,
            ..row
        });
        (handle, changed)
    }

    /// All rows of the page were told.
    pub fn page(&mut self, now: f64, end: Edge) {
        let page = std::mem::take(&mut self.page);
        self.transcript.take(page, end);
        if end == Edge::Newest {
            let growing = self.transcript.rows().all().iter().rev().take(8);
            let growing = growing.filter(|row| !row.complete).count() > 0;
            self.standing.read(now, End::Done, growing, self.grew);
            self.grew = false;
        }
    }

    /// The history could not be read.
    pub fn unread(&mut self, now: f64, ended: Ended) {
        self.page.clear();
        let end = match ended {
            Ended::Lost(pause) => End::Later(pause),
            _ => End::Never,
        };
        self.standing.read(now, end, false, false);
        self.refused(ended);
    }

    /// Too much is new for what is known to be joined with it: only what is new stays.
    pub fn forget(&mut self) {
        self.page.clear();
        self.transcript.forget();
    }

    /// The session could not be renewed, or asked after.
    pub fn not_renewed(&mut self, now: f64, ended: Ended) {
        self.standing.not_renewed(now);
        self.refused(ended);
    }

    /// Something about the session was refused. One that could not be made is none that is gone.
    pub fn refused(&mut self, ended: Ended) {
        self.standing.expired |= self.standing.begun && ended == Ended::Expired;
    }

    /// The backend took the message of a turn, and gave it this id.
    pub fn began(&mut self, turn: usize, id: &str) {
        if let Some(turn) = self.transcript.turn(turn) {
            turn.question_id = id.to_owned();
            turn.delivery = Delivery::Delivered;
            turn.question_version += 1;
        }
    }

    /// What becomes of the message of a turn.
    pub fn delivery(&mut self, turn: usize, delivery: Delivery) {
        if let Some(turn) = self.transcript.turn(turn) {
            // what was found in the history is not lost again
            if turn.delivery != Delivery::Delivered {
                turn.delivery = delivery;
            }
            turn.question_version += 1;
        }
    }

    /// Something of the answer of a turn came. `text`: it has a text now.
    pub fn grew(&mut self, turn: usize, text: bool) {
        if let Some(turn) = self.transcript.turn(turn) {
            if text && turn.live.is_coming() {
                turn.live = Live::Streaming;
            }
            turn.answer_version += 1;
        }
    }

    /// The client says something on the way. True if that is only how it stands: it looks for what was cut.
    pub fn said(&mut self, turn: usize, status: &str) -> bool {
        let cut = status == LOOKING_FOR_ANSWER;
        if let Some(turn) = self.transcript.turn(turn).filter(|_| cut) {
            turn.live = Live::Looking;
            turn.answer_version += 1;
        }
        cut || status == LOOKING_FOR_MESSAGE
    }

    /// A row of the answer of a turn is called so.
    pub fn named(&mut self, turn: usize, id: String) {
        if let Some(turn) = self.transcript.turn(turn) {
            turn.answer_ids.push(id);
        }
    }

    /// A turn came to its end. `shown`: there is something of its answer.
    pub fn ended(&mut self, now: f64, turn: usize, ended: Ended, shown: bool) {
        if self.flight == Some(turn) {
            self.flight = None;
        }
        self.refused(ended);
        if let Ended::Lost(pause) = ended {
            self.standing.lost(now, pause);
        }
        let Some(turn) = self.transcript.turn(turn) else {
            return;
        };
        if shown || ended == Ended::Answered {
            turn.delivery = Delivery::Delivered;
        }
        let delivered = turn.delivery == Delivery::Delivered;
        turn.live = match ended {
            Ended::Answered => Live::Whole,
            // a search that found nothing leaves nothing behind
            _ if !shown && (!delivered || turn.resumed) => Live::None,
            Ended::Stopped => Live::Stopped,
            _ => Live::Failed,
        };
        turn.question_version += 1;
        turn.answer_version += 1;
    }

    /// The person wants a message sent again that the backend perhaps has not.
    pub fn again(&mut self, turn: usize) -> bool {
        let busy = self.flight == Some(turn);
        let Some(turn) = self.transcript.turn(turn) else {
            return false;
        };
        if busy || turn.gone || !matches!(turn.delivery, Delivery::Failed | Delivery::Unknown) {
            return false;
        }
        (turn.delivery, turn.live) = (Delivery::Queued, Live::Waiting);
        turn.kept = false;
        turn.question_version += 1;
        true
    }

    /// Another session begins, whose id comes with `begun`.
    pub fn restart(&mut self) {
        self.transcript.restart();
        self.flight = None;
        self.page.clear();
        self.standing.restart();
    }

    /// There is a session now, and nothing in it.
    pub fn begun(&mut self) {
        self.standing.begun = true;
    }

    /// How the platform and the page stand. Who comes back, or looks again, wants to see what is new.
    pub fn around(&mut self, online: bool, visible: bool, watched: bool) {
        let standing = &mut self.standing;
        let back = (online && !standing.online) || (visible && !standing.visible);
        (standing.online, standing.visible, standing.watched) = (online, visible, watched);
        if back {
            standing.refresh();
        }
    }

    /// What to do next. Whatever it names counts as under way from now on.
    pub fn next(&mut self, now: f64) -> Next {
        if self.standing.expired || !self.standing.online {
            return Next::Wait;
        }
        if self.flight.is_none() {
            let queued = |turn: &transcript::Turn| turn.delivery == Delivery::Queued && !turn.gone;
            let queued = self.transcript.turns().iter().position(queued);
            if let Some(turn) = queued {
                self.flight = Some(turn);
                return Next::Send(turn);
            }
        }
        let busy = self.flight.is_some() && self.standing.loaded;
        if !busy && now >= self.standing.load_at() {
            self.standing.loading = true;
            return Next::Load;
        }
        let free = self.flight.is_none() && self.standing.loaded && self.standing.begun;
        if let Some(turn) = (free && self.resumes)
            .then(|| self.transcript.unanswered(now))
            .flatten()
        {
            self.flight = Some(turn);
            return Next::Resume(turn);
        }
        if self.renews && now >= self.standing.renew_at() {
            self.standing.renewing();
            return Next::Renew;
        }
        Next::Wait
    }

    /// When to ask [`Self::next`] again, if nothing happens before; infinite if there is no need.
    pub fn wake_at(&self) -> f64 {
        if self.standing.expired || !self.standing.online {
            return f64::INFINITY;
        }
        let busy = self.flight.is_some() && self.standing.loaded;
        let load = match busy {
            true => f64::INFINITY,
            false => self.standing.load_at(),
        };
        match self.renews {
            true => load.min(self.standing.renew_at()),
            false => load,
        }
    }

    /// How it stands.
    pub fn state(&self) -> State {
        let flight = self.flight;
        let flight = flight.and_then(|turn| self.transcript.turns().get(turn));
        let looks = |turn: &transcript::Turn| {
            turn.live == Live::Looking || turn.delivery == Delivery::Unknown
        };
        self.standing
            .state(flight.is_some(), flight.is_some_and(looks))
    }

    /// The turn that is under way.
    pub fn flight(&self) -> Option<usize> {
        self.flight
    }

    /// Something that an earlier conversation showed: an answer to the message that the backend calls `question_id`, or
    /// a message that did not reach it.
    pub fn keep(&mut self, kept: Kept) -> usize {
        let number = self.transcript.send(kept.client_id, kept.text, kept.time);
        let resumes = self.resumes;
        if let Some(turn) = self.transcript.turn(number) {
            turn.kept = true;
            turn.question_id = kept.question_id;
            turn.delivery = kept.delivery;
            turn.live = match kept.live {
                live if live.is_coming() && !resumes => Live::Stopped,
                live => live,
            };
        }
        number
    }
}

/// What is known of something that an earlier conversation showed.
#[derive(Clone, Debug)]
pub struct Kept {
    /// what the message is called here
    pub client_id: String,
    /// what the backend calls it
    pub question_id: String,
    /// the mark of its text
    pub text: u64,
    /// when it was sent
    pub time: f64,
    /// whether the backend has it
    pub delivery: Delivery,
    /// how its answer stood
    pub live: Live,
}

impl Kept {
    /// An answer to a message of the history.
    pub fn answer(question_id: String, live: Live) -> Self {
        Kept {
            client_id: String::new(),
            question_id,
            text: SILENT,
            time: f64::NAN,
            delivery: Delivery::Delivered,
            live,
        }
    }

    /// A message that perhaps did not reach the backend.
    pub fn message(client_id: String, text: u64, time: f64, delivery: Delivery) -> Self {
        Kept {
            client_id,
            question_id: String::new(),
            text,
            time,
            delivery,
            live: Live::None,
        }
    }
}
