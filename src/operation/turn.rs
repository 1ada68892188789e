//! One turn of a conversation: a message goes out, its answer comes in, as a stream, whole, or by looking for it where
//! the server answers that way. An answer that stops before its end is never taken for a whole one, and a message that
//! may have been taken is never sent again: it is looked for in the history, and so is the rest of an answer that was cut
//! off (`recovery`). What the caller hears is `talk`'s.

mod recovery;
mod talk;

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::cut::is_cut;
use super::looking::Looking;
use super::search::{Search, Wanted};
use super::{Failure, Happened, Next, Now, Operation, Patience, Sink};
use crate::backend::{Answer, Backend, Decoder, Listener, OutgoingMessage, Resume, Sought, Watch};
use crate::error::{Delivered, Error, ErrorKind, number};
use crate::http::{Method, Request};
use crate::model::{Delivery, Message, ReplyEvent};
use crate::settings::Settings;
use crate::sse::{Framer, Item, Overflow, text};
use crate::text::Text;
use talk::Talk;

pub use recovery::{LOOKING_FOR_ANSWER, LOOKING_FOR_MESSAGE};

/// How long an answer is looked for without a sign of life, unless the caller says so.
const ANSWER_TIMEOUT: f64 = 60_000.0;

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
            talk: Talk::new(stream, Text::default()),
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
            talk: Talk::new(true, shown),
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
        let read = match self.decoder.body(&body) {
            Err(_) if is_cut(&body) => {
                let message = "the answer ended in the middle of its JSON";
                let error = Error::new(ErrorKind::Truncated, message);
                let error = self.call.failed(error);
                return self.failed(now, error, sink);
            }
            read => read,
        };
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
        self.talk.behind = (!self.talk.joined().is_empty()).then(Text::default);
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
        let read = self.read_frames(sink);
        self.talk.hear(sink).tell();
        match read {
            Ok(()) if self.talk.end.is_some() => self.ended(),
            Ok(()) => Ok(Next::Read),
            Err(error) => {
                let error = self.broken(error);
                self.failed(now, error, sink)
            }
        }
    }

    fn read_frames(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        let hearing = &mut self.talk.hear(sink);
        loop {
            self.decoder.skim_alike(&mut self.framer, hearing);
            if self.framer.is_drained() {
                return Ok(());
            }
            let frame = match self.framer.next() {
                Ok(Some(Item::Event(frame))) => frame,
                Ok(Some(Item::Comment(_))) => continue,
                Ok(None) => return Ok(()),
                Err(Overflow { .. }) => {
                    let most = self.settings.max_event_bytes;
                    let message = format!("one event is larger than {most} bytes");
                    return Err(Error::new(ErrorKind::TooLarge, message));
                }
            };
            if self.decoder.skim(&frame, hearing) {
                continue;
            }
            let (event, data) = (text(frame.event), text(frame.data));
            self.decoder.frame(&event, &data, hearing)?;
            if hearing.ended() {
                return Ok(());
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
        let so_far = self.talk.joined();
        if !so_far.is_empty() {
            error.partial = Some(Box::new(self.decoder.partial(so_far.clone())));
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
            Some(patience) if !settings.own_timeout => call.patient(settings.timeout.max(patience)),
            _ => call,
        }
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
