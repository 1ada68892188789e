//! Text as JavaScript has it: UTF-8 in, UTF-8 out, and surrogates without their other half kept on the way.
//!
//! elizaOS cuts its chunks by UTF-16 unit, so that one emoji arrives as `"\ud83d"` and then `"\ude00"`. Rust's `str`
//! holds neither half. [`Text`] keeps a lone half in three bytes (WTF-8), and joins the halves when they meet.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};

use crate::json;
use crate::word::Word;

/// The first byte of every surrogate in WTF-8; the second tells which half it is.
const SURROGATE: u8 = 0xED;

/// A piece of text, borrowed from the bytes that it came in where that is possible.
#[derive(Clone, Debug)]
pub struct Text<'a>(Kept<'a>);

/// Nearly every text is known to be whole from where it comes, and then nobody has to look through it again.
#[derive(Clone, Debug)]
enum Kept<'a> {
    /// every surrogate has its other half
    Whole(Cow<'a, str>),
    /// the same, as a part of an answer's body
    Part(Word),
    /// nobody knows, or there is one that has not
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Text<'a> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The text, if every surrogate in it has its other half.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Kept::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => self.whole(),
        }
    }

    /// The text, if it is known to be whole.
    pub(crate) fn whole(&self) -> Option<&str> {
        match &self.0 {
            Kept::Whole(text) => Some(text),
            Kept::Part(word) => Some(word),
            Kept::Bytes(_) => None,
        }
    }

    /// The text in UTF-8, in which a surrogate without its other half has three bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Whole(text) => text.as_bytes(),
            Kept::Part(word) => word.as_bytes(),
            Kept::Bytes(bytes) => bytes,
        }
    }

    /// The text, with U+FFFD in place of what has no other half.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => {
                let mut text = String::with_capacity(self.as_bytes().len());
                for piece in self.pieces() {
                    match piece {
                        Piece::Text(piece) => text.push_str(piece),
                        Piece::Surrogate(_) => text.push(char::REPLACEMENT_CHARACTER),
                    }
                }
                Cow::Owned(text)
            }
        }
    }

    /// Puts `other` behind this text; two halves that meet become one character.
    #[inline(never)]
    pub fn push(&mut self, other: &Text<'_>) {
        if let Kept::Part(word) = &self.0 {
            *self = Text::from(word.to_string());
        }
        if let (Kept::Whole(text), Some(other)) = (&mut self.0, other.whole()) {
            text.to_mut().push_str(other);
            return;
        }
        let other = other.as_bytes();
        let mut bytes = match std::mem::take(self).0 {
            Kept::Whole(text) => text.into_owned().into_bytes(),
            Kept::Part(word) => word.as_bytes().to_vec(),
            Kept::Bytes(bytes) => bytes.into_owned(),
        };
        let joined = match (bytes.get(bytes.len().wrapping_sub(3)..), other.get(..3)) {
            (Some(high), Some(low)) => join(high, low),
            _ => None,
        };
        match joined {
            Some(character) => {
                bytes.truncate(bytes.len() - 3);
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                bytes.extend(other.iter().skip(3));
            }
            None => bytes.extend_from_slice(other),
        }
        self.0 = Kept::Bytes(Cow::Owned(bytes));
    }

    /// Puts one UTF-16 unit behind this text, as an escape such as `\ud83d` gives it.
    pub fn push_unit(&mut self, unit: u16) {
        match char::from_u32(u32::from(unit)) {
            Some(character) => self.push(&Text::from(character.encode_utf8(&mut [0; 4]) as &str)),
            // only a surrogate is not a character
            None => {
                let [_, low] = unit.to_be_bytes();
                let second = 0x80 | (unit >> 6 & 0x3F) as u8;
                let half = [SURROGATE, second, 0x80 | low & 0x3F];
                self.push(&Text(Kept::Bytes(Cow::Borrowed(&half))));
            }
        }
    }

    /// What is left when `start` is taken from the front, if the text starts with it.
    pub fn strip_prefix(&self, start: &Text<'_>) -> Option<Text<'_>> {
        if let (Some(text), Some(start)) = (self.whole(), start.whole()) {
            let begins = starts_with(text.as_bytes(), start.as_bytes());
            return begins.then(|| text.get(start.len()..).map(Text::from))?;
        }
        let (bytes, start) = (self.as_bytes(), start.as_bytes());
        let begins = starts_with(bytes, start);
        let rest = begins.then(|| bytes.get(start.len()..))??;
        // a half at the end of `start` must not be torn from the half that follows: then `start` is no prefix in
        // WTF-8 either, because the joined character has other bytes
        Some(Text(Kept::Bytes(Cow::Borrowed(rest))))
    }

    /// The same text with its whole characters put through `rewrite`; lone surrogates stay where they are.
    pub fn rewritten(&self, rewrite: &dyn Fn(&mut String)) -> Text<'static> {
        let mut text = Text::default();
        for piece in self.pieces() {
            match piece {
                Piece::Text(piece) => {
                    let mut piece = piece.to_owned();
                    rewrite(&mut piece);
                    text.push(&Text::from(piece));
                }
                Piece::Surrogate(unit) => text.push_unit(unit),
            }
        }
        text
    }

    /// The same text, borrowed from nothing.
    pub fn into_owned(self) -> Text<'static> {
        Text(match self.0 {
            Kept::Whole(text) => Kept::Whole(Cow::Owned(text.into_owned())),
            Kept::Part(word) => Kept::Part(word),
            Kept::Bytes(bytes) => Kept::Bytes(Cow::Owned(bytes.into_owned())),
        })
    }

    /// The text cut where it is valid UTF-8 and where it is not.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut rest = self.as_bytes();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let valid = match std::str::from_utf8(rest) {
                Ok(_) => rest.len(),
                Err(error) => error.valid_up_to(),
            };
            let (text, after) = rest.split_at_checked(valid)?;
            if let ([], [_, second, third, after @ ..]) = (text, after) {
                rest = after;
                let unit = 0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F);
                return Some(Piece::Surrogate(unit));
            }
            rest = after;
            Some(Piece::Text(std::str::from_utf8(text).unwrap_or_default()))
        })
    }
}

/// As the slice's own method, sixteen bytes at a time: WebAssembly compares slices byte by byte.
#[inline(never)]
pub fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    let Some(front) = bytes.get(..start.len()) else {
        return false;
    };
    let ((fronts, _), (starts, _)) = (front.as_chunks::<16>(), start.as_chunks::<16>());
    let same =
        |one: &[u8; 16], other: &[u8; 16]| u128::from_ne_bytes(*one) == u128::from_ne_bytes(*other);
    // the last ones once more, so that nothing is left over
    let ends = match (front.last_chunk(), start.last_chunk()) {
        (Some(front), Some(start)) => same(front, start),
        _ => starts_short(front, start),
    };
    ends && fronts
        .iter()
        .zip(starts)
        .all(|(front, start)| same(front, start))
}

/// The same for texts of one length, below sixteen bytes.
fn starts_short(front: &[u8], start: &[u8]) -> bool {
    let ends = |bytes: &[u8]| {
        let (first, last) = (bytes.first_chunk::<8>()?, bytes.last_chunk::<8>()?);
        Some((u64::from_ne_bytes(*first), u64::from_ne_bytes(*last)))
    };
    match (ends(front), ends(start)) {
        (Some(front), Some(start)) => front == start,
        _ => front == start,
    }
}

/// A part of a [`Text`].
pub(crate) enum Piece<'a> {
    /// whole characters
    Text(&'a str),
    /// one surrogate without its other half
    Surrogate(u16),
}

fn join(high: &[u8], low: &[u8]) -> Option<char> {
    match (high, low) {
        (&[SURROGATE, a @ 0xA0..=0xAF, b], &[SURROGATE, c @ 0xB0..=0xBF, d]) => {
            let high = u32::from(a & 0x0F) << 6 | u32::from(b & 0x3F);
            let low = u32::from(c & 0x0F) << 6 | u32::from(d & 0x3F);
            char::from_u32(0x10000 + (high << 10 | low))
        }
        _ => None,
    }
}

/// What stands before and behind the first `part` of `text`. The search of the standard library, which is fast also where
/// both repeat themselves, is 3 KB of WebAssembly; the parts that are looked for here are short.
pub fn split<'a>(text: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let mut places = text.as_bytes().windows(part.len().max(1));
    let at = places.position(|place| place == part.as_bytes())?;
    Some((text.get(..at)?, text.get(at + part.len()..)?))
}

/// Whether `part` stands in `text`.
pub fn contains(text: &str, part: &str) -> bool {
    split(text, part).is_some()
}

impl Default for Text<'_> {
    fn default() -> Self {
        Text::from("")
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text<'_> {}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Kept::Whole(Cow::Borrowed(text)))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Kept::Whole(Cow::Owned(text)))
    }
}

/// UTF-8, in which half a character has three bytes.
impl From<Vec<u8>> for Text<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Text(Kept::Bytes(Cow::Owned(bytes)))
    }
}

impl From<Word> for Text<'_> {
    fn from(word: Word) -> Self {
        Text(Kept::Part(word))
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => json::Json::from(self).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(units: &[u16]) -> Text<'static> {
        let mut text = Text::default();
        for unit in units {
            text.push_unit(*unit);
        }
        text
    }

    #[test]
    fn a_part_is_found_where_it_stands_first() {
        for (text, part, expected) in [
            ("a--b--c", "--", Some(("a", "b--c"))),
            ("é😀x", "😀", Some(("é", "x"))),
            ("aab", "ab", Some(("a", ""))),
            ("ab", "abc", None),
            ("", "a", None),
        ] {
            assert_eq!(split(text, part), expected, "{part} in {text}");
            assert_eq!(contains(text, part), text.contains(part));
        }
    }

    #[test]
    fn two_halves_that_meet_become_one_character() {
        let mut text = of(&[0x61, 0xD83D]);
        assert_eq!(text.as_str(), None);
        text.push(&of(&[0xDE00, 0x62]));
        assert_eq!(text.as_str(), Some("a😀b"));
    }

    #[test]
    fn halves_in_the_wrong_order_stay_apart() {
        let text = of(&[0xDE00, 0xD83D]);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_string_lossy(), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn every_unit_survives_in_its_place() {
        for unit in [0xD800u16, 0xDBFF, 0xDC00, 0xDFFF, 0xD83D] {
            let text = of(&[0x78, unit, 0x79]);
            let units: Vec<u16> = text
                .pieces()
                .flat_map(|piece| match piece {
                    Piece::Text(text) => text.encode_utf16().collect::<Vec<_>>(),
                    Piece::Surrogate(unit) => vec![unit],
                })
                .collect();
            assert_eq!(units, [0x78, unit, 0x79]);
        }
    }

    #[test]
    fn a_text_starts_with_each_of_its_beginnings_and_with_nothing_else() {
        let whole: Vec<u8> = (0..70).collect();
        for length in 0..=whole.len() {
            let mut start = whole[..length].to_vec();
            assert!(starts_with(&whole, &start));
            for at in 0..length {
                start[at] ^= 1;
                assert!(
                    !starts_with(&whole, &start),
                    "{length} bytes, another one at {at}"
                );
                start[at] ^= 1;
            }
            start.extend_from_slice(&[0; 71]);
            assert!(!starts_with(&whole, &start));
        }
    }

    #[test]
    fn any_units_joined_one_by_one_are_what_utf16_decoding_gives() {
        proptest::proptest!(|(units: Vec<u16>)| {
            let text = of(&units);
            let expected: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
            proptest::prop_assert_eq!(text.to_string_lossy(), expected);
        });
    }
}
