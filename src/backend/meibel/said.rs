//! What Meibel's agent says, whole or in part: its text, and what it rests on. The same fields stand in the answer to a
//! message, in the events of both families, and would stand in a row of the history.

use super::wire::word;
use crate::json::{Flaw, Json, Kind, Reader, whole};
use crate::model::Source;
use crate::text::Text;

type Read<T> = Result<T, Flaw>;

/// What one event or answer says. `null` is the same as nothing, everywhere.
#[derive(Debug, Default)]
pub struct Said<'a> {
    /// `delta`: more text
    pub delta: Option<Text<'a>>,
    /// `data` is there, as in the events of the first family
    pub has_data: bool,
    /// `message` in `data` or in `response`
    message: Option<Text<'a>>,
    /// the same without marks, or as the server made plain text of it
    plain: Option<Text<'a>>,
    /// `content`
    content: Option<Text<'a>>,
    /// `message` beside `data` or `response`
    outer: Option<Text<'a>>,
    /// an array
    pub citations: Option<Json>,
    /// an array
    pub sources: Option<Json>,
    /// an object
    pub usage: Option<Json>,
    pub thinking: Option<Text<'a>>,
}

impl<'a> Said<'a> {
    /// The text that is no delta.
    pub fn text(&mut self) -> Option<Text<'a>> {
        self.texts().into_iter().find_map(Option::take)
    }

    /// The same, but a text that says nothing stands behind every other.
    pub fn full_text(&mut self) -> Option<Text<'a>> {
        let full = |text: &Text<'a>| !text.is_empty();
        let found = self
            .texts()
            .into_iter()
            .find(|text| text.as_ref().is_some_and(full));
        found.and_then(Option::take).or_else(|| self.text())
    }

    /// The texts, best first.
    fn texts(&mut self) -> [&mut Option<Text<'a>>; 4] {
        [
            &mut self.message,
            &mut self.plain,
            &mut self.content,
            &mut self.outer,
        ]
    }
}

/// Reads an event: what stands beside `data`, and what stands in it.
pub fn event<'a>(reader: &mut Reader<'a>) -> Read<Said<'a>> {
    let mut said = Said::default();
    reader.object(|reader, field| {
        match (field, reader.kind()) {
            ("delta", _) => said.delta = text(reader)?,
            ("content", _) => said.content = text(reader)?,
            ("message", _) => said.outer = text(reader)?,
            ("data", Kind::Object) => {
                said.has_data = true;
                reader.object(|reader, field| {
                    match field {
                        "message" => said.message = text(reader)?,
                        "clean_message" => said.plain = text(reader)?,
                        _ => beside(reader, field, &mut said)?,
                    }
                    Ok(())
                })?;
            }
            _ => beside(reader, field, &mut said)?,
        }
        Ok(())
    })?;
    Ok(said)
}

/// A whole answer.
pub struct Chat {
    pub signal: Option<String>,
    pub said: Said<'static>,
}

/// Reads the answer to a message: `{signal_id, response, assistant_response, …}`. The published guide has `response`
/// without its neighbours, and older words have only a `message`.
pub fn chat(reader: &mut Reader<'_>) -> Read<Chat> {
    let (mut signal, mut said, mut answered) = (None, Said::default(), false);
    reader.object(|reader, field| {
        let kind = reader.kind();
        answered |=
            matches!(field, "response" | "assistant_response" | "message") && kind != Kind::Null;
        match (field, kind) {
            ("signal_id", _) => signal = word(reader)?,
            ("response", Kind::Null) => {}
            ("response", _) => reader.object(|reader, field| {
                match field {
                    "message" => said.message = text(reader)?.map(Text::into_owned),
                    _ => beside(reader, field, &mut said)?,
                }
                Ok(())
            })?,
            ("assistant_response", _) => said.plain = text(reader)?.map(Text::into_owned),
            ("message", _) => said.outer = text(reader)?.map(Text::into_owned),
            _ => beside(reader, field, &mut said)?,
        }
        Ok(())
    })?;
    match answered {
        true => Ok(Chat { signal, said }),
        false => Err(reader.missing("response")),
    }
}

/// What is not the text. What is of an unknown form stays in `raw`, and an answer is not refused for it.
fn beside<'a>(reader: &mut Reader<'a>, field: &str, said: &mut Said<'_>) -> Read<()> {
    match (field, reader.kind()) {
        ("citations", Kind::Array) => said.citations = Some(reader.json()?),
        ("sources", Kind::Array) => said.sources = Some(reader.json()?),
        ("token_usage" | "usage", Kind::Object) => said.usage = Some(reader.json()?),
        ("thinking", Kind::String) => said.thinking = Some(reader.string()?.into_owned()),
        _ => {}
    }
    Ok(())
}

/// A text, or `null` as nothing.
pub fn text<'a>(reader: &mut Reader<'a>) -> Read<Option<Text<'a>>> {
    match reader.kind() {
        Kind::Null => Ok(None),
        _ => reader.string().map(Some),
    }
}

/// What an answer rests on: its `sources`; where it has none, those `citations` that are sources themselves, as in the
/// published guide. The others only say which source stands where.
pub fn sources(sources: Option<&Json>, citations: Option<&Json>) -> Option<Vec<Source>> {
    let listed = sources.map(|sources| read_sources(sources, false));
    match listed {
        Some(listed) if !listed.is_empty() => Some(listed),
        listed => {
            let cited = citations.map(|citations| read_sources(citations, true));
            cited.filter(|cited| !cited.is_empty()).or(listed)
        }
    }
}

/// Reads a list of sources. With `telling`, only those that tell something of a source.
fn read_sources(list: &Json, telling: bool) -> Vec<Source> {
    let mut found = Vec::new();
    // the list was read once already
    let _ = whole(list.as_str(), |reader| {
        reader.array(|reader| {
            let source = source(reader)?;
            let tells = source.title.is_some()
                || source.url.is_some()
                || source.snippet.is_some()
                || source.id.is_some();
            if tells || !telling {
                found.push(source);
            }
            Ok(())
        })
    });
    found
}

fn source(reader: &mut Reader<'_>) -> Read<Source> {
    let (mut id, mut element, mut title, mut url) = (None, None, None, None);
    let (mut snippet, mut score) = (None, None);
    let ((), raw) = reader.with_raw(|reader| {
        if reader.kind() != Kind::Object {
            return reader.skip();
        }
        reader.object(|reader, field| {
            match (field, reader.kind()) {
                // what `citations` refer to
                ("source_id", _) => id = word(reader)?,
                ("data_element_id", _) => element = word(reader)?,
                ("title", Kind::String) => title = Some(reader.word()?),
                ("url", Kind::String) => url = Some(reader.word()?),
                ("snippet", Kind::String) => snippet = Some(reader.word()?),
                ("relevance_score", Kind::Number) => score = Some(reader.number()?),
                _ => {}
            }
            Ok(())
        })
    })?;
    Ok(Source {
        id: id.or(element),
        title,
        url,
        snippet,
        score,
        raw,
    })
}
