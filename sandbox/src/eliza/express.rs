//! The server's middlewares: what Express and its helpers do to every request and answer.
//!
//! In: a request. Out: its body, its refusal, the headers that every answer has, and answers in their outer shape. The
//! routes are left to `mod`.

use crate::http::{End, Piece, Request, Response};
use crate::json;
use crate::random::{hash, mix};
use serde_json::{Value, json};

const MOST_BODY: usize = 2 * 1024 * 1024;

/// The body as `express.json()` hands it on; the error is what it throws.
pub(super) fn body(request: &Request) -> Result<Option<Value>, String> {
    let content_type = request
        .header("content-type")
        .unwrap_or("")
        .to_ascii_lowercase();
    let (kind, parameters) = content_type.split_once(';').unwrap_or((&content_type, ""));
    let announced = !request.body.is_empty()
        || request.header("content-length").is_some()
        || request.header("transfer-encoding").is_some();
    if kind.trim() != "application/json" || !announced {
        return Ok(None);
    }
    let charset = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("charset="));
    if let Some(charset) = charset
        .map(|charset| charset.trim_matches('"'))
        .filter(|charset| !charset.starts_with("utf-"))
    {
        return Err(format!(
            "unsupported charset \"{}\"",
            charset.to_ascii_uppercase()
        ));
    }
    if request.body.len() > MOST_BODY {
        return Err("request entity too large".into());
    }
    if request.body.is_empty() {
        return Ok(Some(json!({})));
    }
    // The parser is strict: anything but an object or an array is refused by its first character.
    let text = String::from_utf8_lossy(&request.body);
    match text
        .trim_start_matches([' ', '\t', '\n', '\r', '\u{feff}'])
        .chars()
        .next()
    {
        None | Some('{' | '[') => json::read(&request.body).map(Some),
        Some(first) => Err(json::unexpected_token(first, &text)),
    }
}

pub(super) fn refused_content_type(request: &Request) -> bool {
    let checked = ["POST", "PUT", "PATCH"].contains(&request.method.as_str());
    // A body of unknown length passes unchecked.
    let length = request
        .header("content-length")
        .map(str::to_owned)
        .or_else(|| {
            let chunked = request.header("transfer-encoding").is_some();
            (!request.body.is_empty() && !chunked).then(|| request.body.len().to_string())
        });
    let has_length = length.is_some_and(|length| !length.is_empty() && length != "0");
    let content_type = request.header("content-type").unwrap_or("");
    let known = [
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
    ];
    checked && has_length && !known.iter().any(|kind| content_type.contains(kind))
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

pub(crate) fn cross_origin(request: &Request) -> Vec<(String, String)> {
    let mut headers = vec![header("cross-origin-resource-policy", "cross-origin")];
    if let Some(origin) = request.header("origin") {
        headers.push(header("access-control-allow-origin", origin));
    }
    headers.push(header("vary", "Origin"));
    headers.push(header("access-control-allow-credentials", "true"));
    headers
}

pub(super) fn preflight() -> Response {
    let headers = vec![
        header(
            "access-control-allow-methods",
            "GET,POST,PUT,DELETE,PATCH,OPTIONS",
        ),
        header(
            "access-control-allow-headers",
            "Content-Type,Authorization,X-API-KEY",
        ),
        header("content-length", "0"),
    ];
    Response {
        status: 204,
        headers,
        after_ms: 0.0,
        body: Vec::new(),
        end: End::Clean,
        end_after_ms: 0.0,
        turn: None,
    }
}

/// Everything outside the API, where the server's own page is switched off.
pub(super) fn forbidden() -> Response {
    text(403, "Forbidden")
}

pub(super) fn text(status: u16, text: &str) -> Response {
    whole(status, "text/plain; charset=utf-8", text.to_owned(), 0.0)
}

pub(crate) fn answer_json(status: u16, value: &Value, after_ms: f64) -> Response {
    whole(
        status,
        "application/json; charset=utf-8",
        json::write(value),
        after_ms,
    )
}

fn whole(status: u16, content_type: &str, text: String, after_ms: f64) -> Response {
    let sum = hash(text.as_bytes());
    let headers = vec![
        header("content-type", content_type),
        ("content-length".into(), text.len().to_string()),
        (
            "etag".into(),
            format!("W/\"{:x}-{sum:016x}{:011x}\"", text.len(), mix(sum) >> 20),
        ),
    ];
    let body = vec![Piece {
        after_ms,
        bytes: text.into_bytes(),
    }];
    Response {
        status,
        headers,
        after_ms,
        body,
        end: End::Clean,
        end_after_ms: after_ms,
        turn: None,
    }
}

/// 304, where the client has it already.
pub(super) fn conditional(request: &Request, response: &mut Response) {
    let weakly = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Some(etag) = response.header("etag").map(weakly) else {
        return;
    };
    let asks_anew = request
        .header("cache-control")
        .is_some_and(|value| value.contains("no-cache"));
    let has_it = request
        .header("if-none-match")
        .is_some_and(|tags| tags.trim() == "*" || tags.split(',').any(|tag| weakly(tag) == etag));
    let reads = request.method == "GET" || request.method == "HEAD";
    if reads && has_it && !asks_anew && (200..300).contains(&response.status) {
        response.status = 304;
        response.body.clear();
        response
            .headers
            .retain(|(name, _)| name != "content-type" && name != "content-length");
    }
}
