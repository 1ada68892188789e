//! The promises of a conversation: the same facts give the same transcript in whatever order they come, nothing stands in
//! it twice, nothing vanishes without a reason, and every wait has an end.

use proptest::prelude::*;

use super::rows::{End, Row, mark};
use super::standing::State;
use super::transcript::{Entry, Kind, Live};
use super::{Conversation, Ended, Kept, Next};
use crate::model::{Delivery, Role};
use crate::operation::turn::LOOKING_FOR_ANSWER;

const MINUTE: f64 = 60_000.0;

fn row(id: &str, role: Role, time: f64, text: &str) -> Row {
    Row {
        handle: 0,
        version: 0,
        id: id.to_owned(),
        role,
        time,
        client_id: String::new(),
        text: mark(text),
        complete: true,
    }
}

fn marked(row: Row, client_id: &str) -> Row {
    Row {
        client_id: client_id.to_owned(),
        ..row
    }
}

fn took(conversation: &mut Conversation, rows: &[Row], end: End) {
    for row in rows {
        conversation.row(row.clone());
    }
    conversation.page(0.0, end);
}

fn answered(conversation: &mut Conversation, turn: usize, id: &str) {
    conversation.named(turn, id.to_owned());
    conversation.ended(0.0, turn, Ended::Answered, true);
}

fn watched(begun: bool) -> Conversation {
    let mut conversation = Conversation::new(begun, true, true);
    conversation.standing.watched = true;
    conversation
}

/// The transcript in words: ids of rows, `Q` and `A` with the number of a turn, and how it stands.
fn told(conversation: &Conversation) -> Vec<String> {
    let transcript = &conversation.transcript;
    let name = |entry: &Entry| {
        let is = |key: u32| key == entry.key;
        let turn = |key: fn(&super::transcript::Turn) -> u32| {
            transcript.turns().iter().position(|turn| is(key(turn)))
        };
        let row = || {
            transcript
                .rows()
                .all()
                .iter()
                .find(|row| row.handle == entry.key)
        };
        match entry.kind {
            Kind::Row | Kind::Growing => row().map_or("past".to_owned(), |row| row.id.clone()),
            Kind::Question(delivery) => {
                format!("Q{} {delivery:?}", turn(|turn| turn.question).unwrap_or(99))
            }
            Kind::Answer(live) => format!("A{} {live:?}", turn(|turn| turn.answer).unwrap_or(99)),
            Kind::Kept(live) => format!("K{} {live:?}", turn(|turn| turn.answer).unwrap_or(99)),
        }
    };
    transcript.entries().iter().map(name).collect()
}

/// One thing that somebody tells a conversation.
#[derive(Clone, Debug)]
enum Fact {
    Page(usize, usize),
    Began(usize),
    Answered(usize),
}

/// A history of turns, each a question, perhaps a tool's row, and an answer; some of them were sent from here.
#[derive(Clone, Debug)]
struct History {
    rows: Vec<Row>,
    own: Vec<(usize, usize)>,
    exact: bool,
}

fn history() -> impl Strategy<Value = History> {
    let turns = prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 1..9);
    (turns, any::<bool>()).prop_map(|(turns, exact)| {
        let (mut rows, mut own) = (Vec::new(), Vec::new());
        for (number, (ours, tool, answered)) in turns.into_iter().enumerate() {
            let time = 1_000.0 * number as f64;
            let question = row(
                &format!("q{number}"),
                Role::User,
                time,
                &format!("ask {number}"),
            );
            let at = rows.len();
            rows.push(match ours && exact {
                true => marked(question, &format!("mine {number}")),
                false => question,
            });
            if tool {
                rows.push(row(&format!("t{number}"), Role::Tool, time + 1.0, ""));
            }
            if answered || ours {
                let text = format!("said {number}");
                rows.push(row(
                    &format!("a{number}"),
                    Role::Assistant,
                    time + 2.0,
                    &text,
                ));
            }
            if ours {
                own.push((at, rows.len() - 1));
            }
        }
        History { rows, own, exact }
    })
}

fn facts(history: &History) -> impl Strategy<Value = Vec<Fact>> + use<> {
    let count = history.rows.len();
    let turns = history.own.len();
    prop::collection::vec((0..count, 1..=count), 1..6).prop_flat_map(move |windows| {
        let mut facts: Vec<Fact> = windows
            .into_iter()
            .map(|(from, length)| Fact::Page(from, (from + length).min(count)))
            .collect();
        // in the end everything has been told
        facts.push(Fact::Page(0, count));
        facts.extend((0..turns).flat_map(|turn| [Fact::Began(turn), Fact::Answered(turn)]));
        Just(facts).prop_shuffle()
    })
}

fn sent(history: &History) -> Conversation {
    let mut conversation = watched(true);
    for (at, _) in &history.own {
        let question = &history.rows[*at];
        let transcript = &mut conversation.transcript;
        let client_id = match history.exact {
            true => question.client_id.clone(),
            false => format!("unknown there {at}"),
        };
        let turn = transcript.send(client_id, question.text, question.time + 30.0);
        conversation.delivery(turn, Delivery::Sending);
    }
    conversation
}

fn tell(conversation: &mut Conversation, history: &History, fact: &Fact) {
    match fact {
        Fact::Page(from, to) => took(conversation, &history.rows[*from..*to], End::Newest),
        Fact::Began(turn) => {
            let (question, _) = history.own[*turn];
            conversation.began(*turn, &history.rows[question].id);
        }
        Fact::Answered(turn) => {
            let (_, answer) = history.own[*turn];
            answered(conversation, *turn, &history.rows[answer].id);
        }
    }
}

/// Nothing twice, nothing missing, in the server's order.
fn check(conversation: &Conversation, history: &History) -> Result<(), TestCaseError> {
    let entries = conversation.transcript.entries();
    let mut keys: Vec<u32> = entries.iter().map(|entry| entry.key).collect();
    keys.sort_unstable();
    keys.dedup();
    prop_assert_eq!(keys.len(), entries.len(), "nothing stands there twice");
    for (turn, sent) in conversation.transcript.turns().iter().enumerate() {
        let shown = entries.iter().filter(|entry| entry.key == sent.question);
        prop_assert_eq!(shown.count(), 1, "message {} is there", turn);
        let shown = entries.iter().filter(|entry| entry.key == sent.answer);
        prop_assert_eq!(shown.count(), 1, "answer {} is there", turn);
    }
    let mut own_rows: Vec<&str> = Vec::new();
    for (from, to) in &history.own {
        own_rows.extend(history.rows[*from..=*to].iter().map(|row| row.id.as_str()));
    }
    for row in conversation.transcript.rows().all() {
        let shown = entries.iter().filter(|entry| entry.key == row.handle);
        let wanted = usize::from(!own_rows.contains(&row.id.as_str()));
        let found = shown.count();
        // a message of ours stands under its own key, and so does its answer
        prop_assert!(
            found == wanted || (found == 1 && wanted == 0),
            "{} stands {} times",
            row.id,
            found
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_same_facts_in_any_order_give_the_same_transcript(
        (history, facts) in history().prop_flat_map(|history| {
            let facts = facts(&history);
            (Just(history), facts)
        })
    ) {
        let mut shuffled = sent(&history);
        for fact in &facts {
            tell(&mut shuffled, &history, fact);
        }
        let mut orderly = sent(&history);
        for turn in 0..history.own.len() {
            tell(&mut orderly, &history, &Fact::Began(turn));
            tell(&mut orderly, &history, &Fact::Answered(turn));
        }
        tell(&mut orderly, &history, &Fact::Page(0, history.rows.len()));
        prop_assert_eq!(told(&shuffled), told(&orderly));
        check(&shuffled, &history)?;
        let ids: Vec<&str> = shuffled.transcript.rows().all().iter().map(|row| row.id.as_str()).collect();
        let server: Vec<&str> = history.rows.iter().map(|row| row.id.as_str()).collect();
        prop_assert_eq!(ids, server, "the server's order");
    }

    #[test]
    fn at_no_moment_does_anything_stand_there_twice_or_vanish(
        (history, facts) in history().prop_flat_map(|history| {
            let facts = facts(&history);
            (Just(history), facts)
        })
    ) {
        let mut conversation = sent(&history);
        let (mut seen, mut known) = (0, None);
        for fact in &facts {
            // whoever reads pages leaves no hole between them
            if let Fact::Page(from, to) = *fact {
                let (low, high) = known.unwrap_or((from, to));
                if from > high || to < low {
                    continue;
                }
                known = Some((from.min(low), to.max(high)));
            }
            tell(&mut conversation, &history, fact);
            check(&conversation, &history)?;
            let rows = conversation.transcript.rows().all().len();
            prop_assert!(rows >= seen, "rows of contiguous pages stay");
            seen = rows;
        }
    }

    #[test]
    fn a_history_that_contradicts_itself_gives_some_transcript_without_doubles(
        pages in prop::collection::vec(
            (prop::collection::vec((0_u8..12, 0_u8..4, 0_u8..20, any::<bool>()), 0..12), any::<bool>()),
            0..8,
        ),
        sends in 0_usize..3,
    ) {
        let mut conversation = watched(true);
        for number in 0..sends {
            let turn = conversation.transcript.send(format!("c{number}"), mark("t1"), 5.0);
            conversation.delivery(turn, Delivery::Unknown);
        }
        for (page, older) in pages {
            let rows: Vec<Row> = page
                .into_iter()
                .map(|(id, role, time, complete)| {
                    let role = [Role::User, Role::Assistant, Role::Tool, Role::Unknown][usize::from(role)];
                    let time = if time == 19 { f64::NAN } else { f64::from(time) };
                    let row = row(&format!("r{id}"), role, time, &format!("t{}", id % 3));
                    Row { complete, ..marked(row, if id % 4 == 0 { "c0" } else { "" }) }
                })
                .collect();
            took(&mut conversation, &rows, if older { End::Older } else { End::Newest });
            let entries = conversation.transcript.entries();
            let mut keys: Vec<u32> = entries.iter().map(|entry| entry.key).collect();
            keys.sort_unstable();
            keys.dedup();
            prop_assert_eq!(keys.len(), entries.len());
            for turn in conversation.transcript.turns() {
                prop_assert_eq!(entries.iter().filter(|entry| entry.key == turn.question).count(), 1);
            }
        }
    }

    #[test]
    fn whatever_happens_the_next_steps_come_to_an_end(
        happens in prop::collection::vec((0_u8..9, 0_u8..4), 0..60)
    ) {
        let mut conversation = watched(true);
        let mut now = 0.0;
        for (what, how) in happens {
            let ended = [Ended::Answered, Ended::Stopped, Ended::Lost(0.0), Ended::Refused][usize::from(how)];
            match what {
                0 => { conversation.transcript.send("c".to_owned(), mark("x"), now); }
                1 => conversation.standing.online = how > 0,
                2 => conversation.standing.visible = how > 0,
                3 => conversation.standing.refresh(),
                4 => conversation.standing.expires(now, now + f64::from(how) * MINUTE, f64::from(how) * MINUTE),
                5 => { conversation.again(usize::from(how)); }
                _ => now += 10_000.0 * f64::from(how),
            }
            let mut steps = 0;
            loop {
                steps += 1;
                prop_assert!(steps < 100, "it asks for the same again and again");
                match conversation.next(now) {
                    Next::Wait => break,
                    Next::Load if ended == Ended::Answered => conversation.page(now, End::Newest),
                    Next::Load => conversation.unread(now, ended),
                    Next::Send(turn) | Next::Resume(turn) => {
                        conversation.delivery(turn, Delivery::Sending);
                        if ended != Ended::Answered {
                            conversation.delivery(turn, Delivery::Unknown);
                        }
                        conversation.ended(now, turn, ended, false);
                    }
                    Next::Renew => conversation.not_renewed(now, ended),
                }
            }
            prop_assert!(conversation.wake_at() > now, "it waits for what is over");
        }
    }
}

#[test]
fn an_answer_that_came_in_and_is_in_the_history_later_is_one_entry_with_the_key_it_had() {
    let mut conversation = watched(true);
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("hello"), 10.0);
    conversation.began(turn, "q");
    answered(&mut conversation, turn, "a");
    let before = conversation.transcript.entries();
    let rows = [
        row("q", Role::User, 10.0, "hello"),
        row("t", Role::Tool, 11.0, ""),
        row("a", Role::Assistant, 12.0, "hi"),
        row("b", Role::Assistant, 13.0, "anything else?"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Whole", "b"]);
    let after = conversation.transcript.entries();
    assert_eq!(before[1], after[1], "nothing about it changed");
    assert_eq!(before[0].key, after[0].key);
}

#[test]
fn where_replies_are_not_stored_an_answer_stays_behind_its_question() {
    let mut conversation = watched(true);
    for number in 0..2 {
        let turn = conversation
            .transcript
            .send(format!("c{number}"), mark("same"), 10.0);
        conversation.began(turn, &format!("q{number}"));
        answered(&mut conversation, turn, &format!("nowhere {number}"));
    }
    let rows = [
        row("q0", Role::User, 10.0, "same"),
        row("q1", Role::User, 20.0, "same"),
        row("q2", Role::User, 30.0, "same"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        ["Q0 Delivered", "A0 Whole", "Q1 Delivered", "A1 Whole", "q2"]
    );
}

#[test]
fn a_message_that_perhaps_arrived_is_delivered_once_the_history_has_it_and_its_answer_is_looked_for()
 {
    let mut conversation = watched(true);
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("hello"), 10.0);
    assert_eq!(conversation.next(10.0), Next::Send(turn));
    conversation.delivery(turn, Delivery::Unknown);
    conversation.ended(10.0, turn, Ended::Lost(0.0), false);
    assert_eq!(told(&conversation), ["Q0 Unknown"]);
    assert_eq!(conversation.state(), State::Reconnecting);
    assert_eq!(conversation.wake_at(), 2_010.0);
    assert_eq!(conversation.next(2_010.0), Next::Load);
    took(
        &mut conversation,
        &[row("q", Role::User, 12.0, "hello ")],
        End::Newest,
    );
    assert_eq!(told(&conversation), ["Q0 Delivered"]);
    assert_eq!(conversation.next(2_010.0), Next::Resume(turn));
    assert_eq!(conversation.state(), State::Reconnecting);
    assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Looking"]);
    conversation.ended(2_020.0, turn, Ended::Refused, false);
    assert_eq!(
        told(&conversation),
        ["Q0 Delivered"],
        "a search in vain leaves nothing"
    );
    assert_eq!(
        conversation.next(2_030.0),
        Next::Wait,
        "and is not repeated"
    );
}

#[test]
fn a_message_that_did_not_arrive_stays_before_what_was_sent_after_it() {
    let mut conversation = watched(true);
    let first = conversation
        .transcript
        .send("c0".to_owned(), mark("one"), 10.0);
    conversation.delivery(first, Delivery::Failed);
    conversation.ended(10.0, first, Ended::Refused, false);
    let second = conversation
        .transcript
        .send("c1".to_owned(), mark("two"), 20.0);
    conversation.began(second, "q1");
    answered(&mut conversation, second, "a1");
    assert_eq!(
        told(&conversation),
        ["Q0 Failed", "Q1 Delivered", "A1 Whole"]
    );
    let rows = [
        row("q1", Role::User, 20.0, "two"),
        row("a1", Role::Assistant, 21.0, "yes"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        ["Q0 Failed", "Q1 Delivered", "A1 Whole"]
    );
    assert!(conversation.again(first));
    assert_eq!(conversation.next(30.0), Next::Send(first));
    conversation.transcript.remove(first);
    assert_eq!(told(&conversation), ["Q1 Delivered", "A1 Whole"]);
}

#[test]
fn an_answer_that_was_cut_is_made_whole_by_the_history_and_one_that_was_stopped_is_not() {
    for (ended, wanted) in [
        (Ended::Lost(0.0), "A0 Whole"),
        (Ended::Stopped, "A0 Stopped"),
    ] {
        let mut conversation = watched(true);
        let turn = conversation
            .transcript
            .send("c".to_owned(), mark("tell"), 10.0);
        conversation.began(turn, "q");
        conversation.grew(turn, true);
        assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Streaming"]);
        assert!(!conversation.said(turn, "thinking about it"));
        assert!(conversation.said(turn, LOOKING_FOR_ANSWER));
        assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Looking"]);
        conversation.ended(20.0, turn, ended, true);
        let rows = [
            row("q", Role::User, 10.0, "tell"),
            row("a", Role::Assistant, 12.0, "all of it"),
        ];
        took(&mut conversation, &rows, End::Newest);
        assert_eq!(told(&conversation), ["Q0 Delivered", wanted]);
    }
}

#[test]
fn what_an_earlier_conversation_showed_is_there_where_the_history_lacks_it() {
    let mut conversation = Conversation::new(true, false, false);
    conversation.standing.watched = true;
    let answer = |id: &str, live| Kept::answer(id.to_owned(), live);
    conversation.keep(answer("q0", Live::Whole));
    conversation.keep(answer("q1", Live::Streaming));
    conversation.keep(answer("q9", Live::Whole));
    conversation.keep(Kept::message(
        "c".to_owned(),
        mark("lost?"),
        50.0,
        Delivery::Unknown,
    ));
    conversation.keep(Kept::message(
        "d".to_owned(),
        mark("lost!"),
        60.0,
        Delivery::Failed,
    ));
    let rows = [
        row("q0", Role::User, 10.0, "one"),
        row("q1", Role::User, 20.0, "two"),
        row("q2", Role::User, 45.0, "lost?"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        [
            "q0",
            "K0 Whole",
            "q1",
            "K1 Stopped",
            "Q3 Delivered",
            "Q4 Failed"
        ]
        .map(|one| match one {
            "q0" => "Q0 Delivered",
            "q1" => "Q1 Delivered",
            other => other,
        })
    );
}

#[test]
fn the_history_wins_over_what_an_earlier_conversation_showed() {
    let mut conversation = watched(true);
    conversation.keep(Kept::answer("q0".to_owned(), Live::Stopped));
    let named = conversation.keep(Kept::answer("q1".to_owned(), Live::Whole));
    conversation.named(named, "a1".to_owned());
    let rows = [
        row("q0", Role::User, 10.0, "one"),
        row("a0", Role::Assistant, 11.0, "whole"),
        row("q1", Role::User, 20.0, "two"),
        row("a1", Role::Assistant, 21.0, "whole too"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        ["Q0 Delivered", "a0", "Q1 Delivered", "A1 Whole"]
    );
}

#[test]
fn an_answer_whose_row_is_behind_the_next_message_is_not_shown_beside_it() {
    let rows = [
        row("q0", Role::User, 10.0, "one"),
        row("q1", Role::User, 20.0, "two"),
        row("a0", Role::Assistant, 21.0, "the whole of one"),
        row("a1", Role::Assistant, 22.0, "whole too"),
    ];
    let mut conversation = watched(true);
    let kept = conversation.keep(Kept::answer("q0".to_owned(), Live::Stopped));
    conversation.named(kept, "a0".to_owned());
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        ["Q0 Delivered", "q1", "A0 Whole", "a1"]
    );
    let mut conversation = watched(true);
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("one"), 10.0);
    conversation.began(turn, "q0");
    conversation.named(turn, "a0".to_owned());
    conversation.ended(15.0, turn, Ended::Stopped, true);
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(
        told(&conversation),
        ["Q0 Delivered", "q1", "A0 Stopped", "a1"]
    );
}

#[test]
fn an_answer_that_was_coming_when_the_page_was_left_is_looked_for_again() {
    let mut conversation = watched(true);
    let kept = conversation.keep(Kept::answer("q".to_owned(), Live::Streaming));
    assert_eq!(conversation.next(0.0), Next::Load);
    took(
        &mut conversation,
        &[row("q", Role::User, 0.0, "tell")],
        End::Newest,
    );
    assert_eq!(conversation.next(1.0), Next::Resume(kept));
    assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Looking"]);
    conversation.grew(kept, true);
    answered(&mut conversation, kept, "a");
    assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Whole"]);
}

#[test]
fn the_newest_message_without_an_answer_is_looked_after_once_where_it_is_recent() {
    for (age, looked) in [(MINUTE, true), (60.0 * MINUTE, false)] {
        let mut conversation = watched(true);
        assert_eq!(conversation.next(0.0), Next::Load);
        took(
            &mut conversation,
            &[row("q", Role::User, 0.0, "tell")],
            End::Newest,
        );
        let key = conversation.transcript.entries()[0].key;
        let next = conversation.next(age);
        assert_eq!(next == Next::Resume(0), looked);
        if looked {
            assert_eq!(
                conversation.transcript.entries()[0].key,
                key,
                "it keeps its name"
            );
            assert_eq!(told(&conversation), ["Q0 Delivered", "A0 Looking"]);
        }
    }
}

#[test]
fn several_rows_of_one_message_are_one_message() {
    let mut conversation = watched(true);
    let rows = [
        marked(row("q", Role::User, 10.0, "tell"), "c"),
        marked(row("q again", Role::User, 11.0, "tell"), "c"),
    ];
    took(&mut conversation, &rows, End::Newest);
    assert_eq!(told(&conversation), ["q"]);
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("tell"), 5.0);
    conversation.delivery(turn, Delivery::Unknown);
    assert_eq!(told(&conversation), ["Q0 Unknown", "A0 Waiting"]);
}

#[test]
fn a_row_that_the_server_removed_goes_and_one_that_is_beyond_the_page_stays() {
    let rows: Vec<Row> = (0..6)
        .map(|number| {
            row(
                &format!("r{number}"),
                Role::Assistant,
                f64::from(number),
                "x",
            )
        })
        .collect();
    let mut conversation = watched(true);
    took(&mut conversation, &rows, End::Newest);
    let later = [rows[2].clone(), rows[4].clone()];
    took(&mut conversation, &later, End::Newest);
    assert_eq!(told(&conversation), ["r0", "r1", "r2", "r4", "r5"]);
}

#[test]
fn older_pages_stand_before_and_keep_every_entry_as_it_was() {
    let rows: Vec<Row> = (0..6)
        .map(|number| row(&format!("r{number}"), Role::User, f64::NAN, "x"))
        .collect();
    let mut conversation = watched(true);
    took(&mut conversation, &rows[4..], End::Newest);
    let before = conversation.transcript.entries();
    took(&mut conversation, &rows[2..4], End::Older);
    took(&mut conversation, &rows[..2], End::Older);
    assert_eq!(told(&conversation), ["r0", "r1", "r2", "r3", "r4", "r5"]);
    assert_eq!(conversation.transcript.entries()[4..], before[..]);
}

#[test]
fn a_row_that_grows_is_looked_at_until_it_is_whole_or_stays_as_it_is() {
    let mut conversation = watched(true);
    let mut now = 100_000.0;
    let growing = |text: &str| Row {
        complete: false,
        ..row("a", Role::Assistant, 0.0, text)
    };
    assert_eq!(conversation.next(now), Next::Load);
    let mut looks = 0;
    let mut read = |conversation: &mut Conversation, now: f64, text: &str| {
        conversation.row(growing(text));
        conversation.page(now, End::Newest);
        looks += 1;
    };
    read(&mut conversation, now, "a");
    read(&mut conversation, now, "a b");
    while conversation.wake_at().is_finite() {
        now = conversation.wake_at();
        assert_eq!(conversation.next(now), Next::Load);
        read(&mut conversation, now, "a b");
    }
    assert_eq!(looks, 17, "fifteen seconds after it grew last");
}

#[test]
fn a_session_is_renewed_in_time_while_somebody_is_there_and_not_for_ever() {
    let mut conversation = watched(true);
    conversation.next(0.0);
    conversation.page(0.0, End::Newest);
    conversation
        .standing
        .expires(0.0, 30.0 * MINUTE, 30.0 * MINUTE);
    assert_eq!(conversation.wake_at(), 25.0 * MINUTE);
    conversation.standing.visible = false;
    assert_eq!(conversation.wake_at(), f64::INFINITY, "nobody is there");
    conversation.standing.visible = true;
    assert_eq!(conversation.next(26.0 * MINUTE), Next::Renew);
    assert_eq!(
        conversation.next(26.0 * MINUTE),
        Next::Wait,
        "it is under way"
    );
    conversation
        .standing
        .expires(26.0 * MINUTE, 56.0 * MINUTE, 30.0 * MINUTE);
    assert_eq!(conversation.next(51.0 * MINUTE), Next::Renew);
    conversation
        .standing
        .expires(51.0 * MINUTE, 56.0 * MINUTE, 5.0 * MINUTE);
    assert_eq!(
        conversation.wake_at(),
        f64::INFINITY,
        "it has no more time to give"
    );
    conversation.not_renewed(57.0 * MINUTE, Ended::Expired);
    assert_eq!(conversation.state(), State::Expired);
    assert_eq!(conversation.next(58.0 * MINUTE), Next::Wait);
}

#[test]
fn a_new_session_stands_below_the_old_one_and_takes_what_was_not_sent() {
    let mut conversation = watched(true);
    took(
        &mut conversation,
        &[row("q", Role::User, 0.0, "old")],
        End::Newest,
    );
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("new"), 5.0);
    assert_eq!(conversation.next(5.0), Next::Send(turn));
    conversation.delivery(turn, Delivery::Failed);
    conversation.ended(6.0, turn, Ended::Expired, false);
    assert_eq!(conversation.state(), State::Expired);
    conversation.restart();
    conversation.begun();
    assert_eq!(conversation.state(), State::Idle);
    assert_eq!(told(&conversation), ["past", "Q0 Failed"]);
    assert!(conversation.again(turn));
    assert_eq!(conversation.next(7.0), Next::Send(turn));
    conversation.began(turn, "q'");
    answered(&mut conversation, turn, "a'");
    assert_eq!(told(&conversation), ["past", "Q0 Delivered", "A0 Whole"]);
}

#[test]
fn a_session_that_could_not_be_made_is_not_one_that_is_gone() {
    let mut conversation = watched(false);
    let turn = conversation
        .transcript
        .send("c".to_owned(), mark("hello"), 0.0);
    conversation.delivery(turn, Delivery::Failed);
    conversation.ended(1.0, turn, Ended::Expired, false);
    assert_eq!(conversation.state(), State::Idle);
    assert_eq!(told(&conversation), ["Q0 Failed"]);
}

#[test]
fn nothing_goes_out_while_there_is_no_network_and_all_of_it_afterwards() {
    let mut conversation = watched(false);
    conversation.begun();
    conversation.standing.online = false;
    let first = conversation
        .transcript
        .send("c".to_owned(), mark("one"), 0.0);
    let second = conversation
        .transcript
        .send("d".to_owned(), mark("two"), 0.0);
    assert_eq!(conversation.next(0.0), Next::Wait);
    assert_eq!(conversation.state(), State::Offline);
    conversation.standing.online = true;
    assert_eq!(conversation.next(1.0), Next::Send(first));
    assert_eq!(conversation.state(), State::Streaming);
    assert_eq!(conversation.next(1.0), Next::Wait, "one after the other");
    conversation.began(first, "q");
    answered(&mut conversation, first, "a");
    assert_eq!(conversation.next(2.0), Next::Send(second));
}
