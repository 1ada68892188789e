//! All sessions, and the collection of their messages.
//!
//! In: what routes and sockets ask for, and the time. Out: sessions, and their rows as they are at that time. What happens
//! in a session is its own.

use super::account::Account;
use super::app::App;
use super::ids::Ids;
use super::row::{self, Entry, Row};
use super::session::{Live, Session};
use crate::agent::Agents;
use crate::fault::Bookkeeping;
use crate::json;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All sessions, and the collection of their messages.
#[derive(Debug)]
pub(super) struct Sessions {
    agents: Agents,
    seed: u64,
    /// Milliseconds until an agent that is called is in its room; no agent ever comes without.
    pub wake_ms: Option<f64>,
    /// What the request that is being handled met.
    pub book: Bookkeeping,
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
            book: Bookkeeping::default(),
            list: Vec::new(),
            rows: BTreeMap::new(),
            live: Vec::new(),
        }
    }

    pub fn add(&mut self, ids: &mut Ids, app: &App, team: &Account, now: f64) -> &mut Session {
        let now = now + self.book.skew_ms;
        let session = Session::new(ids.object_id(now), app, team, now);
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
            .filter_map(Session::next_at)
            .min_by(f64::total_cmp)
    }

    /// Lets everything happen that was to happen until now.
    pub fn advance(&mut self, ids: &mut Ids, now: f64) {
        for session in &mut self.list {
            if session.next_at().is_some_and(|at| at <= now) {
                let rows = self.rows.entry(session.id.clone()).or_default();
                session.advance(rows, &mut self.live, ids, now);
            }
        }
    }

    /// What `send-message` does with a text for an active session. Nobody who listens is told.
    pub fn send(&mut self, ids: &mut Ids, id: &str, author: &str, text: &str, now: f64) {
        let (agents, seed, book) = (self.agents, self.seed, self.book);
        let Some(session) = self.list.iter_mut().find(|session| session.id == id) else {
            return;
        };
        let chunk_id = ids.uuid();
        let stamp = now + book.skew_ms;
        let envelope = row::sent_over_http(id, author, text, &chunk_id, stamp);
        let rows = self.rows.entry(id.to_owned()).or_default();
        let entry = Entry {
            tokens: json!(0),
            ..Entry::of(envelope)
        };
        if book.message {
            session.store(rows, ids, &entry, stamp);
        }
        session.book = book;
        session.hear(text, agents, seed, ids, now);
    }

    /// Stops a session's agent for a client on a socket, and tells whoever listens.
    pub fn stop_live(&mut self, ids: &mut Ids, team: &str, id: &str) {
        let Some(session) = self.of_team(team, id) else {
            return;
        };
        session.stop(ids);
        let told = session.told("terminate", json!(true));
        self.live.push(told);
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
        // Faults are met by requests.
        session.book = Bookkeeping::default();
        let envelope = row::sent_over_socket(data, author, ids, now);
        let entry = Entry {
            author_id: account.map_or(Value::Null, |account| json!(account.id)),
            ..Entry::of(envelope)
        };
        let rows = self.rows.entry(room.to_owned()).or_default();
        session.store(rows, ids, &entry, now);
        let envelope = entry.envelope;
        let event = envelope.get("event").and_then(Value::as_str);
        let told = Value::Object(envelope.clone());
        self.live
            .push(session.told(event.unwrap_or("message"), told));
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
