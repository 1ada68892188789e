//! What one request met. In: the faults that hit it. Out: an answer in the dialect's place, or the dialect's answer changed,
//! and what the dialect is to keep. What is done to the bytes of an answer is `shape`'s.

use super::rule::Fault;
use super::{probability, shape};
use crate::clock::http_date;
use crate::http::{End, Piece, Response};

/// What a dialect is to do otherwise than usual while it handles one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bookkeeping {
    /// Whether the user's message is stored.
    pub message: bool,
    /// Whether the agent's answer is; as the server does it where nothing is said.
    pub answer: Option<bool>,
    /// How far the server's clock is from the real time.
    pub skew_ms: f64,
}

impl Default for Bookkeeping {
    fn default() -> Self {
        Self {
            message: true,
            answer: None,
            skew_ms: 0.0,
        }
    }
}

/// The faults that one request met.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Met {
    pub(super) hits: Vec<Hit>,
    pub(super) latency_ms: f64,
    pub(super) now: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub fault: Fault,
    /// What decides all that the rule leaves open.
    pub drawn: u64,
}

impl Met {
    /// Whether nothing was met.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.hits.is_empty()
    }

    /// The whole answer to a request that its dialect does not get to see. `headers` are what every answer has.
    #[must_use]
    pub fn instead(&self, headers: Vec<(String, String)>) -> Option<Response> {
        let hit = self.hits.iter().find(|hit| hit.fault.keeps_out())?;
        let promised = Response {
            headers,
            after_ms: self.latency_ms,
            end_after_ms: self.latency_ms,
            ..headless(End::Reset, self.latency_ms, None)
        };
        Some(match &hit.fault {
            Fault::Refuse { after_ms } => headless(End::Reset, *after_ms, None),
            other => self.whole(other, promised),
        })
    }

    pub(crate) fn bookkeeping(&self) -> Bookkeeping {
        let mut book = Bookkeeping::default();
        for Hit { fault, drawn } in &self.hits {
            match fault {
                Fault::Store { message, answer } => {
                    book.message = message.unwrap_or(book.message);
                    book.answer = answer.or(book.answer);
                }
                Fault::Skew { ms, jitter_ms } => {
                    let jump = (2.0 * probability(*drawn) - 1.0) * jitter_ms;
                    book.skew_ms += (ms + jump).round();
                }
                _ => {}
            }
        }
        book
    }

    /// Changes the answer that a dialect gave. What was drawn for it holds for what it may yet turn into.
    #[must_use]
    pub fn shape(&mut self, response: Response) -> Response {
        let mut hits = std::mem::take(&mut self.hits);
        let mut response = response;
        for Hit { fault, drawn } in &mut hits {
            response = match fault {
                Fault::Lose { after_ms } => {
                    let after_ms = after_ms.unwrap_or(response.after_ms);
                    headless(End::Reset, after_ms, response.turn)
                }
                Fault::Hang { taken: true }
                | Fault::Status { taken: true, .. }
                | Fault::Html { taken: true, .. } => self.whole(fault, response),
                _ if !response.has_head() || response.body.is_empty() => response,
                Fault::Stall { at } => {
                    let at = *at.get_or_insert_with(|| shape::byte(&response, *drawn));
                    shape::stall(response, at)
                }
                Fault::Cut { at, clean } => {
                    let at = *at.get_or_insert_with(|| shape::byte(&response, *drawn));
                    shape::cut(response, at, *clean)
                }
                Fault::Drip { bytes, every_ms } => shape::drip(response, *bytes, *every_ms),
                Fault::Duplicate { frame } => {
                    let frame = *frame.get_or_insert_with(|| shape::frame(&response, *drawn, 0));
                    shape::duplicate(response, frame)
                }
                Fault::Reorder { frame } => {
                    let frame = *frame.get_or_insert_with(|| shape::frame(&response, *drawn, 1));
                    shape::reorder(response, frame)
                }
                Fault::Newline { newline } => shape::newlines(response, *newline),
                Fault::Bom => shape::bom(response),
                Fault::Split { pause_ms } => shape::split(response, *pause_ms),
                Fault::Refuse { .. }
                | Fault::Hang { .. }
                | Fault::Status { .. }
                | Fault::Html { .. }
                | Fault::Store { .. }
                | Fault::Skew { .. } => response,
            };
        }
        self.hits = hits;
        response
    }

    /// What takes the place of a whole answer, when that would have come.
    fn whole(&self, fault: &Fault, promised: Response) -> Response {
        let (status, kind, text) = match fault {
            Fault::Status { status, .. } => (*status, "text/plain", said(*status).to_owned()),
            Fault::Html { status, .. } => (*status, "text/html; charset=utf-8", PAGE.to_owned()),
            _ => return headless(End::Never, promised.after_ms, promised.turn),
        };
        // Without these a page of another origin could not read it.
        let mut headers = promised.headers;
        headers.retain(|(name, _)| name.starts_with("access-control-") || name == "vary");
        headers.push(("content-type".into(), kind.into()));
        headers.push(("content-length".into(), text.len().to_string()));
        if let Fault::Status {
            retry_after: Some(seconds),
            date,
            ..
        } = fault
        {
            let value = if *date {
                let now = self.now + promised.after_ms + self.bookkeeping().skew_ms;
                http_date(now + f64::from(*seconds) * 1000.0)
            } else {
                seconds.to_string()
            };
            headers.push(("retry-after".into(), value));
        }
        let after_ms = promised.after_ms;
        Response {
            status,
            headers,
            after_ms,
            body: vec![Piece {
                after_ms,
                bytes: text.into_bytes(),
            }],
            end: End::Clean,
            end_after_ms: after_ms,
            turn: promised.turn,
        }
    }
}

const PAGE: &str =
    "<!DOCTYPE html><html><head><title>One moment</title></head><body>Please wait</body></html>";

fn said(status: u16) -> &'static str {
    match status {
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "A fault of the sandbox",
    }
}

fn headless(end: End, after_ms: f64, turn: Option<u64>) -> Response {
    Response {
        status: 0,
        headers: Vec::new(),
        after_ms,
        body: Vec::new(),
        end,
        end_after_ms: after_ms,
        turn,
    }
}
