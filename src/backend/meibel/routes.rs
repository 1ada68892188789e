//! The places of Meibel's API.

use super::super::route::{Content, Key, Parameter, Route, Table, Word};
use crate::http::Method;

const TEXT: Word = Word::Text(&[]);

pub const KEY: Key = Key("meibel-api-key", "");
pub const TABLE: Table = Table::plain(
    KEY,
    TEXT,
    &[CREATE, CREATE_BY_NAME, LIST, GET, CHAT, STREAM, HISTORY],
);

pub const CREATE: Route =
    Route::new("createSession", Method::Post, "/agents/{agent}/sessions").with(Content::Json);
pub const CREATE_BY_NAME: Route = Route::new(
    "createSession",
    Method::Post,
    "/agents/name/{name}/sessions",
)
.with(Content::Json);
pub const LIST: Route =
    Route::new("listSessions", Method::Get, "/agents/{agent}/sessions").asking(&[
        // a cursor, where a server gives one
        Parameter::optional("offset", TEXT),
        Parameter::optional("limit", Word::Number),
        Parameter::optional("status", TEXT),
    ]);
pub const GET: Route = Route::new("getSession", Method::Get, "/sessions/{session}");
pub const CHAT: Route = Route::new("sendMessage", Method::Post, "/sessions/{session}/chat")
    .with(Content::Json)
    .waiting();
pub const STREAM: Route = Route::new(
    "sendMessage",
    Method::Post,
    "/sessions/{session}/chat/stream",
)
.with(Content::Form)
.waiting();
pub const HISTORY: Route = Route::new("getMessages", Method::Get, "/sessions/{session}/messages");
