//! Which transport a message asks for, by the server's version.
//!
//! In: a body. Out: a transport, or what the server says about it. Answering over it is left to `reply`.

use super::Version;
use super::error::Failure;
use crate::json::{self, field};
use serde_json::Value;

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Http,
    Sse,
    Websocket,
}

pub(super) fn transport(
    version: Version,
    now: f64,
    body: Option<&Value>,
) -> Result<Transport, Failure> {
    let asked = |key| {
        body.and_then(|body| field(body, key))
            .filter(|value| !value.is_null())
    };
    let unreadable = |key| {
        Failure::internal(
            now,
            &format!("Cannot read properties of undefined (reading '{key}')"),
        )
    };
    let known = |name: &str| match name {
        "http" | "sync" => Some(Transport::Http),
        "sse" | "stream" => Some(Transport::Sse),
        "websocket" => Some(Transport::Websocket),
        _ => None,
    };
    match version {
        Version::V1_6_5 => Ok(Transport::Websocket),
        Version::V1_7_0 => {
            body.ok_or_else(|| unreadable("mode"))?;
            match asked("mode").filter(|mode| json::truthy(mode)) {
                None => Ok(Transport::Websocket),
                Some(mode) => match mode
                    .as_str()
                    .filter(|mode| ["sync", "stream", "websocket"].contains(mode))
                    .and_then(known)
                {
                    Some(transport) => Ok(transport),
                    None => {
                        let shown = mode
                            .as_str()
                            .map_or_else(|| json::write(mode), str::to_owned);
                        let reason = format!(
                            "Invalid mode \"{shown}\". Must be one of: sync, stream, websocket"
                        );
                        Err(Failure::invalid_content(now, &reason))
                    }
                },
            }
        }
        Version::V1_7_2 => {
            body.ok_or_else(|| unreadable("transport"))?;
            match asked("transport").or_else(|| asked("mode")) {
                None => Ok(Transport::Websocket),
                Some(Value::String(name)) => match known(name) {
                    Some(transport) => Ok(transport),
                    // The names are looked up with `in`, which also finds what every object inherits.
                    None if INHERITED.contains(&name.as_str()) => Ok(Transport::Websocket),
                    None => {
                        let reason = format!(
                            "Invalid transport \"{name}\". Must be one of: http, sse, websocket, sync, stream"
                        );
                        Err(Failure::invalid_content(now, &reason))
                    }
                },
                Some(other) => {
                    let kind = match other {
                        Value::Bool(_) => "boolean",
                        Value::Number(_) => "number",
                        _ => "object",
                    };
                    let reason =
                        format!("Invalid transport type \"{kind}\". Transport must be a string.");
                    Err(Failure::invalid_content(now, &reason))
                }
            }
        }
    }
}

const INHERITED: [&str; 12] = [
    "toString",
    "valueOf",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];
