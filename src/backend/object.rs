//! JSON objects for requests: the backend's own fields and those that a caller adds (`backendOptions`).

use crate::error::{Error, ErrorKind};
use crate::json::{Json, Kind, whole, write};
use crate::text::Text;

/// One JSON object of `fields`, with those of `options` in it or in their place.
pub fn merged(fields: Vec<(&str, Json)>, options: Option<&Json>) -> Result<String, Error> {
    let mut all: Vec<(String, Json)> = fields
        .into_iter()
        .map(|(name, json)| (name.to_owned(), json))
        .collect();
    if let Some(options) = options {
        let read = whole(options.as_str(), |reader| {
            reader.object(|reader, name| {
                let json = reader.json()?;
                all.retain(|(other, _)| other != name);
                all.push((name.to_owned(), json));
                Ok(())
            })
        });
        read.map_err(|flaw| {
            Error::new(
                ErrorKind::Invalid,
                format!("`backendOptions` is no object: {flaw}"),
            )
        })?;
    }
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
    Ok(out)
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
