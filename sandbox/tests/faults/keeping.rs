//! Faults in what the server keeps: messages, answers, and the time.

use super::world::{DIALECTS, T0, World};
use agentline_sandbox::agentcloud::TEAM_ID;
use agentline_sandbox::dialect::Dialect;
use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::{Agents, End, Options, Sandbox};
use serde_json::{Value, json};

/// What of a turn the history holds, and whether the answer was given.
fn kept(dialect: Dialect, rules: &Value) -> (bool, bool) {
    let mut world = World::new(dialect, rules);
    let answer = world.send("say the answer");
    assert_eq!(
        (answer.status, answer.end),
        (200, End::Clean),
        "{dialect:?}"
    );
    world.now += 60_000.0;
    let texts = world.texts();
    let holds = |text: &str| texts.iter().any(|row| row == text);
    (holds("say the answer"), holds("the answer"))
}

#[test]
fn messages_and_answers_are_stored_as_the_server_does_it_or_as_a_rule_says() {
    for dialect in DIALECTS {
        // An elizaOS server of 1.7.2 stores no reply that it streamed.
        let stores = dialect != Dialect::Eliza;
        for (rules, expected) in [
            (json!([]), (true, stores)),
            (
                json!([{"fault": "store", "message": false}]),
                (false, stores),
            ),
            (json!([{"fault": "store", "answer": false}]), (true, false)),
            (json!([{"fault": "store", "answer": true}]), (true, true)),
            (
                json!([{"fault": "store", "message": false, "answer": true}]),
                (false, true),
            ),
        ] {
            assert_eq!(kept(dialect, &rules), expected, "{dialect:?} {rules}");
        }
    }
}

#[test]
fn a_reply_over_the_bus_is_not_stored_where_a_rule_says_so() {
    for version in [Version::V1_6_5, Version::V1_7_0, Version::V1_7_2] {
        for (rules, expected) in [
            (json!([]), 2),
            (json!([{"fault": "store", "answer": false}]), 1),
        ] {
            let mut world = World::new(Dialect::Eliza, &json!([]));
            world.sandbox = Sandbox::new(Options {
                agents: Agents::Echo,
                eliza: eliza::Options {
                    version,
                    ..eliza::Options::default()
                },
                ..Options::default()
            });
            world.session = world.create();
            world.sandbox.switch_faults(super::world::faults(&rules));
            let path = format!("/api/messaging/sessions/{}/messages", world.session);
            world.ask("POST", &path, &json!({"content": "say it"}));
            world.now += 10_000.0;
            assert_eq!(world.rows().len(), expected, "{version:?} {rules}");
        }
    }
}

#[test]
fn a_stored_answer_comes_when_it_is_said_and_goes_when_it_is_overtaken() {
    let rules = json!([{"fault": "store", "answer": true, "nth": 1, "operation": "sendMessage"}]);
    let mut world = World::new(Dialect::Eliza, &rules);
    let answer = world.send("stream 2 500 the answer");
    world.now += answer.end_after_ms - 1.0;
    assert_eq!(world.texts(), ["stream 2 500 the answer"]);
    world.now += 1.0;
    assert_eq!(world.texts(), ["stream 2 500 the answer", "the answer"]);
    let mut world = World::new(Dialect::Eliza, &rules);
    world.send("stream 2 500 the answer");
    world.now += 600.0;
    world.send("say newer");
    world.now += 60_000.0;
    assert_eq!(world.texts(), ["stream 2 500 the answer", "say newer"]);
}

#[test]
fn a_message_is_stored_though_its_connection_died_and_its_answer_is_found_later() {
    for dialect in DIALECTS {
        let rules = json!([
            {"fault": "lose", "operation": "sendMessage"},
            {"fault": "store", "answer": true, "operation": "sendMessage"},
        ]);
        let mut world = World::new(dialect, &rules);
        assert_eq!(world.send("say the answer").end, End::Reset);
        world.now += 60_000.0;
        let texts = world.texts();
        for text in ["say the answer", "the answer"] {
            assert_eq!(
                texts.iter().filter(|row| *row == text).count(),
                1,
                "{dialect:?} {texts:?}"
            );
        }
    }
}

/// Milliseconds since the epoch of `2024-01-07T08:00:01.000Z`, of that day.
fn of_day(stamp: &str) -> f64 {
    let (day, time) = stamp.split_once('T').unwrap();
    let day: f64 = day.rsplit('-').next().unwrap().parse().unwrap();
    let parts: Vec<f64> = time
        .trim_end_matches('Z')
        .split(':')
        .map(|part| part.parse().unwrap())
        .collect();
    let second = (day - 7.0) * 86_400.0 + parts[0] * 3600.0 + parts[1] * 60.0 + parts[2];
    T0 - 8.0 * 3_600_000.0 + (second * 1000.0).round()
}

/// The stamps of the rows that a turn left.
fn stamps(world: &mut World) -> Vec<f64> {
    let dialect = world.dialect;
    let stamp = |row: Value| match dialect {
        Dialect::Meibel => of_day(row["timestamp"].as_str().unwrap()),
        Dialect::AgentCloud => row["ts"].as_f64().unwrap(),
        Dialect::Eliza => of_day(row["createdAt"].as_str().unwrap()),
    };
    let skip = usize::from(dialect == Dialect::AgentCloud);
    world.rows().into_iter().skip(skip).map(stamp).collect()
}

#[test]
fn a_wrong_clock_stamps_what_it_writes_and_changes_nothing_else() {
    for dialect in DIALECTS {
        let run = |ms: f64| {
            let store = json!({"fault": "store", "answer": true});
            let mut world = World::new(dialect, &json!([{"fault": "skew", "ms": ms}, store]));
            let answer = world.send("stream 3 100 the answer");
            let during: Vec<usize> = (0..10)
                .map(|_| {
                    world.now += 100.0;
                    world.rows().len()
                })
                .collect();
            world.now += 10_000.0;
            let times: Vec<f64> = answer.body.iter().map(|piece| piece.after_ms).collect();
            (stamps(&mut world), during, times)
        };
        let right = run(0.0);
        assert!(right.0.len() >= 2, "{right:?}");
        for ms in [90_000.0, -90_000.0] {
            let wrong = run(ms);
            let moved: Vec<f64> = right.0.iter().map(|stamp| stamp + ms).collect();
            let close = |(one, other): (&f64, &f64)| (one - other).abs() < 0.01;
            assert!(
                wrong.0.iter().zip(&moved).all(close),
                "{dialect:?}: {wrong:?} {moved:?}"
            );
            assert_eq!(
                (wrong.1, wrong.2),
                (right.1.clone(), right.2.clone()),
                "{dialect:?}"
            );
        }
    }
}

#[test]
fn a_clock_that_jumps_back_leaves_rows_that_are_older_than_those_before_them() {
    for dialect in DIALECTS {
        let rules =
            json!([{"fault": "skew", "ms": -50_000, "operation": "sendMessage", "from": 2}]);
        let mut world = World::new(dialect, &rules);
        world.send("say one");
        world.now += 10_000.0;
        world.send("say two");
        world.now += 10_000.0;
        let mut rows = stamps(&mut world);
        // elizaOS sorts them by these stamps.
        if dialect == Dialect::Eliza {
            assert_eq!(world.texts(), ["say two", "say one"]);
        } else {
            assert!(!rows.is_sorted(), "{dialect:?}: {rows:?}");
        }
        rows.sort_by(f64::total_cmp);
        assert!(rows[0] < T0 && rows[rows.len() - 1] > T0, "{rows:?}");
    }
}

#[test]
fn a_clock_that_jumps_is_off_by_another_distance_each_time() {
    for dialect in DIALECTS {
        let rules = json!([{"fault": "skew", "ms": 1000, "jitter": 400}]);
        let mut world = World::new(dialect, &rules);
        let began = world.now;
        let mut off = std::collections::BTreeSet::new();
        for turn in 0..12 {
            let at = began + f64::from(turn) * 100_000.0;
            world.now = at;
            let before = stamps(&mut world).len();
            world.now = at;
            world.send("say x");
            world.now = at + 50_000.0;
            let rows = stamps(&mut world);
            assert!(rows.len() > before);
            let near = rows.iter().map(|stamp| stamp - at);
            let first = near
                .filter(|off| (0.0..50_000.0).contains(off))
                .fold(f64::MAX, f64::min);
            assert!((600.0..=1400.0).contains(&first), "{dialect:?}: {first}");
            off.insert(first.to_bits());
        }
        assert!(off.len() > 6, "{dialect:?}: {off:?}");
    }
}

#[test]
fn the_ids_of_agent_cloud_hold_the_wrong_time_too() {
    let mut world = World::new(
        Dialect::AgentCloud,
        &json!([{"fault": "skew", "ms": -3_600_000}]),
    );
    let id = world.create();
    let second = f64::from(u32::from_str_radix(&id[..8], 16).unwrap());
    assert_eq!(second, ((T0 + 1000.0 - 3_600_000.0) / 1000.0).floor());
    let shown = world.ask(
        "GET",
        &format!("/{TEAM_ID}/session/{id}.json"),
        &Value::Null,
    );
    let shown = super::world::json_of(&shown);
    assert_eq!(shown["session"]["startDate"], "2024-01-07T07:00:01.000Z");
}

#[test]
fn a_clock_that_jumps_ahead_lets_a_session_of_elizaos_expire() {
    let rules = json!([{"fault": "skew", "ms": 3_600_000, "from": 2}]);
    let mut world = World::new(Dialect::Eliza, &rules);
    assert_eq!(world.get_history().status, 200);
    assert_eq!(world.get_history().status, 410);
}
