//! What an answer says, told as it grows. In: its rows in order, again and again. Out: events for what is new in them, be
//! it that something was taken back; and how an answer ends. Which rows are its own is `turns`', when to look is `watch`'s.

use super::super::Listener;
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
