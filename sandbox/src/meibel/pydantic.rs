//! What pydantic takes for a value, and what it says otherwise: kinds and sentences as a FastAPI server of today was seen
//! to write them.
//!
//! In: a JSON value, or a form's or query's text. Out: what it counts as, or an issue.

use super::failure::Failure;
use serde_json::{Map, Value, json};

/// One entry of a 422's `detail`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Issue {
    kind: &'static str,
    loc: Vec<Value>,
    msg: String,
    input: Value,
    ctx: Option<Value>,
}

impl Issue {
    pub fn new(kind: &'static str, loc: &[&str], msg: &str, input: &Value) -> Self {
        Self {
            kind,
            loc: loc.iter().map(|part| Value::from(*part)).collect(),
            msg: msg.to_owned(),
            input: input.clone(),
            ctx: None,
        }
    }

    pub fn missing(loc: &[&str], input: Value) -> Self {
        Self::new("missing", loc, "Field required", &input)
    }

    pub fn with_context(self, ctx: Value) -> Self {
        Self {
            ctx: Some(ctx),
            ..self
        }
    }

    pub fn at_index(mut self, index: usize) -> Self {
        self.loc.push(index.into());
        self
    }

    pub fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("type".into(), self.kind.into());
        fields.insert("loc".into(), Value::Array(self.loc.clone()));
        fields.insert("msg".into(), self.msg.as_str().into());
        fields.insert("input".into(), self.input.clone());
        if let Some(ctx) = &self.ctx {
            fields.insert("ctx".into(), ctx.clone());
        }
        Value::Object(fields)
    }
}

/// Collects what is wrong with several fields, in their order.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub issues: Vec<Issue>,
}

impl Check {
    /// A value that may be null or absent.
    pub fn optional<T>(
        &mut self,
        loc: &[&str],
        value: Option<&Value>,
        read: impl Fn(&[&str], &Value) -> Result<T, Issue>,
    ) -> Option<T> {
        let value = value.filter(|value| !value.is_null())?;
        self.required(loc, value, read)
    }

    /// A value that is there and may not be null.
    pub fn required<T>(
        &mut self,
        loc: &[&str],
        value: &Value,
        read: impl Fn(&[&str], &Value) -> Result<T, Issue>,
    ) -> Option<T> {
        read(loc, value)
            .map_err(|issue| self.issues.push(issue))
            .ok()
    }

    /// 422, if there was anything.
    pub fn finish(self) -> Result<(), Failure> {
        if self.issues.is_empty() {
            return Ok(());
        }
        Err(Failure::invalid(self.issues))
    }
}

/// `str`.
pub(super) fn string(loc: &[&str], value: &Value) -> Result<String, Issue> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| Issue::new("string_type", loc, "Input should be a valid string", value))
}

/// `dict`.
pub(super) fn object(loc: &[&str], value: &Value) -> Result<(), Issue> {
    let what = "Input should be a valid dictionary";
    match value {
        Value::Object(_) => Ok(()),
        _ => Err(Issue::new("dict_type", loc, what, value)),
    }
}

/// `list[str]`: the first item that is no text.
pub(super) fn strings(loc: &[&str], value: &Value) -> Result<(), Issue> {
    let Some(items) = value.as_array() else {
        let what = "Input should be a valid list";
        return Err(Issue::new("list_type", loc, what, value));
    };
    match items.iter().position(|item| !item.is_string()) {
        None => Ok(()),
        Some(index) => {
            let item = items.get(index).unwrap_or(&Value::Null);
            string(loc, item)
                .map(|_| ())
                .map_err(|issue| issue.at_index(index))
        }
    }
}

/// `int`, as lax as it is: `"5"`, `5.0` and `true` are integers.
pub(super) fn integer(loc: &[&str], value: &Value) -> Result<f64, Issue> {
    let issue = |kind, what: &str| Err(Issue::new(kind, loc, what, value));
    match value {
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() == 0.0 => Ok(number),
            _ => issue(
                "int_from_float",
                "Input should be a valid integer, got a number with a fractional part",
            ),
        },
        Value::String(text) => match integer_text(text) {
            Some(number) => Ok(number),
            None => issue(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            ),
        },
        _ => issue("int_type", "Input should be a valid integer"),
    }
}

fn integer_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let whole = match digits.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => digits,
    };
    let groups_are_digits = whole
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    groups_are_digits
        .then(|| whole.replace('_', "").parse::<f64>().ok())
        .flatten()
        .map(|number| sign * number)
}

/// `int` that is not below `least`.
pub(super) fn integer_from(least: u8, loc: &[&str], value: &Value) -> Result<f64, Issue> {
    let number = integer(loc, value)?;
    if number >= f64::from(least) {
        return Ok(number);
    }
    let what = format!("Input should be greater than or equal to {least}");
    Err(Issue::new("greater_than_equal", loc, &what, value).with_context(json!({"ge": least})))
}

/// `bool`, as lax as it is.
pub(super) fn boolean(loc: &[&str], value: &Value) -> Result<bool, Issue> {
    let word = match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::Number(number) => match number.as_f64() {
            Some(0.0) => "0".into(),
            Some(1.0) => "1".into(),
            _ => String::new(),
        },
        Value::String(text) => text.to_ascii_lowercase(),
        _ => {
            let what = "Input should be a valid boolean";
            return Err(Issue::new("bool_type", loc, what, value));
        }
    };
    match word.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
        _ => {
            let what = "Input should be a valid boolean, unable to interpret input";
            Err(Issue::new("bool_parsing", loc, what, value))
        }
    }
}

/// One of two words.
pub(super) fn one_of(
    loc: &[&str],
    value: &Value,
    first: &str,
    second: &str,
) -> Result<String, Issue> {
    match value.as_str() {
        Some(word) if word == first || word == second => Ok(word.to_owned()),
        _ => {
            let expected = format!("'{first}' or '{second}'");
            let what = format!("Input should be {expected}");
            Err(Issue::new("literal_error", loc, &what, value)
                .with_context(json!({"expected": expected})))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{boolean, integer, integer_text};
    use serde_json::json;

    #[test]
    fn integers_are_read_as_pydantic_reads_them() {
        for (text, number) in [
            ("5", Some(5.0)),
            (" 5 ", Some(5.0)),
            ("+5", Some(5.0)),
            ("-5", Some(-5.0)),
            ("5.0", Some(5.0)),
            ("1_0", Some(10.0)),
            ("5.5", None),
            ("5e1", None),
            ("0x10", None),
            ("<nil>", None),
            ("", None),
            ("_1", None),
        ] {
            assert_eq!(integer_text(text), number, "{text}");
        }
        assert_eq!(integer(&[], &json!(5.0)).unwrap(), 5.0);
        assert_eq!(integer(&[], &json!(true)).unwrap(), 1.0);
        let kind = |value| integer(&[], &value).unwrap_err().kind;
        assert_eq!(
            [kind(json!(5.5)), kind(json!([])), kind(json!("x"))],
            ["int_from_float", "int_type", "int_parsing"]
        );
    }

    #[test]
    fn booleans_are_read_as_pydantic_reads_them() {
        for (value, flag) in [
            (json!("True"), Some(true)),
            (json!("YES"), Some(true)),
            (json!("false"), Some(false)),
            (json!(1), Some(true)),
            (json!(0.0), Some(false)),
            (json!(2), None),
            (json!("<nil>"), None),
            (json!({}), None),
        ] {
            assert_eq!(boolean(&[], &value).ok(), flag, "{value}");
        }
    }
}
