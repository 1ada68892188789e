//! The team in which an account works, which every path of a session begins with: `account.json`.

use super::{object, string, wire};
use crate::error::{Error, ErrorKind};
use crate::json::Json;

/// Finds it.
pub fn read(body: &str) -> Result<String, Error> {
    wire::team(body)?.ok_or_else(|| {
        let message =
            "the account belongs to no team, and every session does: make one, or give `team`";
        Error::new(ErrorKind::Forbidden, message).code("NO_TEAM")
    })
}

/// As much of an account as tells of its team, for a client behind a gateway.
pub fn write(team: &str) -> String {
    let list = |json: &str| Json::parse(format!("[{json}]")).unwrap_or_default();
    let teams = list(&object(&[("id", string(team))]));
    let orgs = list(&object(&[("teams", teams)]));
    let account = object(&[("currentTeam", string(team)), ("orgs", orgs)]);
    object(&[("account", Json::parse(account).unwrap_or_default())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_of_a_team_is_read_again() {
        let team = "6b01edbd11f2e31b0c34e7e9";
        assert_eq!(read(&write(team)).unwrap(), team);
    }
}
