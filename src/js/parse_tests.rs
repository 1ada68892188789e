//! The JSON reader beside `JSON.parse`: the same value or an error on both sides, over generated documents, damaged ones and
//! recorded ones. The differences that are meant are tests of their own.

use js_sys::{Array, Function, JSON};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::json::{Flaw, Json, Kind, MAX_DEPTH, Reader, whole};
use crate::operation::chance::Chance;

const RECORDED: &str = include_str!("../../tests/fixtures/eliza/exchanges.jsonl");

/// What the reader makes of a text, as a JavaScript value.
fn ours(text: &str) -> Result<JsValue, Flaw> {
    let object = Function::new_with_args("entries", "return Object.fromEntries(entries)");
    whole(text, |reader| value(reader, &object))
}

fn value(reader: &mut Reader<'_>, object: &Function) -> Result<JsValue, Flaw> {
    Ok(match reader.kind() {
        Kind::Object => {
            let entries = Array::new();
            reader.object(|reader, name| {
                let name = JsValue::from(name);
                entries.push(&Array::of2(&name, &value(reader, object)?));
                Ok(())
            })?;
            object.call1(&JsValue::NULL, &entries).unwrap()
        }
        Kind::Array => {
            let values = Array::new();
            reader.array(|reader| {
                values.push(&value(reader, object)?);
                Ok(())
            })?;
            values.into()
        }
        Kind::String => string(&reader.string()?),
        Kind::Number => reader.number()?.into(),
        Kind::Boolean => reader.boolean()?.into(),
        Kind::Null | Kind::Other => {
            reader.skip()?;
            JsValue::NULL
        }
    })
}

/// Half a character can only go as JSON.
fn string(text: &crate::text::Text<'_>) -> JsValue {
    match text.as_str() {
        Some(text) => text.into(),
        None => JSON::parse(Json::from(text).as_str()).unwrap(),
    }
}

/// How far numbers may lie apart, as a part of themselves.
struct Beside {
    compare: Function,
    near: f64,
}

impl Beside {
    fn new(near: f64) -> Self {
        let compare = Function::new_with_args(
            "text, ours, near",
            "let theirs;
             try { theirs = JSON.parse(text) } catch { return ours === undefined ? '' : 'only JSON.parse refuses' }
             if (ours === undefined) return 'only JSON.parse takes';
             const whole = (name) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(name));
             const named = (o) => Array.isArray(o) ? o : Object.fromEntries(Object.entries(o).map(([name, x]) => [whole(name), x]));
             const same = (a, b) => {
               if (typeof a === 'number' && typeof b === 'number')
                 return Object.is(a, b) || Math.abs(a - b) <= near * Math.abs(b) || (near > 0 && Math.abs(b) < 1e-300 && Math.abs(a) < 2e-300);
               if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
               if (Array.isArray(a) !== Array.isArray(b)) return false;
               b = named(b);
               const keys = Object.keys(a), others = Object.keys(b);
               return keys.length === others.length && keys.every((key, at) => key === others[at] && same(a[key], b[key]));
             };
             return same(ours, theirs) ? '' : 'another value';",
        );
        Beside { compare, near }
    }

    fn check(&self, text: &str) -> bool {
        let ours = ours(text);
        let taken = ours.is_ok();
        let difference = self.compare.call3(
            &JsValue::NULL,
            &text.into(),
            &ours.unwrap_or(JsValue::UNDEFINED),
            &self.near.into(),
        );
        let difference = difference.unwrap().as_string().unwrap();
        assert_eq!(difference, "", "{text:?}");
        taken
    }
}

struct Writer {
    chance: Chance,
    text: String,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Writer {
            chance: Chance::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            text: String::new(),
        }
    }

    fn below(&mut self, count: usize) -> usize {
        (self.chance.next() * count as f64) as usize
    }

    fn any<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn one(&mut self, of: &[&str]) {
        let text = self.any(of);
        self.text.push_str(text);
    }

    fn document(&mut self) -> String {
        self.text.clear();
        self.value(0);
        self.text.clone()
    }

    fn value(&mut self, depth: usize) {
        self.one(&["", "", "", " ", "\n\t", "\r "]);
        let most = if depth < 6 { 8 } else { 6 };
        match self.below(most) {
            0 => self.one(&["null", "true", "false"]),
            1 | 2 => self.number(),
            3..=5 => self.string(),
            6 => self.list('[', ']', |writer| writer.value(depth + 1)),
            _ => self.list('{', '}', |writer| {
                writer.string();
                writer.one(&[":", " : "]);
                writer.value(depth + 1);
            }),
        }
        self.one(&["", "", " "]);
    }

    fn list(&mut self, open: char, close: char, mut item: impl FnMut(&mut Self)) {
        self.text.push(open);
        for place in 0..self.below(5) {
            if place > 0 {
                self.text.push(',');
            }
            item(self);
        }
        self.text.push(close);
    }

    /// At most 17 digits, as programs write them.
    fn number(&mut self) {
        self.one(&["", "", "-"]);
        let digits = (self.chance.next() * 1e17) as u64;
        let digits = digits / 10_u64.pow(self.below(17) as u32);
        self.text.push_str(&digits.to_string());
        if self.below(2) == 0 && digits < 100_000_000 {
            let fraction = (self.chance.next() * 1e9) as u64;
            self.text.push_str(&format!(".{fraction:09}"));
        }
        if self.below(4) == 0 {
            self.one(&["e", "E"]);
            self.one(&["", "+", "-"]);
            let exponent = self.below(2).to_string();
            self.text.push_str(&exponent);
        }
    }

    fn string(&mut self) {
        self.text.push('"');
        for _ in 0..self.below(6) {
            self.one(&[
                "a",
                "key",
                "__proto__",
                "constructor",
                "toString",
                "0",
                "é",
                "😀",
                "\u{2028}",
                "\u{7F}",
                "\u{FEFF}",
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\b",
                "\\u0000",
                "\\u00e9",
                "\\uD83D",
                "\\ude00",
                "\\ud83d\\ude00",
                "a rather long run of plain letters, so that it is read by the word",
            ]);
        }
        self.text.push('"');
    }

    /// The document with a few characters lost, doubled, changed or put in.
    fn damaged(&mut self, document: &str) -> String {
        let mut characters: Vec<char> = document.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(characters.len() + 1);
            let put: Vec<char> = self
                .any(&[
                    ",",
                    ":",
                    "\"",
                    "\\",
                    "{",
                    "}",
                    "[",
                    "]",
                    "0",
                    "-",
                    ".",
                    "e",
                    "+",
                    "1e999",
                    "\\u12",
                    "\\x",
                    "\t",
                    "\n",
                    "\u{0}",
                    "\u{1F}",
                    "nul",
                    "NaN",
                    "Infinity",
                    "//",
                    "'",
                    "\u{A0}",
                    "\u{2028}",
                    "99999999999999999999",
                    "1e-400",
                    "0.1e-25",
                ])
                .chars()
                .collect();
            match self.below(3) {
                0 if at < characters.len() => drop(characters.remove(at)),
                1 => characters.truncate(at),
                _ => drop(characters.splice(at..at, put)),
            }
        }
        characters.into_iter().collect()
    }
}

#[wasm_bindgen_test]
fn every_document_has_the_value_that_json_parse_gives() {
    let beside = Beside::new(0.0);
    for seed in 1..=4 {
        let mut writer = Writer::new(seed);
        for _ in 0..2_500 {
            let document = writer.document();
            assert!(beside.check(&document), "{document:?}");
        }
    }
}

#[wasm_bindgen_test]
fn a_damaged_document_is_refused_where_json_parse_refuses_it_and_has_its_value_where_it_does_not() {
    let beside = Beside::new(1e-14);
    let (mut taken, mut refused) = (0, 0);
    for seed in 1..=4 {
        let mut writer = Writer::new(seed);
        for _ in 0..5_000 {
            let document = writer.document();
            let damaged = writer.damaged(&document);
            match beside.check(&damaged) {
                true => taken += 1,
                false => refused += 1,
            }
        }
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} and {refused}");
}

#[wasm_bindgen_test]
fn a_recorded_exchange_has_its_value_whole_and_cut_anywhere() {
    let beside = Beside::new(0.0);
    for line in RECORDED.lines() {
        assert!(beside.check(line));
        for end in (0..line.len()).step_by(97) {
            if let Some(cut) = line.get(..end) {
                assert!(!beside.check(cut));
            }
        }
    }
}

// The differences that are meant.

#[wasm_bindgen_test]
fn a_byte_order_mark_is_passed_over_as_response_json_does_and_json_parse_does_not() {
    assert!(ours("\u{FEFF}1").is_ok() && JSON::parse("\u{FEFF}1").is_err());
    assert!(ours("\u{FEFF}\u{FEFF}1").is_err());
}

#[wasm_bindgen_test]
fn nesting_has_a_bound_that_json_parse_has_not() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let skipped = |depth: usize| Json::parse(nested(depth)).is_ok();
    assert!(skipped(MAX_DEPTH) && !skipped(MAX_DEPTH + 1));
    assert!(JSON::parse(&nested(MAX_DEPTH + 1)).is_ok());
}

#[wasm_bindgen_test]
fn half_a_character_in_the_name_of_a_field_is_read_as_a_replacement_and_kept_in_what_is_not_read() {
    let text = "{\"\\ud83d\":1}";
    let mut names = Vec::new();
    let json = whole(text, |reader| {
        let (_, json) = reader.with_raw(|reader| {
            reader.object(|_, name| {
                names.push(name.to_owned());
                Ok(())
            })
        })?;
        Ok(json)
    });
    assert_eq!(names, ["\u{FFFD}"]);
    assert_eq!(json.unwrap().as_str(), text);
}

#[wasm_bindgen_test]
fn numbers_of_more_digits_or_powers_than_programs_write_are_near_those_of_json_parse() {
    let beside = Beside::new(1e-14);
    for number in [
        "1e999",
        "-1e999",
        "1e-999",
        "5e-324",
        "1.7e308",
        "2.2250738585072014e-308",
        "3.14159265358979323846264338327950288",
        "123456789012345678901234567890",
        "0.1e-25",
        "1e23",
    ] {
        assert!(beside.check(number), "{number}");
    }
}
