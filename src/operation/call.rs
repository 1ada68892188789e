//! One request, repeated where that is safe: heads, bytes and failures in; the body, or the error, out.

use std::rc::Rc;

use super::chance::Chance;
use super::{Failure, Happened, Next, Now, Patience};
use crate::backend::Backend;
use crate::error::{Delivered, Error, ErrorKind, number};
use crate::http::{self, Head, Request};
use crate::room::{self, lengthen};
use crate::settings::Settings;
use crate::time;
use crate::word::Word;

/// How much of a refusal's body is read, in bytes; the rest is left on the wire.
pub(super) const MAX_REFUSAL: usize = 65_536;
/// The longest wait that is done in silence; a server that asks for more gets an error with `retryAfter` instead.
const MAX_RETRY_AFTER: f64 = 30_000.0;
/// The first wait, on average half of it, and its limit: "full jitter", so that clients do not come back all at once.
const FIRST_BACKOFF: f64 = 500.0;
const MAX_BACKOFF: f64 = 8_000.0;

/// When a request may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// after any passing failure: it changes nothing, or changes the same thing once
    Safe,
    /// only when the server surely did nothing: it makes something
    Untaken,
    /// the same, and what it makes is a message
    Message,
}

/// What the answer should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// JSON
    Json,
    /// plain text
    Text,
    /// events, or JSON from a server that does not stream
    Stream,
    /// whatever; only its status counts
    Nothing,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// make the request
    Send,
    /// read on
    Read,
    /// wait so many milliseconds
    Wait(f64),
    /// the body is whole
    Body,
    /// a stream of events begins: its bytes are the caller's
    Stream,
}

impl From<Progress> for Next {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Send => Next::Send,
            Progress::Wait(milliseconds) => Next::Wait(milliseconds),
            Progress::Read | Progress::Stream | Progress::Body => Next::Read,
        }
    }
}

/// One request and its retries.
pub struct Call {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
    request: Request,
    repeat: Repeat,
    expect: Expect,
    /// what has to be known before the request can be made, while that is asked
    first: Option<Request>,
    head_limit: f64,
    secrets: Vec<String>,
    began: Option<Now>,
    attempt: u32,
    /// an earlier attempt may have been carried out
    doubtful: bool,
    /// the last attempt never reached the server
    unsent: bool,
    head: Option<Head>,
    body: Vec<u8>,
    filled: usize,
    /// the body once it is whole
    text: Option<Word>,
    chance: Chance,
}

impl Call {
    /// A call of `request`.
    pub fn new(
        settings: Rc<Settings>,
        backend: Rc<dyn Backend>,
        request: Request,
        repeat: Repeat,
        expect: Expect,
    ) -> Self {
        let head_limit = settings.timeout;
        let chance = Chance::new(settings.seed);
        Call {
            settings,
            backend,
            request,
            repeat,
            expect,
            first: None,
            head_limit,
            secrets: Vec::new(),
            began: None,
            attempt: 0,
            doubtful: false,
            unsent: false,
            head: None,
            body: Vec::new(),
            filled: 0,
            text: None,
            chance,
        }
    }

    /// The same call with another limit for the head of its response.
    pub fn patient(mut self, milliseconds: f64) -> Self {
        self.head_limit = milliseconds;
        self
    }

    /// Room for the body.
    pub fn space(&mut self, at_least: usize) -> &mut [u8] {
        let end = self.filled.saturating_add(at_least);
        if self.body.len() < end {
            let doubled = self.body.len() * 2;
            lengthen(&mut self.body, end.max(doubled));
        }
        self.body.get_mut(self.filled..).unwrap_or_default()
    }

    /// The request with the client's headers and the key.
    pub fn request(&mut self, key: Option<&str>) -> Result<Request, Error> {
        let mut request = match &self.first {
            Some(first) => first.clone(),
            None => self.request.clone(),
        };
        self.backend.complete(&mut request);
        for (name, value) in &self.settings.headers {
            request.header(name, value);
        }
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            let (name, value) = self.backend.key_header(key);
            http::checked_header(name, &value).map_err(|error| self.failed(error))?;
            request.header(name, &value);
            self.secrets.push(key.to_owned());
        }
        self.secrets.append(&mut request.secrets);
        self.secrets.extend(
            request
                .headers
                .iter()
                .filter(|(name, _)| http::is_secret(name))
                .map(|(_, value)| value.clone()),
        );
        Ok(request)
    }

    /// Whether the next request only asks for what has to be known before.
    pub fn asks_first(&self) -> bool {
        self.first.is_some()
    }

    /// How long to wait.
    pub fn patience(&self) -> Patience {
        Patience {
            head: self.head_limit,
            idle: self.settings.idle_timeout,
        }
    }

    /// Takes what happened.
    pub fn step(&mut self, now: Now, happened: Happened) -> Result<Progress, Error> {
        match happened {
            Happened::Begin | Happened::Waited | Happened::Resumed => {
                self.began.get_or_insert(now);
                self.first = self.backend.asks_first(&self.request);
                Ok(self.send())
            }
            Happened::Head(head) => self.head(now, head),
            Happened::Bytes(count) => self.bytes(now, count),
            Happened::End => self.end(now),
            // it is done, however the rest of its answer fares
            Happened::Failed(_) if self.expect() == Expect::Nothing && self.succeeded() => {
                Ok(Progress::Body)
            }
            Happened::Failed(failure) => self.broken(failure),
            // of a socket, and no concern of a request
            Happened::Opened | Happened::Heard(_) | Happened::Closed => Ok(Progress::Read),
        }
    }

    fn send(&mut self) -> Progress {
        self.head = None;
        self.filled = 0;
        self.text = None;
        Progress::Send
    }

    fn expect(&self) -> Expect {
        match self.first {
            Some(_) => Expect::Json,
            None => self.expect,
        }
    }

    fn repeat(&self) -> Repeat {
        match self.first {
            Some(_) => Repeat::Safe,
            None => self.repeat,
        }
    }

    /// The body as text. A byte order mark and bytes that are no UTF-8 are treated as `Response.text()` does it.
    pub fn text(&mut self) -> Word {
        let text = match self.text.take() {
            Some(text) => text,
            None => {
                let mut bytes = std::mem::take(&mut self.body);
                bytes.truncate(std::mem::take(&mut self.filled));
                room::text(bytes)
            }
        };
        self.text = Some(text.clone());
        text
    }

    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|head| head.status)
    }

    /// `error` with what this call knows about it, and without its secrets.
    pub fn failed(&self, mut error: Error) -> Error {
        error.backend = Some(self.settings.backend);
        if let Some(head) = &self.head {
            error.status = error
                .status
                .or(Some(head.status).filter(|status| *status != 0));
            if error.request_id.is_none() {
                error.request_id = head.request_id.clone();
            }
        }
        if self.repeat == Repeat::Message && error.delivered.is_none() {
            error = error.delivered(self.taken());
        }
        if self.repeat == Repeat::Untaken && self.taken() != Delivered::No {
            error.retryable = false;
        }
        error.seal(&self.secrets);
        error
    }

    /// Whether the server did what it was asked, by the head alone.
    fn taken(&self) -> Delivered {
        match self.head.as_ref() {
            _ if self.first.is_some() => Delivered::No,
            None if self.attempt == 0 || self.unsent => Delivered::No,
            None => Delivered::Unknown,
            Some(head) if head.is_success() => Delivered::Yes,
            // a time-out that the server reports may have come after it took the message
            Some(head) if head.status == 408 || head.status >= 500 => Delivered::Unknown,
            Some(_) => Delivered::No,
        }
    }

    fn succeeded(&self) -> bool {
        self.head.as_ref().is_some_and(Head::is_success)
    }

    fn head(&mut self, now: Now, head: Head) -> Result<Progress, Error> {
        self.attempt += 1;
        let (success, redirect) = (head.is_success(), head.is_redirect());
        let (json, stream, status) = (head.is_json(), head.is_event_stream(), head.status);
        let media_type = head.media_type();
        let instead = redirect.then(|| self.backend.redirected(&head)).flatten();
        self.head = Some(head);
        if let Some(json) = instead {
            self.body = json.into_bytes();
            self.filled = self.body.len();
            return self.whole();
        }
        if redirect {
            let message = "the server sends its clients elsewhere, and the key is not taken along: is the address right?";
            return Err(self.failed(Error::new(ErrorKind::Protocol, message).code("REDIRECT")));
        }
        if !success {
            return match status {
                // such answers have no body
                100..200 => self.end(now),
                _ => Ok(Progress::Read),
            };
        }
        match self.expect() {
            // read to its end all the same: giving it up would cost the connection. A page is no server's success
            Expect::Nothing if media_type != "text/html" => Ok(Progress::Read),
            Expect::Stream if stream => Ok(Progress::Stream),
            Expect::Json | Expect::Stream if json => Ok(Progress::Read),
            Expect::Text if media_type == "text/plain" => Ok(Progress::Read),
            _ => {
                let wanted = match self.expect() {
                    Expect::Stream => "a stream of events",
                    Expect::Text => "text",
                    Expect::Json | Expect::Nothing => "JSON",
                };
                let found = if media_type.is_empty() {
                    "something without a content type"
                } else {
                    &media_type
                };
                let message = format!(
                    "the server answered with {found} where {wanted} should be: is the address right?"
                );
                let mut error = Error::new(ErrorKind::Protocol, message).code("CONTENT_TYPE");
                if self.repeat() == Repeat::Message {
                    // whoever spoke, it may not have been the server
                    error = error.delivered(Delivered::Unknown);
                }
                Err(self.failed(error))
            }
        }
    }

    fn bytes(&mut self, now: Now, count: usize) -> Result<Progress, Error> {
        self.filled = self.filled.saturating_add(count).min(self.body.len());
        let success = self.succeeded();
        // a refusal in disguise is shorter than this
        if success && self.expect() == Expect::Nothing {
            self.filled = self.filled.min(MAX_REFUSAL);
        }
        if success && self.filled > self.settings.max_body_bytes {
            let message = format!(
                "the answer is larger than {} bytes",
                self.settings.max_body_bytes
            );
            return Err(self.failed(Error::new(ErrorKind::TooLarge, message)));
        }
        // of a refusal this much is enough
        if !success && self.filled >= MAX_REFUSAL {
            self.end(now)
        } else {
            Ok(Progress::Read)
        }
    }

    fn end(&mut self, now: Now) -> Result<Progress, Error> {
        let text = self.text();
        match &self.head {
            Some(head) if head.is_success() => self.whole(),
            Some(head) => {
                let mut error = self.backend.refused(head, &text);
                if head.status == 404
                    && self.doubtful
                    && self.request.method == http::Method::Delete
                {
                    // the attempt that seemed to fail removed it
                    return Ok(Progress::Body);
                }
                error.retry_after = head
                    .retry_after
                    .as_deref()
                    .and_then(|text| retry_after(text, now));
                self.refused(now, error)
            }
            None => Err(self.failed(Error::new(
                ErrorKind::Protocol,
                "a body ended that never began",
            ))),
        }
    }

    /// The body of a success is whole.
    fn whole(&mut self) -> Result<Progress, Error> {
        let text = self.text();
        let asked = self.first.as_ref().unwrap_or(&self.request);
        if let Some(error) = self.backend.disguised(asked, &text) {
            let message = self.repeat() == Repeat::Message;
            return Err(self.failed(match message {
                true => error.delivered(Delivered::No),
                false => error,
            }));
        }
        if self.first.is_none() {
            return Ok(Progress::Body);
        }
        let learned = self.backend.learn(&text);
        learned.map_err(|error| self.failed(error))?;
        self.first = None;
        self.attempt = 0;
        Ok(self.send())
    }

    fn refused(&mut self, now: Now, error: Error) -> Result<Progress, Error> {
        let status = self.status().unwrap_or_default();
        let waited = now - self.began.unwrap_or(now);
        if self.backend.settles(&error) && waited < self.settings.timeout {
            return Ok(Progress::Wait(self.backoff()));
        }
        let passing = match self.repeat() {
            Repeat::Safe => {
                matches!(status, 408 | 429 | 500..=599) && error.kind != ErrorKind::Agent
            }
            Repeat::Untaken | Repeat::Message => status == 429,
        };
        let wait = error.retry_after.unwrap_or_else(|| self.backoff());
        if passing && self.attempt <= self.settings.max_retries && wait <= MAX_RETRY_AFTER {
            self.doubtful |= status != 429;
            return Ok(Progress::Wait(wait));
        }
        Err(self.failed(error))
    }

    fn broken(&mut self, failure: Failure) -> Result<Progress, Error> {
        self.unsent = match &failure {
            Failure::Network { code, .. } => {
                self.head.is_none() && code.as_deref().is_some_and(never_sent)
            }
            Failure::NoKey { .. } => true,
            Failure::Silence => false,
        };
        let error = match failure {
            Failure::Silence if self.head.is_none() => Error::new(
                ErrorKind::Timeout,
                format!("no answer came within {} ms", number(self.head_limit)),
            ),
            Failure::Silence => {
                let limit = self.settings.idle_timeout;
                Error::new(
                    ErrorKind::Timeout,
                    format!("the answer stopped: nothing came for {} ms", number(limit)),
                )
            }
            Failure::Network { message, code } => {
                let message = match self.head.is_none() {
                    true => format!("the server cannot be reached: {message}"),
                    false => format!("the connection broke in the middle of the answer: {message}"),
                };
                let mut error = Error::new(ErrorKind::Network, message);
                error.code = code;
                error
            }
            Failure::NoKey { message } => {
                let message = format!("`apiKey` gave no key: {message}");
                Error::new(ErrorKind::Config, message).code("API_KEY")
            }
        };
        self.attempt += u32::from(self.head.is_none());
        let repeatable = self.repeat() == Repeat::Safe || self.unsent;
        // a limit that ran out is the caller's limit: waiting the same time again would double it
        if repeatable
            && error.kind == ErrorKind::Network
            && self.attempt <= self.settings.max_retries
        {
            self.doubtful |= !self.unsent;
            return Ok(Progress::Wait(self.backoff()));
        }
        Err(self.failed(error))
    }

    fn backoff(&mut self) -> f64 {
        let most = (FIRST_BACKOFF * 2f64.powi(self.attempt.saturating_sub(1).min(10) as i32))
            .min(MAX_BACKOFF);
        most * self.chance.next()
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(text: &str, now: Now) -> Option<f64> {
    match time::whole(text.trim()) {
        Some(seconds) => Some(seconds * 1e3),
        None => Some((time::http(text)? - now).max(0.0)),
    }
}

/// Codes with which Node and Bun say that no connection came about; browsers and Deno say nothing.
fn never_sent(code: &str) -> bool {
    matches!(
        code,
        "ECONNREFUSED"
            | "ENOTFOUND"
            | "EAI_AGAIN"
            | "EHOSTUNREACH"
            | "ENETUNREACH"
            | "UND_ERR_CONNECT_TIMEOUT"
            | "ConnectionRefused"
    )
}
