//! Sessions: what they hold, who is in their rooms, and what happens in them as time passes.
//!
//! In: what routes and sockets ask for, and the time. Out: sessions, their rows as they are at that time, and what
//! listeners are told ([`Live`]). An agent's whole turn is planned when it begins ([`script`]) and becomes rows when its
//! time comes, so that what a request sees is a function of when it arrives.

use super::account::Account;
use super::app::App;
use super::ids::Ids;
use super::row::{self, Place, Row};
use super::script::{self, Does, Form, Line, Step};
use crate::agent::Agents;
use crate::clock::iso;
use crate::json;
use serde_json::{Map, Value, json};
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
    ahead: VecDeque<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    at: f64,
    happens: Happens,
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
        self.ahead.insert(place, Ahead { at, happens });
    }

    fn plan(&mut self, begin: f64, steps: Vec<Step>, ids: &mut Ids) {
        let part = ids.part_of_a_millisecond();
        let mut chunk_ids: BTreeMap<usize, String> = BTreeMap::new();
        for step in steps {
            let ts = begin + step.made_after_ms + part;
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
    fn hear(&mut self, text: &str, agents: Agents, seed: u64, ids: &mut Ids, now: f64) {
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
    fn turn_to(&mut self, status: &'static str, racing: bool) -> Option<Live> {
        let changes = self.status != status || racing;
        self.status = status;
        changes.then(|| Live {
            room: self.id.clone(),
            event: "status".into(),
            data: json!(status),
        })
    }
}

/// All sessions, and the collection of their messages.
#[derive(Debug)]
pub(super) struct Sessions {
    agents: Agents,
    seed: u64,
    /// Milliseconds until an agent that is called is in its room; no agent ever comes without.
    pub wake_ms: Option<f64>,
    list: Vec<Session>,
    /// Rows outlive their session.
    rows: BTreeMap<String, Vec<Row>>,
    /// What listeners are to be told, in order.
    pub live: Vec<Live>,
}

impl Sessions {
    pub fn new(agents: Agents, seed: u64, wake_ms: Option<f64>) -> Self {
        Self {
            agents,
            seed,
            wake_ms,
            list: Vec::new(),
            rows: BTreeMap::new(),
            live: Vec::new(),
        }
    }

    pub fn add(&mut self, ids: &mut Ids, app: &App, team: &Account, now: f64) -> &mut Session {
        let session = Session {
            id: ids.object_id(now),
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
            ahead: VecDeque::new(),
        };
        let at = self.list.len();
        self.list.push(session);
        // The vector is not empty: it was pushed to.
        #[allow(clippy::indexing_slicing)]
        &mut self.list[at]
    }

    pub fn get(&mut self, id: &str) -> Option<&mut Session> {
        self.list.iter_mut().find(|session| session.id == id)
    }

    /// The session, if it is that team's.
    pub fn of_team(&mut self, team: &str, id: &str) -> Option<&mut Session> {
        self.get(id).filter(|session| session.team == team)
    }

    /// Ten sessions of a team, newest first.
    pub fn page(&self, team: &str, before: Option<&str>) -> Vec<&Session> {
        let mut page: Vec<&Session> = self
            .list
            .iter()
            .filter(|session| session.team == team)
            .filter(|session| before.is_none_or(|before| session.id.as_str() < before))
            .collect();
        page.sort_by(|a, b| b.id.cmp(&a.id));
        page.truncate(10);
        page
    }

    pub fn remove(&mut self, team: &str, id: &str) -> bool {
        let before = self.list.len();
        self.list
            .retain(|session| session.id != id || session.team != team);
        self.list.len() < before
    }

    /// A session's rows in that team, in the order in which they were stored.
    pub fn rows(&self, team: &str, id: &str) -> impl Iterator<Item = &Row> {
        self.rows
            .get(id)
            .into_iter()
            .flatten()
            .filter(move |row| row.get("teamId").and_then(Value::as_str) == Some(team))
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<f64> {
        self.list
            .iter()
            .filter_map(|session| session.ahead.front().map(|ahead| ahead.at))
            .min_by(f64::total_cmp)
    }

    /// Lets everything happen that was to happen until now.
    pub fn advance(&mut self, ids: &mut Ids, now: f64) {
        for session in &mut self.list {
            while session.ahead.front().is_some_and(|ahead| ahead.at <= now) {
                let Some(Ahead { at, happens }) = session.ahead.pop_front() else {
                    break;
                };
                let rows = self.rows.entry(session.id.clone()).or_default();
                happen(session, rows, &mut self.live, ids, at, happens);
            }
        }
    }

    /// What `send-message` does with a text for an active session. Nobody who listens is told.
    pub fn send(&mut self, ids: &mut Ids, id: &str, author: &str, text: &str, now: f64) {
        let (agents, seed) = (self.agents, self.seed);
        let Some(session) = self.list.iter_mut().find(|session| session.id == id) else {
            return;
        };
        let chunk_id = ids.uuid();
        let envelope = row::sent_over_http(id, author, text, &chunk_id, now);
        let rows = self.rows.entry(id.to_owned()).or_default();
        store(session, rows, ids, &envelope, &json!(0), &Value::Null, now);
        session.hear(text, agents, seed, ids, now);
    }

    /// Stops a session's agent for a client on a socket, and tells whoever listens.
    pub fn stop_live(&mut self, ids: &mut Ids, team: &str, id: &str) {
        let Some(session) = self.of_team(team, id) else {
            return;
        };
        session.stop(ids);
        self.live.push(Live {
            room: id.to_owned(),
            event: "terminate".into(),
            data: json!(true),
        });
    }

    /// What a client on a socket sent; dropped where there is no such session.
    pub fn send_live(
        &mut self,
        ids: &mut Ids,
        data: &Map<String, Value>,
        account: Option<&Account>,
        now: f64,
    ) {
        let (agents, seed) = (self.agents, self.seed);
        let room = data.get("room").and_then(Value::as_str).unwrap_or("");
        let Some(session) = self.list.iter_mut().find(|session| session.id == room) else {
            return;
        };
        let author = account.map(|account| account.name.as_str());
        let envelope = row::sent_over_socket(data, author, ids, now);
        let author_id = account.map_or(Value::Null, |account| json!(account.id));
        let rows = self.rows.entry(room.to_owned()).or_default();
        store(session, rows, ids, &envelope, &Value::Null, &author_id, now);
        let event = envelope.get("event").and_then(Value::as_str);
        self.live.push(Live {
            room: room.to_owned(),
            event: event.unwrap_or("message").to_owned(),
            data: Value::Object(envelope.clone()),
        });
        let waits = envelope.get("isFeedback").is_some_and(json::truthy);
        let status = if waits { "waiting" } else { "running" };
        self.live.extend(session.turn_to(status, false));
        let text = envelope
            .get("message")
            .and_then(|message| json::field(message, "text"))
            .map(|text| {
                text.as_str()
                    .map_or_else(|| json::write(text), str::to_owned)
            });
        session.hear(&text.unwrap_or_default(), agents, seed, ids, now);
    }
}

fn store(
    session: &Session,
    rows: &mut Vec<Row>,
    ids: &mut Ids,
    envelope: &Map<String, Value>,
    tokens: &Value,
    author_id: &Value,
    at: f64,
) {
    store_as(
        session,
        rows,
        ids,
        envelope,
        tokens,
        author_id,
        at,
        Form::Usual,
    );
}

#[allow(clippy::too_many_arguments)]
fn store_as(
    session: &Session,
    rows: &mut Vec<Row>,
    ids: &mut Ids,
    envelope: &Map<String, Value>,
    tokens: &Value,
    author_id: &Value,
    at: f64,
    form: Form,
) {
    let place = Place {
        session: &session.id,
        organisation: &session.organisation,
        team: &session.team,
    };
    row::store(rows, place, envelope, tokens, author_id, form, || {
        ids.object_id(at)
    });
}

fn happen(
    session: &mut Session,
    rows: &mut Vec<Row>,
    live: &mut Vec<Live>,
    ids: &mut Ids,
    at: f64,
    happens: Happens,
) {
    let told = |session: &Session, event: &str, data: Value| Live {
        room: session.id.clone(),
        event: event.to_owned(),
        data,
    };
    match happens {
        Happens::AgentJoins => {
            session.agent = Agent::InRoom;
            if !session.greeted && !session.told_to_stop {
                session.greeted = true;
                session.plan(at, script::greeting(), ids);
            }
        }
        Happens::Says { line, chunk_id, ts } => {
            let envelope = row::envelope(&session.id, &line, &chunk_id, ts);
            store_as(
                session,
                rows,
                ids,
                &envelope,
                &json!(1),
                &Value::Null,
                at,
                line.form,
            );
            live.push(told(session, "message", Value::Object(envelope)));
            let status = if line.feedback { "waiting" } else { "running" };
            live.extend(session.turn_to(status, line.racing));
        }
        Happens::TimesOut { chunk_id, ts } => {
            let envelope = row::time_out(&session.id, &chunk_id, ts);
            store(
                session,
                rows,
                ids,
                &envelope,
                &Value::Null,
                &Value::Null,
                at,
            );
            live.push(told(session, "message", Value::Object(envelope)));
            live.extend(session.turn_to("running", false));
        }
        Happens::Terminates => {
            session.status = "terminated";
            session.told_to_stop = true;
            session.agent = Agent::Away;
            session.ahead.clear();
            session.free_at = at;
            live.push(told(session, "terminate", json!(true)));
        }
    }
}
