//! JSON objects for requests: the backend's own fields and those that a caller adds (`backendOptions`).

use crate::error::{Error, ErrorKind};
use crate::json::{Flaw, Json, Kind, whole, write};
use crate::text::Text;

/// One JSON object of `fields`, with those of `options` in it or in their place.
pub fn merged(fields: Vec<(&str, Json)>, options: Option<&Json>) -> Result<String, Error> {
    let mut all: Fields = fields
        .into_iter()
        .map(|(name, json)| (name.to_owned(), json))
        .collect();
    if let Some(options) = options {
        add(&mut all, options).map_err(|flaw| {
            Error::new(
                ErrorKind::Invalid,
                format!("`backendOptions` is no object: {flaw}"),
            )
        })?;
    }
    Ok(written(&all))
}

/// `object`, or an empty one, with this field in it or in the place of that with its name; nothing where it is none.
#[cfg(any(feature = "eliza", feature = "gateway"))]
pub fn with(object: Option<&Json>, name: &str, value: Json) -> Option<Json> {
    let mut all = Fields::new();
    if let Some(object) = object {
        add(&mut all, object).ok()?;
    }
    all.retain(|(other, _)| other != name);
    all.push((name.to_owned(), value));
    Json::parse(written(&all)).ok()
}

type Fields = Vec<(String, Json)>;

/// Adds the fields of `object`, each in the place of that with its name.
fn add(all: &mut Fields, object: &Json) -> Result<(), Flaw> {
    whole(object.as_str(), |reader| {
        reader.object(|reader, name| {
            let json = reader.json()?;
            all.retain(|(other, _)| other != name);
            all.push((name.to_owned(), json));
            Ok(())
        })
    })
}

fn written(all: &Fields) -> String {
    let mut out = String::from("{");
    for (at, (name, json)) in all.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write::string(&mut out, &Text::from(name.as_str()));
        out.push(':');
        out.push_str(json.as_str());
    }
    out.push('}');
    out
}

/// The number in a field of `object`, if there is one.
#[cfg(any(feature = "meibel", feature = "gateway"))]
pub fn number_field(object: &str, name: &str) -> Option<f64> {
    let mut found = None;
    let _ = whole(object, |reader| {
        reader.object(|reader, field| {
            if field == name {
                found = match reader.kind() {
                    Kind::Number => Some(reader.number()?),
                    _ => None,
                };
            }
            Ok(())
        })
    });
    found
}

/// What stands in that field of `object`, if there is one.
#[cfg(any(feature = "eliza", feature = "gateway"))]
pub fn field(object: &Json, name: &str) -> Option<Json> {
    let mut all = Fields::new();
    add(&mut all, object).ok()?;
    all.into_iter()
        .find_map(|(other, json)| (other == name).then_some(json))
}

/// Whether `object` has that field.
#[cfg(any(feature = "agentcloud", feature = "eliza", feature = "gateway"))]
pub fn has_field(object: &Json, name: &str) -> bool {
    let mut found = false;
    let _ = whole(object.as_str(), |reader| {
        if reader.kind() == Kind::Object {
            reader.object(|_, field| {
                found |= field == name;
                Ok(())
            })?;
        }
        Ok(())
    });
    found
}
