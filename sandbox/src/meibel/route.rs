//! Paths as Starlette reads them: percent-decoded as a whole before they are matched, so that `%2F` parts segments.
//!
//! In: a path. Out: a route, or that there is none. Methods and bodies are left to `mod`.

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// `/agents/{agent_id}/sessions`
    Sessions(String),
    /// `/agents/name/{name}/sessions`
    SessionsByName(String),
    /// `/sessions/{session_id}`
    Session(String),
    /// `/sessions/{session_id}/messages`
    Messages(String),
    /// `/sessions/{session_id}/chat`
    Chat(String),
    /// `/sessions/{session_id}/chat/stream`
    Stream(String),
}

/// What became of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Route(Route),
    /// A route but for the slash at its end, to which Starlette redirects.
    WithoutSlash,
    Nothing,
}

pub(super) fn find(path: &str) -> Found {
    let path = String::from_utf8_lossy(&percent_decoded(path)).into_owned();
    if let Some(route) = route(&path) {
        return Found::Route(route);
    }
    match path.strip_suffix('/').and_then(route) {
        Some(_) => Found::WithoutSlash,
        None => Found::Nothing,
    }
}

fn route(path: &str) -> Option<Route> {
    let segments: Vec<&str> = path.strip_prefix("/v2/")?.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let id = |id: &str| id.to_owned();
    match segments.as_slice() {
        ["agents", agent, "sessions"] => Some(Route::Sessions(id(agent))),
        ["agents", "name", name, "sessions"] => Some(Route::SessionsByName(id(name))),
        ["sessions", session] => Some(Route::Session(id(session))),
        ["sessions", session, "messages"] => Some(Route::Messages(id(session))),
        ["sessions", session, "chat"] => Some(Route::Chat(id(session))),
        ["sessions", session, "chat", "stream"] => Some(Route::Stream(id(session))),
        _ => None,
    }
}

/// Decodes `%41`; a `%` without two digits stays as it is, as Python's `unquote` leaves it.
pub(super) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        let code = digit(0)
            .zip(digit(1))
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or(&[]);
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Found, Route, find};

    #[test]
    fn paths_are_read_as_starlette_reads_them() {
        let route = |route| Found::Route(route);
        for (path, found) in [
            (
                "/v2/agents/a%20b/sessions",
                route(Route::Sessions("a b".into())),
            ),
            (
                "/v2/agents/name/x/sessions",
                route(Route::SessionsByName("x".into())),
            ),
            ("/v2/sessions/s", route(Route::Session("s".into()))),
            (
                "/v2/sessions/s/chat/stream",
                route(Route::Stream("s".into())),
            ),
            ("/v2/sessions/s/", Found::WithoutSlash),
            ("/v2/sessions/a%2Fb", Found::Nothing),
            ("/v2/sessions/a%2Fchat", route(Route::Chat("a".into()))),
            ("/v2/sessions/%zz", route(Route::Session("%zz".into()))),
            ("/v2/sessions/%ff", route(Route::Session("\u{fffd}".into()))),
            ("/v2/sessions/", Found::Nothing),
            ("/v2//sessions/s", Found::Nothing),
            ("/v2", Found::Nothing),
            ("/v2/Sessions/s", Found::Nothing),
        ] {
            assert_eq!(find(path), found, "{path}");
        }
    }
}
