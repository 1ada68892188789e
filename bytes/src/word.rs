//! Words: the ids, names, stamps and values that stand in the body of an answer. Each is a part of that body, which all of
//! them hold together, so that reading a long history copies none of them.

use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

use serde::ser::{Serialize, Serializer};

/// To hand over the bytes of a longer text costs less than to decode it, which mostly nobody asks for.
const SHORT: usize = 1024;

/// A text, or a part of one that others hold as well. It never changes.
#[derive(Clone, Default)]
pub struct Word {
    /// nothing where the word is empty
    whole: Option<Rc<String>>,
    // a text that WebAssembly's memory holds is not longer
    start: u32,
    end: u32,
}

impl Word {
    /// The word as text.
    pub fn as_str(&self) -> &str {
        match &self.whole {
            Some(whole) => whole.get(self.range()).unwrap_or_default(),
            None => "",
        }
    }

    /// A part of this word, by its bytes; empty where there is no such part.
    pub fn part(&self, range: Range<usize>) -> Word {
        match self.as_str().get(range.clone()) {
            Some(_) => Word {
                whole: self.whole.clone(),
                start: self.start + range.start as u32,
                end: self.start + range.end as u32,
            },
            None => Word::default(),
        }
    }

    /// The text that this word is a part of, and which one; nothing if it is a short text of its own.
    pub fn body(&self) -> Option<(&Rc<String>, Range<usize>)> {
        let whole = self.whole.as_ref()?;
        let range = self.range();
        (range.len() < whole.len() || range.len() > SHORT).then_some((whole, range))
    }

    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Word {
            whole: Some(Rc::new(text)),
            start: 0,
            end,
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Word::from(text.to_owned())
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.as_str().to_owned()
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Word {}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Word {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Word {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialEq<Word> for String {
    fn eq(&self, other: &Word) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_the_text_that_it_is_a_part_of() {
        let body = Word::from("né, ja");
        let part = body.part(1..3);
        assert_eq!(part, "é");
        let (whole, range) = part.body().unwrap();
        assert_eq!(whole.get(range), Some("é"));
        assert_eq!(part.part(0..2).body().unwrap().1, 1..3);
        assert!(body.body().is_none());
    }

    #[test]
    fn a_text_of_its_own_is_a_body_only_if_it_is_long() {
        for (length, is_body) in [(0, false), (SHORT, false), (SHORT + 1, true)] {
            let word = Word::from("x".repeat(length));
            assert_eq!(word.body().is_some(), is_body, "{length}");
        }
    }

    #[test]
    fn there_is_no_part_beyond_the_word_or_inside_of_a_character() {
        let word = Word::from("né, ja").part(0..3);
        for range in [0..4, 2..3, 0..2, 4..5] {
            assert_eq!(word.part(range.clone()), "", "{range:?}");
        }
        assert_eq!(Word::default(), "");
    }
}
