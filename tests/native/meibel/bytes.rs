//! The rows of the contract's table of bytes and clients, each with what this client does, and what is no stream at all.

use agentline::error::{Delivered, ErrorKind};

use super::streams::{broken, said, text};
use super::{fixture, streamed};
use crate::support::drive::{Answer, End};

#[test]
fn bytes_crlf_lf_and_cr_end_lines_alike() {
    let whole = fixture("s_canon.sse");
    let want = streamed(Answer::stream(&whole));
    for newline in ["\r\n", "\r"] {
        let run = streamed(Answer::stream(whole.replace('\n', newline)));
        assert_eq!(run, want);
    }
}

#[test]
fn bytes_the_sentinel_ends_the_stream_and_is_never_read_as_json() {
    for spelled in [
        "data: [DONE]\n\n",
        "data:[DONE]\n\n",
        "data:  [DONE] \n\n",
        "event: done\ndata: [DONE]\n\n",
    ] {
        let body = format!("data: {{\"type\":\"content\",\"delta\":\"x\"}}\n\n{spelled}");
        assert_eq!(text(&streamed(Answer::stream(body))), "x", "{spelled}");
    }
}

#[test]
fn bytes_a_ping_without_data_leaves_nothing_to_the_next_event() {
    let run = streamed(Answer::stream(fixture("s_leak.sse") + "data: [DONE]\n\n"));
    assert_eq!(run.kinds(), ["start", "content", "done"]);
}

#[test]
fn bytes_everything_that_keeps_alive_is_passed_over() {
    for ping in [
        ": comment\n\n",
        ":\n\n",
        "event: ping\n\n",
        "event: ping\ndata: {}\n\n",
        "event: ping\ndata:\n\n",
        "event: keepalive\ndata: {\"timestamp\": 1.5}\n\n",
        "event: heartbeat\ndata: not json\n\n",
        "data: {\"type\":\"ping\"}\n\n",
        "data: {\"type\":\"keepalive\"}\n\n",
    ] {
        let body = format!(
            "{ping}data: {{\"type\":\"content\",\"delta\":\"x\"}}\n\n{ping}data: [DONE]\n\n"
        );
        let run = streamed(Answer::stream(body));
        assert_eq!(run.kinds(), ["start", "content", "done"], "{ping}");
    }
}

#[test]
fn bytes_the_last_event_counts_without_its_blank_line_if_it_is_the_end_of_the_answer() {
    let before = "data: {\"type\":\"content\",\"delta\":\"x\"}\n\n";
    for end in [
        "data: [DONE]",
        "data: {\"type\":\"done\"}\n",
        "event: done\ndata: {}",
        "event: completion\ndata: {}\n",
        "data: {\"type\":\"completion\",\"data\":{\"message\":\"x\"}}\r",
    ] {
        let run = streamed(Answer::stream(format!("{before}{end}")));
        assert_eq!(text(&run), "x", "{end}");
        // where the connection broke, nobody knows whether the line was whole
        let cut = Answer::stream(format!("{before}{end}")).ending(End::Broken(None));
        assert_eq!(streamed(cut).failed().kind, ErrorKind::Truncated, "{end}");
    }
    for end in [
        "data: {\"type\":\"content\",\"delta\":\"y\"}",
        "event: error\ndata: bo",
        "event: completion\ndata: {\"da",
    ] {
        let run = streamed(Answer::stream(format!("{before}{end}")));
        assert_eq!(
            broken(&run),
            (ErrorKind::Truncated, "x".to_owned()),
            "{end}"
        );
    }
}

#[test]
fn bytes_odd_characters_do_not_cut_an_event() {
    let run = streamed(Answer::stream(fixture("s_ls.sse")));
    assert_eq!(broken(&run).1, "a\u{2028}b\u{85}c\u{B}d");
    let run = said(&[
        ("", "{\"type\":\"content\",\"delta\":\"a\u{0}b\u{1}\"}"),
        ("", "[DONE]"),
    ]);
    assert_eq!(text(&run), "a\0b\u{1}");
}

#[test]
fn bytes_a_byte_order_mark_hides_no_event() {
    let whole = streamed(Answer::stream(fixture("s_canon.sse")));
    assert_eq!(streamed(Answer::stream(fixture("s_bom.sse"))), whole);
    assert_eq!(whole.kinds().first(), Some(&"start"));
}

#[test]
fn bytes_data_lines_are_joined_before_they_are_read() {
    assert_eq!(
        text(&streamed(Answer::stream(fixture("s_multiline.sse")))),
        "a"
    );
    let body = "data: {\"type\":\ndata: \"content\",\ndata:\"delta\":\"x\"}\n\ndata: [DONE]\n\n";
    assert_eq!(text(&streamed(Answer::stream(body))), "x");
}

#[test]
fn bytes_data_that_is_no_json_is_handed_on_as_text() {
    let run = said(&[("", "not json"), ("new", "<p>"), ("", "[DONE]")]);
    assert_eq!(run.seen[0].json(), r#"{"type":"other","data":"not json"}"#);
    assert_eq!(
        run.seen[1].json(),
        r#"{"type":"other","event":"new","data":"<p>"}"#
    );
    assert_eq!(run.kinds()[2..], ["start", "done"]);
}

#[test]
fn bytes_a_connection_that_breaks_is_truncated_and_keeps_the_platforms_code() {
    let half = "data: {\"type\":\"content\",\"delta\":\"a\"}\n\ndata: {\"type\":\"cont";
    for code in [None, Some("ECONNRESET")] {
        let run = streamed(Answer::stream(half).ending(End::Broken(code)));
        assert_eq!(broken(&run), (ErrorKind::Truncated, "a".to_owned()));
        assert_eq!(run.failed().code.as_deref(), code);
        assert_eq!(run.failed().delivered, Some(Delivered::Yes));
    }
}

#[test]
fn bytes_padding_belongs_to_the_data_and_not_to_json() {
    let run = streamed(Answer::stream(
        "event: x\ndata:   padded  \n\ndata:   {\"type\":\"done\"}  \n\n",
    ));
    assert_eq!(
        run.seen[0].json(),
        r#"{"type":"other","event":"x","data":"  padded  "}"#
    );
    assert_eq!(run.kinds(), ["other", "start", "done"]);
}

#[test]
fn bytes_silence_is_a_limit_between_bytes_and_none_of_the_whole() {
    let pieces = ["data: {\"type\":\"content\",\"delta\":\"a\"}\n\n"; 10];
    let mut slow = Answer::stream("").pieces(pieces.iter().map(|piece| piece.as_bytes()));
    for (at, piece) in slow.body.iter_mut().enumerate() {
        piece.0 = at as f64 * 50_000.0;
    }
    slow.end_after = 500_000.0;
    slow.body.push((500_000.0, b"data: [DONE]\n\n".to_vec()));
    assert_eq!(text(&streamed(slow)), "aaaaaaaaaa");
    let stuck = Answer::stream(pieces[0]).ending(End::Never);
    assert_eq!(
        broken(&streamed(stuck)),
        (ErrorKind::Timeout, "a".to_owned())
    );
}

#[test]
fn bug_11_what_is_no_stream_is_an_error_and_no_empty_answer() {
    let chat = fixture("r03_chat_response.json");
    for (answer, words) in [
        (Answer::json(200, &chat), "JSON where a stream"),
        (
            Answer::json(200, r#"{"detail":"no such thing"}"#),
            "no such thing",
        ),
        (Answer::new(200, "text/html", "<html>"), "text/html"),
        (
            Answer::new(200, "text/plain", fixture("s_canon.sse")),
            "text/plain",
        ),
        (
            Answer::new(200, "", fixture("s_canon.sse")),
            "without a content type",
        ),
    ] {
        let run = streamed(answer);
        let error = run.failed();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert_eq!(error.code.as_deref(), Some("CONTENT_TYPE"));
        assert_eq!(error.delivered, Some(Delivered::Unknown));
        assert!(error.message.contains(words), "{}", error.message);
    }
    for status in [0, 301, 302, 303, 307, 308] {
        let run = streamed(Answer::new(
            status,
            "text/event-stream",
            fixture("s_canon.sse"),
        ));
        assert_eq!(run.failed().code.as_deref(), Some("REDIRECT"), "{status}");
        assert_eq!(run.requests.len(), 1, "the key is not taken along");
    }
}
