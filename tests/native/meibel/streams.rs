//! Streamed answers: every fixture whole, in pieces and cut off anywhere; both families of events; every way to end.

use agentline::error::{Delivered, ErrorKind};

use super::{fixture, fixtures, streamed};
use crate::expected::shown;
use crate::support::drive::{Answer, End, Run, Seen};
use crate::support::units::{parse, units};

/// A stream of these events: their names (empty for none) and their data.
pub fn stream(events: &[(&str, &str)]) -> String {
    let event = |(name, data): &(&str, &str)| match *name {
        "" => format!("data: {data}\n\n"),
        name => format!("event: {name}\ndata: {data}\n\n"),
    };
    events.iter().map(event).collect()
}

pub fn said(events: &[(&str, &str)]) -> Run {
    streamed(Answer::stream(stream(events)))
}

fn lines(run: &Run) -> Vec<String> {
    run.seen.iter().map(Seen::json).collect()
}

/// The text that a person sees in the end.
#[track_caller]
pub fn text(run: &Run) -> String {
    assert_eq!(run.error, None);
    let last = parse(&run.seen.last().unwrap().json());
    let text = last.at("reply.message.text");
    assert_eq!(shown(&run.seen), text.string());
    text.text()
}

/// Why it failed, and how much of the text had come.
#[track_caller]
pub fn broken(run: &Run) -> (ErrorKind, String) {
    let partial = run.failed().partial.as_ref();
    let text = partial.map(|reply| reply.message.text.to_string_lossy().into_owned());
    (run.failed().kind, text.unwrap_or_default())
}

const PARTIAL: &str = "partial_response";

fn partial(text: &str) -> String {
    format!("{{\"type\":\"{PARTIAL}\",\"data\":{{\"message\":{text:?},\"clean_message\":\"x\"}}}}")
}

/// What becomes of partial responses of these texts, without their completion.
fn partials(texts: &[&str]) -> Run {
    let data: Vec<String> = texts.iter().map(|text| partial(text)).collect();
    let events: Vec<(&str, &str)> = data.iter().map(|data| (PARTIAL, data.as_str())).collect();
    said(&events)
}

/// What is expected of a fixture: the kinds of its events, and the text with them or the error behind them.
fn expected(
    name: &str,
) -> (
    &'static [&'static str],
    Result<&'static str, (ErrorKind, &'static str)>,
) {
    const WHOLE: &[&str] = &[
        "start",
        "status",
        "tool_call",
        "tool_result",
        "content",
        "content",
        "citations",
        "done",
    ];
    const REVENUE: &str = "Revenue grew 12% [1].";
    match name {
        "s_bom.sse" | "s_canon.sse" | "s_crlf.sse" | "s_done.sse" => (WHOLE, Ok(REVENUE)),
        "s_noblank.sse" => (&["start", "content", "citations", "done"], Ok(REVENUE)),
        "s_pings.sse" => (
            &["start", "content", "content", "citations", "done"],
            Ok(REVENUE),
        ),
        "s_guide.sse" => (
            &["start", "content", "content", "citations", "done"],
            Ok("Revenue grew 12%."),
        ),
        "s_legacy_v050.sse" => (&["start", "content", "done"], Ok("Revenue grew 12%.")),
        "s_multiline.sse" => (&["start", "content", "done"], Ok("a")),
        "s_error.sse" => (&["start", "content"], Err((ErrorKind::Agent, "Revenue"))),
        "s_error2.sse" | "s_errortext.sse" => (&["start"], Err((ErrorKind::Agent, ""))),
        "s_leak.sse" => (&["start", "content"], Err((ErrorKind::Truncated, "x"))),
        "s_ls.sse" => (
            &["start", "content"],
            Err((ErrorKind::Truncated, "a\u{2028}b\u{85}c\u{B}d")),
        ),
        // a completion that says nothing is none
        "s_fields.sse" => (&[], Err((ErrorKind::Protocol, ""))),
        other => panic!("nothing is expected of {other}"),
    }
}

#[test]
fn every_stream_of_the_fixtures_means_what_the_contract_says() {
    for name in fixtures(".sse") {
        let run = streamed(Answer::stream(fixture(&name)));
        let (kinds, end) = expected(&name);
        assert_eq!(run.kinds(), kinds, "{name}");
        match end {
            Ok(wanted) => assert_eq!(text(&run), wanted, "{name}"),
            Err((kind, wanted)) => assert_eq!(broken(&run), (kind, wanted.to_owned()), "{name}"),
        }
    }
}

#[test]
fn a_stream_cut_in_two_at_any_byte_or_into_bytes_gives_the_same() {
    for name in fixtures(".sse") {
        let body = fixture(&name).into_bytes();
        let whole = streamed(Answer::stream(&body));
        for at in 0..=body.len() {
            let cut = streamed(Answer::stream("").cut_at(&body, at));
            assert_eq!(cut, whole, "{name} cut at {at}");
        }
        let bytes = Answer::stream("").pieces(body.chunks(1));
        assert_eq!(streamed(bytes), whole, "{name}");
    }
}

#[test]
fn a_stream_that_ends_anywhere_is_the_same_answer_or_truncated() {
    for name in fixtures(".sse") {
        let body = fixture(&name).into_bytes();
        let whole = streamed(Answer::stream(&body));
        let mut ends = 0;
        for at in 0..=body.len() {
            for end in [End::Clean, End::Broken(None), End::Never] {
                let silent = end == End::Never;
                let left = Answer::stream("").pieces([&body[..at]]).ending(end);
                let run = streamed(left);
                let place = format!("{name} ended at {at}");
                match &run.error {
                    // whatever it is at its end, it is that only when all of it has come
                    None => {
                        ends += 1;
                        assert_eq!(run.seen, whole.seen, "{place}");
                    }
                    Some(error) if Some(error) == whole.error.as_ref() => {
                        assert_eq!(run.seen, whole.seen, "{place}");
                    }
                    Some(error) => {
                        let cut = if silent {
                            ErrorKind::Timeout
                        } else {
                            ErrorKind::Truncated
                        };
                        assert_eq!(error.kind, cut, "{place}");
                        assert!(!error.retryable, "{place}");
                        assert!(whole.seen.starts_with(&run.seen), "{place}");
                        assert_eq!(units(&broken(&run).1), shown(&run.seen), "{place}");
                    }
                }
            }
        }
        assert_eq!(ends > 0, whole.error.is_none(), "{name}");
    }
}

#[test]
fn f16_row_8_an_event_of_the_first_family_keeps_everything_that_it_says() {
    let run = streamed(Answer::stream(fixture("s_canon.sse")));
    let lines = lines(&run);
    assert_eq!(lines[0], r#"{"type":"start","messageId":"9f1c"}"#);
    assert_eq!(
        lines[1],
        r#"{"type":"status","text":"Searching documents"}"#
    );
    assert_eq!(
        lines[2],
        r#"{"type":"tool_call","id":"call_1","name":"rag_search","arguments":{"userQuery": "q4", "top_k": 5}}"#
    );
    assert_eq!(
        lines[3],
        r#"{"type":"tool_result","id":"call_1","name":"rag_search","result":{"hits": 3}}"#
    );
    assert_eq!(lines[4], r#"{"type":"content","delta":"Revenue"}"#);
    assert_eq!(lines[5], r#"{"type":"content","delta":" grew 12% [1]."}"#);
    let citations = r#"[{"position": 16, "source_ids": [1]}]"#;
    let source = r#"{"source_id": 1, "data_element_id": "de_1", "title": "Q4 report.pdf", "url": null, "snippet": "Revenue rose 12%", "relevance_score": 0.91, "tool_name": "rag_search"}"#;
    let sources = format!(
        r#"[{{"id":"1","title":"Q4 report.pdf","snippet":"Revenue rose 12%","score":0.91,"raw":{source}}}]"#
    );
    assert_eq!(
        lines[6],
        format!(r#"{{"type":"citations","citations":{citations},"sources":{sources}}}"#)
    );
    let done = parse(&lines[7]);
    assert_eq!(done.at("reply.citations"), &parse(citations));
    assert_eq!(done.at("reply.sources"), &parse(&sources));
    assert_eq!(done.at("reply.message.citations"), &parse(citations));
    assert_eq!(done.at("reply.message.id").text(), "9f1c:assistant");
    assert_eq!(done.at("reply.raw.disposition").text(), "final");
    assert_eq!(
        done.at("reply.raw.data.clean_message").text(),
        "Revenue grew 12%."
    );
}

#[test]
fn row_7_the_events_of_the_guide_are_known_by_their_type() {
    let run = streamed(Answer::stream(fixture("s_guide.sse")));
    let lines = lines(&run);
    assert_eq!(lines[0], r#"{"type":"start"}"#);
    let listed = r#"[{"title": "Q4 report.pdf", "data_element_id": "de_1"}]"#;
    let source = r#"[{"id":"de_1","title":"Q4 report.pdf","raw":{"title": "Q4 report.pdf", "data_element_id": "de_1"}}]"#;
    assert_eq!(
        lines[3],
        format!(r#"{{"type":"citations","citations":{listed},"sources":{source}}}"#)
    );
    let done = parse(&lines[4]);
    assert_eq!(done.at("reply.sources"), &parse(source));
    assert_eq!(done.at("reply.raw.type").text(), "done");
    // guides/streaming
    let run = said(&[
        ("", r#"{"type":"message","content":"Hello"}"#),
        ("", r#"{"type":"done"}"#),
    ]);
    assert_eq!(text(&run), "Hello");
    // a name of its own goes before the type
    let run = said(&[
        ("content", r#"{"type":"done","delta":"a"}"#),
        ("done", "{}"),
    ]);
    assert_eq!(text(&run), "a");
    // what is called `message` has no name of its own
    let run = said(&[
        ("message", r#"{"type":"content","delta":"a"}"#),
        ("message", "[DONE]"),
    ]);
    assert_eq!(text(&run), "a");
}

#[test]
fn an_answer_without_an_id_gets_one_from_what_it_says() {
    let id = |text: &str| {
        let delta = format!(r#"{{"type":"content","delta":"{text}"}}"#);
        let run = said(&[("", &delta), ("", "[DONE]")]);
        parse(&run.seen.last().unwrap().json())
            .at("reply.message.id")
            .text()
    };
    assert_eq!(id("a"), id("a"));
    assert_ne!(id("a"), id("b"));
}

#[test]
fn texts_that_grow_from_one_another_are_snapshots() {
    let run = partials(&["Re", "Revenue", "Revenue", "Revenue grew"]);
    assert_eq!(run.kinds(), ["start", "content", "content", "content"]);
    assert_eq!(broken(&run).1, "Revenue grew");
    // from then on all are, and one that does not go on takes the place of what there was
    let run = partials(&["Re", "Revenue", "Sales", "Sales grew"]);
    assert_eq!(
        run.kinds(),
        ["start", "content", "content", "replace", "content"]
    );
    assert_eq!(broken(&run).1, "Sales grew");
}

#[test]
fn texts_that_do_not_grow_from_one_another_are_deltas() {
    let run = partials(&["Re", "venue ", "grew", "grew"]);
    assert_eq!(
        run.kinds(),
        ["start", "content", "content", "content", "content"]
    );
    assert_eq!(broken(&run).1, "Revenue grewgrew");
    // from then on all are, also one that begins as the answer does
    assert_eq!(broken(&partials(&["a", "b", "abc"])).1, "ababc");
    // an empty one and the same once more prove nothing
    assert_eq!(broken(&partials(&["ha", "", "ha", "!"])).1, "ha!");
}

#[test]
fn a_delta_is_always_a_delta() {
    let delta = |text: &str| format!(r#"{{"type":"content","delta":"{text}"}}"#);
    let (a, b) = (delta("ha"), delta("haha"));
    let run = said(&[("", &a), ("", &b), ("", &a), ("", "[DONE]")]);
    assert_eq!(text(&run), "hahahaha");
}

#[test]
fn a_completion_replaces_everything() {
    let complete = |text: &str| format!(r#"{{"data":{{"message":"{text}"}}}}"#);
    let hello = partial("Hello");
    for (whole, kinds) in [
        ("Hello", &["start", "content", "done"][..]),
        ("Hello you", &["start", "content", "content", "done"]),
        ("Bye", &["start", "content", "replace", "done"]),
        ("", &["start", "content", "replace", "done"]),
    ] {
        let run = said(&[(PARTIAL, &hello), ("completion", &complete(whole))]);
        assert_eq!(run.kinds(), kinds, "{whole}");
        assert_eq!(text(&run), whole);
    }
    // without a text it is only the end
    for data in ["{}", r#"{"data":{"message":null}}"#, r#"{"data":null}"#] {
        let run = said(&[(PARTIAL, &hello), ("completion", data)]);
        assert_eq!(text(&run), "Hello", "{data}");
    }
    let run = said(&[("completion", r#"{"data":{"message":null,"artifacts":[]}}"#)]);
    assert_eq!(text(&run), "");
}

#[test]
fn a_text_without_marks_stands_in_for_one_that_is_missing() {
    let run = said(&[(
        "completion",
        r#"{"data":{"message":null,"clean_message":"plain"}}"#,
    )]);
    assert_eq!(text(&run), "plain");
}

#[test]
fn after_the_completion_nothing_spoils_the_answer() {
    let whole = fixture("s_canon.sse");
    let want = streamed(Answer::stream(&whole));
    for end in [
        End::Broken(None),
        End::Broken(Some("ECONNRESET")),
        End::Never,
    ] {
        let run = streamed(Answer::stream(&whole).ending(end));
        assert_eq!(run, want);
    }
    for more in [
        "data: [DO",
        "event: pi",
        ": comment\n\n",
        "data: [DONE]\n\nevent: error\ndata: x\n\n",
    ] {
        let run = streamed(Answer::stream(format!("{whole}{more}")));
        assert_eq!(run, want, "{more}");
    }
    // what comes there is handed on all the same
    let run = streamed(Answer::stream(format!(
        "{whole}event: error\ndata: \"late\"\n\n"
    )));
    let lines = lines(&run);
    assert_eq!(
        lines[7],
        r#"{"type":"other","event":"error","data":"late"}"#
    );
    assert_eq!(run.kinds()[8..], ["done"]);
}

#[test]
fn a_server_that_only_stays_alive_after_the_completion_is_not_waited_for() {
    let whole = fixture("s_canon.sse");
    let late = b"event: ping\ndata: {}\n\n";
    let mut answer = Answer::stream("")
        .pieces([whole.as_bytes(), late])
        .ending(End::Never);
    answer.body[1].0 = 1_000.0;
    assert_eq!(streamed(answer), streamed(Answer::stream(&whole)));
}

#[test]
fn a_stream_is_over_at_done_whatever_the_server_does_then() {
    for end in [
        "data: [DONE]\n\n",
        "data: {\"type\":\"done\"}\n\n",
        "event: done\ndata: {}\n\n",
    ] {
        let body = format!("data: {{\"type\":\"content\",\"delta\":\"x\"}}\n\n{end}");
        let run = streamed(Answer::stream(&body).ending(End::Never));
        assert_eq!(text(&run), "x");
    }
}

#[test]
fn an_end_without_completion_is_truncated_and_tells_what_had_come() {
    let events = [
        ("connected", r#"{"signal_id":"9f1c"}"#),
        ("thinking", r#"{"content":"hm"}"#),
        (
            PARTIAL,
            r#"{"data":{"message":"Rev","citations":[{"position":1}],"sources":[{"title":"t"}]}}"#,
        ),
    ];
    let run = said(&events);
    let error = run.failed();
    assert_eq!(
        (error.kind, error.delivered),
        (ErrorKind::Truncated, Some(Delivered::Yes))
    );
    let partial = error.partial.as_ref().unwrap();
    assert_eq!(partial.message.id, "9f1c:assistant");
    assert!(!partial.message.complete);
    assert_eq!(partial.thinking.as_ref().unwrap().as_str(), Some("hm"));
    assert_eq!(
        partial.citations.as_ref().unwrap().as_str(),
        r#"[{"position":1}]"#
    );
    assert_eq!(
        partial.sources.as_ref().unwrap()[0].title.as_deref(),
        Some("t")
    );
    // nobody took the message as far as anybody can tell
    let nothing = streamed(Answer::stream(": hello\n\n"));
    assert_eq!(nothing.failed().delivered, Some(Delivered::Unknown));
}

#[test]
fn every_form_of_an_error_in_a_stream_is_the_agents_failure_in_its_own_words() {
    for (data, words) in [
        (r#"{"error":"boom"}"#, "boom"),
        (r#"{"error":{"message":"boom","code":"E1"}}"#, "boom"),
        (r#"{"type":"error","message":"boom"}"#, "boom"),
        (
            r#"{"type":"error","disposition":"final","content":"boom"}"#,
            "boom",
        ),
        (r#"{"detail":"boom"}"#, "boom"),
        (
            r#"{"detail":[{"loc":["body","x"],"msg":"boom","type":"t"}]}"#,
            "body.x: boom",
        ),
        (r#"{"data":{"message":"boom"}}"#, "boom"),
        (r#""boom""#, "boom"),
        ("boom, and no JSON", "boom, and no JSON"),
    ] {
        let run = said(&[("connected", r#"{"signal_id":"s"}"#), ("error", data)]);
        let error = run.failed();
        assert_eq!(error.kind, ErrorKind::Agent, "{data}");
        assert_eq!(
            error.message,
            format!("the agent failed: {words}"),
            "{data}"
        );
        assert_eq!(error.delivered, Some(Delivered::Yes));
        assert!(!error.retryable);
    }
    for data in ["{}", "null", "[]", r#"{"error":null}"#, "{}"] {
        let run = said(&[("error", data)]);
        assert_eq!(run.failed().message, "the agent failed", "{data}");
    }
    let run = said(&[(
        "",
        r#"{"type":"error","error":{"message":"m","type":"t","request_id":"r"}}"#,
    )]);
    let error = run.failed();
    assert_eq!(
        (error.code.as_deref(), error.request_id.as_deref()),
        (Some("t"), Some("r"))
    );
    assert_eq!(error.message, "the agent failed: m");
}

#[test]
fn row_4_citations_and_sources_stay_apart_and_are_told_when_they_change() {
    let data = |lists: &str| format!(r#"{{"data":{{"message":"a"{lists}}}}}"#);
    let events = [
        data(r#","citations":[],"sources":[]"#),
        data(r#","citations":[{"position":1,"source_ids":[1]}]"#),
        data(r#","citations":[{"position":1,"source_ids":[1]}],"sources":null"#),
        data(r#","sources":[{"source_id":1,"title":"t"}]"#),
        data(""),
    ];
    let events: Vec<(&str, &str)> = events.iter().map(|data| (PARTIAL, data.as_str())).collect();
    let run = said(&events);
    assert_eq!(run.kinds(), ["start", "content", "citations", "citations"]);
    let lines = lines(&run);
    let first = r#"{"type":"citations","citations":[{"position":1,"source_ids":[1]}]"#;
    assert_eq!(lines[2], format!("{first},\"sources\":[]}}"));
    assert_eq!(
        lines[3],
        format!(
            r#"{first},"sources":[{{"id":"1","title":"t","raw":{{"source_id":1,"title":"t"}}}}]}}"#
        )
    );
    let only = said(&[("", r#"{"type":"sources","sources":[7,{"url":null}]}"#)]);
    assert_eq!(
        only.seen[1].json(),
        r#"{"type":"citations","citations":[],"sources":[{"raw":7},{"raw":{"url":null}}]}"#
    );
}

#[test]
fn row_22_a_tools_result_is_any_json_and_finds_its_name_by_its_id() {
    for result in ["{\"a\":1}", "\"3 hits\"", "null", "[1]", "1.50"] {
        let data = format!(r#"{{"tool_id":"t","result":{result}}}"#);
        let call = r#"{"tool_id":"t","tool_name":"n","arguments":"{\"q\":1}"}"#;
        let run = said(&[("tool_call", call), ("tool_result", &data)]);
        assert_eq!(
            run.seen[1].json(),
            r#"{"type":"tool_call","id":"t","name":"n","arguments":{"q":1}}"#
        );
        assert_eq!(
            run.seen[2].json(),
            format!(r#"{{"type":"tool_result","id":"t","name":"n","result":{result}}}"#)
        );
    }
    let run = said(&[("tool_result", r#"{"tool_id":"unknown"}"#)]);
    assert_eq!(
        run.seen[1].json(),
        r#"{"type":"tool_result","id":"unknown"}"#
    );
}

#[test]
fn thoughts_are_told_where_they_appear_and_kept_in_the_reply() {
    let run = said(&[
        ("thinking", r#"{"content":"one"}"#),
        ("thinking", r#"{"content":"one two"}"#),
        ("", r#"{"type":"thinking","delta":"!"}"#),
        ("completion", r#"{"data":{"message":"a"}}"#),
    ]);
    assert_eq!(
        run.kinds(),
        [
            "start", "thinking", "thinking", "thinking", "content", "done"
        ]
    );
    let done = parse(&run.seen[5].json());
    assert_eq!(done.at("reply.thinking").text(), "one two!");
    let run = said(&[(
        "completion",
        r#"{"data":{"message":"a","thinking":"t","token_usage":{"n":1.5}}}"#,
    )]);
    let done = parse(&run.seen.last().unwrap().json());
    assert_eq!(done.at("reply.thinking").text(), "t");
    assert_eq!(done.at("reply.usage"), &parse(r#"{"n":1.5}"#));
}

#[test]
fn what_nobody_knows_is_handed_on_and_the_answer_goes_on() {
    let run = said(&[
        ("usage", r#"{"tokens": 1.50}"#),
        ("", r#"{"type":"usage","a":1}"#),
        ("", r#"{"no":"type"}"#),
        ("", "not json"),
        ("status", r#"{"content":7}"#),
        ("tool_call", "7"),
        ("connected", "[]"),
        (PARTIAL, r#"{"data":{"message":7}}"#),
        ("", r#"{"type":"content"}"#),
        ("", "[DONE]"),
    ]);
    let lines = lines(&run);
    assert_eq!(
        lines[0],
        r#"{"type":"other","event":"usage","data":{"tokens": 1.50}}"#
    );
    assert_eq!(
        lines[1],
        r#"{"type":"other","event":"usage","data":{"type":"usage","a":1}}"#
    );
    assert_eq!(lines[2], r#"{"type":"other","data":{"no":"type"}}"#);
    assert_eq!(lines[3], r#"{"type":"other","data":"not json"}"#);
    assert_eq!(
        run.kinds()[4..],
        ["other", "other", "other", "other", "other", "start", "done"]
    );
}

#[test]
fn a_part_of_the_answer_that_cannot_be_read_is_a_flaw_and_not_a_gap() {
    for (name, data) in [
        ("content", "{"),
        ("content", r#"{"delta":7}"#),
        ("", r#"{"type":"content","delta":"x"#),
        ("completion", "not json"),
        ("completion", r#"{"data":{"message":["x"]}}"#),
        ("completion", r#"{"a":1}"#),
    ] {
        let run = said(&[("", r#"{"type":"content","delta":""}"#), (name, data)]);
        assert_eq!(run.failed().kind, ErrorKind::Protocol, "{data}");
    }
    let deep = "[".repeat(600) + &"]".repeat(600);
    let run = said(&[("", &format!("{{\"type\":\"content\",\"delta\":{deep}}}"))]);
    assert_eq!(run.failed().kind, ErrorKind::Protocol);
}

#[test]
fn halves_of_characters_meet_across_events() {
    let run = said(&[
        ("", r#"{"type":"content","delta":"\ud83d"}"#),
        ("", r#"{"type":"content","delta":"\ude00\u0000"}"#),
        ("", "[DONE]"),
    ]);
    assert_eq!(text(&run), "😀\0");
    let half = said(&[("completion", r#"{"data":{"message":"a\ud83d"}}"#)]);
    let last = parse(&half.seen.last().unwrap().json());
    assert_eq!(last.at("reply.message.text").string(), [0x61, 0xD83D]);
}

#[test]
fn a_stream_of_snapshots_and_one_of_deltas_show_the_same_in_the_end() {
    let words = ["The ", "quick ", "brown 🦊 ", "jumps"];
    let mut so_far = String::new();
    let (mut snapshots, mut deltas) = (Vec::new(), Vec::new());
    for word in words {
        so_far.push_str(word);
        snapshots.push(partial(&so_far));
        deltas.push(partial(word));
    }
    let complete = format!(r#"{{"data":{{"message":"{so_far}"}}}}"#);
    let run = |partials: &[String]| {
        let mut events: Vec<(&str, &str)> = partials
            .iter()
            .map(|data| (PARTIAL, data.as_str()))
            .collect();
        events.push(("completion", &complete));
        said(&events)
    };
    let (snapshots, deltas) = (run(&snapshots), run(&deltas));
    assert_eq!(snapshots, deltas);
    assert_eq!(
        snapshots.kinds(),
        ["start", "content", "content", "content", "content", "done"]
    );
}
