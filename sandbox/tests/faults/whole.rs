//! Faults that take the place of a whole answer.

use super::world::{DIALECTS, World, text_of};
use agentline_sandbox::End;
use agentline_sandbox::dialect::Dialect;
use serde_json::json;

const SENT: &str = "say hello";

#[test]
fn a_refused_request_is_reset_and_nothing_was_done() {
    for dialect in DIALECTS {
        let rules = json!([{"fault": "refuse", "after": 30, "operation": "sendMessage"}]);
        let mut world = World::new(dialect, &rules);
        let before = world.texts();
        let refused = world.send(SENT);
        assert_eq!(
            (refused.end, refused.after_ms),
            (End::Reset, 30.0),
            "{dialect:?}"
        );
        assert!(!refused.has_head() && refused.body.is_empty());
        world.now += 60_000.0;
        assert_eq!(world.texts(), before, "{dialect:?}");
    }
}

#[test]
fn a_lost_answer_is_a_reset_and_the_message_was_taken() {
    for dialect in DIALECTS {
        let rules = json!([{"fault": "lose", "operation": "sendMessage"}]);
        let mut world = World::new(dialect, &rules);
        let lost = world.send(SENT);
        assert_eq!(lost.end, End::Reset, "{dialect:?}");
        world.now += 60_000.0;
        assert!(world.texts().contains(&SENT.to_owned()), "{dialect:?}");
    }
    let mut world = World::new(Dialect::Eliza, &json!([{"fault": "lose", "after": 700}]));
    assert_eq!(world.send(SENT).after_ms, 700.0);
}

#[test]
fn a_hanging_request_never_gets_a_head_and_was_taken_or_not() {
    for dialect in DIALECTS {
        for taken in [true, false] {
            let rules = json!([{"fault": "hang", "operation": "sendMessage", "taken": taken}]);
            let mut world = World::new(dialect, &rules);
            let hung = world.send(SENT);
            assert_eq!(
                (hung.end, hung.has_head()),
                (End::Never, false),
                "{dialect:?}"
            );
            world.now += 60_000.0;
            assert_eq!(
                world.texts().contains(&SENT.to_owned()),
                taken,
                "{dialect:?}"
            );
        }
    }
}

#[test]
fn a_busy_server_says_when_to_come_again_in_seconds_or_by_a_date() {
    for dialect in DIALECTS {
        for (status, date, told) in [
            (429, false, "7"),
            (503, false, "7"),
            // The world is a second old.
            (503, true, "Sun, 07 Jan 2024 08:00:08 GMT"),
        ] {
            let rules =
                json!([{"fault": "status", "status": status, "retryAfter": 7, "date": date}]);
            let mut world = World::new(dialect, &rules);
            let refused = world.send(SENT);
            assert_eq!((refused.status, refused.end), (status, End::Clean));
            assert_eq!(refused.header("retry-after"), Some(told), "{dialect:?}");
            let length = refused.header("content-length").unwrap();
            assert_eq!(length, refused.bytes().len().to_string());
            world
                .sandbox
                .switch_faults(super::world::faults(&json!([])));
            world.now += 60_000.0;
            assert!(!world.texts().contains(&SENT.to_owned()), "{dialect:?}");
        }
    }
    let rules = json!([{"fault": "status", "status": 500}]);
    let bare = World::new(Dialect::Eliza, &rules).send(SENT);
    assert_eq!((bare.status, bare.header("retry-after")), (500, None));
}

#[test]
fn an_error_may_come_though_the_message_was_taken() {
    for dialect in DIALECTS {
        let rules =
            json!([{"fault": "status", "status": 502, "taken": true, "operation": "sendMessage"}]);
        let mut world = World::new(dialect, &rules);
        assert_eq!(world.send(SENT).status, 502);
        world.now += 60_000.0;
        assert!(world.texts().contains(&SENT.to_owned()), "{dialect:?}");
    }
}

#[test]
fn a_page_comes_where_an_answer_was_asked_for() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect, &json!([{"fault": "html"}]));
        for page in [world.send(SENT), world.get_history()] {
            assert_eq!(page.status, 200, "{dialect:?}");
            assert_eq!(
                page.header("content-type"),
                Some("text/html; charset=utf-8")
            );
            assert!(text_of(&page).starts_with("<!DOCTYPE html>"));
        }
    }
    let rules = json!([{"fault": "html", "status": 502}]);
    assert_eq!(World::new(Dialect::Meibel, &rules).send(SENT).status, 502);
}

#[test]
fn a_page_of_another_origin_can_read_what_goes_wrong() {
    let request = |taken| {
        let rules = json!([{"fault": "status", "status": 503, "taken": taken}]);
        let mut world = World::new(Dialect::Eliza, &rules);
        let request = agentline_sandbox::Request {
            method: "GET".into(),
            path_and_query: "/api/messaging/sessions".into(),
            headers: vec![("origin".into(), "https://page.example".into())],
            body: Vec::new(),
        };
        world.sandbox.handle(&request, world.now)
    };
    for taken in [true, false] {
        let refused = request(taken);
        assert_eq!(
            refused.header("access-control-allow-origin"),
            Some("https://page.example"),
            "{taken}"
        );
    }
}

#[test]
fn only_the_first_of_two_whole_faults_is_met() {
    let rules = json!([{"fault": "status", "status": 503}, {"fault": "refuse"}]);
    let mut world = World::new(Dialect::Eliza, &rules);
    assert_eq!(world.send(SENT).status, 503);
    assert_eq!(world.sandbox.hits().collect::<Vec<_>>(), [1, 0]);
}
