//! Finds the sessions of one agent: page by page, by offset.

use super::super::{Errand, ListSessions, Sessions, Thing};
use super::wire::{self, status};
use crate::error::Error;
use crate::http::{Request, percent_encoded};
use crate::json::whole;
use crate::model::SessionStatus;
use crate::order::Names;
use crate::word::Word;

/// The sessions of one agent.
pub struct Listing {
    request: Request,
    agent_id: String,
    limit: Option<u32>,
    /// the server's filter
    status: Option<String>,
    /// the filter for what is two words on the server
    keep: Option<SessionStatus>,
    next: Place,
    /// the ids that came: a session that is made meanwhile moves the others to the next page
    seen: Names,
}

/// Where a page begins.
enum Place {
    Offset(u64),
    /// no server is known to give one; Meibel's own clients would send it as the offset
    Cursor(String),
}

impl Listing {
    /// The sessions of `agent_id` that `query` wants; `request` leads to all of them.
    pub fn new(request: Request, agent_id: &str, query: &ListSessions) -> Self {
        let wanted = query.status.as_deref();
        let cancelled = wanted.is_some_and(|word| word.eq_ignore_ascii_case("cancelled"));
        let server = |word: &str| match status(word) {
            SessionStatus::Unknown => word.to_owned(),
            _ => word.to_ascii_uppercase(),
        };
        Listing {
            request,
            agent_id: agent_id.to_owned(),
            limit: query.limit,
            status: wanted.filter(|_| !cancelled).map(server),
            keep: cancelled.then_some(SessionStatus::Cancelled),
            next: Place::Offset(0),
            seen: Names::default(),
        }
    }

    /// Where the page behind this one begins.
    fn behind(&self, page: &wire::SessionPage) -> Option<Place> {
        match (&self.next, &page.next_cursor) {
            (_, Some(cursor)) => Some(Place::Cursor(cursor.clone())),
            (Place::Cursor(_), None) => None,
            (Place::Offset(offset), None) => {
                let offset = offset.saturating_add(page.sessions.len() as u64);
                page.total
                    .is_none_or(|total| (offset as f64) < total)
                    .then_some(Place::Offset(offset))
            }
        }
    }
}

impl Errand for Listing {
    type Found = Thing;

    fn ask(&mut self) -> Request {
        let offset = match &self.next {
            Place::Offset(0) => None,
            Place::Offset(offset) => Some(offset.to_string()),
            Place::Cursor(cursor) => Some(cursor.clone()),
        };
        let query: Vec<String> = [
            ("offset", offset),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("status", self.status.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", percent_encoded(&value?))))
        .collect();
        let mut request = self.request.clone();
        if !query.is_empty() {
            request.url = format!("{}?{}", request.url, query.join("&"));
        }
        request
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Thing>, Error> {
        let page = whole(body, |reader| wire::session_page(reader, &self.agent_id))?;
        let behind = self.behind(&page);
        let mut sessions = page.sessions;
        sessions.retain(|session| self.seen.add(&session.id));
        // a server that says the same again has said all
        let behind = behind.filter(|_| !sessions.is_empty());
        sessions.retain(|session| self.keep.is_none_or(|status| session.status == status));
        let more = behind.is_some();
        if let Some(place) = behind {
            self.next = place;
            if sessions.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(Thing::Sessions(Sessions { sessions, more })))
    }
}
