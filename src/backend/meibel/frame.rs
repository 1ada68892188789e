//! What the decoder has to know of one event before it reads it: what it is called, and what it means where it is no part
//! of an answer.

use std::borrow::Cow;

use super::refusal;
use super::said::text;
use crate::error::{self, Delivered, Error, ErrorKind};
use crate::json::{Flaw, Json, Kind, Reader, whole};

/// What an event is called: its own name, or its `type` where it has none.
pub fn name<'e>(event: &'e str, data: &str) -> Result<Cow<'e, str>, Flaw> {
    // an event without a name is called `message`, and so is one that spells that out
    if !matches!(event, "" | "message") {
        return Ok(Cow::Borrowed(event));
    }
    match kind(data) {
        Ok(Some(kind)) => Ok(Cow::Owned(kind)),
        Ok(None) => Ok(Cow::Borrowed(event)),
        // what looks like an object may be a part of the answer
        Err(flaw) if data.trim_start().starts_with('{') => Err(flaw),
        Err(_) => Ok(Cow::Borrowed("")),
    }
}

/// The `type` of an event.
fn kind(data: &str) -> Result<Option<String>, Flaw> {
    whole(data, |reader| match reader.kind() {
        Kind::Object => field(reader, "type", |reader| match reader.kind() {
            Kind::String => Ok(text(reader)?.map(|text| text.to_string_lossy().into_owned())),
            _ => Ok(None),
        }),
        _ => reader.skip().map(|()| None),
    })
}

pub fn field<'a, T>(
    reader: &mut Reader<'a>,
    name: &str,
    read: impl Fn(&mut Reader<'a>) -> Result<Option<T>, Flaw>,
) -> Result<Option<T>, Flaw> {
    let mut found = None;
    reader.object(|reader, field| {
        if field == name {
            found = read(reader)?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// What the server says of an answer that failed.
pub fn failure(data: &str) -> Error {
    let refusal = refusal::read(data);
    let plain = Json::parse(data).is_err().then(|| data.trim().to_owned());
    let said = refusal.event().or(plain).filter(|text| !text.is_empty());
    let message = match said {
        Some(message) => format!("the agent failed: {message}"),
        None => "the agent failed".to_owned(),
    };
    let mut error = Error::new(ErrorKind::Agent, message);
    error.code = refusal.code;
    error.request_id = refusal.request_id;
    error.issues = refusal.issues;
    error.body = error::body(data);
    error
}

/// Where a stream should be there is JSON: a refusal with the status of a success, or no server of Meibel's.
pub fn no_stream(json: &str) -> Error {
    let message = match refusal::read(json).message() {
        Some(message) => format!("where a stream of events should be the server said: {message}"),
        None => "the server answered with JSON where a stream of events should be".to_owned(),
    };
    let mut error = Error::new(ErrorKind::Protocol, message).code("CONTENT_TYPE");
    error.body = error::body(json);
    error.delivered(Delivered::Unknown)
}

/// JSON has no control characters in its strings, but other readers of these streams take them: they become escapes.
pub fn mended(data: &str) -> Cow<'_, str> {
    let odd = |character: char| character < ' ' && !matches!(character, '\t' | '\n' | '\r');
    if !data.contains(odd) {
        return Cow::Borrowed(data);
    }
    let mut mended = String::with_capacity(data.len() + 16);
    for character in data.chars() {
        match odd(character) {
            true => mended.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => mended.push(character),
        }
    }
    Cow::Owned(mended)
}
