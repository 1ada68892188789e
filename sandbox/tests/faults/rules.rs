//! Which requests a rule hits, and how it is switched.

use super::world::{DIALECTS, World, faults, in_order, json_of};
use agentline_sandbox::dialect::Dialect;
use agentline_sandbox::fault::{Fault, Rule};
use agentline_sandbox::{End, Faults, Options, Request, Sandbox};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Which of so many requests for the history are hit.
fn hit(dialect: Dialect, rules: &Value, requests: usize) -> Vec<usize> {
    let mut world = World::new(dialect, rules);
    let asks = (1..=requests).filter(|_| world.get_history().end == End::Reset);
    asks.collect()
}

#[test]
fn a_rule_counts_the_requests_that_it_matches() {
    for dialect in DIALECTS {
        for (rule, expected) in [
            (json!({}), vec![1, 2, 3, 4, 5, 6]),
            (json!({"nth": 3}), vec![3]),
            (json!({"from": 4}), vec![4, 5, 6]),
            (json!({"times": 2}), vec![1, 2]),
            (json!({"from": 3, "times": 2}), vec![3, 4]),
            (json!({"chance": 0}), vec![]),
            (json!({"chance": 1}), vec![1, 2, 3, 4, 5, 6]),
            (json!({"operation": "sendMessage"}), vec![]),
            (json!({"operation": "getMessages"}), vec![1, 2, 3, 4, 5, 6]),
            (json!({"method": "POST"}), vec![]),
            (json!({"method": "get", "nth": 1}), vec![1]),
            (json!({"path": "*/messages*"}), vec![1, 2, 3, 4, 5, 6]),
            (json!({"path": "*/message"}), vec![]),
            (json!({"session": "another"}), vec![]),
            (json!({"backend": dialect, "nth": 2}), vec![2]),
        ] {
            let mut rule = rule;
            rule["fault"] = json!("refuse");
            assert_eq!(
                hit(dialect, &json!([rule]), 6),
                expected,
                "{dialect:?} {rule}"
            );
        }
        let other = if dialect == Dialect::Eliza {
            "meibel"
        } else {
            "eliza"
        };
        let rules = json!([{"fault": "refuse", "backend": other}]);
        assert!(hit(dialect, &rules, 3).is_empty());
    }
}

#[test]
fn a_rule_for_one_session_leaves_the_others_alone() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect, &json!([]));
        let other = world.create();
        let rules = json!([{"fault": "refuse", "session": world.session}]);
        world.sandbox.switch_faults(faults(&rules));
        assert_eq!(world.get_history().end, End::Reset, "{dialect:?}");
        world.session = other;
        assert_eq!(world.get_history().end, End::Clean, "{dialect:?}");
    }
}

#[test]
fn chances_follow_from_the_seed_and_come_as_often_as_they_say() {
    let rules = |seed: u64| json!({"seed": seed, "rules": [{"fault": "refuse", "chance": 0.25}]});
    let hits = |seed| hit(Dialect::Meibel, &rules(seed), 400);
    assert_eq!(hits(1), hits(1));
    assert_ne!(hits(1), hits(2));
    for seed in 0..5 {
        let count = hits(seed).len();
        assert!((70..=130).contains(&count), "{seed}: {count}");
    }
}

#[test]
fn what_a_rule_draws_does_not_depend_on_other_rules_and_requests() {
    let rule = json!({"fault": "refuse", "chance": 0.5, "operation": "getMessages"});
    let alone = hit(Dialect::Eliza, &json!([rule]), 40);
    let mut world = World::new(
        Dialect::Eliza,
        &json!([rule, {"fault": "bom", "chance": 0.5}]),
    );
    let mut beside = Vec::new();
    for request in 1..=40 {
        world.send("say something else");
        if world.get_history().end == End::Reset {
            beside.push(request);
        }
    }
    assert_eq!(alone, beside);
}

#[test]
fn without_a_seed_of_their_own_faults_take_the_sandboxs() {
    let first = |seed| {
        let mut sandbox = Sandbox::new(Options {
            seed,
            faults: faults(&json!([{"fault": "refuse", "chance": 0.5}])),
            ..Options::default()
        });
        let request = Request {
            method: "GET".into(),
            path_and_query: "/healthz".into(),
            ..Request::default()
        };
        let ends = (0..32).map(|_| sandbox.handle(&request, 0.0).end);
        ends.collect::<Vec<_>>()
    };
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn a_preflight_is_hit_only_where_its_method_is_named() {
    for (rule, hit) in [
        (json!({"fault": "refuse"}), false),
        (json!({"fault": "refuse", "method": "OPTIONS"}), true),
    ] {
        let mut world = World::new(Dialect::Eliza, &json!([rule]));
        let answer = world.ask("OPTIONS", "/api/messaging/sessions", &Value::Null);
        assert_eq!(answer.end == End::Reset, hit, "{rule}");
        let hits: Vec<u64> = world.sandbox.hits().collect();
        assert_eq!(hits, [u64::from(hit)]);
    }
}

#[test]
fn a_request_tells_and_switches_the_faults_and_is_never_hit() {
    let mut world = World::new(Dialect::Meibel, &json!([]));
    let path = "/__fixture/faults";
    let told = world.ask("GET", path, &Value::Null);
    assert_eq!(json_of(&told), json!({"seed": 5, "rules": [], "hits": []}));
    let rules = json!([{"fault": "refuse", "chance": 1, "operation": "getMessages"}, {"fault": "bom", "nth": 9}]);
    let switched = world.ask("POST", path, &json!({"seed": 8, "rules": rules}));
    assert_eq!(switched.status, 200);
    for _ in 0..3 {
        assert_eq!(world.get_history().end, End::Reset);
    }
    let mut expected = rules.clone();
    expected[0]["after"] = json!(0);
    let told = json_of(&world.ask("GET", path, &Value::Null));
    assert_eq!(told, json!({"seed": 8, "rules": expected, "hits": [3, 0]}));
    // A list keeps the seed, and what is wrong keeps everything.
    let wrong = world.ask("POST", path, &json!([{"fault": "explode"}]));
    assert_eq!(wrong.status, 400);
    let error = json_of(&wrong)["error"].as_str().unwrap().to_owned();
    assert!(
        error.starts_with("faults[0].fault wants one of \"refuse\", "),
        "{error}"
    );
    assert!(error.ends_with("not \"explode\""), "{error}");
    assert_eq!(json_of(&world.ask("GET", path, &Value::Null)), told);
    let none = json_of(&world.ask("POST", path, &json!([])));
    assert_eq!(none, json!({"seed": 8, "rules": [], "hits": []}));
    assert_eq!(world.get_history().end, End::Clean);
}

#[test]
fn rules_are_made_in_rust_as_they_are_in_json() {
    let made = Faults {
        seed: None,
        rules: vec![Rule {
            nth: Some(2),
            ..Rule::new(Fault::Cut {
                at: Some(3),
                clean: false,
            })
        }],
    };
    assert_eq!(made, faults(&json!([{"fault": "cut", "at": 3, "nth": 2}])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_can_be_carried_and_is_the_same_again(
        rules in prop::collection::vec(rule(), 0..5),
        seed in any::<u64>(),
        texts in prop::collection::vec("(say|stream 3 20|act 2|throwmid|wait 50|hello) [a-zé😀]{0,12}", 1..5),
    ) {
        let rules = json!({"seed": seed >> 11, "rules": rules});
        for dialect in DIALECTS {
            let run = || {
                let mut world = World::new(dialect, &rules);
                let mut answers = Vec::new();
                for text in &texts {
                    answers.push(world.send(text));
                    answers.push(world.get_history());
                    world.now += 40.0;
                }
                let turns: Vec<u64> = answers.iter().filter_map(|answer| answer.turn).collect();
                answers.extend(turns.into_iter().filter_map(|turn| world.sandbox.overtaken(turn)));
                (answers, world.sandbox.hits().collect::<Vec<_>>())
            };
            let ran = run();
            for answer in &ran.0 {
                prop_assert!(in_order(answer), "{rules} {answer:?}");
                prop_assert!(answer.has_head() || answer.body.is_empty());
            }
            prop_assert_eq!(&ran, &run());
        }
    }
}

fn rule() -> impl Strategy<Value = Value> {
    let fault = prop_oneof![
        (0..500_u32).prop_map(|after| json!({"fault": "refuse", "after": after})),
        Just(json!({"fault": "lose"})),
        any::<bool>().prop_map(|taken| json!({"fault": "hang", "taken": taken})),
        (any::<bool>(), any::<bool>()).prop_map(|(date, taken)| {
            json!({"fault": "status", "status": 503, "retryAfter": 9, "date": date, "taken": taken})
        }),
        any::<bool>().prop_map(|taken| json!({"fault": "html", "taken": taken})),
        prop::option::of(0..900_u32).prop_map(|at| json!({"fault": "stall", "at": at})),
        (prop::option::of(0..900_u32), any::<bool>())
            .prop_map(|(at, clean)| json!({"fault": "cut", "at": at, "clean": clean})),
        (1..50_u32, 0..20_u32)
            .prop_map(|(bytes, every)| json!({"fault": "drip", "bytes": bytes, "every": every})),
        prop::option::of(1..9_u32).prop_map(|frame| json!({"fault": "duplicate", "frame": frame})),
        prop::option::of(1..9_u32).prop_map(|frame| json!({"fault": "reorder", "frame": frame})),
        prop::sample::select(vec!["cr", "crlf"])
            .prop_map(|newline| json!({"fault": "newline", "newline": newline})),
        Just(json!({"fault": "bom"})),
        (0..9_u32).prop_map(|pause| json!({"fault": "split", "pause": pause})),
        (any::<bool>(), any::<bool>()).prop_map(
            |(message, answer)| json!({"fault": "store", "message": message, "answer": answer})
        ),
        (-1e12..1e12, 0..1000_u32)
            .prop_map(|(ms, jitter)| json!({"fault": "skew", "ms": ms, "jitter": jitter})),
    ];
    let when = prop_oneof![
        Just(json!({})),
        (0.0..=1.0).prop_map(|chance| json!({ "chance": chance })),
        (1..4_u32).prop_map(|nth| json!({ "nth": nth })),
        (1..4_u32, 0..3_u32).prop_map(|(from, times)| json!({"from": from, "times": times})),
        Just(json!({"operation": "sendMessage"})),
    ];
    (fault, when).prop_map(|(mut fault, when)| {
        let fields = fault.as_object_mut().unwrap();
        fields.extend(when.as_object().unwrap().clone());
        fault
    })
}
