//! Paths as the server's router reads them. In: a path. Out: what is asked for. Ids are 24 hexadecimal digits in lower
//! case; a path whose ids are anything else is the user interface's, which has a page for some of them.

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'path> {
    /// `/account.json`
    AccountJson,
    /// `/apikeys.json`
    ApiKeysJson,
    /// What follows `/forms/account/`.
    Account(Vec<&'path str>),
    /// Below `/T`.
    Team(&'path str, Team<'path>),
    /// Below `/s/T`, without an account.
    Shared(&'path str, Shared<'path>),
    /// A page of the user interface.
    Page,
    /// Nothing.
    NoPage,
}

/// What is asked of a team.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Team<'path> {
    /// `sessions.json`
    Sessions,
    /// `session/S.json`
    Session(&'path str),
    /// `session/S/messages.json`
    Messages(&'path str),
    /// `session/S/send-message`
    Send(&'path str),
    /// `forms/session/add`
    Add,
    /// `forms/session/S/edit`
    Edit(&'path str),
    /// `forms/session/S/start`
    Start(&'path str),
    /// `forms/session/S/cancel`
    Cancel(&'path str),
    /// `forms/session/S`
    Remove(&'path str),
    /// `forms/app/A`
    RemoveApp(&'path str),
    /// `forms/sharelink/add`
    AddShareLink,
    /// `task`
    Task,
    /// A page of the user interface.
    Page,
    /// Nothing.
    NoPage,
}

/// What is asked of a shared session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shared<'path> {
    /// `app_…`
    Link(&'path str),
    /// `session/S.json`
    Session(&'path str),
    /// `session/S/messages.json`
    Messages(&'path str),
    /// `forms/session/S/edit`
    Edit(&'path str),
    /// `forms/session/S/start`
    Start(&'path str),
    /// A page of the user interface.
    Page,
    /// Nothing.
    NoPage,
}

const PAGES: [&str; 6] = [
    "account", "apikeys", "login", "register", "verify", "welcome",
];
const TEAM_PAGES: [&str; 7] = [
    "agents",
    "apps",
    "datasources",
    "onboarding",
    "playground",
    "team",
    "tools",
];

/// The route of a path without its query.
pub(super) fn of(path: &str) -> Route<'_> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["account.json"] => Route::AccountJson,
        ["apikeys.json"] => Route::ApiKeysJson,
        ["forms", "account", rest @ ..] => Route::Account(rest.to_vec()),
        ["s", team, rest @ ..] if is_id(team) => Route::Shared(team, shared(rest)),
        [team, rest @ ..] if is_id(team) => Route::Team(team, below_team(rest)),
        [page] if PAGES.contains(page) => Route::Page,
        _ => Route::NoPage,
    }
}

fn below_team<'path>(rest: &[&'path str]) -> Team<'path> {
    match *rest {
        ["sessions.json"] => Team::Sessions,
        ["session", file] if json_of(file).is_some() => {
            Team::Session(json_of(file).unwrap_or_default())
        }
        ["session", id, "messages.json"] if is_id(id) => Team::Messages(id),
        ["session", id, "send-message"] if is_id(id) => Team::Send(id),
        ["session", _] => Team::Page,
        ["forms", "session", "add"] => Team::Add,
        ["forms", "session", id, "edit"] if is_id(id) => Team::Edit(id),
        ["forms", "session", id, "start"] if is_id(id) => Team::Start(id),
        ["forms", "session", id, "cancel"] if is_id(id) => Team::Cancel(id),
        ["forms", "session", id] if is_id(id) => Team::Remove(id),
        ["forms", "app", id] if is_id(id) => Team::RemoveApp(id),
        ["forms", "sharelink", "add"] => Team::AddShareLink,
        ["task"] => Team::Task,
        [page] if TEAM_PAGES.contains(&page) => Team::Page,
        _ => Team::NoPage,
    }
}

fn shared<'path>(rest: &[&'path str]) -> Shared<'path> {
    match *rest {
        [link] if link.starts_with("app_") => Shared::Link(link),
        ["session", file] if json_of(file).is_some() => {
            Shared::Session(json_of(file).unwrap_or_default())
        }
        ["session", id, "messages.json"] if is_id(id) => Shared::Messages(id),
        ["session", _] => Shared::Page,
        ["forms", "session", id, "edit"] if is_id(id) => Shared::Edit(id),
        ["forms", "session", id, "start"] if is_id(id) => Shared::Start(id),
        _ => Shared::NoPage,
    }
}

fn json_of(file: &str) -> Option<&str> {
    file.strip_suffix(".json").filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    text.len() == 24
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Route, Shared, Team, of};

    const T: &str = "6b01edbd11f2e31b0c34e7e9";
    const S: &str = "6b01ee7011f2e31b0c34e7fb";

    #[test]
    fn ids_in_lower_case_lead_to_the_server_and_all_others_to_the_pages() {
        let path = |rest: &str| format!("/{T}/{rest}");
        for (rest, route) in [
            ("sessions.json", Team::Sessions),
            (&format!("session/{S}.json"), Team::Session(S)),
            (&format!("session/{S}/messages.json"), Team::Messages(S)),
            (&format!("forms/session/{S}"), Team::Remove(S)),
            ("session/zz.json", Team::Page),
            ("session/zz/messages.json", Team::NoPage),
            (
                &format!("session/{}/messages.json", S.to_uppercase()),
                Team::NoPage,
            ),
        ] {
            assert_eq!(of(&path(rest)), Route::Team(T, route), "{rest}");
        }
        assert_eq!(
            of(&format!("/s/{T}/session/{S}/messages.json")),
            Route::Shared(T, Shared::Messages(S))
        );
        assert_eq!(
            of(&format!("/s/{T}/session/{S}/send-message")),
            Route::Shared(T, Shared::NoPage)
        );
        assert_eq!(of("/login"), Route::Page);
        assert_eq!(of("/nowhere"), Route::NoPage);
    }
}
