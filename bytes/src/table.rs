//! Many results over the boundary as two texts and one table of numbers. A row of the table is a kind and the lengths of
//! its pieces of the texts, in UTF-16 units and in their order, so that JavaScript decodes once and cuts with `substring`.
//! One text has the pieces that are ASCII: they are nearly all, their units are their bytes, and JavaScript keeps them in
//! half the room. The other one has the rest.
//! `memory.js` reads this: the two change together.

use std::rc::Rc;

use crate::json::write;
use crate::sse::text;
use crate::text::Text;

/// No piece.
pub const NONE: u32 = u32::MAX;
/// The name of the event is that of the one before.
const SAME: u32 = u32::MAX - 1;
/// The piece is a JSON string: it holds a lone surrogate, which the text cannot.
const LITERAL: u32 = 1 << 31;
/// The piece is in the text that is not ASCII. No piece has a length of so many bits: it would not fit into the memory.
const WIDE: u32 = 1 << 30;

/// The kinds of rows.
pub mod kind {
    /// delta
    pub const CONTENT: u32 = 1;
    /// JSON of any value
    pub const VALUE: u32 = 2;
    /// see `message.rs`
    pub const MESSAGE: u32 = 3;
    /// JSON
    pub const PAGE: u32 = 4;
    /// name or the same, data, id or none if it is the last one's
    pub const EVENT: u32 = 5;
    /// text
    pub const COMMENT: u32 = 6;
    /// last event id, milliseconds or none
    pub const RESUME: u32 = 7;
    /// address and length of the body of an answer, of which the messages that follow hold ranges
    pub const BODY: u32 = 8;
    /// see `message.rs`
    pub const REPLY: u32 = 9;
    /// the same as the event `done`
    pub const DONE: u32 = 10;
}

/// What waits to be read by JavaScript.
#[derive(Default)]
pub struct Table {
    /// nothing but ASCII
    narrow: Vec<u8>,
    wide: String,
    /// the table
    pub rows: Vec<u32>,
    /// those that JavaScript was told of, so that they stay where they are until it has read
    pub bodies: Vec<Rc<String>>,
    /// the name of the event that came last, once there was one
    name: Option<Vec<u8>>,
}

impl Table {
    /// Forgets what was read.
    pub fn clear(&mut self) {
        self.narrow.clear();
        self.wide.clear();
        self.rows.clear();
        self.bodies.clear();
    }

    /// Address and length of the two texts, in bytes, and of the rows, in numbers.
    pub fn place(&self) -> [u32; 6] {
        [
            self.narrow.as_ptr() as u32,
            self.narrow.len() as u32,
            self.wide.as_ptr() as u32,
            self.wide.len() as u32,
            self.rows.as_ptr() as u32,
            self.rows.len() as u32,
        ]
    }

    fn narrow(&mut self, ascii: &[u8]) {
        self.narrow.extend_from_slice(ascii);
        self.rows.push(ascii.len() as u32);
    }

    fn wide(&mut self, text: &str) {
        self.wide.push_str(text);
        self.rows.push(units(text) | WIDE);
    }

    /// A piece.
    #[inline(never)]
    pub fn piece(&mut self, text: &str) {
        match is_ascii(text.as_bytes()) {
            true => self.narrow(text.as_bytes()),
            false => self.wide(text),
        }
    }

    /// A piece of a stream, in which there may be bytes that are no text.
    fn bytes(&mut self, bytes: &[u8]) {
        match is_ascii(bytes) {
            true => self.narrow(bytes),
            false => self.wide(&text(bytes)),
        }
    }

    /// A piece that may be missing.
    #[inline(never)]
    pub fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.piece(text),
            None => self.rows.push(NONE),
        }
    }

    /// A piece in which half a character may stand.
    #[inline(never)]
    pub fn text(&mut self, text: &Text<'_>) {
        if is_ascii(text.as_bytes()) {
            return self.narrow(text.as_bytes());
        }
        if let Some(text) = text.as_str() {
            return self.wide(text);
        }
        let start = self.wide.len();
        write::string(&mut self.wide, text);
        let length = units(self.wide.get(start..).unwrap_or_default());
        self.rows.push(length | LITERAL | WIDE);
    }

    /// A row of one piece.
    pub fn value(&mut self, kind: u32, json: &str) {
        self.rows.push(kind);
        self.piece(json);
    }

    /// A piece that JavaScript parses as JSON.
    pub fn literal(&mut self, json: &str) {
        self.piece(json);
        if let Some(length) = self.rows.last_mut() {
            *length |= LITERAL;
        }
    }
}

impl Table {
    /// A piece of an answer.
    #[inline(never)]
    pub fn content(&mut self, delta: &Text<'_>) {
        self.rows.reserve(2);
        self.rows.push(kind::CONTENT);
        self.text(delta);
    }

    /// An event of a stream; `id` where it is another one than before.
    #[inline(never)]
    pub fn frame(&mut self, event: &[u8], data: &[u8], id: Option<&str>) {
        self.rows.reserve(4);
        self.rows.push(kind::EVENT);
        if self.name.as_deref() == Some(event) {
            self.rows.push(SAME);
        } else {
            self.bytes(event);
            let name = self.name.get_or_insert_default();
            name.clear();
            name.extend_from_slice(event);
        }
        self.bytes(data);
        self.optional(id);
    }

    /// From where, and after how many milliseconds, a stream would be resumed.
    pub fn resume(&mut self, id: &str, retry: Option<u64>) {
        self.value(kind::RESUME, id);
        // a timer takes no more than 31 bits
        self.rows
            .push(retry.map_or(NONE, |retry| retry.min(i32::MAX as u64) as u32));
    }
}

/// Without a way out in the middle, so that it is done sixteen bytes at a time.
fn is_ascii(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

/// The length of a text in JavaScript.
fn units(text: &str) -> u32 {
    // every character counts once, and twice beyond the basic plane, where UTF-8 takes four bytes
    let count = |byte: &u8| u8::from(byte & 0xC0 != 0x80) + u8::from(*byte >= 0xF0);
    let (chunks, rest) = text.as_bytes().as_chunks::<16>();
    // sixteen at a time, and as often as the sums fit into a byte
    let blocks = chunks.chunks(127).map(|block| {
        let mut sums = [0; 16];
        for chunk in block {
            for (sum, byte) in sums.iter_mut().zip(chunk) {
                *sum += count(byte);
            }
        }
        sums.iter().map(|sum| u32::from(*sum)).sum::<u32>()
    });
    let rest = rest.iter().map(|byte| u32::from(count(byte)));
    blocks.chain(rest).sum()
}
