//! The fields of an object without reading them: for the frames that streams consist of, where all but one field of each
//! is passed over. It takes bytes as the network brought them and allocates nothing.
//!
//! It gives up ([`fields`] says `false`) on everything unusual, and on everything that is no JSON: then the reader of this
//! module's parent reads the same text again, or says what is wrong with it. What it takes, that reader takes as well, and
//! finds the same in it.

use super::scan;
use crate::text::{Text, starts_with};

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'d> {
    /// a string, as it stands between its quotes
    Text(Written<'d>),
    /// an object or an array, from its first bracket to its last
    Nested(&'d [u8]),
    /// a number, `true`, `false` or `null`
    Plain(&'d [u8]),
}

/// A string as JSON writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'d> {
    bytes: &'d [u8],
    escaped: bool,
}

impl<'d> Written<'d> {
    /// The string; nothing where it holds a surrogate, or bytes that are no UTF-8. `scratch` is for a string with escapes.
    pub fn text<'t>(self, scratch: &'t mut String) -> Option<Text<'t>>
    where
        'd: 't,
    {
        let text = std::str::from_utf8(self.bytes).ok()?;
        if !self.escaped {
            return Some(Text::from(text));
        }
        scratch.clear();
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            let (plain, escaped) = rest.split_at_checked(at)?;
            let (unit, end) = scan::escape(escaped.as_bytes(), 0).ok()?;
            scratch.push_str(plain);
            scratch.push(char::from_u32(u32::from(unit))?);
            rest = escaped.get(end..)?;
        }
        scratch.push_str(rest);
        Some(Text::from(scratch.as_str()))
    }

    /// Puts the string behind `bytes`, and says `false` where it holds a surrogate: then a part of it stands there.
    pub(super) fn onto(self, bytes: &mut Vec<u8>) -> bool {
        if self.escaped {
            return self.meant(bytes);
        }
        append(bytes, self.bytes);
        true
    }

    #[inline(never)]
    fn meant(self, bytes: &mut Vec<u8>) -> bool {
        let mut rest = self.bytes;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (plain, escaped) = rest.split_at_checked(at).unwrap_or_default();
            let Ok((unit, end)) = scan::escape(escaped, 0) else {
                return false;
            };
            let Some(character) = char::from_u32(u32::from(unit)) else {
                return false;
            };
            bytes.extend_from_slice(plain);
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = escaped.get(end..).unwrap_or_default();
        }
        bytes.extend_from_slice(rest);
        true
    }

    /// Whether the string is this one, which has no escapes.
    pub fn is(self, text: &str) -> bool {
        self.bytes == text.as_bytes()
    }
}

/// As the vector's own method, without its call for the few bytes that most pieces are.
#[inline(never)]
pub(super) fn append(bytes: &mut Vec<u8>, piece: &[u8]) {
    if piece.len() > 16 {
        return bytes.extend_from_slice(piece);
    }
    // the last ones once more, so that nothing is left over
    let end = bytes.len() + piece.len();
    if let (Some(first), Some(last)) = (piece.first_chunk::<8>(), piece.last_chunk::<8>()) {
        bytes.extend_from_slice(first);
        bytes.truncate(end - 8);
        return bytes.extend_from_slice(last);
    }
    if let (Some(first), Some(last)) = (piece.first_chunk::<4>(), piece.last_chunk::<4>()) {
        bytes.extend_from_slice(first);
        bytes.truncate(end - 4);
        return bytes.extend_from_slice(last);
    }
    for byte in piece {
        bytes.push(*byte);
    }
}

/// Gives `field` the name and the value of each field of the object that `data` is, in order; gives up when `field` does.
#[inline(never)]
pub fn fields<'d>(data: &'d [u8], field: &mut dyn FnMut(&'d [u8], Value<'d>) -> bool) -> bool {
    let mut reach = || {
        let mut next = begin(data)?;
        loop {
            let (name, at) = name(data, next)?;
            let (value, end) = value(data, at)?;
            if !field(name, value) {
                return None;
            }
            match after(data, end)? {
                After::Field(at) => next = at,
                After::End => return Some(()),
            }
        }
    };
    reach().is_some()
}

/// Takes one string each out of objects that look alike. What stands before it is mostly the same as in the object before,
/// such as `{"messageId":"…","chunk":`, and so is what stands behind it, such as `,"index":`, up to a number that counts:
/// the same bytes need not be read again, here or where [`super::run`] takes a run of them.
#[derive(Default)]
pub struct Alike {
    before: Vec<u8>,
    count: usize,
    /// nothing where the last field is no number that counts
    behind: Vec<u8>,
    /// `before` with the quote behind it, and with what stood before it in the stream; nothing where that is not known
    start: Vec<u8>,
}

impl Alike {
    /// The field `wanted`, a string, which comes once. `field` is given every other field, and the count of those
    /// that it counted so far; it gives up by its answer, which must depend on nothing else, and not on which number a
    /// number is. The count comes out beside the string.
    #[inline(never)]
    pub fn take<'d>(
        &mut self,
        data: &'d [u8],
        wanted: &str,
        field: &dyn Fn(&mut usize, &'d [u8], Value<'d>) -> bool,
    ) -> Option<(Written<'d>, usize)> {
        let mut count = 0;
        self.start.clear();
        let mut at = if !self.before.is_empty() && starts_with(data, &self.before) {
            count = self.count;
            self.before.len()
        } else {
            self.behind.clear();
            let mut next = begin(data)?;
            loop {
                let (name, at) = name(data, next)?;
                if name == wanted.as_bytes() {
                    self.before.clear();
                    self.before.extend_from_slice(data.get(..at)?);
                    self.count = count;
                    break at;
                }
                let (value, end) = value(data, at)?;
                match after(data, end)? {
                    After::Field(at) if field(&mut count, name, value) => next = at,
                    _ => return None,
                }
            }
        };
        let (written, end) = string(data, at)?;
        let mut last = end;
        at = end;
        while let After::Field(next) = after(data, at)? {
            let (name, start) = name(data, next)?;
            let (value, end) = value(data, start)?;
            if name == wanted.as_bytes() || !field(&mut count, name, value) {
                return None;
            }
            (last, at) = (start, end);
        }
        self.behind.clear();
        if data.get(last..).is_some_and(counts_and_ends) {
            self.behind.extend_from_slice(data.get(end..last)?);
        }
        Some((written, count))
    }

    /// The last one was wanted, and stood in a stream behind `head`, see [`Frame::head`]: whatever begins so and looks alike
    /// is wanted as well.
    ///
    /// [`Frame::head`]: crate::sse::Frame::head
    pub fn wanted(&mut self, head: &[u8]) {
        self.start.clear();
        if head.is_empty() || self.behind.is_empty() {
            return;
        }
        self.start.extend_from_slice(head);
        self.start.extend_from_slice(&self.before);
        self.start.push(b'"');
    }

    /// What begins an event that is wanted, up to its string, and what follows that string, up to a number that counts.
    pub(super) fn around(&self) -> Option<(&[u8], &[u8])> {
        (!self.start.is_empty()).then_some((&self.start, &self.behind))
    }
}

/// Whether an object ends here, with a number as those are that count.
fn counts_and_ends(rest: &[u8]) -> bool {
    let Some((b'}', digits)) = rest.split_last() else {
        return false;
    };
    digits.iter().all(u8::is_ascii_digit) && matches!(digits, [b'1'..=b'9', ..] | [b'0'])
}

/// Where the first field of the object begins.
fn begin(data: &[u8]) -> Option<usize> {
    let at = scan::space(data, 0);
    (data.get(at) == Some(&b'{')).then_some(at + 1)
}

/// The name of the field at `at`, and where its value begins.
fn name(data: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (name, end) = string(data, scan::space(data, at))?;
    let at = scan::space(data, end);
    let plain = !name.escaped && data.get(at) == Some(&b':');
    plain.then(|| (name.bytes, scan::space(data, at + 1)))
}

/// What follows a field's value.
enum After {
    Field(usize),
    End,
}

fn after(data: &[u8], at: usize) -> Option<After> {
    let at = scan::space(data, at);
    match data.get(at)? {
        b',' => Some(After::Field(at + 1)),
        b'}' => (scan::space(data, at + 1) == data.len()).then_some(After::End),
        _ => None,
    }
}

/// How deep a value may stand in the object, so that the reader takes it as well.
const DEPTH: usize = super::MAX_DEPTH / 2;

fn value(data: &[u8], at: usize) -> Option<(Value<'_>, usize)> {
    match data.get(at)? {
        b'"' => string(data, at).map(|(written, end)| (Value::Text(written), end)),
        b'{' | b'[' => {
            let end = scan::value(data, at, DEPTH).ok()?;
            Some((Value::Nested(data.get(at..end)?), end))
        }
        _ => {
            let end = scan::scalar(data, at).ok()?;
            Some((Value::Plain(data.get(at..end)?), end))
        }
    }
}

/// The string that begins with the quote at `at`, and where it ends.
#[inline(never)]
fn string(data: &[u8], at: usize) -> Option<(Written<'_>, usize)> {
    if data.get(at) != Some(&b'"') {
        return None;
    }
    let start = at + 1;
    let mut end = scan::plain(data, start);
    let mut escaped = false;
    while data.get(end) == Some(&b'\\') {
        escaped = true;
        (_, end) = scan::escape(data, end).ok()?;
        end = scan::plain(data, end);
    }
    match data.get(end)? {
        b'"' => {
            let bytes = data.get(start..end)?;
            Some((Written { bytes, escaped }, end + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::whole;

    fn skimmed(data: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        fields(data.as_bytes(), &mut |name, value| {
            let name = String::from_utf8_lossy(name).into_owned();
            let bytes = match value {
                Value::Text(written) => {
                    let mut scratch = String::new();
                    let Some(text) = written.text(&mut scratch) else {
                        return false;
                    };
                    found.push((name, format!("{:?}", text.as_str())));
                    return true;
                }
                Value::Nested(bytes) | Value::Plain(bytes) => bytes,
            };
            found.push((name, String::from_utf8_lossy(bytes).into_owned()));
            true
        })
        .then_some(found)
    }

    fn read(data: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        whole(data, |reader| {
            reader.object(|reader, field| {
                let value = match reader.kind() {
                    crate::json::Kind::String => format!("{:?}", reader.string()?.as_str()),
                    _ => reader.raw()?.to_owned(),
                };
                found.push((field.to_owned(), value));
                Ok(())
            })
        })
        .ok()
        .map(|()| found)
    }

    #[test]
    fn what_is_skimmed_is_what_the_reader_finds() {
        for data in [
            r#"{"messageId":"a-b","chunk":"Hello, é😀 world","index":12}"#,
            r#" { "a" : "" , "b" : [1, {"c": "}"}] , "d" : null , "e" : true , "f" : -1.5e3 } "#,
            r#"{"a":"\n\t\"\\\/\u00e9x","b":{}}"#,
            r#"{"a":"x","a":"y"}"#,
        ] {
            assert_eq!(skimmed(data), read(data), "{data}");
            assert!(skimmed(data).is_some(), "{data}");
        }
    }

    #[test]
    fn it_gives_up_on_what_is_unusual_or_no_object() {
        for data in [
            "",
            "null",
            "[]",
            "{}",
            "{",
            r#"{"a""#,
            r#"{"a":"#,
            r#"{"a":"x"#,
            r#"{"a":"x"}x"#,
            r#"{"a":"x",}"#,
            r#"{"a":01}"#,
            r#"{"a":nul}"#,
            "{\"a\":\"\u{1}\"}",
            r#"{"\u0061":1}"#,
            r#"{"a":"\ud83d"}"#,
            r#"{"a":"\ud83d\ude00"}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\"#,
            "\u{FEFF}{\"a\":1}",
        ] {
            assert_eq!(skimmed(data), None, "{data}");
        }
    }

    /// Takes the string "c" of each object after the other, and counts the fields beside it, of which none is "no".
    fn taker() -> impl FnMut(&str) -> Option<(String, usize)> {
        let mut alike = Alike::default();
        move |data| {
            let (written, count) = alike.take(data.as_bytes(), "c", &|count, name, _| {
                *count += 1;
                name != b"no"
            })?;
            Some((String::from_utf8_lossy(written.bytes).into_owned(), count))
        }
    }

    #[test]
    fn one_string_is_taken_out_of_objects_that_look_alike_and_out_of_others() {
        let mut take = taker();
        for (data, found) in [
            (r#"{"a":1,"c":"x","d":2}"#, Some(("x", 2))),
            (r#"{"a":1,"c":"y","d":2}"#, Some(("y", 2))),
            (r#"{"a":1,"c":"z"}"#, Some(("z", 1))),
            (r#"{"a":1,"c":"z","no":1}"#, None),
            (r#"{"a":1,"c":"z","c":"y"}"#, None),
            (r#"{"a":1,"c":5}"#, None),
            (r#"{"a":1,"c":"z""#, None),
            (r#"{"c":"w"}"#, Some(("w", 0))),
            (r#"{"c":"w","a":1}"#, Some(("w", 1))),
            (r#"{"no":1,"c":"w"}"#, None),
            (r#"{"a":"w"}"#, None),
        ] {
            let found = found.map(|(text, count)| (text.to_owned(), count));
            assert_eq!(take(data), found, "{data}");
        }
    }

    #[test]
    fn behind_the_string_nothing_but_a_number_that_counts_may_be_another_one_unread() {
        let mut take = taker();
        for (data, found) in [
            (r#"{"a":1,"c":"x","b":"","d":2}"#, Some(("x", 3))),
            (r#"{"a":1,"c":"x","b":"","d":0}"#, Some(("x", 3))),
            (r#"{"a":1,"c":"x","b":"","d":1234567890}"#, Some(("x", 3))),
            (r#"{"a":1,"c":"x","b":"","d":01}"#, None),
            (r#"{"a":1,"c":"x","b":"","d":}"#, None),
            (r#"{"a":1,"c":"x","b":"","d":1"#, None),
            (r#"{"a":1,"c":"x","b":"","d":1}}"#, None),
            (r#"{"a":1,"c":"x","b":"","d":1.5}"#, Some(("x", 3))),
            (r#"{"a":1,"c":"x","b":"","d":1,"no":1}"#, None),
            (r#"{"a":1,"c":"x","b":"","d":1,"c":"y"}"#, None),
            (r#"{"a":1,"c":"x","b":"","d":1,"e":1}"#, Some(("x", 4))),
            (r#"{"a":1,"c":"x","e":1}"#, Some(("x", 2))),
            (r#"{"c":"x","e":1}"#, Some(("x", 1))),
            (r#"{"c":"x"}"#, Some(("x", 0))),
        ] {
            let found = found.map(|(text, count)| (text.to_owned(), count));
            assert_eq!(take(data), found, "{data}");
            assert_eq!(take(data), found, "{data} once more");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_left_to_the_reader() {
        let mut scratch = String::new();
        let kept = fields(b"{\"a\":\"\xFF\"}", &mut |_, value| match value {
            Value::Text(written) => written.text(&mut scratch).is_some(),
            _ => true,
        });
        assert!(!kept);
    }

    #[test]
    fn no_damage_makes_it_find_what_the_reader_does_not_find() {
        let whole = r#"{"a":"b\n\u00e9","c":[1,{"d":""}],"e":-1.5e3,"f":null}"#;
        proptest::proptest!(|(at in 0..whole.len(), length in 0..3_usize, with in r#"[{}\[\]",:\\ntu0-9 -]{0,2}"#)| {
            let end = (at + length).min(whole.len());
            let text = [&whole[..at], &with, &whole[end..]].concat();
            if let Some(found) = skimmed(&text) {
                proptest::prop_assert_eq!(Some(found), read(&text));
            }
        });
    }
}
