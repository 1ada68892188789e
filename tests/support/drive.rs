//! Runs one operation against one server under a virtual clock, as `src/js/driver.js` runs it against `fetch`: the limits
//! fire at their time, a response that is no longer wanted is let go, values come out before the failure behind them.
//! A run that takes too many steps panics: no test waits for ever.

use agentline::error::Error;
use agentline::http::{Head, Request};
use agentline::json::write;
use agentline::model::{Delivery, Message, PageEnd, Reply, ReplyEvent, Session};
use agentline::operation::{Failure, Happened, Next, Operation, Outcome, Sink};

use super::client::Made;

/// More steps than any test needs: a body of 10,000 pieces, or an hour of polling.
const MOST_STEPS: usize = 50_000;
/// More requests than any operation of a test may make: a server counts them.
const MOST_REQUESTS: usize = 1_000;
/// As in `driver.js`: a chunk goes into the machine in pieces of this size.
const PIECE: usize = 65_536;

/// How an answer ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// as announced
    Clean,
    /// the connection breaks, with the platform's code where it has one
    Broken(Option<&'static str>),
    /// nothing more ever comes
    Never,
}

/// An answer with its times, in milliseconds after its request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// when the head comes
    pub after: f64,
    /// none: the request ends without one, at `end_after`
    pub head: Option<Head>,
    pub body: Vec<(f64, Vec<u8>)>,
    pub end: End,
    pub end_after: f64,
    /// where a later request can still change what comes
    pub turn: Option<u64>,
}

/// What answers, and whose clock it is.
pub trait Server {
    /// Milliseconds since the epoch.
    fn now(&self) -> f64;
    /// Lets everything happen that happens until then.
    fn pass(&mut self, until: f64);
    fn answer(&mut self, request: &Request) -> Answer;
    /// What a turn's answer turned into.
    fn instead(&self, _turn: u64) -> Option<Answer> {
        None
    }
    /// Opens a socket after so many milliseconds; none: it cannot be opened.
    fn open(&mut self, _url: &str) -> Option<f64> {
        None
    }
    /// Takes what the client says over the socket.
    fn said(&mut self, _text: &str) {}
    /// What comes next over the socket, and when, if that is not later than `until`; no text: it is closed.
    fn next_text(&mut self, _until: f64) -> Option<(f64, Option<String>)> {
        None
    }
    /// The client closed the socket.
    fn closed(&mut self) {}
}

/// What came out of an operation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "tests have few of them")]
pub enum Seen {
    /// its type, and the event as JSON text
    Event(&'static str, String),
    Message(Message),
    Session(Session),
    Reply(Box<Reply>),
    Page(PageEnd),
    /// of `readEvents`
    Frame(String),
}

impl Seen {
    /// As it reaches JavaScript.
    pub fn json(&self) -> String {
        match self {
            Seen::Event(_, json) | Seen::Frame(json) => json.clone(),
            Seen::Message(message) => write::text(message),
            Seen::Session(session) => write::text(session),
            Seen::Reply(reply) => write::text(reply),
            Seen::Page(end) => write::text(end),
        }
    }
}

#[derive(Default)]
struct Taken(Vec<Seen>);

impl Sink for Taken {
    fn put(&mut self, outcome: Outcome<'_>) {
        self.0.push(match outcome {
            Outcome::Event(event) => {
                let kind = match &event {
                    ReplyEvent::Start { .. } => "start",
                    ReplyEvent::Content { .. } => "content",
                    ReplyEvent::Thinking { .. } => "thinking",
                    ReplyEvent::Status { .. } => "status",
                    ReplyEvent::ToolCall { .. } => "tool_call",
                    ReplyEvent::ToolResult { .. } => "tool_result",
                    ReplyEvent::Citations { .. } => "citations",
                    ReplyEvent::Replace { .. } => "replace",
                    ReplyEvent::Done { .. } => "done",
                    ReplyEvent::Other { .. } => "other",
                };
                Seen::Event(kind, write::text(&event))
            }
            Outcome::Message(message) => Seen::Message(message),
            Outcome::Session(session) => Seen::Session(session),
            Outcome::Reply(reply) => Seen::Reply(reply),
            Outcome::Token(token) => Seen::Frame(token),
            Outcome::Page(end) => Seen::Page(end),
            Outcome::Frame { event, data, id } => {
                Seen::Frame(write::text(&(event, data, id.unwrap_or("-"))))
            }
            Outcome::Comment(comment) => Seen::Frame(write::text(comment)),
            Outcome::Resume { id, retry } => Seen::Frame(write::text(&(id, retry))),
        });
    }
}

/// All that came of an operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub seen: Vec<Seen>,
    pub error: Option<Error>,
    /// every request, and when it was made
    pub requests: Vec<(f64, Request)>,
    /// the addresses of the sockets that were opened
    pub sockets: Vec<String>,
    /// what was said over them
    pub said: Vec<String>,
    /// how far the message was, each time that changed
    pub deliveries: Vec<Delivery>,
}

impl Run {
    /// What came out, of an operation that succeeds.
    #[track_caller]
    pub fn fine(self) -> Vec<Seen> {
        if let Some(error) = &self.error {
            panic!("it failed: {}", write::text(error));
        }
        self.seen
    }

    /// The error, of an operation that fails.
    #[track_caller]
    pub fn failed(&self) -> &Error {
        match &self.error {
            Some(error) => error,
            None => panic!("it did not fail: {:?}", self.seen),
        }
    }

    pub fn messages(&self) -> Vec<&Message> {
        fn message(seen: &Seen) -> Option<&Message> {
            match seen {
                Seen::Message(message) => Some(message),
                _ => None,
            }
        }
        self.seen.iter().filter_map(message).collect()
    }

    /// The end of the page, of an operation that reads one.
    #[track_caller]
    pub fn page(&self) -> &PageEnd {
        match (self.seen.last(), &self.error) {
            (Some(Seen::Page(end)), None) => end,
            other => panic!("no page: {other:?}"),
        }
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        let kind = |seen: &Seen| match seen {
            Seen::Event(kind, _) => kind,
            Seen::Message(_) => "message",
            Seen::Session(_) => "session",
            Seen::Reply(_) => "reply",
            Seen::Page(_) => "page",
            Seen::Frame(_) => "frame",
        };
        self.seen.iter().map(kind).collect()
    }
}

/// The text of the first request's body.
#[track_caller]
pub fn body_of(run: &Run) -> &str {
    match run.requests.first() {
        Some((_, request)) => request.body.as_ref().and_then(|body| body.text()).unwrap(),
        None => panic!("no request was made"),
    }
}

/// One response under way.
struct Exchange {
    started: f64,
    answer: Answer,
    /// how many pieces of the body were read
    read: usize,
    heard: f64,
    head_came: bool,
}

/// One operation being run.
pub struct Drive<'s> {
    server: &'s mut dyn Server,
    operation: Result<Box<dyn Operation>, Error>,
    key: Option<&'s str>,
    next: Option<Next>,
    exchange: Option<Exchange>,
    taken: Taken,
    over: bool,
    steps: usize,
    pub requests: Vec<(f64, Request)>,
    /// the pauses that the operation asked for
    pub pauses: Vec<f64>,
    pub sockets: Vec<String>,
    pub said: Vec<String>,
    pub deliveries: Vec<Delivery>,
    /// a socket is open
    open: bool,
}

/// Runs an operation to its end.
pub fn run(server: &mut dyn Server, made: Made) -> Run {
    run_with_key(server, made, None)
}

pub fn run_with_key(server: &mut dyn Server, made: Made, key: Option<&str>) -> Run {
    let mut drive = Drive::new(server, made, key);
    let mut seen = Vec::new();
    let error = loop {
        match drive.pull() {
            Ok(Some(values)) => seen.extend(values),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(!drive.open, "the socket was left open");
    Run {
        seen,
        error,
        requests: drive.requests,
        sockets: drive.sockets,
        said: drive.said,
        deliveries: drive.deliveries,
    }
}

impl<'s> Drive<'s> {
    pub fn new(server: &'s mut dyn Server, made: Made, key: Option<&'s str>) -> Self {
        let delivery = made
            .as_ref()
            .ok()
            .and_then(|operation| operation.delivery());
        Drive {
            deliveries: delivery.into_iter().collect(),
            over: false,
            server,
            operation: made,
            key,
            next: None,
            exchange: None,
            taken: Taken::default(),
            steps: 0,
            requests: Vec::new(),
            pauses: Vec::new(),
            sockets: Vec::new(),
            said: Vec::new(),
            open: false,
        }
    }

    pub fn now(&self) -> f64 {
        self.server.now()
    }

    /// Whether nothing more comes.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Leaves, wherever it is.
    pub fn leave(mut self) {
        self.close();
    }

    /// Goes on until there are values, and gives them; nothing once the operation is over.
    pub fn pull(&mut self) -> Result<Option<Vec<Seen>>, Error> {
        let mut failed = None;
        while !self.over && self.taken.0.is_empty() {
            match self.step() {
                Ok(Next::Done) => self.over = true,
                Ok(next) => self.next = Some(next),
                Err(error) => {
                    failed = Some(error);
                    self.over = true;
                }
            }
        }
        if let Some(error) = failed {
            self.operation = Err(error);
        }
        if self.over {
            self.close();
        }
        match (std::mem::take(&mut self.taken.0), &self.operation) {
            (values, _) if !values.is_empty() => Ok(Some(values)),
            (_, Err(error)) => Err(error.clone()),
            _ => Ok(None),
        }
    }

    /// Like [`Self::pull`], but stops at a moment. Nothing once that has come.
    pub fn pull_until(&mut self, moment: f64) -> Result<Option<Vec<Seen>>, Error> {
        while self.server.now() < moment && !self.over && self.taken.0.is_empty() {
            if let Some(Next::Wait(pause) | Next::Look(pause) | Next::Reconnect(pause)) = self.next
                && self.server.now() + pause > moment
            {
                self.server.pass(moment);
                return Ok(None);
            }
            match self.step() {
                Ok(next) => {
                    self.over = next == Next::Done;
                    self.next = Some(next);
                }
                Err(error) => {
                    self.over = true;
                    return Err(error);
                }
            }
        }
        let values = std::mem::take(&mut self.taken.0);
        Ok(Some(values).filter(|values| !values.is_empty()))
    }

    fn step(&mut self) -> Result<Next, Error> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.requests.len() > MOST_REQUESTS {
            let last: Vec<_> = self.requests.iter().rev().take(5).collect();
            panic!(
                "no end after {} steps and {} requests; next is {:?}, the last requests were {last:#?}",
                self.steps,
                self.requests.len(),
                self.next
            );
        }
        match self.next {
            None => self.tell(Happened::Begin),
            Some(Next::Send) => self.send(),
            Some(Next::Read) => self.read(),
            Some(Next::Wait(pause) | Next::Look(pause) | Next::Reconnect(pause)) => {
                assert!(pause >= 0.0, "a pause of {pause} ms");
                self.exchange = None;
                self.pauses.push(pause);
                self.server.pass(self.server.now() + pause);
                self.tell(Happened::Waited)
            }
            Some(Next::Yield) => self.tell(Happened::Resumed),
            Some(Next::Open(limit)) => self.open_socket(limit),
            Some(Next::Listen(limit)) => self.listen(limit),
            Some(Next::Close) => {
                self.close();
                self.tell(Happened::Closed)
            }
            Some(Next::Done) => panic!("a step after the end"),
        }
    }

    fn tell(&mut self, happened: Happened) -> Result<Next, Error> {
        let now = self.server.now();
        let next = match &mut self.operation {
            Ok(operation) => operation.step(now, happened, &mut self.taken),
            Err(error) => Err(error.clone()),
        };
        self.heed();
        next
    }

    /// Notes how far the message is.
    fn heed(&mut self) {
        if let Ok(operation) = &self.operation
            && let Some(delivery) = operation.delivery()
            && self.deliveries.last() != Some(&delivery)
        {
            self.deliveries.push(delivery);
        }
    }

    fn operation(&mut self) -> &mut dyn Operation {
        match &mut self.operation {
            Ok(operation) => operation.as_mut(),
            Err(error) => panic!("a step after the failure {error:?}"),
        }
    }

    fn open_socket(&mut self, limit: f64) -> Result<Next, Error> {
        assert!(limit > 0.0, "no time to open a socket");
        self.exchange = None;
        let url = self.operation().socket().unwrap();
        self.sockets.push(url.clone());
        let now = self.server.now();
        match self.server.open(&url) {
            Some(after) if after <= limit => {
                self.server.pass(now + after);
                self.open = true;
                let next = self.tell(Happened::Opened);
                self.say();
                next
            }
            Some(_) => {
                self.server.pass(now + limit);
                self.tell(Happened::Waited)
            }
            None => self.tell(Happened::Closed),
        }
    }

    fn listen(&mut self, limit: f64) -> Result<Next, Error> {
        assert!(limit >= 0.0, "it listens for {limit} ms");
        assert!(self.open, "it listens to no socket");
        self.exchange = None;
        let until = self.server.now() + limit;
        let next = match self.server.next_text(until) {
            Some((at, Some(text))) => {
                self.server.pass(at);
                self.tell(Happened::Heard(text))
            }
            Some((at, None)) => {
                self.server.pass(at);
                self.open = false;
                self.tell(Happened::Closed)
            }
            None => {
                self.server.pass(until);
                self.tell(Happened::Waited)
            }
        };
        self.say();
        next
    }

    fn say(&mut self) {
        while self.open
            && let Ok(operation) = &mut self.operation
            && let Some(text) = operation.say()
        {
            self.server.said(&text);
            self.said.push(text);
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.server.closed();
        }
    }

    fn send(&mut self) -> Result<Next, Error> {
        let key = self.key;
        let request = self.operation().request(key);
        self.heed();
        let request = request?;
        let limit = self.operation().patience().head;
        assert!(limit > 0.0, "no time for the head");
        let started = self.server.now();
        self.requests.push((started, request.clone()));
        self.exchange = None;
        let mut exchange = Exchange {
            started,
            answer: self.server.answer(&request),
            read: 0,
            heard: started,
            head_came: false,
        };
        loop {
            let answer = &exchange.answer;
            let due = if answer.head.is_some() {
                answer.after
            } else {
                answer.end_after
            };
            let silent = answer.head.is_none() && answer.end == End::Never;
            if silent || due > limit {
                assert!(limit.is_finite(), "nothing would ever happen");
                if self.still(&mut exchange, started + limit) {
                    continue;
                }
                return self.tell(Happened::Failed(Failure::Silence));
            }
            if self.still(&mut exchange, started + due) {
                continue;
            }
            let Some(head) = exchange.answer.head.clone() else {
                let failure = broken("fetch failed", &exchange.answer.end);
                return self.tell(Happened::Failed(failure));
            };
            exchange.head_came = true;
            exchange.heard = self.server.now();
            self.exchange = Some(exchange);
            return self.tell(Happened::Head(head));
        }
    }

    /// Lets time pass, and says whether the answer became another one meanwhile.
    fn still(&mut self, exchange: &mut Exchange, until: f64) -> bool {
        self.server.pass(until);
        let instead = exchange
            .answer
            .turn
            .and_then(|turn| self.server.instead(turn));
        match instead {
            Some(instead) if instead != exchange.answer => {
                exchange.answer = instead;
                // what lies in the past is what was promised before
                exchange.head_came
                    || exchange.answer.head.is_none()
                    || exchange.started + exchange.answer.after > self.server.now()
            }
            _ => false,
        }
    }

    fn read(&mut self) -> Result<Next, Error> {
        let limit = self.operation().patience().idle;
        let Some(mut exchange) = self.exchange.take() else {
            panic!("it wants to read, and no response is there");
        };
        let (due, piece) = loop {
            let answer = &exchange.answer;
            let (due, piece) = match answer.body.get(exchange.read) {
                Some((after, bytes)) => (exchange.started + after, Some(bytes.clone())),
                None => (exchange.started + answer.end_after, None),
            };
            let never = piece.is_none() && answer.end == End::Never;
            let silent = never || due - exchange.heard > limit;
            let due = if silent { exchange.heard + limit } else { due };
            assert!(due.is_finite(), "nothing would ever happen");
            if self.still(&mut exchange, due.max(self.server.now())) {
                continue;
            }
            if silent {
                return self.tell(Happened::Failed(Failure::Silence));
            }
            break (due, piece);
        };
        let Some(bytes) = piece else {
            let end = exchange.answer.end.clone();
            return match end {
                End::Clean => self.tell(Happened::End),
                end => self.tell(Happened::Failed(broken("terminated", &end))),
            };
        };
        exchange.read += 1;
        exchange.heard = due;
        self.exchange = Some(exchange);
        let mut next = Next::Read;
        for part in bytes.chunks(PIECE) {
            if next != Next::Read {
                break;
            }
            let space = self.operation().space(part.len());
            assert!(space.len() >= part.len(), "no room for the body");
            space[..part.len()].copy_from_slice(part);
            next = self.tell(Happened::Bytes(part.len()))?;
        }
        if next != Next::Read {
            self.exchange = None;
        }
        Ok(next)
    }
}

fn broken(message: &str, end: &End) -> Failure {
    let code = match end {
        End::Broken(code) => code.map(str::to_owned),
        _ => None,
    };
    Failure::Network {
        message: message.to_owned(),
        code,
    }
}
