//! The names that things get: MongoDB's object ids, uuids, and texts that look like a server's secrets.
//!
//! In: a seed and the time. Out: ids. The same seed gives the same ones, or they are planned so that a recorded exchange
//! can be played again. Nothing here protects anything.

use crate::random::{Random, hash, mix};
use std::collections::VecDeque;

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Where ids come from.
#[derive(Debug)]
pub(super) struct Ids {
    pub random: Random,
    planned: VecDeque<String>,
    /// What an object id holds beside its second and its count: which process made it.
    process: u64,
    count: u64,
}

impl Ids {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            planned: VecDeque::new(),
            process: hash(&seed.to_le_bytes()) & 0xff_ffff_ffff,
            count: mix(seed) & 0xffff,
        }
    }

    pub fn plan(&mut self, ids: impl IntoIterator<Item = String>) {
        self.planned.extend(ids);
    }

    /// 24 hexadecimal digits that grow with the time and, within a second, with the count.
    pub fn object_id(&mut self, now: f64) -> String {
        if let Some(id) = self.planned.pop_front() {
            return id;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let second = (now / 1000.0) as u32;
        self.count += 1;
        format!(
            "{second:08x}{:010x}{:06x}",
            self.process,
            self.count & 0xff_ffff
        )
    }

    /// The id of a chunk.
    pub fn uuid(&mut self) -> String {
        self.planned
            .pop_front()
            .unwrap_or_else(|| self.random.uuid_of_version(4))
    }

    /// Part of a millisecond, as clocks with microseconds have it.
    pub fn part_of_a_millisecond(&mut self) -> f64 {
        f64::from(self.random.between(1, 9999)) / 10_000.0
    }
}

/// Whether MongoDB takes it for an object id.
pub(super) fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `length` letters of base64url that follow from a text.
pub(super) fn letters(from: &str, length: usize) -> String {
    let mut state = hash(from.as_bytes());
    let mut out = String::with_capacity(length);
    while out.len() < length {
        state = mix(state);
        let at = usize::try_from(state >> 58).unwrap_or(0);
        out.push(char::from(BASE64_URL.get(at).copied().unwrap_or(b'A')));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Ids, is_object_id, letters};

    #[test]
    fn object_ids_grow_in_the_order_in_which_they_are_made() {
        let mut ids = Ids::new(3);
        let made: Vec<String> = [1.7e12, 1.7e12, 1.8e12, 1.9e12]
            .into_iter()
            .map(|now| ids.object_id(now))
            .collect();
        assert!(made.iter().all(|id| is_object_id(id)));
        assert!(made.is_sorted());
    }

    #[test]
    fn letters_follow_from_the_text_they_are_made_of() {
        assert_eq!(letters("x", 27), letters("x", 27));
        assert_ne!(letters("x", 27), letters("y", 27));
    }
}
