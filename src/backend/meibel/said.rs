//! What Meibel's agent says, whole or in part: its text, and what it rests on. The same fields stand in the answer to a
//! message, in the events of both families, and would stand in a row of the history.

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
    /// the texts, best first: `message` inside, `clean_message` inside, `content`, `message` beside
    texts: [Option<Text<'a>>; 4],
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
        self.texts.iter_mut().find_map(Option::take)
    }

    /// The same, but a text that says nothing stands behind every other.
    pub fn full_text(&mut self) -> Option<Text<'a>> {
        let full =
            |text: &&mut Option<Text<'a>>| text.as_ref().is_some_and(|text| !text.is_empty());
        match self.texts.iter_mut().find(full) {
            Some(text) => text.take(),
            None => self.text(),
        }
    }
}

/// Reads an event: what stands beside `data`, and what stands in it.
pub fn event<'a>(reader: &mut Reader<'a>) -> Read<Said<'a>> {
    let mut said = Said::default();
    reader.object(|reader, field| {
        match (field, reader.kind()) {
            ("delta", _) => said.delta = text(reader)?,
            ("content", _) => set(&mut said.texts, 2, text(reader)?),
            ("message", _) => set(&mut said.texts, 3, text(reader)?),
            ("data", Kind::Object) => {
                said.has_data = true;
                reader.object(|reader, field| match field {
                    "message" => Ok(set(&mut said.texts, 0, text(reader)?)),
                    "clean_message" => Ok(set(&mut said.texts, 1, text(reader)?)),
                    _ => beside(reader, field, &mut said),
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
            ("response", _) => reader.object(|reader, field| match field {
                "message" => Ok(set(&mut said.texts, 0, text(reader)?.map(Text::into_owned))),
                _ => beside(reader, field, &mut said),
            })?,
            ("assistant_response", _) => {
                set(&mut said.texts, 1, text(reader)?.map(Text::into_owned));
            }
            ("message", _) => set(&mut said.texts, 2, text(reader)?.map(Text::into_owned)),
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

fn set<'a>(texts: &mut [Option<Text<'a>>; 4], at: usize, text: Option<Text<'a>>) {
    if let Some(place) = texts.get_mut(at) {
        *place = text;
    }
}

/// A text, or `null` as nothing.
pub fn text<'a>(reader: &mut Reader<'a>) -> Read<Option<Text<'a>>> {
    match reader.kind() {
        Kind::Null => Ok(None),
        _ => reader.string().map(Some),
    }
}

/// A word that names something, also where it is a number; anything else names nothing.
pub fn word(reader: &mut Reader<'_>) -> Read<Option<String>> {
    match reader.kind() {
        Kind::String => Ok(Some(reader.word()?).filter(|word| !word.is_empty())),
        Kind::Number => Ok(Some(reader.raw()?.to_owned())),
        _ => Ok(None),
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
