//! What a gateway answers by itself, and what it lets pass of an answer's headers. Its refusals are `{code, message}`,
//! which every backend of ours reads, so that the client behind the page knows their kind.

use serde::Serialize;

use crate::json::{Json, write};
use crate::text::Text;

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// the status
    pub status: u16,
    /// names in lower case
    pub headers: Vec<(String, String)>,
    /// text; nothing where the status has none
    pub body: String,
}

/// What comes down of a server's headers: nothing that sets a cookie, leads elsewhere or is about the connection.
const PASSING: [&str; 8] = [
    "retry-after",
    "x-request-id",
    "request-id",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "ratelimit",
];

/// Why a gateway refuses by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// a page of another origin asks
    Origin,
    /// it is no request of this backend's client
    NoRoute,
    /// `authorize` said no
    Forbidden,
    /// `authorize`, or the function that gives the key, failed
    Broken,
    /// the client made too many requests: how long to wait, in milliseconds
    TooMany(f64),
    /// the body of the request is larger than the limit
    TooLarge,
    /// the body of the request did not come in time
    Slow,
    /// the body of the request is of another kind
    ContentType,
    /// the body of the request names another session than its path
    OtherSession,
    /// the page wants another team than the gateway's
    OtherTeam,
    /// the server could not be reached
    Unreachable,
    /// the server did not answer in time
    Silent,
    /// the server sends its clients elsewhere
    Elsewhere,
    /// the server's answer is of another kind
    NoAnswer,
    /// the server's answer is larger than the limit
    AnswerTooLarge,
}

impl Refusal {
    fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Refusal::Origin => (403, "ORIGIN", "this gateway serves no page of this origin"),
            Refusal::NoRoute => (404, "NO_ROUTE", "this gateway lets no such request through"),
            Refusal::Forbidden => (403, "FORBIDDEN", "this gateway does not allow that"),
            Refusal::Broken => (500, "GATEWAY", "the gateway failed"),
            Refusal::TooMany(_) => (429, "RATE_LIMITED", "too many requests"),
            Refusal::TooLarge => (
                413,
                "TOO_LARGE",
                "the request is larger than this gateway lets through",
            ),
            Refusal::Slow => (408, "SLOW", "the request did not come in time"),
            Refusal::ContentType => (
                415,
                "CONTENT_TYPE",
                "the body of the request is of another kind than this operation takes",
            ),
            Refusal::OtherSession => (
                400,
                "SESSION_MISMATCH",
                "the body of the request does not name the session that its address names",
            ),
            Refusal::OtherTeam => (403, "OTHER_TEAM", "this gateway serves another team"),
            Refusal::Unreachable => (
                502,
                "UNREACHABLE",
                "the server behind the gateway could not be reached",
            ),
            Refusal::Silent => (
                504,
                "TIMEOUT",
                "the server behind the gateway did not answer in time",
            ),
            Refusal::Elsewhere => (
                502,
                "REDIRECT",
                "the server behind the gateway sends its clients elsewhere, and the key is not taken along",
            ),
            Refusal::NoAnswer => (
                502,
                "BAD_ANSWER",
                "the server behind the gateway answered with something else",
            ),
            Refusal::AnswerTooLarge => (
                502,
                "ANSWER_TOO_LARGE",
                "the answer of the server behind the gateway is larger than it lets through",
            ),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let (status, code, message) = refusal.parts();
        let mut answer = Answer::refusal(status, Some(code), message);
        if let Refusal::TooMany(wait) = refusal {
            let seconds = (wait / 1e3).ceil().max(1.0) as u64;
            answer.header("retry-after", &seconds.to_string());
        }
        answer
    }
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// JSON.
    pub fn json(status: u16, body: String) -> Answer {
        let mut answer = Answer {
            body,
            ..Answer::empty(status)
        };
        answer.header("content-type", "application/json");
        answer
    }

    /// A refusal in the shape that all backends of ours read.
    pub fn refusal(status: u16, code: Option<&str>, message: &str) -> Answer {
        #[derive(Serialize)]
        struct Said {
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<Json>,
            message: Json,
        }
        let said = |text: &str| Json::from(&Text::from(text));
        let code = code.map(said);
        let message = said(message);
        Answer::json(status, write::text(&Said { code, message }))
    }

    /// Adds a header; its name is in lower case.
    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Takes along what may pass of a server's headers, which `given` knows by their names.
    pub fn take_along(&mut self, given: &dyn Fn(&str) -> Option<String>) {
        for name in PASSING {
            if let Some(value) = given(name) {
                self.header(name, &value);
            }
        }
    }
}
