//! What takes several requests: making a session whose agent needs variables, waking an agent, and listing all sessions.

use super::super::{Errand, ListSessions, Sessions, Thing};
use super::{Place, routes, wire};
use crate::error::{Error, ErrorKind};
use crate::http::Request;
use crate::json::Json;
use crate::model::{Backend, Session, SessionStatus};
use crate::order::Names;
use crate::settings::is_object_id;
use crate::word::Word;

/// The id of the session to which a path leads: `/T/session/S`.
pub fn session_in(path: &str) -> Option<&str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (rest, id) = path.rsplit_once('/')?;
    (rest.ends_with("/session") && is_object_id(id)).then_some(id)
}

/// Makes a session. With variables, these must be there before its agent runs: it is made without running it
/// (`skipRun`), then they are set, then it is started.
pub struct Creating {
    place: Place,
    agent_id: String,
    add: Request,
    variables: Option<Json>,
    /// whether its agent has to be started
    start: bool,
    step: Step,
    made: Option<Session>,
}

enum Step {
    Add,
    Edit,
    Start(Starting),
}

impl Creating {
    /// Makes a session by `add`, with an agent that was not started where `start` says so.
    pub fn new(
        place: Place,
        agent_id: String,
        add: Request,
        variables: Option<Json>,
        start: bool,
    ) -> Box<Self> {
        Box::new(Creating {
            place,
            agent_id,
            add,
            variables,
            start,
            step: Step::Add,
            made: None,
        })
    }

    fn session(&self, body: &str) -> Result<Session, Error> {
        let redirect = wire::instead(body)?.redirect;
        let Some(id) = redirect.as_deref().and_then(session_in) else {
            let message = "the server made a session, and does not lead to it";
            return Err(Error::new(ErrorKind::Protocol, message));
        };
        Ok(Session {
            id: id.to_owned(),
            backend: Backend::AgentCloud,
            agent_id: Some(self.agent_id.clone()),
            agent_name: None,
            status: SessionStatus::Active,
            backend_status: None,
            created_at: None,
            expires_at: None,
            metadata: None,
            raw: Json::parse(body).unwrap_or_default(),
        })
    }
}

impl Errand for Creating {
    type Found = Thing;

    fn ask(&mut self) -> Request {
        match (&mut self.step, &self.made, &self.variables) {
            (Step::Start(starting), ..) => starting.ask(),
            (Step::Edit, Some(session), Some(variables)) => self.place.edit(&session.id, variables),
            _ => self.add.clone(),
        }
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Thing>, Error> {
        match &mut self.step {
            Step::Add => {
                let session = self.session(body)?;
                if self.variables.is_none() {
                    return Ok(Some(Thing::Session(session)));
                }
                self.made = Some(session);
                self.step = Step::Edit;
                return Ok(None);
            }
            Step::Edit => {
                if let (true, Some(session)) = (self.start, &self.made) {
                    self.step = Step::Start(Starting::new(self.place.clone(), &session.id));
                    return Ok(None);
                }
            }
            Step::Start(starting) => {
                if starting.answer(body)?.is_none() {
                    return Ok(None);
                }
            }
        }
        Ok(self.made.take().map(Thing::Session))
    }
}

/// Starts a session's agent: the server has to be told of which kind it is, and `session.json` knows.
pub struct Starting {
    place: Place,
    id: String,
    kind: Option<String>,
}

impl Starting {
    /// Starts the agent of that session.
    pub fn new(place: Place, id: &str) -> Self {
        Starting {
            place,
            id: id.to_owned(),
            kind: None,
        }
    }
}

impl Errand for Starting {
    type Found = Thing;

    fn ask(&mut self) -> Request {
        match &self.kind {
            None => self.place.look_up(&self.id),
            Some(kind) => self.place.start(&self.id, kind),
        }
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Thing>, Error> {
        if self.kind.is_some() {
            return Ok(Some(Thing::Done));
        }
        let Some((_, app)) = wire::looked_up(body)? else {
            return Err(no_session());
        };
        if app.kind.is_none() {
            let message = "the session's app is gone, so nobody can say which agent to start";
            return Err(Error::new(ErrorKind::NotFound, message).code("APP_GONE"));
        }
        self.kind = app.kind;
        Ok(None)
    }
}

/// The server says no more than that: another team's session is none either.
pub fn no_session() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "there is no session with this id in this team",
    )
}

/// Lists all sessions: pages of ten, each behind the last session of the one before, until one brings nothing new.
pub struct Listing {
    place: Place,
    query: ListSessions,
    before: Option<String>,
    seen: Names,
}

impl Listing {
    /// Lists those that `query` wants. The server has no filter, so they are picked here.
    pub fn new(place: Place, query: &ListSessions) -> Box<Self> {
        Box::new(Listing {
            place,
            query: query.clone(),
            before: None,
            seen: Names::default(),
        })
    }
}

impl Errand for Listing {
    type Found = Thing;

    fn ask(&mut self) -> Request {
        let query = match &self.before {
            None => String::new(),
            Some(id) => format!("?before={id}"),
        };
        let mut request = self.place.sessions(&routes::LIST);
        request.url.push_str(&query);
        request
    }

    fn answer(&mut self, body: &Word) -> Result<Option<Thing>, Error> {
        let mut sessions = wire::sessions(body)?;
        self.before = sessions.last().map(|session| session.id.clone());
        sessions.retain(|session| self.seen.add(&session.id));
        let more = !sessions.is_empty();
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        sessions.retain(|session| {
            fits(&self.query.agent_id, session.agent_id.as_deref())
                && fits(&self.query.status, Some(session.status.as_str()))
        });
        // a page without any that is wanted leads on by itself
        Ok((!more || !sessions.is_empty()).then_some(Thing::Sessions(Sessions { sessions, more })))
    }
}
