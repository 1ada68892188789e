//! What operations hand out, as rows of the table that crosses the boundary.

use crate::json::write;
use crate::model::{Message, ReplyEvent};
use crate::operation::{Outcome, Sink};
pub use crate::table::Table;
use crate::table::kind;
use crate::text::Text;

impl Sink for Table {
    fn messages(&mut self, messages: Vec<Message>) {
        Table::messages(self, messages);
    }

    fn content(&mut self, delta: &Text<'_>) {
        Table::content(self, delta);
    }

    fn frame(&mut self, event: &[u8], data: &[u8], id: Option<&str>) {
        Table::frame(self, event, data, id);
    }

    fn put(&mut self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Event(ReplyEvent::Content { delta }) => Table::content(self, &delta),
            Outcome::Event(ReplyEvent::Done { reply }) => self.reply(kind::DONE, &reply),
            Outcome::Event(event) => self.value(kind::VALUE, &write::text(&event)),
            Outcome::Message(message) => self.message(kind::MESSAGE, &message),
            Outcome::Session(session) => self.value(kind::VALUE, &write::text(&session)),
            Outcome::Reply(reply) => self.reply(kind::REPLY, &reply),
            Outcome::Token(token) => self.value(kind::VALUE, &write::text(&token)),
            Outcome::Page(end) => self.value(kind::PAGE, &write::text(&end)),
            Outcome::Frame { event, data, id } => {
                Table::frame(self, event.as_bytes(), data.as_bytes(), id);
            }
            Outcome::Comment(text) => self.value(kind::COMMENT, text),
            Outcome::Resume { id, retry } => self.resume(id, retry),
        }
    }
}
