//! The answer to a message, looked for in the history. In: the rows behind the message, again and again, and between them
//! what the session is doing. Out: the answer as it grows, and its end.
//!
//! An answer is all that the agent says behind the message, bubble by bubble, with a blank line between two. It ends where
//! the agent waits for a person: with a row of that kind (`isFeedback`), or, where none came, with a session that waits.
//! Nothing in a streamed row says that it is whole, and rows are stored while their neighbours still are. So an end counts
//! only once a second look, later, finds every row as it was.
//!
//! An agent that was not waiting when the message was sent has something else to finish first: it greets, or it still
//! answers the message before, of which somebody stopped to listen. What it says until it waits belongs to that.
//!
//! Where the server tells by itself what the agent says, it is handed out as it is heard; the answer is what is in the rows
//! all the same.
//!
//! A session that was terminated is no such end in a chat: an agent that finished, one that reached a limit and one that
//! somebody stopped look alike there. In a crew it is, because there nobody is waited for.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::{Answer, Decoder, Listener, Look, Room, Sign, Sought, Watch};
use super::heard::Heard;
use super::told::{Earlier, End, Rows, Told, end_of, is_bubble};
use super::wire::{self, Row};
use super::{errands, pages, rows};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::json::{Json, whole};
use crate::model::{Message, Reply, ReplyEvent, Role};
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
type Latest = Rc<RefCell<Option<Reply>>>;

/// Reads one answer.
pub struct AgentCloudDecoder {
    history: Request,
    session: Request,
    question: Text<'static>,
    /// the newest row before the message was sent
    after: String,
    /// the users' rows before it
    known: Names,
    earlier: Earlier,
    latest: Latest,
    room: Option<Room>,
    rooms_from: RoomsFrom,
}

impl AgentCloudDecoder {
    /// A decoder of the answer to `question`, in the session for which the two requests ask, and whose `room` tells of it.
    pub fn new(
        history: Request,
        session: Request,
        question: Text<'static>,
        room: Option<Room>,
        rooms_from: RoomsFrom,
    ) -> Self {
        AgentCloudDecoder {
            room,
            rooms_from,
            history,
            session,
            question,
            after: pages::FIRST.to_owned(),
            known: Names::default(),
            earlier: Earlier::Greeting,
            latest: Latest::default(),
        }
    }

    /// Looks behind the row `after`, where the message itself is the row `known`, or has to be found.
    fn awaiting(&self, after: &str, known: Option<String>) -> Awaiting {
        Awaiting {
            history: self.history.clone(),
            session: self.session.clone(),
            question: self.question.clone(),
            known,
            begin: after.to_owned(),
            after: after.to_owned(),
            earlier: self.earlier,
            passed: false,
            asks: Asks::Rows,
            looks: 0,
            started: false,
            rows: Vec::new(),
            heard: Heard::default(),
            told: Told::default(),
            quiet: 0,
            ran: false,
            waits: 0,
            over: None,
            latest: self.latest.clone(),
            room: self.room.clone(),
            rooms_from: self.rooms_from.clone(),
        }
    }
}

impl Decoder for AgentCloudDecoder {
    fn before(&mut self, body: &str) -> Result<(), Error> {
        let mut rows = rows::read(&Word::from(body))?;
        for row in rows.iter().filter(|row| row.is_incoming()) {
            self.known.add(&row.id);
        }
        let newest = rows.pop();
        self.earlier = Earlier::than(newest.as_ref());
        if let Some(newest) = newest {
            self.after = newest.id;
        }
        Ok(())
    }

    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        // no server of this kind streams
        listener.event(ReplyEvent::Other {
            event: Some(event.to_owned()).filter(|event| !event.is_empty()),
            data: Json::parse(data).unwrap_or_else(|_| Json::from(&Text::from(data))),
        });
        Ok(())
    }

    fn body(&mut self, json: &str) -> Result<Answer, Error> {
        whole(json, |reader| reader.object(|_, _| Ok(())))?;
        Ok(Answer::Later {
            message: None,
            watch: Box::new(self.awaiting(&self.after, None)),
        })
    }

    fn sought(&self) -> Option<Sought> {
        // the ids are the server's clock, and that may run backwards
        Some(Sought {
            text: self.question.clone(),
            known: Some(self.known.clone()),
            ..Sought::default()
        })
    }

    fn watch(&mut self, message: &Message, _: bool) -> Option<Box<dyn Watch>> {
        // what the agent had to finish first stands in front of the message
        let known = Some(message.id.to_string());
        Some(Box::new(self.awaiting(pages::FIRST, known)))
    }

    fn partial(&self, text: Text<'static>) -> Reply {
        let latest = self.latest.borrow().clone();
        let mut reply = latest.unwrap_or_else(|| {
            Reply::from(Message {
                id: format!("reply:{}", self.after).into(),
                role: Role::Assistant,
                text: Text::default(),
                created_at: None,
                timestamp: None,
                author: None,
                tool_call: None,
                tool_result: None,
                citations: None,
                sources: None,
                complete: false,
                client_message_id: None,
                metadata: None,
                raw: Json::default(),
            })
        });
        reply.message.text = text;
        reply
    }
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
struct Awaiting {
    history: Request,
    session: Request,
    question: Text<'static>,
    /// the row of the message, where that is known and was not read yet
    known: Option<String>,
    /// the row behind which the answer is
    begin: String,
    /// what lies up to this row looks settled, and is asked for again only at the end
    after: String,
    earlier: Earlier,
    /// that is finished
    passed: bool,
    asks: Asks,
    looks: u32,
    /// the message was found, or is no longer looked for
    started: bool,
    /// all rows behind the message, in the order of their ids
    rows: Vec<Row>,
    /// what the server told of them by itself
    heard: Heard,
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

impl Watch for Awaiting {
    fn ask(&mut self) -> Request {
        match self.asks {
            Asks::Rows => pages::behind(&self.history, &self.after),
            Asks::Session => self.session.clone(),
        }
    }

    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error> {
        match std::mem::replace(&mut self.asks, Asks::Rows) {
            Asks::Rows => self.look(rows::read(body)?, listener),
            Asks::Session => self.status(body, listener),
        }
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
    fn look(&mut self, mut found: Vec<Row>, listener: &mut dyn Listener) -> Result<Look, Error> {
        self.looks += 1;
        // somebody on the way may not listen to the question
        found.retain(|row| row.id > self.after);
        if let Some(known) = self.known.take() {
            let before = found.iter().rfind(|row| row.id < known);
            self.earlier = Earlier::than(before);
            self.started = true;
            found.retain(|row| row.id > known);
            self.begin.clone_from(&known);
            self.after = known;
        }
        if !self.started && !self.start(&mut found, listener) {
            return Ok(self.quiet());
        }
        let changed = self.take(found);
        let Rows { order, passed, end } = self.earlier.split(self.rows.iter().collect());
        if passed && !self.passed {
            // what it did until now says nothing of this message
            self.passed = true;
            self.ran = false;
        }
        let bubbles: Vec<&Row> = order.iter().copied().filter(|row| is_bubble(row)).collect();
        let settled = bubbles.iter().all(|row| row.is_settled());
        let settled = settled && self.heard.is_stored(&self.rows);
        let last = match &end {
            Some(End::Failed(_)) => true,
            Some(End::Waits) => settled || !changed,
            None => !changed && self.over.is_some(),
        };
        match last {
            true => self.told.tell(&order, listener),
            // what was heard may be ahead of the rows
            false => {
                let rows = self.earlier.split(self.heard.view(&self.rows));
                self.told.tell(&rows.order, listener);
            }
        }
        *self.latest.borrow_mut() = rows::reply(&bubbles, self.told.text(), false);
        match end {
            Some(End::Failed(error)) => listener.failed(error),
            // what stands before the end may still be on its way into the database
            Some(End::Waits) if settled || !changed => self.done(listener),
            Some(End::Waits) => {
                self.after.clone_from(&self.begin);
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
        let Some(row) = self.heard.take(wire::said(data)?, &self.rows) else {
            return Ok(Sign::Nothing);
        };
        self.ran = true;
        self.quiet = 0;
        let ends = end_of(row).is_some();
        if self.started {
            let rows = self.earlier.split(self.heard.view(&self.rows));
            self.told.tell(&rows.order, listener);
        }
        Ok(if ends { Sign::Ended } else { Sign::Growing })
    }

    /// Finds the message that was sent: the first one of a person with its text. What looks like JSON may have been stored
    /// as what it parses to.
    fn start(&mut self, found: &mut Vec<Row>, listener: &mut dyn Listener) -> bool {
        let from_people = || found.iter().filter(|row| row.is_incoming());
        let same = |row: &&Row| row.text.as_ref() == Some(&self.question);
        let rewritten = |row: &&Row| {
            let text = row.text.as_ref();
            text.is_some_and(|text| is_rewritten(&self.question, text))
        };
        let own = from_people().find(same);
        let own = own.or_else(|| from_people().find(rewritten));
        let own = own.cloned();
        if own.is_none() && self.looks < PATIENCE {
            return false;
        }
        self.started = true;
        if let Some(own) = &own {
            // what was to be finished may have been while the message was on its way
            let between = found.iter().rfind(|row| row.id < own.id);
            if between.is_some_and(|row| row.feedback) {
                self.earlier = Earlier::Nothing;
            }
            self.after.clone_from(&own.id);
            self.begin.clone_from(&own.id);
            found.retain(|row| row.id > own.id);
        }
        let message = own.map(|row| Box::new(rows::message(row, true)));
        listener.event(ReplyEvent::Start {
            message_id: message.as_ref().map(|message| message.id.to_string()),
            message,
        });
        true
    }

    /// Takes the rows that lie behind what is settled, and says whether anything is new.
    fn take(&mut self, found: Vec<Row>) -> bool {
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
        changed
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
                self.after.clone_from(&self.begin);
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
            self.after.clone_from(&self.begin);
        }
        Ok(Look::Idle)
    }

    /// The session is over, and the rows are as they were before it said so.
    fn conclude(&mut self, over: Over, listener: &mut dyn Listener) {
        let spoke = !self.told.is_empty();
        match over {
            Over::Waits | Over::Finished if spoke => self.done(listener),
            // what was asked before is what it waits behind: this message has not reached it yet
            Over::Waits if !self.ran => {
                self.over = None;
                self.waits += 1;
                // nothing more comes: what was taken for the rest of an earlier answer, to a message that was lost, is
                // the answer to this one
                if self.waits >= BELIEVED {
                    self.earlier = Earlier::Nothing;
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

/// Whether the server stores this text as that one, because it looks like JSON.
pub fn is_rewritten(text: &Text<'_>, stored: &Text<'_>) -> bool {
    compact(text).is_some_and(|text| compact(stored) == Some(text))
}

/// JSON without the white space outside of its strings; nothing for any other text.
fn compact(text: &Text<'_>) -> Option<String> {
    let text = text.as_str()?;
    if !text.starts_with(['{', '[']) || Json::parse(text).is_err() {
        return None;
    }
    let (mut inside, mut escaped) = (false, false);
    let kept = |letter: &char| {
        let space = !inside && letter.is_ascii_whitespace();
        inside ^= *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        !space
    };
    Some(text.chars().filter(kept).collect())
}
