//! What goes wrong on purpose: rules that say to which requests, how often, and what.
//!
//! In: rules, a seed, and each request as it arrives. Out: what it met ([`Met`]). What a rule draws follows from the seed,
//! the rule's place and how many requests it had matched, and from nothing else: the same seed and the same requests meet
//! the same faults. What a rule is, is `rule`'s, how rules are written in JSON `read`'s, what becomes of an answer `met`'s and
//! `shape`'s; breaking a connection is left to whoever carries the response.

mod met;
mod read;
mod rule;
pub(crate) mod shape;

pub(crate) use met::Bookkeeping;
pub use met::Met;
pub use rule::{Fault, Faults, Newline, Rule};

use crate::http::{Request, Response};
use crate::random::mix;
use met::Hit;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The rules in force, and what became of them.
#[derive(Debug)]
pub(crate) struct Switched {
    seed: u64,
    rules: Vec<Rule>,
    counts: Vec<Count>,
    /// What the answers met that can still turn into others.
    turns: BTreeMap<u64, Met>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    matched: u64,
    hit: u64,
}

/// A turn is forgotten when so many newer ones have met faults: none stays open through as many.
const MOST_TURNS: usize = 1000;

impl Switched {
    pub fn new(faults: Faults, seed: u64) -> Self {
        Self {
            seed: faults.seed.unwrap_or(seed),
            counts: vec![Count::default(); faults.rules.len()],
            rules: faults.rules,
            turns: BTreeMap::new(),
        }
    }

    /// Other rules from now on, which count from their beginning.
    pub fn switch(&mut self, faults: Faults) {
        self.seed = faults.seed.unwrap_or(self.seed);
        self.counts = vec![Count::default(); faults.rules.len()];
        self.rules = faults.rules;
    }

    /// The same, as JSON asks for it: the status, and what is then told.
    pub fn switch_by(&mut self, body: &[u8]) -> (u16, Value) {
        match Faults::read(body) {
            Ok(faults) => {
                self.switch(faults);
                (200, self.told())
            }
            Err(error) => (400, json!({ "error": error })),
        }
    }

    /// The seed, the rules, and how many requests each of them has hit.
    pub fn told(&self) -> Value {
        let hits: Vec<u64> = self.hits().collect();
        json!({"seed": self.seed, "rules": self.rules, "hits": hits})
    }

    /// How many requests each rule has hit.
    pub fn hits(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().map(|count| count.hit)
    }

    /// What a request meets that arrives at `now`.
    pub fn meet(&mut self, request: &Request, latency_ms: f64, now: f64) -> Met {
        let mut met = Met {
            hits: Vec::new(),
            latency_ms,
            now,
        };
        if self.rules.is_empty() {
            return met;
        }
        let meant = crate::dialect::meant(request);
        for (index, (rule, count)) in (0..).zip(self.rules.iter().zip(&mut self.counts)) {
            if !rule.matches(request, &meant) {
                continue;
            }
            count.matched += 1;
            let drawn = mix(mix(mix(self.seed) ^ index) ^ count.matched);
            let hits = rule.nth.is_none_or(|nth| nth == count.matched)
                && rule.from.is_none_or(|from| from <= count.matched)
                && rule.times.is_none_or(|times| count.hit < times)
                && rule
                    .chance
                    .is_none_or(|chance| probability(mix(drawn)) < chance);
            let whole = rule.fault.is_whole();
            if hits && !(whole && met.hits.iter().any(|hit| hit.fault.is_whole())) {
                count.hit += 1;
                let fault = rule.fault.clone();
                met.hits.push(Hit { fault, drawn });
            }
        }
        met
    }

    /// Keeps what an answer met that can still turn into another.
    pub fn keep(&mut self, turn: u64, met: Met) {
        self.turns.insert(turn, met);
        if self.turns.len() > MOST_TURNS {
            self.turns.pop_first();
        }
    }

    /// What an answer turned into meets what the answer met.
    pub fn shape(&self, turn: u64, response: Response) -> Response {
        match self.turns.get(&turn) {
            Some(met) => met.clone().shape(response),
            None => response,
        }
    }
}

/// A number of `0..1`.
#[allow(clippy::cast_precision_loss)]
fn probability(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / 9_007_199_254_740_992.0
}
