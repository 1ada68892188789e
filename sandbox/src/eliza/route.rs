//! Paths and queries as Express reads them: case does not matter, a trailing slash is tolerated, a parameter is
//! percent-decoded.

use super::history::Query;

/// What is asked for below `/api/messaging`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/sessions/health`
    Health,
    /// `/sessions`
    Sessions,
    /// `/sessions/{id}`
    Session(String),
    /// `/sessions/{id}/messages`
    Messages(String),
    /// `/sessions/{id}/renew`
    Renew(String),
    /// `/sessions/{id}/heartbeat`
    Heartbeat(String),
    /// `/sessions/{id}/timeout`
    Timeout(String),
}

/// What everybody may ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Public {
    /// `/healthz`
    Healthz,
    /// `/health`
    Health,
}

pub(super) fn public(path: &str) -> Option<Public> {
    match path
        .strip_suffix('/')
        .unwrap_or(path)
        .to_ascii_lowercase()
        .as_str()
    {
        "/healthz" => Some(Public::Healthz),
        "/health" => Some(Public::Health),
        _ => None,
    }
}

/// What follows `/api`.
pub(super) fn below_api(path: &str) -> Option<&str> {
    let below = path
        .get(..4)
        .filter(|api| api.eq_ignore_ascii_case("/api"))
        .and_then(|_| path.get(4..))?;
    (below.is_empty() || below.starts_with('/')).then_some(below)
}

/// The route, if there is one.
///
/// # Errors
/// What Express says about an id that cannot be decoded.
pub(super) fn sessions(below_api: &str) -> Result<Option<Route>, String> {
    let path = below_api.strip_suffix('/').unwrap_or(below_api);
    let segments: Vec<&str> = path.split('/').collect();
    let ["", messaging, sessions, rest @ ..] = segments.as_slice() else {
        return Ok(None);
    };
    if !messaging.eq_ignore_ascii_case("messaging") || !sessions.eq_ignore_ascii_case("sessions") {
        return Ok(None);
    }
    let (id, action) = match rest {
        [] => return Ok(Some(Route::Sessions)),
        [""] | ["", ..] => return Ok(None),
        [health] if health.eq_ignore_ascii_case("health") => return Ok(Some(Route::Health)),
        [id] => (id, ""),
        [id, action] => (id, *action),
        _ => return Ok(None),
    };
    let route: fn(String) -> Route = match action.to_ascii_lowercase().as_str() {
        "" if rest.len() == 1 => Route::Session,
        "messages" => Route::Messages,
        "renew" => Route::Renew,
        "heartbeat" => Route::Heartbeat,
        "timeout" => Route::Timeout,
        _ => return Ok(None),
    };
    String::from_utf8(percent_decoded(id, true).ok_or_else(|| undecodable(id))?)
        .map(|id| Some(route(id)))
        .map_err(|_| undecodable(id))
}

fn undecodable(id: &str) -> String {
    format!("Failed to decode param '{id}'")
}

/// The parameters, as Node's `querystring` reads them.
pub(super) fn query(text: &str) -> Query {
    let decoded = |part: &str| {
        let spaced = part.replace('+', " ");
        String::from_utf8_lossy(&percent_decoded(&spaced, false).unwrap_or_default()).into_owned()
    };
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

/// Decodes `%41`. A `%` without two digits is an error where it is strict, and stays as it is otherwise.
fn percent_decoded(text: &str, strict: bool) -> Option<Vec<u8>> {
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
            (b'%', None) if strict => return None,
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Route, below_api, query, sessions};

    #[test]
    fn paths_are_read_as_express_reads_them() {
        let route = |path| below_api(path).map(sessions);
        assert_eq!(
            route("/API/Messaging/SESSIONS/"),
            Some(Ok(Some(Route::Sessions)))
        );
        assert_eq!(
            route("/api/messaging/sessions/nope%20x"),
            Some(Ok(Some(Route::Session("nope x".into()))))
        );
        assert_eq!(
            route("/api/messaging/sessions/a/Messages/"),
            Some(Ok(Some(Route::Messages("a".into()))))
        );
        assert_eq!(
            route("/api/messaging/sessions/HEALTH"),
            Some(Ok(Some(Route::Health)))
        );
        assert_eq!(route("/api/messaging//sessions"), Some(Ok(None)));
        assert_eq!(route("/api/messaging/sessions/a/b/c"), Some(Ok(None)));
        assert_eq!(route("/api/messaging/sessions//"), Some(Ok(None)));
        assert_eq!(route("/apis"), None);
        assert!(
            matches!(route("/api/messaging/sessions/%E0%A4%A"), Some(Err(message)) if message.contains("%E0%A4%A"))
        );
    }

    #[test]
    fn queries_are_read_as_node_reads_them() {
        let read = query("limit=%2010&before[x]=1&a=%zz&b&limit=1+2");
        let expected = [
            ("limit", " 10"),
            ("before[x]", "1"),
            ("a", "%zz"),
            ("b", ""),
            ("limit", "1 2"),
        ];
        assert_eq!(
            read,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}
