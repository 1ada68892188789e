//! The XML that the model writes, as the elizaOS runtime reads it: `parseKeyValueXml`, with its habits.
//!
//! In: what the model wrote. Out: the tags directly inside the first `<response>`. What they mean is left to `model`.

use serde_json::{Map, Value, json};

/// The fields of the response; nothing where there is no whole response or no tag in it.
pub(super) fn read_response(written: &str) -> Option<Map<String, Value>> {
    let (_, after) = written.split_once("<response>")?;
    let (inner, _) = after.split_once("</response>")?;
    let mut fields = Map::new();
    for (tag, value) in children(inner) {
        let value = match tag {
            "actions" | "providers" | "evaluators" if value.is_empty() => json!([]),
            "actions" | "providers" | "evaluators" => {
                value.split(',').map(str::trim).collect::<Vec<_>>().into()
            }
            "simple" => json!(value.eq_ignore_ascii_case("true")),
            _ => json!(value),
        };
        fields.insert(tag.to_owned(), value);
    }
    (!fields.is_empty()).then_some(fields)
}

fn children(mut rest: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    while let Some(at) = rest.find('<') {
        let opened = rest.get(at + 1..).unwrap_or("");
        let name_end = opened
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(opened.len());
        let tag = opened.get(..name_end).unwrap_or("");
        let Some(tag_end) = opened.find('>').filter(|_| !tag.is_empty()) else {
            rest = opened;
            continue;
        };
        let body = opened.get(tag_end + 1..).unwrap_or("");
        let empty = opened
            .get(..tag_end)
            .is_some_and(|attributes| attributes.trim_end().ends_with('/'));
        match closing(body, tag).filter(|_| !empty) {
            Some((length, after)) => {
                found.push((tag, decoded(body.get(..length).unwrap_or(""))));
                rest = body.get(after..).unwrap_or("");
            }
            None => rest = body,
        }
    }
    found
}

/// Where the tag's own content ends, and where what follows its closing tag begins.
fn closing(body: &str, tag: &str) -> Option<(usize, usize)> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut depth = 1_usize;
    let mut from = 0;
    loop {
        let rest = body.get(from..)?;
        let closes = rest.find(&close)?;
        match rest.find(&open).filter(|opens| *opens < closes) {
            Some(opens) => {
                let end = opens + rest.get(opens..)?.find('>')?;
                if !rest.get(opens..end)?.trim_end().ends_with('/') {
                    depth += 1;
                }
                from += end + 1;
            }
            None => {
                depth -= 1;
                let after = from + closes + close.len();
                if depth == 0 {
                    return Some((from + closes, after));
                }
                from = after;
            }
        }
    }
}

fn decoded(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .trim()
        .to_owned()
}
