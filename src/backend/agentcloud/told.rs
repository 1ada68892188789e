//! What an answer says, told as it grows. In: its rows in order, again and again. Out: events for what is new in them, be
//! it that something was taken back; and where an answer begins and ends. When to look is left to `watch`.

use super::super::Listener;
use super::rows;
use super::wire::Row;
use crate::error::{Error, ErrorKind};
use crate::model::ReplyEvent;
use crate::order::Named;
use crate::text::Text;

/// What stands between two bubbles of one answer.
const BETWEEN: &str = "\n\n";
/// What was told of an answer.
#[derive(Default)]
pub struct Told {
    /// the lines between the bubbles, by the names of their rows
    lines: Named<Text<'static>>,
    bubbles: Vec<Text<'static>>,
}

impl Told {
    /// Whether the agent has said nothing.
    pub fn is_empty(&self) -> bool {
        self.bubbles.is_empty()
    }

    /// The answer so far.
    pub fn text(&self) -> Text<'static> {
        join(&self.bubbles)
    }

    /// Tells what is new in these rows, which are all up to now.
    pub fn tell(&mut self, order: &[&Row], listener: &mut dyn Listener) {
        let mut bubbles: Vec<Text<'static>> = Vec::with_capacity(self.bubbles.len());
        let mut taken_back = false;
        for row in order {
            if row.is_incoming() {
                continue;
            }
            let said = row.said();
            if row.is_aside() {
                if !said.is_empty() && self.lines.get(row.name()) != Some(&said) {
                    listener.event(ReplyEvent::Status { text: said.clone() });
                    self.lines.set(row.name(), said);
                }
                continue;
            }
            if said.is_empty() {
                continue;
            }
            let last = bubbles.len() + 1 == self.bubbles.len();
            match self.bubbles.get(bubbles.len()) {
                _ if taken_back => {}
                Some(before) if *before == said => {}
                Some(before) => match said.strip_prefix(before) {
                    Some(delta) if last => listener.event(ReplyEvent::Content { delta }),
                    _ => taken_back = true,
                },
                None => {
                    let mut delta = Text::default();
                    if !bubbles.is_empty() {
                        delta.push(&Text::from(BETWEEN));
                    }
                    delta.push(&said);
                    listener.event(ReplyEvent::Content { delta });
                }
            }
            bubbles.push(said);
        }
        if taken_back || bubbles.len() < self.bubbles.len() {
            let text = join(&bubbles);
            listener.event(ReplyEvent::Replace { text });
        }
        self.bubbles = bubbles;
    }
}

/// Whether it is part of what the agent says.
pub fn is_bubble(row: &Row) -> bool {
    !row.is_incoming() && !row.is_aside()
}

/// The bubbles as one text.
fn join(bubbles: &[Text<'static>]) -> Text<'static> {
    let mut text = Text::default();
    for bubble in bubbles {
        if !text.is_empty() {
            text.push(&Text::from(BETWEEN));
        }
        text.push(bubble);
    }
    text
}

/// How an answer ends.
pub enum End {
    /// the agent waits for a person
    Waits,
    /// it failed
    Failed(Error),
}

/// Whether an answer ends with this row, and how. The server has no form for most of these, only words.
pub fn end_of(row: &Row) -> Option<End> {
    if row.is_incoming() {
        return None;
    }
    let failed = |code: &str, what: &str| {
        let message = format!("the agent failed: {what}");
        Some(End::Failed(
            Error::new(ErrorKind::Agent, message).code(code),
        ))
    };
    let said = row
        .text
        .as_ref()
        .map(Text::to_string_lossy)
        .unwrap_or_default();
    let said = said.trim();
    if row.failed {
        let code = if said == "TimeOutError" {
            "TIMEOUT"
        } else {
            "AGENT_ERROR"
        };
        return failed(code, said);
    }
    if row.is_aside() {
        if said.starts_with('⛔') || said.starts_with("Stack trace:") {
            return failed("AGENT_ERROR", said);
        }
        if said.starts_with("🛑") {
            return failed("STOPPED", said);
        }
        if let Some(limit) = said.strip_suffix(" REACHED")
            && limit.ends_with("_LIMIT")
        {
            return failed(limit, said);
        }
    }
    row.feedback.then_some(End::Waits)
}

/// The rows of an answer.
pub struct Rows<'a> {
    /// in the order in which they are read, up to the one with which it ends
    pub order: Vec<&'a Row>,
    /// what the agent had to finish first is finished
    pub passed: bool,
    /// how it ends, if it does
    pub end: Option<End>,
}

/// What the agent had to finish when the message was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// nothing: it waited for a person
    Nothing,
    /// it may not have greeted yet
    Greeting,
    /// it was answering
    Answer,
}

impl Earlier {
    /// By the newest row before the message.
    pub fn than(newest: Option<&Row>) -> Earlier {
        match newest {
            Some(row) if !row.is_incoming() && row.feedback => Earlier::Nothing,
            Some(row) if row.is_incoming() || is_bubble(row) && !row.is_settled() => {
                Earlier::Answer
            }
            _ => Earlier::Greeting,
        }
    }

    /// Finds the rows of the answer among those behind the message.
    pub fn split(self, mut order: Vec<&Row>) -> Rows<'_> {
        rows::by_time(&mut order, |row| row.ts);
        let earlier = self.rows(&order);
        let passed = order.drain(..earlier).any(|row| row.feedback);
        let at = order.iter().position(|row| end_of(row).is_some());
        order.truncate(at.map_or(order.len(), |at| at + 1));
        let end = at.and_then(|_| order.last()).and_then(|row| end_of(row));
        Rows { order, passed, end }
    }

    /// How many of the rows behind the message belong to it.
    fn rows(self, order: &[&Row]) -> usize {
        let end = order.iter().position(|row| end_of(row).is_some());
        let waits = end.filter(|end| order.get(*end).is_some_and(|row| row.feedback));
        let first = order.iter().position(|row| is_bubble(row));
        match self {
            Earlier::Nothing => 0,
            Earlier::Greeting => waits.filter(|_| waits == first).map_or(0, |at| at + 1),
            // a failure is the end of everything
            Earlier::Answer => waits.map(|at| at + 1).or(end).unwrap_or(order.len()),
        }
    }
}
