//! The text of the events that most of an answer consists of, taken from their bytes; nothing from every other event, and
//! from one with anything unusual about it: those are read by [`super::said`], with all that stands beside the text.

use crate::json::Json;
use crate::json::skim::{Alike, Value, Written, fields};

/// The `delta` of an event of the second family; `alike` counts each `type`.
pub fn delta<'d>(alike: &mut Alike, event: &[u8], data: &'d [u8]) -> Option<Written<'d>> {
    let (delta, types) = alike.take(data, "delta", &|types, name, value| match (name, value) {
        (b"type", Value::Text(kind)) => {
            *types += 1;
            kind.is("content") || kind.is("message")
        }
        (b"type" | b"data" | b"content" | b"message", _) => false,
        _ => is_nothing(name),
    })?;
    // as `frame::name` has it
    let known = match event {
        b"content" => true,
        b"" | b"message" => types > 0,
        _ => false,
    };
    known.then_some(delta)
}

/// The `message` of a partial response beside which stand only the lists that are known already.
pub fn partial<'d>(
    data: &'d [u8],
    citations: &Option<Json>,
    sources: &Option<Json>,
) -> Option<Written<'d>> {
    let (mut inner, mut message) = (None, None);
    let outer = fields(data, &mut |name, value| match (name, value) {
        (b"data", Value::Nested(bytes)) => inner.replace(bytes).is_none(),
        (b"data" | b"delta" | b"content" | b"message", _) => false,
        _ => is_nothing(name),
    });
    let known = |list: &Option<Json>, bytes: &[u8]| {
        list.as_ref()
            .is_some_and(|list| list.as_str().as_bytes() == bytes)
    };
    let skimmed = fields(inner?, &mut |name, value| match (name, value) {
        (b"message", Value::Text(written)) => {
            message = Some(written);
            true
        }
        (b"clean_message", Value::Text(_)) => true,
        (b"citations", Value::Nested(bytes)) => known(citations, bytes),
        (b"sources", Value::Nested(bytes)) => known(sources, bytes),
        (b"message" | b"clean_message", _) => false,
        _ => is_nothing(name),
    });
    message.filter(|_| outer && skimmed)
}

/// Whether a field of this name says nothing, whatever its value.
fn is_nothing(name: &[u8]) -> bool {
    !matches!(
        name,
        b"citations" | b"sources" | b"token_usage" | b"usage" | b"thinking"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: Option<Written<'_>>) -> Option<String> {
        let mut scratch = String::new();
        Some(written?.text(&mut scratch)?.as_str()?.to_owned())
    }

    fn taken(event: &[u8], data: &[u8]) -> Option<String> {
        text(delta(&mut Alike::default(), event, data))
    }

    #[test]
    fn a_delta_is_taken_from_an_event_that_is_known_by_its_name_or_by_its_type() {
        let data = br#"{"type": "content", "delta": "grew\n12%", "sequence": 3}"#;
        for event in [&b"content"[..], b"", b"message"] {
            assert_eq!(taken(event, data).as_deref(), Some("grew\n12%"));
        }
        assert_eq!(taken(b"status", data), None);
        assert_eq!(taken(b"", br#"{"delta": "a"}"#), None);
        assert_eq!(
            taken(b"content", br#"{"delta": "a"}"#).as_deref(),
            Some("a")
        );
    }

    #[test]
    fn what_says_more_than_its_text_is_left_to_the_reader() {
        for data in [
            r#"{"type": "content", "delta": "a", "usage": {"tokens": 1}}"#,
            r#"{"type": "content", "delta": "a", "citations": []}"#,
            r#"{"type": "content", "delta": "a", "content": "b"}"#,
            r#"{"type": "status", "delta": "a"}"#,
            r#"{"type": "content", "delta": null}"#,
            r#"{"type": 1, "delta": "a"}"#,
        ] {
            assert_eq!(taken(b"", data.as_bytes()), None, "{data}");
        }
    }

    #[test]
    fn a_partial_response_is_taken_while_its_lists_are_the_known_ones() {
        let data = br#"{"type": "x", "sequence": "4", "data": {"message": "Revenue", "clean_message": "Revenue", "citations": [], "sources": [{"title": "a"}], "artifacts": []}}"#;
        let (none, list) = (
            Json::parse("[]").ok(),
            Json::parse(r#"[{"title": "a"}]"#).ok(),
        );
        assert_eq!(
            text(partial(data, &none, &list)).as_deref(),
            Some("Revenue")
        );
        assert_eq!(text(partial(data, &none, &none)), None);
        assert_eq!(text(partial(data, &None, &list)), None);
        for data in [
            r#"{"data": {"message": null}}"#,
            r#"{"data": {"message": "a", "clean_message": 1}}"#,
            r#"{"data": {"message": "a"}, "delta": "b"}"#,
            r#"{"data": {"message": "a", "thinking": "b"}}"#,
            r#"{"data": []}"#,
        ] {
            assert_eq!(text(partial(data.as_bytes(), &none, &none)), None, "{data}");
        }
    }
}
