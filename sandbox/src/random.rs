//! Random numbers from a seed, and ids made of them.
//!
//! SplitMix64: the same seed gives the same sandbox on every platform. Not for secrets.

use std::collections::VecDeque;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
    next_ids: VecDeque<String>,
}

/// One step of SplitMix64: also a good hash of a number.
#[must_use]
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of some bytes, the same on every platform.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

impl Random {
    /// The stream that belongs to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: mix(seed),
            next_ids: VecDeque::new(),
        }
    }

    /// Lets the next ids be these instead of random ones, so that a recorded exchange can be played again.
    pub fn plan_ids(&mut self, ids: impl IntoIterator<Item = String>) {
        self.next_ids.extend(ids);
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A whole number of `from..=to`.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        let span = u64::from(to.saturating_sub(from)) + 1;
        from + u32::try_from(self.number() % span).unwrap_or(0)
    }

    /// An id in the shape of a version 4 uuid.
    pub fn uuid(&mut self) -> String {
        match self.next_ids.pop_front() {
            Some(id) => id,
            None => self.uuid_of_version(4),
        }
    }

    /// An id in the shape of a uuid whose version digit is `version`.
    pub fn uuid_of_version(&mut self, version: u16) -> String {
        let (high, low) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-{version:x}{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}
