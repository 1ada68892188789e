//! Every operation against the sandbox's Agent Cloud, under its clock.

use agentline::backend::{CreateSession, Direction, Edge, ListSessions, OutgoingMessage};
use agentline::error::{Delivered, ErrorKind};
use agentline::json::Json;
use agentline::model::{Paging, Role, SessionStatus, Streaming};
use agentline::settings::Options;
use agentline_sandbox::agentcloud::{
    API_KEY, APP_ID, EMAIL, Listing, PASSWORD, TEAM_ID, VARIABLES_APP_ID,
};
use agentline_sandbox::{Agents, agentcloud};

use super::{client, for_app, options, teamless};
use crate::expected::shown;
use crate::support::client::{Client, Made, message, range};
use crate::support::drive::{Drive, Run, Seen, Server, run, run_with_key};
use crate::support::units::parse;
use crate::support::world::World;

/// Time enough for an agent to come and to greet.
const GREETED: f64 = 1_000.0;

fn world_with(agentcloud: agentcloud::Options) -> World {
    World::new(agentline_sandbox::Options {
        agents: Agents::Echo,
        agentcloud,
        ..agentline_sandbox::Options::default()
    })
}

fn world() -> World {
    world_with(agentcloud::Options::default())
}

fn ran(world: &mut World, made: Made) -> Run {
    run_with_key(world, made, Some(API_KEY))
}

/// A session of the app whose agent has not come yet.
#[track_caller]
fn made(world: &mut World, input: &CreateSession) -> String {
    match ran(world, client().create(input)).fine().as_slice() {
        [Seen::Session(session)] => session.id.clone(),
        other => panic!("no session: {other:?}"),
    }
}

/// A world with a session whose agent waits for its user.
fn greeted() -> (World, String) {
    let mut world = world();
    let session = made(&mut world, &for_app(APP_ID));
    world.pass(world.now() + GREETED);
    (world, session)
}

fn status(world: &mut World, session: &str) -> (SessionStatus, Option<String>) {
    match ran(world, client().get(session)).fine().as_slice() {
        [Seen::Session(session)] => (session.status, session.backend_status.clone()),
        other => panic!("no session: {other:?}"),
    }
}

fn texts(run: &Run) -> Vec<String> {
    let text = |message: &&agentline::model::Message| message.text.to_string_lossy().into_owned();
    run.messages().iter().map(text).collect()
}

fn stream(world: &mut World, session: &str, text: &str) -> Run {
    ran(world, client().stream(session, &message(text)))
}

/// The text of the last event, which is `done`.
#[track_caller]
fn done(run: &Run) -> String {
    assert_eq!(run.error, None);
    assert_eq!(run.kinds().last(), Some(&"done"));
    let last = parse(&run.seen.last().unwrap().json());
    let text = last.at("reply.message.text");
    assert_eq!(shown(&run.seen), text.string(), "what was streamed");
    text.text()
}

#[test]
fn a_session_is_made_found_listed_stopped_and_removed() {
    let (mut world, session) = greeted();
    let found = ran(&mut world, client().get(&session)).fine();
    let [Seen::Session(found)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(found.id, session);
    assert_eq!(found.agent_id.as_deref(), Some(APP_ID));
    assert_eq!(found.agent_name.as_deref(), Some("Team Chat"));
    assert!(
        found
            .created_at
            .as_deref()
            .unwrap()
            .starts_with("2024-01-07T08:00:00")
    );
    assert!(found.raw.as_str().contains(&session), "{:?}", found.raw);
    assert!(!found.raw.as_str().contains("csrf"), "{:?}", found.raw);

    let listed = ran(&mut world, client().list(ListSessions::default())).fine();
    assert_eq!(listed.len(), 1);
    assert!(ran(&mut world, client().cancel(&session)).fine().is_empty());
    let over = (SessionStatus::Cancelled, Some("terminated".to_owned()));
    assert_eq!(status(&mut world, &session), over);
    assert!(ran(&mut world, client().delete(&session)).fine().is_empty());
    let gone = ran(&mut world, client().get(&session));
    assert_eq!(gone.failed().kind, ErrorKind::NotFound);
}

#[test]
fn all_sessions_are_listed_page_by_page_and_those_that_are_wanted_picked() {
    let mut world = world();
    let mut all = Vec::new();
    for at in 0..23 {
        let app = if at % 11 == 0 {
            VARIABLES_APP_ID
        } else {
            APP_ID
        };
        all.push((made(&mut world, &for_app(app)), app));
    }
    all.reverse();
    let listed = |world: &mut World, query: ListSessions| -> (Vec<String>, usize) {
        let run = ran(world, client().list(query));
        let requests = run.requests.len();
        let id = |seen: Seen| match seen {
            Seen::Session(session) => session.id,
            other => panic!("no session: {other:?}"),
        };
        (run.fine().into_iter().map(id).collect(), requests)
    };
    let ids = |wanted: &str| -> Vec<String> {
        let fits = |(_, app): &&(String, &str)| wanted.is_empty() || *app == wanted;
        all.iter().filter(fits).map(|(id, _)| id.clone()).collect()
    };
    assert_eq!(listed(&mut world, ListSessions::default()), (ids(""), 4));
    for app in [APP_ID, VARIABLES_APP_ID] {
        let query = ListSessions {
            agent_id: Some(app.to_owned()),
            ..ListSessions::default()
        };
        assert_eq!(listed(&mut world, query).0, ids(app));
    }
    let query = ListSessions {
        status: Some("failed".to_owned()),
        ..ListSessions::default()
    };
    assert_eq!(listed(&mut world, query), (Vec::new(), 4));
}

#[test]
fn an_iterator_of_sessions_that_is_left_asks_for_no_further_page() {
    let mut world = world();
    for _ in 0..12 {
        made(&mut world, &for_app(APP_ID));
    }
    let listed = client().list(ListSessions::default());
    let mut drive = Drive::new(&mut world, listed, Some(API_KEY));
    assert_eq!(drive.pull().unwrap().map(|values| values.len()), Some(10));
    assert_eq!(drive.requests.len(), 1);
}

#[test]
fn without_a_team_the_account_is_asked_once_and_the_answer_is_kept() {
    let mut world = world();
    let client = teamless();
    let first = ran(&mut world, client.create(&for_app(APP_ID)));
    let paths = |run: &Run| -> Vec<String> {
        let path = |(_, request): &(f64, agentline::http::Request)| {
            request.url.replace("http://agents.test", "")
        };
        run.requests.iter().map(path).collect()
    };
    let add = format!("/{TEAM_ID}/forms/session/add");
    assert_eq!(paths(&first), ["/account.json".to_owned(), add]);
    let second = ran(&mut world, client.list(ListSessions::default()));
    let list = format!("/{TEAM_ID}/sessions.json");
    assert_eq!(paths(&second)[0], list);
    assert!(paths(&second).iter().all(|path| path.starts_with(&list)));
}

#[test]
fn signing_in_gives_a_token_that_opens_the_account_and_asks_for_no_team() {
    let mut world = world();
    let signed = run(&mut world, teamless().sign_in(EMAIL, PASSWORD));
    assert_eq!(signed.requests.len(), 1);
    let token = match signed.fine().as_slice() {
        [Seen::Frame(token)] => token.clone(),
        other => panic!("no token: {other:?}"),
    };
    let listed = run_with_key(
        &mut world,
        teamless().list(ListSessions::default()),
        Some(&token),
    );
    assert_eq!(listed.error, None);
    let refused = run(&mut world, teamless().sign_in(EMAIL, "another-password"));
    assert_eq!(refused.failed().kind, ErrorKind::Unauthorized);
    assert_eq!(refused.failed().status, Some(403));
}

#[test]
fn nobody_is_let_in_without_a_key_and_nobody_into_another_team() {
    let (mut world, session) = greeted();
    for key in [None, Some("another-key")] {
        for made in [
            client().get(&session),
            client().page(&session, &range(5, None, None)),
            client().list(ListSessions::default()),
            client().delete(&session),
            teamless().get(&session),
        ] {
            let refused = run_with_key(&mut world, made, key);
            assert_eq!(refused.failed().kind, ErrorKind::Unauthorized, "{key:?}");
        }
        let sent = run_with_key(&mut world, client().send(&session, &message("x")), key);
        assert_eq!(sent.failed().kind, ErrorKind::Unauthorized);
        assert_eq!(sent.failed().delivered, Some(Delivered::No));
    }
    let elsewhere = Client::new(Options {
        team: Some("aaaaaaaaaaaaaaaaaaaaaaaa".to_owned()),
        ..options()
    });
    let refused = ran(&mut world, elsewhere.get(&session));
    assert_eq!(refused.failed().kind, ErrorKind::Forbidden);
}

#[test]
fn an_account_that_was_never_taken_into_use_is_told_so() {
    let mut world = world_with(agentcloud::Options {
        onboarded: false,
        ..agentcloud::Options::default()
    });
    for client in [client(), teamless()] {
        let refused = ran(&mut world, client.list(ListSessions::default()));
        assert_eq!(refused.failed().kind, ErrorKind::Forbidden);
        assert_eq!(refused.failed().code.as_deref(), Some("ONBOARDING"));
    }
}

#[test]
fn an_answer_is_handed_out_as_its_rows_grow() {
    let (mut world, session) = greeted();
    let run = stream(&mut world, &session, "stream 12 300 one two three four");
    assert_eq!(done(&run), "one two three four\n\nAnything else?");
    let contents = run
        .kinds()
        .iter()
        .filter(|kind| **kind == "content")
        .count();
    assert!(contents >= 8, "{:?}", run.kinds());
    assert_eq!(run.kinds()[0], "start");
    // the message as it was stored
    let start = parse(&run.seen[0].json());
    assert_eq!(
        start.at("message.text").text(),
        "stream 12 300 one two three four"
    );
    assert_eq!(start.at("message.role").text(), "user");
    assert_eq!(
        start.at("messageId").string(),
        start.at("message.id").string()
    );
}

#[test]
fn an_agent_that_greets_after_the_first_message_has_not_answered_it() {
    for text in ["say hello", "wait 3000 hello", "stream 4 400 hello"] {
        let mut world = world();
        let session = made(&mut world, &for_app(APP_ID));
        let run = stream(&mut world, &session, text);
        assert_eq!(done(&run), "hello\n\nAnything else?", "{text}");
    }
}

#[test]
fn the_rest_of_an_answer_that_nobody_waited_for_is_not_the_next_one() {
    for before in ["stream 10 300 one two three four five", "wait 2500 late"] {
        let (mut world, session) = greeted();
        let left = client().stream(&session, &message(before));
        let first = Drive::new(&mut world, left, Some(API_KEY)).pull().unwrap();
        assert!(first.is_some(), "it was taken, and then left");
        let run = stream(&mut world, &session, "say hello");
        assert_eq!(done(&run), "hello\n\nAnything else?", "{before}");
    }
}

#[test]
fn a_whole_answer_is_what_a_streamed_one_joins_to() {
    for text in [
        "hello",
        "say two words",
        "stream 4 700 a longer answer",
        "act 2 done",
        "acts done",
        "wait 3000 late",
        "cutwait 2500 both halves",
        "double stored twice",
        "nochunkid without a key",
        "old as it was",
        "say {\"answer\": 42}",
        "say [1] is a list",
    ] {
        let (mut world, session) = greeted();
        let streamed = done(&stream(&mut world, &session, text));
        let (mut world, session) = greeted();
        let whole = ran(&mut world, client().send(&session, &message(text)));
        match whole.fine().as_slice() {
            [Seen::Reply(reply)] => {
                assert_eq!(
                    reply.message.text.as_str(),
                    Some(streamed.as_str()),
                    "{text}"
                );
                assert_eq!(reply.message.role, Role::Assistant);
                assert!(reply.message.complete);
            }
            other => panic!("{text}: {other:?}"),
        }
        // and what is stored
        let page = ran(&mut world, client().page(&session, &range(50, None, None)));
        let stored: Vec<String> = page
            .messages()
            .iter()
            .skip_while(|message| message.role != Role::User)
            .filter(|message| message.role == Role::Assistant)
            .map(|message| message.text.to_string_lossy().into_owned())
            .collect();
        assert_eq!(stored.join("\n\n"), streamed, "{text}");
    }
}

#[test]
fn pieces_that_arrive_out_of_order_end_up_in_order() {
    for seed in 0..40 {
        let mut world = World::new(agentline_sandbox::Options {
            agents: Agents::Echo,
            seed,
            ..agentline_sandbox::Options::default()
        });
        let session = made(&mut world, &for_app(APP_ID));
        world.pass(world.now() + GREETED);
        let run = stream(&mut world, &session, "the agent says this in one burst");
        assert_eq!(
            done(&run),
            "echo: the agent says this in one burst\n\nAnything else?"
        );
    }
}

#[test]
fn what_a_tool_does_is_told_as_a_status_and_is_no_part_of_the_answer() {
    let (mut world, session) = greeted();
    let run = stream(&mut world, &session, "acts done");
    assert_eq!(done(&run), "done\n\nAnything else?");
    let statuses: Vec<String> = run
        .seen
        .iter()
        .filter(|seen| matches!(seen, Seen::Event("status", _)))
        .map(|seen| parse(&seen.json()).at("text").text())
        .collect();
    assert_eq!(
        statuses.last().unwrap(),
        "Finished using tool: Scripted tool"
    );
}

#[test]
fn an_agent_that_fails_is_an_error_with_what_it_had_said() {
    let (mut world, session) = greeted();
    let run = stream(
        &mut world,
        &session,
        "throwmid the first half, and this is lost",
    );
    let failed = run.failed();
    assert_eq!(failed.kind, ErrorKind::Agent);
    assert_eq!(failed.code.as_deref(), Some("AGENT_ERROR"));
    assert_eq!(failed.delivered, Some(Delivered::Yes));
    assert!(failed.message.contains("An unexpected error occurred"));
    assert!(!failed.retryable);
    let partial = failed.partial.as_ref().unwrap();
    assert_eq!(partial.message.text.as_str(), Some("the first half, "));
    assert!(!partial.message.complete);

    let (mut world, session) = greeted();
    let run = stream(&mut world, &session, "timeout");
    assert_eq!(run.failed().kind, ErrorKind::Agent);
    assert_eq!(run.failed().code.as_deref(), Some("TIMEOUT"));
    assert_eq!(run.failed().partial, None);
}

#[test]
fn an_answer_that_somebody_stopped_is_an_error_and_never_done() {
    let (mut world, session) = greeted();
    let stopped = session.clone();
    world.plan(3_000.0, move |world| {
        let cancelled = ran(world, client().cancel(&stopped));
        assert_eq!(cancelled.error, None);
    });
    let run = stream(
        &mut world,
        &session,
        "stream 20 500 a b c d e f g h i j k l m n o p",
    );
    let failed = run.failed();
    assert_eq!(failed.kind, ErrorKind::Agent);
    assert_eq!(failed.code.as_deref(), Some("STOPPED"));
    assert!(failed.partial.is_some());
}

#[test]
fn a_message_waits_for_an_agent_that_is_still_coming() {
    let mut world = world_with(agentcloud::Options {
        wake_ms: Some(7_000.0),
        ..agentcloud::Options::default()
    });
    let session = made(&mut world, &for_app(APP_ID));
    let run = stream(&mut world, &session, "hello");
    // the greeting lies between the look at what was there and the message, and is no part of the answer
    assert_eq!(done(&run), "echo: hello\n\nAnything else?");
    let page = ran(&mut world, client().page(&session, &range(50, None, None)));
    let asked = texts(&page).iter().filter(|text| *text == "hello").count();
    assert_eq!(asked, 1);
}

#[test]
fn a_message_to_an_agent_that_never_comes_says_what_wakes_it() {
    let mut world = world_with(agentcloud::Options {
        wake_ms: None,
        ..agentcloud::Options::default()
    });
    let session = made(&mut world, &for_app(APP_ID));
    let before = world.now();
    let run = stream(&mut world, &session, "hello");
    let failed = run.failed();
    assert_eq!(failed.kind, ErrorKind::Invalid);
    assert_eq!(failed.code.as_deref(), Some("SESSION_INACTIVE"));
    assert_eq!(failed.delivered, Some(Delivered::No));
    assert!(failed.retryable);
    assert!(
        failed.message.contains("startSession"),
        "{}",
        failed.message
    );
    let waited = world.now() - before;
    assert!((60_000.0..75_000.0).contains(&waited), "{waited}");
}

#[test]
fn reading_wakes_no_agent_and_starting_does() {
    let (mut world, _) = greeted();
    let skipped = CreateSession {
        backend_options: Some(Json::parse(r#"{"skipRun":true}"#).unwrap()),
        ..for_app(APP_ID)
    };
    let session = made(&mut world, &skipped);
    for _ in 0..3 {
        let page = ran(&mut world, client().page(&session, &range(5, None, None)));
        assert_eq!(page.messages(), Vec::<&agentline::model::Message>::new());
        assert_eq!(ran(&mut world, client().get(&session)).error, None);
        world.pass(world.now() + GREETED);
    }
    assert_eq!(ran(&mut world, client().start(&session)).error, None);
    world.pass(world.now() + GREETED);
    let page = ran(&mut world, client().page(&session, &range(5, None, None)));
    assert_eq!(texts(&page), ["How can I help?"]);
}

#[test]
fn variables_are_there_before_the_agent_starts() {
    let mut world = world();
    let input = CreateSession {
        variables: Some(Json::parse(r#"{"topic":"dogs"}"#).unwrap()),
        ..for_app(VARIABLES_APP_ID)
    };
    let run = ran(&mut world, client().create(&input));
    let paths: Vec<&str> = run
        .requests
        .iter()
        .map(|(_, request)| request.url.rsplit('/').next().unwrap())
        .collect();
    let [Seen::Session(session)] = run.seen.as_slice() else {
        panic!("{run:?}")
    };
    let looked_up = format!("{}.json", session.id);
    assert_eq!(paths, ["add", "edit", looked_up.as_str(), "start"]);
    let id = session.id.clone();
    world.pass(world.now() + GREETED);
    assert_eq!(
        done(&stream(&mut world, &id, "hello")),
        "echo: hello\n\nAnything else?"
    );
    let set = Json::parse(r#"{"topic":"birds"}"#).unwrap();
    assert_eq!(
        ran(&mut world, client().set_variables(&id, &set)).error,
        None
    );
    let found = ran(&mut world, client().get(&id)).fine();
    assert!(found[0].json().contains(r#""variables":{"topic":"birds"}"#));
}

#[test]
fn a_history_is_paged_from_both_ends_and_followed() {
    let (mut world, session) = greeted();
    for text in ["one", "two", "three", "act 1 four", "double five"] {
        done(&stream(&mut world, &session, text));
    }
    let all = ran(&mut world, client().page(&session, &range(100, None, None)));
    let all = texts(&all);
    assert_eq!(all.len(), 17);
    for limit in [1, 2, 3, 7, 16, 17, 18] {
        let wanted = range(limit, None, None);
        let forward = ran(
            &mut world,
            client().messages(&session, &wanted, Direction::Forward),
        );
        assert_eq!(texts(&forward), all, "{limit}");
        let backward = ran(
            &mut world,
            client().messages(&session, &wanted, Direction::Backward),
        );
        let reversed: Vec<String> = texts(&backward).into_iter().rev().collect();
        assert_eq!(reversed, all, "{limit}");
        // by hand, by cursors
        let (mut before, mut after) = (None, Some(Edge::Time(0.0)));
        let (mut older, mut newer) = (Vec::new(), Vec::new());
        loop {
            let page = ran(
                &mut world,
                client().page(&session, &range(limit, before, None)),
            );
            older.splice(0..0, texts(&page));
            before = page.page().cursors.before.clone().map(Edge::Cursor);
            if !page.page().has_more {
                break;
            }
        }
        assert_eq!(older, all, "{limit}");
        loop {
            let page = ran(
                &mut world,
                client().page(&session, &range(limit, None, after)),
            );
            newer.extend(texts(&page));
            after = page.page().cursors.after.clone().map(Edge::Cursor);
            if !page.page().has_more {
                break;
            }
        }
        assert_eq!(newer, all, "{limit}");
    }
}

#[test]
fn following_gives_each_row_once_and_whole() {
    let (mut world, session) = greeted();
    let (asking, later) = (session.clone(), session.clone());
    world.plan(2_000.0, move |world| {
        let path = format!("/{TEAM_ID}/session/{asking}/send-message");
        say(world, &path, "stream 10 700 this one grows for a while");
    });
    world.plan(20_000.0, move |world| {
        let path = format!("/{TEAM_ID}/session/{later}/send-message");
        say(world, &path, "act 3 this one uses tools");
    });
    let until = world.now() + 60_000.0;
    let followed = client().follow(&session, None);
    let mut drive = Drive::new(&mut world, followed, Some(API_KEY));
    let mut came = Vec::new();
    while drive.now() < until {
        for seen in drive.pull_until(until).unwrap().into_iter().flatten() {
            match seen {
                Seen::Message(message) => {
                    came.push((
                        message.text.to_string_lossy().into_owned(),
                        message.complete,
                    ));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let tool = ("Finished using tool: Scripted tool".to_owned(), true);
    let whole = |text: &str| (text.to_owned(), true);
    assert_eq!(
        came,
        [
            whole("stream 10 700 this one grows for a while"),
            whole("this one grows for a while"),
            whole("Anything else?"),
            whole("act 3 this one uses tools"),
            tool.clone(),
            tool.clone(),
            tool,
            whole("this one uses tools"),
            whole("Anything else?"),
        ]
    );
}

/// Sends as somebody else would.
fn say(world: &mut World, path: &str, text: &str) {
    let request = agentline::http::Request {
        headers: vec![("authorization".to_owned(), format!("Bearer {API_KEY}"))],
        ..agentline::http::Request::new(
            agentline::http::Method::Post,
            format!("http://agents.test{path}"),
        )
    };
    let body = format!("{{\"messageText\":{text:?}}}");
    let answer = world.answer(&request.json(body));
    assert_eq!(answer.head.unwrap().status, 200);
}

#[test]
fn the_shapes_that_the_published_page_promises_are_understood_as_well() {
    let mut world = world_with(agentcloud::Options {
        listing: Listing::Documented,
        ..agentcloud::Options::default()
    });
    let session = made(&mut world, &for_app(APP_ID));
    world.pass(world.now() + GREETED);
    assert_eq!(
        done(&stream(&mut world, &session, "hello")),
        "echo: hello\n\nAnything else?"
    );
    let page = ran(&mut world, client().page(&session, &range(50, None, None)));
    assert_eq!(texts(&page).len(), 4);
    let refused = run(&mut world, client().page(&session, &range(50, None, None)));
    assert_eq!(refused.failed().kind, ErrorKind::Forbidden);
}

#[test]
fn what_the_server_never_answers_ends_in_time() {
    let (mut world, session) = greeted();
    // a session that is not there, and no `messageId` in front of it: nobody here asks that; the same session with it
    let other = "b".repeat(24);
    let read = ran(&mut world, client().page(&other, &range(5, None, None)));
    assert_eq!(texts(&read), Vec::<String>::new());
    // an app that is not there: the server throws where nobody catches
    let input = for_app(&other);
    let begun = world.now();
    let run = ran(&mut world, client().create(&input));
    if run.error.as_ref().map(|error| error.kind) == Some(ErrorKind::Timeout) {
        assert_eq!(world.now() - begun, 60_000.0);
    } else {
        assert_eq!(run.failed().kind, ErrorKind::Invalid);
    }
    assert_eq!(status(&mut world, &session).1.as_deref(), Some("waiting"));
}

#[test]
fn what_the_client_says_it_can_do_is_what_its_operations_do() {
    let can = client().capabilities();
    assert_eq!((can.stream, can.files), (Streaming::Poll, false));
    assert_eq!((can.before, can.after), (Paging::Client, Paging::Server));
    assert!(can.stores_streamed_replies && !can.exact_delivery);
    let (mut world, session) = greeted();
    let topic = Json::parse(r#"{"topic":"dogs"}"#).unwrap();
    for (can, made) in [
        (can.list, client().list(ListSessions::default())),
        (can.renew, client().renew(&session)),
        (can.variables, client().set_variables(&session, &topic)),
        (can.start, client().start(&session)),
        (can.cancel, client().cancel(&session)),
        (can.delete, client().delete(&session)),
    ] {
        let run = ran(&mut world, made);
        let unsupported =
            run.error.as_ref().map(|error| error.kind) == Some(ErrorKind::Unsupported);
        assert_eq!(can, !unsupported && run.error.is_none(), "{run:?}");
    }
}

#[test]
fn an_operation_that_the_server_does_not_have_is_refused_without_a_request() {
    let mut world = world();
    let input = |change: fn(&mut CreateSession)| {
        let mut input = for_app(APP_ID);
        change(&mut input);
        client().create(&input)
    };
    let file = OutgoingMessage {
        files: 1,
        ..message("x")
    };
    let metadata = OutgoingMessage {
        metadata: Some(Json::parse("{}").unwrap()),
        ..message("x")
    };
    let session = "a".repeat(24);
    for made in [
        client().renew(&session),
        client().send(&session, &file),
        client().stream(&session, &metadata),
        input(|input| input.agent_name = Some("x".into())),
        input(|input| input.user_id = Some("x".into())),
        input(|input| input.prompt = Some("x".into())),
        input(|input| input.metadata = Some(Json::default())),
        client().list(ListSessions {
            user_id: Some("x".into()),
            ..ListSessions::default()
        }),
    ] {
        let run = ran(&mut world, made);
        assert_eq!(run.failed().kind, ErrorKind::Unsupported);
        assert_eq!(run.requests.len(), 0);
    }
}
