//! Details of elizaOS sessions and rows that programs stumble over: whose a row is, what a message renews, which answer
//! several actions give, and what never leaves the client.

use std::collections::BTreeSet;

use agentline::backend::{Direction, Edge};
use agentline::error::{Delivered, ErrorKind};
use agentline::http::Method;
use agentline::json::write;
use agentline::model::{Role, Session, SessionStatus};
use agentline_sandbox::{Agents, Options, clock::iso};
use serde_json::{Value, json};

use crate::hostile::{NAMES, made};
use crate::metadata::with;
use crate::paging::Case;
use crate::support::client::{AGENT, Client, USER, message, message_over, options, range};
use crate::support::drive::{Answer, End, Run, Seen, Server, run};
use crate::support::script::{Script, T0};
use crate::support::world::World;

pub fn echo() -> Options {
    Options {
        agents: Agents::Echo,
        ..Options::default()
    }
}

#[track_caller]
pub fn session(run: Run) -> Session {
    match run.fine().as_slice() {
        [Seen::Session(session)] => session.clone(),
        other => panic!("no session: {other:?}"),
    }
}

#[track_caller]
pub fn answer(run: Run) -> String {
    match run.fine().last() {
        Some(Seen::Reply(reply)) => reply.message.text.to_string_lossy().into_owned(),
        Some(Seen::Event("done", json)) => {
            let json: Value = serde_json::from_str(json).unwrap();
            json["reply"]["message"]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        }
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn a_row_that_an_agents_action_wrote_is_the_agents_though_the_server_denies_it() {
    let row = |id: &str, author: &str, is_agent: bool, metadata: Value| json!({"id": id, "content": "x", "authorId": author, "isAgent": is_agent, "createdAt": "2024-01-07T08:00:00.000Z", "metadata": metadata});
    let rows = json!({"hasMore": false, "messages": [
        row("reply", AGENT, true, json!({"agent_id": AGENT, "agentName": "Ann"})),
        row("action", AGENT, false, json!({"agent_id": AGENT, "agentName": "Ann"})),
        row("user", USER, false, json!({"agentId": AGENT, "userId": USER, "agentName": "Ann"})),
        row("stranger", "somebody", false, json!({})),
        row("odd", USER, false, json!({"agentId": {"id": USER}, "agent_id": 7})),
    ]});
    let mut script = Script::always(Answer::json(200, rows.to_string()));
    let read = run(
        &mut script,
        Client::default().page("s", &range(10, None, None)),
    );
    let mut found: Vec<_> = read
        .messages()
        .iter()
        .map(|row| {
            let name = row.author.clone().unwrap().name;
            (row.id.to_string(), row.role, name.map(String::from))
        })
        .collect();
    found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let ann = || Some("Ann".to_owned());
    let wanted = [
        ("action", Role::Assistant, ann()),
        ("odd", Role::User, None),
        ("reply", Role::Assistant, ann()),
        ("stranger", Role::User, None),
        ("user", Role::User, None),
    ];
    assert_eq!(
        found,
        wanted.map(|(id, role, name)| (id.to_owned(), role, name))
    );
}

#[test]
fn a_session_of_a_server_that_tells_no_channel_is_a_session() {
    let body = r#"{"sessionId":"s","agentId":"a","userId":"u","createdAt":"2024-01-07T08:00:00.000Z","metadata":{},"expiresAt":"2024-01-07T08:30:00.000Z","timeoutConfig":{"timeoutMinutes":7.5}}"#;
    for name in ["create", "get", "renew"] {
        let mut script = Script::always(Answer::json(200, body));
        let made = session(run(&mut script, made(&Client::default(), name)));
        assert_eq!(
            (made.id.as_str(), made.status),
            ("s", SessionStatus::Active)
        );
        assert_eq!(made.raw.as_str(), body, "{name}");
    }
}

#[test]
fn an_id_goes_out_in_the_case_that_it_came_in() {
    let mut script = Script::always(Answer::json(404, ""));
    let asked = run(&mut script, Client::default().get("DA1C4047-aBcD"));
    assert!(
        asked.requests[0].1.url.ends_with("/sessions/DA1C4047-aBcD"),
        "{}",
        asked.requests[0].1.url
    );
}

#[test]
fn a_message_renews_a_session_only_where_renewal_is_automatic() {
    for (automatic, after_message) in [(true, "08:37"), (false, "08:30")] {
        let mut world = World::new(echo());
        let (id, _) = world.session(&json!({"timeoutMinutes": 30, "autoRenew": automatic}));
        let client = Client::default();
        world.pass(T0 + 7.0 * 60_000.0);
        assert_eq!(
            answer(run(&mut world, client.send(&id, &message("say x")))),
            "x"
        );
        let at = |minute: &str| Some(format!("2024-01-07T{minute}:00.000Z"));
        let read = session(run(&mut world, client.get(&id)));
        let until = |expires: &Option<String>| expires.as_deref().map(|date| date[..16].to_owned());
        assert_eq!(until(&read.expires_at), until(&at(after_message)));
        // by hand it is renewed all the same
        let renewed = session(run(&mut world, client.renew(&id)));
        assert_eq!(until(&renewed.expires_at), until(&at("08:37")));
    }
}

#[test]
fn a_session_that_expired_unseen_can_still_be_removed() {
    let mut world = World::new(echo());
    let (id, _) = world.session(&json!({"timeoutMinutes": 7, "autoRenew": false}));
    world.pass(T0 + 421_000.0);
    let client = Client::default();
    assert_eq!(run(&mut world, client.delete(&id)).fine(), []);
    assert_eq!(
        run(&mut world, client.delete(&id)).failed().kind,
        ErrorKind::NotFound
    );
}

#[test]
fn a_listed_session_without_time_left_is_expired() {
    let info = |left: u32| json!({"sessionId": format!("s{left}"), "agentId": "a", "userId": "u", "createdAt": "x", "expiresAt": "y", "metadata": {}, "timeRemaining": left});
    let body = json!({"sessions": [info(0), info(1)], "total": 2, "stats": {}});
    let mut script = Script::always(Answer::json(200, body.to_string()));
    let listed = run(&mut script, Client::default().list(Default::default())).fine();
    let status: Vec<SessionStatus> = listed
        .iter()
        .map(|seen| match seen {
            Seen::Session(session) => session.status,
            other => panic!("no session: {other:?}"),
        })
        .collect();
    assert_eq!(status, [SessionStatus::Expired, SessionStatus::Active]);
}

#[test]
fn the_time_that_a_session_has_left_is_the_servers_own_count() {
    let left = |raw: Value| Client::default().time_left(&raw.to_string());
    assert_eq!(
        left(json!({"sessionId": "s", "timeRemaining": 1_799_999.5})),
        Some(1_799_999.5)
    );
    for raw in [
        json!({"sessionId": "s"}),
        json!({"sessionId": "s", "timeRemaining": 0}),
        json!({"sessionId": "s", "timeRemaining": "soon"}),
        json!([]),
    ] {
        assert_eq!(left(raw.clone()), None, "{raw}");
    }
}

#[test]
fn an_accept_header_of_the_callers_decides_nothing() {
    for (accept, streams) in [("text/event-stream", false), ("application/json", true)] {
        let client = Client::new(agentline::settings::Options {
            headers: vec![("Accept".to_owned(), accept.to_owned())],
            ..options()
        });
        let (mut world, id, _) = World::with_session(echo());
        let made = match streams {
            true => client.stream(&id, &message("stream 4 30 word by word by word")),
            false => client.send(&id, &message("say hi")),
        };
        let run = run(&mut world, made);
        let sent = &run.requests[0].1.headers;
        assert!(sent.contains(&("accept".to_owned(), accept.to_owned())));
        let deltas = run
            .kinds()
            .iter()
            .filter(|kind| **kind == "content")
            .count();
        assert_eq!(deltas > 1, streams, "{accept}");
        assert_eq!(
            answer(run),
            if streams {
                "word by word by word"
            } else {
                "hi"
            }
        );
    }
}

#[test]
fn of_several_actions_http_gives_the_last_and_a_stream_the_first() {
    for (streams, wanted) in [(false, "both (1/1)"), (true, "first action")] {
        let (mut world, id, _) = World::with_session(echo());
        let (client, outgoing) = (Client::default(), message("acts both"));
        let made = match streams {
            true => client.stream(&id, &outgoing),
            false => client.send(&id, &outgoing),
        };
        assert_eq!(answer(run(&mut world, made)), wanted, "streams: {streams}");
    }
}

#[test]
fn of_several_rows_that_answer_a_message_the_first_is_its_answer() {
    let stored = r#"{"success":true,"userMessage":{"id":"m","author_id":"u","content":"acts both","created_at":1704614400000,"metadata":{}},"sessionStatus":{}}"#;
    let row = |id: &str, agent: bool, at: u32| json!({"id": id, "content": id, "authorId": "a", "isAgent": agent, "createdAt": format!("2024-01-07T08:00:00.{at:03}Z"), "metadata": {}});
    let rows = json!({"hasMore": false, "messages": [
        row("another user", false, 300), row("second action", true, 200), row("first action", true, 100), row("m", false, 0),
    ]});
    let before = json!({"hasMore": false, "messages": []});
    let mut script = Script::of([
        Answer::json(201, stored),
        Answer::json(200, rows.to_string()),
        Answer::json(200, before.to_string()),
    ]);
    let sent = run(
        &mut script,
        Client::default().send("s", &message_over("websocket", "acts both")),
    );
    assert_eq!(answer(sent), "first action");
}

/// What becomes of a message over the `websocket` transport that is stored at the second 0, in a history of other rows: who
/// wrote each, and at which second.
fn among(others: &[(&str, f64)]) -> Run {
    let asked = r#"{"success":true,"userMessage":{"id":"m","author_id":"u","content":"say it","created_at":1704614400000,"metadata":{}},"sessionStatus":{}}"#;
    let mut rows = vec![("m", 0.0)];
    rows.extend(others);
    rows.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let stamp = |second: f64| T0 + second * 1e3;
    let mut script =
        Script::new(|request, _| {
            if request.method == Method::Post {
                return Answer::json(201, asked);
            }
            let edge = |name: &str| {
                let (_, rest) = request.url.split_once(name)?;
                rest.split('&').next().unwrap().parse::<f64>().ok()
            };
            let (before, after) = (edge("before="), edge("after="));
            let asked = |(_, second): &&(&str, f64)| {
                let at = stamp(*second);
                before.is_none_or(|before| at < before) && after.is_none_or(|after| at > after)
            };
            let rows: Vec<Value> = rows.iter().filter(asked).map(|(id, second)| {
            json!({
                "id": id, "content": id, "authorId": "a", "isAgent": id.starts_with("answer"),
                "createdAt": iso(stamp(*second)), "metadata": {},
            })
        }).collect();
            Answer::json(200, json!({"hasMore": false, "messages": rows}).to_string())
        });
    run(
        &mut script,
        Client::default().send("s", &message_over("websocket", "say it")),
    )
}

#[test]
fn a_stored_answer_is_taken_for_that_to_a_message_only_where_it_can_be_no_others() {
    // nothing else was open
    for others in [
        [("answer", 0.2)].as_slice(),
        &[("one", -5.0), ("answer to one", -3.0), ("answer", 0.2)],
        &[
            ("one", -5.0),
            ("answer to one", -3.0),
            ("answer", 0.2),
            ("two", 0.3),
            ("answer to two", 0.4),
        ],
        // it was discarded long ago
        &[("one", -301.0), ("answer", 0.2)],
    ] {
        assert_eq!(answer(among(others)), "answer", "{others:?}");
    }
    // by then the message had surely been taken up, and all before it discarded
    for second in [10.0, 50.0] {
        let others = [("one", -5.0), ("answer", second)];
        assert_eq!(answer(among(&others)), "answer", "{second}");
    }
    // nobody can tell whose it is
    for others in [
        [("one", -5.0), ("answer", 0.2)].as_slice(),
        &[("one", -299.0), ("answer", 9.9)],
        &[("one", -5.0), ("answer to one", 0.2), ("answer", 0.4)],
        &[("two", 1.0), ("answer", 1.2)],
    ] {
        let run = among(others);
        let error = run.failed();
        assert_eq!(error.kind, ErrorKind::Timeout, "{others:?}");
        assert_eq!(error.code.as_deref(), Some("REPLY_UNCLEAR"), "{others:?}");
        assert_eq!(error.delivered, Some(Delivered::Yes));
    }
    // a newer message has the agent's attention
    let run = among(&[("two", 1.0), ("answer to two", 12.0)]);
    assert_eq!(run.failed().code.as_deref(), Some("NO_REPLY"));
}

#[test]
fn in_a_direct_room_the_agent_always_answers_and_in_a_group_it_may_not() {
    for (metadata, answers) in [(json!({"channelType": "DM"}), true), (json!({}), false)] {
        let mut world = World::new(echo());
        let client = Client::default();
        let id = session(run(&mut world, client.create(&with(&metadata)))).id;
        let sent = run(
            &mut world,
            client.send(&id, &message_over("websocket", "stayout hello")),
        );
        if answers {
            assert_eq!(answer(sent), "echo: stayout hello");
        } else {
            assert_eq!(sent.failed().kind, ErrorKind::Timeout);
        }
    }
}

#[test]
fn over_the_websocket_transport_a_failure_is_silence_and_ends_as_a_timeout() {
    for text in ["throw", "ignore", "empty", "act 0 x"] {
        let (mut world, id, _) = World::with_session(echo());
        let sent = run(
            &mut world,
            Client::default().send(&id, &message_over("websocket", text)),
        );
        let failed = sent.failed();
        assert_eq!(
            (failed.kind, failed.delivered, failed.retryable),
            (ErrorKind::Timeout, Some(Delivered::Yes), false),
            "{text}"
        );
    }
}

#[test]
fn what_had_come_of_an_answer_has_the_id_that_the_answer_would_have() {
    let chunk = "event: chunk\ndata: {\"messageId\":\"r-1\",\"chunk\":\"so\",\"index\":0}\n\n";
    let cut = run(
        &mut Script::always(Answer::stream(chunk)),
        Client::default().stream("s", &message("x")),
    );
    let partial = cut.failed().partial.clone().unwrap();
    assert_eq!(
        (partial.message.id.as_str(), partial.message.complete),
        ("r-1", false)
    );
    let whole = format!("{chunk}event: done\ndata: {{\"text\":\"so\",\"responseId\":\"r-1\"}}\n\n");
    let done = run(
        &mut Script::always(Answer::stream(whole)),
        Client::default().stream("s", &message("x")),
    )
    .fine();
    let done: Value = serde_json::from_str(&done.last().unwrap().json()).unwrap();
    assert_eq!(done["reply"]["message"]["id"], "r-1");
}

#[test]
fn every_point_in_time_goes_out_as_whole_milliseconds_that_the_server_understands() {
    let points = [
        Edge::read("2024-01-07T08:00:00.002Z".to_owned()),
        Edge::read("2024-01-07".to_owned()),
        Edge::Time(T0 + 0.9),
        Edge::Time(0.0),
        Edge::Time(-5.0),
        Edge::Time(1e20),
        Edge::Time(8.64e15),
        Edge::Time(f64::INFINITY),
        Edge::Time(f64::NEG_INFINITY),
    ];
    let case = Case::new(0..300, 40);
    let mut queries = BTreeSet::new();
    for point in points {
        for (before, after) in [
            (Some(point.clone()), None),
            (None, Some(point.clone())),
            (Some(Edge::Time(T0 + 200.0)), Some(point.clone())),
        ] {
            for direction in [Direction::Forward, Direction::Backward] {
                let (mut world, id) = case.world();
                let at = range(case.limit, before.clone(), after.clone());
                let read = run(&mut world, Client::default().messages(&id, &at, direction));
                assert_eq!(read.error, None, "{point:?}");
                queries.extend(
                    read.requests
                        .iter()
                        .filter_map(|(_, request)| Some(request.url.split_once('?')?.1.to_owned())),
                );
            }
        }
    }
    assert!(queries.len() > 20, "{queries:?}");
    for pair in queries.iter().flat_map(|query| query.split('&')) {
        let (name, number) = pair.split_once('=').unwrap();
        let most = match name {
            "limit" => 1..=100,
            // the last millisecond that the server's database knows
            "before" | "after" => 0..=253_402_300_799_999,
            other => panic!("the parameter {other}"),
        };
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{pair}");
        assert!(most.contains(&number.parse::<i64>().unwrap()), "{pair}");
    }
}

#[test]
fn the_channel_of_a_session_stands_in_no_request_and_no_error() {
    // with it anybody can listen over Socket.IO
    let channel = "c4a22e1c-0000-4000-8000-000000000001";
    let session = format!(
        r#"{{"sessionId":"s","channelId":"{channel}","agentId":"a","userId":"u","createdAt":"x","expiresAt":"y","metadata":{{}}}}"#
    );
    let stored = format!(
        r#"{{"id":"m","channel_id":"{channel}","author_id":"u","content":"x","created_at":1704614400000,"metadata":{{}}}}"#
    );
    let taken = format!(r#"{{"success":true,"userMessage":{stored},"sessionStatus":{{}}}}"#);
    let started = format!(
        "event: user_message\ndata: {stored}\n\nevent: chunk\ndata: {{\"chunk\":\"a\"}}\n\n"
    );
    let refused = || Answer::json(400, r#"{"error":{"code":"X","message":"y"}}"#);
    for name in NAMES {
        for first in [
            Answer::json(200, &session),
            Answer::json(201, &taken),
            Answer::json(201, &taken).ending(End::Broken(None)),
            Answer::json(200, &session[..session.len() - 1]),
            Answer::stream(&started),
        ] {
            let mut script = Script::new(|_, count| match count {
                0 => first.clone(),
                _ => refused(),
            });
            let run = run(&mut script, made(&Client::default(), name));
            let told = run.error.as_ref().map(write::text).unwrap_or_default();
            assert!(!told.contains(channel), "{name}: {told}");
            for (_, request) in &run.requests {
                assert!(!format!("{request:?}").contains(channel), "{name}");
            }
        }
    }
}
