//! Whose path a request asks for. In: a path. Out: a dialect. One sandbox speaks all of them without a prefix, because
//! their paths do not meet; what no other dialect claims is elizaOS's.

/// The wire of one kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `/v2` and everything below it.
    Meibel,
    /// The account's pages, a team's and a shared session's by their 24 hexadecimal digits, and the live messages.
    AgentCloud,
    /// `/api`, and everything else.
    Eliza,
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
    use super::{Dialect, of};

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
