//! Many results over the boundary as two texts and one table of numbers. A row of the table is a kind and the lengths of
//! its pieces of the texts, in UTF-16 units and in their order, so that JavaScript decodes once and cuts with `substring`.
//! One text has the pieces that are ASCII: they are nearly all, their units are their bytes, and JavaScript keeps them in
//! half the room. The other one has the rest. Of a long piece in which little is not ASCII each text has its part, because
//! most platforms decode ASCII several times as fast.
//! `memory.js` reads this: the two change together.

use std::rc::Rc;

use crate::json::pieces::Pieces;
use crate::json::write;
use crate::sse::text;
use crate::text::Text;

/// No piece.
pub const NONE: u32 = u32::MAX;
/// The name of the event is that of the one before.
const SAME: u32 = u32::MAX - 1;
/// The piece is a JSON string: it holds a lone surrogate, which the text cannot. Alone, it is the next of the values.
pub(crate) const LITERAL: u32 = 1 << 31;
/// The piece is in the text that is not ASCII. No piece has a length of so many bits: it would not fit into the memory.
const WIDE: u32 = 1 << 30;
/// The piece is put together of so many others, each with its length. The bit stands beside that of the other text.
const JOINED: u32 = WIDE | 1 << 29;

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
    /// a list of JSON values, which the messages that follow hold in its order
    pub const VALUES: u32 = 11;
}

/// What waits to be read by JavaScript.
#[derive(Default)]
pub struct Table {
    /// nothing but ASCII
    narrow: Vec<u8>,
    /// UTF-8
    wide: Vec<u8>,
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

    /// Makes room for pieces of so many bytes: mostly they are ASCII.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.narrow.reserve(bytes);
    }

    fn narrow(&mut self, ascii: &[u8]) {
        self.narrow.extend_from_slice(ascii);
        self.rows.push(ascii.len() as u32);
    }

    /// What is not ASCII, and may not even be text.
    #[inline(never)]
    fn decoded(&mut self, bytes: &[u8]) {
        self.wide(&text(bytes));
    }

    #[inline(never)]
    fn wide(&mut self, text: &str) {
        self.wide.extend_from_slice(text.as_bytes());
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
        if is_ascii(bytes) {
            return self.narrow(bytes);
        }
        if bytes.len() < APART {
            return self.decoded(bytes);
        }
        let header = self.rows.len();
        self.rows.push(JOINED);
        let mut count = 0;
        runs(bytes, &mut |run, ascii| {
            count += 1;
            match ascii {
                true => self.narrow(run),
                false => self.decoded(run),
            }
        });
        match self.rows.get_mut(header) {
            Some(header) if count > 1 => *header |= count,
            // the only run is the piece
            _ => drop(self.rows.remove(header)),
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
        // the standard library would look at one byte after the other
        let checked = || simdutf8::basic::from_utf8(text.as_bytes()).ok();
        if let Some(text) = text.whole().or_else(checked) {
            return self.wide(text);
        }
        let mut json = String::new();
        write::string(&mut json, text);
        self.wide(&json);
        if let Some(length) = self.rows.last_mut() {
            *length |= LITERAL;
        }
    }

    /// A row of one piece.
    pub fn value(&mut self, kind: u32, json: &str) {
        self.rows.push(kind);
        self.piece(json);
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

    /// All of them that were not told of.
    #[inline(never)]
    pub fn contents(&mut self, pieces: &Pieces) {
        for (place, units) in pieces.places() {
            self.rows.push(kind::CONTENT);
            match units as usize == place.len() {
                true => {
                    self.rows.push(units);
                    pieces.copy(place, &mut self.narrow);
                }
                false => {
                    self.rows.push(units | WIDE);
                    pieces.copy(place, &mut self.wide);
                }
            }
        }
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

/// Without a way out in the middle, so that it is done sixteen bytes at a time; the last ones are looked at twice, because
/// byte by byte they would take longer than all others.
#[inline(never)]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk() {
        let (chunks, _) = bytes.as_chunks();
        let all = chunks
            .iter()
            .fold(u128::from_ne_bytes(*last), |all, chunk| {
                all | u128::from_ne_bytes(*chunk)
            });
        return !has_high(all);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let all = u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last);
        return !has_high(all.into());
    }
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

/// Whether one of sixteen bytes is not ASCII.
fn has_high(bytes: u128) -> bool {
    bytes & (u128::MAX / 0xFF * 0x80) != 0
}

/// ASCII that is shorter stays with the other characters around it: to put a text together of more parts would cost more
/// than to decode it with them.
const APART: usize = 256;

/// Gives `take` the runs of `bytes`, which are not all ASCII, and whether each is. Where two runs meet one of them is ASCII,
/// so that no character is torn, and nothing that is damaged.
fn runs<'b>(bytes: &'b [u8], take: &mut dyn FnMut(&'b [u8], bool)) {
    let mut give = |from: usize, to: usize, ascii: bool| match bytes.get(from..to) {
        None | Some([]) => {}
        Some(run) => take(run, ascii),
    };
    let (chunks, rest) = bytes.as_chunks::<16>();
    let chunks = chunks
        .iter()
        .map(|chunk| !has_high(u128::from_ne_bytes(*chunk)));
    // of the run that is not all ASCII: where it begins, and how far it goes for certain
    let (mut start, mut end) = (0, 0);
    for (place, ascii) in chunks.chain([is_ascii(rest)]).enumerate() {
        if ascii {
            continue;
        }
        let at = place * 16;
        if at - end >= APART {
            give(start, end, false);
            give(end, at, true);
            start = at;
        }
        end = bytes.len().min(at + 16);
    }
    if bytes.len() - end < APART {
        end = bytes.len();
    }
    give(start, end, false);
    give(end, bytes.len(), true);
}

/// The length of a text in JavaScript: every character counts once, and twice beyond the basic plane, where UTF-8 takes four
/// bytes.
#[inline(never)]
fn units(text: &str) -> u32 {
    let (chunks, rest) = text.as_bytes().as_chunks::<16>();
    // as often as the sums fit into a byte
    let blocks = chunks.chunks(127).map(units_of_block);
    let rest = rest.iter().map(|byte| u32::from(units_of(*byte)));
    blocks.chain(rest).sum()
}

/// The same of bytes that may be no text: then nothing. Most are few.
#[inline(never)]
pub(crate) fn text_units(bytes: &[u8]) -> Option<u32> {
    if is_ascii(bytes) {
        return Some(bytes.len() as u32);
    }
    simdutf8::basic::from_utf8(bytes).ok().map(units)
}

fn units_of(byte: u8) -> u8 {
    u8::from(byte & 0xC0 != 0x80) + u8::from(byte >= 0xF0)
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn units_of_block(block: &[[u8; 16]]) -> u32 {
    let units = |byte: &u8| u32::from(units_of(*byte));
    block.as_flattened().iter().map(units).sum()
}

/// The same sixteen bytes at a time.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn units_of_block(block: &[[u8; 16]]) -> u32 {
    use core::arch::wasm32::{
        i8x16_gt, i8x16_splat, i8x16_sub, u8x16_ge, u8x16_splat, u16x8_extadd_pairwise_u8x16,
        u32x4_extadd_pairwise_u16x8, u32x4_extract_lane, u64x2,
    };
    let mut sums = u8x16_splat(0);
    for chunk in block {
        let [low, high] = [0, 8].map(|place| {
            let half = chunk.get(place..).and_then(|half| half.first_chunk());
            u64::from_le_bytes(*half.unwrap_or(&[0; 8]))
        });
        let bytes = u64x2(low, high);
        // a byte that goes on with a character is below -64, and what is true is -1
        sums = i8x16_sub(sums, i8x16_gt(bytes, i8x16_splat(-65)));
        sums = i8x16_sub(sums, u8x16_ge(bytes, u8x16_splat(0xF0)));
    }
    let sums = u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(sums));
    u32x4_extract_lane::<0>(sums)
        + u32x4_extract_lane::<1>(sums)
        + u32x4_extract_lane::<2>(sums)
        + u32x4_extract_lane::<3>(sums)
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy;

    use super::*;

    fn runs_of(bytes: &[u8]) -> Vec<(&[u8], bool)> {
        let mut found = Vec::new();
        runs(bytes, &mut |run, ascii| found.push((run, ascii)));
        found
    }

    #[test]
    fn a_long_run_of_ascii_stands_alone_and_a_short_one_with_what_is_around_it() {
        let (long, short) = ("a".repeat(APART + 16), "a".repeat(APART - 32));
        let told = |text: &str| {
            let runs = runs_of(text.as_bytes());
            runs.into_iter().map(|(_, ascii)| ascii).collect::<Vec<_>>()
        };
        for (text, expected) in [
            ("é".to_owned(), vec![false]),
            (format!("{short}é{short}😀{short}"), vec![false]),
            (format!("{long}é"), vec![true, false]),
            (format!("é{long}"), vec![false, true]),
            (
                format!("{long}é{short}é{long}é"),
                vec![true, false, true, false],
            ),
        ] {
            assert_eq!(told(&text), expected, "{text}");
        }
    }

    #[test]
    fn runs_are_the_piece_and_are_decoded_as_it_is() {
        let part = proptest::prop_oneof![
            proptest::strategy::Just(b"\xFF".to_vec()),
            proptest::strategy::Just("你😀".as_bytes().to_vec()),
            proptest::strategy::Just("你😀".as_bytes()[..5].to_vec()),
            (0..600_usize).prop_map(|length| vec![b'a'; length]),
        ];
        let parts = proptest::collection::vec(part, 1..8);
        proptest::proptest!(|(parts in parts)| {
            let bytes = parts.concat();
            let runs = runs_of(&bytes);
            proptest::prop_assert_eq!(runs.iter().map(|(run, _)| *run).collect::<Vec<_>>().concat(), bytes.clone());
            proptest::prop_assert!(runs.iter().all(|(run, ascii)| !ascii || run.is_ascii()));
            let decoded: String = runs.iter().map(|(run, _)| text(run)).collect();
            proptest::prop_assert_eq!(decoded, text(&bytes));
        });
    }

    #[test]
    fn the_units_are_those_of_utf16() {
        proptest::proptest!(|(text in "(a|é|你|😀|[ -~]{0,90}){0,90}")| {
            let count = text.encode_utf16().count();
            proptest::prop_assert_eq!(units(&text) as usize, count);
            proptest::prop_assert_eq!(text_units(text.as_bytes()), Some(count as u32));
        });
    }

    #[test]
    fn what_is_no_text_has_no_units() {
        proptest::proptest!(|(text in "(a|é|你|😀|\u{FFFF}|\u{10FFFF}){0,20}", at in 0..80_usize, byte: u8)| {
            let mut bytes = text.into_bytes();
            if let Some(damaged) = bytes.get_mut(at) {
                *damaged = byte;
            }
            let count = std::str::from_utf8(&bytes).map(|text| text.encode_utf16().count() as u32);
            proptest::prop_assert_eq!(text_units(&bytes), count.ok());
        });
    }
}
