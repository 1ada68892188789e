//! Numbers that differ from client to client, so that those who lost one server do not come back to it all at once.

/// Clients must differ from one another, nothing more: xorshift is enough.
pub struct Chance(u64);

impl Chance {
    /// Different for each `seed`.
    pub fn new(seed: u64) -> Self {
        Chance(seed | 1)
    }

    /// A number from 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}
