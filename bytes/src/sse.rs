//! Bytes of an event stream in, frames out, however the network cut them.
//!
//! In: the body of a `text/event-stream` answer, piece by piece. Out: each event the moment its
//! blank line is complete, the last event id, the reconnection time and, if asked for, comments;
//! all as section 9.2.6 of the HTML standard says. Left to others: fetching, reconnecting, the
//! content type, and what an event means. The bytes are handed out as they came; [`text`] decodes
//! them as the standard's decoder does, which gives the same characters as decoding the whole
//! stream first, because every cut made here lies beside an ASCII byte.
//!
//! # How much memory
//!
//! Three things are held: the line under way, if its field has a meaning; the values of the block
//! under way; the last event id. The size of an event is the bytes of its data (with the line feed
//! between two lines of it), its name and its id; an event, or one field of it that never ends,
//! above the limit is [`Overflow`]. A line that means nothing (a comment that nobody listens to, an
//! unknown field) is forgotten while it still grows, so it may go on for ever. A comment that
//! somebody listens to is forgotten when it exceeds the limit: the events of a stream are the same
//! with and without a listener. What the caller puts in before it takes out what is complete is
//! held as well: call [`Framer::next`] until it gives nothing after each piece.

mod line;
#[cfg(test)]
mod tests;
mod value;

use line::{Field, Line, number};
use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::fmt;
use value::{Span, Value};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Finds the events in the bytes of one stream.
///
/// ```
/// use agentline_bytes::sse::{Framer, Item, text};
///
/// let mut framer = Framer::new(1024);
/// framer.push(b"event: chunk\ndata: Hel");
/// assert!(framer.next().unwrap().is_none());
/// framer.push(b"lo\n\n");
/// let Some(Item::Event(frame)) = framer.next().unwrap() else { unreachable!() };
/// assert_eq!((text(frame.event), text(frame.data)), ("chunk".into(), "Hello".into()));
/// ```
pub struct Framer {
    /// Initialised from end to end, so that the spare part can be lent out as it is.
    buffer: Vec<u8>,
    /// Where the line under way begins.
    line: usize,
    /// Between the line's begin and here is no line end: a long line is searched once.
    searched: usize,
    /// Where the bytes of the stream end and the spare part begins.
    filled: usize,
    /// The byte order mark was looked for.
    begun: bool,
    /// The last line ended with CR: a LF that follows belongs to it.
    after_carriage_return: bool,
    /// The line under way means nothing; what is still to come of it is forgotten.
    skipping: bool,
    /// The block's values were lent out; they are cleared as soon as nobody can look at them.
    dispatched: bool,
    overflowed: bool,
    data: Value,
    event: Value,
    id: Value,
    /// What stands before the data of the block that was lent out, where the block is one line of data and perhaps a name.
    head: Span,
    last_event_id: String,
    retry: Option<u64>,
    max_event_bytes: usize,
    keep_comments: bool,
    /// Bytes searched and bytes copied: lets a test show linear time without a clock.
    #[cfg(test)]
    work: std::cell::Cell<usize>,
}

/// What the stream holds, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A block of lines with data, complete with its blank line.
    Event(Frame<'a>),
    /// What follows the colon of a comment, a leading space included: the standard removes a space
    /// from values only. Given only after [`Framer::keep_comments`].
    Comment(&'a [u8]),
}

/// One event, in the bytes of the stream; [`text`] makes text of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The event's name; empty means "message".
    pub event: &'a [u8],
    /// The values of its data lines, joined by line feeds.
    pub data: &'a [u8],
    /// The last event id in force, whether this event or an earlier one set it.
    pub id: &'a str,
    /// What stands in the block before the data, for [`Framer::take_blocks`]; empty where the block is more than one line
    /// of data, which may have a name before it.
    pub head: &'a [u8],
}

/// An event is larger than the limit. The framer stays in this state and holds no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// The limit in bytes.
    pub max_event_bytes: usize,
}

impl fmt::Display for Overflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "an event of the stream is larger than {} bytes",
            self.max_event_bytes
        )
    }
}

impl std::error::Error for Overflow {}

/// Decodes what a [`Framer`] hands out: UTF-8, with U+FFFD for what is not.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    // nearly all streams are UTF-8, which `from_utf8` reads many bytes at a time and `from_utf8_lossy` one by one
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

impl Framer {
    /// A framer at the start of a stream. `max_event_bytes` limits one event: see the module.
    #[must_use]
    pub fn new(max_event_bytes: usize) -> Self {
        Self {
            buffer: Vec::new(),
            line: 0,
            searched: 0,
            filled: 0,
            begun: false,
            after_carriage_return: false,
            skipping: false,
            dispatched: false,
            overflowed: false,
            data: Value::default(),
            event: Value::default(),
            id: Value::default(),
            head: Span::default(),
            last_event_id: String::new(),
            retry: None,
            max_event_bytes,
            keep_comments: false,
            #[cfg(test)]
            work: std::cell::Cell::new(0),
        }
    }

    /// The same, with the last event id of the connection before this one.
    #[must_use]
    pub fn with_last_event_id(max_event_bytes: usize, last_event_id: String) -> Self {
        Self {
            last_event_id,
            ..Self::new(max_event_bytes)
        }
    }

    /// Whether comments are handed out. They are not unless asked for, and then cost no memory.
    pub fn keep_comments(&mut self, yes: bool) {
        self.keep_comments = yes;
    }

    /// Room for the next bytes of the stream, at least so many, behind those already there. It
    /// stays where it is until the framer is used again. Say with [`Framer::filled`] how many
    /// bytes were written.
    #[inline(never)]
    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        if self.dispatched {
            self.clear_block();
        }
        let unfinished = self.filled.saturating_sub(self.line);
        if unfinished > 0
            || self.data.is_present()
            || self.event.is_present()
            || self.id.is_present()
        {
            self.let_go_of_the_buffer();
        } else if self.buffer.len() >= at_least {
            // the hot path: nothing has to stay
            (self.line, self.searched, self.filled) = (0, 0, 0);
            return &mut self.buffer;
        }
        let spare = self.buffer.len().saturating_sub(self.filled);
        if unfinished == 0 || spare < at_least {
            let length = self.buffer.len();
            // A move is paid for by the bytes framed since the last one, growth by doubling:
            // either way a byte of a line that never ends is copied a constant number of times.
            let grows = length.saturating_sub(unfinished) < at_least || self.line < unfinished;
            if self.line > 0 {
                self.buffer.copy_within(self.line..self.filled, 0);
                self.count_work(unfinished);
            }
            self.searched = self.searched.saturating_sub(self.line);
            self.line = 0;
            self.filled = unfinished;
            if grows {
                let wanted = unfinished.saturating_add(at_least);
                self.count_work(unfinished);
                self.buffer.truncate(unfinished);
                self.buffer.resize(wanted.max(length.saturating_mul(2)), 0);
            }
        }
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// So many bytes were written into [`Framer::space`].
    pub fn filled(&mut self, count: usize) {
        if !self.overflowed {
            self.filled = self.filled.saturating_add(count).min(self.buffer.len());
        }
    }

    /// Takes the next bytes of the stream from somewhere else.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.space(bytes.len()).get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.filled(bytes.len());
        }
    }

    /// The next event or comment of the bytes that are there; nothing if it takes more bytes.
    ///
    /// # Errors
    ///
    /// An event is larger than the limit; then so is every further call.
    #[inline(never)]
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator cannot lend out its own bytes"
    )]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Overflow> {
        Ok(match self.find()? {
            None => None,
            Some(Found::Event) => Some(Item::Event(Frame {
                event: self.event.bytes(&self.buffer),
                data: self.data.bytes(&self.buffer),
                id: &self.last_event_id,
                head: self.head.bytes(&self.buffer),
            })),
            Some(Found::Comment(span)) => Some(Item::Comment(span.bytes(&self.buffer))),
        })
    }

    /// Takes the events that come next without looking at them: `take` is given all bytes that are there from the begin of a
    /// block on, and says how many of them are the block and its blank line. It may take only blocks that begin with the
    /// [`Frame::head`] of an event before, and end their one line of data and themselves with LF.
    #[inline(always)]
    pub fn take_blocks(&mut self, mut take: impl FnMut(&[u8]) -> Option<usize>) {
        if self.dispatched {
            self.clear_block();
        }
        if self.overflowed || !self.begun || !self.is_fresh() {
            return;
        }
        let mut at = self.line;
        while let Some(bytes) = self.buffer.get(at..self.filled) {
            // what may be too large is not taken here
            let bytes = bytes.get(..self.max_event_bytes).unwrap_or(bytes);
            match take(bytes) {
                None | Some(0) => break,
                Some(length) => at += length,
            }
        }
        self.count_work(at.saturating_sub(self.line));
        self.line = at;
        self.searched = at;
    }

    /// Whether [`Framer::next`] would give nothing, because there are no bytes left: so that nobody need ask.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.line == self.filled
    }

    /// The stream has ended and the caller wants the block that it left unfinished, which the
    /// standard drops: from here on the framer behaves as if the missing line ends had come.
    /// [`Framer::next`] then gives the last event, if there is one.
    pub fn dispatch_unfinished(&mut self) {
        self.push(b"\n\n");
    }

    /// The next bytes are those of another connection, which goes on with the same events: what the last one left
    /// unfinished is dropped; the last event id and the reconnection time stay.
    pub fn restart(&mut self) {
        (self.line, self.searched, self.filled) = (0, 0, 0);
        self.begun = false;
        self.after_carriage_return = false;
        self.skipping = false;
        self.clear_block();
        self.id.clear();
    }

    /// The last event id, as the last blank line left it.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The reconnection time in milliseconds, as the last `retry` line with a number set it;
    /// a number too large for it is the largest.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    fn find(&mut self) -> Result<Option<Found>, Overflow> {
        if self.overflowed {
            return Err(self.overflow());
        }
        if self.dispatched {
            self.clear_block();
        }
        if !self.begun && !self.begin() {
            return Ok(None);
        }
        if self.take_block() {
            return Ok(Some(Found::Event));
        }
        self.head = Span::default();
        while let Some(line) = self.take_line() {
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if line.is_empty() {
                self.commit_id();
                if self.data.is_present() {
                    self.dispatched = true;
                    return Ok(Some(Found::Event));
                }
                self.event.clear();
                continue;
            }
            if let Some(found) = self.read_line(line)? {
                return Ok(Some(found));
            }
        }
        self.look_at_unfinished_line()?;
        self.let_go_of_the_buffer();
        Ok(None)
    }

    /// Drops the byte order mark; false while the bytes could still become one.
    fn begin(&mut self) -> bool {
        let bytes = self.line_under_way();
        if bytes.starts_with(BYTE_ORDER_MARK) {
            self.line += BYTE_ORDER_MARK.len();
            self.searched = self.line;
        } else if BYTE_ORDER_MARK.starts_with(bytes) {
            return false;
        }
        self.begun = true;
        true
    }

    /// The bytes that come first among those not framed yet.
    fn line_under_way(&self) -> &[u8] {
        Span {
            start: self.line,
            end: self.filled,
        }
        .bytes(&self.buffer)
    }

    /// Whether a block begins here, and no byte of it was looked at.
    fn is_fresh(&self) -> bool {
        self.searched == self.line
            && !self.after_carriage_return
            && !self.skipping
            && !self.data.is_present()
            && !self.event.is_present()
            && !self.id.is_present()
    }

    /// The hot path: takes a whole block of one line of data, with or without a name before it, whose lines end with LF.
    /// Everything else is left as it was, to be read line by line.
    fn take_block(&mut self) -> bool {
        if !self.is_fresh() {
            return false;
        }
        let bytes = self.line_under_way();
        let (mut name, mut at) = (None, 0);
        if bytes.starts_with(b"event:") {
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                return false;
            };
            at = end + 1;
            name = Some((b"event:".len(), end));
        }
        let Some(rest) = bytes.get(at..).filter(|rest| rest.starts_with(b"data:")) else {
            return false;
        };
        let Some(length) = memchr2(b'\n', b'\r', rest) else {
            return false;
        };
        let end = at + length;
        let ends = |at: usize| bytes.get(at) == Some(&b'\n');
        if !(ends(end) && ends(end + 1) && name.is_none_or(|(_, end)| ends(end))) {
            return false;
        }
        let value = |(start, end): (usize, usize)| Span {
            start: self.line + start + usize::from(bytes.get(start) == Some(&b' ')),
            end: self.line + end,
        };
        let name = name.map(value);
        let data = value((at + b"data:".len(), end));
        let size = data.length() + name.map_or(0, Span::length);
        if size > self.max_event_bytes {
            return false;
        }
        self.count_work(end + 2);
        self.head = Span {
            start: self.line,
            end: data.start,
        };
        self.line += end + 2;
        self.searched = self.line;
        self.data.set(data);
        if let Some(name) = name {
            self.event.set(name);
        }
        self.dispatched = true;
        true
    }

    fn take_line(&mut self) -> Option<Span> {
        if self.after_carriage_return {
            let first = *self.line_under_way().first()?;
            self.after_carriage_return = false;
            if first == b'\n' {
                self.line += 1;
                self.searched = self.line;
            }
        }
        let unsearched = Span {
            start: self.searched,
            end: self.filled,
        };
        let bytes = unsearched.bytes(&self.buffer);
        let Some(length) = memchr2(b'\n', b'\r', bytes) else {
            self.count_work(bytes.len());
            self.searched = self.filled;
            return None;
        };
        // A CR ends the line without waiting for the LF that may follow: the event must not be
        // late by the time that the network takes for one more byte.
        self.after_carriage_return = bytes.get(length) == Some(&b'\r');
        let line = Span {
            start: self.line,
            end: self.searched + length,
        };
        self.line = line.end + 1;
        self.searched = self.line;
        self.count_work(length + 1);
        Some(line)
    }

    fn read_line(&mut self, line: Span) -> Result<Option<Found>, Overflow> {
        let (field, value) = match Line::of(line.bytes(&self.buffer)) {
            Line::Value(field, length) => (field, line.last(length)),
            Line::Name(field) => (field, line.last(0)),
            Line::Comment(length) => {
                let kept = self.keep_comments && length <= self.max_event_bytes;
                return Ok(kept.then(|| Found::Comment(line.last(length))));
            }
            Line::Begin | Line::Unknown => return Ok(None),
        };
        self.check_size(field, value.length())?;
        match field {
            Field::Data => {
                let copied = self.data.append(value, &self.buffer);
                self.count_work(copied);
            }
            Field::Event => self.event.set(value),
            Field::Id => {
                let bytes = value.bytes(&self.buffer);
                if memchr(0, bytes).is_none() {
                    self.id.set(value);
                }
                self.count_work(value.length());
            }
            Field::Retry => {
                if let Some(number) = number(value.bytes(&self.buffer)) {
                    self.retry = Some(number);
                }
                self.count_work(value.length());
            }
        }
        Ok(None)
    }

    /// A line without an end can already be too long, or known to mean nothing.
    fn look_at_unfinished_line(&mut self) -> Result<(), Overflow> {
        if !self.skipping {
            self.skipping = match Line::of(self.line_under_way()) {
                Line::Value(field, length) => {
                    self.check_size(field, length)?;
                    false
                }
                Line::Name(_) | Line::Begin => false,
                Line::Comment(length) => !self.keep_comments || length > self.max_event_bytes,
                Line::Unknown => true,
            };
        }
        if self.skipping {
            self.line = self.filled;
        }
        Ok(())
    }

    fn check_size(&mut self, field: Field, value: usize) -> Result<(), Overflow> {
        let others = match field {
            Field::Data if self.data.is_present() => {
                self.data.length() + 1 + self.event.length() + self.id.length()
            }
            Field::Data => self.event.length() + self.id.length(),
            Field::Event => self.data.length() + self.id.length(),
            Field::Id => self.data.length() + self.event.length(),
            Field::Retry => self.data.length() + self.event.length() + self.id.length(),
        };
        if others.saturating_add(value) <= self.max_event_bytes {
            return Ok(());
        }
        self.overflowed = true;
        self.buffer = Vec::new();
        (self.line, self.searched, self.filled) = (0, 0, 0);
        self.clear_block();
        self.id.clear();
        Err(self.overflow())
    }

    fn overflow(&self) -> Overflow {
        Overflow {
            max_event_bytes: self.max_event_bytes,
        }
    }

    fn commit_id(&mut self) {
        if self.id.is_present() {
            self.last_event_id.clear();
            self.last_event_id
                .push_str(&text(self.id.bytes(&self.buffer)));
            self.count_work(self.id.length());
            self.id.clear();
        }
    }

    fn clear_block(&mut self) {
        self.dispatched = false;
        self.data.clear();
        self.event.clear();
    }

    /// Before the buffer's bytes move or are overwritten, the block's values leave it.
    fn let_go_of_the_buffer(&mut self) {
        if self.dispatched {
            self.clear_block();
        }
        let mut copied = 0;
        for value in [&mut self.data, &mut self.event, &mut self.id] {
            copied += value.keep(&self.buffer);
        }
        self.count_work(copied);
    }

    fn count_work(&self, bytes: usize) {
        #[cfg(test)]
        self.work.set(self.work.get() + bytes);
        #[cfg(not(test))]
        let _ = bytes;
    }
}

enum Found {
    Event,
    Comment(Span),
}
