//! Answers looked for in a history that grows under a script: what is told, when it ends, and what is no end.

use std::cell::RefCell;

use agentline::backend::OutgoingMessage;
use agentline::error::{Delivered, ErrorKind};
use agentline::http::Method;
use serde_json::{Value, json};

use super::{client, id};
use crate::expected::shown;
use crate::support::client::message;
use crate::support::drive::{Answer, Run, run};
use crate::support::script::Script;
use crate::support::units::parse;

const SESSION: &str = "6b01ef2d11f2e31b0c34e803";
const QUESTION: &str = "what now?";

/// A row in pieces, whose times are their places. The own row has the number 10.
fn row(number: u64, name: &str, display: &str, pieces: &[&str]) -> Value {
    let ts = |at: usize| number as f64 * 100.0 + at as f64 + 0.5;
    let chunks: Vec<Value> = pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| json!({"ts": ts(at), "chunk": piece, "tokens": 1}))
        .collect();
    json!({
        "_id": id(number), "chunkId": format!("chunk-{number}"), "chunks": chunks, "tokens": 1, "authorId": null,
        "authorName": name, "isFeedback": false, "ts": ts(0),
        "message": {"incoming": false, "message": {"text": pieces.first(), "displayType": display, "single": false}}
    })
}

fn says(number: u64, pieces: &[&str]) -> Value {
    row(number, "Helper", "bubble", pieces)
}

fn aside(number: u64, text: &str) -> Value {
    row(number, "System", "inline", &[text])
}

fn asks(number: u64, text: &str) -> Value {
    let mut row = says(number, &[text]);
    row["isFeedback"] = json!(true);
    row
}

fn from(number: u64, name: &str, text: &str) -> Value {
    let mut row = row(number, name, "bubble", &[text]);
    row["message"]["incoming"] = json!(true);
    row
}

fn question() -> Value {
    from(10, "Alice", QUESTION)
}

/// A turn against a history that is the next of `looks` each time it is read after the message was sent, and a session
/// whose status is the next of `statuses`; each list stays at its last.
fn turn(stream: bool, before: Value, looks: &[Value], statuses: &[&str]) -> Run {
    turn_of("chat", stream, before, looks, statuses)
}

fn turn_of(kind: &str, stream: bool, before: Value, looks: &[Value], statuses: &[&str]) -> Run {
    let at = RefCell::new((0, 0, false));
    let mut script = Script::new(|request, _| {
        let (look, status, sent) = &mut *at.borrow_mut();
        if request.method == Method::Post {
            *sent = true;
            return Answer::json(200, r#"{"message":"Message sent successfully"}"#);
        }
        if !*sent {
            return Answer::json(200, before.to_string());
        }
        let Some((_, after)) = request.url.split_once("?messageId=") else {
            let word = statuses[(*status).min(statuses.len() - 1)];
            *status += 1;
            let session = json!({"_id": SESSION, "status": word});
            let found = json!({"session": session, "app": {"type": kind}});
            return Answer::json(200, found.to_string());
        };
        let rows = &looks[(*look).min(looks.len() - 1)];
        *look += 1;
        let behind = |row: &&Value| row["_id"].as_str().unwrap() > after;
        let rows: Vec<&Value> = rows.as_array().unwrap().iter().filter(behind).collect();
        Answer::json(200, json!(rows).to_string())
    });
    let question = OutgoingMessage {
        answer_timeout: Some(30_000.0),
        ..message(QUESTION)
    };
    let made = match stream {
        true => client().stream(SESSION, &question),
        false => client().send(SESSION, &question),
    };
    run(&mut script, made)
}

fn streamed(looks: &[Value]) -> Run {
    turn(true, json!([]), looks, &["running"])
}

#[track_caller]
fn done(run: &Run) -> String {
    assert_eq!(run.error, None);
    let last = parse(&run.seen.last().unwrap().json());
    assert_eq!(last.at("type").text(), "done");
    assert_eq!(shown(&run.seen), last.at("reply.message.text").string());
    last.at("reply.message.text").text()
}

/// The words of all events of one kind.
fn told(run: &Run, kind: &str, field: &str) -> Vec<String> {
    let events = run.seen.iter().map(|seen| parse(&seen.json()));
    events
        .filter(|event| event.at("type").text() == kind)
        .map(|event| event.at(field).text())
        .collect()
}

#[test]
fn an_answer_is_told_bubble_by_bubble_and_its_joined_deltas_are_its_text() {
    let looks = [
        json!([question()]),
        json!([question(), says(11, &["Hel"])]),
        json!([question(), says(11, &["Hel", "lo"]), says(12, &["Second"])]),
        json!([
            question(),
            says(11, &["Hel", "lo"]),
            says(12, &["Second", " one"]),
            asks(13, "More?")
        ]),
    ];
    let run = streamed(&looks);
    assert_eq!(done(&run), "Hello\n\nSecond one\n\nMore?");
    assert_eq!(
        told(&run, "content", "delta"),
        ["Hel", "lo", "\n\nSecond", " one", "\n\nMore?"]
    );
    assert_eq!(told(&run, "start", "messageId"), [id(10)]);
    assert_eq!(run.kinds()[0], "start");
    let reply = parse(&run.seen.last().unwrap().json());
    assert_eq!(reply.at("reply.message.id").text(), id(13));
    assert_eq!(reply.at("reply.message.author.name").text(), "Helper");
}

#[test]
fn what_was_told_out_of_order_is_taken_back() {
    let mut early = says(11, &["0,", "1,", "2,", "3,"]);
    early["chunks"].as_array_mut().unwrap().remove(2);
    let looks = [
        json!([question(), early]),
        json!([question(), says(11, &["0,", "1,", "2,", "3,"])]),
        json!([
            question(),
            says(11, &["0,", "1,", "2,", "3,"]),
            asks(12, "?")
        ]),
    ];
    let run = streamed(&looks);
    assert_eq!(done(&run), "0,1,2,3,\n\n?");
    assert_eq!(told(&run, "content", "delta")[0], "0,1,3,");
    assert_eq!(told(&run, "replace", "text"), ["0,1,2,3,"]);
    // a bubble that stands in front of what was told already
    let looks = [
        json!([question(), says(12, &["b"])]),
        json!([
            question(),
            says(11, &["a"]),
            says(12, &["b"]),
            asks(13, "?")
        ]),
    ];
    let run = streamed(&looks);
    assert_eq!(done(&run), "a\n\nb\n\n?");
    assert_eq!(told(&run, "replace", "text"), ["a\n\nb\n\n?"]);
}

#[test]
fn a_piece_that_is_stored_after_the_row_behind_it_is_not_lost() {
    // 20 pieces and the end of the turn are written at the same time: the last ones are there last
    let looks = [
        json!([question(), says(11, &["whole"]), asks(12, "?")]),
        json!([question(), says(11, &["whole", " answer"]), asks(12, "?")]),
    ];
    let run = streamed(&looks);
    assert_eq!(done(&run), "whole answer\n\n?");
    // and where nothing streamed is in front of the end, nothing is waited for
    let before = json!([asks(9, "Yes?")]);
    let looks = [json!([question(), asks(11, "whole")])];
    let run = turn(true, before, &looks, &["running"]);
    assert_eq!(done(&run), "whole");
    assert_eq!(run.requests.len(), 3);
}

#[test]
fn lines_between_the_bubbles_are_statuses_and_so_is_what_takes_their_place() {
    let mut finished = aside(11, "Finished using tool: X");
    finished.as_object_mut().unwrap().remove("chunks");
    finished["message"]["completed"] = json!(true);
    let looks = [
        json!([question(), aside(11, "Using tool: X")]),
        json!([question(), aside(11, "Using tool: X")]),
        json!([question(), finished, says(12, &["found it"])]),
        json!([
            question(),
            finished,
            says(12, &["found it"]),
            row(13, "System", "bubble", &["by the way"]),
            asks(14, "?")
        ]),
    ];
    let run = streamed(&looks);
    assert_eq!(done(&run), "found it\n\n?");
    assert_eq!(
        told(&run, "status", "text"),
        ["Using tool: X", "Finished using tool: X", "by the way"]
    );
}

#[test]
fn a_look_asks_only_for_the_rows_behind_the_one_that_is_settled() {
    let mut looks = vec![json!([asks(9, "Yes?"), question()])];
    let bubbles: Vec<Value> = (11..15).map(|at| says(at, &["piece"])).collect();
    for count in 1..=bubbles.len() {
        let rows: Vec<Value> = [asks(9, "Yes?"), question()]
            .into_iter()
            .chain(bubbles[..count].to_vec())
            .collect();
        looks.extend([json!(rows), json!(rows)]);
    }
    let mut last = looks.last().unwrap().clone();
    last.as_array_mut().unwrap().push(asks(20, "?"));
    looks.push(last);
    let run = turn(true, json!([asks(9, "Yes?")]), &looks, &["running"]);
    assert_eq!(done(&run), "piece\n\npiece\n\npiece\n\npiece\n\n?");
    let asked: Vec<&str> = run
        .requests
        .iter()
        .filter_map(|(_, request)| request.url.split_once("?messageId="))
        .map(|(_, id)| id)
        .collect();
    assert_eq!(asked[0], "0".repeat(24), "all, to know what was there");
    assert_eq!(asked[1], id(9), "what is new since");
    let (last, growing) = asked.split_last().unwrap();
    assert_eq!(*growing.last().unwrap(), id(13), "what may still grow");
    assert!(growing.is_sorted(), "{asked:?}");
    assert_eq!(*last, id(10), "the whole answer, once it seems to be there");
}

#[test]
fn the_own_message_is_the_first_new_one_of_a_person_with_its_text() {
    let before = json!([from(1, "Alice", QUESTION), asks(2, "Yes?")]);
    let looks = [json!([
        from(1, "Alice", QUESTION),
        asks(2, "Yes?"),
        // the agent that was called greets, and somebody else speaks
        asks(8, "How can I help?"),
        from(9, "Bob", "me too"),
        question(),
        from(11, "Alice", QUESTION),
        says(12, &["an answer to Bob"]),
        asks(13, "?"),
        says(14, &["the answer"]),
        asks(15, "?"),
        says(16, &["the answer again"]),
        asks(17, "?"),
    ])];
    let run = turn(true, before, &looks, &["running"]);
    assert_eq!(done(&run), "the answer\n\n?");
    assert_eq!(told(&run, "start", "messageId"), [id(10)]);
}

#[test]
fn a_message_that_cannot_be_found_again_is_answered_all_the_same() {
    let looks = [json!([
        from(10, "Alice", "what now? (shortened)"),
        says(11, &["so"]),
        asks(12, "?")
    ])];
    let run = streamed(&looks);
    assert_eq!(done(&run), "so\n\n?");
    let start = parse(&run.seen[0].json());
    assert_eq!(start.at("type").text(), "start");
    assert_eq!(start.get("messageId"), None);
}

#[test]
fn a_session_that_waits_behind_an_answer_ends_it_and_one_that_waits_before_it_does_not() {
    let looks = [
        json!([question()]),
        json!([question()]),
        json!([question()]),
        json!([question()]),
        json!([question()]),
        json!([question(), says(11, &["here"])]),
    ];
    // what it waited for is the message, until the agent speaks
    let run = turn(
        true,
        json!([]),
        &looks,
        &["waiting", "waiting", "running", "running", "waiting"],
    );
    assert_eq!(done(&run), "here");
    // rows that came between the two questions are not cut off
    let looks = [
        json!([question(), says(11, &["one"])]),
        json!([question(), says(11, &["one"])]),
        json!([question(), says(11, &["one"])]),
        json!([question(), says(11, &["one", " two"])]),
    ];
    let run = turn(true, json!([]), &looks, &["waiting"]);
    assert_eq!(done(&run), "one two");
}

/// `row` as a server stored it so many seconds after all others.
fn seconds_later(mut row: Value, seconds: u64, number: u64) -> Value {
    row["_id"] = json!(format!("{seconds:08x}{number:016x}"));
    row
}

#[test]
fn an_answer_that_may_be_to_the_message_before_is_nobodys_until_its_own_comes() {
    let lost = from(9, "Alice", "hello?");
    let rows = [
        json!([lost, question()]),
        json!([lost, question(), says(11, &["hello!"]), asks(12, "More?")]),
        json!([
            lost,
            question(),
            says(11, &["hello!"]),
            asks(12, "More?"),
            says(13, &["here"]),
            asks(14, "And now?")
        ]),
    ];
    let looks: Vec<Value> = [0, 1, 1, 1, 1, 1, 1, 2]
        .map(|at: usize| rows[at].clone())
        .into();
    let run = turn(true, json!([lost]), &looks, &["waiting"]);
    assert_eq!(done(&run), "here\n\nAnd now?");
    // where nothing more comes, nobody can tell
    let run = turn(true, json!([lost]), &rows[..2], &["waiting"]);
    assert_eq!(run.failed().kind, ErrorKind::Timeout);
    assert_eq!(run.failed().code.as_deref(), Some("REPLY_UNCLEAR"));
    assert_eq!(run.failed().delivered, Some(Delivered::Yes));
    assert_eq!(shown(&run.seen), parse("\"\"").string());
}

#[test]
fn what_was_not_answered_for_minutes_is_lost_and_awaited_no_more() {
    let lost = from(9, "Alice", "hello?");
    for (seconds, waits) in [(299, true), (301, false)] {
        let later = |row: Value, number| seconds_later(row, seconds, number);
        let rows = [json!([
            lost,
            later(question(), 10),
            later(says(11, &["here"]), 11),
            later(asks(12, "More?"), 12)
        ])];
        let run = turn(true, json!([lost]), &rows, &["waiting"]);
        match waits {
            true => assert_eq!(run.failed().code.as_deref(), Some("REPLY_UNCLEAR")),
            false => assert_eq!(done(&run), "here\n\nMore?"),
        }
    }
}

#[test]
fn as_many_answers_come_first_as_messages_were_open() {
    let open = [
        asks(1, "How can I help?"),
        from(2, "Alice", "one"),
        from(3, "Bob", "two"),
        from(4, "Alice", "three"),
        says(5, &["to one"]),
        asks(6, "More?"),
    ];
    let mut rows = open.to_vec();
    rows.push(question());
    for (at, text) in [(11, "to two"), (13, "to three"), (15, "to this"), (17, "?")] {
        rows.extend([says(at, &[text]), asks(at + 1, "More?")]);
    }
    let run = turn(true, json!(open), &[json!(rows)], &["running"]);
    assert_eq!(done(&run), "to this\n\nMore?");
    // a failure is the end of everything
    rows.truncate(9);
    rows.push(aside(20, "⛔ An unexpected error occurred"));
    let run = turn(true, json!(open), &[json!(rows)], &["running"]);
    assert_eq!(run.failed().kind, ErrorKind::Agent);
}

#[test]
fn of_two_messages_before_the_first_word_neither_answer_is_told_until_both_are_there() {
    let both = [question(), from(11, "Alice", "and then?")];
    let [mut one, mut two] = [both.to_vec(), both.to_vec()];
    one.extend([says(12, &["here"]), asks(13, "More?")]);
    two.extend(one[2..].to_vec());
    two.extend([says(14, &["there"]), asks(15, "More?")]);
    let [one, two] = [json!(one), json!(two)];
    let looks: Vec<Value> = [&one, &one, &one, &one, &two].map(Value::clone).into();
    let run = turn(true, json!([]), &looks, &["running"]);
    assert_eq!(done(&run), "here\n\nMore?");
    assert_eq!(told(&run, "content", "delta"), ["here", "\n\nMore?"]);
    // one of the two was lost
    let run = turn(true, json!([]), &[one], &["waiting"]);
    assert_eq!(run.failed().code.as_deref(), Some("REPLY_UNCLEAR"));
    assert_eq!(told(&run, "content", "delta"), [""; 0]);
    // what the agent began to say before the second message is no answer to that
    let began = json!([
        question(),
        says(11, &["here"]),
        from(12, "Alice", "and then?"),
        asks(13, "More?")
    ]);
    let run = turn(true, json!([]), &[began], &["running"]);
    assert_eq!(done(&run), "here\n\nMore?");
}

#[test]
fn an_answer_is_found_whole_where_the_clock_ran_backwards_before_it_or_in_it() {
    let second = |row: Value, seconds, number| seconds_later(row, seconds, number);
    let greets = second(asks(1, "How can I help?"), 100, 1);
    for seconds in [
        [100, 97, 97],
        [100, 100, 97],
        [40, 100, 100],
        [700, 100, 100],
    ] {
        let [own, first, last] = seconds;
        let rows = json!([
            greets,
            second(question(), own, 10),
            second(says(11, &["one"]), own, 11),
            second(says(12, &["two"]), first, 12),
            second(asks(13, "More?"), last, 13),
        ]);
        let run = turn(true, json!([greets]), &[rows], &["running", "waiting"]);
        assert_eq!(done(&run), "one\n\ntwo\n\nMore?", "{seconds:?}");
    }
}

#[test]
fn an_agent_that_was_at_work_and_waits_again_without_a_word_gave_no_answer() {
    let run = turn(
        true,
        json!([]),
        &[json!([question()])],
        &["running", "waiting"],
    );
    assert_eq!(run.failed().kind, ErrorKind::Agent);
    assert_eq!(run.failed().code.as_deref(), Some("NO_REPLY"));
    assert_eq!(run.failed().delivered, Some(Delivered::Yes));
}

#[test]
fn a_chat_that_is_terminated_is_no_end_of_an_answer_and_a_crew_is() {
    let rows = [json!([question(), says(11, &["so far"])])];
    let run = turn(true, json!([]), &rows, &["running", "terminated"]);
    assert_eq!(run.failed().kind, ErrorKind::Agent);
    assert_eq!(run.failed().code.as_deref(), Some("TERMINATED"));
    let partial = run.failed().partial.as_ref().unwrap();
    assert_eq!(partial.message.text.as_str(), Some("so far"));
    assert_eq!(partial.message.id, id(11));
    assert!(!partial.message.complete);
    let run = turn_of("crew", true, json!([]), &rows, &["running", "terminated"]);
    assert_eq!(done(&run), "so far");
    let run = turn_of(
        "crew",
        true,
        json!([]),
        &[json!([question()])],
        &["terminated"],
    );
    assert_eq!(run.failed().code.as_deref(), Some("NO_REPLY"));
    // whoever was stopped says so a little later
    let looks = [
        json!([question(), says(11, &["so far"])]),
        json!([question(), says(11, &["so far"])]),
        json!([question(), says(11, &["so far"])]),
        json!([
            question(),
            says(11, &["so far"]),
            aside(12, "🛑 Stopped generating.")
        ]),
    ];
    for kind in ["chat", "crew"] {
        let run = turn_of(kind, true, json!([]), &looks, &["terminated"]);
        assert_eq!(run.failed().code.as_deref(), Some("STOPPED"), "{kind}");
    }
}

#[test]
fn words_of_the_system_that_end_an_answer_are_errors_with_what_had_come() {
    let mut timed_out = row(12, "System", "bubble", &["TimeOutError"]);
    timed_out["message"]["type"] = json!("error");
    for (end, code) in [
        (aside(12, "⛔ An unexpected error occurred"), "AGENT_ERROR"),
        (
            row(12, "System", "bubble", &["Stack trace:\nat x"]),
            "AGENT_ERROR",
        ),
        (aside(12, "🛑 Stopped generating."), "STOPPED"),
        (
            aside(12, "MAX_MESSAGES_LIMIT REACHED"),
            "MAX_MESSAGES_LIMIT",
        ),
        (
            aside(12, "MAX_RECURSION_LIMIT REACHED"),
            "MAX_RECURSION_LIMIT",
        ),
        (timed_out, "TIMEOUT"),
    ] {
        let looks = [json!([question(), says(11, &["half an ans"]), end])];
        for stream in [true, false] {
            let run = turn(stream, json!([]), &looks, &["running"]);
            let failed = run.failed();
            assert_eq!(failed.kind, ErrorKind::Agent, "{code}");
            assert_eq!(failed.code.as_deref(), Some(code));
            assert_eq!(failed.delivered, Some(Delivered::Yes));
            let partial = failed.partial.as_ref().unwrap();
            assert_eq!(partial.message.text.as_str(), Some("half an ans"), "{code}");
            assert!(!run.kinds().contains(&"done") && !run.kinds().contains(&"reply"));
        }
    }
    // the same words from the agent itself, or from a person, are words
    let looks = [json!([
        question(),
        says(11, &["⛔ means no entry"]),
        from(12, "Bob", "⛔ stop"),
        asks(13, "🛑?")
    ])];
    assert_eq!(done(&streamed(&looks)), "⛔ means no entry\n\n🛑?");
}

#[test]
fn an_error_and_the_end_of_the_session_are_told_by_the_session_too() {
    let rows = [json!([question(), says(11, &["half"])])];
    let run = turn(true, json!([]), &rows, &["error"]);
    assert_eq!(run.failed().kind, ErrorKind::Agent);
    assert!(run.failed().partial.is_some());
}

#[test]
fn an_answer_of_which_nothing_comes_ends_in_time_and_one_that_grows_does_not() {
    let run = turn(true, json!([]), &[json!([question()])], &["running"]);
    assert_eq!(run.failed().kind, ErrorKind::Timeout);
    assert_eq!(run.failed().delivered, Some(Delivered::Yes));
    let slowly: Vec<Value> = (1..200)
        .map(|count| {
            let pieces = vec!["x"; count / 3];
            match count {
                ..3 => json!([question()]),
                _ => json!([question(), says(11, &pieces)]),
            }
        })
        .chain([json!([question(), says(11, &["x"; 66]), asks(12, "?")])])
        .collect();
    let run = streamed(&slowly);
    assert_eq!(done(&run), "x".repeat(66) + "\n\n?");
    let (first, last) = (run.requests[0].0, run.requests.last().unwrap().0);
    assert!(last - first > 30_000.0, "{}", last - first);
}

#[test]
fn looks_come_fast_while_an_answer_grows_and_slower_when_nothing_does() {
    let mut looks: Vec<Value> = (1..10)
        .map(|count| json!([question(), says(11, &vec!["x"; count])]))
        .collect();
    looks.push(looks.last().unwrap().clone());
    let run = turn(true, json!([]), &looks, &["running"]);
    let gaps: Vec<f64> = run
        .requests
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    assert_eq!(gaps[3..9], [250.0; 6]);
    let mut later = gaps[3..].iter().skip_while(|gap| **gap == 250.0);
    assert!(later.all(|gap| *gap == 0.0 || *gap > 250.0), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= 2_000.0));
    let quiet = run
        .requests
        .iter()
        .filter(|(_, request)| request.url.ends_with(&format!("{SESSION}.json")));
    assert!(quiet.count() > 5, "the session is asked in turn");
}

#[test]
fn a_redirect_in_answer_to_a_message_is_a_refusal_and_nothing_was_taken() {
    for (redirect, kind) in [
        ("/login?goto=x", ErrorKind::Unauthorized),
        ("/welcome?noaccess=true", ErrorKind::Forbidden),
    ] {
        let mut script = Script::new(|request, _| match request.method {
            Method::Get => Answer::json(200, "[]"),
            _ => Answer::json(200, json!({ "redirect": redirect }).to_string()),
        });
        let run = run(&mut script, client().send(SESSION, &message("x")));
        assert_eq!(run.failed().kind, kind);
        assert_eq!(run.failed().delivered, Some(Delivered::No));
    }
}

#[test]
fn a_message_whose_fate_is_unknown_is_not_sent_twice() {
    for (answer, delivered) in [
        (
            Answer::json(500, r#"{"error":"Internal server error"}"#),
            Delivered::Unknown,
        ),
        (Answer::json(200, "["), Delivered::Yes),
        (
            Answer::json(400, r#"{"error":"Session not found"}"#),
            Delivered::No,
        ),
        (
            Answer::json(400, r#"{"error":"Message Text is empty"}"#),
            Delivered::No,
        ),
    ] {
        let mut script = Script::new(|request, _| match request.method {
            Method::Get => Answer::json(200, "[]"),
            _ => answer.clone(),
        });
        let run = run(&mut script, client().send(SESSION, &message("x")));
        assert_eq!(run.failed().delivered, Some(delivered));
        assert_eq!(script.posts(), 1);
    }
}

#[test]
fn every_row_that_an_answer_was_made_of_is_one_of_its_names() {
    let client = client();
    let rows: Vec<Value> = (11..14).map(|at| says(at, &["piece"])).collect();
    let one = rows[0].to_string();
    assert_eq!(
        client.answer_rows(&Value::from(rows).to_string()),
        [id(11), id(12), id(13)]
    );
    // one row alone has the message's own id
    for raw in [one.as_str(), "", "null", "[1]"] {
        assert!(client.answer_rows(raw).is_empty(), "{raw}");
    }
}
