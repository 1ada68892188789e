//! Room for bytes that are still to come, and the text that they are.

use crate::word::Word;

/// Makes `buffer` so long, with zeros behind what it holds. Compiled for size this is done byte by byte.
#[inline(never)]
pub fn lengthen(buffer: &mut Vec<u8>, length: usize) {
    buffer.resize(length, 0);
}

/// A body as text, not copied where it is text already.
#[inline(never)]
pub fn text(body: Vec<u8>) -> Word {
    const MARK: &str = "\u{FEFF}";
    // the standard library looks at one byte after the other where they are not ASCII
    let text = match simdutf8::basic::from_utf8(&body) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    let (start, end) = (
        if text.starts_with(MARK) {
            MARK.len()
        } else {
            0
        },
        text.len(),
    );
    Word::from(text).part(start..end)
}
