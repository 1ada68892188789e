//! What goes up, what comes down, and what the gateway says by itself.

use agentline::error::ErrorKind;
use agentline::gateway::answer::Refusal;
use agentline::gateway::passage::{Course, Outgoing, Passage};
use agentline::gateway::{Gateway, Options};
use agentline::http::Head;
use agentline::model::Backend;

use super::{Headers, KEY, SESSION, TEAM, code, gateway, header, judged, lookup, options};

const OWN: &str = "https://edge.example";

fn ask(backend: Backend, method: &str, path: &str, headers: Headers<'_>) -> Passage {
    let url = format!("{OWN}/agent{path}");
    judged(&gateway(backend), method, &url, headers).unwrap()
}

fn history() -> Passage {
    let path = "/api/messaging/sessions/s/messages?limit=3";
    ask(Backend::Eliza, "GET", path, &[])
}

fn asked(passage: &mut Passage, body: &str) -> Outgoing {
    passage.request(KEY, body.as_bytes()).unwrap()
}

fn head(status: u16, headers: Headers<'_>) -> Head {
    let get = lookup(headers);
    Head {
        status,
        content_type: get("content-type"),
        location: get("location"),
        ..Head::default()
    }
}

fn course(passage: &mut Passage, status: u16, headers: Headers<'_>) -> Course {
    passage.head(head(status, headers), &lookup(headers))
}

#[test]
fn a_request_goes_up_with_the_key_and_with_nothing_that_its_sender_wrote_into_its_head() {
    let path = "/api/messaging/sessions/s/messages";
    let headers = [
        ("accept", "text/event-stream"),
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", "2"),
        ("cookie", "session=1"),
        ("authorization", "Bearer page"),
        ("x-api-key", "page"),
        ("host", "edge.example"),
        ("origin", "https://app.example"),
        ("x-forwarded-for", "10.0.0.1"),
        ("connection", "x-evil"),
        ("x-evil", "1"),
        ("te", "trailers"),
    ];
    let mut passage = ask(Backend::Eliza, "POST", path, &headers);
    assert_eq!(passage.operation(), "sendMessage");
    assert_eq!(passage.session(), Some("s"));
    assert!(passage.takes_body());
    let outgoing = asked(&mut passage, "{}");
    assert_eq!(outgoing.method, "POST");
    assert_eq!(
        outgoing.url,
        "http://agents.test/base/api/messaging/sessions/s/messages"
    );
    let mut names: Vec<&str> = outgoing
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-type", "x-api-key"]);
    assert_eq!(header(&outgoing.headers, "x-api-key"), Some(KEY));
    assert_eq!(
        header(&outgoing.headers, "content-type"),
        Some("application/json")
    );
}

#[test]
fn the_key_goes_into_the_header_of_its_backend_and_an_empty_one_into_none() {
    for (backend, path, name, value) in [
        (
            Backend::Eliza,
            "/api/messaging/sessions".to_owned(),
            "x-api-key",
            KEY.to_owned(),
        ),
        (
            Backend::Meibel,
            "/sessions/s".to_owned(),
            "meibel-api-key",
            KEY.to_owned(),
        ),
        (
            Backend::AgentCloud,
            format!("/{TEAM}/sessions.json"),
            "authorization",
            format!("Bearer {KEY}"),
        ),
    ] {
        let mut passage = ask(backend, "GET", &path, &[]);
        let outgoing = asked(&mut passage, "");
        assert_eq!(header(&outgoing.headers, name), Some(value.as_str()));
        let without = passage.request("", b"").unwrap();
        assert_eq!(header(&without.headers, name), None);
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_the_gateways_own_fault_and_not_repeated() {
    let mut passage = history();
    assert_eq!(passage.request("k\r\nx-evil: 1", b""), Err(Refusal::Broken));
}

#[test]
fn every_request_to_agent_cloud_says_that_it_is_json() {
    let path = format!("/{TEAM}/sessions.json");
    let mut passage = ask(Backend::AgentCloud, "GET", &path, &[]);
    let outgoing = asked(&mut passage, "");
    assert_eq!(
        header(&outgoing.headers, "content-type"),
        Some("application/json")
    );
}

#[test]
fn a_body_of_another_kind_or_too_large_a_one_is_refused_by_its_head() {
    let gateway = gateway(Backend::Meibel);
    let url = format!("{OWN}/agent/sessions/s/chat");
    for (headers, wanted) in [
        (
            [("content-type", "text/plain"), ("content-length", "2")],
            "CONTENT_TYPE",
        ),
        (
            [
                ("content-type", "multipart/form-data; boundary=x"),
                ("content-length", "2"),
            ],
            "CONTENT_TYPE",
        ),
        (
            [
                ("content-type", "application/json"),
                ("content-length", "16777217"),
            ],
            "TOO_LARGE",
        ),
    ] {
        let answer = judged(&gateway, "POST", &url, &headers).err().unwrap();
        assert_eq!(code(&answer), wanted);
    }
    let form = format!("{OWN}/agent/sessions/s/chat/stream");
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let mut passage = judged(&gateway, "POST", &form, &[("content-type", kind)]).unwrap();
        let outgoing = asked(&mut passage, "user_message=x");
        assert_eq!(header(&outgoing.headers, "content-type"), Some(kind));
    }
    let smuggled = [(
        "content-type",
        "multipart/form-data; boundary=x\r\nx-evil: 1",
    )];
    assert!(judged(&gateway, "POST", &form, &smuggled).is_err());
}

#[test]
fn pages_of_its_own_origin_and_of_those_that_were_named_are_served_and_no_others() {
    let gateway = gateway(Backend::Eliza);
    let url = format!("{OWN}/agent/api/messaging/sessions/s");
    for (headers, served) in [
        (vec![], true),
        (vec![("origin", OWN)], true),
        (vec![("origin", "https://app.example")], true),
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![("sec-fetch-site", "none")], true),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", "https://app.example.evil.test")], false),
        (vec![("origin", "https://app.example:8443")], false),
        (vec![("origin", "http://app.example")], false),
        (vec![("origin", "http://edge.example")], false),
        (vec![("origin", "*")], false),
        (vec![("origin", "")], false),
    ] {
        match judged(&gateway, "GET", &url, &headers) {
            Ok(_) => assert!(served, "{headers:?}"),
            Err(answer) => {
                assert!(!served, "{headers:?}");
                assert_eq!((answer.status, code(&answer).as_str()), (403, "ORIGIN"));
                assert_eq!(header(&answer.headers, "vary"), Some("origin"));
                assert_eq!(header(&answer.headers, "access-control-allow-origin"), None);
            }
        }
    }
}

#[test]
fn a_preflight_is_answered_to_a_page_that_is_served() {
    let gateway = gateway(Backend::Eliza);
    let url = format!("{OWN}/agent/api/messaging/sessions");
    let ask = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type, x-visitor, b\u{e4}d",
        ),
    ];
    let answer = judged(&gateway, "OPTIONS", &url, &ask).err().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example"),
        ("access-control-allow-methods", "GET, POST, DELETE"),
        ("access-control-allow-headers", "content-type, x-visitor"),
        ("vary", "origin"),
    ] {
        assert_eq!(header(&answer.headers, name), Some(value));
    }
    let foreign = [("origin", "https://evil.test"), ask[1]];
    let answer = judged(&gateway, "OPTIONS", &url, &foreign).err().unwrap();
    assert_eq!(answer.status, 403);
}

#[test]
fn what_lies_outside_of_its_path_is_nothing_to_the_gateway() {
    let gateway = gateway(Backend::Eliza);
    for path in [
        "",
        "/",
        "/agent",
        "/agent/",
        "/agentapi/messaging/sessions",
        "/api/messaging/sessions",
        "/agent/api/messaging/sessions#x",
        "/agent/api/messaging/sessions?",
        "/agent/api/messaging/sessions/",
        "/agent//api/messaging/sessions",
    ] {
        let answer = judged(&gateway, "GET", &format!("{OWN}{path}"), &[])
            .err()
            .unwrap();
        assert_eq!(code(&answer), "NO_ROUTE", "{path}");
    }
}

#[test]
fn nothing_of_an_answers_head_comes_down_but_what_is_about_the_request() {
    let mut passage = history();
    asked(&mut passage, "");
    let headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("set-cookie", "a=b"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("content-encoding", "gzip"),
        ("content-length", "12"),
        ("server", "x"),
        ("access-control-allow-origin", "*"),
        ("location", "https://evil.test"),
        ("x-request-id", "r1"),
        ("request-id", KEY),
        ("retry-after", "3"),
    ];
    let Course::Relay { head, events } = course(&mut passage, 200, &headers) else {
        panic!("it passes")
    };
    assert!(events);
    let mut names: Vec<&str> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "content-type",
            "retry-after",
            "x-accel-buffering",
            "x-request-id"
        ]
    );
}

#[test]
fn a_page_of_html_never_comes_down_because_it_would_be_one_of_the_gateways_origin() {
    for (status, wanted) in [(200, 502), (404, 404), (500, 500)] {
        let mut passage = history();
        asked(&mut passage, "");
        let html = [("content-type", "text/html")];
        let answer = match course(&mut passage, status, &html) {
            Course::Answer(answer) => answer,
            Course::Whole(most) => {
                passage.whole((most > 40.0).then_some(b"<script>alert(1)</script>"))
            }
            Course::Relay { .. } => panic!("it passes"),
        };
        assert_eq!(answer.status, wanted);
        assert!(!answer.body.contains("script"), "{}", answer.body);
        assert_eq!(
            header(&answer.headers, "content-type"),
            Some("application/json")
        );
    }
}

#[test]
fn a_redirect_is_an_error_and_its_aim_is_not_told() {
    for status in [0, 301, 302, 303, 307, 308] {
        let mut passage = history();
        asked(&mut passage, "");
        let to = [("location", "https://evil.test/?key=s3cr3t")];
        let Course::Answer(answer) = course(&mut passage, status, &to) else {
            panic!("it passes")
        };
        assert_eq!((answer.status, code(&answer).as_str()), (502, "REDIRECT"));
        assert!(!format!("{answer:?}").contains("evil"));
    }
}

#[test]
fn agent_clouds_redirects_are_the_refusals_that_they_mean() {
    for (location, status) in [
        ("/login?goto=%2Fx", 401),
        ("/welcome?noaccess=true", 403),
        ("https://cloud.example/login", 401),
        ("https://evil.test/x", 502),
    ] {
        let path = format!("/{TEAM}/session/{SESSION}.json");
        let mut hidden = ask(Backend::AgentCloud, "GET", &path, &[]);
        asked(&mut hidden, "");
        let Course::Answer(answer) = course(&mut hidden, 302, &[("location", location)]) else {
            panic!("it passes")
        };
        assert_eq!(answer.status, status, "{location}");
        // the same with the status of a success
        let mut open = ask(Backend::AgentCloud, "GET", &path, &[]);
        asked(&mut open, "");
        let json = [("content-type", "application/json; charset=utf-8")];
        assert!(matches!(course(&mut open, 200, &json), Course::Whole(_)));
        let body = format!("{{\"redirect\":{location:?}}}");
        assert_eq!(open.whole(Some(body.as_bytes())), answer, "{location}");
    }
}

#[test]
fn a_refusal_comes_down_without_the_key_and_without_the_servers_own_paths() {
    let mut passage = history();
    asked(&mut passage, "");
    let json = [("content-type", "application/json")];
    assert!(matches!(course(&mut passage, 401, &json), Course::Whole(_)));
    let body = format!(
        r#"{{"error":{{"code":"NO","message":"key {KEY}","stack":"at /srv/x.js","url":"?k=s3cr3t%2Fkey%2B0123456789"}}}}"#
    );
    let answer = passage.whole(Some(body.as_bytes()));
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.body,
        r#"{"error":{"code":"NO","message":"key [redacted]","url":"?k=[redacted]"}}"#
    );
}

#[test]
fn a_team_is_asked_for_once_and_told_to_the_page_without_anything_else() {
    let gateway = std::rc::Rc::new(
        Gateway::new(Options {
            team: None,
            ..options(Backend::AgentCloud)
        })
        .unwrap(),
    );
    assert!(gateway.lacks_team());
    let mut finding = gateway.find_team().unwrap();
    let outgoing = asked(&mut finding, "");
    assert_eq!(outgoing.url, "http://agents.test/base/account.json");
    let json = [("content-type", "application/json")];
    assert!(matches!(course(&mut finding, 200, &json), Course::Whole(_)));
    let account = format!(
        r#"{{"csrf":"c","account":{{"email":"a@b","currentTeam":"{TEAM}","orgs":[{{"teams":[{{"id":"{TEAM}"}}]}}]}}}}"#
    );
    let answer = finding.whole(Some(account.as_bytes()));
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains("a@b") && !answer.body.contains("csrf"));
    assert!(!gateway.lacks_team());
    let url = format!("{OWN}/agent/account.json");
    let page = judged(&gateway, "GET", &url, &[]).unwrap();
    assert_eq!(page.here(), Some(answer));
}

#[test]
fn options_that_cannot_work_are_refused() {
    let base = || options(Backend::Eliza);
    let one = |origin: &str| Options {
        allow_origins: vec![origin.to_owned()],
        ..base()
    };
    let at = |path: &str| Options {
        path: Some(path.to_owned()),
        ..base()
    };
    let mut bad: Vec<Options> = [
        "*",
        "null",
        "https://a.example/",
        "https://A.example",
        "a.example",
        "https://*.a.example",
        "https://a.example:443",
        "",
    ]
    .map(one)
    .into();
    bad.extend(["agent", "/a b", "/a/../b", "/a?b", "//a", "/a//b", "/%61"].map(at));
    bad.push(Options {
        heartbeat: Some(0.0),
        ..base()
    });
    bad.push(Options {
        requests_per_minute: Some(0.5),
        ..base()
    });
    bad.push(Options {
        base_url: Some("/here".to_owned()),
        ..base()
    });
    bad.push(Options {
        backend: None,
        ..base()
    });
    for options in bad {
        let told = format!("{options:?}");
        let error = Gateway::new(options)
            .err()
            .unwrap_or_else(|| panic!("{told}"));
        assert_eq!(error.kind, ErrorKind::Config, "{told}");
    }
    for options in [
        one("https://a.example:8443"),
        one("http://127.0.0.1:3000"),
        at("/"),
        at("/api/agent/"),
    ] {
        assert!(Gateway::new(options).is_ok());
    }
}
