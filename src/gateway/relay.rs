//! The body of an answer on its way through. In: its bytes, however the network cuts them. Out: the same bytes without
//! the key, and whether what went out ends between two events, where a comment harms none. What is in the events is left
//! to the client.

use memchr::memchr_iter;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const INSTEAD: &[u8] = b"[redacted]";

/// One body.
pub struct Relay {
    secrets: Vec<Vec<u8>>,
    /// what may become a secret, or the byte order mark
    held: Vec<u8>,
    begun: bool,
    left: f64,
    lines: Lines,
}

/// The body is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl Relay {
    /// A body of at most `most` bytes that shall not hold any of `secrets`.
    pub fn new(secrets: &[String], most: f64) -> Self {
        Relay {
            secrets: secrets
                .iter()
                .map(|secret| secret.clone().into_bytes())
                .filter(|secret| !secret.is_empty())
                .collect(),
            held: Vec::new(),
            begun: false,
            left: most,
            lines: Lines::default(),
        }
    }

    /// What may go out once `bytes` came in.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, TooLarge> {
        self.left -= bytes.len() as f64;
        if self.left < 0.0 {
            return Err(TooLarge);
        }
        self.held.extend_from_slice(bytes);
        if !self.begun {
            if BYTE_ORDER_MARK.starts_with(&self.held) && self.held.len() < BYTE_ORDER_MARK.len() {
                return Ok(Vec::new());
            }
            // behind a comment of ours it would no longer stand at the start, and spoil the first line
            if self.held.starts_with(BYTE_ORDER_MARK) {
                self.held.drain(..BYTE_ORDER_MARK.len());
            }
            self.begun = true;
        }
        let mut out = Vec::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        while let Some((at, length)) = self.first_secret(rest) {
            out.extend_from_slice(rest.get(..at).unwrap_or_default());
            out.extend_from_slice(INSTEAD);
            rest = rest.get(at + length..).unwrap_or_default();
        }
        let (safe, held) = rest.split_at(rest.len() - self.doubtful(rest));
        out.extend_from_slice(safe);
        self.held = held.to_vec();
        self.lines.pass(&out);
        Ok(out)
    }

    /// The rest, once the body ended.
    pub fn end(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.held);
        self.lines.pass(&rest);
        rest
    }

    /// Whether what went out ends between two events.
    pub fn is_between_events(&self) -> bool {
        self.held.is_empty() && self.lines.is_blank()
    }

    fn first_secret(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        // of two that begin together the longer one: the rest of it must not stay
        self.secrets
            .iter()
            .filter_map(|secret| Some((position(bytes, secret)?, secret.len())))
            .min_by_key(|(at, length)| (*at, usize::MAX - length))
    }

    /// How many of the last bytes may be the beginning of a secret.
    fn doubtful(&self, bytes: &[u8]) -> usize {
        let of = |secret: &Vec<u8>| {
            let most = bytes.len().min(secret.len().saturating_sub(1));
            let fits = |count: &usize| bytes.ends_with(secret.get(..*count).unwrap_or_default());
            (1..=most).rev().find(fits).unwrap_or_default()
        };
        self.secrets.iter().map(of).max().unwrap_or_default()
    }
}

/// Where `wanted` begins first. memchr's own search for a text is faster, and larger than all of the gateway.
fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let begins = |at: &usize| {
        bytes
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(wanted))
    };
    memchr_iter(*wanted.first()?, bytes).find(begins)
}

/// Where lines end: CR, LF or CRLF, as the HTML standard has it for event streams.
#[derive(Default)]
struct Lines {
    /// the line under way has a byte
    under_way: bool,
    /// the line before it had one
    filled: bool,
    after_carriage_return: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let second_half = std::mem::take(&mut self.after_carriage_return) && *byte == b'\n';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => {
                    self.filled = std::mem::take(&mut self.under_way);
                    self.after_carriage_return = *byte == b'\r';
                }
                _ => self.under_way = true,
            }
        }
    }

    fn is_blank(&self) -> bool {
        !self.under_way && !self.filled
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sse::{Framer, Item};

    const PING: &[u8] = b": ping\n\n";

    fn relay(secrets: &[&str]) -> Relay {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        Relay::new(&secrets, f64::INFINITY)
    }

    /// The body cut at these places, with a comment wherever one may stand.
    fn pinged(mut relay: Relay, body: &[u8], cuts: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        let ping = |relay: &Relay, out: &mut Vec<u8>| {
            if relay.is_between_events() {
                out.extend_from_slice(PING);
            }
        };
        ping(&relay, &mut out);
        let mut from = 0;
        for to in cuts.iter().copied().chain([body.len()]) {
            out.extend(relay.push(&body[from..to]).unwrap());
            ping(&relay, &mut out);
            from = to;
        }
        out.extend(relay.end());
        out
    }

    fn events(body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>, String)> {
        let mut framer = Framer::new(1 << 20);
        framer.push(body);
        let mut events = Vec::new();
        while let Some(item) = framer.next().unwrap() {
            if let Item::Event(frame) = item {
                events.push((
                    frame.event.to_vec(),
                    frame.data.to_vec(),
                    frame.id.to_owned(),
                ));
            }
        }
        events
    }

    #[test]
    fn a_comment_may_stand_before_the_first_event_and_behind_every_blank_line() {
        let mut relay = relay(&[]);
        let mut seen = vec![relay.is_between_events()];
        for part in [
            "event: a\n",
            "data: b",
            "\n",
            "\n",
            "d",
            "ata: c\r\n",
            "\r",
            "\n",
        ] {
            relay.push(part.as_bytes()).unwrap();
            seen.push(relay.is_between_events());
        }
        let wanted = [true, false, false, false, true, false, false, true, true];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn a_byte_order_mark_is_left_out_because_a_comment_may_have_gone_before_it() {
        for cuts in [vec![], vec![1], vec![2], vec![1, 2], vec![3]] {
            let out = pinged(relay(&[]), b"\xEF\xBB\xBFdata: x\n\n", &cuts);
            assert_eq!(
                events(&out),
                [(vec![], b"x".to_vec(), String::new())],
                "{cuts:?}"
            );
        }
        // what only begins like one is kept
        assert_eq!(
            pinged(relay(&[]), b"\xEF\xBBx\n\n", &[1, 2]),
            b": ping\n\n\xEF\xBBx\n\n: ping\n\n"
        );
    }

    #[test]
    fn a_secret_does_not_pass_however_it_is_cut() {
        let body = b"data: the s3cr3t is s3s3cr3t\n\ndata: s3cr3t-2\n\n";
        for first in 0..body.len() {
            for second in first..body.len() {
                let out = pinged(relay(&["s3cr3t", "s3cr3t-2"]), body, &[first, second]);
                let out = String::from_utf8(out).unwrap().replace(": ping\n\n", "");
                assert!(!out.contains("s3cr3t"), "{out}");
                assert!(
                    out.contains("data: the [redacted] is s3[redacted]\n\n"),
                    "{out}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_secret_waits_for_nothing_behind_its_end() {
        let mut relay = relay(&["s3cr3t"]);
        assert_eq!(relay.push(b"data: s3c").unwrap(), b"data: ");
        assert!(!relay.is_between_events());
        assert_eq!(relay.push(b"ret\n\n").unwrap(), b"s3cret\n\n");
        assert!(relay.is_between_events());
        assert_eq!(relay.push(b"s3cr3").unwrap(), b"");
        assert_eq!(relay.end(), b"s3cr3");
    }

    #[test]
    fn a_body_over_the_limit_is_one() {
        let mut relay = Relay::new(&[], 4.0);
        assert_eq!(relay.push(b"1234"), Ok(b"1234".to_vec()));
        assert_eq!(relay.push(b"5"), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn comments_between_the_events_change_none_of_them(
            lines in proptest::collection::vec(
                ("(data|event|id|retry|other|:)?[: ]{0,2}[a-c]{0,3}", "\n|\r|\r\n"), 0..24),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        ) {
            let body: String = lines.into_iter().map(|(line, end)| line + &end).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(body.len() + 1)).collect();
            cuts.sort();
            let out = pinged(relay(&["abc"]), body.as_bytes(), &cuts);
            let hidden = body.replace("abc", "[redacted]");
            prop_assert_eq!(events(&out), events(hidden.as_bytes()));
        }
    }
}
