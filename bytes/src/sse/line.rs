//! One line in, its meaning out: which field, and how much of the line is the value.
//!
//! The end of the line may be missing: the answer is then what is known so far. Left to the framer:
//! what a field does.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry,
}

/// The numbers are the lengths of what stands at the line's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Comment(usize),
    Value(Field, usize),
    /// The name without a colon: an empty value, if the line ends here.
    Name(Field),
    /// The begin of a name: unknown, if the line ends here.
    Begin,
    Unknown,
}

const NAMES: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

impl Line {
    pub(super) fn of(line: &[u8]) -> Self {
        let (field, rest) = match line {
            [b':', comment @ ..] => return Self::Comment(comment.len()),
            [b'd', b'a', b't', b'a', rest @ ..] => (Field::Data, rest),
            [b'e', b'v', b'e', b'n', b't', rest @ ..] => (Field::Event, rest),
            [b'i', b'd', rest @ ..] => (Field::Id, rest),
            [b'r', b'e', b't', b'r', b'y', rest @ ..] => (Field::Retry, rest),
            _ if NAMES.iter().any(|name| name.starts_with(line)) => return Self::Begin,
            _ => return Self::Unknown,
        };
        match rest {
            [] => Self::Name(field),
            [b':', b' ', value @ ..] | [b':', value @ ..] => Self::Value(field, value.len()),
            _ => Self::Unknown,
        }
    }
}

/// Digits only: "1e3", "-1" and "" are no reconnection times.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number: u64, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit.wrapping_sub(b'0')))
    }))
}

#[cfg(test)]
mod tests {
    use super::{Field, Line, number};

    #[test]
    fn a_line_is_known_as_soon_as_its_bytes_allow() {
        let cases: [(&[u8], Line); 19] = [
            (b"", Line::Begin),
            (b"d", Line::Begin),
            (b"retr", Line::Begin),
            (b"data", Line::Name(Field::Data)),
            (b"id", Line::Name(Field::Id)),
            (b"data:", Line::Value(Field::Data, 0)),
            (b"data: ", Line::Value(Field::Data, 0)),
            (b"data:  ", Line::Value(Field::Data, 1)),
            (b"event:a b", Line::Value(Field::Event, 3)),
            (b"id:\0", Line::Value(Field::Id, 1)),
            (b"retry: 1", Line::Value(Field::Retry, 1)),
            (b":", Line::Comment(0)),
            (b": data: a", Line::Comment(8)),
            (b"Data: a", Line::Unknown),
            (b" data: a", Line::Unknown),
            (b"dato", Line::Unknown),
            (b"data\0: a", Line::Unknown),
            (b"data : a", Line::Unknown),
            (b"ids", Line::Unknown),
        ];
        for (line, meaning) in cases {
            assert_eq!(Line::of(line), meaning, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn only_ascii_digits_are_a_number_and_a_huge_one_is_the_largest() {
        assert_eq!(number(b"03000"), Some(3000));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), Some(u64::MAX));
        for text in [
            "", " 1", "1 ", "+1", "-1", "1e3", "0x10", "1_0", "1\0", "\u{0661}",
        ] {
            assert_eq!(number(text.as_bytes()), None, "{text:?}");
        }
    }
}
