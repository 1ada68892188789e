//! Following a history under a virtual clock: everything new exactly once, and not too many questions.

use agentline::backend::Edge;
use agentline::error::{Error, ErrorKind};

use crate::support::client::{Client, Made};
use crate::support::drive::{Answer, Drive, End, Run, Seen};
use crate::support::script::{Script, T0};
use crate::support::world::World;

/// What was followed until a moment so many milliseconds after [`T0`].
struct Followed {
    ids: Vec<String>,
    /// when each request was made
    asked: Vec<f64>,
    pauses: Vec<f64>,
    error: Option<Error>,
}

fn follow(world: &mut World, made: Made, until: f64) -> Followed {
    let mut drive = Drive::new(world, made, None);
    let (mut seen, mut error) = (Vec::<Seen>::new(), None);
    while drive.now() < T0 + until && error.is_none() {
        match drive.pull_until(T0 + until) {
            Ok(values) => seen.extend(values.unwrap_or_default()),
            Err(failed) => error = Some(failed),
        }
    }
    let asked = drive.requests.iter().map(|(at, _)| at - T0).collect();
    let pauses = std::mem::take(&mut drive.pauses);
    let run = Run {
        seen,
        ..Run::default()
    };
    let ids = run
        .messages()
        .iter()
        .map(|message| message.id.to_string())
        .collect();
    Followed {
        ids,
        asked,
        pauses,
        error,
    }
}

fn row(name: &str, at: f64) -> (String, i64) {
    (name.to_owned(), (T0 + at) as i64)
}

#[test]
fn everything_new_comes_once_in_order_and_what_was_there_does_not() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let there: Vec<_> = (0..150)
        .map(|place| row(&format!("old-{place}"), f64::from(place) - 200.0))
        .collect();
    world.write(&channel, &there);
    let mut wanted = Vec::new();
    let mut at = 100.0;
    for place in 0..60 {
        let name = format!("new-{place:02}");
        let (rows, channel) = (vec![row(&name, at)], channel.clone());
        world.plan(at, move |world| world.write(&channel, &rows));
        wanted.push(name);
        // singly, in bursts, and after a long silence
        at += [1.0, 2.0, 40.0, 3_000.0, 45_000.0][place % 5];
    }
    let followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        at + 15_000.0,
    );
    assert_eq!(followed.error, None);
    assert_eq!(followed.ids, wanted);
}

#[test]
fn the_pauses_grow_from_1500_ms_to_ten_seconds_and_begin_anew_with_something_new() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let rows = vec![row("first", 40_000.0)];
    world.plan(40_000.0, move |world| world.write(&channel, &rows));
    let followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        60_000.0,
    );
    assert_eq!(followed.ids, ["first"]);
    let growing = [
        1_500.0, 2_250.0, 3_375.0, 5_062.5, 7_593.75, 10_000.0, 10_000.0,
    ];
    assert_eq!(followed.pauses[..7], growing, "{:?}", followed.pauses);
    // it waits as long as it said
    let between: Vec<f64> = followed
        .asked
        .windows(2)
        .map(|two| two[1] - two[0])
        .collect();
    assert_eq!(between[..growing.len()], growing);
    let again = followed
        .pauses
        .iter()
        .skip(7)
        .position(|pause| *pause == 1_500.0);
    assert!(again.is_some(), "{:?}", followed.pauses);
}

#[test]
fn a_quarter_of_an_hour_of_following_leaves_the_server_most_of_its_thousand_requests() {
    // a row every second is the worst: there is something new at every look
    for every in [1_000.0, 10_000.0, 1e9] {
        let (mut world, session, channel) = World::with_session(Default::default());
        let mut at = every;
        while at < 900_000.0 {
            let (rows, channel) = (vec![row(&format!("at-{at}"), at)], channel.clone());
            world.plan(at, move |world| world.write(&channel, &rows));
            at += every;
        }
        let followed = follow(
            &mut world,
            Client::default().follow(&session, None),
            900_000.0,
        );
        assert_eq!(followed.error, None);
        assert!(
            followed.asked.len() <= 610,
            "{} requests",
            followed.asked.len()
        );
        assert!(
            followed
                .pauses
                .iter()
                .all(|pause| (1_500.0..=10_000.0).contains(pause))
        );
        assert!(followed.ids.len() as f64 >= (900_000.0 / every).floor() - 12.0);
    }
}

#[test]
fn an_empty_session_can_be_followed_and_its_first_message_comes() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let rows = vec![row("a", 20_000.0), row("b", 20_000.0)];
    world.plan(20_000.0, move |world| world.write(&channel, &rows));
    let mut followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        40_000.0,
    );
    followed.ids.sort();
    assert_eq!(
        (followed.ids, followed.error),
        (vec!["a".to_owned(), "b".to_owned()], None)
    );
}

#[test]
fn from_a_point_far_behind_everything_since_comes_once() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let rows: Vec<_> = (0..1_234)
        .map(|place| row(&format!("{place:04}"), f64::from(place / 7) - 5_000.0))
        .collect();
    world.write(&channel, &rows);
    let after = Some(Edge::Time(T0 - 5_000.0));
    let mut followed = follow(
        &mut world,
        Client::default().follow(&session, after),
        30_000.0,
    );
    assert_eq!(followed.error, None);
    followed.ids.sort();
    let wanted: Vec<String> = (7..1_234).map(|place| format!("{place:04}")).collect();
    assert_eq!(followed.ids, wanted);
}

#[test]
fn rows_that_join_the_millisecond_last_seen_still_come() {
    let (mut world, session, channel) = World::with_session(Default::default());
    world.write(&channel, &[row("seen", -5.0)]);
    for (place, after) in [(1, 1_000.0), (2, 9_000.0)] {
        let (rows, channel) = (vec![row(&format!("late-{place}"), -5.0)], channel.clone());
        world.plan(after, move |world| world.write(&channel, &rows));
    }
    let followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        40_000.0,
    );
    assert_eq!(followed.ids, ["late-1", "late-2"]);
}

#[test]
fn two_hundred_new_rows_between_two_looks_are_no_gap() {
    let (mut world, session, channel) = World::with_session(Default::default());
    world.write(&channel, &[row("seen", -5.0)]);
    let rows: Vec<_> = (0..200)
        .map(|place| row(&format!("{place:03}"), 2_000.0 + f64::from(place / 2)))
        .collect();
    world.plan(2_500.0, move |world| world.write(&channel, &rows));
    let mut followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        60_000.0,
    );
    assert_eq!(followed.error, None);
    followed.ids.sort();
    assert_eq!(
        followed.ids,
        (0..200)
            .map(|place| format!("{place:03}"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_millisecond_with_too_many_rows_ends_the_following_loudly_after_what_it_could_give() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let rows: Vec<_> = (0..140)
        .map(|place| row(&format!("{place:03}"), 3_000.0))
        .collect();
    world.plan(3_500.0, move |world| world.write(&channel, &rows));
    let followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        60_000.0,
    );
    let error = followed.error.unwrap();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Protocol, Some("HISTORY_GAP"))
    );
    assert!(followed.ids.len() >= 100, "{}", followed.ids.len());
}

#[test]
fn a_session_that_ends_while_it_is_followed_ends_the_following() {
    let (mut world, session, _) = World::with_session(Default::default());
    let gone = session.clone();
    world.plan(12_000.0, move |world| {
        world.ask(
            "DELETE",
            &format!("/api/messaging/sessions/{gone}"),
            &serde_json::Value::Null,
        );
    });
    let followed = follow(
        &mut world,
        Client::default().follow(&session, None),
        60_000.0,
    );
    assert_eq!(followed.error.unwrap().kind, ErrorKind::NotFound);
}

#[test]
fn a_network_that_fails_for_a_moment_does_not_end_the_following() {
    let page = r#"{"messages":[{"id":"m","content":"x","authorId":"u","isAgent":false,"createdAt":"2024-01-07T08:00:05.000Z","metadata":{}}],"hasMore":false,"cursors":{"before":1704614405000,"after":1704614405000}}"#;
    let empty = r#"{"messages":[],"hasMore":false}"#;
    let mut script = Script::new(|_, count| match count {
        0 | 3 => Answer::json(200, empty),
        4.. => Answer::json(200, page),
        _ => Answer::none(End::Broken(Some("ECONNRESET"))),
    });
    let mut drive = Drive::new(&mut script, Client::default().follow("s", None), None);
    let values = drive.pull().unwrap().unwrap();
    assert!(
        matches!(&values[..], [Seen::Message(message)] if message.id == "m"),
        "{values:?}"
    );
    assert_eq!(drive.requests.len(), 5);
}
