//! The answer to a message, looked for in the history. In: the rows behind the message, again and again, and between them
//! what the session is doing. Out: the answer as it grows, and its end.
//!
//! An answer is all that the agent says behind the message, bubble by bubble, with a blank line between two. It ends where
//! the agent waits for a person: with a row of that kind (`isFeedback`), or, where none came, with a session that waits.
//! Nothing in a streamed row says that it is whole, and rows are stored while their neighbours still are. So an end counts
//! only once a second look, later, finds every row as it was.
//!
//! An agent that was not waiting when the message was sent has something else to finish first: it greets, or it still
//! answers messages before, of which somebody stopped to listen (`turns`).
//!
//! Mostly only what lies behind the message is asked for. A clock that runs backwards hides rows from that, so where it may
//! have, and before an answer is told from several or counts as whole without its end, everything is read.
//!
//! Where the server tells by itself what the agent says, it is handed out as it is heard; the answer is what is in the rows
//! all the same.
//!
//! A session that was terminated is no such end in a chat: an agent that finished, one that reached a limit and one that
//! somebody stopped look alike there. In a crew it is, because there nobody is waited for.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::{Listener, Look, Room, Sign, Watch};
use super::behind::Behind;
use super::told::{End, Told, end_of, is_bubble};
use super::turns::{self, Earlier, Rows};
use super::wire::{self, Row};
use super::{errands, pages, rows};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::json::Json;
use crate::model::{Reply, ReplyEvent};
use crate::operation::Now;
use crate::order::Names;
use crate::text::Text;
use crate::word::Word;

/// How many looks may not find the sent message before what the agent says is taken for its answer all the same.
const PATIENCE: u32 = 3;

/// How often the agent has to be found waiting, some seconds apart, before it is believed that nothing more comes.
const BELIEVED: u32 = 3;

/// For how many milliseconds a client does without rooms that it could not enter: there is a proxy in front that carries
/// no WebSocket, or a gateway that lets none pass.
const WITHOUT_ROOMS: f64 = 300_000.0;

/// Until when a client does without rooms.
pub type RoomsFrom = Rc<Cell<Now>>;

/// What is known of the answer so far, for the case that it fails.
pub type Latest = Rc<RefCell<Option<Reply>>>;

/// One message and its answer.
#[derive(Clone)]
pub struct Exchange {
    /// the requests for the history and for the session
    pub history: Request,
    pub session: Request,
    pub question: Text<'static>,
    /// the newest row before the message was sent
    pub after: String,
    /// the users' rows before it
    pub known: Names,
    pub earlier: Earlier,
    /// shared with whoever has to say what came before a failure
    pub latest: Latest,
    /// where the server tells of the answer
    pub room: Option<Room>,
    pub rooms_from: RoomsFrom,
}

enum Asks {
    Rows,
    Session,
}

/// What the session said when rows were quiet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// the agent waits for a person
    Waits,
    /// the agent is gone, and it was of the kind that ends by itself
    Finished,
    /// the agent is gone
    Terminated,
}

/// Looks for one answer.
pub struct Awaiting {
    history: Request,
    session: Request,
    question: Text<'static>,
    /// the users' rows before the message was sent
    known: Names,
    /// the row of the message, where that is known
    own: Option<String>,
    behind: Behind,
    earlier: Earlier,
    /// what it says without being asked is finished
    unasked: bool,
    /// so much of what it had to finish first is finished
    passed: usize,
    /// so many answers to other messages are still to come
    left: usize,
    /// the agent said something that might be the answer, or that to another message
    doubtful: bool,
    asks: Asks,
    /// everything is read, and not only what lies behind the message
    all: bool,
    looks: u32,
    /// the message was found, or is no longer looked for
    started: bool,
    told: Told,
    /// how many looks in a row found nothing new
    quiet: u32,
    /// the agent was seen at work
    ran: bool,
    /// how often it was found waiting for a person without having said anything
    waits: u32,
    over: Option<Over>,
    latest: Latest,
    room: Option<Room>,
    rooms_from: RoomsFrom,
}

impl Awaiting {
    /// Looks for the answer in `exchange`, whose message is the row `own`, or has to be found.
    pub fn new(exchange: Exchange, own: Option<String>) -> Self {
        let Exchange {
            history,
            session,
            question,
            after,
            known,
            earlier,
            latest,
            room,
            rooms_from,
        } = exchange;
        Awaiting {
            history,
            session,
            question,
            all: own.is_some(),
            known,
            started: own.is_some(),
            own,
            behind: Behind::new(after),
            earlier,
            unasked: false,
            passed: 0,
            left: 0,
            doubtful: false,
            asks: Asks::Rows,
            looks: 0,
            told: Told::default(),
            quiet: 0,
            ran: false,
            waits: 0,
            over: None,
            latest,
            room,
            rooms_from,
        }
    }
}

impl Watch for Awaiting {
    fn ask(&mut self) -> Request {
        match self.asks {
            Asks::Rows if self.all => pages::behind(&self.history, pages::FIRST),
            Asks::Rows => pages::behind(&self.history, self.behind.after()),
            Asks::Session => self.session.clone(),
        }
    }

    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error> {
        match std::mem::replace(&mut self.asks, Asks::Rows) {
            Asks::Rows if self.all => self.look_at_all(rows::stored(body)?, listener),
            Asks::Rows => self.look(rows::read(body)?, listener),
            Asks::Session => self.status(body, listener),
        }
    }

    fn doubt(&self) -> Option<&'static str> {
        let doubt = "what the agent said since may be the answer to another message";
        self.doubtful.then_some(doubt)
    }

    fn room(&self, now: Now) -> Option<Room> {
        self.room.clone().filter(|_| now >= self.rooms_from.get())
    }

    fn no_room(&mut self, now: Now) {
        self.rooms_from.set(now + WITHOUT_ROOMS);
    }

    fn heard(
        &mut self,
        event: &str,
        data: &str,
        listener: &mut dyn Listener,
    ) -> Result<Sign, Error> {
        match (event, data) {
            ("message", _) => self.hear(data, listener),
            // in bursts, and now and then of the answer before
            ("status", "\"waiting\"") | ("terminate", _) => Ok(Sign::Ended),
            ("status", _) => {
                self.ran |= data == "\"running\"";
                Ok(Sign::Nothing)
            }
            ("joined", _) => Ok(Sign::Nothing),
            _ => {
                listener.event(ReplyEvent::Other {
                    event: Some(event.to_owned()),
                    data: Json::parse(data)?,
                });
                Ok(Sign::Nothing)
            }
        }
    }
}

impl Awaiting {
    /// Looks at what lies behind the message.
    fn look(&mut self, mut found: Vec<Row>, listener: &mut dyn Listener) -> Result<Look, Error> {
        self.looks += 1;
        // somebody on the way may not listen to the question
        found.retain(|row| *row.id > *self.behind.after());
        if !self.started && !self.start(&mut found, listener) {
            return Ok(match self.all {
                true => Look::Now,
                false => self.quiet(),
            });
        }
        let changed = self.behind.take(found);
        self.judge(changed, listener)
    }

    /// Looks at everything, in the order in which it was stored.
    fn look_at_all(
        &mut self,
        mut all: Vec<Row>,
        listener: &mut dyn Listener,
    ) -> Result<Look, Error> {
        self.looks += 1;
        let at = match &self.own {
            Some(own) => all.iter().position(|row| row.id == *own),
            None => self.place(&all),
        };
        let Some(at) = at else {
            if self.own.is_none() {
                // it is not there, or not as it was sent
                self.begin(None, listener);
                self.all = false;
                return Ok(Look::Now);
            }
            return Ok(self.quiet());
        };
        self.earlier = Earlier::by(all.iter().take(at), turns::is_backwards(&all));
        if self.unasked {
            self.earlier.finish_unasked();
        }
        let found = all.split_off(at + 1);
        if let Some(own) = all.pop() {
            self.earlier.reach(&own);
            match self.started {
                true => self.behind.begin(&own.id),
                false => self.begin(Some(own), listener),
            }
        }
        let changed = self.behind.take_all(found);
        // what its id leads to is not what lies behind it
        let astray = self.behind.is_astray(&all);
        let judged = self.judge(changed, listener);
        self.all = astray || self.earlier.is_backwards();
        if !self.all {
            self.behind.forget_order();
        }
        judged
    }

    /// Tells what the rows say.
    fn judge(&mut self, changed: bool, listener: &mut dyn Listener) -> Result<Look, Error> {
        let found = self.own.is_some();
        let Rows {
            order,
            passed,
            left,
            several,
            doubtful,
            end,
        } = self.behind.stored(&self.earlier, found);
        if passed > self.passed {
            // what it did until now says nothing of this message
            self.ran = false;
        }
        (self.passed, self.left, self.doubtful) = (passed, left, doubtful);
        let bubbles: Vec<&Row> = order.iter().copied().filter(|row| is_bubble(row)).collect();
        let settled = bubbles.iter().all(|row| row.is_settled());
        let settled = settled && self.behind.is_stored();
        let last = match &end {
            Some(End::Failed(_)) => true,
            Some(End::Waits) => settled || !changed,
            None => !changed && self.over.is_some(),
        };
        // of one without an end, something may be hidden; and of several, only how they were stored tells whose they are
        let several = several || self.earlier.is_backwards();
        let hidden = end.is_none() && !self.behind.is_sure();
        if last && (hidden || several && !self.behind.is_ordered()) {
            self.all = true;
            return Ok(Look::Now);
        }
        match last {
            true => self.told.tell(&order, listener),
            // what was heard may be ahead of the rows
            false => {
                let answer = self.behind.told(&self.earlier, found);
                self.told.tell(&answer.order, listener);
            }
        }
        *self.latest.borrow_mut() = rows::reply(&bubbles, self.told.text(), false);
        match end {
            Some(End::Failed(error)) => listener.failed(error),
            // what stands before the end may still be on its way into the database
            Some(End::Waits) if settled || !changed => self.done(listener),
            Some(End::Waits) => {
                self.behind.look_again();
                return Ok(Look::Growing);
            }
            None if changed => {
                self.quiet = 0;
                self.over = self.over.filter(|over| *over != Over::Waits);
                return Ok(Look::Growing);
            }
            None => match self.over {
                Some(over) => self.conclude(over, listener),
                None => return Ok(self.quiet()),
            },
        }
        Ok(Look::Idle)
    }

    /// Takes what the agent said, as the server tells it.
    fn hear(&mut self, data: &str, listener: &mut dyn Listener) -> Result<Sign, Error> {
        let Some(row) = self.behind.hear(wire::said(data)?) else {
            return Ok(Sign::Nothing);
        };
        self.ran = true;
        self.quiet = 0;
        let ends = end_of(row).is_some();
        if self.started {
            let answer = self.behind.told(&self.earlier, self.own.is_some());
            self.told.tell(&answer.order, listener);
        }
        Ok(if ends { Sign::Ended } else { Sign::Growing })
    }

    /// The place of the message that was sent: of the first new one of a person with its text. What looks like JSON may have
    /// been stored as what it parses to.
    fn place(&self, rows: &[Row]) -> Option<usize> {
        let is_new = |row: &Row| row.is_incoming() && self.known.find(&row.id).is_none();
        let same = |row: &Row| row.text.as_ref() == Some(&self.question);
        let rewritten = |row: &Row| {
            let text = row.text.as_ref();
            text.is_some_and(|text| rows::is_rewritten(&self.question, text))
        };
        let own = rows.iter().position(|row| is_new(row) && same(row));
        own.or_else(|| rows.iter().position(|row| is_new(row) && rewritten(row)))
    }

    /// Finds the message that was sent, and leaves what lies behind it. One that does not come is looked for everywhere.
    fn start(&mut self, found: &mut Vec<Row>, listener: &mut dyn Listener) -> bool {
        let Some(at) = self.place(found) else {
            self.all = self.looks >= PATIENCE;
            return false;
        };
        let behind = found.split_off(at + 1);
        let own = found.pop();
        // what was to be finished may have been while the message was on its way
        for row in std::mem::replace(found, behind) {
            self.earlier.note(&row);
        }
        if let Some(own) = own {
            self.earlier.reach(&own);
            self.begin(Some(own), listener);
        }
        true
    }

    /// The message is this, or is no longer looked for.
    fn begin(&mut self, own: Option<Row>, listener: &mut dyn Listener) {
        self.started = true;
        if let Some(own) = &own {
            self.own = Some(own.id.clone());
            self.behind.begin(&own.id);
        }
        let message = own.map(|row| Box::new(rows::message(row, true)));
        listener.event(ReplyEvent::Start {
            message_id: message.as_ref().map(|message| message.id.to_string()),
            message,
        });
    }

    /// Nothing is new: every other time the session is asked what it is doing.
    fn quiet(&mut self) -> Look {
        self.quiet += 1;
        if self.started && self.quiet.is_multiple_of(2) {
            self.asks = Asks::Session;
            return Look::Now;
        }
        Look::Idle
    }

    fn status(&mut self, body: &str, listener: &mut dyn Listener) -> Result<Look, Error> {
        let Some((session, app)) = wire::looked_up(body)? else {
            return Err(errands::no_session());
        };
        match session.backend_status.as_deref().unwrap_or_default() {
            "running" => self.ran = true,
            "waiting" => {
                // rows may have come since they were read
                self.over = Some(Over::Waits);
                self.behind.look_again();
                return Ok(Look::Now);
            }
            "terminated" => {
                let crew = app.kind.as_deref() == Some("crew");
                // whoever stopped it, its agent says so only at its next step
                self.over = Some(match crew {
                    true => Over::Finished,
                    false => Over::Terminated,
                });
            }
            "error" => listener.failed(Error::new(ErrorKind::Agent, "the session failed")),
            _ => {}
        }
        if self.over.is_some() {
            self.behind.look_again();
        }
        Ok(Look::Idle)
    }

    /// The session is over, and the rows are as they were before it said so.
    fn conclude(&mut self, over: Over, listener: &mut dyn Listener) {
        let spoke = !self.told.is_empty();
        match over {
            Over::Waits | Over::Finished if spoke => self.done(listener),
            // what was asked before is what it waits behind: this message has not reached it yet
            Over::Waits if !self.ran || self.left > 0 => {
                self.over = None;
                self.waits += 1;
                // nothing more comes: what was taken for a greeting is the answer
                if self.waits >= BELIEVED {
                    self.unasked = true;
                    self.earlier.finish_unasked();
                }
            }
            Over::Waits | Over::Finished => {
                let message = "the agent gave no answer";
                listener.failed(Error::new(ErrorKind::Agent, message).code("NO_REPLY"));
            }
            Over::Terminated => {
                let message = match spoke {
                    true => {
                        "the session was terminated, and nothing says whether the answer was whole"
                    }
                    false => "the session was terminated before the agent answered",
                };
                listener.failed(Error::new(ErrorKind::Agent, message).code("TERMINATED"));
            }
        }
    }

    fn done(&self, listener: &mut dyn Listener) {
        let text = self.told.text();
        match self.latest.borrow_mut().take() {
            Some(mut reply) => {
                reply.message.complete = true;
                listener.done(Box::new(reply), Some(text));
            }
            None => {
                let message = "the agent gave no answer";
                listener.failed(Error::new(ErrorKind::Agent, message).code("NO_REPLY"));
            }
        }
    }
}
