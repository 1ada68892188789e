//! Makes operations as `src/js/mod.rs` makes them.

use std::rc::Rc;

use agentline::backend::{
    self, CreateSession, Direction, Edge, Finds, ListSessions, OutgoingMessage, Range, Resume,
};
use agentline::error::Error;
use agentline::json::Json;
use agentline::model::{Backend, Capabilities};
use agentline::operation::Operation;
use agentline::operation::call::Expect;
use agentline::operation::follow::Follow;
use agentline::operation::history::{Extent, History};
use agentline::operation::single::Single;
use agentline::operation::turn::Turn;
use agentline::settings::{Options, Settings};
use agentline::text::Text;

/// Where the tests' server is.
pub const BASE: &str = "http://agents.test";
pub const AGENT: &str = "11111111-2222-4333-8444-555555555555";
pub const USER: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// An operation, or why there is none.
pub type Made = Result<Box<dyn Operation>, Error>;

/// What `connect` gives.
pub struct Client {
    settings: Rc<Settings>,
    backend: Rc<dyn backend::Backend>,
}

/// Options that the tests begin with.
pub fn options() -> Options {
    Options {
        backend: Some(Backend::Eliza),
        base_url: Some(BASE.to_owned()),
        user_id: Some(USER.to_owned()),
        random: [7; 16],
        ..Options::default()
    }
}

/// A message that is only a text.
pub fn message(text: &str) -> OutgoingMessage {
    OutgoingMessage {
        text: Text::from(text.to_owned()),
        ..OutgoingMessage::default()
    }
}

/// A message that goes over the transport of that name.
pub fn message_over(transport: &str, text: &str) -> OutgoingMessage {
    OutgoingMessage {
        backend_options: Some(Json::parse(format!("{{\"transport\":{transport:?}}}")).unwrap()),
        ..message(text)
    }
}

/// So many messages a page, and from where to where.
pub fn range(limit: usize, before: Option<Edge>, after: Option<Edge>) -> Range {
    Range {
        before,
        after,
        limit,
    }
}

impl Default for Client {
    fn default() -> Self {
        Client::new(options())
    }
}

impl Client {
    pub fn new(options: Options) -> Self {
        let settings = Rc::new(Settings::new(options).unwrap());
        let backend = backend::of(settings.clone()).unwrap();
        Client { settings, backend }
    }

    /// The same client, for a call with a time limit of its own.
    pub fn within(&self, timeout: f64) -> Self {
        let settings = Rc::new(Settings {
            timeout,
            own_timeout: true,
            ..Settings::clone(&self.settings)
        });
        let backend = self.backend.clone();
        Client { settings, backend }
    }

    /// The same client for another backend.
    pub fn of(backend: Backend) -> Self {
        Client::new(Options {
            backend: Some(backend),
            ..options()
        })
    }

    pub fn capabilities(&self) -> Capabilities {
        self.backend.capabilities()
    }

    /// What the rows of an answer are called, out of its JSON.
    pub fn answer_rows(&self, raw: &str) -> Vec<String> {
        self.backend.answer_rows(&|| raw.to_owned())
    }

    /// How many milliseconds a session has left, out of its JSON.
    pub fn time_left(&self, raw: &str) -> Option<f64> {
        self.backend.time_left(raw)
    }

    fn single(&self, finds: Finds) -> Made {
        self.expecting(finds, Expect::Json)
    }

    fn done(&self, finds: Finds) -> Made {
        self.expecting(finds, Expect::Nothing)
    }

    fn expecting(&self, finds: Finds, expect: Expect) -> Made {
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        Ok(Box::new(Single::new(settings, backend, finds?, expect)))
    }

    pub fn create(&self, input: &CreateSession) -> Made {
        self.single(self.backend.create_session(input))
    }

    /// A session id that the backend takes.
    pub fn session(&self) -> &'static str {
        match self.settings.backend {
            Backend::AgentCloud => "6b01ef2d11f2e31b0c34e803",
            Backend::Eliza | Backend::Meibel => "s",
        }
    }

    /// An agent's id that the backend takes.
    pub fn agent(&self) -> &'static str {
        match self.settings.backend {
            Backend::AgentCloud => "6b01edf211f2e31b0c34e7f2",
            Backend::Eliza | Backend::Meibel => AGENT,
        }
    }

    pub fn create_for_agent(&self) -> Made {
        self.create(&CreateSession {
            agent_id: Some(self.agent().to_owned()),
            ..CreateSession::default()
        })
    }

    pub fn get(&self, session: &str) -> Made {
        self.single(self.backend.get_session(session))
    }

    pub fn list(&self, query: ListSessions) -> Made {
        self.single(self.backend.list_sessions(&query))
    }

    pub fn delete(&self, session: &str) -> Made {
        self.done(self.backend.delete_session(session))
    }

    pub fn cancel(&self, session: &str) -> Made {
        self.done(self.backend.cancel_session(session))
    }

    pub fn start(&self, session: &str) -> Made {
        self.done(self.backend.start_session(session))
    }

    pub fn set_variables(&self, session: &str, variables: &Json) -> Made {
        self.done(self.backend.set_variables(session, variables))
    }

    pub fn sign_in(&self, email: &str, password: &str) -> Made {
        self.single(self.backend.sign_in(email, password))
    }

    pub fn renew(&self, session: &str) -> Made {
        self.single(self.backend.renew_session(session))
    }

    pub fn send(&self, session: &str, message: &OutgoingMessage) -> Made {
        self.turn(session, message, false)
    }

    pub fn stream(&self, session: &str, message: &OutgoingMessage) -> Made {
        self.turn(session, message, true)
    }

    fn turn(&self, session: &str, message: &OutgoingMessage, stream: bool) -> Made {
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        Ok(Box::new(Turn::new(
            settings, backend, session, message, stream,
        )?))
    }

    /// `resumeReply`
    pub fn resume(&self, session: &str, query: Resume) -> Made {
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        Ok(Box::new(Turn::resume(settings, backend, session, query)?))
    }

    /// `getMessages`
    pub fn page(&self, session: &str, range: &Range) -> Made {
        let forward = range.after.is_some() && range.before.is_none();
        let direction = if forward {
            Direction::Forward
        } else {
            Direction::Backward
        };
        self.history(session, range, direction, Extent::Page)
    }

    /// `messages`
    pub fn messages(&self, session: &str, range: &Range, direction: Direction) -> Made {
        self.history(session, range, direction, Extent::All(direction))
    }

    fn history(&self, session: &str, range: &Range, direction: Direction, extent: Extent) -> Made {
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        let pages = backend.pages(session, range, direction)?;
        Ok(Box::new(History::new(settings, backend, pages, extent)))
    }

    /// `followMessages`
    pub fn follow(&self, session: &str, after: Option<Edge>) -> Made {
        let (settings, backend) = (self.settings.clone(), self.backend.clone());
        Ok(Box::new(Follow::new(settings, backend, session, after)?))
    }
}
