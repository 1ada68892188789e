//! Heads of requests and responses as plain data, and the only place where outside text becomes part of a URL.

use crate::error::{Error, ErrorKind};
use crate::text::contains;

/// A request to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET, POST or DELETE
    pub method: Method,
    /// the whole address, every segment percent-encoded
    pub url: String,
    /// names in lower case
    pub headers: Vec<(String, String)>,
    /// what goes with it
    pub body: Option<Body>,
    /// what it holds that no error may repeat, beside the headers that look like secrets
    pub secrets: Vec<String>,
}

/// What goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// text, whose kind a header tells
    Text(String),
    /// `multipart/form-data`: whoever carries it writes it, and says so in a header
    Multipart {
        /// the texts, in order
        fields: Vec<(String, String)>,
        /// the name of the part of each file that goes with the message
        files: &'static str,
    },
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// reads
    Get,
    /// makes or does
    Post,
    /// removes
    Delete,
}

impl Body {
    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Body::Text(text) => Some(text),
            Body::Multipart { .. } => None,
        }
    }
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, url: String) -> Self {
        Request {
            method,
            url,
            headers: Vec::new(),
            body: None,
            secrets: Vec::new(),
        }
    }

    /// The same request with a JSON body.
    pub fn json(mut self, body: String) -> Self {
        self.header("content-type", "application/json");
        self.body = Some(Body::Text(body));
        self
    }

    /// The same request with a form as its body: `application/x-www-form-urlencoded`.
    pub fn form<N: AsRef<str>>(mut self, fields: &[(N, String)]) -> Self {
        let pair = |(name, value): &(N, String)| {
            format!(
                "{}={}",
                percent_encoded(name.as_ref()),
                percent_encoded(value)
            )
        };
        let pairs: Vec<String> = fields.iter().map(pair).collect();
        self.header("content-type", "application/x-www-form-urlencoded");
        self.body = Some(Body::Text(pairs.join("&")));
        self
    }

    /// Sets a header; one of the same name is replaced. `name` is in lower case.
    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

/// What a request holds that the caller wrote.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// in the platform's spelling
    pub method: &'a str,
    /// as the caller gave it
    pub url: &'a str,
    /// names in lower case
    pub headers: &'a [(String, String)],
}

/// Whether what goes by this name, a header or a parameter, is mostly nobody else's business.
pub fn is_secret(name: &str) -> bool {
    ["auth", "key", "token", "secret", "cookie"]
        .iter()
        .any(|word| contains(name, word))
}

/// The head of a response, as far as anybody here asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// the status; 0 where the platform hides a redirect
    pub status: u16,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Location`; absent where the platform hides a redirect
    pub location: Option<String>,
    /// `Retry-After`
    pub retry_after: Option<String>,
    /// `X-Request-Id` or `Request-Id`
    pub request_id: Option<String>,
    /// every header, names in lower case; only for an operation that tells its caller of them
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// Whether the request was carried out.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the server sent the client elsewhere. The platform is told not to follow, because it would take the
    /// key along to another origin; a page sees such an answer as status 0.
    pub fn is_redirect(&self) -> bool {
        self.status == 0 || (300..400).contains(&self.status)
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self.content_type.as_deref().unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Whether the body is JSON.
    pub fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// Whether the body is a stream of events.
    pub fn is_event_stream(&self) -> bool {
        self.media_type() == "text/event-stream"
    }
}

/// One segment of a path: whatever an id holds, it stays inside its segment. `.` and `..` are refused, because the
/// platform's URL parser takes them as steps even when they are percent-encoded.
pub fn segment(id: &str) -> Result<String, Error> {
    match id {
        "" => Err(Error::new(ErrorKind::Invalid, "an id is empty")),
        "." | ".." => Err(Error::new(
            ErrorKind::Invalid,
            format!("\"{id}\" is not an id"),
        )),
        _ => Ok(percent_encoded(id)),
    }
}

/// The address of a WebSocket at an http address, or at a path on the page's own origin: not every browser completes
/// that by itself.
pub fn websocket(url: &str, page_origin: Option<&str>) -> String {
    let origin = page_origin.filter(|_| url.starts_with('/'));
    let whole = format!("{}{url}", origin.unwrap_or_default());
    match whole.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("http") => {
            format!("ws{}", whole.get(4..).unwrap_or_default())
        }
        _ => whole,
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn percent_encoded(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| {
        DIGITS
            .get(usize::from(nibble))
            .map_or('0', |digit| char::from(*digit))
    };
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            _ => out.extend(['%', digit(byte >> 4), digit(byte & 0xF)]),
        }
    }
    out
}

/// Takes back [`percent_encoded`].
pub fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push((digit(high)? << 4 | digit(low)?) as u8);
                rest = after;
            }
            (b'%', _) => return None,
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Refuses a header that a platform would refuse later, or worse, take: the value itself is not repeated in the error.
pub fn checked_header(name: &str, value: &str) -> Result<(), Error> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Error::new(
            ErrorKind::Config,
            "a header's name holds a character that no name may hold",
        ));
    }
    // Fetch takes Latin-1; a key with any other character was copied wrongly
    if value.chars().any(|character| {
        (character < ' ' && character != '\t') || character == '\u{7F}' || character > 'ÿ'
    }) {
        let message =
            format!("the value of the header {name} holds a character that no header may hold");
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_inside_its_segment() {
        for (id, encoded) in [
            ("../../agents", "..%2F..%2Fagents"),
            ("a b?c#d", "a%20b%3Fc%23d"),
            ("%2e%2e", "%252e%252e"),
            ("é", "%C3%A9"),
            ("da1c4047-5da1-4f19", "da1c4047-5da1-4f19"),
        ] {
            assert_eq!(segment(id).unwrap(), encoded);
            assert_eq!(percent_decoded(encoded).as_deref(), Some(id));
        }
        for id in ["", ".", ".."] {
            assert_eq!(segment(id).unwrap_err().kind, ErrorKind::Invalid, "{id:?}");
        }
    }

    #[test]
    fn a_websocket_is_as_safe_as_its_http_address() {
        for (url, socket) in [
            ("https://a.test/x?y=z", "wss://a.test/x?y=z"),
            ("HTTP://a.test:80", "ws://a.test:80"),
            ("/agent/socket.io/", "wss://page.test/agent/socket.io/"),
        ] {
            assert_eq!(websocket(url, Some("https://page.test")), socket);
        }
        assert_eq!(websocket("/a", None), "/a");
    }

    #[test]
    fn a_header_that_smuggles_another_is_refused_without_repeating_it() {
        for value in ["s3cret\r\nx-evil: 1", "s3cret\0", "s3cret…"] {
            let error = checked_header("x-api-key", value).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config);
            assert!(!error.message.contains("s3cret"), "{}", error.message);
        }
        assert!(checked_header("x api", "v").is_err());
        assert!(checked_header("x-api-key", "abc é\tdef").is_ok());
    }
}
