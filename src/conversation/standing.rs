//! In: what happens to the connection: pages that came or did not, the network, the page, who listens, the session's end.
//! Out: how it stands, and when the history is to be read and the session to be renewed. Every wait has an end, every
//! retry a bound in its pace.

/// How a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// nothing is under way
    Idle,
    /// the history is read for the first time
    Connecting,
    /// an answer is coming
    Streaming,
    /// something broke, and is tried again
    Reconnecting,
    /// the platform has no network
    Offline,
    /// the session takes no more messages
    Expired,
    /// something broke that waiting does not mend
    Error,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// well
    Done,
    /// badly, and it may go better later, but not before so many milliseconds
    Later(f64),
    /// badly
    Never,
}

const FIRST_PAUSE: f64 = 2_000.0;
const LONGEST_PAUSE: f64 = 30_000.0;
/// A row that grows is looked at so often, and not for longer than this after it grew: an agent that stopped never says so.
const LOOK: f64 = 1_000.0;
const STILL: f64 = 15_000.0;
/// A session is renewed when a fifth of its time is left, within these bounds.
const EARLY: f64 = 5.0 * 60_000.0;
const LATE: f64 = 30_000.0;

/// What is known of the connection and the session.
#[derive(Debug)]
pub struct Standing {
    /// the platform has a network
    pub online: bool,
    /// somebody may see the page
    pub visible: bool,
    /// somebody listens
    pub watched: bool,
    /// there is a session
    pub begun: bool,
    /// the history was read
    pub loaded: bool,
    /// it is being read
    pub loading: bool,
    /// the session takes no more messages
    pub expired: bool,
    /// something broke that waiting does not mend
    pub broken: bool,
    /// what grew grows no more
    pub still: bool,
    failures: i32,
    load_at: f64,
    grown_at: f64,
    expires: f64,
    renew_at: f64,
    renewing: bool,
}

impl Standing {
    /// Of a session that is there, or of none yet.
    pub fn new(begun: bool) -> Self {
        Standing {
            online: true,
            visible: true,
            watched: false,
            begun,
            loaded: !begun,
            loading: false,
            expired: false,
            broken: false,
            still: false,
            failures: 0,
            load_at: if begun { 0.0 } else { f64::INFINITY },
            grown_at: 0.0,
            expires: f64::INFINITY,
            renew_at: f64::INFINITY,
            renewing: false,
        }
    }

    /// There is no session any more, and not yet another one.
    pub fn restart(&mut self) {
        let (online, visible, watched) = (self.online, self.visible, self.watched);
        *self = Standing::new(false);
        (self.online, self.visible, self.watched) = (online, visible, watched);
    }

    /// The history should be looked at again.
    pub fn refresh(&mut self) {
        if self.begun {
            self.load_at = 0.0;
            self.broken = false;
        }
    }

    /// The time at which the history is to be read, if it is; infinite while nobody would see it.
    pub fn load_at(&self) -> f64 {
        if self.loading || !self.begun || !(self.visible && self.watched) {
            return f64::INFINITY;
        }
        self.load_at
    }

    /// The history was read, or could not be. `growing`: it has a row that is not whole; `grew`: which is longer than
    /// it was.
    pub fn read(&mut self, now: f64, end: End, growing: bool, grew: bool) {
        self.loading = false;
        self.load_at = f64::INFINITY;
        match end {
            End::Done => {
                (self.loaded, self.broken, self.failures) = (true, false, 0);
                if grew {
                    self.grown_at = now;
                }
                self.still = now - self.grown_at >= STILL;
                if growing && !self.still {
                    self.load_at = now + LOOK;
                }
            }
            End::Later(pause) => self.lost(now, pause),
            End::Never => self.broken = true,
        }
    }

    /// The network or the server failed for the moment, and asks for this pause.
    pub fn lost(&mut self, now: f64, asked: f64) {
        let pause = FIRST_PAUSE * 2_f64.powi(self.failures.min(8));
        self.failures += 1;
        self.load_at = now + pause.min(LONGEST_PAUSE).max(asked);
    }

    /// The session ends at `expires`, which is in `left` milliseconds.
    pub fn expires(&mut self, now: f64, expires: f64, left: f64) {
        self.renewing = false;
        // a session at its longest is given no more time: asking again and again would not help
        let moved = self.expires.is_infinite() || expires > self.expires;
        self.expires = expires;
        self.renew_at = match moved {
            true => now + left - (left / 5.0).clamp(LATE, EARLY),
            false => f64::INFINITY,
        };
    }

    /// The session could not be renewed for now.
    pub fn not_renewed(&mut self, now: f64) {
        self.renewing = false;
        self.renew_at = now + LONGEST_PAUSE;
    }

    /// The time at which the session is to be renewed, if it is; infinite while nobody is there.
    pub fn renew_at(&self) -> f64 {
        if self.renewing || !(self.visible && self.watched) {
            return f64::INFINITY;
        }
        self.renew_at
    }

    /// It is being renewed.
    pub fn renewing(&mut self) {
        self.renewing = true;
    }

    /// How it stands. `coming`: an answer is; `looking`: for the rest of one.
    pub fn state(&self, coming: bool, looking: bool) -> State {
        let failing = self.failures > 0 && (self.loading || self.load_at.is_finite());
        match () {
            () if self.expired => State::Expired,
            () if !self.online => State::Offline,
            () if looking => State::Reconnecting,
            () if coming => State::Streaming,
            () if self.broken => State::Error,
            () if failing => State::Reconnecting,
            () if !self.loaded && (self.watched || self.loading) => State::Connecting,
            () => State::Idle,
        }
    }
}
