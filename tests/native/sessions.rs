//! Sessions of the sandbox: made, read, listed, renewed, removed, expired; ids, keys, and what a backend lacks.

use agentline::backend::{CreateSession, Direction, ListSessions};
use agentline::error::{Error, ErrorKind};
use agentline::json::{Json, write};
use agentline::model::{Session, SessionStatus};
use agentline_sandbox::Options;
use agentline_sandbox::eliza::{self, Version};
use serde_json::json;

use crate::expected::error;
use crate::support::client::{AGENT, Client, Made, USER, message, options, range};
use crate::support::drive::{Run, Seen, Server, body_of, run, run_with_key};
use crate::support::script::{Script, T0};
use crate::support::world::World;

#[track_caller]
fn session(run: Run) -> Session {
    match run.fine().as_slice() {
        [Seen::Session(session)] => session.clone(),
        other => panic!("no session: {other:?}"),
    }
}

fn sessions(run: Run) -> Vec<String> {
    let id = |seen| match seen {
        Seen::Session(session) => session.id,
        other => panic!("no session: {other:?}"),
    };
    run.fine().into_iter().map(id).collect()
}

fn json(text: &str) -> Option<Json> {
    Some(Json::parse(text).unwrap())
}

#[test]
fn a_session_is_made_read_renewed_listed_and_removed() {
    for version in [Version::V1_6_5, Version::V1_7_0, Version::V1_7_2] {
        let mut world = World::new(Options {
            eliza: eliza::Options {
                version,
                ..eliza::Options::default()
            },
            ..Options::default()
        });
        let client = Client::default();
        let made = session(run(&mut world, client.create_for_agent()));
        assert_eq!(
            (made.agent_id.as_deref(), made.status),
            (Some(AGENT), SessionStatus::Active)
        );
        assert_eq!(made.created_at.as_deref(), Some("2024-01-07T08:00:00.000Z"));
        assert_eq!(made.expires_at.as_deref(), Some("2024-01-07T08:30:00.000Z"));
        let read = session(run(&mut world, client.get(&made.id)));
        assert_eq!((&read.id, &read.metadata), (&made.id, &made.metadata));
        world.pass(T0 + 600_000.0);
        let renewed = session(run(&mut world, client.renew(&made.id)));
        assert_eq!(
            renewed.expires_at.as_deref(),
            Some("2024-01-07T08:40:00.000Z")
        );
        assert_eq!(
            sessions(run(&mut world, client.list(ListSessions::default()))),
            [made.id.as_str()]
        );
        assert_eq!(run(&mut world, client.delete(&made.id)).fine(), []);
        let gone = json!({"kind": "not_found", "status": 404, "code": "SESSION_NOT_FOUND", "retryable": false});
        for again in [
            client.get(&made.id),
            client.delete(&made.id),
            client.renew(&made.id),
            client.page(&made.id, &range(5, None, None)),
        ] {
            assert_eq!(error(&run(&mut world, again)), Some(gone.clone()));
        }
    }
}

#[test]
fn what_the_caller_attaches_to_a_session_comes_back_to_the_letter() {
    let metadata = r#"{"__proto__":{"x":1},"deep":{"a":[1,null,{"b":"x"}]},"n":1.50,"constructor":null,"toJSON":"é😀"}"#;
    let input = CreateSession {
        agent_id: Some(AGENT.to_owned()),
        metadata: json(metadata),
        backend_options: json(r#"{"timeoutConfig":{"timeoutMinutes":7.5}}"#),
        ..CreateSession::default()
    };
    let mut world = World::new(Options::default());
    let run = run(&mut world, Client::default().create(&input));
    let body = body_of(&run);
    assert!(body.contains(&format!("\"metadata\":{metadata}")), "{body}");
    let made = session(run);
    let kept: serde_json::Value = serde_json::from_str(made.metadata.unwrap().as_str()).unwrap();
    assert_eq!(
        kept,
        serde_json::from_str::<serde_json::Value>(metadata).unwrap()
    );
    assert!(made.raw.as_str().contains("7.5"), "{:?}", made.raw);
}

#[test]
fn options_of_the_backend_go_into_the_request_and_win() {
    let input = CreateSession {
        agent_id: Some("not this one".to_owned()),
        user_id: Some("somebody".to_owned()),
        backend_options: json(&format!(r#"{{"agentId":"{AGENT}","extra":[1]}}"#)),
        ..CreateSession::default()
    };
    let mut world = World::new(Options::default());
    let run = run(&mut world, Client::default().create(&input));
    let body = body_of(&run);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(body).unwrap(),
        json!({"agentId": AGENT, "userId": "somebody", "extra": [1]})
    );
}

#[test]
fn sessions_are_listed_by_agent_user_and_status() {
    let mut world = World::new(Options::default());
    let client = Client::default();
    let other = CreateSession {
        user_id: Some("bbbbbbbb-0000-4000-8000-000000000002".to_owned()),
        agent_id: Some(AGENT.to_owned()),
        ..CreateSession::default()
    };
    let mine = session(run(&mut world, client.create_for_agent())).id;
    let theirs = session(run(&mut world, client.create(&other))).id;
    let word = |text: &str| Some(text.to_owned());
    let mut both = vec![mine.clone(), theirs];
    both.sort();
    for (query, wanted) in [
        (ListSessions::default(), both.clone()),
        (
            ListSessions {
                user_id: word(USER),
                ..ListSessions::default()
            },
            vec![mine.clone()],
        ),
        (
            ListSessions {
                agent_id: word(AGENT),
                ..ListSessions::default()
            },
            both.clone(),
        ),
        (
            ListSessions {
                agent_id: word("another"),
                ..ListSessions::default()
            },
            vec![],
        ),
        (
            ListSessions {
                status: word("active"),
                limit: Some(1),
                ..ListSessions::default()
            },
            both,
        ),
        (
            ListSessions {
                status: word("completed"),
                ..ListSessions::default()
            },
            vec![],
        ),
    ] {
        let mut found = sessions(run(&mut world, client.list(query.clone())));
        found.sort();
        assert_eq!(found, wanted, "{query:?}");
    }
}

#[test]
fn a_session_past_its_time_is_expired_and_then_not_there() {
    let mut world = World::new(Options::default());
    let (id, _) = world.session(&json!({"timeoutMinutes": 7, "autoRenew": false}));
    world.pass(T0 + 421_000.0);
    let client = Client::default();
    let first = run(&mut world, client.send(&id, &message("hello")));
    let wanted = json!({"kind": "expired", "status": 410, "code": "SESSION_EXPIRED", "retryable": false, "delivered": "no"});
    assert_eq!(error(&first), Some(wanted));
    assert_eq!(
        run(&mut world, client.get(&id)).failed().kind,
        ErrorKind::NotFound
    );
}

#[test]
fn an_agent_that_nobody_knows_and_ids_that_are_none_are_refused() {
    let mut world = World::new(Options::default());
    for (agent, kind) in [
        ("99999999-0000-4000-8000-000000000000", ErrorKind::NotFound),
        ("not-a-uuid", ErrorKind::Invalid),
    ] {
        let input = CreateSession {
            agent_id: Some(agent.to_owned()),
            ..CreateSession::default()
        };
        assert_eq!(
            run(&mut world, Client::default().create(&input))
                .failed()
                .kind,
            kind
        );
    }
}

/// Every operation that takes the id of a session.
fn with_id(client: &Client, id: &str) -> Vec<Made> {
    let all = range(10, None, None);
    vec![
        client.get(id),
        client.delete(id),
        client.renew(id),
        client.send(id, &message("x")),
        client.stream(id, &message("x")),
        client.page(id, &all),
        client.messages(id, &all, Direction::Backward),
        client.follow(id, None),
    ]
}

#[test]
fn an_id_never_leaves_its_place_in_the_address() {
    for id in [
        "../../agents",
        "a/b",
        "a%2Fb",
        "x?limit=1",
        "x#y",
        "é 😀",
        "a\\b",
        "\u{0}",
        ";",
        "..%2f",
        "health?",
        "...",
    ] {
        for made in with_id(&Client::default(), id) {
            let mut world = World::new(Options::default());
            let run = run(&mut world, made);
            assert_eq!(run.failed().kind, ErrorKind::NotFound, "{id:?}");
            let url = &run.requests[0].1.url;
            let rest = url
                .strip_prefix("http://agents.test/api/messaging/sessions/")
                .unwrap();
            let segment = rest.split(['/', '?']).next().unwrap();
            assert!(
                segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)),
                "{url}"
            );
        }
    }
}

#[test]
fn an_id_that_can_be_none_makes_no_request() {
    for (id, kind) in [
        ("", ErrorKind::Invalid),
        (".", ErrorKind::Invalid),
        ("..", ErrorKind::Invalid),
        ("health", ErrorKind::NotFound),
    ] {
        for made in with_id(&Client::default(), id) {
            assert_eq!(run(&mut Script::of([]), made).failed().kind, kind, "{id:?}");
        }
    }
}

#[test]
fn what_elizaos_lacks_is_unsupported_without_a_request() {
    let client = Client::default();
    let create = |input| {
        client.create(&CreateSession {
            agent_id: Some(AGENT.to_owned()),
            ..input
        })
    };
    let text = || Some("x".to_owned());
    let mut files = message("x");
    files.files = 1;
    for made in [
        client.cancel("s"),
        create(CreateSession {
            agent_name: text(),
            ..CreateSession::default()
        }),
        create(CreateSession {
            prompt: text(),
            ..CreateSession::default()
        }),
        create(CreateSession {
            variables: json("{}"),
            ..CreateSession::default()
        }),
        client.send("s", &files),
    ] {
        assert_eq!(
            run(&mut Script::of([]), made).failed().kind,
            ErrorKind::Unsupported
        );
    }
    let nobody = run(
        &mut Script::of([]),
        client.create(&CreateSession::default()),
    );
    assert_eq!(nobody.failed().kind, ErrorKind::Invalid);
}

#[test]
fn the_key_is_sent_as_the_server_wants_it_and_a_wrong_one_is_unauthorized() {
    let options = || Options {
        keys: vec!["s3cret".to_owned()],
        ..Options::default()
    };
    for (key, fits) in [
        (Some("s3cret"), true),
        (Some("other"), false),
        (Some(""), false),
        (None, false),
    ] {
        let mut world = World::new(options());
        let run = run_with_key(&mut world, Client::default().create_for_agent(), key);
        assert_eq!(run.error.is_none(), fits, "{key:?}");
        if !fits {
            assert_eq!(
                error(&run),
                Some(json!({"kind": "unauthorized", "status": 401, "retryable": false}))
            );
        }
    }
}

#[test]
fn a_key_that_no_header_can_hold_makes_no_request_and_stands_in_no_error() {
    for key in ["s3cret\r\nx-evil: 1", "s3cret…", "s3cret\0"] {
        let mut script = Script::of([]);
        for made in [
            Client::default().get("s"),
            Client::default().send("s", &message("x")),
        ] {
            let run = run_with_key(&mut script, made, Some(key));
            assert_eq!(run.failed().kind, ErrorKind::Config);
            assert!(!write::text(run.failed()).contains("s3cret"));
            assert!(run.requests.is_empty());
        }
    }
}

#[test]
fn the_clients_headers_go_with_every_request_and_the_key_has_the_last_word() {
    let headers = vec![
        ("X-Trace".to_owned(), "7".to_owned()),
        ("X-API-KEY".to_owned(), "from a header".to_owned()),
    ];
    let client = Client::new(agentline::settings::Options {
        headers,
        ..options()
    });
    let mut world = World::new(Options::default());
    let run = run_with_key(&mut world, client.create_for_agent(), Some("the key"));
    let mut sent = run.requests[0].1.headers.clone();
    sent.sort();
    let wanted = [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("x-api-key", "the key"),
        ("x-trace", "7"),
    ];
    assert_eq!(
        sent,
        wanted.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn the_server_counts_requests_and_a_client_that_used_them_up_is_told_until_when() {
    let mut world = World::new(Options {
        eliza: eliza::Options {
            rate_limit: Some(3),
            ..eliza::Options::default()
        },
        ..Options::default()
    });
    let client = Client::default();
    let id = session(run(&mut world, client.create_for_agent())).id;
    for _ in 0..2 {
        session(run(&mut world, client.get(&id)));
    }
    let refused: Error = run(&mut world, client.get(&id)).failed().clone();
    assert_eq!(
        (refused.kind, refused.retryable),
        (ErrorKind::RateLimited, true)
    );
    let wait = refused.retry_after.unwrap();
    assert!((30_001.0..=900_000.0).contains(&wait), "{wait}");
    let now = world.now();
    world.pass(now + wait);
    session(run(&mut world, client.get(&id)));
}
