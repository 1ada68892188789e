//! The strings that a stream brings, one behind the other: what is skimmed goes in, and comes out piece by piece for who
//! reads along, and as one text for who asks for all of it. Each is copied once and looked at as seldom as possible.

use std::borrow::Cow;
use std::ops::Range;

use super::scan;
use super::skim::{Written, append};
use crate::sse::text;
use crate::table::text_units;
use crate::text::Text;

/// Strings one behind the other.
#[derive(Default)]
pub struct Pieces {
    /// UTF-8
    bytes: Vec<u8>,
    /// how many bytes were told of
    told: usize,
    /// where those end that were not
    ends: Vec<End>,
}

#[derive(Clone, Copy)]
struct End {
    at: usize,
    /// its length in UTF-16 units
    units: u32,
}

/// So many bytes are joined with the text before them at the latest.
const MANY: usize = 16_384;

impl Pieces {
    /// Takes the next one; says `false` and takes nothing where it holds a surrogate, or bytes that are no UTF-8.
    #[inline(never)]
    pub fn push(&mut self, written: Written<'_>) -> bool {
        let start = self.bytes.len();
        if !written.onto(&mut self.bytes) {
            self.bytes.truncate(start);
            return false;
        }
        self.took(start)
    }

    /// Takes a part of the next one: what stands from `at` on, as far as a string is as it is written. Gives the end of that.
    #[inline(always)]
    pub(super) fn copied(&mut self, bytes: &[u8], at: usize) -> usize {
        scan::copied(bytes, at, &mut self.bytes)
    }

    /// Takes a byte as a part of the next one.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// How many bytes are held.
    pub(super) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// The next one is whole, which begins at `start`; says `false` and takes it back where it is no UTF-8.
    #[inline(always)]
    pub(super) fn took(&mut self, start: usize) -> bool {
        let at = self.bytes.len();
        match text_units(self.bytes.get(start..).unwrap_or_default()) {
            Some(units) => self.ends.push(End { at, units }),
            None => self.bytes.truncate(start),
        }
        self.bytes.len() == at
    }

    /// The next one is not taken: so many bytes were held before it.
    pub(super) fn take_back(&mut self, held: usize) {
        self.bytes.truncate(held);
    }

    /// Whether there is one that was not told of.
    pub fn is_new(&self) -> bool {
        !self.ends.is_empty()
    }

    /// They were told of. Puts them behind `joined`, unless that can wait: to do so for each costs more than to tell of it.
    #[inline(never)]
    pub fn tell(&mut self, joined: &mut Text<'_>) {
        if self.bytes.len() > MANY {
            return self.join(joined);
        }
        self.ends.clear();
        self.told = self.bytes.len();
    }

    /// Puts all of them behind `joined`.
    #[inline(never)]
    pub fn join(&mut self, joined: &mut Text<'_>) {
        if !self.bytes.is_empty() {
            joined.push(&Text::from(&*text(&self.bytes)));
        }
        self.bytes.clear();
        self.ends.clear();
        self.told = 0;
    }

    /// Each of those that were not told of.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.places().map(|(place, _)| text(self.bytes(place)))
    }

    /// Where each of them stands among the bytes, and how many UTF-16 units it has.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Range<usize>, u32)> {
        let mut start = self.told;
        self.ends.iter().map(move |end| {
            let place = start..end.at;
            start = end.at;
            (place, end.units)
        })
    }

    pub(crate) fn bytes(&self, place: Range<usize>) -> &[u8] {
        self.bytes.get(place).unwrap_or_default()
    }

    /// Puts the bytes of a place behind `to`.
    #[inline(always)]
    pub(crate) fn copy(&self, place: Range<usize>, to: &mut Vec<u8>) {
        append(to, self.bytes(place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::skim::Alike;

    /// Gives `take` the string that `json` is.
    fn given(json: &[u8], take: impl FnOnce(Written<'_>)) {
        let object = [b"{\"a\":", json, b"}"].concat();
        let taken = Alike::default().take(&object, "a", &|_, _, _| true);
        take(taken.unwrap().0);
    }

    #[test]
    fn pieces_are_what_each_of_them_says_and_none_that_is_no_text() {
        let piece = proptest::prop_oneof![
            proptest::strategy::Just(&b"\"\xC3\""[..]),
            proptest::strategy::Just(&b"\"\xA9\""[..]),
            proptest::strategy::Just(&b"\"\xF0\x9F\\u00e9\""[..]),
            proptest::strategy::Just(&b"\"\\ud83d\""[..]),
            proptest::strategy::Just("\"né, 😀 \\n\\\"x\\\"\"".as_bytes()),
            proptest::strategy::Just(&b"\"\""[..]),
            proptest::strategy::Just(&b"\"seventeen letters or more\""[..]),
            proptest::strategy::Just(&b"\"tion\""[..]),
        ];
        let pieces = proptest::collection::vec((piece, 0..3_u8), 0..40);
        proptest::proptest!(|(brought in pieces)| {
            let (mut pieces, mut joined) = (Pieces::default(), Text::default());
            let (mut told, mut expected) = (Vec::new(), Vec::new());
            for (data, then) in &brought {
                let mut scratch = String::new();
                let before = expected.len();
                given(data, |whole| {
                    let text = whole.text(&mut scratch);
                    expected.extend(text.and_then(|text| text.as_str().map(str::to_owned)));
                });
                let mut taken = false;
                given(data, |written| taken = pieces.push(written));
                proptest::prop_assert_eq!(taken, expected.len() > before);
                if *then > 0 {
                    proptest::prop_assert_eq!(pieces.is_new(), told.len() < expected.len());
                    told.extend(pieces.iter().map(Cow::into_owned));
                    pieces.tell(&mut joined);
                    proptest::prop_assert!(!pieces.is_new());
                }
                if *then > 1 {
                    pieces.join(&mut joined);
                    proptest::prop_assert_eq!(joined.to_string_lossy(), expected.concat());
                }
            }
            told.extend(pieces.iter().map(Cow::into_owned));
            pieces.join(&mut joined);
            proptest::prop_assert_eq!(joined.to_string_lossy(), expected.concat());
            proptest::prop_assert_eq!(told, expected);
        });
    }
}
