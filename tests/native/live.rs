//! Agent Cloud's answers told over Socket.IO: sooner than by asking, and the same; and whatever is wrong with the socket,
//! the same all the same.

use agentline::backend::CreateSession;
use agentline::http::Head;
use agentline::model::Backend;
use agentline_sandbox::Agents;
use agentline_sandbox::agentcloud::{API_KEY, APP_ID, TEAM_ID};
use serde_json::Value;

use crate::support::client::{Client, message};
use crate::support::drive::{Answer, End, Run, Seen, Server, run_with_key};
use crate::support::room::{
    Manners, QUESTION, Room, SESSION, Told, options, piece, recorded, terms, waits,
};
use crate::support::world::World;

const KEY: &str = "eyJhbGciOi.secret";

/// The recorded answers: whole ones, a burst out of order, JSON in the middle of a sentence, a failure.
fn answers() -> Vec<(&'static str, Vec<Told>)> {
    let mut burst = recorded("F30", "\"message\"", 3.0);
    let end = burst.last().unwrap().at;
    burst.push(piece(end + 40.0, "more", "Anything else?", true, true));
    burst.push(waits(end + 41.0));
    let mut chat = recorded("F28", "\"running\"", 60.0);
    let waiting = |told: &Told| told.event[1] == "waiting";
    let end = chat.iter().position(waiting).unwrap();
    chat.truncate(end + 1);
    let mut silent = chat.clone();
    silent.retain(|told| told.event[1]["isFeedback"] != true);
    vec![
        ("a chat", chat),
        ("a chat whose end only the session tells", silent),
        ("a burst", burst),
        ("JSON and a stop", recorded("F31", "\"See \"", 60.0)),
        ("a failure", recorded("F43", "message", 60.0)),
    ]
}

fn stream(room: &mut Room, live: bool) -> Run {
    let client = Client::new(options(live));
    run_with_key(room, client.stream(SESSION, &message(QUESTION)), Some(KEY))
}

fn streamed(told: &[Told], manners: Manners) -> (Run, Room) {
    let mut room = Room::new(told.to_vec(), manners);
    let run = stream(&mut room, true);
    assert!(!room.is_open, "the socket is left open");
    (run, room)
}

/// What the same answer is without a socket.
fn polled(told: &[Told]) -> Run {
    stream(&mut Room::new(told.to_vec(), Manners::default()), false)
}

/// What is left of a run whichever way it came: the reply or the error, what the agent did, and that the text that was
/// handed out piece by piece is the text of the reply.
#[track_caller]
fn essence(run: &Run, what: &str) -> (Option<Value>, Option<String>, Vec<String>, usize) {
    let (mut text, mut reply, mut statuses, mut starts) = (String::new(), None, Vec::new(), 0);
    for seen in &run.seen {
        let Seen::Event(kind, json) = seen else {
            panic!("{what}: {seen:?}");
        };
        let event: Value = serde_json::from_str(json).unwrap();
        match *kind {
            "content" => text.push_str(event["delta"].as_str().unwrap()),
            "replace" => text = event["text"].as_str().unwrap().to_owned(),
            "status" => statuses.push(event["text"].as_str().unwrap().to_owned()),
            "done" => reply = Some(event["reply"].clone()),
            "start" => starts += 1,
            kind => panic!("{what}: {kind}"),
        }
    }
    if let Some(reply) = &reply {
        assert_eq!(reply["message"]["text"], text, "{what}");
    }
    // two looks may see a line at its beginning and at its end, or at its end only
    statuses.retain(|status| !status.starts_with("Using tool"));
    // and what one did not hear in its place is told when it is looked up
    statuses.sort();
    let error = run.error.as_ref().map(agentline::json::write::text);
    (reply, error, statuses, starts)
}

#[test]
fn an_answer_told_over_the_socket_is_the_answer_that_is_found_by_asking() {
    for (what, told) in answers() {
        let (run, room) = streamed(&told, Manners::default());
        assert_eq!(essence(&run, what), essence(&polled(&told), what), "{what}");
        assert_eq!((room.handshakes, run.sockets.len()), (1, 1), "{what}");
        let first = ["2probe", "5", "40"].map(str::to_owned);
        assert_eq!(run.said[..3], first, "{what}");
        assert_eq!(run.said[3], format!("42[\"join_room\",\"{SESSION}\"]"));
    }
}

#[test]
fn an_answer_that_is_wanted_whole_is_told_over_the_socket_too() {
    for (what, told) in answers() {
        let whole = |live| {
            let mut room = Room::new(told.clone(), Manners::default());
            let send = Client::new(options(live)).send(SESSION, &message(QUESTION));
            let run = run_with_key(&mut room, send, Some(KEY));
            (run.seen, run.error, run.sockets.len())
        };
        let ((live, failed, sockets), (polled, missed, none)) = (whole(true), whole(false));
        assert_eq!((live, failed), (polled, missed), "{what}");
        assert_eq!((sockets, none), (1, 0), "{what}");
    }
}

#[test]
fn a_piece_is_handed_out_when_it_is_told_and_the_rows_are_asked_seldom() {
    let mut told: Vec<Told> = (0..100)
        .map(|at| {
            piece(
                1_000.0 + 100.0 * f64::from(at),
                "x",
                "word ",
                at == 0,
                false,
            )
        })
        .collect();
    told.push(piece(11_000.0, "end", "And now?", true, true));
    told.push(waits(11_001.0));
    let (run, room) = streamed(&told, Manners::default());
    let pieces = run
        .kinds()
        .iter()
        .filter(|kind| **kind == "content")
        .count();
    assert_eq!(pieces, 101);
    assert!(room.polls <= 6, "{} polls", room.polls);
    let mut room = Room::new(told.clone(), Manners::default());
    essence(&stream(&mut room, false), "by asking");
    assert!(room.polls >= 30, "{} polls", room.polls);
}

#[test]
fn a_socket_that_closes_at_any_text_leaves_the_same_answer() {
    for (what, told) in answers() {
        let expected = essence(&polled(&told), what);
        let (_, whole) = streamed(&told, Manners::default());
        assert!(whole.given() > 4, "{what}");
        for cut in 0..whole.given() {
            let what = format!("{what}, cut at {cut}");
            let (run, _) = streamed(
                &told,
                Manners {
                    cut: Some(cut),
                    ..Manners::default()
                },
            );
            assert_eq!(essence(&run, &what), expected, "{what}");
        }
    }
}

#[test]
fn a_socket_that_says_something_else_at_any_text_leaves_the_same_answer() {
    let other = [
        "",
        "x",
        "<html>",
        "1",
        "41",
        "44{\"message\":\"no\"}",
        "42[\"message\",",
        "42[\"message\",7]",
        "42[\"message\",{\"message\":{\"text\":{},\"chunkId\":[]}}]",
        "451-[\"bytes\"]",
        "2",
        "6",
        "0{}",
    ];
    for (what, told) in answers() {
        let (reply, error, _, _) = essence(&polled(&told), what);
        let (_, whole) = streamed(&told, Manners::default());
        for at in 0..whole.given() {
            let garbage = other[at % other.len()];
            for garbage in [garbage, "\u{1}", "42[\"message\",null]"] {
                let what = format!("{what}, {garbage:?} at {at}");
                let garbage = Some((at, garbage.to_owned()));
                let (run, _) = streamed(
                    &told,
                    Manners {
                        garbage,
                        ..Manners::default()
                    },
                );
                // what the agent did behind an end that was not heard has been told already
                let (found, failed, _, starts) = essence(&run, &what);
                assert_eq!((&found, &failed, starts), (&reply, &error, 1), "{what}");
            }
        }
    }
}

#[test]
fn a_socket_that_falls_silent_at_any_text_leaves_the_same_answer() {
    for (what, told) in answers() {
        let expected = essence(&polled(&told), what);
        let (_, whole) = streamed(&told, Manners::default());
        for gone in 0..whole.given() {
            let what = format!("{what}, silent from {gone}");
            let (run, _) = streamed(
                &told,
                Manners {
                    gone: Some(gone),
                    ..Manners::default()
                },
            );
            assert_eq!(essence(&run, &what), expected, "{what}");
        }
    }
}

#[test]
fn where_the_room_is_closed_to_somebody_the_answer_is_found_by_asking() {
    for (what, told) in answers() {
        let (run, _) = streamed(
            &told,
            Manners {
                deaf: true,
                ..Manners::default()
            },
        );
        assert_eq!(essence(&run, what), essence(&polled(&told), what), "{what}");
    }
}

fn refusals() -> Vec<(&'static str, Manners)> {
    let handshake = |handshake: Answer| Manners {
        handshake,
        ..Manners::default()
    };
    let mut redirect = Answer::new(302, "text/plain", "Found. Redirecting to /login");
    redirect.head = Some(Head {
        location: Some("/login?goto=%2Fsocket.io%2F".to_owned()),
        ..redirect.head.unwrap()
    });
    let json = "{\"code\":0,\"message\":\"Transport unknown\"}";
    vec![
        ("a refusal", handshake(Answer::json(400, json))),
        (
            "no such page",
            handshake(Answer::new(404, "text/html", "<html>")),
        ),
        ("a page", handshake(Answer::new(200, "text/html", "<html>"))),
        ("a redirect", handshake(redirect)),
        (
            "a redirect in JSON",
            handshake(Answer::json(200, "{\"redirect\":\"/login\"}")),
        ),
        ("a hidden redirect", handshake(Answer::new(0, "", ""))),
        (
            "too many",
            handshake(Answer::json(429, "{}").retry_after("20")),
        ),
        ("an overloaded server", handshake(Answer::json(503, "{}"))),
        (
            "nobody",
            handshake(Answer::none(End::Broken(Some("ECONNREFUSED")))),
        ),
        ("a break", handshake(terms().ending(End::Broken(None)))),
        ("no answer", handshake(Answer::none(End::Never))),
        (
            "half an answer",
            handshake(terms().pieces([b"0{\"sid\"".as_slice()]).ending(End::Never)),
        ),
        ("no words", handshake(Answer::new(200, "text/plain", ""))),
        (
            "other words",
            handshake(Answer::new(200, "text/plain", "ok")),
        ),
        (
            "no upgrade",
            handshake(Answer::new(
                200,
                "text/plain",
                "0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000}",
            )),
        ),
        (
            "no WebSocket",
            Manners {
                open: None,
                ..Manners::default()
            },
        ),
        (
            "a slow WebSocket",
            Manners {
                open: Some(60_000.0),
                ..Manners::default()
            },
        ),
    ]
}

#[test]
fn whoever_refuses_the_socket_is_asked_for_the_rows_and_not_for_the_socket_again() {
    let (_, told) = answers().swap_remove(0);
    let expected = essence(&polled(&told), "by asking");
    for (what, manners) in refusals() {
        let client = Client::new(options(true));
        let mut room = Room::new(told.clone(), manners);
        for later in [1_000.0, 300_000.0, 0.0] {
            let send = client.stream(SESSION, &message(QUESTION));
            let run = run_with_key(&mut room, send, Some(KEY));
            let found = essence(&run, what);
            assert_eq!(found.0.map(text), expected.0.clone().map(text), "{what}");
            assert!(run.sockets.len() <= 1, "{what}");
            room = room.again(later);
        }
        // once, and once more when a while is over
        assert_eq!(room.handshakes, 2, "{what}");
    }
}

fn text(reply: Value) -> Value {
    reply["message"]["text"].clone()
}

#[test]
fn a_long_thought_keeps_the_socket_by_answering_its_pings() {
    let told = vec![
        piece(120_000.0, "x", "At last.", true, true),
        waits(120_001.0),
    ];
    let mut room = Room::new(told.clone(), Manners::default());
    let mut patient = message(QUESTION);
    patient.answer_timeout = Some(300_000.0);
    let send = Client::new(options(true)).stream(SESSION, &patient);
    let run = run_with_key(&mut room, send, Some(KEY));
    assert_eq!(
        essence(&run, "a thought").0.map(text),
        Some("At last.".into())
    );
    assert_eq!((room.pongs, run.sockets.len()), (4, 1));
    assert!(room.polls < 25, "{} polls", room.polls);
}

#[test]
fn no_answer_is_awaited_for_ever() {
    let (run, room) = streamed(&[], Manners::default());
    let failed = run.failed();
    assert_eq!(failed.kind, agentline::error::ErrorKind::Timeout);
    assert_eq!(failed.delivered, Some(agentline::error::Delivered::Yes));
    let took = agentline::json::write::text(&(room.time()));
    assert!(room.time() <= 62_000.0, "{took}");
}

#[test]
fn a_socket_is_opened_only_where_it_is_wanted() {
    let (_, told) = answers().swap_remove(0);
    let mut room = Room::new(told, Manners::default());
    let run = stream(&mut room, false);
    assert_eq!(
        (room.handshakes, run.sockets.len(), run.said.len()),
        (0, 0, 0)
    );
}

#[test]
fn the_key_goes_with_the_handshake_and_stands_in_no_address_and_no_text() {
    let (_, told) = answers().swap_remove(0);
    let (run, _) = streamed(&told, Manners::default());
    for (_, request) in &run.requests {
        let carried = request
            .headers
            .iter()
            .any(|(name, value)| name == "authorization" && *value == format!("Bearer {KEY}"));
        assert!(carried, "{request:?}");
        assert!(!request.url.contains(KEY), "{request:?}");
    }
    for text in run.said.iter().chain(&run.sockets) {
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn whatever_comes_late_twice_or_out_of_order_leaves_the_same_answer() {
    let (_, chat) = answers().swap_remove(0);
    let expected = essence(&polled(&chat), "by asking");
    let late = proptest::collection::vec(0_u32..400, chat.len());
    let config = proptest::test_runner::Config {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    };
    proptest::proptest!(config, |(late in late, doubled in 0..chat.len())| {
        let mut told = chat.clone();
        for (told, late) in told.iter_mut().zip(&late) {
            told.late = f64::from(*late);
        }
        let mut order = told.clone();
        order.sort_by(|a, b| (a.at + a.late).total_cmp(&(b.at + b.late)));
        order.insert(doubled, order[doubled].clone());
        let mut room = Room::new(told, Manners::default()).telling(order);
        let run = stream(&mut room, true);
        proptest::prop_assert_eq!(&essence(&run, "late"), &expected);
    });
}

#[test]
fn any_text_in_place_of_any_other_leaves_the_same_answer() {
    let (_, chat) = answers().swap_remove(0);
    let (reply, error, _, _) = essence(&polled(&chat), "by asking");
    let (_, whole) = streamed(&chat, Manners::default());
    let json = r#"[\[{]?("message"|"text"|"chunkId"|"ts"|"first"|[\[\]{}:,]|null|true|-?[0-9]{1,20}|""){0,12}"#;
    let texts = proptest::prop_oneof![
        "\\PC{0,40}",
        "[0-6][0-6]?\\PC{0,20}",
        proptest::strategy::Strategy::prop_map(json, |json| format!("42[\"message\",{json}]")),
        proptest::strategy::Strategy::prop_map(json, |json| format!(
            "42[\"message\",{{\"ts\":1,\"message\":{{\"chunkId\":\"x\",\"text\":{json}}}}}]"
        )),
    ];
    let config = proptest::test_runner::Config {
        cases: 300,
        failure_persistence: None,
        ..Default::default()
    };
    proptest::proptest!(config, |(text in texts, at in 0..whole.given())| {
        let garbage = Some((at, text));
        let (run, _) = streamed(&chat, Manners { garbage, ..Manners::default() });
        let (found, failed, _, _) = essence(&run, "garbage");
        proptest::prop_assert_eq!((&found, &failed), (&reply, &error));
    });
}

/// What the sandbox's agent says to a text: the text of the answer or the error, and over how many sockets it came.
fn asked_of_sandbox(text: &str, seed: u64, live: bool) -> (Option<Value>, Option<String>, usize) {
    let mut world = World::new(agentline_sandbox::Options {
        agents: Agents::Echo,
        seed,
        ..agentline_sandbox::Options::default()
    });
    let client = Client::new(agentline::settings::Options {
        backend: Some(Backend::AgentCloud),
        team: Some(TEAM_ID.to_owned()),
        ..options(live)
    });
    let app = CreateSession {
        agent_id: Some(APP_ID.to_owned()),
        ..CreateSession::default()
    };
    let made = run_with_key(&mut world, client.create(&app), Some(API_KEY)).fine();
    let [Seen::Session(session)] = made.as_slice() else {
        panic!("{made:?}");
    };
    // time enough for the agent to come and to greet
    world.pass(world.now() + 1_000.0);
    let send = client.stream(&session.id, &message(text));
    let run = run_with_key(&mut world, send, Some(API_KEY));
    assert!(!world.has_socket(), "{text}: the socket is left open");
    let (reply, _, _, starts) = essence(&run, text);
    assert_eq!(starts, 1, "{text}");
    let failed = run.error.as_ref();
    let failed = failed.map(|error| format!("{:?} {}", error.kind, error.message));
    (reply.map(self::text), failed, run.sockets.len())
}

#[test]
fn the_sandbox_which_shares_no_code_with_the_client_tells_what_stands_in_its_rows() {
    for text in [
        "say hello",
        "stream 30 70 one two three four five six seven",
        "repeat 60 over and over ",
        "wait 7000 at last",
        "cutwait 30000 half and half",
        "act 3 looked it up",
        "acts twice",
        "throw",
        "throwmid half of it",
        "double stored twice",
        "nochunkid nobody knows me",
        "old as it was",
        "timeout",
        "silent",
        "hello",
        "say {\"answer\": 42}",
        "stream 5 20 [1] and {} and [2]",
    ] {
        for seed in 1..4 {
            let (polled, missed, none) = asked_of_sandbox(text, seed, false);
            let (told, failed, sockets) = asked_of_sandbox(text, seed, true);
            assert_eq!((told, failed), (polled, missed), "{text}");
            assert_eq!((none, sockets), (0, 1), "{text}");
        }
    }
}
