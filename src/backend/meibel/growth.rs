//! Tells snapshots from deltas: nobody says whether a partial response is all of the text so far or only what is new.

use crate::text::Text;

/// How the texts of one stream relate to one another. A text that goes on from all that came before is a snapshot of the
/// answer, and so are then all others; a text that does not is only what is new, and so are then all others. What is
/// taken wrongly the completion puts right.
#[derive(Clone, Copy, PartialEq)]
pub enum Growth {
    /// nothing told yet
    Unknown,
    /// each is all of the answer so far
    Snapshots,
    /// each is what is new
    Deltas,
}

/// What a text adds to the texts before it.
pub enum Grown<'t> {
    /// nothing
    Nothing,
    /// this, behind them
    More(Text<'t>),
    /// it stands in place of them
    Another,
}

impl Growth {
    /// Takes the next text.
    pub fn take<'t>(&mut self, so_far: &Text<'_>, text: &'t Text<'_>) -> Grown<'t> {
        if text.is_empty() {
            return Grown::Nothing;
        }
        if so_far.is_empty() || *self == Growth::Deltas {
            return Grown::More(text.clone());
        }
        match text.strip_prefix(so_far) {
            // the same once more tells nothing
            Some(rest) if rest.is_empty() => Grown::Nothing,
            Some(rest) => {
                *self = Growth::Snapshots;
                Grown::More(rest)
            }
            None if *self == Growth::Snapshots => Grown::Another,
            None => {
                *self = Growth::Deltas;
                Grown::More(text.clone())
            }
        }
    }
}
