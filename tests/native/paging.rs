//! Reading a history against the sandbox: every row exactly once, whatever shares a millisecond.

use std::collections::{BTreeMap, BTreeSet};

use agentline::backend::{Direction, Edge};
use agentline::model::{Message, PageEnd};
use proptest::prelude::*;

use crate::support::client::{Client, range};
use crate::support::drive::{Run, run};
use crate::support::script::T0;
use crate::support::world::World;

/// A history, and what is wanted of it. Points in time are milliseconds after [`T0`].
#[derive(Clone, Debug)]
pub struct Case {
    /// in any order; their ids are their places
    pub stamps: Vec<i64>,
    pub limit: usize,
    pub before: Option<f64>,
    pub after: Option<f64>,
}

impl Case {
    pub fn new(stamps: impl IntoIterator<Item = i64>, limit: usize) -> Self {
        Case {
            stamps: stamps.into_iter().collect(),
            limit,
            before: None,
            after: None,
        }
    }

    pub fn before(mut self, point: f64) -> Self {
        self.before = Some(point);
        self
    }

    pub fn after(mut self, point: f64) -> Self {
        self.after = Some(point);
        self
    }

    pub fn world(&self) -> (World, String) {
        let (mut world, session, channel) = World::with_session(Default::default());
        // characters that mean something in a cursor must not confuse it
        let id = |place: usize| format!("{place}{}", ["", ",", ":", "%2C", "é", " "][place % 6]);
        let rows = self.stamps.iter().enumerate();
        let rows: Vec<(String, i64)> = rows
            .map(|(place, stamp)| (id(place), T0 as i64 + stamp))
            .collect();
        world.write(&channel, &rows);
        (world, session)
    }

    /// The stamps of the rows in the range, oldest first.
    fn wanted(&self) -> Vec<f64> {
        let inside = |stamp: &f64| {
            self.before.is_none_or(|before| *stamp < before)
                && self.after.is_none_or(|after| *stamp > after)
        };
        let mut wanted: Vec<f64> = self.stamps.iter().map(|stamp| *stamp as f64).collect();
        wanted.retain(inside);
        wanted.sort_by(f64::total_cmp);
        wanted
    }

    fn edges(&self) -> (Option<Edge>, Option<Edge>) {
        let edge = |point: Option<f64>| point.map(|point| Edge::Time(T0 + point));
        (edge(self.before), edge(self.after))
    }

    /// What `messages` gives.
    pub fn all(&self, direction: Direction) -> Run {
        let (mut world, session) = self.world();
        let (before, after) = self.edges();
        let range = range(self.limit, before, after);
        run(
            &mut world,
            Client::default().messages(&session, &range, direction),
        )
    }

    /// Every page that `getMessages` gives, one after the other, by the cursors of the one before.
    pub fn pages(&self) -> (Vec<Vec<Message>>, Vec<PageEnd>) {
        let (mut world, session) = self.world();
        let (mut before, mut after) = self.edges();
        let forward = after.is_some() && before.is_none();
        let (mut pages, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..=self.stamps.len() + 1 {
            let (at, client) = (
                range(self.limit, before.clone(), after.clone()),
                Client::default(),
            );
            let page = run(&mut world, client.page(&session, &at));
            let end = page.page().clone();
            pages.push(page.messages().into_iter().cloned().collect());
            let more = end.has_more;
            if forward {
                after = end.cursors.after.clone().map(Edge::Cursor);
            } else {
                before = end.cursors.before.clone().map(Edge::Cursor);
            }
            ends.push(end);
            if !more {
                return (pages, ends);
            }
        }
        panic!("the pages do not end: {ends:?}");
    }
}

pub fn stamps<'m>(messages: impl IntoIterator<Item = &'m Message>) -> Vec<f64> {
    let stamp = |message: &Message| message.timestamp.unwrap() - T0;
    messages.into_iter().map(stamp).collect()
}

fn distinct<'m>(messages: impl IntoIterator<Item = &'m Message>) -> usize {
    let ids = messages.into_iter().map(|message| message.id.as_str());
    ids.collect::<BTreeSet<_>>().len()
}

fn all_of_it_comes_once(case: &Case) {
    for direction in [Direction::Forward, Direction::Backward] {
        let run = case.all(direction);
        assert_eq!(run.error, None, "{direction:?}");
        let mut wanted = case.wanted();
        if direction == Direction::Backward {
            wanted.reverse();
        }
        assert_eq!(stamps(run.messages()), wanted, "{direction:?}");
        assert_eq!(distinct(run.messages()), wanted.len(), "{direction:?}");
    }
}

fn its_pages_hold_it_once(case: &Case) {
    let (pages, ends) = case.pages();
    let wanted = case.wanted();
    let forward = case.after.is_some() && case.before.is_none();
    let mut together: Vec<&Message> = Vec::new();
    let mut left = wanted.len();
    for (page, end) in pages.iter().zip(&ends) {
        assert!(stamps(page).is_sorted(), "oldest first: {:?}", stamps(page));
        assert_eq!(end.gap, None);
        assert_eq!(page.len(), left.min(case.limit), "of the {left} rows left");
        left -= page.len();
        assert_eq!(end.has_more, left > 0, "with {left} rows left");
        if forward {
            together.extend(page);
        } else {
            together.splice(0..0, page);
        }
    }
    assert_eq!(stamps(together.iter().copied()), wanted);
    assert_eq!(distinct(together), wanted.len());
}

/// Up to 99 rows a stamp: a hundredth cannot be told from a hundred and first.
fn histories() -> impl Strategy<Value = Case> {
    let steps = |most: usize| prop::collection::vec((0..100u8, 1..100_000i64), 0..most);
    let point = || prop::option::of((0.0..1.1, prop::sample::select(vec![-0.5, 0.0, 0.5, 1.0])));
    let sizes = prop_oneof![
        4 => (1..=150usize, Just(400)),
        1 => (1..=5usize, Just(60)),
    ];
    let shape = sizes.prop_flat_map(move |(limit, most)| (Just(limit), steps(most)));
    (shape, 30..99u8, point(), point()).prop_map(|((limit, steps), ties, before, after)| {
        let (mut at, mut shared, mut stamps) = (0, 0, Vec::new());
        for (chance, step) in steps {
            shared += 1;
            if chance >= ties || shared > 99 {
                // a third of the steps are to the next millisecond
                at += if chance % 3 == 0 { 1 } else { step };
                shared = 1;
            }
            stamps.push(at);
        }
        // points lie on, beside and between rows
        let point = |point: Option<(f64, f64)>| {
            point.map(|(part, beside)| {
                let place = (part * stamps.len() as f64) as usize;
                let near = stamps.get(place).or(stamps.last());
                near.map_or(0.0, |stamp| *stamp as f64) + beside
            })
        };
        Case {
            limit,
            before: point(before),
            after: point(after),
            stamps,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_of_any_history_comes_once_and_in_order(case in histories()) {
        all_of_it_comes_once(&case);
    }

    #[test]
    fn the_pages_of_any_history_hold_every_row_once_and_say_honestly_whether_more_comes(case in histories()) {
        its_pages_hold_it_once(&case);
    }

    #[test]
    fn from_any_page_the_other_way_leads_back_over_everything_newer(case in histories(), pick: prop::sample::Index) {
        let case = Case { before: None, after: None, ..case };
        let (pages, ends) = case.pages();
        let place = pick.index(pages.len());
        let (mut world, session) = case.world();
        let Some(cursor) = ends[place].cursors.after.clone() else {
            prop_assert!(case.stamps.is_empty());
            return Ok(());
        };
        let forward = range(case.limit, None, Some(Edge::Cursor(cursor)));
        let back = run(&mut world, Client::default().messages(&session, &forward, Direction::Forward));
        prop_assert_eq!(&back.error, &None);
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        back.messages().iter().for_each(|message| *times.entry(&message.id).or_default() += 1);
        let newest = stamps(&pages[place]).last().copied().unwrap();
        for (at, page) in pages.iter().enumerate() {
            for message in page {
                let seen = times.get(message.id.as_str()).copied().unwrap_or_default();
                let stamp = stamps([message])[0];
                // rows that share the page's newest millisecond have no order; those of older pages may come again
                let wanted = match at.cmp(&place) {
                    std::cmp::Ordering::Less => 1..=1,
                    std::cmp::Ordering::Greater if stamp == newest => 0..=1,
                    _ => 0..=0,
                };
                prop_assert!(wanted.contains(&seen), "{} came {} times", message.id, seen);
            }
        }
    }
}

/// Cases that have failed, or that a mistake would fail first.
#[test]
fn histories_that_are_hard_to_page_lose_nothing() {
    let ties = |each: i64, count: i64, apart: i64| {
        (0..count).flat_map(move |stamp| (0..each).map(move |_| stamp * apart))
    };
    let cases = [
        Case::new([], 10),
        Case::new([], 10).after(-1.0),
        Case::new([0], 1),
        // as recorded: four a stamp, pages of six
        Case::new(ties(4, 3, 1000), 6),
        Case::new(ties(7, 1, 1), 3),
        Case::new(ties(99, 1, 1), 1),
        Case::new(ties(99, 4, 1), 150),
        Case::new(ties(60, 2, 1), 50).after(-1.0),
        Case::new(ties(60, 4, 1), 100).after(-1.0),
        Case::new(ties(1, 250, 1000), 100),
        Case::new(ties(1, 100, 1), 100),
        Case::new(ties(1, 101, 1), 100),
        Case::new(ties(1, 200, 1), 100).after(-1.0),
        Case::new(ties(2, 150, 1), 7).after(0.0).before(120.0),
        Case::new(ties(3, 120, 7), 20).before(400.5).after(13.9),
        Case::new(ties(50, 7, 3), 49),
    ];
    for case in cases {
        all_of_it_comes_once(&case);
        its_pages_hold_it_once(&case);
    }
}
