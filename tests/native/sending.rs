//! Messages to the sandbox's agent, over every transport of every server version, answered, refused, overtaken and cut.

use agentline::backend::{Direction, Edge, OutgoingMessage};
use agentline::error::{Delivered, ErrorKind};
use agentline::json::Json;
use agentline::text::Text;
use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::{Agents, Options};
use serde_json::json;

use crate::expected::{error, partial_text, shown};
use crate::support::client::{Client, Made, message, message_over, options, range};
use crate::support::drive::{Run, Seen, body_of, run};
use crate::support::script::T0;
use crate::support::units::{self, parse};
use crate::support::world::World;

fn server(version: Version) -> Options {
    Options {
        eliza: eliza::Options {
            version,
            ..eliza::Options::default()
        },
        agents: Agents::Echo,
        ..Options::default()
    }
}

fn world(version: Version) -> (World, String) {
    let (world, session, _) = World::with_session(server(version));
    (world, session)
}

fn send(text: &str) -> Run {
    let (mut world, session) = world(Version::V1_7_2);
    run(&mut world, Client::default().send(&session, &message(text)))
}

fn stream(text: &str) -> Run {
    let (mut world, session) = world(Version::V1_7_2);
    run(
        &mut world,
        Client::default().stream(&session, &message(text)),
    )
}

fn posts(run: &Run) -> usize {
    let posts = run
        .requests
        .iter()
        .filter(|(_, request)| request.body.is_some());
    posts.count()
}

/// The text of the answer, however it came.
#[track_caller]
fn answer(run: Run) -> String {
    match run.fine().last() {
        Some(Seen::Reply(reply)) => reply.message.text.to_string_lossy().into_owned(),
        Some(Seen::Event("done", json)) => parse(json).at("reply.message.text").text(),
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn every_server_answers_a_message_and_a_stream_whatever_it_understands_of_them() {
    for version in [Version::V1_6_5, Version::V1_7_0, Version::V1_7_2] {
        for text in [
            "say hello there",
            "stream 6 30 some words that come one by one",
            "act 1 did it",
        ] {
            let wanted = match text.split_once(' ').unwrap() {
                ("say", text) => text.to_owned(),
                ("act", _) => "did it (1/1)".to_owned(),
                _ => "some words that come one by one".to_owned(),
            };
            for streams in [false, true] {
                let (mut world, session) = world(version);
                let client = Client::default();
                let made = match streams {
                    true => client.stream(&session, &message(text)),
                    false => client.send(&session, &message(text)),
                };
                let run = run(&mut world, made);
                let name = format!("{version:?} {text:?} streams: {streams}");
                assert_eq!(run.error, None, "{name}");
                assert_eq!(posts(&run), 1, "{name}");
                if streams {
                    assert_eq!(run.kinds().first(), Some(&"start"), "{name}");
                    assert_eq!(shown(&run.seen), units::units(&wanted), "{name}");
                }
                assert_eq!(answer(run), wanted, "{name}");
            }
        }
    }
}

#[test]
fn an_answer_over_the_websocket_transport_is_found_in_the_history() {
    for version in [Version::V1_7_0, Version::V1_7_2] {
        let (mut world, session) = world(version);
        let options = Json::parse(r#"{"transport":"websocket","mode":"websocket"}"#).unwrap();
        let outgoing = OutgoingMessage {
            backend_options: Some(options),
            ..message("say over the bus")
        };
        let run = run(&mut world, Client::default().send(&session, &outgoing));
        assert_eq!(posts(&run), 1);
        assert_eq!(answer(run), "over the bus");
    }
}

#[test]
fn an_answer_found_in_the_history_is_the_one_to_this_message_and_not_an_earlier_one() {
    let (mut world, session) = world(Version::V1_6_5);
    for text in ["one", "two", "three"] {
        let run = run(
            &mut world,
            Client::default().send(&session, &message(&format!("say {text}"))),
        );
        assert_eq!(answer(run), text);
    }
}

#[test]
fn an_answer_that_never_comes_into_the_history_is_a_timeout_after_its_own_limit() {
    for (limit, text) in [
        (None, "throw"),
        (Some(5_000.0), "throw"),
        (Some(700.0), "wait 3000 late"),
    ] {
        let (mut world, session) = world(Version::V1_6_5);
        let outgoing = OutgoingMessage {
            answer_timeout: limit,
            ..message(text)
        };
        let run = run(&mut world, Client::default().send(&session, &outgoing));
        let failed = run.failed();
        assert_eq!(
            (failed.kind, failed.delivered),
            (ErrorKind::Timeout, Some(Delivered::Yes))
        );
        assert!(!failed.retryable);
        assert_eq!(posts(&run), 1);
        let took = run.requests.last().unwrap().0 - T0;
        let limit = limit.unwrap_or(60_000.0);
        assert!(
            (limit..limit + 2_500.0).contains(&took),
            "{took} of {limit}"
        );
        // looking every 0.9 s uses the server's thousand requests up
        assert!(
            run.requests.len() as f64 <= 6.0 + limit / 1_500.0,
            "{}",
            run.requests.len()
        );
    }
}

#[test]
fn an_agent_that_fails_is_an_agent_error_and_its_message_was_taken() {
    for (run, status, partial) in [
        (send("throw"), 500, None),
        (stream("throw"), 200, None),
        (
            stream("throwmid some words that are long enough to be cut"),
            200,
            Some("some words"),
        ),
    ] {
        let failed = run.failed();
        assert_eq!(failed.kind, ErrorKind::Agent);
        assert_eq!(
            (failed.status, failed.delivered),
            (Some(status), Some(Delivered::Yes))
        );
        assert!(!failed.retryable);
        assert_eq!(posts(&run), 1);
        let text = partial_text(&run).map(|text| String::from_utf16(&text).unwrap());
        assert_eq!(text.is_some(), partial.is_some());
        assert!(
            text.unwrap_or_default()
                .starts_with(partial.unwrap_or_default())
        );
    }
}

#[test]
fn an_agent_with_the_stock_actions_that_chooses_silence_is_an_agent_error() {
    for streams in [false, true] {
        let mut options = server(Version::V1_7_2);
        options.eliza.stock_actions = true;
        let (mut world, session, _) = World::with_session(options);
        let client = Client::default();
        let made = match streams {
            true => client.stream(&session, &message("ignore")),
            false => client.send(&session, &message("ignore")),
        };
        assert_eq!(run(&mut world, made).failed().kind, ErrorKind::Agent);
    }
}

#[test]
fn an_empty_answer_is_an_answer() {
    assert_eq!(answer(send("empty")), "");
}

/// One operation, and another message in the same session while it runs.
fn overtaken(make: impl Fn(&Client, &str) -> Made, after: f64) -> Run {
    let (mut world, session) = world(Version::V1_7_2);
    let (other, transport) = (session.clone(), "http");
    world.plan(after, move |world| {
        world.say(&other, "say newer", transport)
    });
    run(&mut world, make(&Client::default(), &session))
}

#[test]
fn a_message_that_a_newer_one_overtakes_gets_no_reply_and_says_so() {
    let run = overtaken(
        |client, id| client.send(id, &message("wait 2000 older")),
        500.0,
    );
    let failed = run.failed();
    assert_eq!(
        (failed.kind, failed.code.as_deref()),
        (ErrorKind::Agent, Some("NO_REPLY"))
    );
    assert_eq!(failed.delivered, Some(Delivered::Yes));
    assert_eq!(posts(&run), 1);
}

#[test]
fn a_stream_that_a_newer_message_overtakes_is_truncated_with_what_had_come() {
    let text = "stream 5 300 some words that take their time to come";
    let run = overtaken(|client, id| client.stream(id, &message(text)), 700.0);
    let wanted = json!({"kind": "truncated", "code": "UND_ERR_SOCKET", "status": 200, "retryable": false, "delivered": "yes"});
    assert_eq!(error(&run), Some(wanted));
    assert_eq!(partial_text(&run), Some(shown(&run.seen)));
    assert_eq!(posts(&run), 1);
}

#[test]
fn a_stream_that_the_server_cuts_after_its_silence_is_truncated() {
    let halves = stream("cutwait 40000 some words that are long enough to be cut in two halves");
    for (run, partial) in [(stream("silent"), false), (halves, true)] {
        let failed = run.failed();
        assert_eq!(
            (failed.kind, failed.delivered),
            (ErrorKind::Truncated, Some(Delivered::Yes))
        );
        assert_eq!(partial_text(&run).is_some(), partial);
        assert_eq!(posts(&run), 1);
    }
}

#[test]
fn a_stream_that_is_silent_for_longer_than_the_client_waits_is_a_timeout_with_what_had_come() {
    let (mut world, session) = world(Version::V1_7_2);
    let client = Client::new(agentline::settings::Options {
        idle_timeout: Some(10_000.0),
        ..options()
    });
    let text = "cutwait 25000 some words that are long enough to be cut in two halves";
    let run = run(&mut world, client.stream(&session, &message(text)));
    let failed = run.failed();
    assert_eq!(
        (failed.kind, failed.delivered),
        (ErrorKind::Timeout, Some(Delivered::Yes))
    );
    assert!(!failed.retryable);
    assert_eq!(partial_text(&run), Some(shown(&run.seen)));
}

#[test]
fn slow_streams_live_as_long_as_something_comes() {
    let text = "stream 5 20000 abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij";
    let words = "abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij";
    assert_eq!(answer(stream(text)), words);
}

#[test]
fn an_answer_that_never_comes_over_http_is_a_network_error_and_the_message_is_not_sent_twice() {
    let run = send("wait 40000 late");
    let wanted = json!({"kind": "network", "code": "UND_ERR_SOCKET", "retryable": false, "delivered": "unknown"});
    assert_eq!(error(&run), Some(wanted));
    assert_eq!(posts(&run), 1);
    // the server stored it all the same
    let (mut world, session) = world(Version::V1_7_2);
    let client = Client::default();
    let _ = run_both(
        &mut world,
        client.send(&session, &message("wait 40000 late")),
    );
    let rows = run_both(
        &mut world,
        client.messages(&session, &range(50, None, None), Direction::Forward),
    );
    assert_eq!(rows.messages().len(), 1);
}

fn run_both(world: &mut World, made: Made) -> Run {
    run(world, made)
}

#[test]
fn a_reply_over_http_waits_as_long_as_the_caller_allows() {
    let (mut world, session) = world(Version::V1_7_2);
    let client = Client::new(agentline::settings::Options {
        timeout: Some(1_000.0),
        ..options()
    });
    let patient = OutgoingMessage {
        answer_timeout: Some(20_000.0),
        ..message("wait 15000 late")
    };
    assert_eq!(
        answer(run(&mut world, client.send(&session, &patient))),
        "late"
    );
    let run = run(
        &mut world,
        client.send(&session, &message("wait 15000 late")),
    );
    let wanted = json!({"kind": "timeout", "retryable": false, "delivered": "unknown"});
    assert_eq!(error(&run), Some(wanted));
    assert_eq!(posts(&run), 1);
}

#[test]
fn texts_of_any_length_up_to_the_limit_arrive_to_the_unit_and_longer_ones_are_refused() {
    for (text, fits) in [
        ("x".to_owned(), true),
        (" ".to_owned(), true),
        ("z".repeat(4_000), true),
        ("z".repeat(4_001), false),
        ("😀".repeat(2_000), true),
        ("😀".repeat(2_000) + "z", false),
        (String::new(), false),
        ("\"\\\n\r\t\u{1}\u{7f}\u{2028}é".to_owned(), true),
    ] {
        let run = send(&text);
        if !fits {
            let failed = run.failed();
            assert_eq!(
                (failed.kind, failed.delivered),
                (ErrorKind::Invalid, Some(Delivered::No))
            );
            assert_eq!(failed.code.as_deref(), Some("VALIDATION_ERROR"));
            continue;
        }
        let body = body_of(&run);
        assert_eq!(parse(body).at("content").text(), text);
        assert!(run.error.is_none());
    }
}

#[test]
fn half_an_emoji_in_a_message_reaches_the_wire_as_javascript_would_write_it() {
    let mut text = Text::from("a");
    text.push_unit(0xD83D);
    let outgoing = OutgoingMessage {
        text,
        ..OutgoingMessage::default()
    };
    let (mut world, session) = world(Version::V1_7_2);
    let run = run(&mut world, Client::default().send(&session, &outgoing));
    let body = body_of(&run);
    assert!(body.contains(r#""content":"a\ud83d""#), "{body}");
}

#[test]
fn what_the_caller_chooses_of_the_transport_is_sent_as_it_is() {
    for (message, contains, lacks) in [
        (
            message("x"),
            [r#""transport":"http""#, r#""mode":"sync""#],
            "websocket",
        ),
        (
            message_over("sse", "x"),
            [r#""transport":"sse""#, r#""content":"x""#],
            "mode",
        ),
    ] {
        let (mut world, session) = world(Version::V1_7_2);
        let run = run(&mut world, Client::default().send(&session, &message));
        let body = body_of(&run);
        assert!(
            contains.iter().all(|part| body.contains(part)) && !body.contains(lacks),
            "{body}"
        );
    }
    // a stream that nobody asked for is no JSON answer
    let (mut world, session) = world(Version::V1_7_2);
    let run = run(
        &mut world,
        Client::default().send(&session, &message_over("sse", "say x")),
    );
    let wanted = json!({"kind": "protocol", "code": "CONTENT_TYPE", "status": 200, "retryable": false, "delivered": "unknown"});
    assert_eq!(error(&run), Some(wanted));
}

#[test]
fn a_streamed_message_that_is_answered_whole_is_streamed_in_one_piece() {
    let (mut world, session) = world(Version::V1_7_2);
    let run = run(
        &mut world,
        Client::default().stream(&session, &message_over("http", "say in one piece")),
    );
    assert_eq!(run.kinds().last(), Some(&"done"));
    assert_eq!(shown(&run.seen), units::units("in one piece"));
    assert_eq!(answer(run), "in one piece");
}

#[test]
fn a_conversation_streams_word_by_word_and_the_words_are_its_text() {
    for seed in 0..20 {
        let options = Options {
            seed,
            ..Options::default()
        };
        let (mut world, session, _) = World::with_session(options);
        let run = run(
            &mut world,
            Client::default().stream(&session, &message("What can you do? 😀 <b> & more")),
        );
        assert_eq!(run.error, None);
        let shown = shown(&run.seen);
        assert!(run.kinds().len() > 10);
        assert_eq!(String::from_utf16(&shown).unwrap(), answer(run));
    }
}

#[test]
fn after_a_turn_the_history_holds_the_message_and_on_old_servers_its_answer() {
    for (version, rows) in [
        (Version::V1_6_5, 2),
        (Version::V1_7_0, 2),
        (Version::V1_7_2, 1),
    ] {
        let (mut world, session) = world(version);
        let client = Client::default();
        assert_eq!(
            answer(run(&mut world, client.send(&session, &message("say hi")))),
            "hi"
        );
        world.plan(2_000.0, |_| {});
        crate::support::drive::Server::pass(&mut world, T0 + 5_000.0);
        let page = run(
            &mut world,
            client.page(&session, &range(10, None, Some(Edge::Time(T0 - 1.0)))),
        );
        assert_eq!(page.messages().len(), rows, "{version:?}");
    }
}
