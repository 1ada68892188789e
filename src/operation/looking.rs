//! Looks for an answer that the server does not send: by asking again and again, and, where the server tells of it by
//! itself, by listening to its socket meanwhile. What happened comes in, what next goes out; the answer goes to the
//! listener. What the rows say is the truth; the socket only tells sooner. Whatever is wrong with it, asking goes on.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::{Happened, Next, Now, Patience};
use crate::backend::{Backend, Listener, Look, Room, Sign, Watch};
use crate::error::{Error, ErrorKind, number};
use crate::http::{Method, Request, websocket};
use crate::settings::Settings;
use crate::socket::{Connection, HANDSHAKE, Heard};

/// The pauses between two looks: while the answer grows, and from the first to the longest while nothing comes.
const GROWING_PAUSE: f64 = 250.0;
const PAUSE: f64 = 400.0;
const MAX_PAUSE: f64 = 2_000.0;
const GROWTH: f64 = 1.4;
/// The longest pause while the socket tells what is new. It tells nothing to whom the session is closed, and does not say
/// so: until it told something, the pauses only grow towards this.
const LISTENING_PAUSE: f64 = 10_000.0;
/// The same once it told of an end: more may follow, and the rows say when nothing does.
const ENDING_PAUSE: f64 = 1_000.0;
/// How often the time that an answer may take counts anew because something changed. A history that contradicts itself
/// changes for ever.
const MOST_CHANGES: f64 = 20.0;
/// The code of an answer of which nobody can tell to which message it belongs.
const UNCLEAR: &str = "REPLY_UNCLEAR";
/// How long each part of the way into the room may take: so long nobody looks.
const ENTER_LIMIT: f64 = 3_000.0;

/// A search for an answer.
pub struct Looking {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    watch: Box<dyn Watch>,
    answer_timeout: f64,
    /// a look that fails is made again, as long as there is time
    endures: bool,
    now: Now,
    until: Now,
    /// whatever changes
    last: Now,
    pause: f64,
    /// when the last look was over
    looked: Now,
    call: Call,
    doing: Doing,
    line: Line,
}

enum Doing {
    /// the rows are asked for
    Asking,
    /// the time until the next look passes
    Waiting,
    /// the socket's handshake is made
    Greeting,
    /// the socket is opened
    Opening,
    /// what comes over the socket is awaited
    Listening,
    /// the socket is given up
    Closing,
}

enum Line {
    Untried,
    Greeting(Room),
    Open(Box<Live>),
    /// there is none, or it was given up
    Closed,
}

/// A socket in use.
struct Live {
    room: Room,
    connection: Connection,
    stage: Stage,
    /// it told that the answer ended, be it this one or the one before
    ended: bool,
    /// when the server said anything, be it that it is there
    heard: Now,
    /// the way into the room ends then
    enter_until: Now,
    /// when the rows are looked at
    due: Now,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// on the way into the room
    Entering,
    /// the rows are looked at for what came before
    CatchingUp,
    /// in the room; whether it tells anything is not known
    Entered,
    /// it told something
    Telling,
    /// the rows had something that it did not tell, or not yet
    Doubtful,
}

impl Looking {
    /// A search by `watch`, which fails with the first look that fails, or else `endures` for as long as there is time.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        mut watch: Box<dyn Watch>,
        answer_timeout: f64,
        endures: bool,
        now: Now,
    ) -> Self {
        let request = watch.ask();
        let call = look(&settings, &backend, request);
        Looking {
            settings,
            backend,
            watch,
            answer_timeout,
            endures,
            now,
            until: now + answer_timeout,
            last: now + answer_timeout * MOST_CHANGES,
            pause: PAUSE,
            looked: now,
            call,
            doing: Doing::Waiting,
            line: Line::Untried,
        }
    }

    /// The first look: at once, or after a pause.
    pub fn begin(&mut self, now: Now, at_once: bool) -> Result<Next, Error> {
        match at_once {
            true => self.ask(now),
            false => self.rest(now),
        }
    }

    /// Room for the body that is being read.
    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.call.space(at_least)
    }

    /// The request to make.
    pub fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        self.call.request(key)
    }

    /// How long to wait for it.
    pub fn patience(&self) -> Patience {
        let mut patience = self.call.patience();
        if self.endures {
            patience = patience.within(self.until - self.now);
        }
        match self.doing {
            Doing::Greeting => Patience {
                head: patience.head.min(ENTER_LIMIT),
                idle: patience.idle.min(ENTER_LIMIT),
            },
            _ => patience,
        }
    }

    /// Where the socket is.
    pub fn socket(&self) -> Option<String> {
        let Line::Open(live) = &self.line else {
            return None;
        };
        let url = format!("{}?{}", live.room.url, live.connection.query());
        Some(websocket(&url, self.settings.page_origin.as_deref()))
    }

    /// What to say over it.
    pub fn say(&mut self) -> Option<String> {
        match &mut self.line {
            Line::Open(live) => live.connection.say(),
            _ => None,
        }
    }

    /// Takes what happened. Whether the answer ended, the listener knows.
    pub fn step(
        &mut self,
        now: Now,
        happened: Happened,
        listener: &mut dyn Listener,
    ) -> Result<Next, Error> {
        self.now = now;
        match self.doing {
            Doing::Asking => match self.call.step(now, happened) {
                Ok(Progress::Body) => self.answered(now, listener),
                Ok(progress) => Ok(progress.into()),
                Err(error) => self.missed(now, error),
            },
            Doing::Waiting => self.ask(now),
            Doing::Greeting => self.greeted(now, happened),
            Doing::Opening => match happened {
                Happened::Opened => Ok(self.listen(now)),
                Happened::Closed => self.lost(now),
                _ => self.give_up(now),
            },
            Doing::Listening => match happened {
                Happened::Heard(text) => self.heard(now, &text, listener),
                Happened::Closed => self.lost(now),
                _ => self.silent(now),
            },
            Doing::Closing => self.lost(now),
        }
    }

    fn ask(&mut self, now: Now) -> Result<Next, Error> {
        self.doing = Doing::Asking;
        Ok(self.call.step(now, Happened::Begin)?.into())
    }

    /// Waits for what is left of the pause.
    fn rest(&mut self, now: Now) -> Result<Next, Error> {
        self.doing = Doing::Waiting;
        Ok(Next::Look((self.looked + self.pause - now).max(0.0)))
    }

    fn answered(&mut self, now: Now, listener: &mut dyn Listener) -> Result<Next, Error> {
        let look_at = self.watch.answer(&self.call.text(), listener);
        let look_at = look_at.map_err(|error| self.call.failed(error))?;
        self.looked = now;
        self.call = look(&self.settings, &self.backend, self.watch.ask());
        match look_at {
            Look::Now => return self.ask(now),
            Look::Growing if now < self.last => self.extend(now),
            Look::Growing | Look::Idle if now >= self.until => {
                let limit = self.answer_timeout;
                let message = format!(
                    "the message was taken, but nothing of an answer to it came for {} ms",
                    number(limit)
                );
                let error = Error::new(ErrorKind::Timeout, message);
                return Err(match self.watch.doubt() {
                    Some(doubt) => error.and(doubt).code(UNCLEAR),
                    None => error,
                });
            }
            Look::Growing | Look::Idle => {}
        }
        match &mut self.line {
            Line::Open(live) => {
                live.looked(look_at, now, &mut self.pause);
                Ok(self.listen(now))
            }
            Line::Untried if let Some(room) = self.watch.room(now) => self.greet(now, room),
            _ => {
                self.pause = match look_at {
                    Look::Idle => (self.pause * GROWTH).clamp(PAUSE, MAX_PAUSE),
                    _ => GROWING_PAUSE,
                };
                self.rest(now)
            }
        }
    }

    fn extend(&mut self, now: Now) {
        self.until = (now + self.answer_timeout).min(self.last);
    }

    /// A look failed.
    fn missed(&mut self, now: Now, error: Error) -> Result<Next, Error> {
        self.pause = (self.pause * GROWTH).clamp(PAUSE, MAX_PAUSE);
        let pause = error.retry_after.unwrap_or(self.pause).max(self.pause);
        if !self.endures || !error.kind.passes() || now + pause > self.until {
            return Err(error);
        }
        self.call = look(&self.settings, &self.backend, self.watch.ask());
        self.looked = now;
        if let Line::Open(live) = &mut self.line {
            live.due = now + pause;
            return Ok(self.listen(now));
        }
        self.doing = Doing::Waiting;
        Ok(Next::Reconnect(pause))
    }

    fn greet(&mut self, now: Now, room: Room) -> Result<Next, Error> {
        let url = format!("{}?{HANDSHAKE}", room.url);
        let request = Request::new(Method::Get, url);
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        let call = Call::new(settings, backend, request, Repeat::Untaken, Expect::Text);
        self.call = call.patient(self.settings.timeout.min(ENTER_LIMIT));
        self.line = Line::Greeting(room);
        self.doing = Doing::Greeting;
        Ok(self.call.step(now, Happened::Begin)?.into())
    }

    fn greeted(&mut self, now: Now, happened: Happened) -> Result<Next, Error> {
        let progress = self.call.step(now, happened);
        match progress {
            Ok(Progress::Body) => {}
            // it would be made again: meanwhile nobody would look
            Ok(Progress::Wait(_)) | Err(_) => return self.lost(now),
            Ok(progress) => return Ok(progress.into()),
        }
        let connection = Connection::new(&self.call.text());
        match (connection, std::mem::replace(&mut self.line, Line::Closed)) {
            (Ok(connection), Line::Greeting(room)) => {
                self.line = Line::Open(Box::new(Live {
                    room,
                    connection,
                    stage: Stage::Entering,
                    ended: false,
                    heard: now,
                    enter_until: now + ENTER_LIMIT,
                    due: now,
                }));
                self.doing = Doing::Opening;
                Ok(Next::Open(ENTER_LIMIT))
            }
            (_, line) => {
                self.line = line;
                self.lost(now)
            }
        }
    }

    fn heard(&mut self, now: Now, text: &str, listener: &mut dyn Listener) -> Result<Next, Error> {
        let Line::Open(live) = &mut self.line else {
            return self.lost(now);
        };
        live.heard = now;
        if text.len() > self.settings.max_event_bytes {
            return self.give_up(now);
        }
        let Ok(heard) = live.connection.hear(text) else {
            return self.give_up(now);
        };
        match heard {
            Heard::Nothing => {}
            Heard::Over => return self.give_up(now),
            Heard::Open => live.connection.tell(live.room.enter, &live.room.name),
            Heard::Event(event) if event.name == live.room.entered => {
                if live.stage == Stage::Entering {
                    live.stage = Stage::CatchingUp;
                    return self.catch_up(now);
                }
            }
            Heard::Event(event) => match self.watch.heard(&event.name, event.data, listener) {
                Ok(Sign::Nothing) => {}
                Ok(Sign::Growing) => {
                    self.until = (now + self.answer_timeout).min(self.last);
                    live.grows(now);
                }
                Ok(Sign::Ended) => {
                    self.pause = GROWING_PAUSE;
                    live.ended = true;
                    // it says so many times over
                    live.due = now.max(self.looked + GROWING_PAUSE);
                }
                Err(_) => return self.give_up(now),
            },
        }
        if live.is_due(now, self.until) {
            return self.ask(now);
        }
        Ok(self.listen(now))
    }

    /// Looks for what came before the room was entered.
    fn catch_up(&mut self, now: Now) -> Result<Next, Error> {
        self.pause = MAX_PAUSE;
        self.call = look(&self.settings, &self.backend, self.watch.ask());
        self.ask(now)
    }

    /// Nothing came in the time that was given.
    fn silent(&mut self, now: Now) -> Result<Next, Error> {
        let Line::Open(live) = &self.line else {
            return self.lost(now);
        };
        if live.is_gone(now) {
            return self.give_up(now);
        }
        match live.is_due(now, self.until) {
            true => self.ask(now),
            false => Ok(self.listen(now)),
        }
    }

    fn listen(&mut self, now: Now) -> Next {
        self.doing = Doing::Listening;
        match &self.line {
            Line::Open(live) => Next::Listen((live.next(self.until) - now).max(0.0)),
            _ => Next::Listen(0.0),
        }
    }

    fn give_up(&mut self, now: Now) -> Result<Next, Error> {
        if matches!(self.line, Line::Open(_)) {
            self.doing = Doing::Closing;
            return Ok(Next::Close);
        }
        self.lost(now)
    }

    /// There is no socket, or none any more.
    fn lost(&mut self, now: Now) -> Result<Next, Error> {
        let entered = match std::mem::replace(&mut self.line, Line::Closed) {
            Line::Open(live) => live.stage != Stage::Entering,
            _ => false,
        };
        self.call = look(&self.settings, &self.backend, self.watch.ask());
        self.pause = PAUSE;
        if entered {
            // whatever was told on its last way is in the rows
            return self.ask(now);
        }
        self.watch.no_room(now);
        self.rest(now)
    }
}

impl Live {
    /// Notes that the socket told something of the answer.
    fn grows(&mut self, now: Now) {
        if self.stage != Stage::Entering {
            self.stage = Stage::Telling;
            self.due = now
                + if self.ended {
                    ENDING_PAUSE
                } else {
                    LISTENING_PAUSE
                };
        }
    }

    /// Notes what the rows said.
    fn looked(&mut self, look: Look, now: Now, pause: &mut f64) {
        let grew = look == Look::Growing;
        (self.stage, *pause) = match self.stage {
            Stage::Entering | Stage::CatchingUp => (Stage::Entered, MAX_PAUSE),
            stage if grew && self.ended => (stage, GROWING_PAUSE),
            _ if grew => (Stage::Doubtful, GROWING_PAUSE),
            Stage::Telling if !self.ended => (Stage::Telling, LISTENING_PAUSE),
            stage => (stage, (*pause * GROWTH).min(LISTENING_PAUSE)),
        };
        self.due = now + *pause;
    }

    fn is_due(&self, now: Now, until: Now) -> bool {
        self.stage != Stage::Entering && now >= self.due.min(until)
    }

    /// Whether nobody is there any more, or nobody who tells what is in the rows.
    fn is_gone(&self, now: Now) -> bool {
        match self.stage {
            Stage::Entering => now >= self.enter_until,
            Stage::Doubtful => now >= self.due,
            _ => now >= self.heard + self.connection.silence(),
        }
    }

    /// When something has to be done, whatever comes.
    fn next(&self, until: Now) -> Now {
        match self.stage {
            Stage::Entering => self.enter_until,
            _ => (self.due.min(until)).min(self.heard + self.connection.silence()),
        }
    }
}

fn look(settings: &Rc<Settings>, backend: &Rc<dyn Backend>, request: Request) -> Call {
    let (settings, backend) = (settings.clone(), backend.clone());
    Call::new(settings, backend, request, Repeat::Safe, Expect::Json)
}
