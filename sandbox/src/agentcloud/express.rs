//! The server's middlewares: what Express and its helpers do to every request and answer.
//!
//! In: a request. Out: its body, and answers in their outer shape. The routes are left to `mod`, who asks to `account`.
//! No answer has a header for pages of another origin: the server sends none.

use super::ids::{Ids, letters};
use crate::http::{End, Piece, Request, Response};
use crate::json;
use serde_json::{Map, Value, json};

/// What `express.json()` takes where nobody says otherwise.
const MOST_BODY: usize = 100 * 1024;

/// What a route answers, before it is written down.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// JSON with this status.
    Json(u16, Value),
    /// Elsewhere: 302, or 200 with the address in JSON.
    Redirect(String),
    /// JSON beside a redirect: where the client asked for JSON it gets all of this, else the redirect alone.
    RedirectWith(String, Value),
    /// A page of the user interface.
    Page,
    /// What the user interface says about an address without a page.
    NoPage,
    /// Nothing, for ever: the handler threw where nobody catches.
    Never,
}

/// `{"error": …}` with status 400.
pub(super) fn refused(reason: &str) -> Answer {
    Answer::Json(400, json!({"error": reason}))
}

/// What the server says about everything that one of its middlewares threw.
pub(super) fn opaque(ids: &mut Ids) -> Answer {
    let code = ids.random.uuid_of_version(4);
    refused(&format!(
        "An error occurred. Please contact support with code: {code}"
    ))
}

/// Whether redirects are told in JSON: the type must be exactly this one, without a charset.
pub(super) fn wants_json(request: &Request) -> bool {
    request
        .header("content-type")
        .is_some_and(|kind| kind == "application/json" || kind.starts_with("multipart/form-data"))
}

/// The body's fields, from JSON or from a form; nothing for any other type.
///
/// # Errors
/// What is malformed or too large.
pub(super) fn body(request: &Request) -> Result<Map<String, Value>, ()> {
    let content_type = request
        .header("content-type")
        .unwrap_or("")
        .to_ascii_lowercase();
    let kind = content_type.split(';').next().unwrap_or("").trim();
    if !["application/json", "application/x-www-form-urlencoded"].contains(&kind) {
        return Ok(Map::new());
    }
    if request.body.len() > MOST_BODY {
        return Err(());
    }
    if kind != "application/json" {
        let text = String::from_utf8_lossy(&request.body);
        return Ok(pairs(&text)
            .map(|(key, value)| (key, Value::String(value)))
            .collect());
    }
    if request.body.is_empty() {
        return Ok(Map::new());
    }
    // The parser is strict: only an object or an array may stand there.
    match json::read(&request.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Array(_)) => Ok(Map::new()),
        _ => Err(()),
    }
}

/// The pairs of a form or a query. The first of a name counts here.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
}

/// The first parameter of that name.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    pairs(query)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

fn decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = digit(after.first())
            .zip(digit(after.get(1)))
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        rest = after;
        match (first, code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or(&[]);
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `encodeURIComponent(text)`.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// An answer as it goes over the wire, `after_ms` from now.
pub(super) fn written(answer: Answer, in_json: bool, after_ms: f64) -> Response {
    let (status, headers, text) = match answer {
        Answer::Redirect(to) if in_json => json_text(200, &json!({"redirect": to})),
        Answer::RedirectWith(_, value) if in_json => json_text(200, &value),
        Answer::Redirect(to) | Answer::RedirectWith(to, _) => {
            let headers = vec![header("location", &to), header("content-length", "0")];
            (302, headers, String::new())
        }
        Answer::Json(status, value) => json_text(status, &value),
        Answer::Page => page(200, "AgentCloud"),
        Answer::NoPage => page(404, "404: This page could not be found"),
        Answer::Never => (0, Vec::new(), String::new()),
    };
    let end = if status == 0 { End::Never } else { End::Clean };
    let body = if text.is_empty() {
        Vec::new()
    } else {
        vec![Piece {
            after_ms,
            bytes: text.into_bytes(),
        }]
    };
    Response {
        status,
        headers,
        after_ms,
        body,
        end,
        end_after_ms: after_ms,
        turn: None,
    }
}

type Parts = (u16, Vec<(String, String)>, String);

fn json_text(status: u16, value: &Value) -> Parts {
    let text = json::write(value);
    let headers = vec![
        header("content-type", "application/json; charset=utf-8"),
        header("content-length", &text.len().to_string()),
        header(
            "etag",
            &format!("W/\"{:x}-{}\"", text.len(), letters(&text, 27)),
        ),
    ];
    (status, headers, text)
}

fn page(status: u16, title: &str) -> Parts {
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><title>{title}</title></head>\
         <body><div id=\"__next\"></div></body></html>"
    );
    let headers = vec![
        header("content-type", "text/html; charset=utf-8"),
        header("content-length", &text.len().to_string()),
    ];
    (status, headers, text)
}

pub(super) fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
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
    if reads && has_it && !asks_anew && response.status == 200 {
        response.status = 304;
        response.body.clear();
        response
            .headers
            .retain(|(name, _)| name != "content-type" && name != "content-length");
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, body, encoded, parameter, wants_json, written};
    use crate::http::Request;
    use serde_json::json;

    fn request(content_type: &str, body: &str) -> Request {
        Request {
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            ..Request::default()
        }
    }

    #[test]
    fn only_the_bare_type_gets_redirects_in_json() {
        assert!(wants_json(&request("application/json", "")));
        assert!(wants_json(&request("multipart/form-data; boundary=x", "")));
        assert!(!wants_json(&request("application/json; charset=utf-8", "")));
        assert!(!wants_json(&Request::default()));
        let told = written(Answer::Redirect("/x".into()), true, 0.0);
        assert_eq!(
            (told.status, told.bytes()),
            (200, b"{\"redirect\":\"/x\"}".to_vec())
        );
        let sent = written(Answer::Redirect("/x".into()), false, 0.0);
        assert_eq!((sent.status, sent.header("location")), (302, Some("/x")));
    }

    #[test]
    fn a_charset_does_not_keep_a_body_from_being_read() {
        let read = |kind, text| body(&request(kind, text)).map(serde_json::Value::Object);
        assert_eq!(
            read("application/json; charset=utf-8", "{\"a\":1}"),
            Ok(json!({"a": 1}))
        );
        assert_eq!(
            read("application/x-www-form-urlencoded", "a=1+2%20%C3%A9&b"),
            Ok(json!({"a": "1 2 é", "b": ""}))
        );
        assert_eq!(read("text/plain", "{\"a\":1}"), Ok(json!({})));
        assert_eq!(read("application/json", "{bad"), Err(()));
        assert_eq!(read("application/json", "7"), Err(()));
    }

    #[test]
    fn addresses_are_escaped_as_javascript_escapes_them() {
        assert_eq!(encoded("/a b/é?x=(1)"), "%2Fa%20b%2F%C3%A9%3Fx%3D(1)");
        assert_eq!(
            parameter("a=1&messageId=%7a", "messageId").as_deref(),
            Some("z")
        );
    }
}
