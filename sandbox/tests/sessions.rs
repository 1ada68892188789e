//! What becomes of a session: its timeouts, its renewals and its end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use agentline_sandbox::{Options, eliza};
use serde_json::{Value, json};
use support::{SESSIONS, T0, World, body, echo};

const SESSION: &str = "da1c4047-5da1-4f19-a7d8-d976d3cccd03";

fn world(timeout: &Value) -> World {
    let mut world = World::new(Options {
        eliza: eliza::Options {
            least_timeout_minutes: 1.0,
            ..eliza::Options::default()
        },
        ..echo()
    });
    world.session(SESSION, &json!({}), timeout);
    world
}

fn path(action: &str) -> String {
    format!("{SESSIONS}/{SESSION}{action}")
}

fn heartbeat(world: &mut World) -> Value {
    body(&world.ask("POST", &path("/heartbeat"), &[], b""))
}

#[test]
fn a_session_expires_is_told_once_and_is_swept_away_unseen() {
    let mut world = world(&json!({}));
    let path = format!("{SESSIONS}/{SESSION}");
    world.put(
        "PATCH",
        &format!("{path}/timeout"),
        &json!({"timeoutMinutes": 1}),
    );
    world.pass(59_000.0);
    assert_eq!(
        world
            .ask("POST", &format!("{path}/heartbeat"), &[], b"")
            .status,
        200
    );
    world.pass(60_000.0);
    let stats = body(&world.get(SESSIONS))["stats"].clone();
    assert_eq!(
        stats,
        json!({"totalSessions": 1, "activeSessions": 0, "expiredSessions": 1})
    );
    assert_eq!(
        (world.get(&path).status, world.get(&path).status),
        (410, 404)
    );
    world.session(SESSION, &json!({}), &json!({"timeoutMinutes": 1}));
    world.pass(400_000.0);
    assert_eq!(world.get(&path).status, 404);
}

#[test]
fn a_heartbeat_renews_only_where_renewal_is_automatic() {
    let mut world = world(&json!({"timeoutMinutes": 10}));
    world.pass(60_000.0);
    let renewed = heartbeat(&mut world);
    assert_eq!(
        (&renewed["renewalCount"], &renewed["timeRemaining"]),
        (&json!(1), &json!(600_000))
    );
    world.put(
        "PATCH",
        &path("/timeout"),
        &json!({"timeoutMinutes": 10, "autoRenew": false}),
    );
    world.pass(60_000.0);
    let touched = heartbeat(&mut world);
    assert_eq!(
        (&touched["renewalCount"], &touched["timeRemaining"]),
        (&json!(1), &json!(480_000))
    );
    assert_eq!(
        touched["lastActivity"],
        agentline_sandbox::clock::iso(T0 + 120_000.0)
    );
    let by_hand = body(&world.ask("POST", &path("/renew"), &[], b""));
    assert_eq!(
        (&by_hand["renewalCount"], &by_hand["timeRemaining"]),
        (&json!(2), &json!(600_000))
    );
    assert_eq!(by_hand["timeoutConfig"]["autoRenew"], false);
}

#[test]
fn a_renewal_makes_a_session_worth_a_warning_again() {
    let mut world = world(&json!({"timeoutMinutes": 1}));
    let expiring =
        |world: &mut World| body(&world.get(&format!("{SESSIONS}/health")))["expiringSoon"].clone();
    assert_eq!(expiring(&mut world), 1);
    let sent = world.send(SESSION, &json!({"content": "say x", "transport": "http"}));
    assert_eq!(body(&sent)["sessionStatus"]["isNearExpiration"], false);
    assert_eq!(body(&world.get(&path("")))["isNearExpiration"], true);
    assert_eq!(expiring(&mut world), 0);
    heartbeat(&mut world);
    assert_eq!(expiring(&mut world), 1);
}

#[test]
fn a_change_of_the_timeout_replaces_all_of_it() {
    let mut world = world(
        &json!({"timeoutMinutes": 10, "maxDurationMinutes": 60, "warningThresholdMinutes": 2}),
    );
    for (change, timeout) in [
        (json!({"autoRenew": false}), json!([30, false, 720, 5])),
        (
            json!({"timeoutMinutes": 7.5, "maxDurationMinutes": 1}),
            json!([7.5, true, 7.5, 5]),
        ),
        (
            json!({"timeoutMinutes": " 15 ", "warningThresholdMinutes": "0x10"}),
            json!([15, true, 720, 16]),
        ),
        (json!([]), json!([30, true, 720, 5])),
    ] {
        let response = world.put("PATCH", &path("/timeout"), &change);
        let config = &body(&response)["timeoutConfig"];
        let keys = [
            "timeoutMinutes",
            "autoRenew",
            "maxDurationMinutes",
            "warningThresholdMinutes",
        ];
        assert_eq!(
            keys.iter()
                .map(|key| config[*key].clone())
                .collect::<Value>(),
            timeout,
            "{change}"
        );
    }
    for refused in [
        json!({"timeoutMinutes": null}),
        json!({"timeoutMinutes": ""}),
        json!({"autoRenew": 1}),
    ] {
        assert_eq!(
            world.put("PATCH", &path("/timeout"), &refused).status,
            400,
            "{refused}"
        );
    }
}

#[test]
fn a_session_cannot_outlive_its_longest_duration() {
    let mut world = world(&json!({"timeoutMinutes": 10, "maxDurationMinutes": 14}));
    world.pass(8.0 * 60_000.0);
    assert_eq!(heartbeat(&mut world)["timeRemaining"], 6 * 60_000);
    world.pass(6.0 * 60_000.0);
    assert_eq!(world.ask("POST", &path("/renew"), &[], b"").status, 410);
}
