//! One turn of a conversation: a message goes out, its answer comes in, as a stream, whole, or by looking for it where
//! the server answers that way. An answer that stops before its end is never taken for a whole one.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::looking::Looking;
use super::{Failure, Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Answer, Backend, Decoder, Listener, OutgoingMessage};
use crate::error::{Delivered, Error, ErrorKind, number};
use crate::http::Request;
use crate::model::{Message, Reply, ReplyEvent};
use crate::settings::Settings;
use crate::sse::{Framer, Item, Overflow, text};
use crate::text::Text;

/// How long an answer is looked for without a sign of life, unless the caller says so.
const ANSWER_TIMEOUT: f64 = 60_000.0;

/// A turn under way.
pub struct Turn {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    answer_timeout: f64,
    /// the message
    call: Call,
    decoder: Box<dyn Decoder>,
    framer: Framer,
    talk: Talk,
    phase: Phase,
}

enum Phase {
    /// what was there before is read
    Before(Box<Call>),
    /// the request, or a JSON answer
    Calling,
    /// events come in
    Streaming,
    /// the answer is looked for
    Looking(Box<Looking>),
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
        let call = |request, repeat, expect| {
            Call::new(settings.clone(), backend.clone(), request, repeat, expect)
        };
        let phase = match sending.before {
            Some(before) => Phase::Before(Box::new(call(before, Repeat::Safe, Expect::Json))),
            None => Phase::Calling,
        };
        let expect = match sending.streams {
            true => Expect::Stream,
            false => Expect::Json,
        };
        let mut call = call(sending.request, Repeat::Message, expect);
        if let Some(patience) = sending.patience {
            call = call.patient(settings.timeout.max(patience));
        }
        Ok(Turn {
            answer_timeout: message.answer_timeout.unwrap_or(ANSWER_TIMEOUT),
            call,
            decoder: sending.decoder,
            framer: Framer::new(settings.max_event_bytes),
            talk: Talk {
                stream,
                ..Talk::default()
            },
            phase,
            settings,
            backend,
        })
    }

    fn before(&mut self, now: Now, happened: Happened) -> Result<Next, Error> {
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
        self.call.step(now, Happened::Begin).map(Next::from)
    }

    fn calling(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        match self.call.step(now, happened)? {
            Progress::Stream => {
                self.phase = Phase::Streaming;
                Ok(Next::Read)
            }
            Progress::Body => self.answered(now, sink),
            progress => Ok(progress.into()),
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
                    self.talk.hear(sink).event(ReplyEvent::Start {
                        message_id: Some(message.id.to_string()),
                        message: Some(message),
                    });
                }
                let (settings, backend) = (self.settings.clone(), self.backend.clone());
                let mut looking = Box::new(Looking::new(
                    settings,
                    backend,
                    watch,
                    self.answer_timeout,
                    now,
                ));
                // without it, the message is there already, and only the watch can say which it is
                let begun = looking.begin(now, !known);
                self.phase = Phase::Looking(looking);
                begun
            }
        }
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
            Err(error) => Err(self.broken(error)),
        }
    }

    fn streaming(&mut self, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        self.stopped(happened == Happened::End, sink);
        if self.talk.end.is_some() {
            return self.ended();
        }
        match happened {
            Happened::Failed(Failure::Silence) => {
                let limit = self.settings.idle_timeout;
                let message = format!(
                    "the answer stopped before its end: nothing came for {} ms",
                    number(limit)
                );
                Err(self.broken(Error::new(ErrorKind::Timeout, message)))
            }
            Happened::Failed(Failure::Network { message, code }) => {
                let message =
                    format!("the connection broke before the answer was whole: {message}");
                let mut error = Error::new(ErrorKind::Truncated, message);
                error.code = code;
                Err(self.broken(error))
            }
            _ => Err(self.broken(Error::new(
                ErrorKind::Truncated,
                "the stream ended before the answer was whole",
            ))),
        }
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

    fn frames(&mut self, sink: &mut dyn Sink) -> Result<Next, Error> {
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
            Err(error) => Err(self.broken(error)),
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
}

/// What was said so far.
#[derive(Default)]
struct Talk {
    /// whether the caller wants to hear it while it grows
    stream: bool,
    /// the answer so far, as it was handed out
    joined: Text<'static>,
    /// the backend took the message
    started: bool,
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

impl Listener for Hearing<'_> {
    fn so_far(&self) -> &Text<'static> {
        &self.talk.joined
    }

    fn content(&mut self, delta: &Text<'_>) {
        self.talk.joined.push(delta);
        if self.talk.stream {
            self.sink.content(delta);
        }
    }

    fn event(&mut self, event: ReplyEvent<'_>) {
        match &event {
            ReplyEvent::Start { .. } => self.talk.started = true,
            ReplyEvent::Content { delta } => return self.content(delta),
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
            Phase::Streaming => {
                self.framer.filled(count);
                self.frames(sink)
            }
            _ => self.step(now, Happened::Bytes(count), sink),
        }
    }

    fn space(&mut self, at_least: usize) -> &mut [u8] {
        match &mut self.phase {
            Phase::Before(call) => call.space(at_least),
            Phase::Calling => self.call.space(at_least),
            Phase::Streaming => self.framer.space(at_least),
            Phase::Looking(looking) => looking.space(at_least),
        }
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match self.phase {
            Phase::Before(_) => self.before(now, happened),
            Phase::Calling => self.calling(now, happened, sink),
            Phase::Streaming => match happened {
                Happened::Bytes(count) => self.bytes(now, count, sink),
                happened => self.streaming(happened, sink),
            },
            Phase::Looking(_) => self.looking(now, happened, sink),
        }
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        match &mut self.phase {
            Phase::Before(call) => call
                .request(key)
                .map_err(|error| error.delivered(Delivered::No)),
            Phase::Looking(looking) => looking.request(key),
            Phase::Calling | Phase::Streaming => self.call.request(key),
        }
    }

    fn patience(&self) -> Patience {
        match &self.phase {
            Phase::Before(call) => call.patience(),
            Phase::Looking(looking) => looking.patience(),
            Phase::Calling | Phase::Streaming => self.call.patience(),
        }
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

impl From<Message> for Reply {
    fn from(message: Message) -> Self {
        let raw = message.raw.clone();
        Reply {
            message,
            citations: None,
            sources: None,
            usage: None,
            thinking: None,
            raw,
        }
    }
}
