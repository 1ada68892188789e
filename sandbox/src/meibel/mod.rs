//! The Meibel dialect: the sessions and the chat of Meibel AI's API version 2 below `/v2`.
//!
//! In: a request and the time. Out: a response. This file holds the way of a request through the framework, which is
//! FastAPI's, in its order (route, method, body, key, values), and the routes; a message is `turn`'s, a stream `stream`'s.
//!
//! No live server was asked: where the documents are silent, the framework's own behaviour was taken, as a FastAPI server
//! with the documented models was seen to behave; what even that cannot tell is marked where it is decided.

mod answer;
mod failure;
mod form;
mod pydantic;
mod route;
mod script;
mod session;
mod stream;
pub mod switches;
mod turn;

use crate::Common;
use crate::dialect::Operation;
use crate::fault::Bookkeeping;
use crate::http::{End, Piece, Request, Response};
use crate::json;
use crate::random::Random;
use failure::{Body, Failure};
use form::Field;
use pydantic::{Check, Issue};
use route::{Found, Route};
use serde_json::{Map, Value, json};
use session::Session;
use switches::{BodyForm, Ending, Instead, Switches};
use turn::Turn;

/// The one agent.
pub const AGENT_ID: &str = "agent_sandbox";
/// The name under which it is published.
pub const AGENT_NAME: &str = "sandbox-agent";

/// The default `limit` of a list. No contract names it.
const PAGE: f64 = 50.0;
const RATE_WINDOW: f64 = 60_000.0;

/// What only this dialect can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What is different about all answers; a message may begin with more.
    pub switches: Switches,
    /// What a missing key is answered with: 401, or 403 as older servers of this framework do.
    pub missing_key: u16,
    /// Requests in a minute before the answer is 429.
    pub rate_limit: Option<u32>,
    /// Whether a list's `total`, `offset` and `limit` stand in an object of their own, as in Meibel's other lists.
    pub nested_lists: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            switches: Switches::default(),
            missing_key: 401,
            rate_limit: None,
            nested_lists: false,
        }
    }
}

/// One Meibel server.
#[derive(Debug)]
pub(crate) struct Meibel {
    common: Common,
    options: Options,
    random: Random,
    /// In the order of their creation.
    sessions: Vec<Session>,
    rate_window_began: f64,
    requests_in_window: u32,
    /// What the request that is being handled met.
    book: Bookkeeping,
}

/// What a request asks for, and of which session.
pub(crate) fn meant(method: &str, path: &str) -> Option<(Operation, Option<String>)> {
    let Found::Route(route) = route::find(path) else {
        return None;
    };
    Some(match (method, route) {
        ("POST", Route::Sessions(_) | Route::SessionsByName(_)) => (Operation::CreateSession, None),
        ("GET", Route::Sessions(_)) => (Operation::ListSessions, None),
        ("GET", Route::Session(id)) => (Operation::GetSession, Some(id)),
        ("GET", Route::Messages(id)) => (Operation::GetMessages, Some(id)),
        ("POST", Route::Chat(id) | Route::Stream(id)) => (Operation::SendMessage, Some(id)),
        _ => return None,
    })
}

impl Meibel {
    pub fn new(common: Common, options: Options) -> Self {
        Self {
            random: Random::new(common.seed),
            common,
            options,
            sessions: Vec::new(),
            rate_window_began: f64::NEG_INFINITY,
            requests_in_window: 0,
            book: Bookkeeping::default(),
        }
    }

    pub fn handle(&mut self, request: &Request, now: f64, book: Bookkeeping) -> Response {
        let now = now.floor();
        self.book = book;
        let mut response = match self.answer(request, now) {
            Ok(response) => response,
            Err(failure) => self.failed(&failure),
        };
        if response.end == End::Unanswered {
            response.body.clear();
            response.end_after_ms = response.after_ms;
        }
        if request.method == "HEAD" {
            response.body.clear();
        }
        response
    }

    fn answer(&mut self, request: &Request, now: f64) -> Result<Response, Failure> {
        let route = match route::find(request.path()) {
            Found::Route(route) => route,
            Found::WithoutSlash => return Err(without_slash(request)),
            Found::Nothing => return Err(Failure::new(404, "Not Found")),
        };
        let allowed: &[&str] = match route {
            Route::Sessions(_) => &["POST", "GET"],
            Route::SessionsByName(_) | Route::Chat(_) | Route::Stream(_) => &["POST"],
            Route::Session(_) | Route::Messages(_) => &["GET"],
        };
        if !allowed.contains(&request.method.as_str()) {
            // The framework names the methods of the first route that has this path, and no route takes HEAD or OPTIONS.
            let first = allowed.first().copied().unwrap_or("");
            return Err(Failure::new(405, "Method Not Allowed").with_header("allow", first));
        }
        // A body that cannot be read is refused before anybody asks for the key.
        let json = match route {
            Route::Sessions(_) | Route::SessionsByName(_) | Route::Chat(_)
                if request.method == "POST" =>
            {
                json_body(request)?
            }
            _ => None,
        };
        let form = match route {
            Route::Stream(_) => {
                form::read(request.header("content-type").unwrap_or(""), &request.body)?
            }
            _ => form::Form::new(),
        };
        self.check_key(request)?;
        self.count_request(now, &request.path_and_query)?;
        if let Some(status) = self.options.switches.fail {
            let switches = &self.options.switches;
            return Err(Failure::asked_for(
                status,
                switches,
                now,
                &request.path_and_query,
            ));
        }
        match route {
            Route::Sessions(_) if request.method == "GET" => {
                self.list(now, &route, request.query())
            }
            Route::Sessions(_) | Route::SessionsByName(_) => self.create(now, &route, json),
            Route::Session(id) => Ok(self.fine(&self.session(now, &id)?.details(now))),
            Route::Messages(id) => Ok(self.fine(&self.session(now, &id)?.messages(now))),
            Route::Chat(id) => {
                let message = turn::message_of_json(json.as_ref())?;
                let turn = self.take(now, &id, message, &request.path_and_query)?;
                self.synchronous(&turn)
            }
            Route::Stream(id) => {
                let message = turn::message_of_form(form)?;
                let turn = self.take(now, &id, message, &request.path_and_query)?;
                match turn.switches.instead {
                    Instead::Stream => Ok(stream::stream(&turn, self.common.latency_ms)),
                    Instead::Json | Instead::Html => self.synchronous(&turn),
                }
            }
        }
    }

    fn check_key(&self, request: &Request) -> Result<(), Failure> {
        if self.common.keys.is_empty() {
            return Ok(());
        }
        match request
            .header("meibel-api-key")
            .filter(|key| !key.is_empty())
        {
            None => Err(Failure::new(self.options.missing_key, "Not authenticated")
                .with_header("www-authenticate", "APIKey")),
            Some(key) if self.common.keys.iter().any(|known| known == key) => Ok(()),
            Some(_) => Err(Failure::new(401, "Invalid API key")),
        }
    }

    fn count_request(&mut self, now: f64, path_and_query: &str) -> Result<(), Failure> {
        let Some(limit) = self.options.rate_limit else {
            return Ok(());
        };
        if now - self.rate_window_began >= RATE_WINDOW {
            self.rate_window_began = now;
            self.requests_in_window = 0;
        }
        self.requests_in_window = self.requests_in_window.saturating_add(1);
        if self.requests_in_window <= limit {
            return Ok(());
        }
        let left = (self.rate_window_began + RATE_WINDOW - now) / 1000.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let switches = Switches {
            retry_after: left.ceil() as u32,
            ..self.options.switches.clone()
        };
        Err(Failure::asked_for(429, &switches, now, path_and_query))
    }

    fn session(&self, now: f64, id: &str) -> Result<&Session, Failure> {
        self.sessions
            .iter()
            .find(|session| session.id == id && session.started_at <= now)
            .ok_or_else(|| Failure::not_found("Session"))
    }

    fn create(
        &mut self,
        now: f64,
        route: &Route,
        body: Option<Value>,
    ) -> Result<Response, Failure> {
        let created = body
            .filter(|body| !body.is_null())
            .unwrap_or_else(|| json!({}));
        checked_creation(&created)?;
        match route {
            Route::SessionsByName(name) if name != AGENT_NAME => {
                return Err(Failure::not_found(&format!(
                    "Published version of agent '{name}'"
                )));
            }
            Route::Sessions(id) if id != AGENT_ID => return Err(Failure::not_found("Agent")),
            _ => {}
        }
        let id = format!("sess_{}", self.random.uuid().replace('-', ""));
        self.sessions
            .push(Session::new(id.clone(), now, self.book.skew_ms, created));
        Ok(self.fine(&json!({"session_id": id})))
    }

    fn list(&self, now: f64, route: &Route, query: &str) -> Result<Response, Failure> {
        let query = form::urlencoded(query);
        let value = |name: &str| {
            let field = query.iter().rev().find(|(key, _)| key == name);
            field.and_then(|(_, field)| match field {
                Field::Text(text) => Some(Value::from(text.as_str())),
                Field::File(_) => None,
            })
        };
        let mut check = Check::default();
        let mut number = |name: &str, least| {
            check.optional(&["query", name], value(name).as_ref(), |loc, value| {
                pydantic::integer_from(least, loc, value)
            })
        };
        let (offset, limit) = (number("offset", 0), number("limit", 1));
        let mut word = |name: &str, first, second| {
            check.optional(&["query", name], value(name).as_ref(), |loc, value| {
                pydantic::one_of(loc, value, first, second)
            })
        };
        let sort_by = word("sort_by", "start_time", "status");
        let ascends = word("sort_order", "asc", "desc").as_deref() == Some("asc");
        check.finish()?;
        if matches!(route, Route::Sessions(id) if id != AGENT_ID) {
            return Err(Failure::not_found("Agent"));
        }
        let wanted = value("status");
        let mut found: Vec<&Session> = self
            .sessions
            .iter()
            .filter(|session| {
                let status = session.status(now).0;
                wanted.as_ref().is_none_or(|wanted| wanted == status)
            })
            .collect();
        // Stable, and newest first where nothing else decides.
        found.sort_by(|one, other| match sort_by.as_deref() {
            Some("status") => one.status(now).0.cmp(other.status(now).0),
            _ => one.started_at.total_cmp(&other.started_at),
        });
        if !ascends {
            found.reverse();
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (skip, most) = (
            offset.unwrap_or(0.0) as usize,
            limit.unwrap_or(PAGE) as usize,
        );
        let page = found.iter().skip(skip).take(most);
        let data: Vec<Value> = page.map(|session| session.summary(now)).collect();
        let whole = |number: f64| {
            json::number(number)
                .as_f64()
                .map(|number| json!(number as u64))
        };
        let numbers = json!({
            "total": found.len(), "offset": whole(offset.unwrap_or(0.0)), "limit": limit.and_then(whole),
        });
        let mut answer = Map::new();
        answer.insert("data".into(), Value::Array(data));
        match numbers {
            Value::Object(numbers) if !self.options.nested_lists => answer.extend(numbers),
            numbers => {
                answer.insert("pagination".into(), numbers);
            }
        }
        Ok(self.fine(&Value::Object(answer)))
    }

    /// The answer to `/chat`, and what a stream is answered with that is none.
    fn synchronous(&self, turn: &Turn) -> Result<Response, Failure> {
        // No contract names what comes when `timeout_seconds` run out; a gateway that waits says 504.
        if let Some(after) = turn.given_up_after {
            return Err(Failure::new(504, turn.gave_up())
                .in_form(turn.switches.body)
                .at(after));
        }
        if let script::Outcome::Failed(reason) = &turn.script.outcome {
            return Err(Failure::new(500, format!("Workflow failed: {reason}"))
                .in_form(turn.switches.body)
                .at(turn.ends_after));
        }
        let body = match turn.switches.instead {
            Instead::Html => (
                "text/html; charset=utf-8",
                "<html><body>Hello</body></html>".into(),
            ),
            Instead::Stream | Instead::Json => {
                ("application/json", answer::synchronous(turn).to_string())
            }
        };
        let mut response = whole(200, body, turn.ends_after);
        match turn.switches.end {
            Ending::Cut => {
                response.end = End::Cut;
                for piece in &mut response.body {
                    piece.bytes.truncate((piece.bytes.len() / 2).max(1));
                }
            }
            Ending::Unanswered => response.end = End::Unanswered,
            Ending::Whole | Ending::Short | Ending::Late | Ending::Unfinished => {}
        }
        Ok(response)
    }

    fn fine(&self, value: &Value) -> Response {
        let body = ("application/json", value.to_string());
        whole(200, body, self.common.latency_ms)
    }

    fn failed(&self, failure: &Failure) -> Response {
        let form = match failure.form() {
            BodyForm::Natural => self.options.switches.body,
            form => form,
        };
        let after_ms = failure.after_ms.max(self.common.latency_ms);
        let mut response = match failure.body(form) {
            Some(body) => whole(failure.status, body, after_ms),
            None => {
                let mut empty = whole(failure.status, ("", String::new()), after_ms);
                empty.headers.retain(|(name, _)| name == "content-length");
                empty
            }
        };
        response.headers.extend_from_slice(failure.headers());
        response
    }
}

fn whole(status: u16, (content_type, text): Body, after_ms: f64) -> Response {
    let body = Piece {
        after_ms,
        bytes: text.into_bytes(),
    };
    Response {
        status,
        headers: vec![
            ("content-length".into(), body.bytes.len().to_string()),
            ("content-type".into(), content_type.to_owned()),
        ],
        after_ms,
        body: if body.bytes.is_empty() {
            Vec::new()
        } else {
            vec![body]
        },
        end: End::Clean,
        end_after_ms: after_ms,
        turn: None,
    }
}

fn without_slash(request: &Request) -> Failure {
    let host = request.header("host").unwrap_or("sandbox.invalid");
    let path = request.path().trim_end_matches('/');
    let query = match request.query() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    Failure::new(307, "").with_header("location", &format!("http://{host}{path}{query}"))
}

/// The body as FastAPI hands it on: parsed where its type says that it is JSON, else its text.
fn json_body(request: &Request) -> Result<Option<Value>, Failure> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let content_type = request.header("content-type").unwrap_or("");
    let (kind, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    let kind = kind.trim().to_ascii_lowercase();
    let is_json =
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    let Ok(text) = std::str::from_utf8(&request.body) else {
        return Err(Failure::new(400, "There was an error parsing the body"));
    };
    if !is_json {
        return Ok(Some(text.into()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map(Some).map_err(|error| {
        let said = error.to_string();
        if said.starts_with("recursion limit") {
            return Failure::new(400, "There was an error parsing the body");
        }
        // Half a surrogate pair, or a number beyond all floats: Python reads it and then cannot write it.
        if json::read(text.as_bytes()).is_ok() || said.starts_with("number out of range") {
            return Failure::new(500, "Internal Server Error");
        }
        Failure::invalid(vec![invalid_json(text, &error)])
    })
}

/// Python's words for the most common mistakes, and where they are.
fn invalid_json(text: &str, error: &serde_json::Error) -> Issue {
    let said = error.to_string();
    let begins = |with: &str| said.starts_with(with);
    let what = match () {
        () if begins("trailing characters") => "Extra data",
        () if begins("key must be")
            || begins("trailing comma")
            || begins("EOF while parsing an object") =>
        {
            "Expecting property name enclosed in double quotes"
        }
        () if begins("EOF while parsing a string") => "Unterminated string starting at",
        () if begins("control character") => "Invalid control character at",
        () if begins("expected `,`") => "Expecting ',' delimiter",
        () if begins("expected `:`") => "Expecting ':' delimiter",
        () if begins("invalid escape") => "Invalid \\escape",
        () => "Expecting value",
    };
    let before = text.split('\n').take(error.line().saturating_sub(1));
    let at = before.map(|line| line.chars().count() + 1).sum::<usize>()
        + error.column().saturating_sub(usize::from(!error.is_eof()));
    Issue::new("json_invalid", &["body"], "JSON decode error", &json!({}))
        .at_index(at)
        .with_context(json!({"error": what}))
}

/// The body's fields, where it has any.
fn fields(body: &Value) -> Result<&Map<String, Value>, Failure> {
    body.as_object().ok_or_else(|| {
        let what = "Input should be a valid dictionary or object to extract fields from";
        let issue = Issue::new("model_attributes_type", &["body"], what, body);
        Failure::invalid(vec![issue])
    })
}

/// `CreateSessionRequest`: the two integers may be absent, but not null.
fn checked_creation(body: &Value) -> Result<(), Failure> {
    let fields = fields(body)?;
    let mut check = Check::default();
    let field = |name: &str| fields.get(name);
    check.optional(&["body", "prompt"], field("prompt"), pydantic::string);
    check.optional(
        &["body", "initial_context"],
        field("initial_context"),
        pydantic::object,
    );
    for name in [
        "max_iterations_per_user_message",
        "message_wait_timeout_seconds",
    ] {
        if let Some(value) = field(name) {
            check.required(&["body", name], value, pydantic::integer);
        }
    }
    let policies = field("execution_policy_ids");
    check.optional(
        &["body", "execution_policy_ids"],
        policies,
        pydantic::strings,
    );
    let policy = field("execution_policy");
    check.optional(&["body", "execution_policy"], policy, pydantic::object);
    check.finish()
}
