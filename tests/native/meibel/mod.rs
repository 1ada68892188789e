//! The Meibel backend, as its contract says it: every endpoint, every form of an answer, both families of events. The
//! fixtures are those of `tests/fixtures/meibel`.

mod agreement;
mod bytes;
mod damage;
mod history;
mod refusals;
mod requests;
mod sending;
mod sessions;
mod streams;

use agentline::backend::{CreateSession, OutgoingMessage};
use agentline::http::Request;
use agentline::json::Json;
use agentline::model::Backend;
use agentline::settings::Options;

use crate::support::client::{BASE, Client, message};
use crate::support::drive::{Answer, Run, run};
use crate::support::script::Script;

pub const AGENT: &str = "agent_123";
pub const SESSION: &str = "sess_1";

/// The text of a fixture.
pub fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/meibel/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

/// The names of all fixtures that end so.
pub fn fixtures(ending: &str) -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/meibel/");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

pub fn client() -> Client {
    Client::new(options())
}

pub fn options() -> Options {
    Options {
        backend: Some(Backend::Meibel),
        base_url: Some(format!("{BASE}/v2")),
        random: [7; 16],
        ..Options::default()
    }
}

/// A session with the agent of the tests.
pub fn new_session() -> CreateSession {
    CreateSession {
        agent_id: Some(AGENT.to_owned()),
        ..CreateSession::default()
    }
}

pub fn json(text: &str) -> Option<Json> {
    Some(Json::parse(text).unwrap())
}

/// A message with everything that a caller can say about the answer.
pub fn full_message(text: &str) -> OutgoingMessage {
    OutgoingMessage {
        answer_timeout: Some(120_000.0),
        include_thinking: Some(true),
        include_tool_activity: Some(false),
        ..message(text)
    }
}

/// What the client makes of one answer to a message that is sent.
pub fn sent(answer: Answer) -> Run {
    run(
        &mut Script::of([answer]),
        client().send(SESSION, &message("hi")),
    )
}

/// What the client makes of one answer to a message whose answer is streamed.
pub fn streamed(answer: Answer) -> Run {
    run(
        &mut Script::of([answer]),
        client().stream(SESSION, &message("hi")),
    )
}

/// The one request that was made.
#[track_caller]
pub fn request(run: &Run) -> &Request {
    match &run.requests[..] {
        [(_, request)] => request,
        requests => panic!("{} requests: {requests:?}", requests.len()),
    }
}

pub fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}
