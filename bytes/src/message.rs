//! Messages and replies over the boundary: the few fields that callers read as pieces of the table's texts, and the free-form JSON as
//! ranges of the answer's body, which JavaScript copies once and parses where somebody looks. `js/message.js` reads this; the
//! two change together.

use std::rc::Rc;
use std::slice;

use crate::json::{Json, write};
use crate::model::{Message, Reply, Role};
use crate::table::{LITERAL, NONE, Table, kind};
use crate::text::starts_with;
use crate::word::Word;

/// Instead of a piece: the number of a body, and where a value starts and ends there, in bytes.
const RANGE: u32 = u32::MAX - 2;

/// About how many numbers a message is.
const ROW: usize = 24;

// beside the role
const COMPLETE: u32 = 8;
const AUTHOR: u32 = 16;
const CALL: u32 = 32;
const RESULT: u32 = 64;
const RARE: u32 = 128;
const MARKED: u32 = 256;

impl Table {
    /// Rows of a history.
    #[inline(never)]
    pub fn messages(&mut self, messages: Vec<Message>) {
        self.rows.reserve(messages.len() * ROW);
        self.reserve(messages.iter().map(length).sum());
        self.values(&messages);
        for message in &messages {
            self.row(kind::MESSAGE, message);
        }
    }

    /// A message.
    pub fn message(&mut self, message: &Message) {
        self.values(slice::from_ref(message));
        self.row(kind::MESSAGE, message);
    }

    /// The JSON that callers read, of all these messages together: to parse many values at once takes half the time.
    fn values(&mut self, messages: &[Message]) {
        let mut list = String::new();
        for message in messages {
            let given = message.tool_call.as_ref().map(|call| &call.arguments);
            let found = message.tool_result.as_ref().map(|result| &result.result);
            for json in [given, found].into_iter().flatten().flatten() {
                if !is_string(json) {
                    list.push(if list.is_empty() { '[' } else { ',' });
                    list.push_str(json.as_str());
                }
            }
        }
        if !list.is_empty() {
            list.push(']');
            self.value(kind::VALUES, &list);
        }
    }

    /// A message, or what begins with one: `kind` says which.
    #[inline(never)]
    fn row(&mut self, kind: u32, message: &Message) {
        let held = [Some(&message.raw), message.metadata.as_ref()];
        held.into_iter().flatten().for_each(|json| self.body(json));
        let flag = |there: bool, flag: u32| if there { flag } else { 0 };
        let rare = rare(message);
        self.rows.push(kind);
        let role = match message.role {
            Role::User => 0,
            Role::Assistant => 1,
            Role::Tool => 2,
            Role::System => 3,
            Role::Unknown => 4,
        };
        self.rows.push(
            role | flag(message.complete, COMPLETE)
                | flag(message.author.is_some(), AUTHOR)
                | flag(message.tool_call.is_some(), CALL)
                | flag(message.tool_result.is_some(), RESULT)
                | flag(rare.is_some(), RARE)
                | flag(message.client_message_id.is_some(), MARKED),
        );
        self.piece(&message.id);
        self.text(&message.text);
        self.optional(message.created_at.as_deref());
        let bits = message.timestamp.unwrap_or(f64::NAN).to_bits();
        self.rows.extend([bits as u32, (bits >> 32) as u32]);
        if let Some(author) = &message.author {
            self.named(&author.id, &author.name);
        }
        if let Some(call) = &message.tool_call {
            self.named(&call.id, &call.name);
            self.free(call.arguments.as_ref());
        }
        if let Some(result) = &message.tool_result {
            self.named(&result.id, &result.name);
            self.free(result.result.as_ref());
        }
        if let Some(rare) = rare {
            self.piece(&rare);
        }
        if let Some(mark) = &message.client_message_id {
            self.piece(mark);
        }
        self.held(message.metadata.as_ref());
        self.held(Some(&message.raw));
    }

    /// A whole answer: its message, what stands beside it, and its JSON, unless that is the message's.
    #[inline(never)]
    pub fn reply(&mut self, kind: u32, reply: &Reply) {
        self.body(&reply.raw);
        self.values(slice::from_ref(&reply.message));
        self.row(kind, &reply.message);
        self.optional(beside(reply).as_deref());
        let (raw, known) = (reply.raw.as_str(), reply.message.raw.as_str());
        let same = raw.len() == known.len() && starts_with(raw.as_bytes(), known.as_bytes());
        self.held(Some(&reply.raw).filter(|_| !same));
    }

    fn named(&mut self, id: &Option<Word>, name: &Option<Word>) {
        self.optional(id.as_deref());
        self.optional(name.as_deref());
    }

    /// JSON that callers read: a string as it is, and anything else as the next of the values.
    fn free(&mut self, json: Option<&Json>) {
        match json {
            Some(json) if is_string(json) => self.text(&json.text().unwrap_or_default()),
            Some(_) => self.rows.push(LITERAL),
            None => self.rows.push(NONE),
        }
    }

    /// JSON that few callers read.
    fn held(&mut self, json: Option<&Json>) {
        let Some(json) = json else {
            return self.rows.push(NONE);
        };
        match json.as_word().body() {
            Some((body, range)) => {
                let number = self.bodies.iter().rposition(|held| Rc::ptr_eq(held, body));
                let range = [number.unwrap_or_default(), range.start, range.end];
                self.rows.push(RANGE);
                self.rows.extend(range.map(|number| number as u32));
            }
            None => self.piece(json.as_str()),
        }
    }

    /// Tells of the body that some JSON is a part of, unless JavaScript has it already.
    fn body(&mut self, json: &Json) {
        let Some((body, _)) = json.as_word().body() else {
            return;
        };
        if self.bodies.iter().rev().any(|held| Rc::ptr_eq(held, body)) {
            return;
        }
        let place = [body.as_ptr() as u32, body.len() as u32];
        self.rows.push(kind::BODY);
        self.rows.extend(place);
        self.bodies.push(body.clone());
    }
}

/// About how many bytes of it callers read.
fn length(message: &Message) -> usize {
    let stamp = message.created_at.as_deref().map_or(0, str::len);
    message.id.len() + message.text.as_bytes().len() + stamp
}

fn is_string(json: &Json) -> bool {
    json.as_str().starts_with('"')
}

/// The fields that few messages have, as one object.
fn rare(message: &Message) -> Option<String> {
    if message.citations.is_none() && message.sources.is_none() {
        return None;
    }
    let citations = message.citations.as_ref().map(write::text);
    let sources = message.sources.as_ref().map(write::text);
    object([("citations", citations), ("sources", sources)])
}

/// What a reply has beside its message, as one object.
fn beside(reply: &Reply) -> Option<String> {
    object([
        ("citations", reply.citations.as_ref().map(write::text)),
        ("sources", reply.sources.as_ref().map(write::text)),
        ("usage", reply.usage.as_ref().map(write::text)),
        ("thinking", reply.thinking.as_ref().map(write::text)),
    ])
}

fn object<const N: usize>(fields: [(&str, Option<String>); N]) -> Option<String> {
    let field = |(name, json): (&str, Option<String>)| Some(["\"", name, "\":", &json?].concat());
    let fields: Vec<String> = fields.into_iter().filter_map(field).collect();
    (!fields.is_empty()).then(|| ["{", &fields.join(","), "}"].concat())
}
