//! A session: who is in its room, and what happens in it as time passes.
//!
//! In: texts for its agent, and the time. Out: rows, and what listeners are told ([`Live`]). An agent's whole turn is planned
//! when it begins ([`script`]) and becomes rows when its time comes, so that what a request sees is a function of when it
//! arrives. Finding a session is left to `sessions`.

use super::account::Account;
use super::app::App;
use super::ids::Ids;
use super::row::{self, Entry, Place, Row};
use super::script::{self, Does, Line, Step};
use crate::agent::Agents;
use crate::clock::iso;
use crate::fault::Bookkeeping;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// What listeners are told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Live {
    pub room: String,
    pub event: String,
    pub data: Value,
}

/// The agent's side of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agent {
    Away,
    Coming,
    InRoom,
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    pub id: String,
    organisation: String,
    pub team: String,
    started_at: f64,
    status: &'static str,
    pub app_id: &'static str,
    app_name: &'static str,
    mode: &'static str,
    variables: Option<Value>,
    agent: Agent,
    greeted: bool,
    /// The flag that nobody clears: the agent stops at its next look at it.
    told_to_stop: bool,
    /// When the agent is done with what it was told.
    free_at: f64,
    /// What the request met that the agent acts upon.
    pub book: Bookkeeping,
    ahead: VecDeque<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    at: f64,
    happens: Happens,
    /// How it is written down.
    book: Bookkeeping,
}

#[derive(Debug)]
enum Happens {
    AgentJoins,
    Says {
        line: Line,
        chunk_id: String,
        ts: f64,
    },
    TimesOut {
        chunk_id: String,
        ts: f64,
    },
    Terminates,
}

impl Session {
    /// A session of an app, without its agent.
    pub fn new(id: String, app: &App, team: &Account, now: f64) -> Self {
        Self {
            id,
            organisation: team.organisation.clone(),
            team: team.team.clone(),
            started_at: now,
            status: "started",
            app_id: app.id,
            app_name: app.name,
            mode: app.mode(),
            variables: None,
            agent: Agent::Away,
            greeted: false,
            told_to_stop: false,
            free_at: f64::NEG_INFINITY,
            book: Bookkeeping::default(),
            ahead: VecDeque::new(),
        }
    }

    pub fn is_public(&self) -> bool {
        self.mode == "public"
    }

    /// Whether the agent is in its room, without which no message is taken over HTTP.
    pub fn is_active(&self) -> bool {
        self.agent == Agent::InRoom
    }

    pub fn shown(&self) -> Value {
        let mut shown = json!({
            "orgId": self.organisation,
            "teamId": self.team,
            "name": self.app_name,
            "startDate": iso(self.started_at),
            "lastUpdatedDate": iso(self.started_at),
            "tokensUsed": 0,
            "status": self.status,
            "appId": self.app_id,
            "sharingConfig": {"permissions": {}, "mode": self.mode},
            "_id": self.id,
        });
        if let (Some(variables), Some(fields)) = (&self.variables, shown.as_object_mut()) {
            fields.insert("variables".into(), variables.clone());
        }
        shown
    }

    /// Whether that changed anything.
    pub fn edit(&mut self, variables: &Value) -> bool {
        let changed = self.variables.as_ref() != Some(variables);
        self.variables = Some(variables.clone());
        changed
    }

    /// Lets the agent come, where it is not there and one comes at all.
    pub fn wake(&mut self, now: f64, wake_ms: Option<f64>) {
        if let (Agent::Away, Some(wake_ms)) = (self.agent, wake_ms) {
            self.agent = Agent::Coming;
            self.schedule(now + wake_ms, Happens::AgentJoins);
        }
    }

    fn schedule(&mut self, at: f64, happens: Happens) {
        let place = self.ahead.partition_point(|other| other.at <= at);
        let book = self.book;
        self.ahead.insert(place, Ahead { at, happens, book });
    }

    fn plan(&mut self, begin: f64, steps: Vec<Step>, ids: &mut Ids) {
        let part = ids.part_of_a_millisecond();
        let mut chunk_ids: BTreeMap<usize, String> = BTreeMap::new();
        for step in steps {
            let ts = begin + self.book.skew_ms + step.made_after_ms + part;
            let happens = match step.does {
                Does::Says(line) => {
                    let chunk_id = chunk_ids
                        .entry(line.message)
                        .or_insert_with(|| ids.uuid())
                        .clone();
                    Happens::Says { line, chunk_id, ts }
                }
                Does::TimesOut => Happens::TimesOut {
                    chunk_id: ids.uuid(),
                    ts: ts.floor(),
                },
                Does::Terminates => Happens::Terminates,
            };
            let at = begin + step.after_ms;
            self.free_at = self.free_at.max(at);
            self.schedule(at, happens);
        }
    }

    /// The agent gets a user's text. One that is busy takes it up when it is done.
    pub fn hear(&mut self, text: &str, agents: Agents, seed: u64, ids: &mut Ids, now: f64) {
        if self.agent != Agent::InRoom {
            return;
        }
        let begin = self.free_at.max(now);
        let steps = if self.told_to_stop {
            script::stopped()
        } else {
            script::turn(agents, seed, text, &mut ids.random)
        };
        self.plan(begin, steps, ids);
    }

    /// Sets the flag. What the agent was about to do next becomes its stop.
    pub fn stop(&mut self, ids: &mut Ids) {
        self.status = "terminated";
        self.told_to_stop = true;
        let next = self
            .ahead
            .iter()
            .find(|ahead| !matches!(ahead.happens, Happens::AgentJoins))
            .map(|ahead| ahead.at);
        if let Some(at) = next {
            self.ahead
                .retain(|ahead| matches!(ahead.happens, Happens::AgentJoins));
            self.free_at = at;
            self.plan(at, script::stopped(), ids);
        }
    }

    /// Whether somebody may listen: everybody where it is public, else its team.
    pub fn admits(&self, account: Option<&Account>) -> bool {
        self.is_public() || account.is_some_and(|account| account.team == self.team)
    }

    /// The status that a message brings about, where it is another or where several came at once.
    pub fn turn_to(&mut self, status: &'static str, racing: bool) -> Option<Live> {
        let changes = self.status != status || racing;
        self.status = status;
        changes.then(|| self.told("status", json!(status)))
    }

    /// Puts an entry into the collection.
    pub fn store(&self, rows: &mut Vec<Row>, ids: &mut Ids, entry: &Entry, at: f64) {
        let place = Place {
            session: &self.id,
            organisation: &self.organisation,
            team: &self.team,
        };
        row::store(rows, place, entry, || ids.object_id(at));
    }

    /// Lets everything happen that was to happen until now.
    pub fn advance(&mut self, rows: &mut Vec<Row>, live: &mut Vec<Live>, ids: &mut Ids, now: f64) {
        while self.ahead.front().is_some_and(|ahead| ahead.at <= now) {
            let Some(Ahead { at, happens, book }) = self.ahead.pop_front() else {
                break;
            };
            match happens {
                Happens::AgentJoins => {
                    self.agent = Agent::InRoom;
                    if !self.greeted && !self.told_to_stop {
                        self.greeted = true;
                        self.book = book;
                        self.plan(at, script::greeting(), ids);
                    }
                }
                Happens::Says { line, chunk_id, ts } => {
                    let envelope = row::envelope(&self.id, &line, &chunk_id, ts);
                    let entry = Entry {
                        tokens: json!(1),
                        form: line.form,
                        ..Entry::of(envelope)
                    };
                    if book.answer != Some(false) {
                        self.store(rows, ids, &entry, at + book.skew_ms);
                    }
                    live.push(self.told("message", Value::Object(entry.envelope)));
                    let status = if line.feedback { "waiting" } else { "running" };
                    live.extend(self.turn_to(status, line.racing));
                }
                Happens::TimesOut { chunk_id, ts } => {
                    let entry = Entry::of(row::time_out(&self.id, &chunk_id, ts));
                    if book.answer != Some(false) {
                        self.store(rows, ids, &entry, at + book.skew_ms);
                    }
                    live.push(self.told("message", Value::Object(entry.envelope)));
                    live.extend(self.turn_to("running", false));
                }
                Happens::Terminates => {
                    self.status = "terminated";
                    self.told_to_stop = true;
                    self.agent = Agent::Away;
                    self.ahead.clear();
                    self.free_at = at;
                    live.push(self.told("terminate", json!(true)));
                }
            }
        }
    }

    /// When something happens in it next.
    pub fn next_at(&self) -> Option<f64> {
        self.ahead.front().map(|ahead| ahead.at)
    }

    /// What its room is told.
    pub fn told(&self, event: &str, data: Value) -> Live {
        Live {
            room: self.id.clone(),
            event: event.to_owned(),
            data,
        }
    }
}
