//! What operations hand out, as rows of the table that crosses the boundary.

use crate::json::pieces::Pieces;
#[cfg(feature = "client")]
use crate::json::write;
#[cfg(feature = "client")]
use crate::model::{Message, ReplyEvent};
use crate::operation::{Outcome, Sink};
pub use crate::table::Table;
use crate::table::kind;
use crate::text::Text;

impl Sink for Table {
    #[cfg(feature = "client")]
    fn messages(&mut self, messages: Vec<Message>) {
        Table::messages(self, messages);
    }

    fn content(&mut self, delta: &Text<'_>) {
        if cfg!(feature = "client") {
            Table::content(self, delta);
        }
    }

    fn contents(&mut self, deltas: &Pieces) {
        if cfg!(feature = "client") {
            Table::contents(self, deltas);
        }
    }

    fn frame(&mut self, event: &[u8], data: &[u8], id: Option<&str>) {
        Table::frame(self, event, data, id);
    }

    fn put(&mut self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Frame { event, data, id } => {
                Table::frame(self, event.as_bytes(), data.as_bytes(), id);
            }
            Outcome::Comment(text) => self.value(kind::COMMENT, text),
            Outcome::Resume { id, retry } => self.resume(id, retry),
            #[cfg(feature = "client")]
            outcome => put(self, outcome),
            #[cfg(not(feature = "client"))]
            _ => {}
        }
    }
}

/// What only clients hand out.
#[cfg(feature = "client")]
fn put(table: &mut Table, outcome: Outcome<'_>) {
    match outcome {
        Outcome::Event(ReplyEvent::Content { delta }) => table.content(&delta),
        Outcome::Event(ReplyEvent::Done { reply }) => table.reply(kind::DONE, &reply),
        Outcome::Event(event) => table.value(kind::VALUE, &write::text(&event)),
        Outcome::Message(message) => table.message(&message),
        Outcome::Session(session) => table.value(kind::VALUE, &write::text(&session)),
        Outcome::Reply(reply) => table.reply(kind::REPLY, &reply),
        Outcome::Token(token) => table.value(kind::VALUE, &write::text(&token)),
        Outcome::Page(end) => table.value(kind::PAGE, &write::text(&end)),
        Outcome::Frame { .. } | Outcome::Comment(_) | Outcome::Resume { .. } => {}
    }
}
