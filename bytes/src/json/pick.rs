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
    /// its name, padded with zeros
    name: [u64; 3],
    length: usize,
    number: usize,
}

impl Field {
    /// The field of this name, of at most 24 ASCII characters, whose place is told under this number.
    pub const fn new(name: &str, number: usize) -> Self {
        assert!(name.len() <= NAME, "a longer name does not fit");
        Field {
            name: [eight(name, 0), eight(name, 1), eight(name, 2)],
            length: name.len(),
            number,
        }
    }
}

/// Eight characters of a name.
const fn eight(name: &str, place: usize) -> u64 {
    let (mut eight, mut rest) = (0, name.as_bytes());
    while let [before @ .., last] = rest {
        if before.len() / 8 == place {
            eight = eight << 8 | *last as u64;
        }
        rest = before;
    }
    eight
}

/// The longest name of a [`Field`], in bytes.
const NAME: usize = 24;

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

    /// A picked field's string; an empty one where there is no such field, or `null`.
    pub fn text_at(&mut self, place: Option<Place>) -> Read<Text<'static>> {
        match self.plain_at(place) {
            Some(word) => Ok(Text::from(word)),
            None => self.at(place, |reader| match reader.kind() {
                Kind::Null => Ok(Text::default()),
                _ => reader.held_text(),
            }),
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
        let mut next = 0;
        loop {
            let name = self.start();
            if bytes.get(name) != Some(&b'"') {
                return Err(self.flaw("a field's name is missing"));
            }
            let (end, plain) = scan::written(bytes, name).map_err(|flaw| self.flawed(flaw))?;
            self.at = end;
            let found = match plain {
                true => find(fields, next, bytes, name + 1, end - name - 2),
                false => self.rewritten(fields, next, name),
            };
            if !self.take(b':') {
                return Err(self.flaw("a colon is missing"));
            }
            let value = self.start();
            let passed = match bytes.get(value) {
                Some(b'"') => scan::written(bytes, value),
                _ => scan::value(bytes, value, depth).map(|end| (end, false)),
            };
            let (end, plain) = match passed {
                Ok(passed) => passed,
                Err(flaw) => {
                    self.path.push(Step::Field(name));
                    return Err(self.flawed(flaw));
                }
            };
            self.at = end;
            if let Some((at, number)) = found {
                next = at + 1;
                if let Some(place) = places.get_mut(number) {
                    *place = Some(Place {
                        name,
                        value,
                        end,
                        plain,
                    });
                }
            }
            if self.take(b',') {
                continue;
            }
            return match self.take(b'}') {
                true => Ok(()),
                false => Err(self.flaw("an object does not end")),
            };
        }
    }

    /// The same as [`find`] for a name with escapes.
    #[inline(never)]
    fn rewritten(&self, fields: &[Field], next: usize, start: usize) -> Option<(usize, usize)> {
        let (name, _) = scan::string(self.text, start).ok()?;
        let name = name.to_string_lossy();
        find(fields, next, name.as_bytes(), 0, name.len())
    }
}

/// The place among `fields` of the one whose name stands there in `bytes`, and its number.
fn find(
    fields: &[Field],
    next: usize,
    bytes: &[u8],
    start: usize,
    length: usize,
) -> Option<(usize, usize)> {
    if length > NAME {
        return None;
    }
    let mut own = [0; NAME];
    let rest = bytes.get(start..)?;
    let padded = match rest.first_chunk::<NAME>() {
        Some(padded) => padded,
        // so near to the end of the text
        None => {
            own.get_mut(..length)?.copy_from_slice(rest.get(..length)?);
            &own
        }
    };
    let name = first(padded, length);
    let (before, behind) = fields.split_at_checked(next).unwrap_or((fields, &[]));
    let place = |list: &[Field]| {
        let is = |field: &Field| field.name == name && field.length == length;
        list.iter().position(is)
    };
    let at = match place(behind) {
        Some(at) => next + at,
        None => place(before)?,
    };
    fields.get(at).map(|field| (at, field.number))
}

/// The first of these bytes, and zeros in place of the others.
fn first(bytes: &[u8; NAME], length: usize) -> [u64; 3] {
    let (eights, _) = bytes.as_chunks::<8>();
    [0, 1, 2].map(|place| {
        let wanted = length.saturating_sub(8 * place).min(8);
        let mask = u64::MAX.checked_shr(64 - 8 * wanted as u32).unwrap_or(0);
        mask & eights
            .get(place)
            .map_or(0, |eight| u64::from_le_bytes(*eight))
    })
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
