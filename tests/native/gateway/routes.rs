//! What is let through: every request that a client of ours makes, and nothing else. What "else" is, is written here once
//! more, from the contracts and not from the tables.

use agentline::backend::{
    self, CreateSession, Direction, Edge, ListSessions, OutgoingMessage, route::Table,
};
use agentline::gateway::asked::{Asked, name};
use agentline::http::Request;
use agentline::json::Json;
use agentline::model::Backend;
use agentline_sandbox::agentcloud::{API_KEY, APP_ID, VARIABLES_APP_ID};
use agentline_sandbox::{Agents, meibel};
use proptest::prelude::*;

use super::{SESSION, TEAM};
use crate::support::client::{self, BASE, Client, Made, message, range};
use crate::support::drive::{Run, Seen, Server, run_with_key};
use crate::support::world::World;
use crate::{agentcloud, meibel as meibel_tests};

const BACKENDS: [Backend; 3] = [Backend::AgentCloud, Backend::Eliza, Backend::Meibel];

fn base(backend: Backend) -> String {
    match backend {
        Backend::Meibel => format!("{BASE}/v2"),
        _ => BASE.to_owned(),
    }
}

fn client(backend: Backend) -> Client {
    match backend {
        Backend::AgentCloud => agentcloud::teamless(),
        Backend::Eliza => Client::default(),
        Backend::Meibel => Client::new(agentline::settings::Options {
            base_url: Some(base(backend)),
            ..meibel_tests::options()
        }),
    }
}

/// Runs every operation that the backend has, and gives the requests that were made.
fn all_requests(backend: Backend) -> Vec<Request> {
    let mut world = World::new(agentline_sandbox::Options {
        agents: Agents::Echo,
        ..agentline_sandbox::Options::default()
    });
    let client = client(backend);
    let mut requests = Vec::new();
    let key = (backend == Backend::AgentCloud).then_some(API_KEY);
    let mut ran = |world: &mut World, made: Made| -> Run {
        let run = run_with_key(world, made, key);
        assert_eq!(run.error, None, "{backend:?}: {:?}", run.requests.last());
        requests.extend(run.requests.iter().map(|(_, request)| request.clone()));
        run
    };
    let agent = match backend {
        Backend::AgentCloud => APP_ID,
        Backend::Eliza => client::AGENT,
        Backend::Meibel => meibel::AGENT_ID,
    };
    let input = CreateSession {
        agent_id: Some(agent.to_owned()),
        ..CreateSession::default()
    };
    let made = ran(&mut world, client.create(&input));
    let Some(Seen::Session(session)) = made.seen.first() else {
        panic!("no session: {:?}", made.seen)
    };
    let id = session.id.clone();
    world.pass(world.now() + 1_000.0);
    if backend == Backend::AgentCloud {
        let variables = Json::parse(r#"{"topic":"bees"}"#).unwrap();
        ran(
            &mut world,
            client.create(&CreateSession {
                agent_id: Some(VARIABLES_APP_ID.to_owned()),
                variables: Some(variables.clone()),
                ..CreateSession::default()
            }),
        );
        ran(&mut world, client.set_variables(&id, &variables));
        ran(&mut world, client.start(&id));
    }
    ran(&mut world, client.get(&id));
    for status in [None, Some("RUNNING".to_owned())] {
        let query = ListSessions {
            agent_id: Some(agent.to_owned()),
            status,
            limit: Some(1),
            ..ListSessions::default()
        };
        ran(&mut world, client.list(query));
    }
    for text in ["one", "two", "three"] {
        ran(&mut world, client.stream(&id, &message(text)));
        ran(&mut world, client.send(&id, &message(text)));
        world.pass(world.now() + 1_000.0);
    }
    if backend == Backend::Meibel {
        let with_file = OutgoingMessage {
            files: 1,
            ..message("four")
        };
        world.files = vec![crate::support::world::File {
            name: "a.txt",
            kind: "text/plain",
            bytes: b"x".to_vec(),
        }];
        ran(&mut world, client.send(&id, &with_file));
    }
    let times = [Some(Edge::Time(0.0)), Some(Edge::Time(1e13)), None];
    for (before, after) in [(1, 0), (1, 2), (2, 0), (2, 2)] {
        let some = range(2, times[before].clone(), times[after].clone());
        ran(&mut world, client.page(&id, &some));
        for direction in [Direction::Backward, Direction::Forward] {
            ran(&mut world, client.messages(&id, &some, direction));
        }
    }
    let can = client.capabilities();
    if can.renew {
        ran(&mut world, client.renew(&id));
    }
    if can.cancel {
        ran(&mut world, client.cancel(&id));
    }
    if can.delete {
        ran(&mut world, client.delete(&id));
    }
    requests
}

fn read(table: &'static Table, backend: Backend, request: &Request) -> Option<Asked> {
    let target = request.url.strip_prefix(&base(backend)).unwrap();
    Asked::read(table, name(request.method), target)
}

#[test]
fn every_request_of_every_operation_is_let_through_and_comes_out_the_same() {
    for backend in BACKENDS {
        let table = backend::routes(backend).unwrap();
        let requests = all_requests(backend);
        for request in &requests {
            let asked = read(table, backend, request)
                .unwrap_or_else(|| panic!("{:?} {}", request.method, request.url));
            let again = asked.request(&base(backend)).unwrap();
            assert_eq!(again.url, request.url);
            assert_eq!(again.method, request.method);
            let content = asked.route.content;
            let bodied = content != backend::route::Content::Nothing;
            assert!(bodied || request.body.is_none(), "{}", request.url);
        }
        let met = |route: &&backend::route::Route| {
            let mut asked = requests.iter().filter_map(|one| read(table, backend, one));
            !asked.any(|asked| asked.route == *route)
        };
        let never: Vec<&str> = table
            .routes
            .iter()
            .filter(met)
            .map(|route| route.path)
            .collect();
        // by its name an agent is found in the next test
        let wanted: &[&str] = match backend {
            Backend::Meibel => &["/agents/name/{name}/sessions"],
            _ => &[],
        };
        assert_eq!(never, wanted, "{backend:?}: a place that no operation asks");
    }
}

#[test]
fn signing_in_and_live_messages_are_not_let_through() {
    let table = backend::routes(Backend::AgentCloud).unwrap();
    for (method, path) in [
        ("POST", "/forms/account/login".to_owned()),
        ("GET", "/socket.io/?EIO=4&transport=polling".to_owned()),
        ("GET", "/apikeys.json".to_owned()),
        // without its parameter it wakes an agent
        ("GET", format!("/{TEAM}/session/{SESSION}/messages.json")),
        (
            "GET",
            format!("/{TEAM}/session/{SESSION}/messages.json?messageId="),
        ),
    ] {
        assert_eq!(Asked::read(table, method, &path), None, "{path}");
    }
}

/// Whether a path is one of a backend's client, by the contracts.
fn is_known(backend: Backend, method: &str, target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let unreserved = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
    };
    let word = |text: &str| {
        let encoded = ["%2F", "%5C", "%25", "%0D", "%0A", "%00"];
        !matches!(text, "" | "." | "..")
            && unreserved(text)
            && !encoded.iter().any(|bad| text.contains(bad))
    };
    let hex = |text: &str| {
        text.len() == 24
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let names: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or("none", |(name, _)| name))
        .collect();
    let among = |known: &[&str]| names.iter().all(|name| known.contains(name));
    match (backend, method, parts.as_slice()) {
        (Backend::Eliza, "GET" | "POST", ["", "api", "messaging", "sessions"]) => among(&[]),
        (Backend::Eliza, "GET" | "DELETE", ["", "api", "messaging", "sessions", id]) => {
            word(id) && *id != "health" && among(&[])
        }
        (
            Backend::Eliza,
            "POST",
            ["", "api", "messaging", "sessions", id, "renew" | "messages"],
        ) => word(id) && *id != "health" && among(&[]),
        (Backend::Eliza, "GET", ["", "api", "messaging", "sessions", id, "messages"]) => {
            word(id) && *id != "health" && among(&["limit", "before", "after"])
        }
        (Backend::Meibel, "POST", ["", "agents", id, "sessions"]) => word(id) && among(&[]),
        (Backend::Meibel, "GET", ["", "agents", id, "sessions"]) => {
            word(id) && among(&["offset", "limit", "status"])
        }
        (Backend::Meibel, "POST", ["", "agents", "name", id, "sessions"]) => word(id) && among(&[]),
        (Backend::Meibel, "GET", ["", "sessions", id] | ["", "sessions", id, "messages"]) => {
            word(id) && among(&[])
        }
        (
            Backend::Meibel,
            "POST",
            ["", "sessions", id, "chat"] | ["", "sessions", id, "chat", "stream"],
        ) => word(id) && among(&[]),
        (Backend::AgentCloud, "GET", ["", "account.json"]) => among(&[]),
        (Backend::AgentCloud, "GET", ["", team, "sessions.json"]) => {
            hex(team) && among(&["before"])
        }
        (Backend::AgentCloud, "GET", ["", team, "session", id]) => {
            hex(team) && id.strip_suffix(".json").is_some_and(hex) && among(&[])
        }
        (Backend::AgentCloud, "GET", ["", team, "session", id, "messages.json"]) => {
            let behind = query.strip_prefix("messageId=");
            hex(team) && hex(id) && behind.is_some_and(hex)
        }
        (Backend::AgentCloud, "POST", ["", team, "session", id, "send-message"]) => {
            hex(team) && hex(id) && among(&[])
        }
        (Backend::AgentCloud, "POST", ["", team, "forms", "session", "add"]) => {
            hex(team) && among(&[])
        }
        (
            Backend::AgentCloud,
            "POST",
            [
                "",
                team,
                "forms",
                "session",
                id,
                "edit" | "start" | "cancel",
            ],
        )
        | (Backend::AgentCloud, "DELETE", ["", team, "forms", "session", id]) => {
            hex(team) && hex(id) && among(&[])
        }
        _ => false,
    }
}

/// What paths are bent with.
const TRICKS: [&str; 24] = [
    "/",
    "//",
    "\\",
    ".",
    "..",
    "/../",
    "/./",
    "%2F",
    "%2f",
    "%5C",
    "%2e",
    "%2E%2E",
    "%252F",
    "%25",
    "%00",
    "%0D%0A",
    "?",
    "&",
    "=",
    "#",
    ";",
    "http://evil.test",
    "\u{e9}",
    "health",
];
const METHODS: [&str; 8] = [
    "GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "get",
];

fn a_path() -> impl Strategy<Value = (Backend, String)> {
    let word = prop_oneof![
        "[a-z0-9-]{1,8}",
        Just(SESSION.to_owned()),
        Just("health".to_owned()),
        "[ -~]{1,6}",
    ];
    (
        0..BACKENDS.len(),
        any::<prop::sample::Index>(),
        prop::collection::vec(word, 2),
        0..4_usize,
    )
        .prop_map(|(at, route, words, query)| {
            let backend = BACKENDS[at];
            let routes = backend::routes(backend).unwrap().routes;
            let route = routes[route.index(routes.len())];
            let words = words
                .iter()
                .map(|word| agentline::http::percent_encoded(word));
            let words: Vec<String> = words.collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let query = [
                "",
                "?limit=3&before=12",
                "?messageId=6b01ef2d11f2e31b0c34e803",
                "?status=a%20b",
            ][query];
            (backend, route.filled("", &words).url + query)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_else_is_let_through(
        (backend, path) in a_path(),
        method in prop::sample::select(METHODS.to_vec()),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(TRICKS.to_vec()), 0..4_usize), 0..3),
    ) {
        let mut path = path;
        for (at, trick, gone) in edits {
            let mut characters: Vec<char> = path.chars().collect();
            let at = at.index(characters.len() + 1);
            let end = (at + gone).min(characters.len());
            characters.splice(at..end, trick.chars());
            path = characters.into_iter().collect();
        }
        if let Some(asked) = Asked::read(backend::routes(backend).unwrap(), method, &path) {
            prop_assert!(is_known(backend, method, &path), "{} {}", method, path);
            // whatever stands in front, what goes up is what was read
            prop_assert_eq!(asked.request("").unwrap().url, path);
        }
    }
}

proptest! {
    #[test]
    fn every_id_stays_in_its_place_or_is_refused(id in "\\PC{0,12}|[./%\\\\a-c]{0,6}|(%2[eEfF]|\\.|/){1,4}") {
        for backend in [Backend::Eliza, Backend::Meibel] {
            let client = client(backend);
            let made = client.get(&id);
            let Ok(operation) = made else { continue };
            let mut server = World::new(agentline_sandbox::Options::default());
            let run = run_with_key(&mut server, Ok(operation), None);
            let Some((_, request)) = run.requests.first() else { continue };
            let asked = read(backend::routes(backend).unwrap(), backend, request);
            let plain = !id.contains(['/', '\\', '%']) && !id.chars().any(char::is_control);
            prop_assert_eq!(asked.is_some(), plain, "{:?}", id);
            if let Some(asked) = asked {
                prop_assert_eq!(asked.word("session"), Some(id.as_str()));
                prop_assert_eq!(&asked.request(&base(backend)).unwrap().url, &request.url);
            }
        }
    }
}
