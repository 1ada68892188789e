//! Reads JSON as JavaScript does: strings are UTF-16 units, so a lone surrogate is one of them. Written for the tests and
//! from the standard alone, so that it shares no mistake with `bytes/src/json`.

/// A JSON value; numbers keep their text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Number(String),
    String(Vec<u16>),
    Array(Vec<Value>),
    /// in their order, doubles and all
    Object(Vec<(Vec<u16>, Value)>),
}

/// The value of a JSON text that the core wrote; anything else panics.
#[track_caller]
pub fn parse(json: &str) -> Value {
    let units: Vec<u16> = json.encode_utf16().collect();
    let mut scan = Scan { units, at: 0 };
    let value = scan.value();
    scan.space();
    assert_eq!(scan.at, scan.units.len(), "not one JSON value: {json}");
    value
}

/// A text as units.
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

impl Value {
    /// A field; of several with one name the last, as in JavaScript.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => {
                let named = |(key, _): &&(Vec<u16>, Value)| *key == units(name);
                fields.iter().rev().find(named).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// A field of a field.
    #[track_caller]
    pub fn at(&self, path: &str) -> &Value {
        path.split('.').fold(self, |value, name| {
            let found = value.get(name);
            found.unwrap_or_else(|| panic!("no {name} of {path} in {value:?}"))
        })
    }

    #[track_caller]
    pub fn string(&self) -> &[u16] {
        match self {
            Value::String(units) => units,
            other => panic!("no string: {other:?}"),
        }
    }

    /// A string without lone surrogates.
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf16(self.string()).unwrap()
    }
}

struct Scan {
    units: Vec<u16>,
    at: usize,
}

impl Scan {
    fn peek(&self) -> char {
        let unit = self.units.get(self.at).copied().unwrap_or(0);
        char::from_u32(u32::from(unit)).unwrap_or('\u{FFFD}')
    }

    fn next(&mut self) -> char {
        let next = self.peek();
        self.at += 1;
        next
    }

    fn space(&mut self) {
        while matches!(self.peek(), ' ' | '\n' | '\r' | '\t') {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: char) {
        self.space();
        let found = self.next();
        assert_eq!(found, wanted, "at unit {}", self.at);
    }

    fn word(&mut self, word: &str, value: Value) -> Value {
        word.chars().for_each(|letter| self.expect(letter));
        value
    }

    fn value(&mut self) -> Value {
        self.space();
        match self.peek() {
            'n' => self.word("null", Value::Null),
            't' => self.word("true", Value::Boolean(true)),
            'f' => self.word("false", Value::Boolean(false)),
            '"' => Value::String(self.string()),
            '[' => Value::Array(self.list(']', Self::value)),
            '{' => Value::Object(self.list('}', |scan| {
                scan.space();
                let name = scan.string();
                scan.expect(':');
                (name, scan.value())
            })),
            _ => {
                let start = self.at;
                while matches!(self.peek(), '0'..='9' | '-' | '+' | '.' | 'e' | 'E') {
                    self.at += 1;
                }
                assert!(self.at > start, "no value at unit {start}");
                Value::Number(String::from_utf16(&self.units[start..self.at]).unwrap())
            }
        }
    }

    fn list<T>(&mut self, end: char, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == end {
            self.at += 1;
            return items;
        }
        loop {
            items.push(item(self));
            self.space();
            match self.next() {
                ',' => {}
                found if found == end => return items,
                found => panic!("{found:?} at unit {}", self.at),
            }
        }
    }

    fn string(&mut self) -> Vec<u16> {
        self.expect('"');
        let mut string = Vec::new();
        loop {
            let unit = self.units[self.at];
            match self.next() {
                '"' => return string,
                '\\' => match self.next() {
                    'n' => string.push(10),
                    'r' => string.push(13),
                    't' => string.push(9),
                    'b' => string.push(8),
                    'f' => string.push(12),
                    'u' => {
                        let digits: String = (0..4).map(|_| self.next()).collect();
                        string.push(u16::from_str_radix(&digits, 16).unwrap());
                    }
                    plain @ ('"' | '\\' | '/') => string.push(plain as u16),
                    odd => panic!("the escape {odd:?}"),
                },
                control if control < ' ' => panic!("a control character in a string"),
                _ => string.push(unit),
            }
        }
    }
}
