//! The servers that agentline talks to, as one machine: requests go in, responses with their times come out.
//!
//! It does no input or output and has no clock of its own: [`Sandbox::handle`] is told the time, and a response is
//! determined when its request arrives. So it runs inside native tests under a virtual clock, as an HTTP server
//! (`src/main.rs`) and, compiled to WebAssembly, behind `agentline/sandbox`. It shares no code with the client: both are
//! written from the servers' contracts, so that one cannot hide the other's mistake.
//!
//! The modules, in the order in which a request meets them: [`http`] (the data), [`dialect`] (whose path it is), [`fault`]
//! (what goes wrong on purpose, before a dialect and after it), a dialect ([`meibel`], [`agentcloud`], [`eliza`]),
//! [`agent`] (what is said), [`json`], [`clock`] and [`random`] (how it is written down).

pub mod agent;
pub mod agentcloud;
pub mod clock;
pub mod dialect;
pub mod eliza;
pub mod fault;
pub mod http;
pub mod json;
pub mod meibel;
pub mod random;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use agent::Agents;
pub use fault::Faults;
pub use http::{End, Piece, Request, Response};

use agentcloud::AgentCloud;
use dialect::Dialect;
use eliza::Eliza;
use fault::{Met, Switched};
use meibel::Meibel;

/// How a sandbox is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The same seed gives the same ids, words and pauses.
    pub seed: u64,
    /// Milliseconds before each answer's head.
    pub latency_ms: f64,
    /// What the agent does with a text that steers nothing.
    pub agents: Agents,
    /// The API keys that are accepted; without any, none is asked for.
    pub keys: Vec<String>,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// What only Meibel has.
    pub meibel: meibel::Options,
    /// What only Agent Cloud has.
    pub agentcloud: agentcloud::Options,
    /// What only elizaOS has.
    pub eliza: eliza::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            latency_ms: 0.0,
            agents: Agents::default(),
            keys: Vec::new(),
            faults: Faults::default(),
            meibel: meibel::Options::default(),
            agentcloud: agentcloud::Options::default(),
            eliza: eliza::Options::default(),
        }
    }
}

/// What all dialects are told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Common {
    pub seed: u64,
    pub latency_ms: f64,
    pub agents: Agents,
    pub keys: Vec<String>,
}

/// The servers.
#[derive(Debug)]
pub struct Sandbox {
    latency_ms: f64,
    faults: Switched,
    meibel: Meibel,
    agentcloud: AgentCloud,
    eliza: Eliza,
}

impl Sandbox {
    /// Servers without any session.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let latency_ms = if options.latency_ms.is_finite() {
            options.latency_ms.max(0.0)
        } else {
            0.0
        };
        let common = Common {
            seed: options.seed,
            latency_ms,
            agents: options.agents,
            keys: options.keys,
        };
        Self {
            latency_ms,
            faults: Switched::new(options.faults, options.seed),
            meibel: Meibel::new(common.clone(), options.meibel),
            agentcloud: AgentCloud::new(common.clone(), options.agentcloud),
            eliza: Eliza::new(common, options.eliza),
        }
    }

    /// Answers a request that arrives at `now_ms` (since the epoch). Time must not run backwards between two calls.
    pub fn handle(&mut self, request: &Request, now_ms: f64) -> Response {
        let now = clamped(now_ms);
        if request.path() == FAULTS && ["GET", "POST"].contains(&request.method.as_str()) {
            return self.switch_by(request);
        }
        let mut met = self.meet(request, now);
        if let Some(instead) = instead(request, &met) {
            return met.shape(instead);
        }
        let book = met.bookkeeping();
        let response = match dialect::of(request.path()) {
            // A dialect gets its arm here, a field above and a line in `new`.
            Dialect::Meibel => self.meibel.handle(request, now, book),
            Dialect::AgentCloud => self.agentcloud.handle(request, now, book),
            Dialect::Eliza => self.eliza.handle(request, now, book),
        };
        if met.is_nothing() {
            return response;
        }
        let response = met.shape(response);
        if let Some(turn) = response.turn {
            self.faults.keep(turn, met);
        }
        response
    }

    /// The faults that a request meets. Only for who answers some requests without [`handle`](Self::handle).
    pub fn meet(&mut self, request: &Request, now_ms: f64) -> Met {
        self.faults.meet(request, self.latency_ms, clamped(now_ms))
    }

    /// Lets other things go wrong from now on; the rules count from their beginning.
    pub fn switch_faults(&mut self, faults: Faults) {
        self.faults.switch(faults);
    }

    /// How many requests each rule has hit.
    pub fn hits(&self) -> impl Iterator<Item = u64> {
        self.faults.hits()
    }

    /// The test control: tells the faults, or switches them.
    fn switch_by(&mut self, request: &Request) -> Response {
        let (status, body) = match request.method.as_str() {
            "POST" => self.faults.switch_by(&request.body),
            _ => (200, self.faults.told()),
        };
        let mut response = eliza::answer_json(status, &body, 0.0);
        response.headers.extend(eliza::cross_origin(request));
        response
    }

    /// Agent Cloud's live messages at `now_ms`: what comes in below `/socket.io/` goes there and not to
    /// [`handle`](Self::handle), which knows no answer that waits for others.
    pub fn sockets(&mut self, now_ms: f64) -> agentcloud::Sockets<'_> {
        agentcloud::Sockets::new(&mut self.agentcloud, clamped(now_ms))
    }

    /// What an answer turned into, where a later message overtook its turn: the whole response anew. What of it lies
    /// in the past is what was promised before, piece by piece.
    #[must_use]
    pub fn overtaken(&self, turn: u64) -> Option<Response> {
        let response = self.eliza.overtaken(turn)?.clone();
        Some(self.faults.shape(turn, response))
    }

    /// Lets the next ids be these, so that a recorded exchange can be played again.
    pub fn plan_ids(&mut self, ids: impl IntoIterator<Item = String> + Clone) {
        self.agentcloud.plan_ids(ids.clone());
        self.eliza.plan_ids(ids);
    }
}

/// Where faults are switched.
const FAULTS: &str = "/__fixture/faults";

/// The answer to a request that is kept out of its dialect.
fn instead(request: &Request, met: &Met) -> Option<Response> {
    let headers = match dialect::of(request.path()) {
        Dialect::Eliza => eliza::cross_origin(request),
        Dialect::Meibel | Dialect::AgentCloud => Vec::new(),
    };
    met.instead(headers)
}

/// A moment that JavaScript has a date for.
fn clamped(now_ms: f64) -> f64 {
    if now_ms.is_finite() {
        now_ms.clamp(-8.64e15, 8.64e15)
    } else {
        0.0
    }
}
