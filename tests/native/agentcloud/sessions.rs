//! Requests and refusals: what is asked, what is refused before it is asked, and what the server's answers mean that are
//! none.

use agentline::backend::{CreateSession, ListSessions};
use agentline::error::ErrorKind;
use agentline::http::{Head, Method};
use agentline::json::Json;
use agentline::model::SessionStatus;
use serde_json::{Value, json};

use super::{TEAM, client, for_app, teamless};
use crate::support::client::{Client, Made, message, range};
use crate::support::drive::{Answer, Run, Seen, run};
use crate::support::script::Script;

const SESSION: &str = "6b01ef2d11f2e31b0c34e803";
const APP: &str = "6b01edf211f2e31b0c34e7f2";
const BASE: &str = "http://agents.test";

fn to(location: &str) -> Answer {
    let mut answer = Answer::new(302, "", "");
    answer.head.as_mut().unwrap().location = Some(location.to_owned());
    answer
}

/// A redirect of which a page sees only that it is one.
fn opaque() -> Answer {
    Answer {
        head: Some(Head::default()),
        ..Answer::new(0, "", "")
    }
}

fn json_to(location: &str) -> Answer {
    Answer::json(200, json!({ "redirect": location }).to_string())
}

/// Every operation of a session, by a client.
fn operations(client: &Client, session: &str) -> Vec<Made> {
    let variables = Json::parse("{}").unwrap();
    vec![
        client.get(session),
        client.delete(session),
        client.cancel(session),
        client.start(session),
        client.set_variables(session, &variables),
        client.page(session, &range(5, None, None)),
        client.follow(session, None),
        client.send(session, &message("x")),
        client.stream(session, &message("x")),
    ]
}

/// What was asked: method, path and body.
fn asked(run: &Run) -> Vec<(Method, String, Option<Value>)> {
    let one = |(_, request): &(f64, agentline::http::Request)| {
        let body = request.body.as_ref().and_then(|body| body.text());
        let body = body.map(|text| serde_json::from_str(text).unwrap());
        (request.method, request.url.replace(BASE, ""), body)
    };
    run.requests.iter().map(one).collect()
}

#[test]
fn an_id_for_which_the_server_would_never_answer_is_refused_without_a_request() {
    for bad in [
        "",
        "x",
        "zzzzzzzzzzzzzzzzzzzzzzzz",
        "6B01EF2D11F2E31B0C34E803",
        "6b01ef2d11f2e31b0c34e80",
        "6b01ef2d11f2e31b0c34e8031",
        "../../../../../../../etc",
        "６b01ef2d11f2e31b0c34e8",
    ] {
        let mut all = operations(&client(), bad);
        all.push(client().create(&for_app(bad)));
        all.push(client().list(ListSessions {
            agent_id: Some(bad.to_owned()),
            ..ListSessions::default()
        }));
        for made in all {
            let run = run(&mut Script::of([]), made);
            assert_eq!(run.failed().kind, ErrorKind::Invalid, "{bad:?}");
        }
    }
    let nobody = CreateSession::default();
    let run = run(&mut Script::of([]), client().create(&nobody));
    assert_eq!(run.failed().kind, ErrorKind::Invalid);
}

#[test]
fn a_redirect_says_what_is_wrong_in_each_of_its_forms() {
    let login = "/login?goto=%2Fx";
    let onboarding = format!("/{TEAM}/onboarding");
    for (location, kind, code) in [
        (login, ErrorKind::Unauthorized, None),
        (
            "https://app.example/login?goto=x",
            ErrorKind::Unauthorized,
            None,
        ),
        ("/welcome?noaccess=true", ErrorKind::Forbidden, None),
        (
            onboarding.as_str(),
            ErrorKind::Forbidden,
            Some("ONBOARDING"),
        ),
        ("/", ErrorKind::Protocol, Some("REDIRECT")),
        (
            "https://elsewhere.example/x",
            ErrorKind::Protocol,
            Some("REDIRECT"),
        ),
        // where a session would be, but no session was to be made
        (
            &format!("/{TEAM}/session/{SESSION}"),
            ErrorKind::Protocol,
            Some("REDIRECT"),
        ),
    ] {
        for answer in [to(location), json_to(location)] {
            let mut all = operations(&client(), SESSION);
            all.push(client().list(ListSessions::default()));
            for made in all {
                let run = run(&mut Script::always(answer.clone()), made);
                assert_eq!(run.failed().kind, kind, "{location}");
                assert_eq!(run.failed().code.as_deref(), code, "{location}");
                assert!(!run.failed().retryable);
            }
        }
    }
    for made in operations(&client(), SESSION) {
        let run = run(&mut Script::always(opaque()), made);
        assert_eq!(run.failed().kind, ErrorKind::Unauthorized);
        assert!(run.failed().message.contains("not signed in, or no access"));
        assert_eq!(run.failed().status, None);
    }
}

#[test]
fn a_session_is_the_last_part_of_where_its_making_leads() {
    let path = format!("/{TEAM}/session/{SESSION}");
    for answer in [
        json_to(&path),
        to(&path),
        to(&format!("{BASE}{path}")),
        json_to(&format!("{path}?x=1#y")),
    ] {
        let run = run(&mut Script::of([answer]), client().create(&for_app(APP)));
        let add = format!("/{TEAM}/forms/session/add");
        assert_eq!(asked(&run), [(Method::Post, add, Some(json!({"id": APP})))]);
        match run.fine().as_slice() {
            [Seen::Session(session)] => {
                assert_eq!(session.id, SESSION);
                assert_eq!(session.agent_id.as_deref(), Some(APP));
                assert_eq!(session.status, SessionStatus::Active);
            }
            other => panic!("{other:?}"),
        }
    }
    for answer in [
        json_to("/x/session/zz"),
        json_to("/x/session"),
        Answer::json(200, "{}"),
        Answer::json(200, "[]"),
        Answer::json(200, "{"),
    ] {
        let run = run(&mut Script::of([answer]), client().create(&for_app(APP)));
        assert_eq!(run.failed().kind, ErrorKind::Protocol);
    }
}

#[test]
fn variables_are_set_before_the_agent_is_started_unless_the_caller_says_how() {
    let made = json_to(&format!("/{TEAM}/session/{SESSION}"));
    let found = Answer::json(
        200,
        json!({"session": {"_id": SESSION, "status": "started"}, "app": {"type": "crew", "name": "x"}}).to_string(),
    );
    let said = || Answer::json(200, r#"{"message":"ok"}"#);
    let with = |options: Option<&str>| CreateSession {
        variables: Some(Json::parse(r#"{"topic":"dogs"}"#).unwrap()),
        backend_options: options.map(|options| Json::parse(options).unwrap()),
        ..for_app(APP)
    };
    let form = |below: &str| format!("/{TEAM}/forms/session/{SESSION}{below}");
    let edit = (
        Method::Post,
        form("/edit"),
        Some(json!({"sessionId": SESSION, "variables": {"topic": "dogs"}})),
    );
    let mut script = Script::of([made.clone(), said(), found, said()]);
    let whole = run(&mut script, client().create(&with(None)));
    assert_eq!(whole.error, None);
    let add = |body: Value| {
        (
            Method::Post,
            format!("/{TEAM}/forms/session/add"),
            Some(body),
        )
    };
    assert_eq!(
        asked(&whole),
        [
            add(json!({"id": APP, "skipRun": true})),
            edit.clone(),
            (Method::Get, format!("/{TEAM}/session/{SESSION}.json"), None),
            (
                Method::Post,
                form("/start"),
                Some(json!({"sessionId": SESSION, "appType": "crew"}))
            ),
        ]
    );
    for skip in [true, false] {
        let options = json!({ "skipRun": skip }).to_string();
        let mut script = Script::of([made.clone(), said()]);
        let run = run(&mut script, client().create(&with(Some(&options))));
        assert_eq!(run.error, None);
        assert_eq!(
            asked(&run),
            [add(json!({"id": APP, "skipRun": skip})), edit.clone()]
        );
    }
}

#[test]
fn a_session_is_named_in_the_path_and_in_the_body() {
    let form = |below: &str| format!("/{TEAM}/forms/session/{SESSION}{below}");
    let body = Some(json!({"sessionId": SESSION}));
    for (made, method, path) in [
        (client().delete(SESSION), Method::Delete, form("")),
        (client().cancel(SESSION), Method::Post, form("/cancel")),
    ] {
        let run = run(&mut Script::of([Answer::json(200, "{}")]), made);
        assert_eq!(run.error, None);
        assert_eq!(asked(&run), [(method, path, body.clone())]);
    }
}

#[test]
fn an_agent_is_not_started_where_its_session_or_its_app_is_gone() {
    for (body, code) in [
        (json!({"session": null, "app": null}), None),
        (
            json!({"session": {"_id": SESSION, "status": "started"}, "app": null}),
            Some("APP_GONE"),
        ),
    ] {
        let mut script = Script::of([Answer::json(200, body.to_string())]);
        let run = run(&mut script, client().start(SESSION));
        assert_eq!(run.failed().kind, ErrorKind::NotFound);
        assert_eq!(run.failed().code.as_deref(), code);
    }
}

#[test]
fn each_status_has_its_meaning_and_its_own_word_beside_it() {
    for (word, status) in [
        ("started", SessionStatus::Active),
        ("running", SessionStatus::Running),
        ("waiting", SessionStatus::Waiting),
        ("warning", SessionStatus::Failed),
        ("error", SessionStatus::Failed),
        ("terminated", SessionStatus::Cancelled),
        ("new", SessionStatus::Unknown),
    ] {
        let session = json!({"_id": SESSION, "status": word, "appId": APP, "startDate": "2026-11-21T19:18:24.160Z"});
        let body =
            json!({"csrf": "x", "session": session, "app": {"name": "Team Chat"}, "account": {}});
        let mut script = Script::of([Answer::json(200, body.to_string())]);
        match run(&mut script, client().get(SESSION)).fine().as_slice() {
            [Seen::Session(found)] => {
                assert_eq!(found.status, status);
                assert_eq!(found.backend_status.as_deref(), Some(word));
                assert_eq!(found.agent_name.as_deref(), Some("Team Chat"));
                assert_eq!(
                    found.created_at.as_deref(),
                    Some("2026-11-21T19:18:24.160Z")
                );
                assert_eq!(found.raw.as_str(), session.to_string());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_team_is_the_account_s_current_one_and_else_its_first() {
    let (one, two) = ("a".repeat(24), "b".repeat(24));
    let account = |current: Value, teams: Value| json!({"account": {"currentTeam": current, "orgs": [{"teams": []}, {"teams": teams}]}});
    let teams = json!([{"id": one, "name": "x"}, {"id": two}]);
    for (body, team) in [
        (account(json!(two), teams.clone()), &two),
        (account(json!("c".repeat(24)), teams.clone()), &one),
        (account(Value::Null, teams.clone()), &one),
    ] {
        let mut script = Script::of([
            Answer::json(200, body.to_string()),
            Answer::json(200, r#"{"sessions":[]}"#),
        ]);
        let run = run(&mut script, teamless().list(ListSessions::default()));
        assert_eq!(run.error, None);
        assert_eq!(run.requests[0].1.url, format!("{BASE}/account.json"));
        assert_eq!(
            run.requests[1].1.url,
            format!("{BASE}/{team}/sessions.json")
        );
    }
    for (body, kind, code) in [
        (
            account(json!(one), json!([])),
            ErrorKind::Forbidden,
            Some("NO_TEAM"),
        ),
        (
            json!({"account": {}}),
            ErrorKind::Forbidden,
            Some("NO_TEAM"),
        ),
        (json!({}), ErrorKind::Protocol, None),
        (
            account(Value::Null, json!([{"id": "../.."}])),
            ErrorKind::Protocol,
            None,
        ),
    ] {
        let mut script = Script::of([Answer::json(200, body.to_string())]);
        let run = run(&mut script, teamless().send(SESSION, &message("x")));
        assert_eq!(run.failed().kind, kind, "{body}");
        assert_eq!(run.failed().code.as_deref(), code);
        assert_eq!(
            run.failed().delivered,
            Some(agentline::error::Delivered::No)
        );
    }
}

#[test]
fn a_sign_in_without_a_token_says_why_and_shows_no_password() {
    let password = "s3cret\"word\\";
    for answer in [
        to(&format!("/{TEAM}/onboarding")),
        to("/login"),
        json_to(&format!("/{TEAM}/apps")),
        opaque(),
        Answer::json(200, "{}"),
        Answer::json(200, r#"{"redirect":"/x","token":7}"#),
    ] {
        let run = run(
            &mut Script::of([answer]),
            teamless().sign_in("a@example.com", password),
        );
        assert_eq!(run.failed().kind, ErrorKind::Protocol);
        assert_eq!(run.failed().code.as_deref(), Some("NO_TOKEN"));
    }
    let escaped = serde_json::to_string(password).unwrap();
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (403, ErrorKind::Forbidden),
        (500, ErrorKind::Server),
    ] {
        let answer = Answer::json(
            status,
            format!("{{\"error\":{escaped},\"body\":[{escaped}]}}"),
        );
        let run = run(
            &mut Script::of([answer]),
            teamless().sign_in("a@example.com", password),
        );
        assert_eq!(run.failed().kind, kind);
        let shown = agentline::json::write::text(run.failed());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn refusals_are_read_in_all_their_shapes() {
    let opaque = "An error occurred. Please contact support with code: c937b180-4a7b";
    for (status, content_type, body, kind, code, words) in [
        (
            400,
            "application/json",
            json!({"error": opaque}).to_string(),
            ErrorKind::Invalid,
            Some("c937b180-4a7b"),
            opaque,
        ),
        (
            400,
            "application/json",
            json!({"error": "No permission"}).to_string(),
            ErrorKind::Forbidden,
            None,
            "No permission",
        ),
        (
            400,
            "application/json",
            json!({"error": "Session not found"}).to_string(),
            ErrorKind::NotFound,
            None,
            "Session not found",
        ),
        (
            403,
            "application/json",
            json!({"error": "Missing permission \"x\""}).to_string(),
            ErrorKind::Forbidden,
            None,
            "Missing permission \"x\"",
        ),
        (
            403,
            "application/json",
            json!({"message": "No permission", "code": 403}).to_string(),
            ErrorKind::Forbidden,
            Some("403"),
            "No permission",
        ),
        (
            400,
            "application/json",
            json!({"code": 5, "message": "Unsupported protocol version"}).to_string(),
            ErrorKind::Invalid,
            Some("5"),
            "Unsupported protocol version",
        ),
        (
            400,
            "application/json",
            json!({"error": "a", "message": "b", "code": "C"}).to_string(),
            ErrorKind::Invalid,
            Some("C"),
            "a",
        ),
        (
            404,
            "text/html; charset=utf-8",
            "<!DOCTYPE html>404".to_owned(),
            ErrorKind::NotFound,
            None,
            "the status 404",
        ),
        (
            401,
            "",
            String::new(),
            ErrorKind::Unauthorized,
            None,
            "the status 401",
        ),
        (
            429,
            "",
            String::new(),
            ErrorKind::RateLimited,
            None,
            "the status 429",
        ),
        (
            413,
            "application/json",
            "{".to_owned(),
            ErrorKind::TooLarge,
            None,
            "the status 413",
        ),
        (
            502,
            "text/html",
            "<html>".to_owned(),
            ErrorKind::Server,
            None,
            "the status 502",
        ),
    ] {
        let mut script =
            Script::always(Answer::new(status, content_type, &body).retry_after("900"));
        let run = run(&mut script, client().cancel(SESSION));
        let failed = run.failed();
        assert_eq!((failed.kind, failed.status), (kind, Some(status)), "{body}");
        assert_eq!(failed.code.as_deref(), code, "{body}");
        assert!(failed.message.contains(words), "{}", failed.message);
    }
    // a page where JSON should be: the routes of pages answer under any id
    for made in operations(&client(), SESSION) {
        let page = Answer::new(200, "text/html; charset=utf-8", "<html>");
        let run = run(&mut Script::always(page), made);
        assert_eq!(run.failed().kind, ErrorKind::Protocol);
    }
}
