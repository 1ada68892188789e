//! What a client carries to prove something: tokens, cookies, and what protects a cookie against forgery.
//!
//! In: claims, headers, the time. Out: texts, and what such texts say. A token has the shape of a JWT but is signed with a
//! hash: it opens nothing but this sandbox. Whose account it is, is left to `account`.

use super::account::filled;
use super::express::{header, parameter};
use super::ids::{Ids, is_object_id, letters};
use crate::clock::http_date;
use crate::http::Request;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};

const THIRTY_DAYS: f64 = 30.0 * 24.0 * 3600.0 * 1000.0;

/// A cookie's value is valid, or a new one was made.
#[derive(Debug, Clone)]
pub(super) struct Cookie {
    pub value: String,
    pub fresh: bool,
}

/// A moment as JWTs have it.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn seconds(ms: f64) -> Value {
    json!((ms / 1000.0).floor() as i64)
}

fn signature(head_and_claims: &str) -> String {
    letters(&format!("signature of {head_and_claims}"), 43)
}

/// A token with these claims.
pub(super) fn token(claims: &Value) -> String {
    let head = BASE64URL_NOPAD.encode(b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    let text = format!("{head}.{claims}");
    let signature = signature(&text);
    format!("{text}.{signature}")
}

/// The account that a token names.
///
/// # Errors
/// Where the server's reader throws.
pub(super) fn read_token(token: &str, now: f64) -> Result<Option<String>, ()> {
    let Some((text, signed)) = token.rsplit_once('.') else {
        return Ok(None);
    };
    if signed != signature(text) {
        return Ok(None);
    }
    let claims = text
        .split_once('.')
        .and_then(|(_, claims)| BASE64URL_NOPAD.decode(claims.as_bytes()).ok())
        .and_then(|claims| serde_json::from_slice::<Value>(&claims).ok())
        .unwrap_or_default();
    match claims.get("exp") {
        Some(Value::Number(exp)) if exp.as_f64().is_some_and(|exp| exp * 1000.0 <= now) => {
            return Ok(None);
        }
        Some(Value::Number(_)) | None => {}
        Some(_) => return Err(()),
    }
    let id = claims.get("accountId").and_then(Value::as_str);
    Ok(id.filter(|id| is_object_id(id)).map(str::to_owned))
}

/// The cookie that came, if it is one of this server's.
pub(super) fn cookie_of(request: &Request) -> Option<&str> {
    let value = request
        .header("cookie")?
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix("connect.sid="))?;
    let (id, signed) = value.strip_prefix("s%3A")?.split_once('.')?;
    (signed == cookie_signature(id)).then_some(value)
}

fn cookie_signature(id: &str) -> String {
    letters(&format!("cookie {id}"), 43)
}

/// A cookie that nobody has yet.
pub(super) fn new_cookie(ids: &mut Ids) -> String {
    let id = letters(&ids.random.number().to_string(), 32);
    format!("s%3A{id}.{}", cookie_signature(&id))
}

/// The cookie that was sent, or a new one: what the protection against forgery keeps its secret in.
pub(super) fn cookie(ids: &mut Ids, request: &Request) -> Cookie {
    match cookie_of(request) {
        Some(value) => Cookie {
            value: value.to_owned(),
            fresh: false,
        },
        None => Cookie {
            value: new_cookie(ids),
            fresh: true,
        },
    }
}

/// The header that sets it.
pub(super) fn set_cookie(value: &str, now: f64) -> (String, String) {
    let expires = http_date(now + THIRTY_DAYS);
    header(
        "set-cookie",
        &format!("connect.sid={value}; Path=/; Expires={expires}; HttpOnly; SameSite=Lax"),
    )
}

/// A token against forgery that belongs to a cookie: a salt, and a hash of both.
pub(super) fn csrf(ids: &mut Ids, cookie: &Cookie) -> String {
    let salt = letters(&ids.random.number().to_string(), 8);
    let hash = letters(&format!("{salt} {}", cookie.value), 27);
    format!("{salt}-{hash}")
}

/// Whether a request brings such a token, in its body, its query or one of four headers.
pub(super) fn proves_origin(request: &Request, body: &Map<String, Value>) -> bool {
    let Some(cookie) = cookie_of(request) else {
        return false;
    };
    let sent = filled(body, "_csrf")
        .map(str::to_owned)
        .or_else(|| parameter(request.query(), "_csrf"))
        .or_else(|| {
            ["csrf-token", "xsrf-token", "x-csrf-token", "x-xsrf-token"]
                .into_iter()
                .find_map(|name| request.header(name))
                .map(str::to_owned)
        });
    sent.is_some_and(|sent| match (sent.get(..8), sent.get(9..)) {
        (Some(salt), Some(hash)) => hash == letters(&format!("{salt} {cookie}"), 27),
        _ => false,
    })
}
