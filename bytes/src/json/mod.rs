//! The one JSON reader: text in, the wanted fields out, the rest kept as ranges of the text.
//!
//! It takes what `JSON.parse` takes, refuses what that refuses and gives the same values, with differences that are meant:
//!
//! - nesting has a bound ([`MAX_DEPTH`]);
//! - a byte order mark in front is passed over, as `Response.json()` does;
//! - a number keeps its text until somebody asks for it, and then is the nearest one if it has at most 19 digits and a
//!   power of ten from -19 to 19, else one near that ([`Reader::number`]);
//! - half a character in the name of a field that is read is a U+FFFD.
//!
//! Half a character in a string is kept ([`Text`]); of two fields with one name the last wins, as in JavaScript, because
//! fields come in order.
//! A value of the wrong type is a [`Flaw`] that names the field's path.
//! Writing is in [`write`], rewriting in `filter`.

mod filter;
pub mod pick;
pub mod pieces;
mod run;
mod scan;
pub mod skim;
pub mod write;

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, Serializer};

use crate::text::Text;
use crate::word::Word;

/// The byte order mark.
const MARK: char = '\u{FEFF}';

/// How deep arrays and objects may stand in one another.
pub const MAX_DEPTH: usize = 512;

/// A JSON value as its own text, checked when it was read and never changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Word);

impl Json {
    /// Takes the value in `text` if it is one JSON value; what may stand around it, white space and a byte order mark, is no
    /// part of that.
    pub fn parse(text: impl AsRef<str>) -> Result<Json, Flaw> {
        whole(text.as_ref(), Reader::json)
    }

    /// The value's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same as a part of the text that it was read from.
    pub fn as_word(&self) -> &Word {
        &self.0
    }

    /// What the value says, if it is a string.
    pub fn text(&self) -> Option<Text<'_>> {
        let text = self.as_str().starts_with('"').then_some(self.as_str())?;
        scan::string(text, 0).ok().map(|(text, _)| text)
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }
}

impl Default for Json {
    fn default() -> Self {
        Json(Word::from("null"))
    }
}

impl From<&Text<'_>> for Json {
    fn from(text: &Text<'_>) -> Self {
        let mut literal = String::new();
        write::string(&mut literal, text);
        Json(Word::from(literal))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(write::RAW, self.as_str())
    }
}

/// What is wrong with a JSON text, and where. As small as a pointer, because all that reads hands it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(Box<Found>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    what: Cow<'static, str>,
    path: String,
    at: usize,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.what)?;
        match self.0.path.as_str() {
            "" => formatter.write_str(" at the top")?,
            path => {
                formatter.write_str(" at ")?;
                formatter.write_str(path)?;
            }
        }
        write!(formatter, " (byte {})", self.0.at)
    }
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// a digit or `-`
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`
    Null,
    /// none of these
    Other,
}

enum Step {
    /// where the field's name stands; it is read again only for a flaw
    Field(usize),
    Element(usize),
}

/// Reads one JSON text from front to back.
pub struct Reader<'a> {
    text: &'a str,
    /// the same, where parts of it are to be kept without being copied
    body: Option<&'a Word>,
    at: usize,
    path: Vec<Step>,
}

type Read<T> = Result<T, Flaw>;

/// Reads all of `text` as one value; anything behind it but white space is a flaw. A byte order mark in front is
/// passed over, as the Fetch standard does for `Response.json()`.
pub fn whole<'a, T>(text: &'a str, read: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Read<T> {
    all(text, None, read)
}

/// The same for the body of an answer, of which what is read holds parts, and copies none.
pub fn shared<'a, T>(body: &'a Word, read: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Read<T> {
    all(body, Some(body), read)
}

fn all<'a, T>(
    text: &'a str,
    body: Option<&'a Word>,
    read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
) -> Read<T> {
    let mut reader = Reader::new(text, body);
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(value)
}

// What is the same for all that is read, and would be compiled anew for each of it.
impl<'a> Reader<'a> {
    #[inline(never)]
    fn new(text: &'a str, body: Option<&'a Word>) -> Self {
        let start = if text.starts_with(MARK) {
            MARK.len_utf8()
        } else {
            0
        };
        Reader {
            text,
            body,
            at: start,
            path: Vec::new(),
        }
    }

    #[inline(never)]
    fn end(&mut self) -> Read<()> {
        self.space();
        match self.rest() {
            [] => Ok(()),
            _ => Err(self.flaw("something stands behind the JSON value")),
        }
    }
}

impl<'a> Reader<'a> {
    /// The kind of the next value.
    pub fn kind(&mut self) -> Kind {
        self.space();
        self.kind_of(self.at)
    }

    fn kind_of(&self, at: usize) -> Kind {
        match self.text.as_bytes().get(at) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Other,
        }
    }

    /// Reads an object. `field` is given each field in order and reads its value or leaves it; what it leaves is
    /// passed over.
    pub fn object(&mut self, mut field: impl FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        self.fields(&mut field)
    }

    /// One copy of this serves all callers: as a generic it was a quarter of the WebAssembly file.
    fn fields(&mut self, field: &mut dyn FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        if !self.take(b'{') {
            return Err(self.expected("an object"));
        }
        self.nest()?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let kind = self.kind();
            let start = self.at;
            let name = match kind {
                Kind::String => self.string()?,
                _ => return Err(self.flaw("a field's name is missing")),
            };
            let name = name.to_string_lossy();
            if !self.take(b':') {
                return Err(self.flaw("a colon is missing"));
            }
            self.value(Step::Field(start), &mut |reader| field(reader, &name))?;
            if self.take(b',') {
                continue;
            }
            return if self.take(b'}') {
                Ok(())
            } else {
                Err(self.flaw("an object does not end"))
            };
        }
    }

    /// Reads an array. `element` reads each value or leaves it; what it leaves is passed over.
    pub fn array(&mut self, mut element: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.elements(&mut element)
    }

    fn elements(&mut self, element: &mut dyn FnMut(&mut Self) -> Read<()>) -> Read<()> {
        if !self.take(b'[') {
            return Err(self.expected("an array"));
        }
        self.nest()?;
        if self.take(b']') {
            return Ok(());
        }
        for index in 0.. {
            self.value(Step::Element(index), element)?;
            if self.take(b',') {
                continue;
            }
            return if self.take(b']') {
                Ok(())
            } else {
                Err(self.flaw("an array does not end"))
            };
        }
        Ok(())
    }

    /// Reads a string.
    pub fn string(&mut self) -> Read<Text<'a>> {
        match self.kind() {
            Kind::String => {}
            _ => return Err(self.expected("a string")),
        }
        match scan::string(self.text, self.at) {
            Ok((text, end)) => {
                self.at = end;
                Ok(text)
            }
            Err(flaw) => Err(self.flawed(flaw)),
        }
    }

    /// Reads a string and holds it.
    pub fn held_text(&mut self) -> Read<Text<'static>> {
        match self.held() {
            Some(word) => Ok(Text::from(word)),
            None => Ok(self.string()?.into_owned()),
        }
    }

    /// Reads a string for which nobody needs lone surrogates: an id, a name, a stamp.
    pub fn word(&mut self) -> Read<String> {
        Ok(self.string()?.to_string_lossy().into_owned())
    }

    /// The same, and holds it.
    pub fn held_word(&mut self) -> Read<Word> {
        match self.held() {
            Some(word) => Ok(word),
            None => self.word().map(Word::from),
        }
    }

    /// Reads a string that is a part of the body as it stands; nothing is read where it is none.
    fn held(&mut self) -> Option<Word> {
        let quote = self.start();
        let bytes = self.text.as_bytes();
        if bytes.get(quote) != Some(&b'"') {
            return None;
        }
        let end = scan::plain(bytes, quote + 1);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        let word = self.part(quote + 1, end)?;
        self.at = end + 1;
        Some(word)
    }

    /// Reads a string, or `null` as nothing.
    pub fn optional_word(&mut self) -> Read<Option<String>> {
        match self.kind() {
            Kind::Null => self.skip().map(|()| None),
            _ => self.word().map(Some),
        }
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self) -> Read<bool> {
        match self.kind() {
            Kind::Boolean => Ok(self.raw()? == "true"),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Reads a number: the nearest one where it is written as programs write numbers (see the module), else one near that.
    pub fn number(&mut self) -> Read<f64> {
        match self.kind() {
            Kind::Number => Ok(scan::value_of(self.raw()?)),
            _ => Err(self.expected("a number")),
        }
    }

    /// Reads any value and gives its own text.
    pub fn raw(&mut self) -> Read<&'a str> {
        let start = self.start();
        self.skip()?;
        Ok(self.between(start))
    }

    /// Reads any value and keeps its own text.
    pub fn json(&mut self) -> Read<Json> {
        let start = self.start();
        self.skip()?;
        Ok(self.json_since(start))
    }

    /// Reads any value and keeps it unless it is `null`.
    pub fn optional_json(&mut self) -> Read<Option<Json>> {
        Ok(Some(self.json()?).filter(|json| !json.is_null()))
    }

    /// Reads a value twice: `read` takes what it wants from it, and its whole text is kept beside that.
    pub fn with_raw<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<(T, Json)> {
        let start = self.start();
        let value = read(self)?;
        Ok((value, self.json_since(start)))
    }

    /// Where the next value starts.
    fn start(&mut self) -> usize {
        self.space();
        self.at
    }

    fn between(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn json_since(&self, start: usize) -> Json {
        self.json_between(start, self.at)
    }

    fn json_between(&self, start: usize, end: usize) -> Json {
        let own = || Word::from(self.text.get(start..end).unwrap_or_default());
        Json(self.part(start, end).unwrap_or_else(own))
    }

    fn part(&self, start: usize, end: usize) -> Option<Word> {
        Some(self.body?.part(start..end))
    }

    /// Passes over one value, checking it.
    pub fn skip(&mut self) -> Read<()> {
        self.space();
        match scan::value(
            self.text.as_bytes(),
            self.at,
            MAX_DEPTH.saturating_sub(self.path.len()),
        ) {
            Ok(end) => {
                self.at = end;
                Ok(())
            }
            Err(flaw) => Err(self.flawed(flaw)),
        }
    }

    fn flawed(&mut self, (what, at): (&'static str, usize)) -> Flaw {
        self.at = at;
        self.flaw(what)
    }

    /// The flaw that a field is not there.
    pub fn missing(&self, field: &str) -> Flaw {
        self.found("a field is missing".into(), Some(field))
    }

    /// A flaw at the place where the reader stands.
    pub fn flaw(&self, what: impl Into<Cow<'static, str>>) -> Flaw {
        self.found(what.into(), None)
    }

    fn found(&self, what: Cow<'static, str>, missing: Option<&str>) -> Flaw {
        Flaw(Box::new(Found {
            what,
            path: self.path_to(missing),
            at: self.at,
        }))
    }

    fn expected(&mut self, what: &str) -> Flaw {
        let found = match self.kind() {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
            Kind::Null => "null",
            Kind::Other => "no JSON value",
        };
        self.flaw(format!("expected {what}, found {found}"))
    }

    /// One value inside an object or array: the path knows where, and what `read` leaves is passed over.
    fn value(&mut self, step: Step, read: &mut dyn FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.space();
        self.path.push(step);
        let start = self.at;
        read(self)?;
        if self.at == start {
            self.skip()?;
        }
        self.path.pop();
        Ok(())
    }

    fn nest(&self) -> Read<()> {
        if self.path.len() < MAX_DEPTH {
            Ok(())
        } else {
            Err(self.flaw(scan::TOO_DEEP))
        }
    }

    fn path_to(&self, last: Option<&str>) -> String {
        let mut path = String::new();
        let field = |name: &str, path: &mut String| {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        };
        for step in &self.path {
            match step {
                Step::Field(start) => {
                    if let Ok((name, _)) = scan::string(self.text, *start) {
                        field(&name.to_string_lossy(), &mut path);
                    }
                }
                Step::Element(index) => path.push_str(&format!("[{index}]")),
            }
        }
        if let Some(name) = last {
            field(name, &mut path);
        }
        path
    }

    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let here = self.rest().first() == Some(&byte);
        self.at += usize::from(here);
        here
    }

    fn space(&mut self) {
        self.at = scan::space(self.text.as_bytes(), self.at);
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
