//! The gateway's decisions: what it lets through, against the requests that our own client makes and against requests
//! that nobody should make; and what goes up and comes down.

mod decisions;
mod routes;

use std::rc::Rc;

use agentline::gateway::answer::Answer;
use agentline::gateway::passage::Passage;
use agentline::gateway::{Gateway, Incoming, Options};
use agentline::json::Json;
use agentline::model::Backend;

pub const KEY: &str = "s3cr3t/key+0123456789";
pub const TEAM: &str = "6b01edbd11f2e31b0c34e7e9";
pub const SESSION: &str = "6b01ef2d11f2e31b0c34e803";

/// Options of a gateway in front of a server of that family.
pub fn options(backend: Backend) -> Options {
    Options {
        backend: Some(backend),
        base_url: Some("http://agents.test/base".to_owned()),
        team: (backend == Backend::AgentCloud).then(|| TEAM.to_owned()),
        allow_origins: vec!["https://app.example".to_owned()],
        ..Options::default()
    }
}

pub fn gateway(backend: Backend) -> Rc<Gateway> {
    Rc::new(Gateway::new(options(backend)).unwrap())
}

pub type Headers<'h> = &'h [(&'h str, &'h str)];

pub fn lookup<'h>(headers: Headers<'h>) -> impl Fn(&str) -> Option<String> + 'h {
    |name| {
        let found = headers.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

/// What becomes of a request by its head, as it leaves the gateway where that is all.
pub fn judged(
    gateway: &Rc<Gateway>,
    method: &str,
    url: &str,
    headers: Headers<'_>,
) -> Result<Passage, Answer> {
    let (shared, judged) = gateway.judge(&Incoming {
        method,
        url,
        header: &lookup(headers),
    });
    judged.map_err(|mut answer| {
        shared.complete(&mut answer);
        answer
    })
}

pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}

/// The code that a refusal of the gateway's tells.
#[track_caller]
pub fn code(answer: &Answer) -> String {
    let body = crate::support::units::parse(Json::parse(answer.body.clone()).unwrap().as_str());
    body.at("code").text()
}
