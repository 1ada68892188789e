//! Any bytes, cut anywhere.

use crate::oracle;
use crate::outcome::{Seen, framed, reframed};
use agentline::sse::Framer;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces of streams, whole and broken, so that arbitrary bytes come near every state.
const PIECES: &[&[u8]] = &[
    b"data",
    b"data:",
    b"data: ",
    b"event",
    b"event: ",
    b"id",
    b"id: ",
    b"retry",
    b"retry: ",
    b":",
    b": ",
    b" ",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\r",
    b"\0",
    b"a",
    b"12",
    b"dat",
    b"Data: ",
    b"unknown: ",
    b"\xEF\xBB\xBF",
    b"\xEF",
    b"\xBB\xBF",
    "\u{1F600}".as_bytes(),
    b"\xF0\x9F",
    b"\x80",
    b"\xC0\x8A",
    b"\xED\xA0\x80",
    b"\xFF",
    b"data: one\n\n",
    b"event: name\ndata: two\n\n",
    b"id: 7\n",
    b"retry: 99999999999999999999\n",
    "data: \u{2028}\u{85}\n".as_bytes(),
];

fn stream() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<u8>(), 0..200),
    ]
}

/// The bytes as the network might cut them, empty pieces included.
fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut offsets: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    offsets.sort_unstable();
    let mut pieces = Vec::new();
    let mut rest = bytes;
    let mut start = 0;
    for offset in offsets {
        let (piece, after) = rest.split_at(offset - start);
        pieces.push(piece);
        (rest, start) = (after, offset);
    }
    pieces.push(rest);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_connection_takes_nothing_over_but_the_last_event_id_and_the_reconnection_time(
        first in stream(),
        second in stream(),
        cuts in vec(any::<Index>(), 0..8),
        keep_comments: bool,
    ) {
        let before = oracle::read(&first, "", false);
        let mut want = oracle::read(&second, &before.last_event_id, false);
        want.retry = want.retry.or(before.retry);
        if !keep_comments {
            want.seen.retain(|seen| matches!(seen, Seen::Event { .. }));
        }
        let mut framer = Framer::new(usize::MAX);
        framer.keep_comments(keep_comments);
        prop_assert_eq!(reframed(framer, cut(&first, &cuts), cut(&second, &cuts)), want);
    }

    #[test]
    fn any_bytes_cut_anywhere_read_as_the_standard_says(
        bytes in stream(),
        cuts in vec(any::<Index>(), 0..12),
        initial in "[a-z]{0,2}",
        dispatch_unfinished: bool,
    ) {
        let want = oracle::read(&bytes, &initial, dispatch_unfinished);
        let mut framer = Framer::with_last_event_id(usize::MAX, initial.clone());
        framer.keep_comments(true);
        prop_assert_eq!(&framed(framer, cut(&bytes, &cuts), dispatch_unfinished), &want);

        let mut without_comments = want;
        without_comments.seen.retain(|seen| matches!(seen, Seen::Event { .. }));
        let framer = Framer::with_last_event_id(usize::MAX, initial);
        prop_assert_eq!(framed(framer, bytes.chunks(1), dispatch_unfinished), without_comments);
    }

    #[test]
    fn a_limit_strikes_at_the_same_event_however_the_bytes_are_cut(
        bytes in stream(),
        cuts in vec(any::<Index>(), 0..12),
        limit in 0_usize..12,
        keep_comments: bool,
    ) {
        let framer = || {
            let mut framer = Framer::new(limit);
            framer.keep_comments(keep_comments);
            framer
        };
        let whole = framed(framer(), [bytes.as_slice()], false);
        prop_assert_eq!(&framed(framer(), cut(&bytes, &cuts), false), &whole);
        prop_assert_eq!(&framed(framer(), bytes.chunks(1), false), &whole);

        // Up to there it reads as without a limit, but for comments that are too long.
        let unlimited = oracle::read(&bytes, "", false).seen;
        let fits = |seen: &&Seen| match seen {
            Seen::Comment(_) => false,
            Seen::Event { .. } => true,
        };
        let got: Vec<&Seen> = whole.seen.iter().filter(fits).collect();
        let want: Vec<&Seen> = unlimited.iter().filter(fits).collect();
        prop_assert!(want.starts_with(&got));
        prop_assert!(whole.overflowed || want.len() == got.len());
        for seen in got {
            let Seen::Event { data, .. } = seen else { unreachable!() };
            // A byte that is not UTF-8 becomes three.
            prop_assert!(data.len() <= 3 * limit);
        }
    }
}
