//! Finds where JSON tokens end. Bytes in, offsets out; nothing is kept and nothing is allocated but a string that has
//! escapes. Linear: no byte is looked at more than twice.

use crate::text::Text;

pub(super) const TOO_DEEP: &str = "nested too deeply";

type Found<T> = Result<T, (&'static str, usize)>;

#[inline]
pub(super) fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// What is open: a bit for each, set for an object, not set for an array.
#[derive(Default)]
struct Open {
    bits: [u64; super::MAX_DEPTH / 64],
    depth: usize,
}

impl Open {
    fn push(&mut self, object: bool) {
        if let Some(bits) = self.bits.get_mut(self.depth / 64) {
            let bit = 1 << (self.depth % 64);
            *bits = if object { *bits | bit } else { *bits & !bit };
        }
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
    }

    fn innermost(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        let bits = self.bits.get(last / 64)?;
        Some(bits >> (last % 64) & 1 == 1)
    }
}

/// The end of the value that starts at `at`, which has no more than `depth` (and `MAX_DEPTH`) levels.
pub(super) fn value(bytes: &[u8], at: usize, depth: usize) -> Found<usize> {
    let at = space(bytes, at);
    match bytes.get(at) {
        Some(b'{' | b'[') => nested(bytes, at, depth),
        Some(_) => scalar(bytes, at),
        None => Err(("the JSON ends too early", at)),
    }
}

fn nested(bytes: &[u8], mut at: usize, depth: usize) -> Found<usize> {
    let mut open = Open::default();
    loop {
        at = space(bytes, at);
        // a value, or the end of an empty array or object
        let entered = match bytes.get(at) {
            Some(b'{') => Some(true),
            Some(b'[') => Some(false),
            Some(_) => {
                at = scalar(bytes, at)?;
                None
            }
            None => return Err(("the JSON ends too early", at)),
        };
        if let Some(object) = entered {
            if open.depth >= depth {
                return Err((TOO_DEEP, at));
            }
            at = space(bytes, at + 1);
            let end = if object { b'}' } else { b']' };
            if bytes.get(at) == Some(&end) {
                at += 1;
            } else {
                open.push(object);
                if object {
                    at = name(bytes, at)?;
                }
                continue;
            }
        }
        // what follows a value
        loop {
            let Some(object) = open.innermost() else {
                return Ok(at);
            };
            at = space(bytes, at);
            match (bytes.get(at), object) {
                (Some(b','), true) => {
                    at = name(bytes, space(bytes, at + 1))?;
                    break;
                }
                (Some(b','), false) => {
                    at += 1;
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    open.pop();
                }
                (Some(_), true) => return Err(("an object does not end", at)),
                (Some(_), false) => return Err(("an array does not end", at)),
                (None, _) => return Err(("the JSON ends too early", at)),
            }
        }
    }
}

fn name(bytes: &[u8], at: usize) -> Found<usize> {
    if bytes.get(at) != Some(&b'"') {
        return Err(("a field's name is missing", at));
    }
    let at = space(bytes, skip_string(bytes, at)?);
    if bytes.get(at) == Some(&b':') {
        Ok(at + 1)
    } else {
        Err(("a colon is missing", at))
    }
}

pub(super) fn scalar(bytes: &[u8], at: usize) -> Found<usize> {
    match bytes.get(at..).unwrap_or_default() {
        [b'"', ..] => skip_string(bytes, at),
        [b'-' | b'0'..=b'9', ..] => number(bytes, at),
        [b'n', b'u', b'l', b'l', ..] | [b't', b'r', b'u', b'e', ..] => Ok(at + 4),
        [b'f', b'a', b'l', b's', b'e', ..] => Ok(at + 5),
        _ => Err(("no JSON value", at)),
    }
}

fn number(bytes: &[u8], start: usize) -> Found<usize> {
    let digits = |mut at: usize| {
        while let Some(b'0'..=b'9') = bytes.get(at) {
            at += 1;
        }
        at
    };
    let bad = |at: usize| Err(("not a number", at));
    let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        Some(b'1'..=b'9') => digits(at),
        _ => return bad(at),
    };
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return bad(end);
        }
        at = end;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return bad(end);
        }
        at = end;
    }
    Ok(at)
}

/// As many digits as a `u64` surely holds, and the largest power of ten that it holds.
const DIGITS: i32 = 19;

/// The number that a checked JSON number's text stands for, without the weight of exact decimal conversion in the
/// WebAssembly file: the nearest one, as in JavaScript, if it is a whole number of at most 19 digits times a power of ten
/// from -19 to 19; else as near as a few multiplications come.
pub(super) fn value_of(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = exponent.bytes().filter(u8::is_ascii_digit);
    let size = digits.fold(0_i32, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i32::from(digit - b'0'))
    });
    let mut power = if exponent.starts_with('-') {
        -size
    } else {
        size
    };
    let (mut whole, mut count, mut zeros, mut exact, mut fraction) = (0_u64, 0, 0, true, false);
    for byte in mantissa.bytes() {
        fraction |= byte == b'.';
        if !byte.is_ascii_digit() {
            continue;
        }
        power = power.saturating_sub(i32::from(fraction));
        if byte == b'0' {
            // counts only if a digit comes behind it
            zeros += i32::from(whole != 0);
        } else if count + zeros < DIGITS {
            whole = whole * 10_u64.pow(zeros as u32 + 1) + u64::from(byte - b'0');
            (count, zeros) = (count + zeros + 1, 0);
        } else {
            power = power.saturating_add(zeros + 1);
            (count, zeros, exact) = (DIGITS, 0, false);
        }
    }
    power = power.saturating_add(zeros);
    // zeros that were put aside as a power go back where they make it one of the exact ones
    while exact && power > DIGITS {
        let Some(longer) = whole.checked_mul(10).filter(|_| whole != 0) else {
            break;
        };
        (whole, power) = (longer, power - 1);
    }
    let number = match power {
        _ if whole == 0 => 0.0,
        0..=DIGITS if exact => (u128::from(whole) * 10_u128.pow(power as u32)) as f64,
        ..0 if exact && power >= -DIGITS => quotient(whole, 10_u128.pow(power.unsigned_abs())),
        _ => {
            // in two steps, because the power alone may be larger than any number
            let power = power.clamp(-800, 800);
            let scale = |number: f64, power: i32| match power {
                0.. => number * 10f64.powi(power),
                _ => number / 10f64.powi(-power),
            };
            scale(scale(whole as f64, power / 2), power - power / 2)
        }
    };
    if text.starts_with('-') {
        -number
    } else {
        number
    }
}

/// The number next to a quotient: at least 63 bits of it, and a last one that tells whether there is more.
fn quotient(dividend: u64, divisor: u128) -> f64 {
    let shift = dividend.leading_zeros() + 63;
    let dividend = u128::from(dividend) << shift;
    let more = !dividend.is_multiple_of(divisor);
    let bits = (dividend / divisor) | u128::from(more);
    bits as f64 * f64::from_bits(u64::from(1023 - shift) << 52)
}

/// How many bytes from `at` on stand in a string as they are: no quote, no backslash, no control character.
/// Sixteen at a time: this is where most of the time of reading goes.
pub(super) fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let special = special(chunk);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += 16;
    }
    while bytes.get(at).is_some_and(|byte| !is_special(*byte)) {
        at += 1;
    }
    at
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Which of sixteen bytes are special: a bit for each, the first one lowest.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn special(chunk: &[u8; 16]) -> u32 {
    let bit = |(place, byte): (usize, &u8)| u32::from(is_special(*byte)) << place;
    chunk.iter().enumerate().map(bit).sum()
}

/// The same in a few vector instructions.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn special(chunk: &[u8; 16]) -> u32 {
    use core::arch::wasm32::{i8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};
    let [low, high] = [0, 8].map(|place| {
        let half = chunk.get(place..).and_then(|half| half.first_chunk());
        u64::from_le_bytes(*half.unwrap_or(&[0; 8]))
    });
    let bytes = u64x2(low, high);
    let is = |byte| u8x16_eq(bytes, u8x16_splat(byte));
    let control = u8x16_lt(bytes, u8x16_splat(0x20));
    u32::from(i8x16_bitmask(v128_or(
        control,
        v128_or(is(b'"'), is(b'\\')),
    )))
}

/// The end of the string that starts with the quote at `at`.
pub(super) fn skip_string(bytes: &[u8], at: usize) -> Found<usize> {
    written(bytes, at).map(|(end, _)| end)
}

/// The same, and whether the string stands there as it is meant: without escapes.
#[inline(always)]
pub(super) fn written(bytes: &[u8], at: usize) -> Found<(usize, bool)> {
    let end = plain(bytes, at + 1);
    match bytes.get(end) {
        Some(b'"') => Ok((end + 1, true)),
        _ => escapes(bytes, end).map(|end| (end, false)),
    }
}

/// The end of a string of which an escape, or what does not belong there, stands at `at`.
#[inline(never)]
fn escapes(bytes: &[u8], mut at: usize) -> Found<usize> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => {
                at = match bytes.get(at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
                    _ => escape(bytes, at)?.1,
                };
                at = plain(bytes, at);
            }
            Some(_) => return Err(("a control character stands in a string", at)),
            None => return Err(("a string does not end", at)),
        }
    }
}

/// The UTF-16 unit that the escape at `at` means, and where it ends.
pub(super) fn escape(bytes: &[u8], at: usize) -> Found<(u16, usize)> {
    let unit = match bytes.get(at + 1) {
        Some(simple @ (b'"' | b'\\' | b'/')) => u16::from(*simple),
        Some(b'b') => 0x08,
        Some(b'f') => 0x0C,
        Some(b'n') => 0x0A,
        Some(b'r') => 0x0D,
        Some(b't') => 0x09,
        Some(b'u') => {
            let mut unit = 0;
            for offset in 2..6 {
                let digit = bytes
                    .get(at + offset)
                    .and_then(|byte| char::from(*byte).to_digit(16));
                let Some(digit) = digit else {
                    return Err(("an escape is not one of JSON's", at));
                };
                unit = unit << 4 | digit as u16;
            }
            return Ok((unit, at + 6));
        }
        _ => return Err(("an escape is not one of JSON's", at)),
    };
    Ok((unit, at + 2))
}

/// The string that starts with the quote at `at`, and where it ends. Without escapes it is a slice of `text`.
pub(super) fn string(text: &str, at: usize) -> Found<(Text<'_>, usize)> {
    let bytes = text.as_bytes();
    let slice = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let start = at + 1;
    let at = plain(bytes, start);
    if bytes.get(at) == Some(&b'"') {
        return Ok((Text::from(slice(start, at)), at + 1));
    }
    let end = escapes(bytes, at)?;
    rewritten(text, start - 1, end).map(|text| (text, end))
}

/// The string between these two places, quotes and all, which has escapes.
pub(super) fn rewritten(text: &str, start: usize, end: usize) -> Found<Text<'_>> {
    let bytes = text.as_bytes();
    // an escape is longer than what it means
    let mut whole = Vec::with_capacity(end.saturating_sub(start) + CHUNK);
    let mut at = start + 1;
    loop {
        let special = copied(bytes, at, &mut whole);
        let character;
        (character, at) = match (bytes.get(special), bytes.get(special + 1)) {
            (Some(b'"'), _) => return Ok(Text::from(whole)),
            (Some(b'\\'), Some(b'n')) => {
                whole.push(b'\n');
                at = special + 2;
                continue;
            }
            (Some(b'\\'), Some(quote @ (b'"' | b'\\' | b'/'))) => {
                whole.push(*quote);
                at = special + 2;
                continue;
            }
            (Some(b'\\'), _) => {
                let (unit, end) = escape(bytes, special)?;
                (char::from_u32(u32::from(unit)), end)
            }
            (Some(_), _) => return Err(("a control character stands in a string", special)),
            (None, _) => return Err(("a string does not end", special)),
        };
        match character {
            Some(character) => {
                whole.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            None => return halves(text, special, Text::from(whole)),
        }
    }
}

/// So many bytes are looked at, and copied, in one go.
const CHUNK: usize = 16;

/// Puts what stands from `at` on as it is meant behind `whole`, and gives the place where that ends. What stands behind that
/// is copied as well and taken back: copies of any other length are calls.
#[inline(never)]
pub(super) fn copied(bytes: &[u8], mut at: usize, whole: &mut Vec<u8>) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<CHUNK>()) {
        let special = special(chunk);
        let count = match special {
            0 => CHUNK,
            _ => special.trailing_zeros() as usize,
        };
        let length = whole.len() + count;
        whole.extend_from_slice(chunk);
        whole.truncate(length);
        at += count;
        if special != 0 {
            return at;
        }
    }
    while let Some(byte) = bytes.get(at).filter(|byte| !is_special(**byte)) {
        whole.push(*byte);
        at += 1;
    }
    at
}

/// The rest of a string in which half a character stands at `at`, behind what was read of it already.
fn halves<'t>(text: &'t str, mut at: usize, mut whole: Text<'t>) -> Found<Text<'t>> {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(whole),
            Some(b'\\') => {
                let (unit, end) = escape(bytes, at)?;
                whole.push_unit(unit);
                at = plain(bytes, end);
                whole.push(&Text::from(text.get(end..at).unwrap_or_default()));
            }
            Some(_) => return Err(("a control character stands in a string", at)),
            None => return Err(("a string does not end", at)),
        }
    }
}
