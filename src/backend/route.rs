//! The places of a server that a client asks: a table for each backend. Its requests are made by these, and a gateway
//! lets through what is in the table and nothing else. What goes into a body or a query is left to the backend.

use crate::error::Error;
use crate::http::{Head, Method, Request, segment};
use crate::settings::is_object_id;
use crate::text::split;

/// What one backend's clients ask.
pub struct Table {
    /// how a request carries the key
    pub key: Key,
    /// what the words in the paths are
    pub word: Word,
    /// the places
    pub routes: &'static [Route],
    /// what every request says that it is, also one without a body
    pub content_type: Option<&'static str>,
    /// an answer that is a success may pass before it is read
    pub passes: bool,
    /// how the team is found in which the key's account works, where the paths name it
    pub team: Option<Team>,
    /// the JSON that a redirect stands for
    pub redirected: fn(&Head) -> Option<String>,
    /// the refusal that came with the status of a success, in answer to a request to this address
    pub disguised: fn(&str, &str) -> Option<Error>,
    /// what stands at the top of an answer and is for the owner of the key alone
    pub private: &'static [&'static str],
}

/// How a server tells in which team an account works.
pub struct Team {
    /// where it is asked
    pub route: &'static Route,
    /// finds it in the answer
    pub read: fn(&str) -> Result<String, Error>,
    /// the part of the answer that tells of the team, and of nothing else
    pub write: fn(&str) -> String,
}

/// The header that carries the key, its name in lower case, and what stands in front of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub &'static str, pub &'static str);

impl Key {
    /// The header with this key.
    pub fn header(&self, key: &str) -> (&'static str, String) {
        let Key(name, before) = *self;
        (name, before.to_owned() + key)
    }
}

/// One place, and what is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// the operation of a client that it belongs to first
    pub operation: &'static str,
    /// how it is asked
    pub method: Method,
    /// a segment may be, or begin with, a name in braces that stands for a word: `/sessions/{session}.json`
    pub path: &'static str,
    /// the parameters that it may have
    pub query: &'static [Parameter],
    /// what goes with it
    pub content: Content,
    /// the answer may come only when the agent has finished
    pub waits: bool,
}

/// A parameter of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// its name
    pub name: &'static str,
    /// what it may be
    pub word: Word,
    /// whether the server does something else without it
    pub required: bool,
}

/// What a word of an address may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// a text, but none of these, which are other places
    Text(&'static [&'static str]),
    /// 24 hexadecimal digits in lower case
    ObjectId,
    /// a whole number
    Number,
}

/// What goes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// nothing
    Nothing,
    /// JSON, if anything
    Json,
    /// a JSON object whose field of this name says once more which session is meant
    Naming(&'static str),
    /// a form, with files or without
    Form,
}

impl Table {
    /// A server without teams, which says what it means by its status.
    pub const fn plain(key: Key, word: Word, routes: &'static [Route]) -> Self {
        Table {
            key,
            word,
            routes,
            content_type: None,
            passes: true,
            team: None,
            redirected: |_| None,
            disguised: |_, _| None,
            private: &[],
        }
    }
}

impl Word {
    /// Whether `text` may stand there.
    pub fn takes(&self, text: &str) -> bool {
        match self {
            Word::Text(others) => !others.contains(&text),
            Word::ObjectId => is_object_id(text),
            Word::Number => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
    }
}

impl Parameter {
    /// A parameter that may be left out.
    pub const fn optional(name: &'static str, word: Word) -> Self {
        Parameter {
            name,
            word,
            required: false,
        }
    }
}

impl Route {
    /// A place that is asked without a query and a body.
    pub const fn new(operation: &'static str, method: Method, path: &'static str) -> Self {
        Route {
            operation,
            method,
            path,
            query: &[],
            content: Content::Nothing,
            waits: false,
        }
    }

    /// The same, with a body.
    pub const fn with(self, content: Content) -> Self {
        Route { content, ..self }
    }

    /// The same, with parameters.
    pub const fn asking(self, query: &'static [Parameter]) -> Self {
        Route { query, ..self }
    }

    /// The same, where the answer may come only when the agent has finished.
    pub const fn waiting(self) -> Self {
        Route {
            waits: true,
            ..self
        }
    }

    /// The request for it on the server at `base`, with `word`, if it has one.
    pub fn request(&self, base: &str, word: Option<&str>) -> Result<Request, Error> {
        let word = word.map(segment).transpose()?.unwrap_or_default();
        Ok(self.filled(base, &[&word]))
    }

    /// The same with words that are encoded already, or need no encoding, in place of the names, in order.
    #[inline(never)]
    pub fn filled(&self, base: &str, words: &[&str]) -> Request {
        let mut url = base.to_owned();
        let mut rest = self.path;
        for word in words {
            let Some((before, after)) = split(rest, "{") else {
                break;
            };
            url.push_str(before);
            url.push_str(word);
            rest = split(after, "}").map_or("", |(_, after)| after);
        }
        url.push_str(rest);
        Request::new(self.method, url)
    }
}
