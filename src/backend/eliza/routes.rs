//! The places of an elizaOS server.

use super::super::route::{Content, Key, Parameter, Route, Table, Word};
use crate::http::Method;

pub const KEY: Key = Key("x-api-key", "");
/// `GET /sessions/health` is another thing, and no session has this id.
pub const ID: Word = Word::Text(&["health"]);
pub const TABLE: Table = Table::plain(KEY, ID, &[CREATE, LIST, GET, DELETE, RENEW, SEND, HISTORY]);

pub const CREATE: Route =
    Route::new("createSession", Method::Post, "/api/messaging/sessions").with(Content::Json);
pub const LIST: Route = Route::new("listSessions", Method::Get, "/api/messaging/sessions");
pub const GET: Route = Route::new(
    "getSession",
    Method::Get,
    "/api/messaging/sessions/{session}",
);
pub const DELETE: Route = Route::new(
    "deleteSession",
    Method::Delete,
    "/api/messaging/sessions/{session}",
);
pub const RENEW: Route = Route::new(
    "renewSession",
    Method::Post,
    "/api/messaging/sessions/{session}/renew",
);
pub const SEND: Route = Route::new(
    "sendMessage",
    Method::Post,
    "/api/messaging/sessions/{session}/messages",
)
.with(Content::Json)
.waiting();
pub const HISTORY: Route = Route::new(
    "getMessages",
    Method::Get,
    "/api/messaging/sessions/{session}/messages",
)
.asking(&[
    Parameter::optional("limit", Word::Number),
    Parameter::optional("before", Word::Number),
    Parameter::optional("after", Word::Number),
]);
