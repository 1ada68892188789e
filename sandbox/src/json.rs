//! JSON as a JavaScript server reads and writes it.
//!
//! In: the bytes of a body, or a value. Out: a value, or the bytes of `JSON.stringify`. What a value means is left to
//! the dialects.

use serde_json::{Map, Number, Value};

/// What stands for half a surrogate pair in a value that was read, because Rust's strings cannot hold one. No database
/// of a recorded server can store either of them.
pub const UNSTORABLE: char = '\0';

/// Reads a body as `JSON.parse` would: invalid UTF-8 is replaced, half surrogates become [`UNSTORABLE`].
///
/// # Errors
/// What V8 would say about the text.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let paired = mark_half_surrogates(text);
    let value = serde_json::from_str(&paired).map_err(|error| complaint(text, &error))?;
    Ok(listed_as_in_javascript(value))
}

fn listed_as_in_javascript(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(listed_as_in_javascript).collect(),
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(key, value)| (key, listed_as_in_javascript(value)));
            Value::Object(in_javascript_order(fields.collect()))
        }
        other => other,
    }
}

/// Integer keys first, in their order: how JavaScript lists the keys of an object.
#[must_use]
pub fn in_javascript_order(fields: Map<String, Value>) -> Map<String, Value> {
    let index = |key: &str| {
        key.parse::<u32>()
            .ok()
            .filter(|index| index.to_string() == key)
    };
    let (mut indexed, named): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|(key, _)| index(key).is_some());
    indexed.sort_by_key(|(key, _)| index(key));
    indexed.into_iter().chain(named).collect()
}

/// Replaces every `\uD83D` that has no other half by `\u0000`.
fn mark_half_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match code_unit(escape) {
            Some(0xd800..=0xdbff)
                if escape.get(6..).and_then(code_unit).is_some_and(is_low_half) =>
            {
                12
            }
            Some(0xd800..=0xdfff) => {
                out.push_str("\\u0000");
                rest = escape.get(6..).unwrap_or("");
                continue;
            }
            Some(_) => 6,
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(length);
        out.push_str(kept);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn code_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

fn is_low_half(unit: u16) -> bool {
    (0xdc00..=0xdfff).contains(&unit)
}

/// V8's words for the three kinds of mistake that were recorded, and its most common ones for the others.
fn complaint(text: &str, error: &serde_json::Error) -> String {
    let length = text.encode_utf16().count();
    let said = error.to_string();
    if said.starts_with("EOF while parsing a string") {
        return format!("Unterminated string in JSON at position {length}");
    }
    if error.is_eof() {
        return match text.trim_end().chars().last() {
            Some('{') => format!("Expected property name or '}}' in JSON at position {length}"),
            _ => "Unexpected end of JSON input".into(),
        };
    }
    let line = text
        .split('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or("");
    let found = line
        .get(error.column().saturating_sub(1)..)
        .and_then(|rest| rest.chars().next());
    unexpected_token(found.unwrap_or('\n'), text)
}

/// V8's most common complaint.
#[must_use]
pub fn unexpected_token(token: char, text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    let dots = if shown.len() < text.len() { "..." } else { "" };
    format!("Unexpected token '{token}', \"{shown}\"{dots} is not valid JSON")
}

/// `JSON.stringify(value)`.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    write_into(value, &mut out);
    out
}

fn write_into(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(as_f64(number))),
        Value::String(text) => write_units(text.encode_utf16(), out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_into(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_units(key.encode_utf16(), out);
                out.push(':');
                write_into(item, out);
            }
            out.push('}');
        }
    }
}

/// A number as JavaScript holds it.
#[must_use]
pub fn as_f64(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// A number for a field; `null` where JSON has none for it, as `JSON.stringify` does.
#[must_use]
pub fn number(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// `String(value)` of a finite number: ECMAScript's `Number::toString`.
#[must_use]
pub fn number_text(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let sign = if value < 0.0 { "-" } else { "" };
    let cut = |at: i32| digits.split_at(usize::try_from(at).unwrap_or(0).min(digits.len()));
    if count <= point && point <= 21 {
        format!("{sign}{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, part) = cut(point);
        format!("{sign}{whole}.{part}")
    } else if -6 < point && point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else {
        let (whole, part) = cut(1);
        let dot = if part.is_empty() { "" } else { "." };
        let plus = if point > 0 { "+" } else { "-" };
        format!("{sign}{whole}{dot}{part}e{plus}{}", (point - 1).abs())
    }
}

/// A quoted string of UTF-16 units; half surrogates are escaped (`\ud83d`), as well-formed `JSON.stringify` does.
pub fn write_units(units: impl IntoIterator<Item = u16>, out: &mut String) {
    out.push('"');
    for unit in char::decode_utf16(units) {
        match unit {
            Ok('"') => out.push_str("\\\""),
            Ok('\\') => out.push_str("\\\\"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\r') => out.push_str("\\r"),
            Ok('\t') => out.push_str("\\t"),
            Ok('\u{8}') => out.push_str("\\b"),
            Ok('\u{c}') => out.push_str("\\f"),
            Ok(control @ '\0'..='\u{1f}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)))
            }
            Ok(other) => out.push(other),
            Err(half) => out.push_str(&format!("\\u{:04x}", half.unpaired_surrogate())),
        }
    }
    out.push('"');
}

/// The field of an object; nothing for any other value.
#[must_use]
pub fn field<'value>(value: &'value Value, key: &str) -> Option<&'value Value> {
    value.as_object().and_then(|fields| fields.get(key))
}

/// Whether JavaScript's `if (value)` holds.
#[must_use]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => as_f64(number) != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// `Number(value)`.
#[must_use]
pub fn to_number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Number(number) => as_f64(number),
        Value::String(text) => text_to_number(text),
        Value::Array(items) => match items.as_slice() {
            [] => 0.0,
            [Value::Null] => 0.0,
            [only @ (Value::Number(_) | Value::String(_) | Value::Array(_))] => to_number(only),
            _ => f64::NAN,
        },
        Value::Object(_) => f64::NAN,
    }
}

/// `Number(text)`.
#[must_use]
pub fn text_to_number(text: &str) -> f64 {
    let text = text.trim();
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).map_or(f64::NAN, to_f64);
    match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => return radix(text.get(2..).unwrap_or(""), 16),
        Some("0o") => return radix(text.get(2..).unwrap_or(""), 8),
        Some("0b") => return radix(text.get(2..).unwrap_or(""), 2),
        _ => {}
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads "inf" and "nan", which JavaScript does not.
        _ if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) =>
        {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// `parseInt(text, 10)`.
#[must_use]
pub fn parse_int(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    match digits.get(..end) {
        None | Some("") => f64::NAN,
        Some(run) => sign * run.parse().unwrap_or(f64::NAN),
    }
}

/// A count as JavaScript's number.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn to_f64(count: u64) -> f64 {
    count as f64
}

/// `{...value}`: an object's fields, an array's items and a string's units by their index, nothing otherwise.
#[must_use]
pub fn spread(value: &Value) -> Map<String, Value> {
    let indexed = |items: Vec<Value>| {
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect()
    };
    match value {
        Value::Object(fields) => fields.clone(),
        Value::Array(items) => indexed(items.clone()),
        Value::String(text) => indexed(
            char::decode_utf16(text.encode_utf16())
                .flat_map(|unit| match unit {
                    Ok(character) if character.len_utf16() == 1 => {
                        vec![Value::from(character.to_string())]
                    }
                    _ => vec![Value::from(UNSTORABLE.to_string()); 2],
                })
                .collect(),
        ),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{number_text, parse_int, read, spread, text_to_number, write, write_units};
    use serde_json::{Value, json};

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (7.5, "7.5"),
            (10.0, "10"),
            (-1.0, "-1"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-9, "1.5e-9"),
            (1e21, "1e+21"),
            (1.25e300, "1.25e+300"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (123_456_789.125, "123456789.125"),
        ] {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn a_half_surrogate_is_escaped_and_a_whole_pair_is_not() {
        let mut out = String::new();
        write_units([0xd83d, 0xde00, 0xd83d], &mut out);
        write_units([0xde00, 0x61, 0x2028], &mut out);
        assert_eq!(out, "\"😀\\ud83d\"\"\\ude00a\u{2028}\"");
    }

    #[test]
    fn a_body_with_half_a_surrogate_is_read_and_marked() {
        let read = |text: &str| read(text.as_bytes()).unwrap();
        assert_eq!(read(r#"{"a":"x\ud83dy"}"#), json!({"a": "x\0y"}));
        assert_eq!(
            read(r#"["\ude00","\ud83d\ude00","\\ud83d","\ud83d\ud83d\ude00"]"#),
            json!(["\0", "😀", "\\ud83d", "\0😀"])
        );
        assert_eq!(super::read(b"[\"\xff\"]").unwrap(), json!(["\u{fffd}"]));
    }

    #[test]
    fn the_keys_of_a_body_are_listed_as_javascript_lists_them() {
        let value = read(br#"{"b":[{"x":0,"1":1}],"10":0,"01":0,"2":0,"b":[]}"#).unwrap();
        assert_eq!(write(&value), r#"{"2":0,"10":0,"b":[],"01":0}"#);
    }

    #[test]
    fn a_malformed_body_is_described_as_v8_describes_it() {
        let complaint = |text: &str| read(text.as_bytes()).unwrap_err();
        assert_eq!(
            complaint("{\"agentId\": \""),
            "Unterminated string in JSON at position 13"
        );
        assert_eq!(
            complaint("{"),
            "Expected property name or '}' in JSON at position 1"
        );
        assert_eq!(
            complaint("{\"a\":tru}"),
            "Unexpected token '}', \"{\"a\":tru}\" is not valid JSON"
        );
        assert!(complaint("{\"ä\\u\":\\").contains("JSON"));
    }

    #[test]
    fn text_becomes_a_number_as_in_javascript() {
        assert_eq!(text_to_number(" 15 "), 15.0);
        assert_eq!(text_to_number("0x10"), 16.0);
        assert_eq!(text_to_number(""), 0.0);
        assert!(
            text_to_number("soon").is_nan()
                && text_to_number("inf").is_nan()
                && text_to_number("1_0").is_nan()
        );
        assert_eq!(
            (
                parse_int(" 10"),
                parse_int("5abc"),
                parse_int("1e2"),
                parse_int("-5.9")
            ),
            (10.0, 5.0, 1.0, -5.0)
        );
        assert!(
            parse_int("abc").is_nan()
                && parse_int("").is_nan()
                && parse_int(&"9".repeat(400)).is_infinite()
        );
    }

    #[test]
    fn spreading_follows_javascript() {
        assert_eq!(
            Value::Object(spread(&json!("ab"))),
            json!({"0": "a", "1": "b"})
        );
        assert_eq!(
            Value::Object(spread(&json!([1, 2]))),
            json!({"0": 1, "1": 2})
        );
        assert_eq!(spread(&json!(true)).len(), 0);
    }

    #[test]
    fn a_value_is_written_in_the_order_of_its_keys() {
        assert_eq!(
            write(&json!({"b": 1, "a": [null, true, 2.0, "\u{1}"]})),
            "{\"b\":1,\"a\":[null,true,2,\"\\u0001\"]}"
        );
    }
}
