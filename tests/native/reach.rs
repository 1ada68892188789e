//! How far paging reaches and what it costs: long histories, milliseconds that nobody can page, rows that come meanwhile,
//! points in time in every spelling, and cursors that are none.

use agentline::backend::{Direction, Edge};
use agentline::error::ErrorKind;
use agentline::model::Gap;
use agentline_sandbox::Options;

use crate::paging::{Case, stamps};
use crate::support::client::{Client, range};
use crate::support::drive::{Run, run};
use crate::support::script::{Script, T0};
use crate::support::world::World;

fn alone(count: i64, apart: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |place| place * apart)
}

fn page(case: &Case, after: Option<f64>, before: Option<f64>) -> Run {
    let (mut world, session) = case.world();
    let edge = |point: Option<f64>| point.map(|point| Edge::Time(T0 + point));
    let range = range(case.limit, edge(before), edge(after));
    run(&mut world, Client::default().page(&session, &range))
}

#[test]
fn after_a_point_far_behind_nothing_is_skipped_and_few_requests_are_made() {
    // the server itself would look at the newest 100 of these and say nothing of the others
    for (rows, apart) in [(1_300, 1_000), (1_300, 1), (3_000, 60_000), (2_000, 7)] {
        let case = Case::new(alone(rows, apart), 5).after(9.0 * apart as f64);
        let run = page(&case, case.after, None);
        let wanted: Vec<f64> = (10..15).map(|place| (place * apart) as f64).collect();
        assert_eq!(stamps(run.messages()), wanted);
        assert!(run.page().has_more);
        let requests = run.requests.len();
        assert!(requests <= 12, "{requests} requests among {rows} rows");
    }
}

#[test]
fn a_long_history_takes_at_most_two_requests_for_each_hundred_rows_or_one_for_each_page() {
    for direction in [Direction::Forward, Direction::Backward] {
        for limit in [20, 100, 150] {
            let run = Case::new(alone(3_000, 1_000), limit).all(direction);
            assert_eq!(run.error, None);
            assert_eq!(run.messages().len(), 3_000);
            let requests = run.requests.len();
            let most = match direction {
                // one for the rows, and one that shows that none lie before them
                Direction::Forward => 2 * 3_000 / 100 + 12,
                // each page asks for one row more than it gives, to see whether there is one
                Direction::Backward => 3_000 / limit * if limit < 100 { 1 } else { 2 } + 12,
            };
            assert!(
                requests <= most,
                "{requests} requests, {direction:?}, pages of {limit}"
            );
        }
    }
}

#[test]
fn a_burst_long_ago_and_silence_since_take_few_requests() {
    let case = Case::new(alone(500, 1).chain([90_000_000_000]), 50).after(-1.0);
    let run = page(&case, case.after, None);
    assert_eq!(
        stamps(run.messages()),
        alone(50, 1).map(|at| at as f64).collect::<Vec<_>>()
    );
    assert!(run.requests.len() <= 20, "{}", run.requests.len());
}

/// 3 rows, 130 that share a millisecond, 3 rows; the server gives no more than 100 of one millisecond.
fn with_a_gap(limit: usize) -> Case {
    let shared = std::iter::repeat_n(5_000, 130);
    Case::new(
        [0, 1, 2]
            .into_iter()
            .chain(shared)
            .chain([9_000, 9_001, 9_002]),
        limit,
    )
}

#[test]
fn more_rows_in_a_millisecond_than_the_server_gives_end_an_iterator_loudly_and_behind_them_it_can_go_on()
 {
    for limit in [10, 99, 100, 150] {
        for direction in [Direction::Forward, Direction::Backward] {
            let case = with_a_gap(limit);
            let run = case.all(direction);
            let error = run.failed();
            assert_eq!(
                (error.kind, error.code.as_deref()),
                (ErrorKind::Protocol, Some("HISTORY_GAP"))
            );
            assert!(
                error.message.contains(&format!("{}", T0 + 5_000.0)),
                "{}",
                error.message
            );
            let mut seen = stamps(run.messages());
            if direction == Direction::Backward {
                seen.reverse();
                assert_eq!(seen[seen.len() - 3..], [9_000.0, 9_001.0, 9_002.0]);
            } else {
                assert_eq!(seen[..3], [0.0, 1.0, 2.0]);
            }
            assert!(seen.len() >= 3 + 100, "{} rows before the gap", seen.len());
            // as the error says: from that point in time on comes the rest
            let rest = match direction {
                Direction::Forward => Case {
                    after: Some(5_000.0),
                    ..case
                },
                Direction::Backward => Case {
                    before: Some(5_000.0),
                    ..case
                },
            };
            let rest = rest.all(direction);
            assert_eq!(rest.error, None);
            assert_eq!(rest.messages().len(), 3);
        }
    }
}

#[test]
fn pages_mark_the_millisecond_that_cannot_be_paged_and_lose_nothing_else() {
    for limit in [1, 10, 99, 100, 101, 150] {
        for after in [None, Some(-1.0)] {
            let case = Case {
                after,
                ..with_a_gap(limit)
            };
            let (pages, ends) = case.pages();
            let marks: Vec<Gap> = ends.iter().filter_map(|end| end.gap).collect();
            assert_eq!(
                marks,
                [Gap {
                    timestamp: T0 + 5_000.0
                }],
                "pages of {limit}"
            );
            let mut all = stamps(pages.iter().flatten());
            all.sort_by(f64::total_cmp);
            assert_eq!(all[..3], [0.0, 1.0, 2.0], "pages of {limit}");
            assert_eq!(
                all[all.len() - 3..],
                [9_000.0, 9_001.0, 9_002.0],
                "pages of {limit}"
            );
            assert!(
                (106..=136).contains(&all.len()),
                "{} rows, pages of {limit}",
                all.len()
            );
            let mut ids: Vec<&str> = pages.iter().flatten().map(|row| row.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all.len(), "a row came twice, pages of {limit}");
        }
    }
}

#[test]
fn of_two_milliseconds_that_cannot_be_paged_both_are_told() {
    for apart in [1, 2, 1_000] {
        for limit in [50, 100, 150, 250] {
            for after in [None, Some(-1.0)] {
                let shared = |at: i64| std::iter::repeat_n(at, 120);
                let rows = shared(10).chain(shared(10 + apart)).chain([5_000]);
                let case = Case {
                    after,
                    ..Case::new(rows, limit)
                };
                let (pages, ends) = case.pages();
                let mut marks: Vec<f64> = ends
                    .iter()
                    .filter_map(|end| end.gap)
                    .map(|gap| gap.timestamp - T0)
                    .collect();
                marks.sort_by(f64::total_cmp);
                let name = format!("{apart} ms apart, pages of {limit}, after {after:?}");
                assert_eq!(marks, [10.0, 10.0 + apart as f64], "{name}");
                assert!(stamps(pages.iter().flatten()).contains(&5_000.0), "{name}");
                assert!(pages.iter().flatten().count() > 200, "{name}");
            }
        }
    }
}

#[test]
fn a_hundred_rows_in_a_millisecond_all_come() {
    // whether there is a hundred and first nobody can tell, so a gap may be marked
    for limit in [1, 40, 99, 100, 101, 150] {
        for after in [None, Some(-1.0)] {
            let rows = [0]
                .into_iter()
                .chain(std::iter::repeat_n(7, 100))
                .chain([9]);
            let case = Case {
                after,
                ..Case::new(rows, limit)
            };
            let (pages, _) = case.pages();
            let mut ids: Vec<&str> = pages.iter().flatten().map(|row| row.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 102, "pages of {limit}");
            assert_eq!(pages.iter().flatten().count(), 102, "pages of {limit}");
        }
    }
}

#[test]
fn rows_that_come_between_two_pages_do_not_disturb_the_older_ones_and_are_met_by_the_newer_ones() {
    for direction in [Direction::Forward, Direction::Backward] {
        let (mut world, session, channel) = World::with_session(Options {
            latency_ms: 100.0,
            ..Options::default()
        });
        // three a stamp, so that what comes later joins the newest stamp first
        let row = |place: i64| (format!("{place:03}"), T0 as i64 - 500 + place / 3);
        let rows: Vec<_> = (0..310).map(row).collect();
        world.write(&channel, &rows);
        for burst in 0..5 {
            let (channel, first) = (channel.clone(), 310 + burst * 20);
            let rows: Vec<_> = (first..first + 20).map(row).collect();
            world.plan(150.0 + 100.0 * burst as f64, move |world| {
                world.write(&channel, &rows);
            });
        }
        let made = Client::default().messages(&session, &range(40, None, None), direction);
        let run = run(&mut world, made);
        assert_eq!(run.error, None);
        assert!(run.requests.len() > 6, "{}", run.requests.len());
        let mut ids: Vec<&str> = run.messages().iter().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        let last = match direction {
            Direction::Forward => 410,
            // the first page was full before they came
            Direction::Backward => 310,
        };
        let wanted: Vec<String> = (0..last).map(|place| format!("{place:03}")).collect();
        assert_eq!(ids, wanted, "{direction:?}");
    }
}

#[test]
fn a_point_in_time_is_strict_and_may_be_a_date_a_number_or_a_fraction_of_a_millisecond() {
    let case = Case::new([0, 1, 2, 3, 4], 50);
    let dates = |text: &str| Edge::read(text.to_owned());
    let points = [
        (dates("2024-01-07T08:00:00.002Z"), 2, 2),
        (dates("2024-01-07T10:00:00.002+02:00"), 2, 2),
        (dates("2024-01-07"), 0, 5),
        (Edge::Time(T0 + 2.0), 2, 2),
        (Edge::Time(T0 + 2.5), 3, 2),
        (Edge::Time(T0 + 1.5), 2, 3),
        (Edge::Time(-5.0), 0, 5),
        (Edge::Time(0.0), 0, 5),
        // dates that JavaScript has and the server's database does not
        (Edge::Time(253_402_300_800_000.0), 5, 0),
        (Edge::Time(8.64e15), 5, 0),
        (Edge::Time(f64::INFINITY), 5, 0),
        (Edge::Time(f64::NEG_INFINITY), 0, 5),
        (Edge::Time(-8.64e15), 0, 5),
    ];
    for (point, older, newer) in points {
        let count = |before, after| {
            let (mut world, session) = case.world();
            let page = run(
                &mut world,
                Client::default().page(&session, &range(50, before, after)),
            );
            assert_eq!(page.error, None, "{point:?}");
            page.messages().len()
        };
        assert_eq!(count(Some(point.clone()), None), older, "before {point:?}");
        assert_eq!(count(None, Some(point.clone())), newer, "after {point:?}");
    }
}

#[test]
fn an_inverted_or_empty_range_is_an_empty_page_that_ends() {
    let case = Case::new([0, 1, 2, 3, 4], 50);
    for (after, before) in [(3.0, 1.0), (2.0, 2.0), (2.0, 3.0), (2.2, 2.8)] {
        let run = page(&case, Some(after), Some(before));
        assert_eq!(
            (run.messages().len(), run.page().has_more),
            (0, false),
            "{after} {before}"
        );
    }
}

#[test]
fn an_empty_page_keeps_the_point_that_it_was_asked_with_so_that_one_can_ask_again_later() {
    let (mut world, session, channel) = World::with_session(Default::default());
    let client = Client::default();
    let empty = run(
        &mut world,
        client.page(&session, &range(10, None, Some(Edge::Time(T0)))),
    );
    let cursor = empty.page().cursors.after.clone().unwrap();
    world.write(
        &channel,
        &[
            ("new".to_owned(), T0 as i64 + 5),
            ("old".to_owned(), T0 as i64),
        ],
    );
    let again = run(
        &mut world,
        client.page(&session, &range(10, None, Some(Edge::Cursor(cursor)))),
    );
    assert_eq!(stamps(again.messages()), [5.0]);
}

#[test]
fn what_is_no_cursor_of_this_side_is_refused_before_any_request() {
    let (_, ends) = Case::new([0, 1, 2, 3], 2).pages();
    let (older, newer) = (
        ends[0].cursors.before.clone().unwrap(),
        ends[0].cursors.after.clone().unwrap(),
    );
    let mut wrong = vec![(Some(newer.clone()), None), (None, Some(older.clone()))];
    let garbage = [
        "",
        "abc",
        "b",
        "a:",
        "a1",
        "a1x:",
        "a-1:",
        "ax:y",
        "a1704614400000",
        "a99999999999999999999:",
        "a1704614400000:%",
        "a1704614400000:%zz",
        "a1704614400000:%ff",
        "1704614400000",
        "2024-01-07T08:00:00",
        "null",
        "A1704614400000:",
        "a1704614400000:ok\u{0}\r\n",
        " a1704614400000:",
    ];
    for text in garbage {
        wrong.push((None, Some(text.to_owned())));
        wrong.push((Some(text.replacen('a', "b", 1)), None));
    }
    // a cursor with a strange id in it is one nevertheless: ids are the server's
    wrong.retain(|(before, after)| {
        let text = before.as_ref().or(after.as_ref());
        !text.is_some_and(|text| text.ends_with("ok\u{0}\r\n"))
    });
    let no_number = range(10, Some(Edge::Time(f64::NAN)), None);
    let failed = run(&mut Script::of([]), Client::default().page("x", &no_number));
    assert_eq!(failed.failed().kind, ErrorKind::Invalid);
    let edge = |text: &Option<String>| text.clone().map(Edge::read);
    for (before, after) in &wrong {
        let mut script = Script::of([]);
        let at = range(10, edge(before), edge(after));
        let client = Client::default();
        for made in [
            client.page("x", &at),
            client.messages("x", &at, Direction::Forward),
        ] {
            let failed = run(&mut script, made);
            assert_eq!(
                failed.failed().kind,
                ErrorKind::Invalid,
                "{before:?} {after:?}"
            );
        }
        if after.is_some() {
            let failed = run(&mut script, client.follow("x", edge(after)));
            assert_eq!(failed.failed().kind, ErrorKind::Invalid, "{after:?}");
        }
    }
    // and on their own side they lead on
    for at in [
        range(10, Some(Edge::read(older)), None),
        range(10, None, Some(Edge::read(newer))),
    ] {
        let (mut world, session) = Case::new([0, 1, 2, 3], 2).world();
        assert_eq!(
            run(&mut world, Client::default().page(&session, &at)).error,
            None
        );
    }
}
