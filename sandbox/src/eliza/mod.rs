//! The elizaOS 1.x sessions dialect: what comes in over `/api/messaging/sessions`, and what a server of 1.6.5, 1.7.0 or
//! 1.7.2 answers.
//!
//! In: a request and the time. Out: a response. This file holds the way through the server's middlewares (`express`) in
//! their order, and the routes; a message is `turn`'s, a page of the history `history`'s.
//!
//! A test control that the API lacks, as on the real fixture server: `POST /__fixture/messages` writes rows with chosen
//! stamps.

mod error;
mod express;
mod history;
mod markup;
mod model;
mod reply;
mod route;
mod session;
mod transport;
mod turn;

use crate::Common;
use crate::clock::iso;
use crate::dialect::Operation;
use crate::fault::Bookkeeping;
use crate::http::{Request, Response};
use crate::json::{self, field};
use crate::random::Random;
use error::Failure;
pub(crate) use express::{answer_json, cross_origin};
use express::{body, conditional, forbidden, preflight, refused_content_type, text};
use history::{Channels, Row, in_database_order};
use route::Route;
use serde_json::{Map, Value, json};
use session::{Limits, Session, Sessions, Timeout};
use std::collections::BTreeMap;
use turn::OpenTurn;

/// The one agent.
pub const AGENT_ID: &str = "11111111-2222-4333-8444-555555555555";
const AGENT_NAME: &str = "Scripted";

const RATE_WINDOW: f64 = 900_000.0;
const DEFAULT_RATE: u32 = 1000;

/// Whose wire is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// No transports: a flat message at once, the reply in the history.
    V1_6_5,
    /// `mode`, camelCase.
    V1_7_0,
    /// `transport`, snake_case; replies over `http` and `sse` are not stored.
    #[default]
    V1_7_2,
}

impl std::str::FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1.6.5" => Ok(Self::V1_6_5),
            "1.7.0" => Ok(Self::V1_7_0),
            "1.7.2" => Ok(Self::V1_7_2),
            _ => Err(format!(
                "the server version {text:?} is none of 1.6.5, 1.7.0 and 1.7.2"
            )),
        }
    }
}

/// What only this dialect can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which server is spoken.
    pub version: Version,
    /// Requests in 15 minutes before the answer is 429; none by default, though the headers are always there.
    pub rate_limit: Option<u32>,
    /// `SESSION_MIN_TIMEOUT_MINUTES`.
    pub least_timeout_minutes: f64,
    /// `server.timeout`: milliseconds without a byte after which a connection is closed.
    pub idle_limit_ms: f64,
    /// Whether the agent has the stock actions, so that an empty reply is one.
    pub stock_actions: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::default(),
            rate_limit: None,
            least_timeout_minutes: 5.0,
            idle_limit_ms: 30_000.0,
            stock_actions: false,
        }
    }
}

/// One elizaOS server.
#[derive(Debug)]
pub(crate) struct Eliza {
    common: Common,
    options: Options,
    random: Random,
    sessions: Sessions,
    channels: Channels,
    /// What each channel keeps about its session, as it was at the session's creation.
    channel_metadata: BTreeMap<String, Map<String, Value>>,
    /// Whether a channel's room on the bus is a direct conversation.
    direct_rooms: BTreeMap<String, bool>,
    open_turns: Vec<OpenTurn>,
    turns: u64,
    rate_window_began: f64,
    requests_in_window: u32,
    /// What the request that is being handled met.
    book: Bookkeeping,
}

/// What a request asks for, and of which session.
pub(crate) fn meant(method: &str, path: &str) -> Option<(Operation, Option<String>)> {
    let route = route::sessions(route::below_api(path)?).ok()??;
    Some(match (method, route) {
        ("POST", Route::Sessions) => (Operation::CreateSession, None),
        ("GET", Route::Sessions) => (Operation::ListSessions, None),
        ("GET", Route::Session(id)) => (Operation::GetSession, Some(id)),
        ("DELETE", Route::Session(id)) => (Operation::DeleteSession, Some(id)),
        ("POST", Route::Renew(id)) => (Operation::RenewSession, Some(id)),
        ("POST", Route::Messages(id)) => (Operation::SendMessage, Some(id)),
        ("GET", Route::Messages(id)) => (Operation::GetMessages, Some(id)),
        _ => return None,
    })
}

/// What the middlewares found out before the routes.
struct Call<'request> {
    request: &'request Request,
    now: f64,
    /// The parsed body; absent where there was none, or none of JSON.
    body: Option<Value>,
}

impl Eliza {
    pub fn new(common: Common, options: Options) -> Self {
        Self {
            random: Random::new(common.seed),
            common,
            options,
            sessions: Sessions::default(),
            channels: Channels::default(),
            channel_metadata: BTreeMap::new(),
            direct_rooms: BTreeMap::new(),
            open_turns: Vec::new(),
            turns: 0,
            rate_window_began: f64::NEG_INFINITY,
            requests_in_window: 0,
            book: Bookkeeping::default(),
        }
    }

    pub fn plan_ids(&mut self, ids: impl IntoIterator<Item = String>) {
        self.random.plan_ids(ids);
    }

    pub fn overtaken(&self, turn: u64) -> Option<&Response> {
        OpenTurn::current(&self.open_turns, turn)
    }

    /// What its clock says decides about stamps and about expiry; what happens, happens in real time.
    pub fn handle(&mut self, request: &Request, now: f64, book: Bookkeeping) -> Response {
        self.book = book;
        let now = now.floor() + book.skew_ms;
        self.sessions.sweep(self.real(now), book.skew_ms);
        let mut rate_headers = Vec::new();
        let mut response = self.answer(request, now, &mut rate_headers);
        let mut headers = cross_origin(request);
        headers.append(&mut rate_headers);
        if let Some(turn) = response.turn {
            OpenTurn::put_headers_first(&mut self.open_turns, turn, &headers);
        }
        headers.append(&mut response.headers);
        response.headers = headers;
        conditional(request, &mut response);
        if request.method == "HEAD" {
            response.body.clear();
        }
        response
    }

    fn answer(
        &mut self,
        request: &Request,
        now: f64,
        rate_headers: &mut Vec<(String, String)>,
    ) -> Response {
        let path = request.path();
        if request.method == "POST" && path == "/__fixture/messages" {
            return self.write_rows(&request.body);
        }
        if request.method == "OPTIONS" {
            return preflight();
        }
        let body = match body(request) {
            Ok(body) => body,
            Err(message) => return self.failed(&Failure::numbered(500, &message)),
        };
        let get = request.method == "GET" || request.method == "HEAD";
        match route::public(path) {
            Some(route::Public::Healthz) if get => {
                return self.fine(&json!({"status": "ok", "timestamp": iso(now)}));
            }
            Some(route::Public::Health) if get => {
                return self.fine(&json!({
                    "status": "OK", "version": "unknown", "timestamp": iso(now),
                    "dependencies": {"agents": "healthy"}, "agentCount": 1,
                }));
            }
            _ => {}
        }
        let Some(below_api) = route::below_api(path) else {
            return forbidden();
        };
        let key = request.header("x-api-key").unwrap_or("");
        if !self.common.keys.is_empty() && !self.common.keys.iter().any(|known| known == key) {
            return self.failed(&Failure::unauthorized());
        }
        if let Err(refused) = self.count_request(now, rate_headers) {
            return self.failed(&refused);
        }
        if refused_content_type(request) {
            return self.failed(&Failure::content_type());
        }
        let call = Call { request, now, body };
        match self.route(&call, below_api) {
            Ok(Some(response)) => response,
            Ok(None) if path.starts_with("/api/") => {
                self.failed(&Failure::numbered(404, "API endpoint not found"))
            }
            Ok(None) => forbidden(),
            Err(failure) => self.failed(&failure),
        }
    }

    fn route(&mut self, call: &Call, below_api: &str) -> Result<Option<Response>, Failure> {
        let now = call.now;
        let body = call.body.as_ref();
        let route =
            route::sessions(below_api).map_err(|message| Failure::internal(now, &message))?;
        let Some(route) = route else { return Ok(None) };
        let method = if call.request.method == "HEAD" {
            "GET"
        } else {
            &call.request.method
        };
        let value = match (method, &route) {
            ("GET", Route::Health) => self.sessions.health(now, self.real(now)),
            ("GET", Route::Sessions) => self.sessions.list(now),
            ("POST", Route::Sessions) => {
                let created = self.create(now, body)?;
                return Ok(Some(answer_json(201, &created, self.common.latency_ms)));
            }
            ("GET", Route::Session(id)) => self.sessions.alive(now, id)?.info(now),
            ("DELETE", Route::Session(id)) => {
                if !self.sessions.remove(id) {
                    return Err(Failure::session_not_found(now, id));
                }
                json!({"success": true, "message": format!("Session {id} deleted successfully")})
            }
            // `health` is only taken by GET; for any other method it is an id like all others.
            ("DELETE", Route::Health) => return Err(Failure::session_not_found(now, "health")),
            ("POST", Route::Messages(id)) => return self.send(now, id, body).map(Some),
            ("GET", Route::Messages(id)) => {
                let channel = self.sessions.alive(now, id)?.channel_id.clone();
                let query = route::query(call.request.query());
                self.channels.page(now, self.real(now), &channel, &query)?
            }
            ("POST", Route::Renew(id)) => {
                let session = self.sessions.alive(now, id)?;
                if !session.renew_by_hand(now) {
                    return Err(Failure::renewal(
                        now,
                        id,
                        session.timeout.max_duration,
                        session.created_at,
                    ));
                }
                session.info(now)
            }
            ("POST", Route::Heartbeat(id)) => {
                let session = self.sessions.alive(now, id)?;
                session.last_activity = now;
                session.renew(now);
                session.info(now)
            }
            ("PATCH", Route::Timeout(id)) => {
                let limits = self.limits();
                let session = self.sessions.alive(now, id)?;
                session.timeout = Timeout::changed(now, body, limits)?;
                session.reschedule(now);
                session.info(now)
            }
            _ => return Ok(None),
        };
        Ok(Some(self.fine(&value)))
    }

    /// The real time of what the server's clock says.
    fn real(&self, now: f64) -> f64 {
        now - self.book.skew_ms
    }

    fn limits(&self) -> Limits {
        Limits {
            least_timeout: self.options.least_timeout_minutes,
        }
    }

    fn create(&mut self, now: f64, body: Option<&Value>) -> Result<Value, Failure> {
        let id = |key| {
            body.and_then(|body| field(body, key))
                .and_then(Value::as_str)
        };
        let (Some(agent_id), Some(user_id)) = (id("agentId"), id("userId")) else {
            return Err(Failure::missing_fields(now));
        };
        for (name, id) in [("agentId", agent_id), ("userId", user_id)] {
            if !is_uuid(id) {
                return Err(Failure::invalid_uuid(now, name, id));
            }
        }
        if agent_id != AGENT_ID {
            return Err(Failure::agent_not_found(now, agent_id));
        }
        let metadata = body.map_or(Ok(None), |body| turn::checked_metadata(now, body))?;
        let timeout = Timeout::requested(
            body.and_then(|body| field(body, "timeoutConfig")),
            self.limits(),
        );
        let mut session = Session {
            id: self.random.uuid(),
            channel_id: self.random.uuid(),
            agent_id: agent_id.to_owned(),
            user_id: user_id.to_owned(),
            metadata: metadata.cloned().unwrap_or_else(|| json!({})),
            created_at: now,
            last_activity: now,
            expires_at: now,
            timeout,
            renewal_count: 0,
            warned: false,
        };
        session.reschedule(now);
        let kept = session.channel_metadata();
        if !history::storable(&Value::Object(kept.clone())) {
            return Err(Failure::session_not_stored(now));
        }
        self.channel_metadata
            .insert(session.channel_id.clone(), in_database_order(&kept));
        let created = session.created();
        self.sessions.add(session);
        Ok(created)
    }

    /// Counts a request against the limit and says so in the headers.
    fn count_request(
        &mut self,
        now: f64,
        headers: &mut Vec<(String, String)>,
    ) -> Result<(), Failure> {
        let limit = self.options.rate_limit.unwrap_or(DEFAULT_RATE);
        if now - self.rate_window_began >= RATE_WINDOW || self.options.rate_limit.is_none() {
            self.rate_window_began = now;
            self.requests_in_window = 0;
        }
        self.requests_in_window = self.requests_in_window.saturating_add(1);
        let reset =
            json::number_text(((self.rate_window_began + RATE_WINDOW - now) / 1000.0).ceil());
        let mut say = |name: &str, value: String| headers.push((name.into(), value));
        say("ratelimit-policy", format!("{limit};w=900"));
        say("ratelimit-limit", limit.to_string());
        say(
            "ratelimit-remaining",
            limit.saturating_sub(self.requests_in_window).to_string(),
        );
        say("ratelimit-reset", reset.clone());
        if self.requests_in_window > limit {
            say("retry-after", reset);
            return Err(Failure::too_many_requests());
        }
        Ok(())
    }

    fn fine(&self, value: &Value) -> Response {
        answer_json(200, value, self.common.latency_ms)
    }

    fn failed(&self, failure: &Failure) -> Response {
        answer_json(
            failure.status,
            &failure.body,
            self.common.latency_ms + failure.after_ms,
        )
    }

    fn write_rows(&mut self, body: &[u8]) -> Response {
        let read = json::read(body).unwrap_or_default();
        let rows = field(&read, "rows").and_then(Value::as_array);
        let (Some(channel_id), Some(rows)) =
            (field(&read, "channelId").and_then(Value::as_str), rows)
        else {
            return text(
                500,
                "the test control wants {channelId, rows:[{content, createdAt, authorId}]}",
            );
        };
        for row in rows {
            let string = |key| field(row, key).and_then(Value::as_str).map(str::to_owned);
            let stamp = field(row, "createdAt").and_then(Value::as_f64);
            let (Some(content), Some(author_id), Some(created_at)) =
                (string("content"), string("authorId"), stamp)
            else {
                return text(
                    500,
                    "a row wants content, authorId and createdAt (milliseconds since the epoch)",
                );
            };
            let id = string("id").unwrap_or_else(|| self.random.uuid());
            let raw = field(row, "rawMessage")
                .cloned()
                .unwrap_or_else(|| json!({"content": content}));
            let metadata = field(row, "metadata").map(json::spread).unwrap_or_default();
            let is_agent = field(row, "isAgent").is_some_and(json::truthy);
            let row = Row {
                id,
                content,
                author_id,
                is_agent,
                created_at: created_at.trunc(),
                visible_at: f64::NEG_INFINITY,
                raw,
                metadata: in_database_order(&metadata),
                turn: None,
            };
            self.channels.write(channel_id, row);
        }
        answer_json(200, &json!({"written": rows.len()}), 0.0)
    }
}

/// Hexadecimal digits in groups of 8, 4, 4, 4 and 12; any version.
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}
