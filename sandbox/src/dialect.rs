//! Whose path a request asks for, and what it asks. In: a path, or a request. Out: a dialect, an operation, a session. One
//! sandbox speaks all of them without a prefix, because their paths do not meet; what no other dialect claims is
//! elizaOS's. Answering is left to the dialects.

use crate::http::Request;
use crate::{agentcloud, eliza, meibel};
use serde::{Deserialize, Serialize};

/// The wire of one kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `/v2` and everything below it.
    Meibel,
    /// The account's pages, a team's and a shared session's by their 24 hexadecimal digits, and the live messages.
    AgentCloud,
    /// `/api`, and everything else.
    Eliza,
}

/// What a request is for, in the words of agentline's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// A session is made.
    CreateSession,
    /// One is read.
    GetSession,
    /// All are.
    ListSessions,
    /// One is removed.
    DeleteSession,
    /// Its agent is stopped.
    CancelSession,
    /// Its end is put off.
    RenewSession,
    /// Its agent is called.
    StartSession,
    /// What it begins with is set.
    SetVariables,
    /// The agent gets a message, whether its answer is streamed or not.
    SendMessage,
    /// The history is read.
    GetMessages,
    /// Somebody signs in.
    SignIn,
    /// Live messages are asked for.
    Listen,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// Whose wire it speaks.
    pub dialect: Dialect,
    /// What it asks for; nothing where the clients have no word for it.
    pub operation: Option<Operation>,
    /// The session that its path names.
    pub session: Option<String>,
}

/// What a request is about, by its method and its path alone.
#[must_use]
pub fn meant(request: &Request) -> Meant {
    let dialect = of(request.path());
    let (operation, session) = match dialect {
        Dialect::Meibel => meibel::meant(&request.method, request.path()),
        Dialect::AgentCloud => agentcloud::meant(&request.method, request.path()),
        Dialect::Eliza => eliza::meant(&request.method, request.path()),
    }
    .map_or((None, None), |(operation, session)| {
        (Some(operation), session)
    });
    Meant {
        dialect,
        operation,
        session,
    }
}

/// The dialect that a path (without its query) belongs to.
#[must_use]
pub fn of(path: &str) -> Dialect {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let first = segments.next().unwrap_or("");
    let second = segments.next().unwrap_or("");
    match first {
        "v2" => Dialect::Meibel,
        "account.json" | "apikeys.json" | "login" | "welcome" | "socket.io" => Dialect::AgentCloud,
        "forms" if second == "account" => Dialect::AgentCloud,
        "s" if is_team(second) => Dialect::AgentCloud,
        team if is_team(team) => Dialect::AgentCloud,
        _ => Dialect::Eliza,
    }
}

/// Agent Cloud's ids are MongoDB's, in lower case only.
fn is_team(segment: &str) -> bool {
    segment.len() == 24
        && segment
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Operation, meant, of};
    use crate::http::Request;

    #[test]
    fn a_request_tells_what_it_is_for_and_whose_session_it_names() {
        use Operation::{
            CancelSession, CreateSession, DeleteSession, GetMessages, GetSession, ListSessions,
            Listen, RenewSession, SendMessage, SetVariables, SignIn, StartSession,
        };
        let (t, s) = ("6b01edbd11f2e31b0c34e7e9", "6b01ee7011f2e31b0c34e7fb");
        for (line, operation, session) in [
            (
                "POST /v2/agents/a/sessions".into(),
                Some(CreateSession),
                None,
            ),
            (
                "POST /v2/agents/name/a/sessions".into(),
                Some(CreateSession),
                None,
            ),
            ("GET /v2/agents/a/sessions".into(), Some(ListSessions), None),
            (
                "GET /v2/sessions/x%20y".into(),
                Some(GetSession),
                Some("x y"),
            ),
            (
                "GET /v2/sessions/x/messages".into(),
                Some(GetMessages),
                Some("x"),
            ),
            (
                "POST /v2/sessions/x/chat".into(),
                Some(SendMessage),
                Some("x"),
            ),
            (
                "POST /v2/sessions/x/chat/stream".into(),
                Some(SendMessage),
                Some("x"),
            ),
            ("GET /v2/sessions/x/chat".into(), None, None),
            (
                format!("POST /{t}/forms/session/add"),
                Some(CreateSession),
                None,
            ),
            (
                format!("GET /{t}/sessions.json?before=x"),
                Some(ListSessions),
                None,
            ),
            (
                format!("GET /{t}/session/{s}.json"),
                Some(GetSession),
                Some(s),
            ),
            (
                format!("GET /{t}/session/{s}/messages.json"),
                Some(GetMessages),
                Some(s),
            ),
            (
                format!("GET /s/{t}/session/{s}/messages.json"),
                Some(GetMessages),
                Some(s),
            ),
            (
                format!("POST /{t}/session/{s}/send-message"),
                Some(SendMessage),
                Some(s),
            ),
            (
                format!("POST /{t}/forms/session/{s}/edit"),
                Some(SetVariables),
                Some(s),
            ),
            (
                format!("POST /{t}/forms/session/{s}/start"),
                Some(StartSession),
                Some(s),
            ),
            (
                format!("POST /{t}/forms/session/{s}/cancel"),
                Some(CancelSession),
                Some(s),
            ),
            (
                format!("DELETE /{t}/forms/session/{s}"),
                Some(DeleteSession),
                Some(s),
            ),
            ("POST /forms/account/login".into(), Some(SignIn), None),
            ("GET /socket.io/?EIO=4".into(), Some(Listen), None),
            ("GET /account.json".into(), None, None),
            (
                "POST /api/messaging/sessions".into(),
                Some(CreateSession),
                None,
            ),
            (
                "GET /api/messaging/sessions".into(),
                Some(ListSessions),
                None,
            ),
            (
                "GET /api/messaging/sessions/x".into(),
                Some(GetSession),
                Some("x"),
            ),
            (
                "DELETE /api/messaging/sessions/x".into(),
                Some(DeleteSession),
                Some("x"),
            ),
            (
                "POST /api/messaging/sessions/x/renew".into(),
                Some(RenewSession),
                Some("x"),
            ),
            (
                "POST /api/messaging/sessions/x/messages".into(),
                Some(SendMessage),
                Some("x"),
            ),
            (
                "GET /api/messaging/sessions/x/messages?limit=1".into(),
                Some(GetMessages),
                Some("x"),
            ),
            (
                "POST /api/messaging/sessions/x/heartbeat".into(),
                None,
                None,
            ),
            ("GET /".into(), None, None),
        ] {
            let (method, path) = line.split_once(' ').unwrap();
            let request = Request {
                method: method.into(),
                path_and_query: path.into(),
                ..Request::default()
            };
            let meant = meant(&request);
            let found = (meant.operation, meant.session.as_deref());
            assert_eq!(found, (operation, session), "{line}");
        }
    }

    #[test]
    fn each_dialect_is_told_by_its_own_paths() {
        for (path, dialect) in [
            ("/v2", Dialect::Meibel),
            ("/v2/", Dialect::Meibel),
            ("/v2/agents/x/sessions", Dialect::Meibel),
            ("/v20/agents", Dialect::Eliza),
            ("/V2/agents", Dialect::Eliza),
            ("/api/messaging/sessions", Dialect::Eliza),
            ("/healthz", Dialect::Eliza),
            ("/", Dialect::Eliza),
            ("", Dialect::Eliza),
            ("/account.json", Dialect::AgentCloud),
            ("/apikeys.json", Dialect::AgentCloud),
            ("/forms/account/login", Dialect::AgentCloud),
            ("/forms/other", Dialect::Eliza),
            ("/login", Dialect::AgentCloud),
            ("/welcome", Dialect::AgentCloud),
            ("/socket.io/", Dialect::AgentCloud),
            (
                "/65f0123456789abcdef01234/sessions.json",
                Dialect::AgentCloud,
            ),
            ("/65F0123456789ABCDEF01234/sessions.json", Dialect::Eliza),
            ("/65f0123456789abcdef0123/sessions.json", Dialect::Eliza),
            ("/s/65f0123456789abcdef01234/session/x", Dialect::AgentCloud),
            ("/s/short/session/x", Dialect::Eliza),
            ("/index.html", Dialect::Eliza),
        ] {
            assert_eq!(of(path), dialect, "{path}");
        }
    }
}
