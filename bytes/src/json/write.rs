//! Writes what leaves the core as JSON text: a serde serializer for the model, so that the names in the text and the
//! names in the generated TypeScript come from one place. Free-form JSON ([`super::Json`]) goes through as it is.

use std::fmt::{self, Display, Write};

use serde::ser::{self, Impossible, Serialize};

use crate::text::{Piece, Text};

/// The name under which [`super::Json`] asks to be written as it is.
pub(super) const RAW: &str = "$agentline::json";

/// The JSON text of `value`.
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = String::new();
    // the model has no value that this serializer refuses; the tests serialize every one of them
    if value.serialize(Writer::new(&mut out)).is_err() {
        out.clear();
        out.push_str("null");
    }
    out
}

/// Writes `text` as a JSON string. A lone surrogate is written as `JSON.stringify` does it: `\ud83d`.
pub fn string(out: &mut String, text: &Text<'_>) {
    out.push('"');
    for piece in text.pieces() {
        match piece {
            Piece::Text(text) => escaped(out, text),
            Piece::Surrogate(unit) => push(out, format_args!("\\u{unit:04x}")),
        }
    }
    out.push('"');
}

fn escaped(out: &mut String, text: &str) {
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(start..at).unwrap_or_default());
        start = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => push(out, format_args!("\\u{byte:04x}")),
        }
    }
    out.push_str(text.get(start..).unwrap_or_default());
}

/// A number as JavaScript reads it again. Stamps in milliseconds are the only numbers of the model, so six digits
/// behind the point are enough, and the exact printer of floats (8 KB) stays out of the WebAssembly file.
fn number(out: &mut String, value: f64) {
    if !value.is_finite() {
        return out.push_str("null");
    }
    if value < 0.0 {
        out.push('-');
    }
    let whole = value.abs().trunc();
    push(out, format_args!("{}", whole as u64));
    let millionths = ((value.abs() - whole) * 1e6).round() as u64;
    if (1..1_000_000).contains(&millionths) {
        let digits = format!("{millionths:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

fn push(out: &mut String, arguments: fmt::Arguments<'_>) {
    // a String takes everything
    let _ = out.write_fmt(arguments);
}

/// What the serializer does not take: nothing in the model is of such a kind.
#[derive(Debug)]
pub struct Unsupported;

impl Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a value of the model")
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: Display>(_: T) -> Self {
        Unsupported
    }
}

type Written<T = ()> = Result<T, Unsupported>;

struct Writer<'a> {
    out: &'a mut String,
    /// the next string is JSON already
    raw: bool,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut String) -> Self {
        Writer { out, raw: false }
    }
}

/// An object or array that is being written.
struct Open<'a> {
    out: &'a mut String,
    end: &'static str,
    first: bool,
}

impl<'a> Open<'a> {
    fn new(out: &'a mut String, start: char, end: &'static str) -> Self {
        out.push(start);
        Open {
            out,
            end,
            first: true,
        }
    }

    fn next(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.next();
        value.serialize(Writer::new(self.out))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Written {
        self.next();
        string(self.out, &Text::from(name));
        self.out.push(':');
        value.serialize(Writer::new(self.out))
    }

    fn close(self) -> Written {
        self.out.push_str(self.end);
        Ok(())
    }
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    fn serialize_bool(self, value: bool) -> Written {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        push(self.out, format_args!("{value}"));
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Written {
        push(self.out, format_args!("{value}"));
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Written {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Written {
        number(self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written {
        match self.raw {
            true => self.out.push_str(value),
            false => string(self.out, &Text::from(value)),
        }
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Written {
        Err(Unsupported)
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(Writer {
            out: self.out,
            raw: name == RAW,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let mut object = Open::new(self.out, '{', "}");
        object.field(variant, value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Written<Open<'a>> {
        Ok(Open::new(self.out, '[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Written<Open<'a>> {
        Ok(Open::new(self.out, '[', "]"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Written<Self::SerializeTupleStruct> {
        Err(Unsupported)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Written<Self::SerializeTupleVariant> {
        Err(Unsupported)
    }

    fn serialize_map(self, _: Option<usize>) -> Written<Self::SerializeMap> {
        Err(Unsupported)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Written<Open<'a>> {
        Ok(Open::new(self.out, '{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Written<Open<'a>> {
        self.out.push('{');
        string(self.out, &Text::from(variant));
        self.out.push(':');
        Ok(Open::new(self.out, '{', "}}"))
    }
}

impl ser::SerializeSeq for Open<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.close()
    }
}

impl ser::SerializeTuple for Open<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.close()
    }
}

impl ser::SerializeStruct for Open<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.field(name, value)
    }

    fn end(self) -> Written {
        self.close()
    }
}

impl ser::SerializeStructVariant for Open<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.field(name, value)
    }

    fn end(self) -> Written {
        self.close()
    }
}
