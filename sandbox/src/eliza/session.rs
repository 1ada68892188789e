//! Sessions in memory: their timeouts, renewals and expiry.
//!
//! In: what a client asks for, and the time. Out: the session and the JSON that describes it. Messages are left to
//! `history`, the routes to `mod`.

use super::error::Failure;
use crate::clock::iso;
use crate::json::{self, field};
use serde_json::{Map, Value, json};

const MINUTE: f64 = 60_000.0;
/// Every so often the server forgets what has expired.
const SWEEP_EVERY: f64 = 5.0 * MINUTE;

/// How long a session lives, in minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeout {
    /// Until it expires.
    pub timeout: f64,
    /// Whether activity renews it. Not always a boolean: on create it is echoed unchecked.
    pub auto_renew: Value,
    /// The most that renewals can reach.
    pub max_duration: f64,
    /// When it counts as near its expiry.
    pub warning_threshold: f64,
}

/// The limits that the server's environment sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// `SESSION_MIN_TIMEOUT_MINUTES`.
    pub least_timeout: f64,
}

const MOST_TIMEOUT: f64 = 1440.0;

impl Default for Timeout {
    fn default() -> Self {
        Self {
            timeout: 30.0,
            auto_renew: Value::Bool(true),
            max_duration: 720.0,
            warning_threshold: 5.0,
        }
    }
}

impl Timeout {
    /// The agent's defaults with what the client asks for, clamped without a word.
    #[must_use]
    pub fn requested(config: Option<&Value>, limits: Limits) -> Self {
        let mut merged = Self::default();
        let asked = |key| config.and_then(|config| field(config, key));
        let minutes =
            |value: &Value| Some(json::to_number(value)).filter(|minutes| minutes.is_finite());
        if let Some(value) = asked("timeoutMinutes") {
            let clamp = |minutes: f64| minutes.min(MOST_TIMEOUT).max(limits.least_timeout);
            merged.timeout = minutes(value).map_or(Self::default().timeout, clamp);
        }
        if let Some(value) = asked("autoRenew") {
            merged.auto_renew = value.clone();
        }
        if let Some(value) = asked("maxDurationMinutes") {
            let clamp = |minutes: f64| minutes.min(MOST_TIMEOUT * 2.0).max(merged.timeout);
            merged.max_duration = minutes(value).map_or(Self::default().max_duration, clamp);
        }
        if let Some(value) = asked("warningThresholdMinutes") {
            merged.warning_threshold = minutes(value)
                .map_or(Self::default().warning_threshold, |minutes| {
                    minutes.max(1.0)
                });
        }
        merged
    }

    /// The same for a change, which is checked.
    ///
    /// # Errors
    /// What the server says about it.
    pub fn changed(now: f64, config: Option<&Value>, limits: Limits) -> Result<Self, Failure> {
        let is_minutes = |key| {
            config
                .and_then(|c| field(c, key))
                .is_none_or(|v| v.is_number() || v.is_string())
        };
        let well_formed = config.is_some_and(|config| config.is_object() || config.is_array())
            && [
                "timeoutMinutes",
                "maxDurationMinutes",
                "warningThresholdMinutes",
            ]
            .into_iter()
            .all(is_minutes)
            && config
                .and_then(|config| field(config, "autoRenew"))
                .is_none_or(Value::is_boolean);
        if !well_formed {
            return Err(Failure::invalid_timeout(
                now,
                "Invalid timeout configuration format",
                config,
            ));
        }
        let timeout = config
            .and_then(|config| field(config, "timeoutMinutes"))
            .map(json::to_number);
        if timeout
            .is_some_and(|t| t.is_finite() && !(limits.least_timeout..=MOST_TIMEOUT).contains(&t))
        {
            let least = json::number_text(limits.least_timeout);
            let reason = format!("Timeout must be between {least} and {MOST_TIMEOUT} minutes");
            return Err(Failure::invalid_timeout(now, &reason, config));
        }
        Ok(Self::requested(config, limits))
    }

    /// As the server writes it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "timeoutMinutes": json::number(self.timeout),
            "autoRenew": self.auto_renew,
            "maxDurationMinutes": json::number(self.max_duration),
            "warningThresholdMinutes": json::number(self.warning_threshold),
        })
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The channel that holds its messages.
    pub channel_id: String,
    /// Its agent.
    pub agent_id: String,
    /// Its user.
    pub user_id: String,
    /// What the creator attached: any JSON value.
    pub metadata: Value,
    /// When it was created.
    pub created_at: f64,
    /// When it was last used.
    pub last_activity: f64,
    /// When it expires.
    pub expires_at: f64,
    /// How long it lives.
    pub timeout: Timeout,
    /// How often it was renewed.
    pub renewal_count: u32,
    /// A session that was warned about does not count as near its expiry in an answer to a message.
    pub warned: bool,
}

impl Session {
    /// Calculates the expiry anew.
    pub fn reschedule(&mut self, now: f64) {
        let base = if json::truthy(&self.timeout.auto_renew) {
            self.last_activity
        } else {
            self.created_at
        };
        let timeout = self.timeout.timeout * MINUTE;
        let longest = self.timeout.max_duration * MINUTE;
        let end = if now - self.created_at + timeout > longest {
            self.created_at + longest
        } else {
            base + timeout
        };
        self.expires_at = end.trunc();
    }

    /// Renews the session, if it may.
    pub fn renew(&mut self, now: f64) -> bool {
        if !json::truthy(&self.timeout.auto_renew) {
            return false;
        }
        self.renew_by_hand(now)
    }

    /// Renews the session whatever `autoRenew` says.
    pub fn renew_by_hand(&mut self, now: f64) -> bool {
        if now - self.created_at >= self.timeout.max_duration * MINUTE {
            return false;
        }
        self.last_activity = now;
        self.renewal_count += 1;
        let kept = std::mem::replace(&mut self.timeout.auto_renew, Value::Bool(true));
        self.reschedule(now);
        self.timeout.auto_renew = kept;
        self.warned = false;
        true
    }

    fn near_expiry(&self, now: f64) -> bool {
        let remaining = self.expires_at - now;
        remaining > 0.0 && remaining <= self.timeout.warning_threshold * MINUTE
    }

    /// Whether the server would warn about it now.
    #[must_use]
    pub fn should_warn(&self, now: f64) -> bool {
        !self.warned && self.near_expiry(now)
    }

    /// CreateSessionResponse.
    #[must_use]
    pub fn created(&self) -> Value {
        json!({
            "sessionId": self.id,
            "channelId": self.channel_id,
            "agentId": self.agent_id,
            "userId": self.user_id,
            "createdAt": iso(self.created_at),
            "metadata": self.metadata,
            "expiresAt": iso(self.expires_at),
            "timeoutConfig": self.timeout.json(),
        })
    }

    /// SessionInfo.
    #[must_use]
    pub fn info(&self, now: f64) -> Value {
        json!({
            "sessionId": self.id,
            "channelId": self.channel_id,
            "agentId": self.agent_id,
            "userId": self.user_id,
            "createdAt": iso(self.created_at),
            "lastActivity": iso(self.last_activity),
            "metadata": self.metadata,
            "expiresAt": iso(self.expires_at),
            "timeoutConfig": self.timeout.json(),
            "renewalCount": self.renewal_count,
            "timeRemaining": json::number((self.expires_at - now).max(0.0)),
            "isNearExpiration": self.near_expiry(now),
        })
    }

    /// What rides along with the answer to a message.
    #[must_use]
    pub fn status(&self, now: f64, was_renewed: bool) -> Value {
        json!({
            "expiresAt": iso(self.expires_at),
            "renewalCount": self.renewal_count,
            "wasRenewed": was_renewed,
            "isNearExpiration": self.should_warn(now),
        })
    }

    /// What the session's channel keeps about it, in the database's order.
    #[must_use]
    pub fn channel_metadata(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("sessionId".into(), self.id.as_str().into());
        fields.insert("agentId".into(), self.agent_id.as_str().into());
        fields.insert("userId".into(), self.user_id.as_str().into());
        fields.insert("timeoutConfig".into(), self.timeout.json());
        fields.extend(json::spread(&self.metadata));
        fields
    }
}

/// All sessions, in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    all: Vec<Session>,
    started_at: Option<f64>,
    sweeps: f64,
}

impl Sessions {
    /// Forgets what expired before the last sweep. Timers run in real time, whatever the clock says.
    pub fn sweep(&mut self, real: f64, skew_ms: f64) {
        let started_at = *self.started_at.get_or_insert(real);
        let sweeps = ((real - started_at) / SWEEP_EVERY).floor();
        if sweeps > self.sweeps {
            self.sweeps = sweeps;
            let at = started_at + sweeps * SWEEP_EVERY + skew_ms;
            self.all.retain(|session| session.expires_at > at);
            for session in &mut self.all {
                session.warned |= session.should_warn(at);
            }
        }
    }

    /// Seconds since the server started.
    #[must_use]
    pub fn uptime(&self, real: f64) -> f64 {
        self.started_at
            .map_or(0.0, |started_at| (real - started_at) / 1000.0)
    }

    /// Adds a session.
    pub fn add(&mut self, session: Session) {
        self.all.push(session);
    }

    /// A session that is alive. One that has expired is forgotten by being found.
    ///
    /// # Errors
    /// 404 and 410.
    pub fn alive(&mut self, now: f64, id: &str) -> Result<&mut Session, Failure> {
        let Some(at) = self.all.iter().position(|session| session.id == id) else {
            return Err(Failure::session_not_found(now, id));
        };
        if self
            .all
            .get(at)
            .is_some_and(|session| session.expires_at <= now)
        {
            let gone = self.all.remove(at);
            return Err(Failure::session_expired(now, id, gone.expires_at));
        }
        self.all
            .get_mut(at)
            .ok_or_else(|| Failure::session_not_found(now, id))
    }

    /// Forgets a session, expired or not.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|session| session.id != id);
        self.all.len() < before
    }

    /// Those that have not expired.
    fn active(&self, now: f64) -> impl Iterator<Item = &Session> {
        self.all
            .iter()
            .filter(move |session| session.expires_at > now)
    }

    /// The answer of `GET /sessions`.
    #[must_use]
    pub fn list(&self, now: f64) -> Value {
        let active: Vec<Value> = self.active(now).map(|session| session.info(now)).collect();
        let count = active.len();
        json!({
            "sessions": active,
            "total": count,
            "stats": {"totalSessions": self.all.len(), "activeSessions": count, "expiredSessions": self.all.len() - count},
        })
    }

    /// The answer of `GET /sessions/health`.
    #[must_use]
    pub fn health(&self, now: f64, real: f64) -> Value {
        json!({
            "status": "healthy",
            "activeSessions": self.active(now).count(),
            "timestamp": iso(now),
            "expiringSoon": self.active(now).filter(|session| session.should_warn(now)).count(),
            "uptime": json::number(self.uptime(real)),
        })
    }
}
