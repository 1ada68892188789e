//! What a reader of a stream gets to see, and the framer made to show it.

use agentline::sse::{Framer, Item, text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Event {
        event: String,
        data: String,
        id: String,
    },
    Comment(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub seen: Vec<Seen>,
    pub last_event_id: String,
    pub retry: Option<u64>,
    pub overflowed: bool,
}

/// What the framer finds in the pieces of a second connection, after those of a first one that ended anywhere.
pub fn reframed<'a>(
    mut framer: Framer,
    first: impl IntoIterator<Item = &'a [u8]>,
    second: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    for piece in first {
        framer.push(piece);
        take_out(&mut framer, &mut Vec::new());
    }
    framer.restart();
    framed(framer, second, false)
}

/// Lets the framer read the pieces, taking out after each piece what is complete.
pub fn framed<'a>(
    mut framer: Framer,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    dispatch_unfinished: bool,
) -> Outcome {
    let mut seen = Vec::new();
    let mut overflowed = false;
    for piece in pieces {
        framer.push(piece);
        overflowed |= take_out(&mut framer, &mut seen);
    }
    if dispatch_unfinished {
        framer.dispatch_unfinished();
        overflowed |= take_out(&mut framer, &mut seen);
    }
    Outcome {
        seen,
        last_event_id: framer.last_event_id().to_owned(),
        retry: framer.retry(),
        overflowed,
    }
}

/// Gives whether the framer overflowed.
fn take_out(framer: &mut Framer, seen: &mut Vec<Seen>) -> bool {
    loop {
        match framer.next() {
            Ok(None) => return false,
            Err(_) => return true,
            Ok(Some(Item::Comment(comment))) => {
                seen.push(Seen::Comment(text(comment).into_owned()));
            }
            Ok(Some(Item::Event(frame))) => {
                let event = Seen::Event {
                    event: match text(frame.event).as_ref() {
                        "" => "message".to_owned(),
                        name => name.to_owned(),
                    },
                    data: text(frame.data).into_owned(),
                    id: frame.id.to_owned(),
                };
                let id = frame.id.to_owned();
                assert_eq!(
                    framer.last_event_id(),
                    id,
                    "the id in force is the framer's"
                );
                seen.push(event);
            }
        }
    }
}
