//! What a rule is: a fault, and the requests that it hits. In: a request, and what it is for. Out: whether it matches. How
//! often it then hits is counted elsewhere.

use crate::dialect::{Dialect, Meant, Operation};
use crate::http::Request;
use serde::{Deserialize, Serialize};

/// What goes wrong, and the seed of its chances.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// The seed of chances, and of all numbers that a rule leaves open; the sandbox's own where there is none.
    pub seed: Option<u64>,
    /// All that hit a request are applied, one after another.
    pub rules: Vec<Rule>,
}

/// One fault, and the requests that it hits: those for which everything that is named holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Whose wire the request speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Dialect>,
    /// What it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Its method. Without one, no preflight is hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its path without the query; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The session that its path names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Of the requests that all of the above match: each with this probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// Only this one, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// This one and those after it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// So many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Rule {
    /// The fault, for every request.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            backend: None,
            operation: None,
            method: None,
            path: None,
            session: None,
            chance: None,
            nth: None,
            from: None,
            times: None,
            fault,
        }
    }
}

/// How the lines of a stream end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Newline {
    /// `\r\n`.
    Crlf,
    /// `\r`.
    Cr,
}

/// What goes wrong. Bytes count in a body from 0, frames from 1; what is left open is drawn by the seed.
///
/// `taken` tells whether the server did what the request asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase")]
pub enum Fault {
    /// The connection is reset, and nothing was done.
    Refuse {
        /// When, in milliseconds.
        #[serde(default, rename = "after")]
        after_ms: f64,
    },
    /// Everything was done, and the connection is reset before the head.
    Lose {
        /// When, in milliseconds; else when the head would have come.
        #[serde(default, rename = "after", skip_serializing_if = "Option::is_none")]
        after_ms: Option<f64>,
    },
    /// No head ever comes, and the connection stays open.
    Hang {
        /// Whether the request was taken.
        #[serde(default = "yes")]
        taken: bool,
    },
    /// Another answer: this status and `Retry-After`.
    Status {
        /// 400 to 599.
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            rename = "retryAfter"
        )]
        retry_after: Option<u32>,
        /// Whether that is told as a date.
        #[serde(default)]
        date: bool,
        /// Whether the request was taken.
        #[serde(default)]
        taken: bool,
    },
    /// Another answer: a page.
    Html {
        /// 200 to 599.
        #[serde(default = "fine")]
        status: u16,
        /// Whether the request was taken.
        #[serde(default)]
        taken: bool,
    },
    /// So many bytes of the body come, then nothing more, and the connection stays open.
    Stall {
        /// How many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// So many bytes of the body come, then the connection is closed.
    Cut {
        /// How many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// Whether it ends as if that were all.
        #[serde(default)]
        clean: bool,
    },
    /// The body comes in small pieces with a pause before each.
    Drip {
        /// How large each is.
        #[serde(default = "one")]
        bytes: u64,
        /// How long the pause is, in milliseconds.
        #[serde(rename = "every")]
        every_ms: f64,
    },
    /// A frame of a stream comes twice.
    Duplicate {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frame: Option<u64>,
    },
    /// A frame of a stream comes only after the next one.
    Reorder {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frame: Option<u64>,
    },
    /// The lines of a stream end otherwise.
    Newline {
        /// How.
        newline: Newline,
    },
    /// A byte order mark stands before the body.
    Bom,
    /// Every character of several bytes is cut in two, with a pause between the halves.
    Split {
        /// How long, in milliseconds.
        #[serde(default = "moment", rename = "pause")]
        pause_ms: f64,
    },
    /// The history differs from what was said.
    Store {
        /// Whether the message is stored; as the server does it where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<bool>,
        /// Whether its answer is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<bool>,
    },
    /// The server's clock is wrong for this request and for what comes of it.
    Skew {
        /// By so many milliseconds; negative where it is slow.
        ms: f64,
        /// It jumps: by up to so many milliseconds more or less each time.
        #[serde(default, rename = "jitter")]
        jitter_ms: f64,
    },
}

fn yes() -> bool {
    true
}

fn fine() -> u16 {
    200
}

fn one() -> u64 {
    1
}

fn moment() -> f64 {
    5.0
}

impl Fault {
    /// Whether it takes the place of the whole answer, so that a request can meet only one of them.
    pub(super) fn is_whole(&self) -> bool {
        matches!(
            self,
            Self::Refuse { .. }
                | Self::Lose { .. }
                | Self::Hang { .. }
                | Self::Status { .. }
                | Self::Html { .. }
        )
    }

    /// Whether the request never reaches its dialect.
    pub(super) fn keeps_out(&self) -> bool {
        match self {
            Self::Refuse { .. } => true,
            Self::Hang { taken } | Self::Status { taken, .. } | Self::Html { taken, .. } => !taken,
            _ => false,
        }
    }
}

impl Rule {
    pub(super) fn matches(&self, request: &Request, meant: &Meant) -> bool {
        // A browser asks by itself, and the counts are about what a program asks.
        let method = match &self.method {
            Some(method) => method.eq_ignore_ascii_case(&request.method),
            None => request.method != "OPTIONS",
        };
        method
            && self.backend.is_none_or(|backend| backend == meant.dialect)
            && self
                .operation
                .is_none_or(|operation| meant.operation == Some(operation))
            && (self.session.is_none() || self.session == meant.session)
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| fits(pattern, request.path()))
    }
}

/// Whether a path is as the pattern says, in which `*` stands for anything.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == path;
    };
    let Some(mut rest) = path.strip_prefix(before) else {
        return false;
    };
    let mut parts = after.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place is the best one: what follows can only gain.
        match rest.split_once(part) {
            Some((_, left)) => rest = left,
            None => return false,
        }
    }
    true
}
