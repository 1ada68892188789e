//! One request on its way through a gateway: what it asks of the server, what may be asked with it, and what becomes of
//! the answer. Nothing of the incoming request goes up but the words of its address, its body and the kinds of body that
//! it sends and takes; nothing of the answer's head comes down but its status, its kind and a few headers about the
//! request itself.

use std::rc::Rc;

use super::answer::{Answer, Refusal};
use super::asked::{Asked, name};
use super::relay::Relay;
use super::{Gateway, PATIENCE};
use crate::backend::route::Content;
use crate::error::{self, Error, ErrorKind};
use crate::http::{self, Head, percent_encoded};
use crate::json::{Json, Kind, whole, write};
use crate::text::Text;

const JSON: &str = "application/json";
/// How much of a refusal is read, in bytes.
const MAX_REFUSAL: f64 = 65_536.0;
/// How much of a refusal that is plain text is told, in bytes.
const MAX_MESSAGE: usize = 1024;
/// What is shorter is a part of ordinary words, and no secret.
const SHORTEST_SECRET: usize = 4;

/// One request.
pub struct Passage {
    gateway: Rc<Gateway>,
    asked: Asked,
    /// the gateway itself wants to know it
    own: bool,
    content_type: Option<String>,
    accept: String,
    secrets: Vec<String>,
    head: Head,
    /// what comes down of the answer's head
    kept: Answer,
}

/// What becomes of an answer, by its head.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// it passes as it comes in
    Relay {
        /// the status and the headers; its body is yet to come
        head: Answer,
        /// it is a stream of events
        events: bool,
    },
    /// its body, of at most so many bytes, has to be read first
    Whole(f64),
    /// this is the answer
    Answer(Answer),
}

/// What to ask the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// in the platform's spelling
    pub method: &'static str,
    /// the whole address
    pub url: String,
    /// names in lower case
    pub headers: Vec<(String, String)>,
}

impl Passage {
    /// The passage of an incoming request, whose head says what its body is.
    pub(super) fn new(
        gateway: Rc<Gateway>,
        asked: Asked,
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Passage, Refusal> {
        let takes = asked.route.content;
        let length = header("content-length");
        let bytes = length.and_then(|text| text.trim().parse::<u64>().ok());
        let most = gateway.max_body_bytes();
        if takes != Content::Nothing && bytes.is_some_and(|bytes| bytes as f64 > most) {
            return Err(Refusal::TooLarge);
        }
        let given = header("content-type");
        let content_type = match given {
            Some(given) if takes != Content::Nothing => {
                Some(checked_kind(takes, &given).ok_or(Refusal::ContentType)?)
            }
            _ => None,
        };
        let accept = header("accept").filter(|value| is_plain(value));
        Ok(Passage {
            content_type,
            accept: accept.unwrap_or_else(|| JSON.to_owned()),
            ..Passage::own(gateway, asked)
        }
        .of_a_page())
    }

    /// A request of the gateway's own.
    pub(super) fn own(gateway: Rc<Gateway>, asked: Asked) -> Passage {
        Passage {
            gateway,
            asked,
            own: true,
            content_type: None,
            accept: JSON.to_owned(),
            secrets: Vec::new(),
            head: Head::default(),
            kept: Answer::empty(200),
        }
    }

    fn of_a_page(self) -> Passage {
        Passage { own: false, ..self }
    }

    /// The operation that it belongs to.
    pub fn operation(&self) -> &'static str {
        self.asked.route.operation
    }

    /// The session that it is about.
    pub fn session(&self) -> Option<&str> {
        self.asked.word("session")
    }

    /// Whether a body goes with it.
    pub fn takes_body(&self) -> bool {
        self.asked.route.content != Content::Nothing
    }

    /// The answer, where the server need not be asked.
    pub fn here(&self) -> Option<Answer> {
        let about = self.gateway.table.team.as_ref()?;
        let team = self.gateway.team.borrow();
        let team = team.as_deref()?;
        if self.asked.route == about.route {
            return Some(Answer::json(200, (about.write)(team)));
        }
        let other = self.asked.word("team").is_some_and(|word| word != team);
        other.then(|| Refusal::OtherTeam.into())
    }

    /// Milliseconds to the head of the answer.
    pub fn head_limit(&self) -> f64 {
        let usual = self.gateway.settings.timeout;
        match self.asked.route.waits {
            true => usual.max(PATIENCE),
            false => usual,
        }
    }

    /// What to ask the server, with `key` and `body`. A key that no header can carry is the gateway's own fault.
    pub fn request(&mut self, key: &str, body: &[u8]) -> Result<Outgoing, Refusal> {
        let table = self.gateway.table;
        if let Content::Naming(field) = self.asked.route.content {
            let named = std::str::from_utf8(body)
                .ok()
                .and_then(|body| only_text(body, field));
            if named.as_deref() != self.session() {
                return Err(Refusal::OtherSession);
            }
        }
        let base = &self.gateway.settings.base_url;
        let mut request = self.asked.request(base).map_err(|_| Refusal::NoRoute)?;
        request.header("accept", &self.accept);
        let kind = self.content_type.as_deref().filter(|_| !body.is_empty());
        if let Some(kind) = kind.or(table.content_type) {
            request.header("content-type", kind);
        }
        if !key.is_empty() {
            let (name, value) = table.key.header(key);
            http::checked_header(name, &value).map_err(|_| Refusal::Broken)?;
            request.header(name, &value);
            self.secrets = spellings(key);
        }
        Ok(Outgoing {
            method: name(request.method),
            url: request.url,
            headers: request.headers,
        })
    }

    /// What becomes of the answer.
    pub fn head(&mut self, head: Head, header: &dyn Fn(&str) -> Option<String>) -> Course {
        let table = self.gateway.table;
        let mut kept = Answer::empty(head.status);
        let clean = |name: &str| header(name).filter(|value| !self.reveals(value));
        kept.take_along(&clean);
        self.kept = kept;
        if head.is_redirect() {
            let instead = (table.redirected)(&head);
            self.kept.status = 200;
            self.head = head;
            return Course::Answer(match instead {
                Some(json) => self.success(&json),
                None => Refusal::Elsewhere.into(),
            });
        }
        let success = head.is_success();
        let (events, json, kind) = (head.is_event_stream(), head.is_json(), head.media_type());
        let status = head.status;
        self.head = head;
        match (success, status) {
            (true, 204 | 205) => Course::Answer(self.kept.clone()),
            (true, _) if events => self.relay("text/event-stream", true),
            (true, _) if json && !self.own && table.passes => self.relay(JSON, false),
            (true, _) if json => Course::Whole(self.gateway.max_body_bytes()),
            // what removes something may have nothing to say
            (true, _) if kind.is_empty() => Course::Whole(0.0),
            (false, 400..=599) => Course::Whole(MAX_REFUSAL),
            _ => Course::Answer(Refusal::NoAnswer.into()),
        }
    }

    fn relay(&self, kind: &str, events: bool) -> Course {
        let mut head = self.kept.clone();
        head.header("content-type", kind);
        if events {
            // nginx would otherwise collect some kilobytes of it first
            head.header("x-accel-buffering", "no");
        }
        Course::Relay { head, events }
    }

    /// The answer whose body is this; without one, it was larger than the limit.
    pub fn whole(&mut self, body: Option<&[u8]>) -> Answer {
        let text = body.map(String::from_utf8_lossy);
        match (self.head.is_success(), text) {
            (true, Some(text)) if self.head.is_json() => self.success(&text),
            (true, Some(text)) if text.is_empty() => self.kept.clone(),
            (true, Some(_)) => Refusal::NoAnswer.into(),
            (true, None) if self.head.is_json() => Refusal::AnswerTooLarge.into(),
            (true, None) => Refusal::NoAnswer.into(),
            (false, text) => self.refused(text.as_deref().unwrap_or_default()),
        }
    }

    /// For a body that passes as it comes in.
    pub fn body(&self, events: bool) -> Relay {
        let most = match events {
            true => f64::INFINITY,
            false => self.gateway.max_body_bytes(),
        };
        Relay::new(&self.secrets, most)
    }

    /// A success with this JSON, unless it is a refusal all the same.
    fn success(&self, text: &str) -> Answer {
        let table = self.gateway.table;
        let Ok(asked) = self.asked.request(&self.gateway.settings.base_url) else {
            return Refusal::NoAnswer.into();
        };
        if let Some(error) = (table.disguised)(&asked.url, text) {
            return self.told(&error);
        }
        if let Some(team) = table
            .team
            .as_ref()
            .filter(|team| *team.route == *self.asked.route)
        {
            return match (team.read)(text) {
                Ok(found) => {
                    let answer = Answer::json(200, (team.write)(&found));
                    *self.gateway.team.borrow_mut() = Some(found);
                    answer
                }
                Err(error) => self.told(&error),
            };
        }
        match without(text, table.private) {
            Some(json) => self.with_body(self.hidden(&json)),
            None => Refusal::NoAnswer.into(),
        }
    }

    /// The server's refusal without what is nobody's business: its stack traces, the key, and every page of HTML.
    fn refused(&self, text: &str) -> Answer {
        let plain = self.head.media_type() == "text/plain";
        let json = match self.head.is_json() {
            true => error::body(text).map(|json| self.hidden(json.as_str())),
            false => None,
        };
        let said = Answer::refusal(
            0,
            None,
            &match self.hidden(text.trim()) {
                text if plain && !text.is_empty() => text.chars().take(MAX_MESSAGE).collect(),
                _ => format!("the server answered with the status {}", self.head.status),
            },
        );
        self.with_body(json.unwrap_or(said.body))
    }

    /// What a refusal means, in the status and the words that the page's client takes for it.
    fn told(&self, error: &Error) -> Answer {
        let status = match error.kind {
            ErrorKind::Unauthorized => 401,
            ErrorKind::Forbidden => 403,
            _ => 502,
        };
        Answer::refusal(status, error.code.as_deref(), &self.hidden(&error.message))
    }

    fn with_body(&self, body: String) -> Answer {
        let mut answer = self.kept.clone();
        answer.header("content-type", JSON);
        answer.body = body;
        answer
    }

    fn reveals(&self, text: &str) -> bool {
        self.secrets
            .iter()
            .any(|secret| text.contains(secret.as_str()))
    }

    fn hidden(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "[redacted]");
        }
        text
    }
}

/// The kind of a body in the one spelling in which it goes up.
fn checked_kind(content: Content, given: &str) -> Option<String> {
    let media_type = given.split(';').next()?.trim().to_ascii_lowercase();
    match (content, media_type.as_str()) {
        (Content::Json | Content::Naming(_), JSON) => Some(JSON.to_owned()),
        (Content::Form, "application/x-www-form-urlencoded") => Some(media_type),
        // its boundary is what the body is cut by
        (Content::Form, "multipart/form-data") if is_plain(given) => Some(given.to_owned()),
        _ => None,
    }
}

/// Whether a header's value is short, and of nothing but visible ASCII and spaces.
fn is_plain(value: &str) -> bool {
    value.len() <= 256 && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text of a field that is there once.
fn only_text(object: &str, field: &str) -> Option<String> {
    let mut found = Vec::new();
    let read = whole(object, |reader| {
        reader.object(|reader, name| {
            if name == field {
                found.push(match reader.kind() {
                    Kind::String => Some(reader.word()?),
                    _ => None,
                });
            }
            Ok(())
        })
    });
    read.ok()?;
    match found.as_mut_slice() {
        [only] => only.take(),
        _ => None,
    }
}

/// JSON without the fields of these names, where it is an object; nothing where it is no JSON.
fn without(text: &str, names: &[&str]) -> Option<String> {
    let json = Json::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text)).ok()?;
    let mut out = String::from("{");
    let object = whole(json.as_str(), |reader| {
        if reader.kind() != Kind::Object {
            return reader.skip().map(|()| false);
        }
        reader.object(|reader, name| {
            if names.contains(&name) {
                return Ok(());
            }
            if out.len() > 1 {
                out.push(',');
            }
            write::string(&mut out, &Text::from(name));
            out.push(':');
            out.push_str(reader.raw()?);
            Ok(())
        })?;
        Ok(true)
    });
    out.push('}');
    Some(match object.ok()? {
        true => out,
        false => json.as_str().to_owned(),
    })
}

/// The ways in which a server may write a key that it was sent: as it is, in JSON, in an address.
fn spellings(key: &str) -> Vec<String> {
    let mut literal = String::new();
    write::string(&mut literal, &Text::from(key));
    let inner = literal.get(1..literal.len() - 1).unwrap_or_default();
    let mut all = vec![key.to_owned(), inner.to_owned(), percent_encoded(key)];
    all.retain(|secret| secret.len() >= SHORTEST_SECRET);
    all.dedup();
    all
}
