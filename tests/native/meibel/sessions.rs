//! Sessions: made, looked at, listed page by page.

use agentline::backend::{CreateSession, ListSessions};
use agentline::error::ErrorKind;
use agentline::model::{Session, SessionStatus};

use super::{AGENT, SESSION, client, fixture, new_session};
use crate::support::client::BASE;
use crate::support::drive::{Answer, Run, Seen, run};
use crate::support::script::Script;

#[track_caller]
fn sessions(run: Run) -> Vec<Session> {
    let session = |seen| match seen {
        Seen::Session(session) => session,
        other => panic!("no session: {other:?}"),
    };
    run.fine().into_iter().map(session).collect()
}

fn got(body: &str) -> Run {
    run(
        &mut Script::of([Answer::json(200, body)]),
        client().get(SESSION),
    )
}

fn of_agent() -> ListSessions {
    ListSessions {
        agent_id: Some(AGENT.to_owned()),
        ..ListSessions::default()
    }
}

/// Lists against these answers, and gives the ids and what was asked.
fn listed(query: ListSessions, bodies: &[&str]) -> (Vec<Session>, Vec<String>) {
    let answers: Vec<Answer> = bodies.iter().map(|body| Answer::json(200, body)).collect();
    let run = run(&mut Script::of(answers), client().list(query));
    let start = format!("{BASE}/v2/agents/{AGENT}/sessions");
    let asked = run.requests.iter().map(|(_, request)| {
        let query = request.url.strip_prefix(&start).unwrap();
        query.to_owned()
    });
    let asked = asked.collect();
    (sessions(run), asked)
}

fn ids(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

#[test]
fn row_1_a_new_session_has_the_servers_id_and_the_callers_agent() {
    for (body, id) in [
        (fixture("r01_create_session.json"), "sess_01HZX"),
        (
            r#"{"id":"guide","agent_id":"other","created_at":"2026-07-22T10:00:00Z"}"#.to_owned(),
            "guide",
        ),
        (r#"{"session_id":null,"id":"guide"}"#.to_owned(), "guide"),
    ] {
        let answer = Answer::json(200, &body);
        let made = run(&mut Script::of([answer]), client().create(&new_session()));
        let [session] = &sessions(made)[..] else {
            panic!("not one session")
        };
        assert_eq!(session.id, id);
        assert_eq!(session.agent_id.as_deref(), Some(AGENT));
        assert_eq!(session.status, SessionStatus::Active);
        assert_eq!(session.backend_status, None);
        assert_eq!(session.raw.as_str(), body.trim());
    }
    for body in ["{}", r#"{"session_id":""}"#, "[]", "null"] {
        let answer = Answer::json(200, body);
        let made = run(&mut Script::of([answer]), client().create(&new_session()));
        assert_eq!(made.failed().kind, ErrorKind::Protocol, "{body}");
    }
}

#[test]
fn row_2_a_session_made_by_name_knows_the_name() {
    let input = CreateSession {
        agent_name: Some("research".to_owned()),
        ..CreateSession::default()
    };
    let answer = Answer::json(200, fixture("r01_create_session.json"));
    let made = sessions(run(&mut Script::of([answer]), client().create(&input)));
    assert_eq!(made[0].agent_name.as_deref(), Some("research"));
    assert_eq!(made[0].agent_id, None);
    let missing = Answer::json(404, r#"{"detail":"no published version"}"#);
    let made = run(&mut Script::of([missing]), client().create(&input));
    assert_eq!(made.failed().kind, ErrorKind::NotFound);
}

#[test]
fn row_14_a_session_that_is_looked_at_has_the_id_it_was_asked_by() {
    for (body, status, agent) in [
        (
            fixture("r08_session_details.json"),
            SessionStatus::Running,
            Some("agent_123"),
        ),
        (
            fixture("r09_session_details_nulls.json"),
            SessionStatus::Failed,
            None,
        ),
        (
            r#"{"id":"another","agent_id":"agent_123","status":"RUNNING","created_at":"2026-07-22T10:00:00Z"}"#
                .to_owned(),
            SessionStatus::Running,
            Some("agent_123"),
        ),
    ] {
        let session = sessions(got(&body)).remove(0);
        assert_eq!(session.id, SESSION);
        assert_eq!(session.status, status);
        assert_eq!(session.agent_id.as_deref(), agent);
        let has_time = body.contains("created_at");
        assert_eq!(session.created_at.is_some(), has_time);
    }
    // an object is no session for being an object
    assert_eq!(got("{}").failed().kind, ErrorKind::Protocol);
}

#[test]
fn every_status_keeps_the_backends_word() {
    for (word, status) in [
        ("RUNNING", SessionStatus::Running),
        ("running", SessionStatus::Running),
        ("COMPLETED", SessionStatus::Completed),
        ("FAILED", SessionStatus::Failed),
        ("CANCELED", SessionStatus::Cancelled),
        ("CANCELLED", SessionStatus::Cancelled),
        ("TERMINATED", SessionStatus::Cancelled),
        ("TIMED_OUT", SessionStatus::Unknown),
        ("", SessionStatus::Unknown),
    ] {
        let session = sessions(got(&format!(r#"{{"status":"{word}"}}"#))).remove(0);
        assert_eq!(
            (session.status, session.backend_status.as_deref()),
            (status, Some(word))
        );
    }
}

#[test]
fn a_listed_session_is_read_whole() {
    let page = fixture("r02_list_sessions_page.json").replace("\"total\": 5", "\"total\": 2");
    let (found, asked) = listed(of_agent(), &[&page]);
    assert_eq!(asked, [""]);
    assert_eq!(ids(&found), ["sess_1", "sess_2"]);
    let session = &found[0];
    assert_eq!(session.agent_id.as_deref(), Some(AGENT));
    assert_eq!(session.agent_name.as_deref(), Some("research"));
    assert_eq!(session.created_at.as_deref(), Some("2026-07-22T10:00:00Z"));
    assert_eq!(session.status, SessionStatus::Running);
    assert!(session.raw.as_str().contains("brave-otter-12"));
}

fn row(id: u32, status: &str) -> String {
    format!(r#"{{"session_id":"s{id}","status":"{status}","start_time":"2026-07-22T10:00:00Z"}}"#)
}

fn page(ids: impl IntoIterator<Item = u32>, about: &str) -> String {
    let rows: Vec<String> = ids.into_iter().map(|id| row(id, "RUNNING")).collect();
    format!("{{\"data\":[{}]{about}}}", rows.join(","))
}

#[test]
fn row_17_pages_are_found_by_arithmetic_and_end_at_the_total() {
    let query = ListSessions {
        limit: Some(2),
        ..of_agent()
    };
    let about = r#","total":5,"offset":0,"limit":2"#;
    let (found, asked) = listed(
        query,
        &[
            &page([1, 2], about),
            &page([3, 4], about),
            &page([5], about),
        ],
    );
    assert_eq!(ids(&found), ["s1", "s2", "s3", "s4", "s5"]);
    assert_eq!(
        asked,
        ["?limit=2", "?offset=2&limit=2", "?offset=4&limit=2"]
    );
}

#[test]
fn row_17_a_page_that_is_smaller_than_asked_moves_on_by_what_it_holds() {
    let about = r#","total":3"#;
    let (found, asked) = listed(of_agent(), &[&page([1], about), &page([2, 3], about)]);
    assert_eq!(ids(&found), ["s1", "s2", "s3"]);
    assert_eq!(asked, ["", "?offset=1"]);
}

#[test]
fn row_17_without_a_total_an_empty_page_is_the_end() {
    let (found, asked) = listed(
        of_agent(),
        &[&page([1], ""), &page([2], ",\"total\":null"), &page([], "")],
    );
    assert_eq!(ids(&found), ["s1", "s2"]);
    assert_eq!(asked, ["", "?offset=1", "?offset=2"]);
}

#[test]
fn row_17_a_cursor_is_honoured_where_one_appears() {
    let first = page([1], r#","total":9,"next_cursor":"a b&c""#);
    let (found, asked) = listed(
        of_agent(),
        &[&first, &page([2], r#","total":9,"next_cursor":null"#)],
    );
    assert_eq!(ids(&found), ["s1", "s2"]);
    assert_eq!(asked, ["", "?offset=a%20b%26c"]);
}

#[test]
fn row_18_a_page_says_its_total_beside_its_data_or_in_a_wrapper() {
    let wrapped = |ids: [u32; 1]| page(ids, r#","pagination":{"total":2,"offset":0,"limit":1}"#);
    let (found, asked) = listed(of_agent(), &[&wrapped([1]), &wrapped([2])]);
    assert_eq!(ids(&found), ["s1", "s2"]);
    assert_eq!(asked, ["", "?offset=1"]);
    let cursor = page([1], r#","pagination":{"total":2,"next_cursor":"c"}"#);
    let (_, asked) = listed(of_agent(), &[&cursor, &wrapped([2])]);
    assert_eq!(asked, ["", "?offset=c"]);
}

#[test]
fn a_server_that_repeats_itself_cannot_make_a_list_endless() {
    for about in [r#","total":1e9"#, r#","next_cursor":"c""#, ""] {
        let answer = Answer::json(200, page([1, 2], about));
        let run = run(&mut Script::always(answer), client().list(of_agent()));
        assert_eq!(run.requests.len(), 2, "{about}");
        assert_eq!(ids(&sessions(run)), ["s1", "s2"]);
    }
}

#[test]
fn a_session_that_moves_to_the_next_page_meanwhile_comes_once() {
    let about = r#","total":4"#;
    let (found, _) = listed(of_agent(), &[&page([2, 1], about), &page([1, 0], about)]);
    assert_eq!(ids(&found), ["s2", "s1", "s0"]);
}

#[test]
fn a_status_is_asked_for_in_the_servers_word_whosever_word_is_given() {
    for (given, asked) in [
        ("running", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("completed", "COMPLETED"),
        ("Failed", "FAILED"),
        ("canceled", "CANCELED"),
        ("TERMINATED", "TERMINATED"),
        ("PAUSED now", "PAUSED%20now"),
    ] {
        let query = ListSessions {
            status: Some(given.to_owned()),
            ..of_agent()
        };
        let (_, queries) = listed(query, &[&page([], "")]);
        assert_eq!(queries, [format!("?status={asked}")]);
    }
}

#[test]
fn the_cancelled_are_those_of_both_words_of_the_server() {
    let query = ListSessions {
        status: Some("cancelled".to_owned()),
        ..of_agent()
    };
    let rows = |rows: &[String]| format!("{{\"data\":[{}],\"total\":5}}", rows.join(","));
    let pages = [
        rows(&[row(1, "CANCELED"), row(2, "RUNNING")]),
        rows(&[row(3, "FAILED"), row(4, "RUNNING")]),
        rows(&[row(5, "TERMINATED")]),
    ];
    let (found, asked) = listed(query, &[&pages[0], &pages[1], &pages[2]]);
    assert_eq!(ids(&found), ["s1", "s5"]);
    assert_eq!(asked, ["", "?offset=2", "?offset=4"]);
}

#[test]
fn a_page_without_data_or_with_a_session_without_an_id_is_a_flaw_that_names_the_field() {
    for (body, path) in [
        ("{}", "data"),
        (r#"{"data":{}}"#, "data"),
        (
            r#"{"data":[{"session_id":"a"},{"status":"RUNNING"}]}"#,
            "data[1].session_id",
        ),
        (r#"{"data":[{"session_id":7}]}"#, "data[0].session_id"),
    ] {
        let answer = Answer::json(200, body);
        let run = run(&mut Script::of([answer]), client().list(of_agent()));
        assert_eq!(run.failed().kind, ErrorKind::Protocol);
        assert!(
            run.failed().message.contains(path),
            "{}",
            run.failed().message
        );
    }
}
