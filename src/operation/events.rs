//! Reads the events of one body that is there already: bytes in, events out, whoever sent them.

use super::{Failure, Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::error::{Error, ErrorKind, number};
use crate::http::Request;
use crate::sse::{Framer, Item, text};

/// What is found in a stream, and from where it would be resumed.
pub struct Frames {
    framer: Framer,
    // what was told last
    id: String,
    retry: Option<u64>,
}

impl Frames {
    /// What `framer` finds.
    pub fn new(framer: Framer) -> Self {
        Frames {
            id: framer.last_event_id().to_owned(),
            framer,
            retry: None,
        }
    }

    /// Room for the next bytes.
    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.framer.space(at_least)
    }

    /// So many bytes came. Says whether an event was among them.
    pub fn bytes(&mut self, count: usize, sink: &mut dyn Sink) -> Result<bool, Error> {
        self.framer.filled(count);
        self.hand_out(sink)
    }

    /// The block that the end left unfinished is an event as well. Says whether there was one.
    pub fn dispatch_unfinished(&mut self, sink: &mut dyn Sink) -> Result<bool, Error> {
        self.framer.dispatch_unfinished();
        self.hand_out(sink)
    }

    /// The next bytes are those of another connection, which goes on with the same events.
    pub fn restart(&mut self) {
        self.framer.restart();
    }

    /// The last event id in force.
    pub fn last_event_id(&self) -> &str {
        self.framer.last_event_id()
    }

    /// The reconnection time in milliseconds, if the stream set one.
    pub fn retry(&self) -> Option<u64> {
        self.framer.retry()
    }

    fn hand_out(&mut self, sink: &mut dyn Sink) -> Result<bool, Error> {
        let mut some = false;
        loop {
            match self.framer.next() {
                Ok(Some(Item::Event(frame))) => {
                    some = true;
                    let id = (frame.id != self.id).then_some(frame.id);
                    sink.frame(frame.event, frame.data, id);
                    if let Some(id) = id {
                        id.clone_into(&mut self.id);
                    }
                    if self.framer.is_drained() {
                        break;
                    }
                }
                Ok(Some(Item::Comment(comment))) => sink.put(Outcome::Comment(&text(comment))),
                Ok(None) => break,
                Err(overflow) => return Err(Error::new(ErrorKind::TooLarge, overflow.to_string())),
            }
        }
        // a block without data sets these as well
        if self.framer.last_event_id() != self.id || self.framer.retry() != self.retry {
            self.framer.last_event_id().clone_into(&mut self.id);
            self.retry = self.framer.retry();
            sink.put(Outcome::Resume {
                id: &self.id,
                retry: self.retry,
            });
        }
        Ok(some)
    }
}

/// Nothing came for so long.
pub fn silent(idle_timeout: f64) -> Error {
    let message = format!(
        "the stream stopped: nothing came for {} ms",
        number(idle_timeout)
    );
    Error::new(ErrorKind::Timeout, message)
}

/// The connection broke, in the platform's words.
pub fn broken(message: &str, code: Option<String>) -> Error {
    let message = format!("the connection broke in the middle of the stream: {message}");
    let mut error = Error::new(ErrorKind::Network, message);
    error.code = code;
    error
}

/// A body being read.
pub struct Events {
    frames: Frames,
    idle_timeout: f64,
    dispatch_unfinished: bool,
}

impl Events {
    /// Takes what `framer` finds. `idle_timeout` is in milliseconds; with `dispatch_unfinished`, the block that the end
    /// leaves unfinished is an event as well.
    pub fn new(framer: Framer, idle_timeout: f64, dispatch_unfinished: bool) -> Self {
        Events {
            frames: Frames::new(framer),
            idle_timeout,
            dispatch_unfinished,
        }
    }
}

impl Operation for Events {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.frames.space(at_least)
    }

    fn bytes(&mut self, _: Now, count: usize, sink: &mut dyn Sink) -> Result<Next, Error> {
        self.frames.bytes(count, sink)?;
        Ok(Next::Read)
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match happened {
            Happened::Bytes(count) => self.bytes(now, count, sink),
            Happened::End => {
                if self.dispatch_unfinished {
                    self.frames.dispatch_unfinished(sink)?;
                }
                Ok(Next::Done)
            }
            Happened::Failed(Failure::Silence) => Err(silent(self.idle_timeout)),
            Happened::Failed(Failure::Network { message, code }) => Err(broken(&message, code)),
            _ => Ok(Next::Read),
        }
    }

    fn request(&mut self, _: Option<&str>) -> Result<Request, Error> {
        Err(Error::new(
            ErrorKind::Config,
            "the body is there already, and no request leads to it",
        ))
    }

    fn patience(&self) -> Patience {
        Patience {
            head: f64::INFINITY,
            idle: self.idle_timeout,
        }
    }
}
