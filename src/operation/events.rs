//! Reads the events of one body that is there already: bytes in, events out, whoever sent them.

use super::{Failure, Happened, Next, Now, Operation, Outcome, Patience, Sink};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::sse::{Framer, Item, text};

/// A body being read.
pub struct Events {
    framer: Framer,
    idle_timeout: f64,
    dispatch_unfinished: bool,
    /// what was told last
    id: String,
    retry: Option<u64>,
}

impl Events {
    /// Takes what `framer` finds. `idle_timeout` is in milliseconds; with `dispatch_unfinished`, the block that the end
    /// leaves unfinished is an event as well.
    pub fn new(framer: Framer, idle_timeout: f64, dispatch_unfinished: bool) -> Self {
        let id = framer.last_event_id().to_owned();
        Events {
            framer,
            idle_timeout,
            dispatch_unfinished,
            id,
            retry: None,
        }
    }

    fn frames(&mut self, sink: &mut dyn Sink) -> Result<(), Error> {
        loop {
            match self.framer.next() {
                Ok(Some(Item::Event(frame))) => {
                    let id = (frame.id != self.id).then_some(frame.id);
                    let (event, data) = (text(frame.event), text(frame.data));
                    sink.put(Outcome::Frame {
                        event: &event,
                        data: &data,
                        id,
                    });
                    if frame.id != self.id {
                        frame.id.clone_into(&mut self.id);
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
        Ok(())
    }
}

impl Operation for Events {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.framer.space(at_least)
    }

    fn step(&mut self, _: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match happened {
            Happened::Bytes(count) => {
                self.framer.filled(count);
                self.frames(sink)?;
                Ok(Next::Read)
            }
            Happened::End => {
                if self.dispatch_unfinished {
                    self.framer.dispatch_unfinished();
                    self.frames(sink)?;
                }
                Ok(Next::Done)
            }
            Happened::Failed(Failure::Silence) => {
                let message = format!(
                    "the stream stopped: nothing came for {} ms",
                    self.idle_timeout
                );
                Err(Error::new(ErrorKind::Timeout, message))
            }
            Happened::Failed(Failure::Network { message, code }) => {
                let message =
                    format!("the connection broke in the middle of the stream: {message}");
                Err(Error {
                    code,
                    ..Error::new(ErrorKind::Network, message)
                })
            }
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
