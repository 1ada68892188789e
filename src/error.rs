//! What can go wrong, in one list. An [`Error`] is what becomes a JavaScript `AgentlineError`; it never holds a key
//! ([`Error::seal`]) and never more of an answer's body than [`MAX_BODY`].

use std::ops::{Deref, DerefMut};

use serde::Serialize;
#[cfg(target_arch = "wasm32")]
use tsify::Tsify;

use crate::json::{self, Json};
use crate::model::{Backend, Reply};
use crate::text::{Text, split};

/// How much of a refused request's body an error keeps, in bytes.
pub const MAX_BODY: usize = 4096;
/// How much of a server's own words its message repeats, in bytes.
const MAX_MESSAGE: usize = 1024;

/// Why something failed.
///
/// * `config`: the client was set up with something that cannot work; no request was made
/// * `network`: the server could not be reached, or the connection broke
/// * `timeout`: nothing came in the time allowed
/// * `unauthorized`: the key is missing or wrong
/// * `forbidden`: the key does not reach that far
/// * `not_found`: there is no such thing
/// * `expired`: there was such a thing, and its time ran out
/// * `invalid`: the backend or the client refused what was asked
/// * `rate_limited`: too many requests
/// * `server`: the server failed
/// * `agent`: the backend said that the answer failed
/// * `protocol`: the server said something that agentline does not understand
/// * `truncated`: the stream ended before the answer did
/// * `too_large`: more bytes than the limit allows
/// * `unsupported`: this backend has no such operation; no request was made
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// the client was set up with something that cannot work
    Config,
    /// the server could not be reached, or the connection broke
    Network,
    /// nothing came in the time allowed
    Timeout,
    /// the key is missing or wrong
    Unauthorized,
    /// the key does not reach that far
    Forbidden,
    /// there is no such thing
    NotFound,
    /// there was such a thing, and its time ran out
    Expired,
    /// the backend or the client refused what was asked
    Invalid,
    /// too many requests
    RateLimited,
    /// the server failed
    Server,
    /// the backend said that the answer failed
    Agent,
    /// the server said something that agentline does not understand
    Protocol,
    /// the stream ended before the answer did
    Truncated,
    /// more bytes than the limit allows
    TooLarge,
    /// this backend has no such operation
    Unsupported,
}

impl ErrorKind {
    /// Whether the same may succeed a moment later.
    pub fn passes(self) -> bool {
        matches!(
            self,
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::RateLimited | ErrorKind::Server
        )
    }
}

/// For a send: whether the backend took the message: surely not (`"no"`), surely (`"yes"`), or nobody can tell
/// (`"unknown"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Delivered {
    /// surely not
    No,
    /// nobody can tell
    Unknown,
    /// surely
    Yes,
}

/// One thing that the backend found wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(Tsify))]
pub struct Issue {
    /// Where: names of fields and places in lists, outermost first.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "(string | number)[]"))]
    pub path: Json,
    /// What.
    pub message: String,
    /// The backend's own code for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What failed. As small as a pointer, because everything that can fail hands it on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Error(Box<Failed>);

/// All that is known about what failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// why
    pub kind: ErrorKind,
    /// a sentence in lower case without a full stop
    pub message: String,
    /// where
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// the HTTP status, where there was one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// the backend's own code, or agentline's where the backend has none
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// the backend's id of the request
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// whether the same call may succeed later and does no harm if made again
    pub retryable: bool,
    /// how long the backend asks to wait, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<f64>,
    /// details of a refusal
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issues: Option<Vec<Issue>>,
    /// what had arrived
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(feature = "client"), serde(skip))]
    pub partial: Option<Box<Reply>>,
    /// for a send
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Delivered>,
    /// the body of the refusal
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// the headers of the refusal, where the caller wrote the request
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Json>,
}

impl Deref for Error {
    type Target = Failed;

    fn deref(&self) -> &Failed {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Failed {
        &mut self.0
    }
}

impl Error {
    /// An error of which nothing else is known.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error::known(kind, message.into())
    }

    fn known(kind: ErrorKind, message: String) -> Self {
        Error(Box::new(Failed {
            kind,
            message,
            backend: None,
            status: None,
            code: None,
            request_id: None,
            retryable: kind.passes(),
            retry_after: None,
            issues: None,
            partial: None,
            delivered: None,
            body: None,
            headers: None,
        }))
    }

    /// The same error with a code.
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// The same error of a send. What may have been taken is not for repeating.
    pub fn delivered(mut self, delivered: Delivered) -> Self {
        self.retryable &= delivered == Delivered::No;
        self.delivered = Some(delivered);
        self
    }

    /// The same error of a send, once it is known for certain whether the backend took the message.
    pub fn settled(mut self, taken: bool) -> Self {
        self.retryable = !taken && self.kind.passes();
        self.delivered = Some(match taken {
            true => Delivered::Yes,
            false => Delivered::No,
        });
        self
    }

    /// The same error with more to say.
    pub fn and(mut self, more: &str) -> Self {
        self.message.push_str(": ");
        self.message.push_str(more);
        self
    }

    /// Takes every one of `secrets` out of the texts, and only then cuts what is long: half a key is one too.
    pub fn seal(&mut self, secrets: &[String]) {
        let hide = |text: &mut String| {
            // a shorter one is a part of ordinary words, and no secret
            for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
                let Some((mut before, mut rest)) = split(text, secret) else {
                    continue;
                };
                let mut hidden = String::with_capacity(text.len());
                loop {
                    hidden.push_str(before);
                    hidden.push_str("[redacted]");
                    match split(rest, secret) {
                        Some(parts) => (before, rest) = parts,
                        None => break,
                    }
                }
                hidden.push_str(rest);
                *text = hidden;
            }
        };
        // what is nested too deeply to be looked through goes as a whole
        let hide_in = |json: &mut Json| *json = json.filtered(None, &hide).unwrap_or_default();
        hide(&mut self.message);
        let kept = cut(&self.message, MAX_MESSAGE).len();
        self.message.truncate(kept);
        self.code.as_mut().map(hide);
        self.request_id.as_mut().map(hide);
        for issue in self.issues.iter_mut().flatten() {
            hide(&mut issue.message);
            hide_in(&mut issue.path);
            issue.code.as_mut().map(hide);
        }
        self.headers.as_mut().map(hide_in);
        if let Some(body) = &mut self.body {
            hide_in(body);
            if body.as_str().len() > MAX_BODY {
                *body = Json::from(&Text::from(cut(body.as_str(), MAX_BODY)));
            }
        }
        if let Some(partial) = &mut self.partial {
            let message = &mut partial.message;
            let mut id = message.id.to_string();
            hide(&mut id);
            message.id = id.into();
            message.text = message.text.rewritten(&hide);
            if let Some(thinking) = &mut partial.thinking {
                *thinking = thinking.rewritten(&hide);
            }
            let free = [
                &mut message.citations,
                &mut message.metadata,
                &mut partial.citations,
                &mut partial.usage,
            ];
            free.into_iter().flatten().for_each(hide_in);
            hide_in(&mut message.raw);
            hide_in(&mut partial.raw);
            let sources = [&mut message.sources, &mut partial.sources];
            for source in sources.into_iter().flatten().flatten() {
                let words = [
                    &mut source.id,
                    &mut source.title,
                    &mut source.url,
                    &mut source.snippet,
                ];
                words.into_iter().flatten().for_each(hide);
                hide_in(&mut source.raw);
            }
        }
    }
}

/// What an error keeps of a body, until it is sealed: JSON without the fields called `stack` (they hold the server's own
/// paths), other text as a string, and nothing where it is nested too deeply to be looked through.
pub fn body(text: &str) -> Option<Json> {
    match Json::parse(text) {
        _ if text.is_empty() => None,
        Ok(json) => json.filtered(Some("stack"), &|_| {}).ok(),
        Err(_) => Some(Json::from(&Text::from(text))),
    }
}

/// A number as a message names it. The exact printer of floats is 14 KB of WebAssembly.
pub fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => json::write::text(&value),
    }
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

impl From<json::Flaw> for Error {
    fn from(flaw: json::Flaw) -> Self {
        Error::new(
            ErrorKind::Protocol,
            format!("the answer is not what the backend promises: {flaw}"),
        )
    }
}
