//! The client against the sandbox's Meibel, which was written from the same contract by somebody else: whole turns, in
//! every style of a stream, and every way in which one goes wrong.

use agentline::backend::{CreateSession, ListSessions, OutgoingMessage};
use agentline::error::{Delivered, ErrorKind};
use agentline::model::{Role, SessionStatus};
use agentline_sandbox::meibel::switches::{BodyForm, Switches};
use agentline_sandbox::meibel::{self, AGENT_ID, AGENT_NAME};
use agentline_sandbox::{Agents, Options};
use proptest::prelude::*;

use super::{client, json};
use crate::expected::shown;
use crate::hostile::{configured, is_sane};
use crate::support::client::{Client, Made, message, range};
use crate::support::drive::{Run, Seen, run, run_with_key};
use crate::support::units::{self, parse};
use crate::support::world::{File, World};

fn server() -> Options {
    Options {
        agents: Agents::Echo,
        ..Options::default()
    }
}

fn with(switches: &[&str]) -> Options {
    let mut all = Switches::default();
    switches.iter().for_each(|word| all.turn(word).unwrap());
    let meibel = meibel::Options {
        switches: all,
        ..meibel::Options::default()
    };
    Options { meibel, ..server() }
}

fn agent() -> CreateSession {
    CreateSession {
        agent_id: Some(AGENT_ID.to_owned()),
        ..CreateSession::default()
    }
}

#[track_caller]
fn session(world: &mut World, input: &CreateSession) -> String {
    match run(world, client().create(input)).fine().remove(0) {
        Seen::Session(session) => session.id,
        other => panic!("no session: {other:?}"),
    }
}

fn world() -> (World, String) {
    let mut world = World::new(server());
    let session = session(&mut world, &agent());
    (world, session)
}

fn send(text: &str) -> Run {
    let (mut world, session) = world();
    run(&mut world, client().send(&session, &message(text)))
}

fn stream(text: &str) -> Run {
    let (mut world, session) = world();
    run(&mut world, client().stream(&session, &message(text)))
}

/// The answer's text, however it came.
#[track_caller]
fn text(run: Run) -> String {
    match run.fine().last() {
        Some(Seen::Reply(reply)) => reply.message.text.to_string_lossy().into_owned(),
        Some(Seen::Event("done", json)) => parse(json).at("reply.message.text").text(),
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn a_session_is_made_by_id_and_by_name_looked_at_and_listed() {
    let mut world = World::new(server());
    let by_name = CreateSession {
        agent_name: Some(AGENT_NAME.to_owned()),
        prompt: Some("be brief".to_owned()),
        metadata: json(r#"{"userId":"u1","X-Key":[null]}"#),
        backend_options: json(r#"{"max_iterations_per_user_message":5}"#),
        ..CreateSession::default()
    };
    let named = session(&mut world, &by_name);
    let asked = text(run(&mut world, client().send(&named, &message("asked"))));
    let created = parse(&asked).at("created").clone();
    assert_eq!(
        created,
        parse(
            r#"{"prompt":"be brief","initial_context":{"userId":"u1","X-Key":[null]},"max_iterations_per_user_message":5}"#
        )
    );
    for _ in 0..4 {
        session(&mut world, &agent());
    }
    let looked = run(&mut world, client().get(&named)).fine().remove(0);
    let Seen::Session(looked) = looked else {
        panic!("no session")
    };
    assert_eq!(
        (looked.id, looked.status),
        (named.clone(), SessionStatus::Running)
    );
    assert_eq!(looked.agent_id.as_deref(), Some(AGENT_ID));
    let query = |limit, status: Option<&str>| ListSessions {
        agent_id: Some(AGENT_ID.to_owned()),
        limit,
        status: status.map(str::to_owned),
        ..ListSessions::default()
    };
    let listed = |world: &mut World, query| run(world, client().list(query));
    for (limit, requests) in [(None, 1), (Some(2), 3), (Some(1), 5)] {
        let run = listed(&mut world, query(limit, None));
        assert_eq!((run.requests.len(), run.seen.len()), (requests, 5));
    }
    for (status, count) in [("running", 5), ("COMPLETED", 0), ("cancelled", 0)] {
        let run = listed(&mut world, query(Some(2), Some(status)));
        assert_eq!(run.fine().len(), count, "{status}");
    }
    run(
        &mut world,
        client().send(&named, &message("status=TERMINATED say bye")),
    );
    let cancelled = listed(&mut world, query(Some(2), Some("cancelled")));
    assert_eq!(cancelled.fine().len(), 1);
    for made in [
        client().get("nobody"),
        client().list(ListSessions {
            agent_id: Some("nobody".to_owned()),
            ..ListSessions::default()
        }),
        client().create(&CreateSession {
            agent_name: Some("no body/../".to_owned()),
            ..CreateSession::default()
        }),
    ] {
        assert_eq!(run(&mut world, made).failed().kind, ErrorKind::NotFound);
    }
}

#[test]
fn lists_in_a_wrapper_are_paged_as_well() {
    let mut options = server();
    options.meibel.nested_lists = true;
    let mut world = World::new(options);
    for _ in 0..5 {
        session(&mut world, &agent());
    }
    let query = ListSessions {
        agent_id: Some(AGENT_ID.to_owned()),
        limit: Some(2),
        ..ListSessions::default()
    };
    let run = run(&mut world, client().list(query));
    assert_eq!((run.requests.len(), run.fine().len()), (3, 5));
}

const STYLES: [&str; 6] = [
    "style=events partials=snapshot ",
    "style=events partials=delta ",
    "style=events sentinel=yes ",
    "style=guide ",
    "style=guide sentinel=yes ",
    "style=legacy ",
];

#[test]
fn every_style_of_a_stream_gives_the_same_answer_whatever_its_lines_and_characters() {
    let asked = "stream 5 20 a 🦊 said\u{2028}\"so\" and\u{85} so";
    let wanted = text(send(asked));
    assert_eq!(wanted, "a 🦊 said\u{2028}\"so\" and\u{85} so");
    for style in STYLES {
        for newline in ["lf", "crlf", "cr"] {
            for framing in ["plain", "tight", "multiline"] {
                for rest in [
                    "",
                    "characters=escaped bom=yes ",
                    "pings=all ping_ms=7 ",
                    "stamps=naive ",
                ] {
                    let run = stream(&format!(
                        "{style}newline={newline} framing={framing} {rest}{asked}"
                    ));
                    is_sane(&run);
                    assert_eq!(
                        shown(&run.seen),
                        units::units(&wanted),
                        "{style}{newline} {framing} {rest}"
                    );
                    assert_eq!(text(run), wanted);
                }
            }
        }
    }
}

#[test]
fn a_cited_answer_is_the_same_whole_and_streamed_with_its_tools_on_the_way() {
    let whole = send("cite revenue grew");
    let run = stream("cite revenue grew");
    assert_eq!(
        run.kinds(),
        [
            "start",
            "status",
            "tool_call",
            "tool_result",
            "content",
            "content",
            "citations",
            "done"
        ]
    );
    let call = parse(&run.seen[2].json());
    let result = parse(&run.seen[3].json());
    assert_eq!(call.at("name"), result.at("name"));
    assert_eq!(call.at("id"), result.at("id"));
    let done = parse(&run.seen[7].json());
    let reply = parse(&whole.seen[0].json());
    assert_eq!(done.at("reply.message.text"), reply.at("message.text"));
    let title = |reply: &units::Value| match reply.at("sources") {
        units::Value::Array(sources) => sources[0].at("title").text(),
        other => panic!("no sources: {other:?}"),
    };
    assert_eq!(title(done.at("reply")), title(&reply));
    assert!(done.at("reply").get("citations").is_some());
    let guide = stream("style=guide cite revenue grew");
    assert!(guide.kinds().contains(&"citations"));
    assert_eq!(
        title(parse(&guide.seen.last().unwrap().json()).at("reply")),
        title(&reply)
    );
}

#[test]
fn what_is_wanted_of_an_answer_reaches_the_server() {
    let (mut world, session) = world();
    let wanted = OutgoingMessage {
        answer_timeout: Some(1_500.0),
        include_thinking: Some(true),
        include_tool_activity: Some(false),
        ..message("asked")
    };
    for made in [
        client().send(&session, &wanted),
        client().stream(&session, &wanted),
    ] {
        let asked = parse(&text(run(&mut world, made)));
        assert_eq!(
            asked.at("timeout_seconds"),
            &units::Value::Number("2.0".into())
        );
        assert_eq!(asked.at("include_thinking"), &units::Value::Boolean(true));
        assert_eq!(
            asked.at("include_tool_activity"),
            &units::Value::Boolean(false)
        );
    }
    let thinking = run(&mut world, client().send(&session, &wanted));
    let reply = parse(&thinking.seen[0].json());
    assert!(reply.get("thinking").is_some() && reply.get("usage").is_some());
    let plain = run(&mut world, client().send(&session, &message("asked")));
    let asked = parse(&text(plain));
    assert_eq!(asked.at("timeout_seconds"), &units::Value::Null);
}

#[test]
fn files_arrive_with_their_names_and_bytes_streamed_or_whole() {
    let (mut world, session) = world();
    world.files = vec![
        File {
            name: "a.txt",
            kind: "text/plain",
            bytes: b"hello".to_vec(),
        },
        File {
            name: "b.csv",
            kind: "text/csv",
            bytes: b"1,2\r\n".to_vec(),
        },
    ];
    let with_files = OutgoingMessage {
        files: 2,
        ..message("files")
    };
    for made in [
        client().send(&session, &with_files),
        client().stream(&session, &with_files),
    ] {
        let listed = parse(&text(run(&mut world, made)));
        assert_eq!(
            listed,
            parse(
                r#"[{"name":"a.txt","type":"text/plain","size":5,"text":"hello"},{"name":"b.csv","type":"text/csv","size":5,"text":"1,2\r\n"}]"#
            )
        );
    }
}

#[test]
fn a_turn_is_in_the_history_under_the_ids_that_it_had() {
    for rows in ["type", "role", "log"] {
        for style in ["", "style=guide ", "partials=delta "] {
            let (mut world, session) = world();
            let asked = format!("rows={rows} {style}act 2 did it");
            let turn = run(&mut world, client().stream(&session, &message(&asked)));
            let history = run(&mut world, client().page(&session, &range(100, None, None)));
            let messages = history.messages();
            let roles: Vec<Role> = messages.iter().map(|row| row.role).collect();
            assert_eq!(
                roles,
                [
                    Role::User,
                    Role::Tool,
                    Role::Tool,
                    Role::Tool,
                    Role::Assistant
                ],
                "{rows}"
            );
            assert!(messages[1].tool_call.is_some() && messages[1].tool_result.is_none());
            assert!(messages[2].tool_call.is_none() && messages[2].tool_result.is_some());
            assert_eq!(messages[0].text.as_str(), Some(asked.as_str()));
            let start = parse(&turn.seen[0].json());
            let done = parse(&turn.seen.last().unwrap().json());
            if style.starts_with("style") {
                continue; // it names no exchange
            }
            assert_eq!(start.at("messageId").text(), messages[0].id);
            assert_eq!(done.at("reply.message.id").text(), messages[4].id);
            assert_eq!(
                done.at("reply.message.text").text(),
                messages[4].text.to_string_lossy()
            );
        }
    }
}

#[test]
fn stamps_with_a_zone_are_points_in_time_and_others_are_not() {
    for (stamps, known) in [("utc", true), ("offset", true), ("naive", false)] {
        let (mut world, session) = world();
        run(
            &mut world,
            client().send(&session, &message(&format!("stamps={stamps} say x"))),
        );
        let history = run(&mut world, client().page(&session, &range(9, None, None)));
        for row in history.messages() {
            assert!(row.created_at.is_some());
            assert_eq!(row.timestamp.is_some(), known, "{stamps}");
        }
    }
}

#[test]
fn every_ending_but_a_whole_one_is_told() {
    for style in STYLES {
        let ended = |end: &str| stream(&format!("{style}end={end} stream 3 10 one two three"));
        for end in ["whole", "late", "unfinished"] {
            assert_eq!(text(ended(end)), "one two three", "{style}{end}");
        }
        for end in ["short", "cut"] {
            let run = ended(end);
            let name = format!("{style}{end}");
            if run.error.is_none() {
                // only what stands behind the completion was cut off
                assert!(
                    style.contains("sentinel") || style.contains("legacy"),
                    "{name}"
                );
                assert_eq!(text(run), "one two three", "{name}");
                continue;
            }
            assert_eq!(run.failed().kind, ErrorKind::Truncated, "{name}");
            let partial = run.failed().partial.as_ref();
            let had = partial.map(|reply| reply.message.text.to_string_lossy().into_owned());
            assert_eq!(
                units::units(&had.unwrap_or_default()),
                shown(&run.seen),
                "{name}"
            );
        }
        let run = ended("unanswered");
        assert_eq!(run.failed().kind, ErrorKind::Network, "{style}");
        assert_eq!(run.failed().delivered, Some(Delivered::Unknown));
        assert_eq!(run.requests.len(), 1);
    }
}

#[test]
fn an_agent_that_fails_fails_in_its_own_words_in_every_form() {
    for form in ["object", "content", "text"] {
        for style in ["", "style=guide "] {
            let run = stream(&format!("{style}error={form} throwmid half of it"));
            let error = run.failed();
            assert_eq!(error.kind, ErrorKind::Agent, "{form}");
            assert!(
                error
                    .message
                    .starts_with("the agent failed: Workflow failed"),
                "{}",
                error.message
            );
            assert_eq!(error.delivered, Some(Delivered::Yes));
            let partial = error.partial.as_ref().unwrap();
            assert_eq!(
                units::units(&partial.message.text.to_string_lossy()),
                shown(&run.seen)
            );
        }
    }
    assert_eq!(send("throw").failed().kind, ErrorKind::Server);
}

#[test]
fn every_refusal_has_its_kind_in_every_form_of_its_body() {
    let forms = "natural detail issues code message nested error object text null array html empty";
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Invalid),
        (422, ErrorKind::Invalid),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (503, ErrorKind::Server),
        (504, ErrorKind::Timeout),
    ] {
        for form in forms.split(' ') {
            let words = format!("fail={status} body={form} say x");
            for run in [send(&words), stream(&words)] {
                let error = run.failed();
                assert_eq!((error.kind, error.status), (kind, Some(status)), "{form}");
                let said = !error.message.starts_with("the server answered");
                let says = !matches!(form, "null" | "array" | "html" | "empty");
                assert_eq!(said, says, "{status} {form}: {}", error.message);
                let listed =
                    matches!(form, "issues" | "message") || (form, status) == ("natural", 422);
                assert_eq!(error.issues.is_some(), listed, "{status} {form}");
                assert_eq!(run.requests.len(), 1, "{status} {form}");
            }
        }
    }
    assert_eq!(BodyForm::default(), BodyForm::Natural);
    let redirect = stream("fail=307 say x");
    assert_eq!(redirect.failed().code.as_deref(), Some("REDIRECT"));
}

#[test]
fn what_comes_instead_of_a_stream_is_no_answer() {
    for instead in ["json", "html"] {
        let run = stream(&format!("instead={instead} say x"));
        assert_eq!(
            run.failed().code.as_deref(),
            Some("CONTENT_TYPE"),
            "{instead}"
        );
    }
}

#[test]
fn a_session_that_is_over_refuses_and_one_that_takes_too_long_times_out() {
    let (mut world, session) = world();
    let slow = OutgoingMessage {
        answer_timeout: Some(1_000.0),
        ..message("wait 5000 late")
    };
    let whole = run(&mut world, client().send(&session, &slow));
    assert_eq!(whole.failed().kind, ErrorKind::Timeout);
    assert_eq!(whole.failed().delivered, Some(Delivered::Unknown));
    let streamed = run(&mut world, client().stream(&session, &slow));
    assert_eq!(streamed.failed().kind, ErrorKind::Agent);
    run(
        &mut world,
        client().send(&session, &message("status=COMPLETED say bye")),
    );
    let over = run(&mut world, client().send(&session, &message("say x")));
    assert_eq!(over.failed().kind, ErrorKind::Invalid);
    assert_eq!(over.failed().delivered, Some(Delivered::No));
}

#[test]
fn keys_and_rates_are_told_apart() {
    for (missing_key, limit) in [(401, None), (403, None), (401, Some(2))] {
        let mut options = server();
        options.keys = vec!["mk_test".to_owned()];
        options.meibel.missing_key = missing_key;
        options.meibel.rate_limit = limit;
        let mut world = World::new(options);
        let get = || -> Made { client().get("nobody") };
        let missing = run(&mut world, get());
        assert_eq!(missing.failed().kind, ErrorKind::Unauthorized);
        let wrong = run_with_key(&mut world, get(), Some("mk_other"));
        assert_eq!(wrong.failed().kind, ErrorKind::Unauthorized);
        for _ in 0..3 {
            let right = run_with_key(&mut world, get(), Some("mk_test"));
            let last = right.failed();
            let full = last.kind == ErrorKind::RateLimited;
            assert!(full || last.kind == ErrorKind::NotFound, "{last:?}");
            assert!(!full || limit.is_some() && last.retry_after > Some(30_000.0));
        }
    }
    let everything = World::new(with(&["fail=503"]));
    let failed = run(&mut { everything }, Client::new(super::options()).get("x"));
    assert_eq!(
        failed.requests.len(),
        1,
        "45 seconds are too long to wait in silence"
    );
    let soon = with(&["fail=503", "retry_after=1"]);
    let failed = run(&mut World::new(soon), client().get("x"));
    assert_eq!(failed.requests.len(), 3);
}

proptest! {
    #![proptest_config(configured(400))]

    #[test]
    fn whatever_the_server_is_asked_to_do_the_joined_events_are_the_answer(
        picks in prop::collection::vec(prop::sample::select(vec![
            "style=guide", "style=legacy", "partials=delta", "sentinel=yes", "error=text", "error=content", "end=short",
            "end=cut", "end=late", "end=unfinished", "newline=crlf", "newline=cr", "bom=yes", "framing=tight",
            "framing=multiline", "pings=all", "ping_ms=3", "characters=escaped", "stamps=naive", "result=null",
            "result=array", "rows=role", "rows=log",
        ]), 0..6),
        conduct in prop::sample::select(vec![
            "say", "stream 7 5", "stream 2 40", "repeat 3", "wait 50", "cutwait 30", "throwmid", "act 2", "acts", "cite", "empty",
        ]),
        words in "(a|ab|b| |🦊|é|\"|\\\\){0,20}",
    ) {
        let said = [&picks[..], &[conduct, &words]].concat().join(" ");
        let run = stream(&said);
        is_sane(&run);
        if let Some(error) = &run.error {
            let cut = picks.iter().any(|pick| matches!(*pick, "end=short" | "end=cut" | "end=unfinished"));
            let expected = match error.kind {
                ErrorKind::Truncated => cut,
                ErrorKind::Agent => conduct == "throwmid",
                _ => false,
            };
            prop_assert!(expected, "{}: {:?}", said, error);
        } else {
            // these two leave out the marks
            let marks = !picks.iter().any(|pick| matches!(*pick, "style=guide" | "style=legacy"));
            let style = if marks { "style=events" } else { "style=guide" };
            let plain = format!("{style} {conduct} {words}");
            prop_assert_eq!(text(run), text(stream(&plain)), "{}", said);
        }
    }
}
