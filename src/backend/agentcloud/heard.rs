//! What was heard of an answer, over Socket.IO, beside what is in the rows. In: the envelopes of the server's `message`
//! events, and the rows whenever they were read. Out: the rows as they will stand once all that was heard is stored.
//!
//! An event has no `_id`; the chunk id is all that joins it to a row. Pieces come in any order and are put in that of their
//! stamps. A piece whose stamp and text are in the row already is that piece: the agent's clock counts microseconds. What
//! cannot be placed is left to the rows, which hold the truth.

use super::rows;
use super::wire::{Chunk, Row, Said};

/// What was heard of one answer.
#[derive(Default)]
pub struct Heard {
    parts: Vec<Part>,
}

/// One message of which something was heard.
struct Part {
    row: Row,
    /// its beginning was heard, or is in the rows: before that nobody knows what stands in front
    begun: bool,
}

impl Heard {
    /// Takes an envelope, and gives the row that it belongs to, if that can be shown and is another one than before.
    pub fn take(&mut self, said: Said, stored: &[Row]) -> Option<&Row> {
        let Said {
            row: said,
            first,
            overwrite,
        } = said;
        // what people say comes with the rows; without an id or a stamp a piece has no place
        if said.is_incoming() || said.chunk_id.is_none() || said.ts.is_none() {
            return None;
        }
        let at = match self.place(&said) {
            Some(at) => at,
            None => {
                let row = stored.iter().find(|row| row.chunk_id == said.chunk_id);
                if row.is_none() && overwrite {
                    // told to everybody, and stored nowhere
                    return None;
                }
                let (row, begun) = match row {
                    Some(row) => (row.clone(), true),
                    None => (Row::default(), false),
                };
                self.parts.push(Part { row, begun });
                self.parts.len() - 1
            }
        };
        let part = self.parts.get_mut(at)?;
        let fresh = part.row == Row::default();
        let changed = match fresh {
            true => part.row.begin(said),
            // two authors with one chunk id are two messages to those who listen, and one in the rows
            false if part.row.author_name != said.author_name => false,
            false if overwrite => part.row.overwrite(said),
            false => part.row.add(said),
        };
        let begins = first && !part.begun;
        part.begun |= first;
        (part.begun && (changed || begins)).then_some(&part.row)
    }

    /// Takes a row as it is stored.
    pub fn fold(&mut self, stored: &Row) {
        let Some(at) = self.place(stored) else {
            return;
        };
        let Some(part) = self.parts.get_mut(at) else {
            return;
        };
        part.begun = true;
        // the row was read before that was stored
        if part.row.is_overwritten() && !stored.is_overwritten() {
            return;
        }
        let heard = std::mem::replace(&mut part.row, stored.clone());
        if stored.is_overwritten() {
            return;
        }
        for chunk in heard.chunks {
            part.row.put(chunk);
        }
    }

    /// The rows with what was heard.
    pub fn view<'a>(&'a self, stored: &'a [Row]) -> Vec<&'a Row> {
        let mut rows: Vec<&Row> = stored
            .iter()
            .map(|row| self.part(row).map_or(row, |part| &part.row))
            .collect();
        let known = |row: &Row| stored.iter().any(|other| other.chunk_id == row.chunk_id);
        let begun = self.parts.iter().filter(|part| part.begun);
        rows.extend(begun.map(|part| &part.row).filter(|row| !known(row)));
        rows
    }

    /// Whether all that was heard is in these rows.
    pub fn is_stored(&self, stored: &[Row]) -> bool {
        let is_stored = |part: &Part| {
            let row = stored.iter().find(|row| row.chunk_id == part.row.chunk_id);
            row.is_some_and(|row| row.text == part.row.text)
        };
        self.parts.iter().all(is_stored)
    }

    fn place(&self, row: &Row) -> Option<usize> {
        let same = |part: &Part| part.row.chunk_id == row.chunk_id;
        row.chunk_id.as_ref()?;
        self.parts.iter().position(same)
    }

    fn part(&self, row: &Row) -> Option<&Part> {
        self.parts.get(self.place(row)?)
    }
}

impl Row {
    fn is_overwritten(&self) -> bool {
        self.completed && self.chunks.is_empty()
    }

    fn begin(&mut self, said: Row) -> bool {
        let piece = Chunk {
            ts: said.ts,
            text: said.said(),
        };
        *self = said;
        self.chunks.push(piece);
        true
    }

    fn overwrite(&mut self, said: Row) -> bool {
        self.chunks.clear();
        self.completed = true;
        self.feedback |= said.feedback;
        let changed = self.text != said.text;
        self.text = said.text;
        changed
    }

    fn add(&mut self, said: Row) -> bool {
        let piece = Chunk {
            ts: said.ts,
            text: said.said(),
        };
        if self.is_overwritten() {
            return false;
        }
        self.feedback |= said.feedback;
        self.ts = match (self.ts, said.ts) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
        self.put(piece)
    }

    /// Puts a piece where its stamp says, unless it is there.
    fn put(&mut self, piece: Chunk) -> bool {
        let time = rows::time_of(&piece);
        let at = self
            .chunks
            .partition_point(|other| rows::time_of(other) <= time);
        let mut same_time = self.chunks.iter().take(at).rev();
        if same_time
            .by_ref()
            .take_while(|other| other.ts == piece.ts)
            .any(|other| *other == piece)
        {
            return false;
        }
        let mut text = self.text.take().unwrap_or_default();
        if at == self.chunks.len() {
            text.push(&piece.text);
            self.chunks.push(piece);
        } else {
            self.chunks.insert(at, piece);
            text = rows::joined_text(&self.chunks);
        }
        self.text = Some(text);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire;
    use super::*;

    fn said(chunk: &str, ts: f64, text: &str, marks: &str) -> Said {
        let envelope = format!(
            "{{\"authorName\":\"Helper\",\"incoming\":false,\"ts\":{ts},\"message\":{{\"text\":{text:?},\"chunkId\":{chunk:?}{marks}}}}}"
        );
        wire::said(&envelope).unwrap()
    }

    fn stored(chunk: &str, pieces: &[(f64, &str)]) -> Row {
        let chunks: Vec<String> = pieces
            .iter()
            .map(|(ts, text)| format!("{{\"ts\":{ts},\"chunk\":{text:?}}}"))
            .collect();
        let row = format!(
            "[{{\"_id\":\"6b01ef2d11f2e31b0c34e803\",\"chunkId\":{chunk:?},\"ts\":{},\"chunks\":[{}],\"authorName\":\"Helper\",\"message\":{{\"incoming\":false,\"message\":{{\"text\":{:?}}}}}}}]",
            pieces[0].0,
            chunks.join(","),
            pieces[0].1
        );
        rows::read(&row.into()).unwrap().remove(0)
    }

    fn text(heard: &Heard, rows: &[Row]) -> Vec<String> {
        let said = |row: &&Row| row.said().to_string_lossy().into_owned();
        let mut rows = heard.view(rows);
        rows::by_time(&mut rows, |row| row.ts);
        rows.iter().map(said).collect()
    }

    const FIRST: &str = ",\"first\":true";

    #[test]
    fn pieces_in_any_order_make_one_text() {
        let pieces = [(1.0, "a"), (2.5, "b"), (2.75, "c"), (4.0, "d")];
        let none = [];
        for first in 0..4 {
            for second in 0..4 {
                let mut heard = Heard::default();
                let mut order = vec![first, second];
                order.extend(0..4);
                for at in order {
                    let (ts, text) = pieces[at];
                    heard.take(said("x", ts, text, if at == 0 { FIRST } else { "" }), &none);
                }
                assert_eq!(text(&heard, &none), ["abcd"], "{first} {second}");
            }
        }
    }

    #[test]
    fn nothing_is_shown_of_a_message_whose_beginning_is_missing() {
        let mut heard = Heard::default();
        let mut rows = Vec::new();
        assert!(heard.take(said("x", 2.0, "b", ""), &rows).is_none());
        assert_eq!(text(&heard, &rows), Vec::<String>::new());
        let row = stored("x", &[(1.0, "a")]);
        heard.fold(&row);
        rows.push(row);
        assert_eq!(text(&heard, &rows), ["ab"]);
        assert!(!heard.is_stored(&rows));
    }

    #[test]
    fn what_is_in_the_rows_is_not_doubled() {
        let row = stored("x", &[(1.0, "a"), (2.0, "b")]);
        let rows = [row.clone()];
        let mut heard = Heard::default();
        assert!(heard.take(said("x", 2.0, "b", ""), &rows).is_none());
        assert!(heard.take(said("x", 1.0, "a", FIRST), &rows).is_none());
        heard.fold(&row);
        assert!(heard.is_stored(&rows));
        assert!(heard.take(said("x", 3.0, "b", ""), &rows).is_some());
        heard.fold(&row);
        assert_eq!(text(&heard, &rows), ["abb"]);
    }

    #[test]
    fn an_overwritten_text_takes_the_place_of_all_pieces() {
        let none = [];
        let mut heard = Heard::default();
        let overwrite = ",\"overwrite\":true";
        assert!(
            heard
                .take(said("x", 1.0, "Using", overwrite), &none)
                .is_none()
        );
        heard.take(said("x", 1.0, "Using", FIRST), &none);
        heard.take(said("x", 2.0, "Finished", overwrite), &none);
        // a row that was read before
        heard.fold(&stored("x", &[(1.0, "Using")]));
        assert_eq!(text(&heard, &none), ["Finished"]);
    }

    #[test]
    fn what_people_and_others_say_is_left_to_the_rows() {
        let none = [];
        let mut heard = Heard::default();
        let person = "{\"incoming\":true,\"ts\":1,\"message\":{\"text\":\"hi\",\"chunkId\":\"p\"}}";
        assert!(heard.take(wire::said(person).unwrap(), &none).is_none());
        heard.take(said("x", 1.0, "a", FIRST), &none);
        let mut other = said("x", 2.0, "b", "");
        other.row.author_name = Some("Other".to_owned());
        assert!(heard.take(other, &none).is_none());
        assert_eq!(text(&heard, &none), ["a"]);
    }
}
