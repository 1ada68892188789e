//! The places of an Agent Cloud server. Signing in is none of them: it needs no gateway, and opens an account.

use super::super::route::{Content, Key, Parameter, Route, Table, Team, Word};
use super::{elsewhere, team};
use crate::http::Method;

pub const KEY: Key = Key("authorization", "Bearer ");
pub const TABLE: Table = Table {
    key: KEY,
    word: Word::ObjectId,
    routes: &[
        ACCOUNT, ADD, LIST, GET, DELETE, CANCEL, EDIT, START, SEND, HISTORY,
    ],
    content_type: Some("application/json"),
    // it may be `{redirect}`
    passes: false,
    team: Some(Team {
        route: &ACCOUNT,
        read: team::read,
        write: team::write,
    }),
    redirected: elsewhere::redirected,
    disguised: elsewhere::disguised,
    // who owns the key, what they pay, and what a cookie's forms need
    private: &["account", "csrf"],
};

/// The field with which a form names its session: the server reads now that, now the path.
pub const SESSION_FIELD: &str = "sessionId";
const NAMING: Content = Content::Naming(SESSION_FIELD);

pub const ACCOUNT: Route = Route::new("getTeam", Method::Get, "/account.json");
pub const ADD: Route =
    Route::new("createSession", Method::Post, "/{team}/forms/session/add").with(Content::Json);
pub const LIST: Route = Route::new("listSessions", Method::Get, "/{team}/sessions.json")
    .asking(&[Parameter::optional("before", Word::ObjectId)]);
pub const GET: Route = Route::new("getSession", Method::Get, "/{team}/session/{session}.json");
pub const DELETE: Route = Route::new(
    "deleteSession",
    Method::Delete,
    "/{team}/forms/session/{session}",
)
.with(NAMING);
pub const CANCEL: Route = Route::new(
    "cancelSession",
    Method::Post,
    "/{team}/forms/session/{session}/cancel",
)
.with(NAMING);
pub const EDIT: Route = Route::new(
    "setVariables",
    Method::Post,
    "/{team}/forms/session/{session}/edit",
)
.with(NAMING);
pub const START: Route = Route::new(
    "startSession",
    Method::Post,
    "/{team}/forms/session/{session}/start",
)
.with(NAMING);
pub const SEND: Route = Route::new(
    "sendMessage",
    Method::Post,
    "/{team}/session/{session}/send-message",
)
.with(Content::Json);
/// Without its parameter the same request wakes the agent of a chat.
pub const HISTORY: Route = Route::new(
    "getMessages",
    Method::Get,
    "/{team}/session/{session}/messages.json",
)
.asking(&[Parameter {
    name: "messageId",
    word: Word::ObjectId,
    required: true,
}]);
