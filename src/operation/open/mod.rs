//! Opens a stream of events, and opens it again when its connection ends: heads, bytes and failures in; events, pauses,
//! or what ends it all, out.
//!
//! As sections 9.2.2 and 9.2.3 of the HTML standard have it: a stream begins with the status 200 and its content type and
//! nothing else; a connection that ends, cleanly or not, is opened again after the reconnection time, with the last event
//! id; 204 ends it without an error, any other answer with one. More than the standard has: after 408, 429 and 5xx it is
//! opened again; pauses grow while connections bring nothing; the method may be any, but only GET is repeated unasked.
//! Left to others: writing the request, which is the caller's, and the events themselves ([`Frames`]).

mod refusal;
#[cfg(test)]
mod tests;

use super::call::retry_after;
use super::chance::Chance;
use super::events::{Frames, broken, silent};
use super::{Failure, Happened, Next, Now, Operation, Patience, Sink};
use crate::error::{Error, ErrorKind, number};
use crate::http::{self, Head, Method, Request, Written};
use crate::sse::Framer;
use crate::text::contains;
use refusal::Refusal;

/// The reconnection time while the server has set none, in milliseconds.
const RECONNECTION_TIME: f64 = 1_000.0;
/// The shortest pause, whatever the server asks for.
const MIN_DELAY: f64 = 10.0;
/// How long a pause grows unless the caller says so.
const MAX_DELAY: f64 = 30_000.0;
/// The longest timer that platforms have: a longer one fires at once, and `retry: 2147483648` would make a loop without
/// pauses of it.
const LONGEST_TIMER: f64 = 2_147_483_647.0;
/// A connection that lasted so long worked, even if it brought nothing but comments.
const STEADY: f64 = 10_000.0;
/// A refusal's body has this much time.
const REFUSAL_TIME: f64 = 5_000.0;
/// Headers with which a request tells nothing that another origin may not know.
const HARMLESS: [&str; 7] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-language",
    "last-event-id",
    "pragma",
    "user-agent",
];

/// How to open.
#[derive(Clone, Debug)]
pub struct Opening {
    /// as the caller wrote it
    pub method: String,
    /// whether to open again; by default only what a GET opened
    pub reconnect: Option<bool>,
    /// how many connections in a row may bring nothing before the last one's error ends it
    pub max_attempts: f64,
    /// the longest pause, in milliseconds
    pub max_delay: Option<f64>,
    /// milliseconds without a byte
    pub idle_timeout: f64,
    /// the block that the end of a connection leaves unfinished is an event as well
    pub dispatch_unfinished: bool,
    /// different for every stream
    pub seed: u64,
}

/// A stream that is opened as often as it takes.
pub struct Open {
    opening: Opening,
    frames: Frames,
    chance: Chance,
    /// connections opened again since one of them brought something
    attempts: u32,
    /// since when the connection under way is open
    open: Option<Now>,
    /// it brought an event
    fruitful: bool,
    /// there was one already
    opened: bool,
    refusal: Option<Refusal>,
    has_accept: bool,
    secrets: Vec<String>,
}

impl Open {
    /// A stream of what `framer` finds.
    pub fn new(framer: Framer, opening: Opening) -> Self {
        Open {
            chance: Chance::new(opening.seed),
            opening,
            frames: Frames::new(framer),
            attempts: 0,
            open: None,
            fruitful: false,
            opened: false,
            refusal: None,
            has_accept: false,
            secrets: Vec::new(),
        }
    }

    fn repeats(&self) -> bool {
        let reads = || reads(&self.opening.method);
        self.opening.reconnect.unwrap_or_else(reads)
    }

    fn head(&mut self, now: Now, head: Head) -> Result<Next, Error> {
        match head.status {
            200 if head.is_event_stream() => {
                self.open = Some(now);
                self.opened = true;
                self.fruitful = false;
                self.frames.restart();
                return Ok(Next::Read);
            }
            204 => return Ok(Next::Done),
            // Fetch makes a network error of it; workerd and Deno let it through
            407 => {
                let message = "the proxy asks who is there";
                return self.lost(now, Some(Error::new(ErrorKind::Network, message)), None);
            }
            408 | 429 | 500..=599 => {
                let after = head
                    .retry_after
                    .as_deref()
                    .and_then(|text| retry_after(text, now));
                if self.may_go_on(after) {
                    return self.lost(now, None, after);
                }
            }
            _ => {}
        }
        self.refusal = Some(Refusal::new(head, now));
        Ok(Next::Read)
    }

    fn bytes(&mut self, now: Now, count: usize, sink: &mut dyn Sink) -> Result<Next, Error> {
        if let Some(refusal) = &mut self.refusal {
            let whole = refusal.filled(count) || now - refusal.since >= REFUSAL_TIME;
            return if whole {
                self.refused(now)
            } else {
                Ok(Next::Read)
            };
        }
        let fruitful = self.frames.bytes(count, sink);
        self.fruitful |= fruitful.map_err(|error| self.failed(error))?;
        Ok(Next::Read)
    }

    fn end(&mut self, now: Now, sink: &mut dyn Sink) -> Result<Next, Error> {
        if self.refusal.is_some() {
            return self.refused(now);
        }
        if self.opening.dispatch_unfinished {
            let fruitful = self.frames.dispatch_unfinished(sink);
            self.fruitful |= fruitful.map_err(|error| self.failed(error))?;
        }
        if !self.repeats() {
            return Ok(Next::Done);
        }
        self.lost(now, None, None)
    }

    fn broken(&mut self, now: Now, failure: Failure) -> Result<Next, Error> {
        if self.refusal.is_some() {
            return self.refused(now);
        }
        let idle_timeout = self.opening.idle_timeout;
        let error = match (failure, self.open) {
            (Failure::Silence, Some(_)) => silent(idle_timeout),
            (Failure::Silence, None) => Error::new(
                ErrorKind::Timeout,
                format!("no answer came within {} ms", number(idle_timeout)),
            ),
            (Failure::Network { message, code }, Some(_)) => broken(&message, code),
            (Failure::Network { message, code }, None) => {
                let never = code.as_deref() == Some("UND_ERR_INVALID_ARG");
                let message = format!("the server cannot be reached: {message}");
                let mut error = Error::new(ErrorKind::Network, message);
                error.code = code;
                if never {
                    // Node sends no control characters, which an id may hold, and will not the next time
                    error.kind = ErrorKind::Config;
                    error.retryable = false;
                    return Err(self.failed(error));
                }
                error
            }
            (Failure::NoKey { message }, _) => {
                let message = format!("`headers` gave no headers: {message}");
                let error = Error::new(ErrorKind::Config, message).code("HEADERS");
                if !self.opened {
                    return Err(self.failed(error));
                }
                // what fetches a token fails for the same reason that the stream did
                error
            }
        };
        self.lost(now, Some(error), None)
    }

    /// The connection is no more: opens another one, or ends with `error`.
    fn lost(&mut self, now: Now, error: Option<Error>, after: Option<f64>) -> Result<Next, Error> {
        let steady = self.open.take().is_some_and(|since| now - since >= STEADY);
        if std::mem::take(&mut self.fruitful) || steady {
            self.attempts = 0;
        }
        if !self.may_go_on(after) {
            let error = error.unwrap_or_else(|| {
                let message = "the stream ended before its first event, again and again";
                Error::new(ErrorKind::Network, message)
            });
            return Err(self.failed(error));
        }
        self.attempts = self.attempts.saturating_add(1);
        let delay = self.delay();
        Ok(match after {
            // what the server asks for is not for the page to cut short
            Some(after) if after > delay => Next::Wait(after.min(LONGEST_TIMER)),
            Some(_) => Next::Wait(delay),
            None => Next::Reconnect(delay),
        })
    }

    fn may_go_on(&self, after: Option<f64>) -> bool {
        let too_long =
            matches!((after, self.opening.max_delay), (Some(after), Some(most)) if after > most);
        self.repeats() && f64::from(self.attempts) < self.opening.max_attempts && !too_long
    }

    /// At least the reconnection time, as the standard wants it, and at random up to twice that, four times, eight times.
    fn delay(&mut self) -> f64 {
        let asked = self
            .frames
            .retry()
            .map_or(RECONNECTION_TIME, |retry| (retry as f64).max(MIN_DELAY));
        let limit = self.opening.max_delay.unwrap_or(MAX_DELAY.max(asked));
        let limit = limit.min(LONGEST_TIMER);
        let doubled = asked * 2f64.powi(self.attempts.min(32) as i32);
        let least = asked.min(limit);
        least + self.chance.next() * (doubled.min(limit) - least).max(0.0)
    }

    fn refused(&mut self, now: Now) -> Result<Next, Error> {
        match self.refusal.take() {
            Some(refusal) => Err(self.failed(refusal.error(now))),
            None => Ok(Next::Done),
        }
    }

    fn failed(&self, mut error: Error) -> Error {
        // whoever sends something may have been heard
        error.retryable &= self.repeats() || error.status == Some(429);
        error.seal(&self.secrets);
        error
    }
}

impl Operation for Open {
    fn space(&mut self, at_least: usize) -> &mut [u8] {
        match &mut self.refusal {
            Some(refusal) => refusal.space(at_least),
            None => self.frames.space(at_least),
        }
    }

    fn step(&mut self, now: Now, happened: Happened, sink: &mut dyn Sink) -> Result<Next, Error> {
        match happened {
            Happened::Begin | Happened::Waited | Happened::Resumed => Ok(Next::Send),
            Happened::Head(head) => self.head(now, head),
            Happened::Bytes(count) => self.bytes(now, count, sink),
            Happened::End => self.end(now, sink),
            Happened::Failed(failure) => self.broken(now, failure),
            // of a socket, which this has not
            Happened::Opened | Happened::Heard(_) | Happened::Closed => Ok(Next::Read),
        }
    }

    fn written(&mut self, written: Written<'_>) -> bool {
        self.secrets = secrets(written);
        self.has_accept = written.headers.iter().any(|(name, _)| name == "accept");
        let harmless = |(name, _): &(String, String)| HARMLESS.contains(&name.as_str());
        reads(written.method) && written.headers.iter().all(harmless)
    }

    fn reveals(&self, text: &str) -> bool {
        let mut secrets = self.secrets.iter().filter(|secret| secret.len() >= 4);
        secrets.any(|secret| contains(text, secret))
    }

    fn request(&mut self, _: Option<&str>) -> Result<Request, Error> {
        let mut besides = Request::new(Method::Get, String::new());
        if !self.has_accept {
            besides.header("accept", "text/event-stream");
        }
        let id = self.frames.last_event_id();
        if !id.is_empty() {
            // A header is a string of bytes, and of an id those of its UTF-8: the platform takes each as one character.
            let bytes: String = id.bytes().map(char::from).collect();
            besides.header("last-event-id", &bytes);
        }
        Ok(besides)
    }

    fn patience(&self) -> Patience {
        let idle = match self.refusal {
            Some(_) => self.opening.idle_timeout.min(REFUSAL_TIME),
            None => self.opening.idle_timeout,
        };
        Patience {
            head: self.opening.idle_timeout,
            idle,
        }
    }
}

/// Whether a request changes nothing, so that it may be made again, or elsewhere.
fn reads(method: &str) -> bool {
    method.eq_ignore_ascii_case("GET") || method.eq_ignore_ascii_case("HEAD")
}

/// What of a request no error may repeat: pages open streams with the key in the address.
fn secrets(written: Written<'_>) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in written.headers {
        if http::is_secret(name) {
            // "Bearer abc"
            secrets.extend(value.split_once(' ').map(|(_, bare)| bare.to_owned()));
            secrets.push(value.clone());
        }
    }
    let (address, query) = written.url.split_once('?').unwrap_or((written.url, ""));
    let query = query.split('#').next().unwrap_or_default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if http::is_secret(&name.to_ascii_lowercase()) {
            secrets.extend(http::percent_decoded(value));
            secrets.push(value.to_owned());
        }
    }
    let authority = address.split('/').nth(2).unwrap_or_default();
    if let Some((_, password)) = authority
        .split_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    {
        secrets.push(password.to_owned());
    }
    secrets
}
