//! What a fault makes of an answer's bytes and times.
//!
//! In: a response that has a head and a body. Out: the same, changed. Each function may be applied to what another one
//! made, and keeps to time: what leaves at a moment is made of what was there by then, so that an answer which turns into
//! another one still does.

use super::Newline;
use crate::http::{End, Piece, Response};

/// A body in more pieces than these costs memory, and shows nothing more.
const MOST_PIECES: usize = 100_000;

/// A place in the body, by the drawn number.
pub(super) fn byte(response: &Response, drawn: u64) -> u64 {
    drawn % length(response).max(1)
}

/// A frame that is followed by `followers` others, by the drawn number; the first where there are too few.
pub(super) fn frame(response: &Response, drawn: u64, followers: usize) -> u64 {
    let count = frames(&response.body).len().saturating_sub(followers);
    drawn % (count.max(1) as u64) + 1
}

fn length(response: &Response) -> u64 {
    response
        .body
        .iter()
        .map(|piece| piece.bytes.len() as u64)
        .sum()
}

fn is_stream(response: &Response) -> bool {
    response
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// The length is told again where it was told before: the change is no mistake of the transport.
fn with_length(mut response: Response) -> Response {
    let length = length(&response).to_string();
    for (name, value) in &mut response.headers {
        if name == "content-length" {
            value.clone_from(&length);
        }
    }
    response
}

/// The pieces up to a byte; `None` where that is behind the last one.
fn until(body: &[Piece], at: u64) -> Option<Vec<Piece>> {
    let mut left = at;
    let mut kept = Vec::new();
    for piece in body {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        match piece.bytes.get(..most) {
            Some([]) => return Some(kept),
            Some(bytes) if bytes.len() < piece.bytes.len() => {
                kept.push(Piece {
                    after_ms: piece.after_ms,
                    bytes: bytes.to_vec(),
                });
                return Some(kept);
            }
            _ => kept.push(piece.clone()),
        }
        left = left.saturating_sub(piece.bytes.len() as u64);
    }
    None
}

pub(super) fn stall(response: Response, at: u64) -> Response {
    let body = until(&response.body, at).unwrap_or_else(|| response.body.clone());
    let last = body
        .last()
        .map_or(response.after_ms, |piece| piece.after_ms);
    Response {
        body,
        end: End::Never,
        end_after_ms: last,
        ..response
    }
}

pub(super) fn cut(response: Response, at: u64, clean: bool) -> Response {
    let Some(body) = until(&response.body, at) else {
        // Nothing is missing but the end itself.
        let end = if clean { response.end } else { End::Cut };
        return Response { end, ..response };
    };
    let last = body
        .last()
        .map_or(response.after_ms, |piece| piece.after_ms);
    let response = Response {
        body,
        end: if clean { End::Clean } else { End::Cut },
        end_after_ms: last,
        ..response
    };
    if clean {
        with_length(response)
    } else {
        response
    }
}

pub(super) fn drip(response: Response, bytes: u64, every_ms: f64) -> Response {
    let whole = response.bytes();
    let size = usize::try_from(bytes)
        .unwrap_or(usize::MAX)
        .max(whole.len().div_ceil(MOST_PIECES))
        .max(1);
    // Where each piece ends, and when it was there.
    let mut due = response
        .body
        .iter()
        .scan(0, |end, piece| {
            *end += piece.bytes.len();
            Some((*end, piece.after_ms))
        })
        .peekable();
    let mut at = response.after_ms;
    let mut end = 0;
    let mut body = Vec::new();
    for chunk in whole.chunks(size) {
        end += chunk.len();
        while due.next_if(|(until, _)| *until < end).is_some() {}
        let there = due.peek().map_or(at, |(_, after_ms)| *after_ms);
        at = (at + every_ms).max(there);
        body.push(Piece {
            after_ms: at,
            bytes: chunk.to_vec(),
        });
    }
    Response {
        body,
        end_after_ms: response.end_after_ms.max(at),
        ..response
    }
}

/// The frames of an event stream, each up to and with its empty line; what lacks one is the last.
fn frames(body: &[Piece]) -> Vec<Piece> {
    let mut frames = Vec::new();
    let mut frame: Vec<u8> = Vec::new();
    let mut last = 0.0;
    let mut line_is_empty = true;
    let mut after_return = false;
    for piece in body {
        for byte in &piece.bytes {
            if *byte == b'\n' && after_return {
                // It belongs to the line that its carriage return ended, and so to that line's frame.
                after_return = false;
                match (frame.is_empty(), frames.last_mut()) {
                    (true, Some(Piece { bytes, after_ms })) => {
                        bytes.push(*byte);
                        *after_ms = piece.after_ms;
                    }
                    _ => frame.push(*byte),
                }
                continue;
            }
            frame.push(*byte);
            after_return = *byte == b'\r';
            let ends_line = after_return || *byte == b'\n';
            if ends_line && line_is_empty {
                frames.push(Piece {
                    after_ms: piece.after_ms,
                    bytes: std::mem::take(&mut frame),
                });
            }
            line_is_empty = ends_line;
        }
        last = piece.after_ms;
    }
    if !frame.is_empty() {
        frames.push(Piece {
            after_ms: last,
            bytes: frame,
        });
    }
    frames
}

/// The index of a frame that counts from 1.
fn index(frame: u64) -> usize {
    usize::try_from(frame).unwrap_or(usize::MAX).wrapping_sub(1)
}

pub(super) fn duplicate(response: Response, frame: u64) -> Response {
    if !is_stream(&response) {
        return response;
    }
    let mut body = frames(&response.body);
    if let Some(twice) = body.get(index(frame)).cloned() {
        body.insert(index(frame), twice);
    }
    Response { body, ..response }
}

pub(super) fn reorder(response: Response, frame: u64) -> Response {
    if !is_stream(&response) {
        return response;
    }
    let mut body = frames(&response.body);
    let at = index(frame);
    // The frame is held back: its successor cannot come before it is there.
    let next = body.get(at + 1).map(|next| next.after_ms);
    if let Some(held) = body.get_mut(at) {
        held.after_ms = held.after_ms.max(next.unwrap_or(response.end_after_ms));
        if next.is_some() {
            body.swap(at, at + 1);
        }
    }
    Response { body, ..response }
}

pub(super) fn newlines(response: Response, newline: Newline) -> Response {
    if !is_stream(&response) {
        return response;
    }
    let mut after_return = false;
    let pieces = response.body.into_iter().filter_map(|piece| {
        let bytes = with_newlines(&piece.bytes, newline, &mut after_return);
        (!bytes.is_empty()).then_some(Piece { bytes, ..piece })
    });
    Response {
        body: pieces.collect(),
        ..response
    }
}

/// Lines that end in any way, ended in this one. `after_return` is what one piece of a text tells the next.
pub(crate) fn with_newlines(bytes: &[u8], newline: Newline, after_return: &mut bool) -> Vec<u8> {
    let end: &[u8] = match newline {
        Newline::Crlf => b"\r\n",
        Newline::Cr => b"\r",
    };
    let mut out = Vec::with_capacity(bytes.len() + 8);
    for byte in bytes {
        match byte {
            b'\n' if *after_return => {}
            b'\n' | b'\r' => out.extend_from_slice(end),
            other => out.push(*other),
        }
        *after_return = *byte == b'\r';
    }
    out
}

pub(super) fn bom(mut response: Response) -> Response {
    put_bom(&mut response.body);
    with_length(response)
}

/// Puts a byte order mark before a body.
pub(crate) fn put_bom(body: &mut [Piece]) {
    if let Some(first) = body.first_mut() {
        first.bytes.splice(0..0, "\u{feff}".bytes());
    }
}

pub(super) fn split(response: Response, pause_ms: f64) -> Response {
    let mut body: Vec<Piece> = Vec::new();
    let mut at = response.after_ms;
    for piece in response.body {
        let mut rest = piece.bytes.as_slice();
        at = at.max(piece.after_ms);
        while let Some(place) = half_a_character(rest).filter(|_| body.len() < MOST_PIECES) {
            let (half, after) = rest.split_at(place);
            body.push(Piece {
                after_ms: at,
                bytes: half.to_vec(),
            });
            rest = after;
            at += pause_ms;
        }
        body.push(Piece {
            after_ms: at,
            bytes: rest.to_vec(),
        });
    }
    Response {
        body,
        end_after_ms: response.end_after_ms.max(at),
        ..response
    }
}

/// The middle of the first character that has several bytes and is there in full.
fn half_a_character(bytes: &[u8]) -> Option<usize> {
    bytes.iter().enumerate().find_map(|(at, byte)| {
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return None,
        };
        (at + length <= bytes.len()).then_some(at + length / 2)
    })
}
