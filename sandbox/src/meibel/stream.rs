//! A turn as the events of a stream, with all their times.
//!
//! In: a turn. Out: a response. What happens in the turn is `script`'s, what an answer holds `answer`'s.

use super::answer::{self, clean, said};
use super::script::{Outcome, Step};
use super::switches::{Characters, Ending, ErrorForm, Framing, Newline, Partials, Pings, Style};
use super::turn::Turn;
use crate::fault::{self, shape};
use crate::http::{End, Piece, Response};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value, json};
use std::io;

/// So many pings are enough for any test; a wait of weeks must not fill the memory.
const MOST_PINGS: usize = 10_000;

#[derive(Debug, Clone, Default)]
struct Event {
    after: f64,
    name: Option<&'static str>,
    data: Option<String>,
    id: Option<&'static str>,
    retry: Option<&'static str>,
    comment: Option<String>,
    /// Whether it ends the answer.
    is_last: bool,
}

/// The answer to `/chat/stream`.
pub(super) fn stream(turn: &Turn, latency_ms: f64) -> Response {
    let mut events = match turn.switches.style {
        Style::Events => named(turn, latency_ms),
        Style::Guide => guide(turn),
        Style::Legacy => legacy(turn, latency_ms),
    };
    let ends_after = turn.given_up_after.unwrap_or(turn.ends_after);
    if turn.switches.sentinel || turn.switches.style == Style::Legacy {
        events.push(Event {
            after: ends_after,
            data: Some("[DONE]".into()),
            is_last: true,
            ..Event::default()
        });
    }
    events.extend(pings(turn, latency_ms, ends_after));
    // Stable: what was said stays in its order.
    events.sort_by(|one, other| one.after.total_cmp(&other.after));
    respond(turn, latency_ms, ends_after, &events)
}

impl Event {
    fn json(turn: &Turn, after: f64, name: Option<&'static str>, data: &Value) -> Self {
        Self {
            after,
            name,
            data: Some(written(turn, data)),
            ..Self::default()
        }
    }
}

/// An event's data with what all but `connected` carry. No document names the values of `disposition`.
fn with_meta(turn: &Turn, kind: &str, after: f64, index: usize, own: Value) -> Value {
    let disposition = match kind {
        "completion" | "error" => "final",
        _ => "intermediate",
    };
    let mut data = Map::new();
    data.insert("type".into(), kind.into());
    data.insert("disposition".into(), disposition.into());
    data.insert("sequence".into(), turn.sequence(after, index).into());
    data.insert("timestamp".into(), turn.stamp(after).into());
    if let Value::Object(own) = own {
        data.extend(own);
    }
    Value::Object(data)
}

/// What of the steps is told before the server gives up.
fn told(turn: &Turn) -> impl Iterator<Item = (f64, usize, &Step)> {
    let until = turn.given_up_after.unwrap_or(f64::INFINITY);
    turn.steps().filter(move |(after, _, _)| *after <= until)
}

/// Why the answer fails, if it does.
fn failure(turn: &Turn) -> Option<(f64, String)> {
    // No contract names what a stream does when `timeout_seconds` run out.
    if let Some(after) = turn.given_up_after {
        return Some((after, turn.gave_up()));
    }
    match &turn.script.outcome {
        Outcome::Failed(reason) => Some((turn.ends_after, format!("Workflow failed: {reason}"))),
        Outcome::Said(_) => None,
    }
}

fn error(turn: &Turn, after: f64, reason: &str) -> Event {
    let index = turn.script.steps.len() + 2;
    let data = match turn.switches.error {
        ErrorForm::Object => written(turn, &json!({"error": reason})),
        ErrorForm::Content => {
            let own = json!({"content": reason});
            written(turn, &with_meta(turn, "error", after, index, own))
        }
        ErrorForm::Text => reason.to_owned(),
    };
    Event {
        after,
        name: Some("error"),
        data: Some(data),
        is_last: true,
        ..Event::default()
    }
}

fn named(turn: &Turn, latency_ms: f64) -> Vec<Event> {
    let signal = json!({"signal_id": turn.signal_id});
    let connected = Event::json(turn, latency_ms, Some("connected"), &signal);
    let meta = |name: &'static str, after, index, own| {
        let data = with_meta(turn, name, after, index, own);
        Event::json(turn, after, Some(name), &data)
    };
    let working = json!({"content": "The agent is working"});
    let mut events = vec![connected];
    if turn
        .given_up_after
        .is_none_or(|after| turn.begins_after <= after)
    {
        events.push(meta("status", turn.begins_after, 1, working));
    }
    let mut so_far = String::new();
    let shows_tools = turn.message.include_tool_activity != Some(false);
    for (after, index, step) in told(turn) {
        match step {
            Step::ToolCall {
                tool,
                name,
                arguments,
            } if shows_tools => {
                let own = json!({"tool_id": turn.tool_id(*tool), "tool_name": name, "arguments": arguments});
                events.push(meta("tool_call", after, index, own));
            }
            Step::ToolResult { tool, result, .. } if shows_tools => {
                let own = json!({"tool_id": turn.tool_id(*tool), "result": result});
                events.push(meta("tool_result", after, index, own));
            }
            Step::ToolCall { .. } | Step::ToolResult { .. } => {}
            Step::Piece(piece) => {
                so_far.push_str(piece);
                let text = match turn.switches.partials {
                    Partials::Snapshot => so_far.as_str(),
                    Partials::Delta => piece,
                };
                let own = json!({"data": answer::partial(turn, text)});
                events.push(meta("partial_response", after, index, own));
            }
        }
    }
    events.push(match failure(turn) {
        Some((after, reason)) => error(turn, after, &reason),
        None => {
            let own = json!({"data": answer::complete(turn)});
            let index = turn.script.steps.len() + 2;
            let last = meta("completion", turn.ends_after, index, own);
            Event {
                is_last: true,
                ..last
            }
        }
    });
    events
}

/// The guide's events have no names; it shows neither tools nor errors, so that an error is the named one.
fn guide(turn: &Turn) -> Vec<Event> {
    let mut events: Vec<Event> = told(turn)
        .filter_map(|(after, _, step)| match step {
            Step::Piece(piece) => {
                let data = json!({"type": "content", "delta": clean(turn, piece)});
                Some(Event::json(turn, after, None, &data))
            }
            _ => None,
        })
        .collect();
    if let Some((after, reason)) = failure(turn) {
        events.push(error(turn, after, &reason));
        return events;
    }
    if turn.script.cites {
        let data = json!({"type": "citations", "citations": answer::guide_citations()});
        events.push(Event::json(turn, turn.ends_after, None, &data));
    }
    let done = Event::json(turn, turn.ends_after, None, &json!({"type": "done"}));
    events.push(Event {
        is_last: true,
        ..done
    });
    events
}

fn legacy(turn: &Turn, latency_ms: f64) -> Vec<Event> {
    let ping = Event {
        after: latency_ms,
        name: Some("ping"),
        ..Event::default()
    };
    let last = match failure(turn) {
        Some((after, reason)) => error(turn, after, &reason),
        None => {
            let text = clean(turn, said(turn).unwrap_or(""));
            let name = Some("completion");
            let last = Event::json(turn, turn.ends_after, name, &json!({"content": text}));
            Event {
                id: Some("1"),
                is_last: true,
                ..last
            }
        }
    };
    vec![ping, last]
}

fn pings(turn: &Turn, from: f64, until: f64) -> Vec<Event> {
    let forms = [
        Pings::Comment,
        Pings::Event,
        Pings::Keepalive,
        Pings::Heartbeat,
    ];
    let times = (1..=MOST_PINGS)
        .map(|count| from + turn.switches.ping_ms * f64::from(u32::try_from(count).unwrap_or(0)))
        .take_while(|after| *after < until);
    let ping = |(after, next): (f64, &Pings)| {
        let form = match turn.switches.pings {
            Pings::All => *next,
            other => other,
        };
        let event = Event {
            after,
            ..Event::default()
        };
        match form {
            Pings::Comment | Pings::All => Some(Event {
                comment: Some(format!("ping - {}", turn.stamp(after))),
                ..event
            }),
            Pings::Event => Some(Event {
                name: Some("ping"),
                id: Some("7"),
                retry: Some("50"),
                ..event
            }),
            Pings::Keepalive => {
                let data = json!({"timestamp": (turn.arrived + after) / 1000.0});
                Some(Event::json(turn, after, Some("keepalive"), &data))
            }
            Pings::Heartbeat => Some(Event::json(turn, after, Some("heartbeat"), &json!({}))),
            Pings::None => None,
        }
    };
    times.zip(forms.iter().cycle()).filter_map(ping).collect()
}

fn respond(turn: &Turn, latency_ms: f64, ends_after: f64, events: &[Event]) -> Response {
    let ending = turn.switches.end;
    let last = events.iter().position(|event| event.is_last);
    let kept = match (ending, last) {
        (Ending::Short, Some(last)) => events.get(..last).unwrap_or(events),
        (Ending::Cut, Some(last)) => events.get(..=last).unwrap_or(events),
        _ => events,
    };
    let mut body: Vec<Piece> = kept
        .iter()
        .map(|event| Piece {
            after_ms: event.after,
            bytes: framed(turn, event),
        })
        .collect();
    if turn.switches.bom {
        shape::put_bom(&mut body);
    }
    if let Some(piece) = body.last_mut() {
        match ending {
            Ending::Cut => piece.bytes.truncate((piece.bytes.len() / 2).max(1)),
            Ending::Unfinished => {
                let blank = if turn.switches.newline == Newline::Crlf {
                    2
                } else {
                    1
                };
                piece
                    .bytes
                    .truncate(piece.bytes.len().saturating_sub(blank).max(1));
            }
            _ => {}
        }
    }
    Response {
        status: 200,
        headers: vec![
            (
                "content-type".into(),
                "text/event-stream; charset=utf-8".into(),
            ),
            ("cache-control".into(), "no-cache".into()),
            ("x-accel-buffering".into(), "no".into()),
        ],
        after_ms: latency_ms,
        body,
        end: match ending {
            Ending::Cut | Ending::Late => End::Cut,
            Ending::Unanswered => End::Unanswered,
            Ending::Whole | Ending::Short | Ending::Unfinished => End::Clean,
        },
        end_after_ms: ends_after,
        turn: None,
    }
}

fn framed(turn: &Turn, event: &Event) -> Vec<u8> {
    let framing = turn.switches.framing;
    let mut lines: Vec<String> = Vec::new();
    let mut field = |name: &str, value: &str| {
        let space = if framing == Framing::Tight { "" } else { " " };
        lines.push(format!("{name}:{space}{value}"));
    };
    if let Some(comment) = &event.comment {
        field("", comment);
    }
    if framing == Framing::Tight && event.data.is_some() {
        field("id", "42");
        field("retry", "3000");
        field("foo", "bar");
    }
    if let Some(id) = event.id {
        field("id", id);
    }
    if let Some(name) = event.name {
        field("event", name);
    }
    if let Some(retry) = event.retry {
        field("retry", retry);
    }
    if let Some(data) = &event.data {
        let (first, second) = match framing {
            Framing::Multiline => between_members(data),
            Framing::Plain | Framing::Tight => (data.as_str(), ""),
        };
        field("data", first);
        if !second.is_empty() {
            field("data", second);
        }
    }
    lines.push(String::new());
    lines.push(String::new());
    let text = lines.join("\n").into_bytes();
    match turn.switches.newline {
        Newline::Lf => text,
        Newline::Crlf => shape::with_newlines(&text, fault::Newline::Crlf, &mut false),
        Newline::Cr => shape::with_newlines(&text, fault::Newline::Cr, &mut false),
    }
}

/// Cuts JSON after its first comma that is not inside a string.
fn between_members(data: &str) -> (&str, &str) {
    let (mut inside, mut escaped) = (false, false);
    for (at, byte) in data.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' if !inside => return data.split_at(at + 1),
            _ => {}
        }
    }
    (data, "")
}

/// As `json.dumps` writes it: a space after each comma and colon.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn written(turn: &Turn, value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Spaced);
    // A value in memory is always written.
    let text = match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    };
    match turn.switches.characters {
        Characters::Raw => text,
        Characters::Escaped => escaped(&text),
    }
}

/// What is not ASCII stands inside strings only.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii() => out.push(char::from(ascii)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{between_members, escaped};

    #[test]
    fn json_is_cut_between_two_members() {
        assert_eq!(
            between_members(r#"{"a": "x, \"y\"", "b": 1}"#),
            (r#"{"a": "x, \"y\"","#, r#" "b": 1}"#)
        );
        assert_eq!(between_members("[DONE]"), ("[DONE]", ""));
    }

    #[test]
    fn what_is_not_ascii_is_escaped_half_a_pair_at_a_time() {
        assert_eq!(escaped("\"é😀\u{2028}\""), r#""\u00e9\ud83d\ude00\u2028""#);
    }
}
