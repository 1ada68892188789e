//! Picks the wanted fields out of an object in one walk: for the rows of histories, of which there are many and all alike.
//! What is not wanted is checked and passed over. A value that stands in the body as it is meant is not looked at again;
//! every other one is read afterwards, where the walk found it.

use super::{Flaw, Json, Kind, MAX_DEPTH, Reader, Step, scan};
use crate::text::Text;
use crate::word::Word;

type Read<T> = Result<T, Flaw>;

/// A field that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    name: &'static str,
    /// how servers write it: the name in its quotes and the colon, padded with zeros
    written: [u128; 2],
    /// which bytes of these count
    mask: [u128; 2],
    number: usize,
    /// the wanted fields of its value, where that is an object
    inner: &'static [Field],
}

impl Field {
    /// The field of this name, of at most 24 ASCII characters, whose place is told under this number.
    pub const fn new(name: &'static str, number: usize) -> Self {
        Field::with(name, number, &[])
    }

    /// The same, and of the fields of its value these.
    pub const fn with(name: &'static str, number: usize, inner: &'static [Field]) -> Self {
        assert!(name.len() <= NAME, "a longer name does not fit");
        Field {
            name,
            written: [sixteen(name, 0), sixteen(name, 16)],
            mask: [mask(name, 0), mask(name, 16)],
            number,
            inner,
        }
    }

    /// How long it is as servers write it.
    const fn length(&self) -> usize {
        self.name.len() + AROUND
    }
}

/// Sixteen bytes of a name in its quotes and with the colon, from that place on.
const fn sixteen(name: &str, start: usize) -> u128 {
    let (mut sixteen, mut place) = (0, start + 16);
    while place > start {
        place -= 1;
        sixteen = sixteen << 8 | byte(name, place) as u128;
    }
    sixteen
}

const fn byte(name: &str, place: usize) -> u8 {
    match name.len() {
        length if place == 0 || place == length + 1 => b'"',
        length if place == length + 2 => b':',
        _ => match name.as_bytes().split_at_checked(place - 1) {
            Some((_, [byte, ..])) => *byte,
            _ => 0,
        },
    }
}

/// Which of these bytes there are.
const fn mask(name: &str, start: usize) -> u128 {
    match (name.len() + AROUND).saturating_sub(start) {
        0 => 0,
        count if count >= 16 => u128::MAX,
        count => (1 << (8 * count)) - 1,
    }
}

/// The longest name of a [`Field`], in bytes.
const NAME: usize = 24;
/// The quotes and the colon.
const AROUND: usize = 3;

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    name: usize,
    value: usize,
    end: usize,
    /// a string without escapes
    plain: bool,
}

impl Reader<'_> {
    /// Passes over an object, and tells where the wanted ones of its fields stand, by their numbers. Of several fields with
    /// one number the last counts.
    pub fn pick<const N: usize>(&mut self, fields: &[Field]) -> Read<[Option<Place>; N]> {
        let mut places = [None; N];
        self.picked(fields, &mut places)?;
        Ok(places)
    }

    /// The value of a picked field as `read` reads it; nothing where there is no such field.
    pub fn at<T: Default>(
        &mut self,
        place: Option<Place>,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<T> {
        let Some(place) = place else {
            return Ok(T::default());
        };
        let here = self.go(place);
        let value = read(self)?;
        self.go_back(here);
        Ok(value)
    }

    /// The kind of a picked field's value; `null` where there is no such field.
    pub fn kind_at(&self, place: Option<Place>) -> Kind {
        place.map_or(Kind::Null, |place| self.kind_of(place.value))
    }

    /// A picked field's value, if it is a string that stands in the body as it is meant: without escapes.
    pub fn plain_at(&self, place: Option<Place>) -> Option<Word> {
        let place = place.filter(|place| place.plain)?;
        self.part(place.value + 1, place.end - 1)
    }

    /// A picked field's string; nothing where there is no such field, or `null`.
    pub fn text_at(&mut self, place: Option<Place>) -> Read<Option<Text<'static>>> {
        if let Some(word) = self.plain_at(place) {
            return Ok(Some(Text::from(word)));
        }
        match (place, self.kind_at(place)) {
            (_, Kind::Null) => Ok(None),
            (Some(place), Kind::String) => {
                let read = scan::rewritten(self.text, place.value, place.end);
                let text = read.map_err(|flaw| self.flawed(flaw))?;
                Ok(Some(text.into_owned()))
            }
            _ => self.at(place, |reader| reader.held_text().map(Some)),
        }
    }

    /// Any value of a picked field.
    pub fn json_at(&self, place: Option<Place>) -> Option<Json> {
        place.map(|place| self.json_between(place.value, place.end))
    }

    // Neither is compiled into each of the above.
    #[inline(never)]
    fn go(&mut self, place: Place) -> usize {
        self.path.push(Step::Field(place.name));
        std::mem::replace(&mut self.at, place.value)
    }

    #[inline(never)]
    fn go_back(&mut self, here: usize) {
        self.path.pop();
        self.at = here;
    }

    fn picked(&mut self, fields: &[Field], places: &mut [Option<Place>]) -> Read<()> {
        if !self.take(b'{') {
            return Err(self.expected("an object"));
        }
        self.nest()?;
        if self.take(b'}') {
            return Ok(());
        }
        let bytes = self.text.as_bytes();
        let depth = MAX_DEPTH.saturating_sub(self.path.len() + 1);
        // rows of one server have their fields in one order, so the next is looked for behind the last
        let (mut at, mut next) = (self.at, 0);
        loop {
            let name = scan::space(bytes, at);
            let (found, behind) = match foreseen(fields, next, bytes, name) {
                Some((found, field)) => (Some((found, field)), name + field.length()),
                None => self.name(fields, name)?,
            };
            let value = scan::space(bytes, behind);
            let inner = found.map_or(&[] as &[Field], |(_, field)| field.inner);
            for field in inner {
                // of several values the last counts
                if let Some(place) = places.get_mut(field.number) {
                    *place = None;
                }
            }
            let passed = match bytes.get(value) {
                Some(b'"') => scan::written(bytes, value),
                Some(b'{') if !inner.is_empty() => {
                    self.at = value;
                    self.path.push(Step::Field(name));
                    self.picked(inner, places)?;
                    self.path.pop();
                    Ok((self.at, false))
                }
                _ => scan::value(bytes, value, depth).map(|end| (end, false)),
            };
            let (end, plain) = match passed {
                Ok(passed) => passed,
                Err(flaw) => {
                    self.path.push(Step::Field(name));
                    return Err(self.flawed(flaw));
                }
            };
            if let Some((found, field)) = found {
                next = found + 1;
                if let Some(place) = places.get_mut(field.number) {
                    *place = Some(Place {
                        name,
                        value,
                        end,
                        plain,
                    });
                }
            }
            at = scan::space(bytes, end);
            match bytes.get(at) {
                Some(b',') => at += 1,
                Some(b'}') => {
                    self.at = at + 1;
                    return Ok(());
                }
                _ => {
                    self.at = at;
                    return Err(self.flaw("an object does not end"));
                }
            }
        }
    }

    /// Reads a field's name and the colon, wherever they are and however they are written: the field, its place among
    /// `fields`, and where its value may begin.
    #[inline(never)]
    fn name<'f>(
        &mut self,
        fields: &'f [Field],
        start: usize,
    ) -> Read<(Option<(usize, &'f Field)>, usize)> {
        let bytes = self.text.as_bytes();
        self.at = start;
        if bytes.get(start) != Some(&b'"') {
            return Err(self.flaw("a field's name is missing"));
        }
        let (name, end) = scan::string(self.text, start).map_err(|flaw| self.flawed(flaw))?;
        self.at = end;
        if !self.take(b':') {
            return Err(self.flaw("a colon is missing"));
        }
        let name = name.to_string_lossy();
        let mut all = fields.iter().enumerate();
        Ok((all.find(|(_, field)| field.name == name), self.at))
    }
}

/// The field whose name stands there, and its place among `fields`, if it is written as servers write it.
#[inline(always)]
fn foreseen<'f>(
    fields: &'f [Field],
    next: usize,
    bytes: &[u8],
    at: usize,
) -> Option<(usize, &'f Field)> {
    let ahead: &[u8; 32] = bytes.get(at..)?.first_chunk()?;
    let (low, high) = ahead.split_first_chunk::<16>()?;
    let low = u128::from_le_bytes(*low);
    let high = u128::from_le_bytes(*high.first_chunk()?);
    let is = |field: &Field| {
        let ([low_mask, high_mask], [low_name, high_name]) = (field.mask, field.written);
        low & low_mask == low_name && high & high_mask == high_name
    };
    let (before, behind) = fields.split_at_checked(next).unwrap_or((fields, &[]));
    let numbered = behind.iter().zip(next..).chain(before.iter().zip(0..));
    let mut here = numbered.filter(|(field, _)| is(field));
    here.next().map(|(field, place)| (place, field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::shared;

    const FIELDS: [Field; 3] = [
        Field::new("id", 0),
        Field::new("twenty-four letters and!", 1),
        Field::new("also", 0),
    ];

    fn picked(text: &str) -> Result<[Option<String>; 2], String> {
        let body = Word::from(text);
        let read = shared(&body, |reader| {
            let places = reader.pick::<2>(&FIELDS)?;
            Ok(places.map(|place| {
                let json = reader.json_at(place)?;
                let plain = reader.plain_at(place);
                assert!(plain.is_none_or(|word| json.as_str() == format!("\"{word}\"")));
                Some(json.as_str().to_owned())
            }))
        });
        read.map_err(|flaw| flaw.to_string())
    }

    #[test]
    fn of_fields_with_one_number_the_last_counts_and_others_are_passed_over() {
        let found = |first: Option<&str>, second: Option<&str>| {
            Ok([first.map(str::to_owned), second.map(str::to_owned)])
        };
        for (text, expected) in [
            ("{}", found(None, None)),
            (r#"{"id":1}"#, found(Some("1"), None)),
            (r#"{"id":1,"also":"x"}"#, found(Some("\"x\""), None)),
            (r#"{"also":1,"id":"\n"}"#, found(Some("\"\\n\""), None)),
            (
                r#" { "twenty-four letters and!" : [ 1 ] , "id" : {} } "#,
                found(Some("{}"), Some("[ 1 ]")),
            ),
            (r#"{"\u0069d":"é"}"#, found(Some("\"é\""), None)),
            (
                r#"{"i":1,"idd":2,"twenty-four letters and!!":3}"#,
                found(None, None),
            ),
            (
                "{\"id\0\":1}",
                Err("a control character stands in a string at the top (byte 4)".into()),
            ),
            (r#"{"id\u0000":1}"#, found(None, None)),
        ] {
            assert_eq!(picked(text), expected, "{text}");
        }
    }

    #[test]
    fn a_flaw_names_the_field_that_it_stands_in() {
        for (text, flaw) in [
            (
                "[]",
                "expected an object, found an array at the top (byte 0)",
            ),
            (r#"{"id":tru}"#, "no JSON value at id (byte 6)"),
            (
                r#"{"id":"\x"}"#,
                "an escape is not one of JSON's at id (byte 7)",
            ),
            (r#"{"id":"#, "the JSON ends too early at id (byte 6)"),
            (r#"{"id"}"#, "a colon is missing at the top (byte 5)"),
            (r#"{"id":1"#, "an object does not end at the top (byte 7)"),
            (
                r#"{"id":1,}"#,
                "a field's name is missing at the top (byte 8)",
            ),
        ] {
            assert_eq!(picked(text), Err(flaw.to_owned()), "{text}");
        }
    }
}
