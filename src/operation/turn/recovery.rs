//! What a turn does when something went wrong: it looks into the history for its message, and for the rest of its answer. In:
//! the failure. Out: the answer after all, the message once more where that is wanted and it surely is not there, or the
//! failure with what is known of the message now. Finding it is `search`'s.

use super::super::search::{Search, Searched, Wanted};
use super::super::{Happened, Next, Now, Sink};
use super::{Phase, Turn};
use crate::backend::{Listener, Rest};
use crate::error::{Delivered, Error, ErrorKind};
use crate::model::{Delivery, Message, ReplyEvent};
use crate::sse::Framer;
use crate::text::Text;

/// What a caller hears while the message is looked for in the history.
pub const LOOKING_FOR_MESSAGE: &str =
    "nobody knows whether the message arrived: looking for it in the history";
/// What a caller hears while the rest of an answer is looked for there.
pub const LOOKING_FOR_ANSWER: &str =
    "the answer was cut off: looking for the rest of it in the history";

/// Why the answer to a message of the history does not come.
const NOT_STORED: &str = "the backend keeps no answer of this kind in its history";

impl Turn {
    /// The request, or its answer, failed. What the backend may have taken is looked for in the history, and so is the
    /// rest of what was cut off.
    pub(super) fn failed(
        &mut self,
        now: Now,
        error: Error,
        sink: &mut dyn Sink,
    ) -> Result<Next, Error> {
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

    /// Tells the caller how it stands.
    pub(super) fn say(&mut self, text: &'static str, sink: &mut dyn Sink) {
        let text = Text::from(text);
        self.talk.hear(sink).event(ReplyEvent::Status { text });
    }

    /// The message is looked for.
    pub(super) fn searching(
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
    pub(super) fn not_found(&mut self, error: Error) -> Error {
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
}
