//! One turn of a conversation: a message goes out, its answer comes in, as a stream, whole, or by looking for it where
//! the server answers that way. An answer that stops before its end is never taken for a whole one, and a message that
//! may have been taken is never sent again: it is looked for in the history, and so is the rest of an answer that was cut
//! off.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::looking::Looking;
use super::search::{Search, Searched, Wanted};
use super::{Failure, Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{
    Answer, Backend, Decoder, Listener, OutgoingMessage, Rest, Resume, Sought, Watch,
};
use crate::error::{Delivered, Error, ErrorKind, number};
use crate::http::{Method, Request};
use crate::model::{Delivery, Message, Reply, ReplyEvent};
use crate::settings::Settings;
use crate::sse::{Framer, Item, Overflow, text};
use crate::text::Text;

/// How long an answer is looked for without a sign of life, unless the caller says so.
const ANSWER_TIMEOUT: f64 = 60_000.0;

/// What a caller hears while the message is looked for in the history.
pub const LOOKING_FOR_MESSAGE: &str =
    "nobody knows whether the message arrived: looking for it in the history";
/// What a caller hears while the rest of an answer is looked for there.
pub const LOOKING_FOR_ANSWER: &str =
    "the answer was cut off: looking for the rest of it in the history";

/// Why the answer to a message of the history does not come.
const NOT_STORED: &str = "the backend keeps no answer of this kind in its history";

/// A turn under way.
pub struct Turn {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    session: String,
    client_message_id: String,
    answer_timeout: f64,
    /// what goes wrong is looked for in the history
    resumes: bool,
    /// what surely is not there is sent again
    redelivers: bool,
    /// the message; none where the answer to one is looked for that was sent before
    outgoing: Option<Outgoing>,
    /// what is being asked, or was last
    call: Call,
    decoder: Box<dyn Decoder>,
    framer: Framer,
    talk: Talk,
    phase: Phase,
    delivery: Delivery,
    /// when the message went out first
    began: Option<Now>,
    /// how often it went out once more
    redelivered: u32,
    /// why the history is looked at
    cause: Option<Error>,
}

enum Phase {
    /// what was there before is read
    Before(Box<Call>),
    /// the request, or a JSON answer
    Calling,
    /// events come in
    Streaming,
    /// the message is looked for
    Searching(Box<Search>),
    /// the answer is looked for
    Looking(Box<Looking>),
}

/// A message as it goes out.
struct Outgoing {
    request: Request,
    expect: Expect,
    /// milliseconds to the head of the answer
    patience: Option<f64>,
}

impl Turn {
    /// Sends `message` into `session`. With `stream`, the answer is handed out as events while it grows; else as one
    /// reply.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Self, Error> {
        let sending = backend.send_message(session, message, stream)?;
        let phase = match sending.before {
            Some(before) => {
                let (settings, backend) = (settings.clone(), backend.clone());
                let call = Call::new(settings, backend, before, Repeat::Safe, Expect::Json);
                Phase::Before(Box::new(call))
            }
            None => Phase::Calling,
        };
        let outgoing = Outgoing {
            request: sending.request,
            expect: match sending.streams {
                true => Expect::Stream,
                false => Expect::Json,
            },
            patience: sending.patience,
        };
        Ok(Turn {
            session: session.to_owned(),
            client_message_id: message.client_message_id.clone().unwrap_or_default(),
            answer_timeout: message.answer_timeout.unwrap_or(ANSWER_TIMEOUT),
            resumes: message.resume,
            redelivers: message.redeliver,
            call: outgoing.call(&settings, &backend),
            outgoing: Some(outgoing),
            decoder: sending.decoder,
            framer: Framer::new(settings.max_event_bytes),
            talk: Talk {
                stream,
                ..Talk::default()
            },
            phase,
            delivery: Delivery::Queued,
            began: None,
            redelivered: 0,
            cause: None,
            settings,
            backend,
        })
    }

    /// Finds the answer to a message that is in the history of `session` already, and hands it out as events.
    pub fn resume(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        session: &str,
        query: Resume,
    ) -> Result<Self, Error> {
        let Resume {
            after,
            client_message_id,
            shown,
            answer_timeout,
        } = query;
        if client_message_id.is_some() && !backend.capabilities().exact_delivery {
            let message = "this backend keeps no `clientMessageId`";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let wanted = match (client_message_id.clone(), after) {
            (None, None) => Wanted::Newest,
            (None, Some(after)) => Wanted::First(after),
            (mark, after) => Wanted::Sent(Sought {
                mark,
                after,
                ..Sought::default()
            }),
        };
        let (tools, ours) = ((settings.clone(), backend.clone()), backend.clone());
        let search = Search::new(tools.0, tools.1, session, wanted, 0.0)?;
        // nothing is sent: it only says who fails
        let nothing = Request::new(Method::Get, String::new());
        let call = Call::new(settings.clone(), ours, nothing, Repeat::Safe, Expect::Json);
        Ok(Turn {
            session: session.to_owned(),
            client_message_id: client_message_id.unwrap_or_default(),
            answer_timeout: answer_timeout.unwrap_or(ANSWER_TIMEOUT),
            resumes: true,
            redelivers: false,
            call,
            outgoing: None,
            decoder: backend.answering(session)?,
            framer: Framer::new(settings.max_event_bytes),
            talk: Talk {
                stream: true,
                joined: shown,
                ..Talk::default()
            },
            phase: Phase::Searching(Box::new(search)),
            delivery: Delivery::Unknown,
            began: None,
            redelivered: 0,
            cause: None,
            settings,
            backend,
        })
    }

    fn go(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match self.phase {
            Phase::Before(_) => self.before(now, happened, sink),
            Phase::Calling => self.calling(now, happened, sink),
            Phase::Streaming => match happened {
                Happened::Bytes(count) => {
                    self.framer.filled(count);
                    self.frames(now, sink)
                }
                happened => self.streaming(now, happened, sink),
            },
            Phase::Searching(_) => self.searching(now, happened, sink),
            Phase::Looking(_) => self.looking(now, happened, sink),
        }
    }

    fn before(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        let Phase::Before(call) = &mut self.phase else {
            return Ok(Next::Read);
        };
        let unsent = |error: Error| error.delivered(Delivered::No);
        match call.step(now, happened).map_err(unsent)? {
            Progress::Body => {}
            progress => return Ok(progress.into()),
        }
        let read = self.decoder.before(&call.text());
        read.map_err(|error| unsent(call.failed(error)))?;
        self.phase = Phase::Calling;
        self.calling(now, Happened::Begin, sink)
    }

    fn calling(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        self.began.get_or_insert(now);
        match self.call.step(now, happened) {
            Ok(Progress::Stream) => {
                self.phase = Phase::Streaming;
                Ok(Next::Read)
            }
            Ok(Progress::Body) => self.answered(now, sink),
            Ok(progress) => Ok(progress.into()),
            Err(error) => self.failed(now, error, sink),
        }
    }

    /// The answer, or what there is instead, came as JSON.
    fn answered(&mut self, now: Now, sink: &mut dyn Sink) -> Result<Next, Error> {
        let body = self.call.text();
        let read = self.decoder.body(&body);
        match read.map_err(|error| self.call.failed(error))? {
            Answer::Reply(reply) => {
                let text = reply.message.text.clone();
                self.talk.hear(sink).done(reply, Some(text));
                self.ended()
            }
            Answer::Silence => {
                let message = "the agent gave no answer: it chose to stay silent, or a newer message overtook this one";
                Err(self
                    .call
                    .failed(Error::new(ErrorKind::Agent, message).code("NO_REPLY")))
            }
            Answer::Later { message, watch } => {
                self.talk.started = true;
                let known = message.is_some();
                if let Some(message) = message {
                    self.start(message, sink);
                }
                // without it, the message is there already, and only the watch can say which it is
                self.look(now, watch, !known)
            }
        }
    }

    fn start(&mut self, message: Box<Message>, sink: &mut dyn Sink) {
        self.talk.hear(sink).event(ReplyEvent::Start {
            message_id: Some(message.id.to_string()),
            message: Some(message),
        });
    }

    /// Looks for the answer.
    fn look(&mut self, now: Now, watch: Box<dyn Watch>, at_once: bool) -> Result<Next, Error> {
        // the watch tells all of it, and a part of it was handed out
        self.talk.behind = (!self.talk.joined.is_empty()).then(Text::default);
        let mut looking = Box::new(Looking::new(
            self.settings.clone(),
            self.backend.clone(),
            watch,
            self.answer_timeout,
            self.resumes,
            now,
        ));
        let begun = looking.begin(now, at_once);
        self.phase = Phase::Looking(looking);
        begun
    }

    fn looking(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        let Phase::Looking(looking) = &mut self.phase else {
            return Ok(Next::Read);
        };
        let looked = looking.step(now, happened, &mut self.talk.hear(sink));
        match looked {
            Ok(_) if self.talk.end.is_some() => self.ended(),
            Ok(next) => Ok(next),
            Err(error) => Err(self.not_found(error)),
        }
    }

    /// The request, or its answer, failed. What the backend may have taken is looked for in the history, and so is the
    /// rest of what was cut off.
    fn failed(&mut self, now: Now, error: Error, sink: &mut dyn Sink) -> Result<Next, Error> {
        let cut = matches!(
            error.kind,
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Truncated
        );
        let looks = match error.delivered {
            Some(Delivered::Unknown) => self.resumes || self.redelivers,
            Some(Delivered::Yes) => self.resumes && cut,
            Some(Delivered::No) | None => false,
        };
        if !looks {
            return Err(error);
        }
        let started = self.talk.started;
        match self.decoder.rest() {
            Rest::Watched(watch) if started => {
                self.say(LOOKING_FOR_ANSWER, sink);
                self.cause = Some(error);
                return self.look(now, watch, true);
            }
            Rest::Nowhere if started => return Err(error.and(NOT_STORED)),
            _ => {}
        }
        let Some(sought) = self.decoder.sought() else {
            return Err(error);
        };
        if error.delivered == Some(Delivered::Unknown) {
            self.delivery = Delivery::Unknown;
        }
        self.say(
            match started {
                true => LOOKING_FOR_ANSWER,
                false => LOOKING_FOR_MESSAGE,
            },
            sink,
        );
        self.cause = Some(error);
        let search = Search::new(
            self.settings.clone(),
            self.backend.clone(),
            &self.session,
            Wanted::Sent(sought),
            self.began.unwrap_or(now),
        )?;
        self.phase = Phase::Searching(Box::new(search));
        self.searching(now, Happened::Begin, sink)
    }

    fn say(&mut self, text: &'static str, sink: &mut dyn Sink) {
        let text = Text::from(text);
        self.talk.hear(sink).event(ReplyEvent::Status { text });
    }

    fn searching(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        let Phase::Searching(search) = &mut self.phase else {
            return Ok(Next::Read);
        };
        match search.step(now, happened) {
            Ok(Searched::Next(next)) => Ok(next),
            Ok(Searched::Found(message, answers)) => self.found(now, message, answers, sink),
            Ok(Searched::Absent) => self.absent(now, sink),
            Ok(Searched::Doubtful) => {
                let message = "nothing in the history tells for certain which message this is";
                Err(self.unclear(Error::new(ErrorKind::Protocol, message).code("DOUBTFUL")))
            }
            Err(error) => Err(self.unclear(error)),
        }
    }

    /// The message is in the history.
    fn found(
        &mut self,
        now: Now,
        message: Box<Message>,
        answers: bool,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        let watch = self.decoder.watch(&message, answers);
        if !std::mem::replace(&mut self.talk.started, true) {
            self.start(message, sink);
        }
        match (watch, self.cause.take()) {
            (_, Some(cause)) if !self.resumes => Err(cause.settled(true)),
            (Some(watch), cause) => {
                self.cause = cause.map(|cause| cause.settled(true));
                self.look(now, watch, true)
            }
            (None, Some(cause)) => Err(cause.settled(true).and(NOT_STORED)),
            (None, None) => {
                let error = Error::new(ErrorKind::Truncated, NOT_STORED).code("REPLY_NOT_STORED");
                Err(self.broken(error))
            }
        }
    }

    /// The message is not in the history.
    fn absent(&mut self, now: Now, sink: &mut dyn Sink) -> Result<Next, Error> {
        let Some(cause) = self.cause.take() else {
            let message = "the history holds no such message of the user";
            let error = Error::new(ErrorKind::NotFound, message).code("NO_MESSAGE");
            return Err(self.call.failed(error));
        };
        match (cause.delivered, &self.outgoing) {
            // the server said that it took it, whatever its history shows
            (Some(Delivered::Yes), _) => Err(cause),
            (_, Some(outgoing))
                if self.redelivers && self.redelivered < self.settings.max_retries =>
            {
                self.redelivered += 1;
                self.call = outgoing.call(&self.settings, &self.backend);
                self.framer = Framer::new(self.settings.max_event_bytes);
                self.phase = Phase::Calling;
                self.calling(now, Happened::Begin, sink)
            }
            _ => Err(cause
                .settled(false)
                .and("the message is not in the history")),
        }
    }

    /// Nobody can tell whether the message is in the history.
    fn unclear(&mut self, why: Error) -> Error {
        match self.cause.take() {
            Some(cause) => cause
                .and("its message was not found in the history either")
                .and(&why.message),
            None => self.call.failed(why),
        }
    }

    /// The answer was looked for, and this came of it.
    fn not_found(&mut self, error: Error) -> Error {
        match self.cause.take() {
            _ if error.kind == ErrorKind::Agent => self.broken(error),
            Some(cause) => self.broken(
                cause
                    .and("the rest is not in the history either")
                    .and(&error.message),
            ),
            // nobody hears of a time limit of his own here
            None if self.outgoing.is_none() && error.kind == ErrorKind::Timeout => {
                self.broken(Error::new(ErrorKind::Truncated, error.message.clone()))
            }
            None => self.broken(error),
        }
    }

    fn streaming(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        self.stopped(happened == Happened::End, sink);
        if self.talk.end.is_some() {
            return self.ended();
        }
        let error = match happened {
            Happened::Failed(Failure::Silence) => {
                let limit = self.settings.idle_timeout;
                let message = format!(
                    "the answer stopped before its end: nothing came for {} ms",
                    number(limit)
                );
                Error::new(ErrorKind::Timeout, message)
            }
            Happened::Failed(Failure::Network { message, code }) => {
                let message =
                    format!("the connection broke before the answer was whole: {message}");
                let mut error = Error::new(ErrorKind::Truncated, message);
                error.code = code;
                error
            }
            _ => Error::new(
                ErrorKind::Truncated,
                "the stream ended before the answer was whole",
            ),
        };
        let error = self.broken(error);
        self.failed(now, error, sink)
    }

    /// Lets the decoder say that the answer was whole already. What a broken connection cut off is nothing.
    fn stopped(&mut self, clean: bool, sink: &mut dyn Sink) {
        if clean {
            self.framer.dispatch_unfinished();
        }
        let unfinished = loop {
            match self.framer.next() {
                Ok(Some(Item::Event(frame))) => break Some((text(frame.event), text(frame.data))),
                Ok(Some(Item::Comment(_))) => {}
                Ok(None) | Err(Overflow { .. }) => break None,
            }
        };
        let unfinished = unfinished.as_ref().map(|(event, data)| (&**event, &**data));
        self.decoder.end(unfinished, &mut self.talk.hear(sink));
    }

    fn frames(&mut self, now: Now, sink: &mut dyn Sink) -> Result<Next, Error> {
        let read = loop {
            let frame = match self.framer.next() {
                Ok(Some(Item::Event(frame))) => frame,
                Ok(Some(Item::Comment(_))) => continue,
                Ok(None) => break Ok(()),
                Err(Overflow { .. }) => {
                    let most = self.settings.max_event_bytes;
                    let message = format!("one event is larger than {most} bytes");
                    break Err(Error::new(ErrorKind::TooLarge, message));
                }
            };
            let hearing = &mut self.talk.hear(sink);
            if self.decoder.skim(frame.event, frame.data, hearing) {
                match self.framer.is_drained() {
                    true => return Ok(Next::Read),
                    false => continue,
                }
            }
            let (event, data) = (text(frame.event), text(frame.data));
            let read = self.decoder.frame(&event, &data, hearing);
            if read.is_err() || self.talk.end.is_some() {
                break read;
            }
        };
        match read {
            Ok(()) if self.talk.end.is_some() => self.ended(),
            Ok(()) => Ok(Next::Read),
            Err(error) => {
                let error = self.broken(error);
                self.failed(now, error, sink)
            }
        }
    }

    /// The answer said how it ended.
    fn ended(&mut self) -> Result<Next, Error> {
        match self.talk.end.take() {
            None => Ok(Next::Read),
            Some(Ok(())) => Ok(Next::Done),
            Some(Err(error)) => Err(self.broken(error)),
        }
    }

    /// `error` with what had arrived of the answer.
    fn broken(&mut self, mut error: Error) -> Error {
        if !self.talk.joined.is_empty() {
            error.partial = Some(Box::new(self.decoder.partial(self.talk.joined.clone())));
        }
        let taken = match self.talk.started {
            true => Delivered::Yes,
            false => Delivered::Unknown,
        };
        self.call.failed(error.delivered(taken))
    }

    /// Notes how far the message is.
    fn settle(&mut self, stepped: &Result<Next, Error>) {
        self.delivery = match stepped {
            Ok(Next::Done) => Delivery::Delivered,
            _ if self.talk.started => Delivery::Delivered,
            Ok(_) => return,
            Err(error) => match error.delivered {
                Some(Delivered::Yes) => Delivery::Delivered,
                Some(Delivered::Unknown) => Delivery::Unknown,
                Some(Delivered::No) => Delivery::Failed,
                None if self.outgoing.is_some() => Delivery::Failed,
                None => return,
            },
        };
    }
}

impl Outgoing {
    fn call(&self, settings: &Rc<Settings>, backend: &Rc<dyn Backend>) -> Call {
        let (tools, request) = ((settings.clone(), backend.clone()), self.request.clone());
        let call = Call::new(tools.0, tools.1, request, Repeat::Message, self.expect);
        match self.patience {
            Some(patience) => call.patient(settings.timeout.max(patience)),
            None => call,
        }
    }
}

/// What was said so far.
#[derive(Default)]
struct Talk {
    /// whether the caller wants to hear it while it grows
    stream: bool,
    /// the answer so far, as it was handed out
    joined: Text<'static>,
    /// what is told anew of an answer of which a part was handed out, as long as it has not come so far
    behind: Option<Text<'static>>,
    /// the backend took the message
    started: bool,
    told_start: bool,
    end: Option<Result<(), Error>>,
}

impl Talk {
    fn hear<'t>(&'t mut self, sink: &'t mut dyn Sink) -> Hearing<'t> {
        Hearing { talk: self, sink }
    }
}

/// Hands out what an answer says.
struct Hearing<'t> {
    talk: &'t mut Talk,
    sink: &'t mut dyn Sink,
}

impl Hearing<'_> {
    /// Hands out what goes beyond what was handed out before.
    fn catch_up(&mut self) {
        let Some(told) = self.talk.behind.take() else {
            return;
        };
        let stream = self.talk.stream;
        match told.strip_prefix(&self.talk.joined) {
            Some(rest) if rest.is_empty() => return,
            Some(rest) if stream => self.sink.content(&rest),
            None if self.talk.joined.strip_prefix(&told).is_some() => {
                self.talk.behind = Some(told);
                return;
            }
            None if stream => {
                let text = told.clone();
                self.sink.put(Outcome::Event(ReplyEvent::Replace { text }));
            }
            _ => {}
        }
        self.talk.joined = told;
    }
}

impl Listener for Hearing<'_> {
    fn so_far(&self) -> &Text<'static> {
        &self.talk.joined
    }

    fn content(&mut self, delta: &Text<'_>) {
        self.talk.started = true;
        if let Some(behind) = &mut self.talk.behind {
            behind.push(delta);
            return self.catch_up();
        }
        self.talk.joined.push(delta);
        if self.talk.stream {
            self.sink.content(delta);
        }
    }

    fn event(&mut self, event: ReplyEvent<'_>) {
        match &event {
            // a frame may come twice
            ReplyEvent::Start { .. } if self.talk.told_start => return,
            ReplyEvent::Start { .. } => (self.talk.started, self.talk.told_start) = (true, true),
            ReplyEvent::Content { delta } => return self.content(delta),
            ReplyEvent::Replace { text } if self.talk.behind.is_some() => {
                self.talk.behind = Some(text.clone().into_owned());
                return self.catch_up();
            }
            ReplyEvent::Replace { text } => self.talk.joined = text.clone().into_owned(),
            _ => {}
        }
        if self.talk.stream {
            self.sink.put(Outcome::Event(event));
        }
    }

    /// What was streamed is made equal to the whole answer: by what is missing at its end, or by all of it.
    fn done(&mut self, mut reply: Box<Reply>, text: Option<Text<'static>>) {
        let whole = text.unwrap_or_else(|| self.talk.joined.clone());
        self.talk.end = Some(Ok(()));
        if !self.talk.stream {
            reply.message.text = whole;
            self.sink.put(Outcome::Reply(reply));
            return;
        }
        match whole.strip_prefix(&self.talk.joined) {
            Some(rest) if rest.is_empty() => {}
            Some(delta) => self.sink.content(&delta),
            None => {
                let text = whole.clone();
                self.sink.put(Outcome::Event(ReplyEvent::Replace { text }));
            }
        }
        reply.message.text = whole;
        self.sink.put(Outcome::Event(ReplyEvent::Done { reply }));
    }

    fn failed(&mut self, error: Error) {
        self.talk.end = Some(Err(error));
    }
}

impl Operation for Turn {
    fn bytes(&mut self, now: Now, count: usize, sink: &mut dyn Sink) -> Result<Next, Error> {
        match self.phase {
            Phase::Streaming if self.delivery == Delivery::Delivered => {
                self.framer.filled(count);
                self.frames(now, sink)
            }
            _ => self.step(now, Happened::Bytes(count), sink),
        }
    }

    fn space(&mut self, at_least: usize) -> &mut [u8] {
        match &mut self.phase {
            Phase::Before(call) => call.space(at_least),
            Phase::Calling => self.call.space(at_least),
            Phase::Streaming => self.framer.space(at_least),
            Phase::Searching(search) => search.space(at_least),
            Phase::Looking(looking) => looking.space(at_least),
        }
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        let stepped = self.go(now, happened, sink);
        self.settle(&stepped);
        stepped
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        match &mut self.phase {
            Phase::Before(call) => call
                .request(key)
                .map_err(|error| error.delivered(Delivered::No)),
            Phase::Searching(search) => search.request(key),
            Phase::Looking(looking) => looking.request(key),
            Phase::Calling | Phase::Streaming => {
                if !self.call.asks_first() {
                    self.delivery = Delivery::Sending;
                }
                self.call.request(key)
            }
        }
    }

    fn patience(&self) -> Patience {
        match &self.phase {
            Phase::Before(call) => call.patience(),
            Phase::Searching(search) => search.patience(),
            Phase::Looking(looking) => looking.patience(),
            Phase::Calling | Phase::Streaming => self.call.patience(),
        }
    }

    fn delivery(&self) -> Option<Delivery> {
        Some(self.delivery)
    }

    fn client_message_id(&self) -> Option<&str> {
        Some(&self.client_message_id)
    }

    fn socket(&self) -> Option<String> {
        match &self.phase {
            Phase::Looking(looking) => looking.socket(),
            _ => None,
        }
    }

    fn say(&mut self) -> Option<String> {
        match &mut self.phase {
            Phase::Looking(looking) => looking.say(),
            _ => None,
        }
    }
}
