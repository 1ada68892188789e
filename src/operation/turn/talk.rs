//! What was said of an answer so far. In: what a decoder, or a look at the history, makes of it. Out: events that go on from
//! what was handed out before; what comes a second time is not said again.

use super::super::{Outcome, Sink};
use crate::backend::Listener;
use crate::error::Error;
use crate::json::pieces::Pieces;
use crate::json::skim::{Alike, Written};
use crate::model::{Reply, ReplyEvent};
use crate::sse::Framer;
use crate::text::Text;

/// What was said so far.
#[derive(Default)]
pub struct Talk {
    /// whether the caller wants to hear it while it grows
    pub stream: bool,
    /// the answer so far, as it was handed out, but for what is in `growing`
    joined: Text<'static>,
    /// what goes on behind that
    growing: Pieces,
    /// what is told anew of an answer of which a part was handed out, as long as it has not come so far
    pub behind: Option<Text<'static>>,
    /// the backend took the message
    pub started: bool,
    /// and the caller heard of it
    pub told_start: bool,
    /// how it ended
    pub end: Option<Result<(), Error>>,
}

impl Talk {
    /// Nothing was said yet, but for what was `shown` to the caller before.
    pub fn new(stream: bool, shown: Text<'static>) -> Self {
        Talk {
            stream,
            joined: shown,
            ..Talk::default()
        }
    }

    /// The answer so far.
    pub fn joined(&mut self) -> &mut Text<'static> {
        self.growing.join(&mut self.joined);
        &mut self.joined
    }

    /// Takes what an answer says.
    pub fn hear<'t>(&'t mut self, sink: &'t mut dyn Sink) -> Hearing<'t> {
        Hearing { talk: self, sink }
    }
}

/// Hands out what an answer says.
pub struct Hearing<'t> {
    talk: &'t mut Talk,
    sink: &'t mut dyn Sink,
}

impl Hearing<'_> {
    /// Whether the answer said how it ended.
    pub fn ended(&self) -> bool {
        self.talk.end.is_some()
    }

    /// Hands out what was taken as it stands in JSON.
    pub fn tell(&mut self) {
        let talk = &mut *self.talk;
        if !talk.growing.is_new() {
            return;
        }
        if talk.stream {
            self.sink.contents(&talk.growing);
        }
        talk.growing.tell(&mut talk.joined);
    }

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
    fn so_far(&mut self) -> &Text<'static> {
        self.tell();
        self.talk.joined()
    }

    fn written(&mut self, delta: Written<'_>) -> bool {
        if self.talk.behind.is_some() {
            let mut scratch = String::new();
            let delta = delta.text(&mut scratch);
            return delta.inspect(|delta| self.content(delta)).is_some();
        }
        let taken = self.talk.growing.push(delta);
        self.talk.started |= taken;
        taken
    }

    fn alike(&mut self, framer: &mut Framer, alike: &Alike) {
        if self.talk.behind.is_none() {
            self.talk.started |= self.talk.growing.run(framer, alike);
        }
    }

    fn content(&mut self, delta: &Text<'_>) {
        self.tell();
        self.talk.started = true;
        if let Some(behind) = &mut self.talk.behind {
            behind.push(delta);
            return self.catch_up();
        }
        self.talk.joined().push(delta);
        if self.talk.stream {
            self.sink.content(delta);
        }
    }

    fn event(&mut self, event: ReplyEvent<'_>) {
        self.tell();
        match &event {
            // a frame may come twice
            ReplyEvent::Start { .. } if self.talk.told_start => return,
            ReplyEvent::Start { .. } => (self.talk.started, self.talk.told_start) = (true, true),
            ReplyEvent::Content { delta } => return self.content(delta),
            ReplyEvent::Replace { text } if self.talk.behind.is_some() => {
                self.talk.behind = Some(text.clone().into_owned());
                return self.catch_up();
            }
            ReplyEvent::Replace { text } => *self.talk.joined() = text.clone().into_owned(),
            _ => {}
        }
        if self.talk.stream {
            self.sink.put(Outcome::Event(event));
        }
    }

    /// What was streamed is made equal to the whole answer: by what is missing at its end, or by all of it.
    fn done(&mut self, mut reply: Box<Reply>, text: Option<Text<'static>>) {
        self.tell();
        let whole = text.unwrap_or_else(|| self.talk.joined().clone());
        self.talk.end = Some(Ok(()));
        if !self.talk.stream {
            reply.message.text = whole;
            self.sink.put(Outcome::Reply(reply));
            return;
        }
        match whole.strip_prefix(self.talk.joined()) {
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
