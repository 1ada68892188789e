//! One turn of a conversation: a message goes out, its answer comes in, as a stream, whole, or by looking into the
//! history where the server answers that way. An answer that stops before its end is never taken for a whole one.

use std::rc::Rc;

use super::call::{Call, Expect, Progress, Repeat};
use super::history::{Asked, Asking};
use super::{Failure, Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::backend::{Answer, Backend, Decoder, Direction, Edge, OutgoingMessage, Range, Said};
use crate::error::{Delivered, Error, ErrorKind};
use crate::http::Request;
use crate::model::{Message, Reply, ReplyEvent, Role};
use crate::settings::Settings;
use crate::sse::{Framer, Item, Overflow, text};
use crate::text::Text;

/// How long an answer is looked for in the history, unless the caller says so.
const ANSWER_TIMEOUT: f64 = 60_000.0;
/// What the head of a whole answer may take longer than the answer itself.
const MARGIN: f64 = 5_000.0;
/// The pauses between two looks into the history.
const PAUSE: f64 = 400.0;
const MAX_PAUSE: f64 = 2_000.0;
const GROWTH: f64 = 1.4;

/// A turn under way.
pub struct Turn {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    session: String,
    stream: bool,
    answer_timeout: f64,
    call: Call,
    decoder: Box<dyn Decoder>,
    framer: Framer,
    /// the answer as it was handed out so far
    joined: Text<'static>,
    started: bool,
    phase: Phase,
}

enum Phase {
    /// the request, or a JSON answer
    Calling,
    /// events come in
    Streaming,
    /// the answer is looked for in the history
    Looking {
        asking: Box<Asking>,
        after: Edge,
        until: Now,
        pause: f64,
    },
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
        let request = backend.send_message(session, message, stream)?;
        let expect = if stream { Expect::Stream } else { Expect::Json };
        let answer_timeout = message.answer_timeout.unwrap_or(ANSWER_TIMEOUT);
        let mut call = Call::new(
            settings.clone(),
            backend.clone(),
            request,
            Repeat::Message,
            expect,
        );
        if let (false, Some(answer_timeout)) = (stream, message.answer_timeout) {
            call = call.patient(settings.timeout.max(answer_timeout + MARGIN));
        }
        Ok(Turn {
            session: session.to_owned(),
            stream,
            answer_timeout,
            call,
            decoder: backend.decoder(),
            framer: Framer::new(settings.max_event_bytes),
            joined: Text::default(),
            started: false,
            phase: Phase::Calling,
            settings,
            backend,
        })
    }

    fn calling(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        Ok(match self.call.step(now, happened)? {
            Progress::Send => Next::Send,
            Progress::Read => Next::Read,
            Progress::Wait(milliseconds) => Next::Wait(milliseconds),
            Progress::Stream => {
                self.phase = Phase::Streaming;
                Next::Read
            }
            Progress::Body => return self.answered(now, sink),
        })
    }

    /// The answer, or what there is instead, came as JSON.
    fn answered(&mut self, now: Now, sink: &mut dyn Sink) -> Result<Next, Error> {
        let body = self.call.text();
        match self
            .decoder
            .body(&body)
            .map_err(|flaw| self.call.failed(Error::from(flaw)))?
        {
            Answer::Reply(reply) => self.finish(*reply, None, sink),
            Answer::Silence => {
                let message = "the agent gave no answer: it chose to stay silent, or a newer message overtook this one";
                Err(self
                    .call
                    .failed(Error::new(ErrorKind::Agent, message).code("NO_REPLY")))
            }
            Answer::Later { message, after } => {
                self.start(Some(message.id.clone()), Some(message), sink);
                let asking = Box::new(self.look(&after)?);
                self.phase = Phase::Looking {
                    asking,
                    after,
                    until: now + self.answer_timeout,
                    pause: PAUSE,
                };
                Ok(Next::Wait(PAUSE))
            }
        }
    }

    fn look(&self, after: &Edge) -> Result<Asking, Error> {
        let range = Range {
            before: None,
            after: Some(after.clone()),
            limit: 20,
        };
        let pager = self
            .backend
            .pager(&self.session, &range, Direction::Forward);
        let pager = pager.map_err(|error| self.call.failed(error))?;
        Ok(Asking::new(
            self.settings.clone(),
            self.backend.clone(),
            pager,
        ))
    }

    fn looking(
        &mut self,
        now: Now,
        happened: Happened,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        let Phase::Looking {
            asking,
            after,
            until,
            pause,
        } = &mut self.phase
        else {
            return Ok(Next::Read);
        };
        let page = match asking.step(now, happened) {
            Ok(Asked::Next(next)) => return Ok(next),
            Ok(Asked::Page(page)) => page,
            // the message was taken, whatever happens to the looking
            Err(error) => return Err(self.call.failed(error.delivered(Delivered::Yes))),
        };
        if let Some(message) = page
            .messages
            .into_iter()
            .find(|message| message.role == Role::Assistant)
        {
            let reply = Reply::from(message);
            return self.finish(reply, None, sink);
        }
        if now >= *until {
            let limit = self.answer_timeout;
            let message = format!(
                "the message was taken, but no answer to it was in the history after {limit} ms"
            );
            return Err(self
                .call
                .failed(Error::new(ErrorKind::Timeout, message).delivered(Delivered::Yes)));
        }
        if let Some(cursor) = page.end.cursors.after {
            *after = Edge::Cursor(cursor);
        }
        *pause = (*pause * GROWTH).min(MAX_PAUSE);
        let (wait, after) = (*pause, after.clone());
        let again = self.look(&after)?;
        if let Phase::Looking { asking, .. } = &mut self.phase {
            **asking = again;
        }
        Ok(Next::Wait(wait))
    }

    fn streaming(&mut self, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match happened {
            Happened::Bytes(count) => {
                self.framer.filled(count);
                self.frames(sink)
            }
            Happened::Failed(Failure::Silence) => {
                let limit = self.settings.idle_timeout;
                let message =
                    format!("the answer stopped before its end: nothing came for {limit} ms");
                Err(self.broken(Error::new(ErrorKind::Timeout, message)))
            }
            Happened::Failed(Failure::Network { message, code }) => {
                let message =
                    format!("the connection broke before the answer was whole: {message}");
                Err(self.broken(Error {
                    code,
                    ..Error::new(ErrorKind::Truncated, message)
                }))
            }
            _ => Err(self.broken(Error::new(
                ErrorKind::Truncated,
                "the stream ended before the answer was whole",
            ))),
        }
    }

    fn frames(&mut self, sink: &mut dyn Sink) -> Result<Next, Error> {
        // the framer lends its bytes to what the decoder says, so it stands aside for the time of the loop
        let mut framer = std::mem::replace(&mut self.framer, Framer::new(0));
        let next = loop {
            let frame = match framer.next() {
                Ok(Some(Item::Event(frame))) => frame,
                Ok(Some(Item::Comment(_))) => continue,
                Ok(None) => break Ok(Next::Read),
                Err(Overflow { .. }) => {
                    let message = format!(
                        "one event is larger than {} bytes",
                        self.settings.max_event_bytes
                    );
                    break Err(self.broken(Error::new(ErrorKind::TooLarge, message)));
                }
            };
            let (event, data) = (text(frame.event), text(frame.data));
            match self.decoder.frame(&event, &data) {
                Ok(said) => match self.said(said, sink) {
                    Ok(Next::Read) => {}
                    next => break next,
                },
                Err(flaw) => break Err(self.broken(Error::from(flaw))),
            }
        };
        self.framer = framer;
        next
    }

    fn said(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<Next, Error> {
        match said {
            Said::Start {
                message_id,
                message,
            } => self.start(message_id, message, sink),
            Said::Content(delta) => {
                self.joined.push(&delta);
                sink.put(Outcome::Event(ReplyEvent::Content { delta }));
            }
            Said::Other(event, data) => sink.put(Outcome::Event(ReplyEvent::Other { event, data })),
            Said::Failed(message) => {
                let message = match message.is_empty() {
                    true => "the agent failed".to_owned(),
                    false => format!("the agent failed: {message}"),
                };
                return Err(self.broken(Error::new(ErrorKind::Agent, message)));
            }
            Said::Done(reply, text) => return self.finish(*reply, text, sink),
        }
        Ok(Next::Read)
    }

    fn start(
        &mut self,
        message_id: Option<String>,
        message: Option<Box<Message>>,
        sink: &mut dyn Sink,
    ) {
        self.started = true;
        if self.stream {
            sink.put(Outcome::Event(ReplyEvent::Start {
                message_id,
                message,
            }));
        }
    }

    /// The answer is whole. What was streamed is made equal to it: by what is missing at its end, or by all of it.
    fn finish(
        &mut self,
        mut reply: Reply,
        text: Option<Text<'static>>,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
        if !self.stream {
            sink.put(Outcome::Reply(Box::new(reply)));
            return Ok(Next::Done);
        }
        let whole = match self.phase {
            Phase::Streaming => text.unwrap_or_else(|| self.joined.clone()),
            _ => reply.message.text.clone(),
        };
        match whole.strip_prefix(&self.joined) {
            Some(rest) if rest.is_empty() => {}
            Some(rest) => sink.put(Outcome::Event(ReplyEvent::Content { delta: rest })),
            None => sink.put(Outcome::Event(ReplyEvent::Replace {
                text: whole.clone(),
            })),
        }
        reply.message.text = whole;
        sink.put(Outcome::Event(ReplyEvent::Done {
            reply: Box::new(reply),
        }));
        Ok(Next::Done)
    }

    /// `error` with what had arrived of the answer.
    fn broken(&mut self, mut error: Error) -> Error {
        if !self.joined.is_empty() {
            error.partial = Some(Box::new(self.decoder.partial(self.joined.clone())));
        }
        let taken = if self.started {
            Delivered::Yes
        } else {
            Delivered::Unknown
        };
        self.call.failed(error.delivered(taken))
    }
}

impl Operation for Turn {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        match &mut self.phase {
            Phase::Calling => self.call.space(at_least),
            Phase::Streaming => self.framer.space(at_least),
            Phase::Looking { asking, .. } => asking.call.space(at_least),
        }
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match self.phase {
            Phase::Calling => self.calling(now, happened, sink),
            Phase::Streaming => self.streaming(happened, sink),
            Phase::Looking { .. } => self.looking(now, happened, sink),
        }
    }

    fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        match &mut self.phase {
            Phase::Looking { asking, .. } => asking.call.request(key),
            _ => self.call.request(key),
        }
    }

    fn patience(&self) -> Patience {
        self.call.patience()
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
