//! Agent Cloud: the client against the recorded exchanges, against scripted servers, and against the sandbox's dialect.

mod answers;
mod damage;
mod histories;
mod recorded;
mod sandbox;
mod sessions;

use agentline::backend::CreateSession;
use agentline::model::Backend;
use agentline::settings::Options;

use crate::support::client::{self, Client};

/// The team of the recorded exchanges.
pub const TEAM: &str = "6b01edbd11f2e31b0c34e7e9";
/// A client that was told its team.
pub fn client() -> Client {
    Client::new(options())
}

/// A client that has to find its team.
pub fn teamless() -> Client {
    Client::of(Backend::AgentCloud)
}

pub fn options() -> Options {
    Options {
        backend: Some(Backend::AgentCloud),
        team: Some(TEAM.to_owned()),
        ..client::options()
    }
}

pub fn for_app(app: &str) -> CreateSession {
    CreateSession {
        agent_id: Some(app.to_owned()),
        ..CreateSession::default()
    }
}

/// The id of a row or a session that has this number.
pub fn id(number: u64) -> String {
    format!("{number:024x}")
}
