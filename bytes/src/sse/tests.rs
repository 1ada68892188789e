//! What cannot be seen from outside: memory, and work.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use super::{Framer, Item, Overflow};

const LIMIT: usize = 1 << 20;

/// The data of the next event.
fn data(framer: &mut Framer) -> Option<Vec<u8>> {
    match framer.next() {
        Ok(Some(Item::Event(frame))) => Some(frame.data.to_vec()),
        Ok(None) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_of_one_data_line_is_lent_out_of_the_buffer_that_the_network_filled() {
    let bytes = b"event: chunk\ndata: Hello\n\n";
    let mut framer = Framer::new(LIMIT);
    let space = framer.space(bytes.len());
    space[..bytes.len()].copy_from_slice(bytes);
    let buffer = space.as_ptr();
    framer.filled(bytes.len());
    let Ok(Some(Item::Event(frame))) = framer.next() else {
        panic!("no event")
    };
    assert_eq!((frame.event, frame.data), (&b"chunk"[..], &b"Hello"[..]));
    assert_eq!(frame.event.as_ptr(), buffer.wrapping_add(7));
    assert_eq!(frame.data.as_ptr(), buffer.wrapping_add(19));
}

#[test]
fn space_stays_at_the_begin_of_the_buffer_while_events_end_with_their_pieces() {
    let mut framer = Framer::new(LIMIT);
    let first = framer.space(64).as_ptr();
    for _ in 0..1000 {
        framer.push(b"data: a\n\n");
        assert_eq!(data(&mut framer).as_deref(), Some(&b"a"[..]));
        assert_eq!(data(&mut framer), None);
        assert_eq!(framer.space(64).as_ptr(), first);
    }
}

#[test]
fn no_more_counts_as_filled_than_there_was_space() {
    let mut framer = Framer::new(LIMIT);
    framer.space(4).copy_from_slice(b"\n\n\n\n");
    framer.filled(usize::MAX);
    assert_eq!(framer.filled, 4);
    assert_eq!(data(&mut framer), None);
}

#[test]
fn an_event_dispatched_by_cr_alone_is_not_late() {
    let mut framer = Framer::new(LIMIT);
    framer.push(b"data: a\r\n\r");
    assert_eq!(data(&mut framer).as_deref(), Some(&b"a"[..]));
    framer.push(b"\ndata: b\r\r");
    assert_eq!(data(&mut framer).as_deref(), Some(&b"b"[..]));
    assert_eq!(data(&mut framer), None);
}

#[test]
fn a_block_survives_a_comment_taken_out_of_its_middle() {
    let mut framer = Framer::new(LIMIT);
    framer.keep_comments(true);
    framer.push(b"id: 1\nevent: name\ndata: a\n: comment\n");
    assert_eq!(framer.next(), Ok(Some(Item::Comment(b" comment"))));
    framer.space(1 << 16).fill(b'x');
    framer.push(b"data: b\n\n");
    let Ok(Some(Item::Event(frame))) = framer.next() else {
        panic!("no event")
    };
    assert_eq!(frame.event, b"name");
    assert_eq!(frame.data, b"a\nb");
    assert_eq!(frame.id, "1");
}

#[test]
fn an_event_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    // twelve bytes, written so that no two of them could be counted as one product
    for (fits, exceeds) in [
        ("data: 123456789012\n", "3"),
        ("data: 12345\ndata:789012\n", "3"),
        ("event: abc\nid:de\ndata: 6789012\n", "3"),
        ("event: abc\nid:de\ndata: 67\ndata:9012\n", "3"),
        ("event: abc\ndata: 4567890\nid:12\n", "3"),
        ("id:12\ndata: 3456789\nevent:a\nevent:abc\n", "d"),
        ("event: abc\nid:de\ndata: 678\nretry: 9012\n", "3"),
    ] {
        let overflow = Err(Overflow {
            max_event_bytes: 12,
        });
        let mut framer = Framer::new(12);
        framer.push(format!("{fits}\n").as_bytes());
        assert!(data(&mut framer).is_some(), "{fits:?}");
        framer.push(format!("{}{exceeds}\n\n", fits.trim_end()).as_bytes());
        assert_eq!(framer.next(), overflow, "{fits:?} and one byte");
        framer.push(b"\n\ndata: a\n\n");
        assert_eq!(framer.next(), overflow, "{fits:?} and later");
    }
}

#[test]
fn an_overflow_names_the_limit() {
    let overflow = Overflow { max_event_bytes: 6 };
    assert_eq!(
        overflow.to_string(),
        "an event of the stream is larger than 6 bytes"
    );
}

#[test]
fn the_size_of_one_event_does_not_count_for_the_next() {
    let mut framer = Framer::new(8);
    for _ in 0..100 {
        framer.push(b"id:1\nevent:ab\ndata:12345\n\nid:12345678\n\nevent:12345678\n\n");
        assert_eq!(data(&mut framer).as_deref(), Some(&b"12345"[..]));
        assert_eq!(data(&mut framer), None);
    }
}

#[test]
fn lines_that_mean_nothing_may_go_on_for_ever() {
    for begin in [": comment", "unknown: ", "no colon", "data\0: ", " data: "] {
        let mut framer = Framer::new(16);
        framer.push(begin.as_bytes());
        for _ in 0..1000 {
            framer.push(&[b':'; 1000]);
            assert_eq!(framer.next(), Ok(None), "{begin:?}");
            framer.push(b"data: 0123456789abcdef0");
            assert_eq!(framer.next(), Ok(None), "{begin:?}");
        }
        assert!(
            framer.buffer.len() <= 4096,
            "{begin:?}: {}",
            framer.buffer.len()
        );
        framer.push(b"\ndata: a\n\n");
        assert_eq!(data(&mut framer).as_deref(), Some(&b"a"[..]), "{begin:?}");
    }
}

#[test]
fn a_comment_above_the_limit_is_forgotten_and_the_stream_goes_on() {
    for chunk in [1, 7, 64] {
        let mut framer = Framer::new(6);
        framer.keep_comments(true);
        let mut comments = 0;
        let mut events = 0;
        for piece in b"data: a\n:1234567\n:123456\n\n".chunks(chunk) {
            framer.push(piece);
            while let Some(item) = framer.next().unwrap() {
                match item {
                    Item::Comment(comment) => {
                        assert_eq!(comment, b"123456");
                        comments += 1;
                    }
                    Item::Event(frame) => {
                        assert_eq!(frame.data, b"a");
                        events += 1;
                    }
                }
            }
        }
        assert_eq!((comments, events), (1, 1), "pieces of {chunk}");
    }
}

#[test]
fn a_comment_that_nobody_listens_to_costs_no_memory_and_another_no_more_than_the_limit() {
    for (keep_comments, limit) in [(false, LIMIT), (true, 6)] {
        let mut framer = Framer::new(limit);
        framer.keep_comments(keep_comments);
        framer.push(b": ");
        for _ in 0..100 {
            framer.push(&[b'x'; 1000]);
            assert_eq!(framer.next(), Ok(None));
        }
        assert!(framer.buffer.len() <= 4096, "{}", framer.buffer.len());
    }
}

#[test]
fn a_line_without_an_end_is_refused_at_the_limit_and_its_memory_given_back() {
    for begin in ["data: ", "event: ", "id: ", "retry: "] {
        let mut framer = Framer::new(LIMIT);
        framer.push(begin.as_bytes());
        let mut pushed = 0;
        while framer.next() == Ok(None) {
            framer.push(&[b'1'; 1000]);
            pushed += 1000;
            assert!(framer.buffer.len() <= 4 * LIMIT, "{begin:?}");
        }
        assert!(
            (LIMIT..=LIMIT + 1000).contains(&pushed),
            "{begin:?}: {pushed}"
        );
        framer.push(&[b'1'; 1000]);
        assert!(framer.buffer.len() <= 1000, "{begin:?}");
    }
}

#[test]
fn memory_stays_that_of_one_event_over_a_long_stream() {
    let mut framer = Framer::new(LIMIT);
    let event = [b"data: ".as_slice(), &[b'x'; 3000], b"\ndata: y\nid: 1\n\n"].concat();
    let stream = event.repeat(2000);
    let mut events = 0;
    for piece in stream.chunks(1460) {
        framer.push(piece);
        while data(&mut framer).is_some() {
            events += 1;
        }
    }
    assert_eq!(events, 2000);
    assert!(framer.buffer.len() <= 16384, "{}", framer.buffer.len());
    assert!(
        framer.data.capacity() <= 16384,
        "{}",
        framer.data.capacity()
    );
}

/// Bytes searched or copied inside the framer, for each byte of the stream.
fn work_for_each_byte(stream: &[u8], chunk: usize, room: usize, keep_comments: bool) -> f64 {
    let mut framer = Framer::new(usize::MAX);
    framer.keep_comments(keep_comments);
    for piece in stream.chunks(chunk) {
        framer.space(room.max(chunk))[..piece.len()].copy_from_slice(piece);
        framer.filled(piece.len());
        while framer.next().unwrap().is_some() {}
    }
    #[expect(clippy::cast_precision_loss, reason = "sizes of a test")]
    let ratio = framer.work.get() as f64 / stream.len() as f64;
    ratio
}

#[test]
fn work_is_linear_in_the_bytes_whatever_they_are_and_however_small_the_pieces() {
    let line = |begin: &str| [begin.as_bytes(), &vec![b'1'; 80_000], b"\n\n"].concat();
    let streams = [
        ("one data line", line("data: ")),
        ("one comment", line(": ")),
        ("one unknown line", line("unknown: ")),
        ("one id", line("id: ")),
        ("one retry", line("retry: ")),
        ("one name", line("event: ")),
        ("data lines of one block", b"data: ab\n".repeat(10_000)),
        ("empty data lines", b"data\n".repeat(16_000)),
        ("names of one block", b"event: ab\n".repeat(8_000)),
        ("ids of one block", b"id: ab\n".repeat(12_000)),
        ("blank lines", b"\n".repeat(16_000)),
        ("carriage returns", b"\r".repeat(16_000)),
        ("small events", b"data: ab\n\n".repeat(8_000)),
        (
            "a held block and comments",
            [
                b"data: ab\nevent: b\nid: c\n".as_slice(),
                &b": c\n".repeat(18_000),
            ]
            .concat(),
        ),
    ];
    for (name, stream) in &streams {
        for (chunk, room) in [
            (1, 1),
            (2, 65536),
            (3, 3),
            (1460, 65536),
            (16384, 16384),
            (stream.len(), 0),
        ] {
            for keep_comments in [false, true] {
                let work = work_for_each_byte(stream, chunk, room, keep_comments);
                assert!(
                    work > 0.5,
                    "{name} in pieces of {chunk}: nothing was counted"
                );
                assert!(
                    work < 6.0,
                    "{name} in pieces of {chunk}: {work:.1} for each byte"
                );
            }
        }
    }
}
