//! How the answer to a message is read: what a backend gives for that, and what it is given. A decoder reads what the server
//! sends by itself; a watch looks for what it does not.

use super::wanted::Edge;
use crate::error::Error;
use crate::http::Request;
use crate::json::skim::{Alike, Written};
use crate::model::{Message, Reply, ReplyEvent};
use crate::operation::Now;
use crate::order::Names;
use crate::sse::{Frame, Framer};
use crate::text::Text;
use crate::word::Word;

/// Takes what an answer says.
pub trait Listener {
    /// The text that came so far, with what was taken back taken back.
    fn so_far(&mut self) -> &Text<'static>;
    /// Something happened on the way to the answer: anything but `done`.
    fn event(&mut self, event: ReplyEvent<'_>);
    /// The event `content`, which is nearly all that an answer consists of.
    fn content(&mut self, delta: &Text<'_>) {
        let delta = delta.clone();
        self.event(ReplyEvent::Content { delta });
    }
    /// The same, as it stands in JSON. Does nothing and says `false` where that holds a surrogate, or bytes that are no UTF-8.
    fn written(&mut self, delta: Written<'_>) -> bool {
        let mut scratch = String::new();
        let delta = delta.text(&mut scratch);
        delta.inspect(|delta| self.content(delta)).is_some()
    }
    /// The same for all events that `framer` holds and that look as `alike` says; it may take none.
    fn alike(&mut self, _framer: &mut Framer, _alike: &Alike) {}
    /// The answer is whole. `text` is the truth; without it, what came so far is.
    fn done(&mut self, reply: Box<Reply>, text: Option<Text<'static>>);
    /// The answer failed.
    fn failed(&mut self, error: Error);
}

/// What a JSON answer to a message says.
pub enum Answer {
    /// the answer is whole
    Reply(Box<Reply>),
    /// the message was taken, and the answer has to be looked for
    Later {
        /// the message as it was stored, where the server says so; without it the watch finds it, and says `start`
        message: Option<Box<Message>>,
        /// knows where to look
        watch: Box<dyn Watch>,
    },
    /// the message was taken, and there will be no answer
    Silence,
}

/// By what a message that was sent is told from others in the history.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// the client's id, where the message carries it
    pub mark: Option<String>,
    /// what it says
    pub text: Text<'static>,
    /// what was known to be there before it was sent
    pub after: Option<Edge>,
    /// the ids of those that could be taken for it and were there before, where all of them are known
    pub known: Option<Names>,
    /// one of which it cannot be told may be there
    pub alike: bool,
}

/// Where the rest of an answer is.
pub enum Rest {
    /// in the history, behind a message that is known
    Watched(Box<dyn Watch>),
    /// in the history, behind a message that has to be found there
    Sought,
    /// it comes nowhere else
    Nowhere,
}

/// When to look again for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// at once: this was only a part of the question
    Now,
    /// soon: it grows
    Growing,
    /// later: nothing is new
    Idle,
}

/// Where a server tells of an answer by itself, over Socket.IO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// the address of its Socket.IO, without a query
    pub url: String,
    /// the event with which one enters
    pub enter: &'static str,
    /// its argument, as JSON text
    pub name: String,
    /// the event with which the server lets one in
    pub entered: &'static str,
}

/// What an event of such a room means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// nothing for the answer
    Nothing,
    /// it grows
    Growing,
    /// it may be whole: asking tells
    Ended,
}

/// Looks for an answer that the server does not send.
pub trait Watch {
    /// What to ask next.
    fn ask(&mut self) -> Request;
    /// Reads the answer to that.
    fn answer(&mut self, body: &Word, listener: &mut dyn Listener) -> Result<Look, Error>;
    /// What makes it doubtful whose answer was found, if anything does.
    fn doubt(&self) -> Option<&'static str> {
        None
    }
    /// Where the server tells of the answer by itself, if it does and somebody wants that.
    fn room(&self, _now: Now) -> Option<Room> {
        None
    }
    /// That room could not be entered.
    fn no_room(&mut self, _now: Now) {}
    /// Reads an event that was heard there; `data` is JSON text. What fails here is no failure of the answer.
    fn heard(
        &mut self,
        _event: &str,
        _data: &str,
        _listener: &mut dyn Listener,
    ) -> Result<Sign, Error> {
        Ok(Sign::Nothing)
    }
}

/// Reads one answer. A fresh one for each, so nothing leaks from one answer into the next; it is told nothing about how
/// the bytes arrive.
pub trait Decoder {
    /// Reads what [`Sending::before`] asked for.
    fn before(&mut self, _body: &str) -> Result<(), Error> {
        Ok(())
    }
    /// Reads one frame of a stream as [`Decoder::frame`] does, if it is one of those that most of the answer consists of
    /// and has nothing unusual about it; else does nothing and says `false`. This is the hot path: nothing is allocated.
    fn skim(&mut self, _frame: &Frame<'_>, _listener: &mut dyn Listener) -> bool {
        false
    }
    /// Does the same with all frames that `framer` holds and that look like the one before; it may leave any.
    fn skim_alike(&mut self, _framer: &mut Framer, _listener: &mut dyn Listener) {}
    /// Reads one frame of a stream.
    fn frame(&mut self, event: &str, data: &str, listener: &mut dyn Listener) -> Result<(), Error>;
    /// The stream ended, or broke. `unfinished` is the event that its end cut off from its blank line.
    fn end(&mut self, _unfinished: Option<(&str, &str)>, _listener: &mut dyn Listener) {}
    /// Reads an answer that came as JSON.
    fn body(&mut self, json: &str) -> Result<Answer, Error>;
    /// By what the message is found in the history; nothing where it cannot be.
    fn sought(&self) -> Option<Sought> {
        None
    }
    /// Looks in the history for the answer to `message`, which was found there; nothing where it will not come there.
    /// `answers` says whether the history holds any answer.
    fn watch(&mut self, _message: &Message, _answers: bool) -> Option<Box<dyn Watch>> {
        None
    }
    /// Where the rest of an answer is that was cut off after its beginning.
    fn rest(&mut self) -> Rest {
        Rest::Nowhere
    }
    /// What is known of the answer that is coming in, around the text that came so far.
    fn partial(&self, text: Text<'static>) -> Reply;
}
