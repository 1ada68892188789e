//! What stands between a page's client and a server, so that the page needs no key. In: the heads of requests and
//! answers, and bodies where a decision hangs on them. Out: what to ask the server instead, and what to answer. It does
//! no I/O, knows no clock and no JavaScript; fetching, waiting and the caller's own functions are left to
//! `pkg-template/gateway.js`.
//!
//! - [`asked`] reads what is asked for, by the table from which the backend's client makes its requests
//! - [`passage`] leads one request through
//! - [`relay`] is the body of an answer on its way
//! - [`limits`] counts requests
//! - [`answer`] is what the gateway says by itself

pub mod answer;
pub mod asked;
pub mod limits;
pub mod passage;
pub mod relay;

use std::cell::RefCell;
use std::rc::Rc;

use crate::backend;
use crate::backend::route::Table;
use crate::error::{Error, ErrorKind};
use crate::http;
use crate::model::Backend;
use crate::settings::{self, Settings};
use answer::{Answer, Refusal};
use asked::Asked;
use limits::Limits;
use passage::Passage;

/// Milliseconds to the head of an answer. A page's client waits for 60 seconds: it shall hear what is wrong before that.
const TIMEOUT: f64 = 30_000.0;
/// The same where the agent has to finish first: Meibel's servers take five minutes for that.
const PATIENCE: f64 = 310_000.0;
/// Milliseconds without a byte of an answer. The page's client does not see this silence, because of the heartbeat.
const IDLE_TIMEOUT: f64 = 120_000.0;
const HEARTBEAT: f64 = 15_000.0;
const MAX_BODY_BYTES: f64 = 16_777_216.0;
/// How long a preflight holds, in seconds.
const MAX_AGE: &str = "600";

/// What `createGateway` was given, as far as it is decided here.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// which family of servers
    pub backend: Option<Backend>,
    /// where the server is
    pub base_url: Option<String>,
    /// Agent Cloud's resource slug
    pub team: Option<String>,
    /// where the gateway is mounted
    pub path: Option<String>,
    /// the origins of other pages that it serves
    pub allow_origins: Vec<String>,
    /// milliseconds
    pub timeout: Option<f64>,
    /// milliseconds
    pub idle_timeout: Option<f64>,
    /// milliseconds
    pub heartbeat: Option<f64>,
    /// bytes
    pub max_body_bytes: Option<f64>,
    /// requests of one client
    pub requests_per_minute: Option<f64>,
}

/// A gateway in front of one server.
pub struct Gateway {
    settings: Settings,
    table: &'static Table,
    /// without a slash at its end
    path: String,
    allow_origins: Vec<String>,
    heartbeat: f64,
    limits: Option<RefCell<Limits>>,
    /// the team that the server's account works in, once the server said so
    team: RefCell<Option<String>>,
}

/// An incoming request's head.
pub struct Incoming<'a> {
    /// in the platform's spelling
    pub method: &'a str,
    /// the whole address
    pub url: &'a str,
    /// gives a header by its name in lower case
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

impl Gateway {
    /// Checks `options`.
    pub fn new(options: Options) -> Result<Gateway, Error> {
        let settings = Settings::new(settings::Options {
            backend: options.backend,
            base_url: options.base_url,
            team: options.team,
            timeout: Some(options.timeout.unwrap_or(TIMEOUT)),
            idle_timeout: Some(options.idle_timeout.unwrap_or(IDLE_TIMEOUT)),
            max_body_bytes: Some(options.max_body_bytes.unwrap_or(MAX_BODY_BYTES)),
            ..settings::Options::default()
        })?;
        for origin in &options.allow_origins {
            checked_origin(origin)?;
        }
        let per_minute = match options.requests_per_minute {
            None => None,
            given => Some(settings::whole("requestsPerMinute", given, 1.0, 1.0)?),
        };
        Ok(Gateway {
            table: backend::routes(settings.backend)
                .ok_or_else(|| config("this version of agentline lacks that backend".to_owned()))?,
            path: checked_path(options.path.as_deref().unwrap_or("/agent"))?,
            allow_origins: options.allow_origins,
            heartbeat: settings::milliseconds("heartbeat", options.heartbeat, HEARTBEAT)?,
            limits: per_minute.map(|most| RefCell::new(Limits::new(most))),
            team: RefCell::new(settings.team.clone()),
            settings,
        })
    }

    /// Milliseconds between the comments on a stream.
    pub fn heartbeat(&self) -> f64 {
        self.heartbeat
    }

    /// Milliseconds without a byte of an answer.
    pub fn idle_timeout(&self) -> f64 {
        self.settings.idle_timeout
    }

    /// How large the body of a request, or of an answer that is no stream, may be.
    pub fn max_body_bytes(&self) -> f64 {
        self.settings.max_body_bytes as f64
    }

    /// Counts a request by `client` at `now`, in milliseconds; the refusal, if it is one too many.
    pub fn admit(&self, client: &str, now: f64) -> Result<(), Refusal> {
        match &self.limits {
            Some(limits) => limits
                .borrow_mut()
                .admit(client, now)
                .map_err(Refusal::TooMany),
            None => Ok(()),
        }
    }

    /// What becomes of a request, by its head alone. Either way the headers that a page of another origin needs come
    /// with it.
    pub fn judge(self: &Rc<Self>, incoming: &Incoming<'_>) -> (Shared, Result<Passage, Answer>) {
        let Incoming {
            method,
            url,
            header,
        } = incoming;
        let (own, target) = split(url);
        let (shared, served) = self.shared(own, header);
        if !served {
            return (shared, Err(Refusal::Origin.into()));
        }
        if *method == "OPTIONS" && header("access-control-request-method").is_some() {
            return (shared, Err(preflight(header)));
        }
        let below = target.strip_prefix(self.path.as_str());
        let asked = below.and_then(|target| Asked::read(self.table, method, target));
        let judged = match asked {
            Some(asked) => Passage::new(self.clone(), asked, header),
            None => Err(Refusal::NoRoute),
        };
        (shared, judged.map_err(Answer::from))
    }

    /// The request by which a server tells which team the key's account works in.
    pub fn find_team(self: &Rc<Self>) -> Option<Passage> {
        let team = self.table.team.as_ref()?;
        Some(Passage::own(self.clone(), Asked::plain(team.route)))
    }

    /// Whether that has to be asked before anything else.
    pub fn lacks_team(&self) -> bool {
        self.table.team.is_some() && self.team.borrow().is_none()
    }

    /// What a page of another origin has to be told, and whether the one that asks is served at all. `own` is the origin
    /// that the gateway was reached at.
    fn shared(&self, own: &str, header: &dyn Fn(&str) -> Option<String>) -> (Shared, bool) {
        let mut shared = Shared(vec![("vary", "origin".to_owned())]);
        let served = match header("origin") {
            Some(origin) if origin == own => true,
            Some(origin) if self.allow_origins.contains(&origin) => {
                shared.0.push(("access-control-allow-origin", origin));
                let names = "retry-after, x-request-id, request-id".to_owned();
                shared.0.push(("access-control-expose-headers", names));
                true
            }
            Some(_) => false,
            // a browser that sends no origin, as with an image's request, says this instead
            None => !matches!(
                header("sec-fetch-site").as_deref(),
                Some("cross-site" | "same-site")
            ),
        };
        (shared, served)
    }
}

/// What every answer to a page of another origin has besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared(Vec<(&'static str, String)>);

impl Shared {
    /// The same answer as it leaves the gateway: kept by nobody on the way, collected by nobody to be compressed, and
    /// taken for what it says it is.
    pub fn complete(&self, answer: &mut Answer) {
        answer.header("cache-control", "no-store, no-transform");
        answer.header("x-content-type-options", "nosniff");
        for (name, value) in &self.0 {
            answer.header(name, value);
        }
    }
}

/// Origin, and path with query.
fn split(url: &str) -> (&str, &str) {
    let behind = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(behind..).unwrap_or_default();
    let end = behind + rest.find(['/', '?', '#']).unwrap_or(rest.len());
    url.split_at(end)
}

fn preflight(header: &dyn Fn(&str) -> Option<String>) -> Answer {
    let mut answer = Answer::empty(204);
    answer.header("access-control-allow-methods", "GET, POST, DELETE");
    answer.header("access-control-max-age", MAX_AGE);
    // the page's own ones too: `authorize` reads them, and none goes further
    let asked = header("access-control-request-headers").unwrap_or_default();
    let names = asked.split(',').map(str::trim);
    let names: Vec<&str> = names
        .filter(|name| http::checked_header(name, "").is_ok())
        .collect();
    if !names.is_empty() {
        answer.header("access-control-allow-headers", &names.join(", "));
    }
    answer
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// An origin as a browser writes it: another spelling would never be met.
fn checked_origin(origin: &str) -> Result<(), Error> {
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    let part = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' | b'[' | b']');
    let usual = |host: &str| host.ends_with(":443") || host.ends_with(":80");
    match host {
        Some(host) if !host.is_empty() && host.bytes().all(part) && !usual(host) => Ok(()),
        _ => Err(config(format!(
            "`allowOrigins` holds \"{origin}\", and an origin is written like \"https://app.example\": in lower case, \
             with its port only where it is not the usual one, and nothing behind it"
        ))),
    }
}

/// A path without a slash at its end.
fn checked_path(path: &str) -> Result<String, Error> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |part: &str| {
        let byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !matches!(part, "" | "." | "..") && part.bytes().all(byte)
    };
    let fits = path.is_empty()
        || path
            .strip_prefix('/')
            .is_some_and(|parts| parts.split('/').all(plain));
    match fits {
        true => Ok(path.to_owned()),
        false => Err(config(format!(
            "`path` is \"{path}\", and it must be written like \"/agent\""
        ))),
    }
}
