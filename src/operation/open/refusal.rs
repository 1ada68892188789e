//! An answer that begins no stream of events, and the error that it becomes.

use crate::error::{self, Error, ErrorKind, MAX_BODY};
use crate::http::{Head, is_secret};
use crate::json::Json;
use crate::operation::Now;
use crate::operation::call::{MAX_REFUSAL, retry_after};
use crate::text::Text;

/// The head, and as much of the body as is wanted.
pub struct Refusal {
    head: Head,
    body: Vec<u8>,
    filled: usize,
    /// when the head came
    pub since: Now,
}

impl Refusal {
    pub fn new(head: Head, since: Now) -> Self {
        Refusal {
            head,
            body: Vec::new(),
            filled: 0,
            since,
        }
    }

    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        self.body.resize(self.filled.saturating_add(at_least), 0);
        self.body.get_mut(self.filled..).unwrap_or_default()
    }

    /// So many bytes came. Says whether that is enough.
    pub fn filled(&mut self, count: usize) -> bool {
        self.filled = self.filled.saturating_add(count).min(self.body.len());
        self.filled >= MAX_REFUSAL
    }

    pub fn error(&self, now: Now) -> Error {
        let Head { status, .. } = self.head;
        let bytes = self.body.get(..self.filled).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let (kind, message, code) = if self.head.is_redirect() {
            let message = "the server sends its clients elsewhere, and what the request holds is not taken along: is \
                           the address right?";
            (ErrorKind::Protocol, message.to_owned(), Some("REDIRECT"))
        } else if status == 200 {
            let found = match self.head.media_type() {
                none if none.is_empty() => "something without a content type".to_owned(),
                media_type => media_type,
            };
            let message = format!(
                "the server answered with {found} where a stream of events should be: is the address right?"
            );
            (ErrorKind::Protocol, message, Some("CONTENT_TYPE"))
        } else {
            let message = format!(
                "the server answered with the status {status}, and a stream of events begins with 200"
            );
            (kind(status), message, None)
        };
        let mut error = Error::new(kind, message);
        error.status = Some(status).filter(|status| *status != 0);
        error.code = code.map(str::to_owned);
        error.request_id = self.head.request_id.clone();
        error.retry_after = self
            .head
            .retry_after
            .as_deref()
            .and_then(|text| retry_after(text, now));
        error.body = error::body(&text);
        error.headers = headers(&self.head.headers);
        error
    }
}

fn kind(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        410 => ErrorKind::Expired,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::Invalid,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Protocol,
    }
}

/// As an object, without what lets somebody in; how many tokens are left (`x-ratelimit-remaining-tokens`) and how to sign
/// in (`www-authenticate`) are no secrets.
fn headers(all: &[(String, String)]) -> Option<Json> {
    let lets_in = |name: &str| {
        is_secret(name) && !name.ends_with("-authenticate") && !name.starts_with("x-ratelimit-")
    };
    let mut json = String::new();
    for (name, value) in all.iter().filter(|(name, _)| !lets_in(name)) {
        let [name, value] = [name, value].map(|text| Json::from(&Text::from(text.as_str())));
        let field = format!("{}:{}", name.as_str(), value.as_str());
        if json.len() + field.len() > MAX_BODY {
            break;
        }
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&field);
    }
    if json.is_empty() {
        return None;
    }
    json.push('}');
    Json::parse(json).ok()
}
