//! Rewrites a JSON value: fields of one name left out, every string put through a function. For what goes into errors:
//! servers put stack traces there, and sometimes the caller's own key.

use super::{Flaw, Json, Kind, Reader, whole, write};
use crate::text::Text;
use crate::word::Word;

/// How deep a value may be that is rewritten: this walk is recursive, and WebAssembly's stack is small.
const MAX_DEPTH: usize = 32;

impl Json {
    /// The same value without the fields called `dropped`, at any depth, and with every string (names of fields too)
    /// put through `rewrite`. A value that is nested too deeply for this walk is a flaw.
    pub fn filtered(
        &self,
        dropped: Option<&str>,
        rewrite: &dyn Fn(&mut String),
    ) -> Result<Json, Flaw> {
        let mut out = String::with_capacity(self.as_str().len());
        whole(self.as_str(), |reader| {
            value(reader, &mut out, &Filter { dropped, rewrite }, MAX_DEPTH)
        })?;
        Ok(Json(Word::from(out)))
    }
}

struct Filter<'a> {
    dropped: Option<&'a str>,
    rewrite: &'a dyn Fn(&mut String),
}

fn value(
    reader: &mut Reader<'_>,
    out: &mut String,
    filter: &Filter<'_>,
    depth: usize,
) -> Result<(), Flaw> {
    let mut first = true;
    let mut separate = |out: &mut String| {
        if !std::mem::replace(&mut first, false) {
            out.push(',');
        }
    };
    match reader.kind() {
        Kind::Object | Kind::Array if depth == 0 => return Err(reader.flaw("nested too deeply")),
        Kind::Object => {
            out.push('{');
            reader.object(|reader, name| {
                if filter.dropped == Some(name) {
                    return Ok(());
                }
                separate(out);
                write::string(out, &Text::from(name).rewritten(filter.rewrite));
                out.push(':');
                value(reader, out, filter, depth - 1)
            })?;
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            reader.array(|reader| {
                separate(out);
                value(reader, out, filter, depth - 1)
            })?;
            out.push(']');
        }
        Kind::String => write::string(out, &reader.string()?.rewritten(filter.rewrite)),
        _ => {
            let mut scalar = reader.raw()?.to_owned();
            let before = scalar.clone();
            (filter.rewrite)(&mut scalar);
            match scalar == before {
                true => out.push_str(&scalar),
                // a number that was a key is a string from now on
                false => write::string(out, &Text::from(scalar)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_left_out_and_strings_rewritten_at_any_depth() {
        let json = Json::parse(
            r#"{"error":{"stack":["at x"],"details":[{"k\u0065y":"my s3cret","stack":1}]},"n":1.50,"s":"\ud83d"}"#,
        );
        let hide = |text: &mut String| *text = text.replace("s3cret", "*");
        let filtered = json.unwrap().filtered(Some("stack"), &hide).unwrap();
        assert_eq!(
            filtered.as_str(),
            r#"{"error":{"details":[{"key":"my *"}]},"n":1.50,"s":"\ud83d"}"#
        );
    }

    #[test]
    fn a_number_that_is_the_secret_does_not_stay() {
        let json = Json::parse("[1234567,true]").unwrap();
        let hide = |text: &mut String| *text = text.replace("1234567", "*");
        assert_eq!(
            json.filtered(None, &hide).unwrap().as_str(),
            r#"["*",true]"#
        );
    }

    #[test]
    fn what_is_nested_too_deeply_for_the_walk_is_refused_and_not_followed() {
        let json = Json::parse("[".repeat(40) + &"]".repeat(40)).unwrap();
        assert!(json.filtered(None, &|_| {}).is_err());
    }
}
