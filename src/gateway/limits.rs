//! How many requests one client may make. In: who asks, and when. Out: whether it may, or how long it has to wait. Who a
//! client is, is left to the platform; each isolate counts for itself.

use std::collections::BTreeMap;

/// How many clients are told apart: beyond that those that come new share one count, so that inventing clients helps
/// nobody and costs no memory.
const MOST_CLIENTS: usize = 10_000;
const MINUTE: f64 = 60_000.0;

/// The counts of all clients.
pub struct Limits {
    per_minute: f64,
    clients: BTreeMap<String, Bucket>,
    others: Bucket,
}

/// What one client may still ask for at once; it fills up again as time passes.
#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: f64,
}

impl Limits {
    /// Each client may make so many requests in a minute, all at once or one after another.
    pub fn new(per_minute: f64) -> Self {
        Limits {
            per_minute,
            clients: BTreeMap::new(),
            others: Bucket {
                left: per_minute,
                at: f64::NEG_INFINITY,
            },
        }
    }

    /// Counts a request that `client` makes at `now`, in milliseconds. If it may not be made: how long to wait.
    pub fn admit(&mut self, client: &str, now: f64) -> Result<(), f64> {
        let rate = self.per_minute / MINUTE;
        let most = self.per_minute;
        let fill = |bucket: &mut Bucket| {
            let passed = (now - bucket.at).max(0.0);
            bucket.left = (bucket.left + passed * rate).min(most);
            bucket.at = now;
        };
        if !self.clients.contains_key(client) && self.clients.len() >= MOST_CLIENTS {
            // whose count is full again is as good as new
            self.clients.retain(|_, bucket| {
                fill(bucket);
                bucket.left < most
            });
        }
        let full = self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(client);
        let bucket = match full {
            true => &mut self.others,
            false => self.clients.entry(client.to_owned()).or_insert(Bucket {
                left: most,
                at: now,
            }),
        };
        fill(bucket);
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(((1.0 - bucket.left) / rate).ceil())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_waits_once_it_made_its_requests_and_another_does_not() {
        let mut limits = Limits::new(60.0);
        for _ in 0..60 {
            assert_eq!(limits.admit("a", 0.0), Ok(()));
        }
        assert_eq!(limits.admit("a", 0.0), Err(1000.0));
        assert_eq!(limits.admit("a", 400.0), Err(600.0));
        assert_eq!(limits.admit("b", 400.0), Ok(()));
        assert_eq!(limits.admit("a", 1000.0), Ok(()));
        assert_eq!(limits.admit("a", 1000.0), Err(1000.0));
        // a clock that runs backwards gives nothing away
        assert_eq!(limits.admit("a", 0.0), Err(1000.0));
    }

    #[test]
    fn invented_clients_share_one_count_and_no_memory() {
        let mut limits = Limits::new(2.0);
        for number in 0..MOST_CLIENTS {
            assert_eq!(limits.admit(&number.to_string(), 0.0), Ok(()));
        }
        assert_eq!(limits.admit("new 1", 1.0), Ok(()));
        assert_eq!(limits.admit("new 2", 1.0), Ok(()));
        assert!(limits.admit("new 3", 1.0).is_err());
        assert!(limits.clients.len() <= MOST_CLIENTS);
        // who is known keeps its own
        assert_eq!(limits.admit("1", 1.0), Ok(()));
        // a minute later there is room again
        assert_eq!(limits.admit("new 3", 60_001.0), Ok(()));
        assert!(limits.clients.len() < MOST_CLIENTS);
    }
}
