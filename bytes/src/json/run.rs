//! Runs of events that look alike: most of a stream. In: what a framer holds, and what the event before looked like. Out: the
//! string of each event that is the same but for that string and a number that counts. Head, fields and blank line are compared
//! with those before, sixteen bytes at a time, and the string is copied while its end is looked for. Left to the framer and
//! to [`Alike::take`]: everything else, and the first event of a run.

use super::pieces::Pieces;
use super::skim::Alike;
use crate::sse::Framer;
use crate::text::starts_with;

impl Pieces {
    /// Takes the strings of all events that come next and look as `alike` says. Says whether there was one.
    #[inline(never)]
    pub fn run(&mut self, framer: &mut Framer, alike: &Alike) -> bool {
        let Some((start, behind)) = alike.around() else {
            return false;
        };
        let mut some = false;
        framer.take_blocks(|bytes| {
            let held = self.held();
            let string = starts_with(bytes, start)
                .then(|| self.string(bytes, start.len()))
                .flatten();
            let end = string.and_then(|end| ends(bytes, end + 1, behind));
            if end.is_none() {
                self.take_back(held);
            }
            let end = end.filter(|_| self.took(held));
            some |= end.is_some();
            end
        });
        some
    }

    /// Takes the JSON string that goes on at `at`. Gives where its quote stands; nothing where it is unusual, or does not end:
    /// then a part of it was taken.
    #[inline(always)]
    fn string(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            at = self.copied(bytes, at);
            let meant = match (bytes.get(at)?, bytes.get(at + 1)?) {
                (b'"', _) => return Some(at),
                (b'\\', b'n') => b'\n',
                (b'\\', quote @ (b'"' | b'\\' | b'/')) => *quote,
                _ => return None,
            };
            self.byte(meant);
            at += 2;
        }
    }
}

/// Where the event ends of whose string the quote stood before `at`, if it is as the one before.
#[inline(always)]
fn ends(bytes: &[u8], at: usize, behind: &[u8]) -> Option<usize> {
    let rest = bytes.get(at..).filter(|rest| starts_with(rest, behind))?;
    let number = rest.get(behind.len()..)?;
    let digits = match number {
        [b'0', ..] => 1,
        [b'1'..=b'9', more @ ..] => {
            let digit = |byte: &&u8| byte.is_ascii_digit();
            1 + more.iter().take_while(digit).count()
        }
        _ => return None,
    };
    match number.get(digits..)? {
        [b'}', b'\n', b'\n', ..] => Some(at + behind.len() + digits + 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::{Item, text};

    const LIMIT: usize = 120;

    /// What is found in a stream: the pieces, each event that is none, and whether one was too large. With `runs`, those that
    /// look alike are taken at once.
    fn read(chunks: &[&[u8]], runs: bool) -> Vec<String> {
        let (mut framer, mut alike) = (Framer::new(LIMIT), Alike::default());
        let (mut pieces, mut joined) = (Pieces::default(), Default::default());
        let mut found = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            loop {
                if runs {
                    pieces.run(&mut framer, &alike);
                }
                let frame = match framer.next() {
                    Ok(Some(Item::Event(frame))) => frame,
                    Ok(Some(Item::Comment(_))) => continue,
                    Ok(None) => break,
                    Err(overflow) => return [found, vec![overflow.to_string()]].concat(),
                };
                let string = alike.take(frame.data, "c", &|_, name, _| name != b"no");
                let string = string.filter(|_| frame.event == b"chunk");
                let taken = string.is_some_and(|(written, _)| {
                    alike.wanted(frame.head);
                    pieces.push(written)
                });
                if !taken {
                    found.extend(pieces.iter().map(|piece| format!("{piece:?}")));
                    pieces.tell(&mut joined);
                    let (event, data) = (text(frame.event), text(frame.data));
                    found.push(format!("{event}, {data}, {}", frame.id));
                }
            }
            found.extend(pieces.iter().map(|piece| format!("{piece:?}")));
            pieces.tell(&mut joined);
        }
        pieces.join(&mut joined);
        found.push(joined.to_string_lossy().into_owned());
        found
    }

    #[test]
    fn all_events_that_look_alike_are_taken_at_once() {
        let (mut framer, mut alike) = (Framer::new(LIMIT), Alike::default());
        let mut pieces = Pieces::default();
        let event = |string: &str, index: usize| {
            format!("event: chunk\ndata: {{\"a\":1,\"c\":\"{string}\",\"i\":{index}}}\n\n")
        };
        framer.push(event("first", 0).as_bytes());
        let Ok(Some(Item::Event(frame))) = framer.next() else {
            unreachable!()
        };
        assert!(alike.take(frame.data, "c", &|_, _, _| true).is_some());
        alike.wanted(frame.head);
        let strings = ["", "a", "né, 你好 😀", "\\n\\\\ \\\" seventeen or more"];
        let events: Vec<_> = (0..200).map(|at| event(strings[at % 4], at)).collect();
        framer.push(events.concat().as_bytes());
        assert!(pieces.run(&mut framer, &alike));
        assert!(framer.is_drained());
        let found: Vec<_> = pieces.iter().map(|piece| piece.into_owned()).collect();
        let meant = ["", "a", "né, 你好 😀", "\n\\ \" seventeen or more"];
        assert_eq!(found, meant.repeat(50));
    }

    #[test]
    fn a_run_is_what_its_events_are_one_by_one() {
        let string = proptest::prop_oneof![
            proptest::strategy::Just(&b"tion"[..]),
            proptest::strategy::Just(&b""[..]),
            proptest::strategy::Just(&b"seventeen letters or more"[..]),
            proptest::strategy::Just("né, 你好 😀".as_bytes()),
            proptest::strategy::Just(&b"\\n\\\"x\\\"\\u00e9 \\/\\t"[..]),
            proptest::strategy::Just(&b"\\ud83d"[..]),
            proptest::strategy::Just(&b"\\x"[..]),
            proptest::strategy::Just(&b"\xC3"[..]),
            proptest::strategy::Just(&b"\x01"[..]),
            proptest::strategy::Just(&[b'a'; 2 * LIMIT][..]),
        ];
        let head = proptest::prop_oneof![
            8 => proptest::strategy::Just("event: chunk\ndata: "),
            1 => proptest::strategy::Just("event:chunk\ndata:"),
            1 => proptest::strategy::Just("event: chunk\r\ndata: "),
            1 => proptest::strategy::Just("event: other\ndata: "),
            1 => proptest::strategy::Just("id: 7\nevent: chunk\ndata: "),
            1 => proptest::strategy::Just("data: "),
        ];
        let before = proptest::prop_oneof![
            8 => proptest::strategy::Just(r#"{"a":1,"c":""#),
            1 => proptest::strategy::Just(r#"{"a":2,"c":""#),
            1 => proptest::strategy::Just(r#"{"c":""#),
            1 => proptest::strategy::Just(r#"{"c":1,"c":""#),
        ];
        let behind = proptest::prop_oneof![
            8 => proptest::strategy::Just(r#"","i":"#),
            1 => proptest::strategy::Just(r#"","index":"#),
            1 => proptest::strategy::Just(r#"","no":"#),
            1 => proptest::strategy::Just(r#"","i": "#),
        ];
        let end = proptest::prop_oneof![
            8 => proptest::strategy::Just("12}\n\n"),
            1 => proptest::strategy::Just("0}\n\n"),
            1 => proptest::strategy::Just("01}\n\n"),
            1 => proptest::strategy::Just("1.5}\n\n"),
            1 => proptest::strategy::Just("1}\r\n\r\n"),
            1 => proptest::strategy::Just("1}\ndata:\n\n"),
            1 => proptest::strategy::Just("1} \n\n"),
            1 => proptest::strategy::Just("1}\n: comment\n\n"),
        ];
        let event = (head, before, string, behind, end);
        let events = proptest::collection::vec(event, 0..20);
        let sizes = proptest::collection::vec(1..300_usize, 1..4);
        proptest::proptest!(|(events in events, sizes in sizes)| {
            let part = |(head, before, string, behind, end): &(&str, &str, &[u8], &str, &str)| {
                [head.as_bytes(), before.as_bytes(), string, behind.as_bytes(), end.as_bytes()].concat()
            };
            let stream: Vec<u8> = events.iter().flat_map(part).collect();
            let (mut chunks, mut rest) = (Vec::new(), &stream[..]);
            for size in sizes.iter().cycle() {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            proptest::prop_assert_eq!(read(&chunks, true), read(&chunks, false));
        });
    }
}
