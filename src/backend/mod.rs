//! The seam between what one server knows and what all of them share. A backend is pure: it says how to ask and how to
//! read, does no I/O, knows no clock and no JavaScript. Its server's own JSON stays in its folder; of what histories consist, in `crate::wire`.

#[cfg(any(feature = "agentcloud", feature = "gateway"))]
mod agentcloud;
mod answer;
#[cfg(any(feature = "eliza", feature = "gateway"))]
mod eliza;
mod errand;
#[cfg(any(feature = "meibel", feature = "gateway"))]
mod meibel;
#[cfg(any(
    feature = "agentcloud",
    feature = "eliza",
    feature = "meibel",
    feature = "gateway"
))]
mod object;
pub mod route;
mod wanted;
#[cfg(any(feature = "agentcloud", feature = "meibel", feature = "gateway"))]
mod whole;

use std::rc::Rc;

pub use answer::{Answer, Decoder, Listener, Look, Rest, Room, Sign, Sought, Watch};
pub use errand::{Errand, Finds, Once, Page, Sessions, Thing};
pub use wanted::{CreateSession, Direction, Edge, ListSessions, OutgoingMessage, Range, Resume};

use crate::error::{Error, ErrorKind};
use crate::http::{Head, Request};
use crate::json::Json;
use crate::model::{Capabilities, Message, Role};
use crate::settings::Settings;
use crate::text::Text;

/// The backend that `settings` name, if this was built with it. This is the list of backends: one line each.
pub fn of(settings: Rc<Settings>) -> Option<Rc<dyn Backend>> {
    match settings.backend {
        #[cfg(any(feature = "agentcloud", feature = "gateway"))]
        crate::model::Backend::AgentCloud => Some(Rc::new(agentcloud::AgentCloud::new(settings))),
        #[cfg(any(feature = "eliza", feature = "gateway"))]
        crate::model::Backend::Eliza => Some(Rc::new(eliza::Eliza::new(settings))),
        #[cfg(any(feature = "meibel", feature = "gateway"))]
        crate::model::Backend::Meibel => Some(Rc::new(meibel::Meibel::new(settings))),
        #[allow(unreachable_patterns, reason = "only where a backend is left out")]
        _ => None,
    }
}

/// The places of the servers of this family, if this was built with it.
pub fn routes(backend: crate::model::Backend) -> Option<&'static route::Table> {
    match backend {
        #[cfg(any(feature = "agentcloud", feature = "gateway"))]
        crate::model::Backend::AgentCloud => Some(&agentcloud::routes::TABLE),
        #[cfg(any(feature = "eliza", feature = "gateway"))]
        crate::model::Backend::Eliza => Some(&eliza::routes::TABLE),
        #[cfg(any(feature = "meibel", feature = "gateway"))]
        crate::model::Backend::Meibel => Some(&meibel::routes::TABLE),
        #[allow(unreachable_patterns, reason = "only where a backend is left out")]
        _ => None,
    }
}

/// How a message goes out, and how its answer is read.
pub struct Sending {
    /// what has to be read before, where the answer can be told only from what was there
    pub before: Option<Request>,
    /// the message
    pub request: Request,
    /// whether the answer comes as a stream, also where the caller wants it whole
    pub streams: bool,
    /// milliseconds that the head of the answer may take where the backend answers only when the agent has finished
    pub patience: Option<f64>,
    /// reads the answer
    pub decoder: Box<dyn Decoder>,
}

/// What one server knows.
pub trait Backend {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// What the row of the answer to a message is called, where that follows from the message's own id.
    fn answer_id(&self, _message: &str) -> Option<String> {
        None
    }
    /// What the rows are called that an answer was made of, where it may be several. `raw` gives the answer's own JSON, which
    /// is read only for that.
    fn answer_rows(&self, _raw: &dyn Fn() -> String) -> Vec<String> {
        Vec::new()
    }
    /// How many milliseconds a session has left by the server's own count, out of its own JSON, where the server counts.
    fn time_left(&self, _raw: &str) -> Option<f64> {
        None
    }
    /// The header that carries the key; its name in lower case.
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// Reads a refusal.
    fn refused(&self, head: &Head, body: &str) -> Error;
    /// The JSON that a redirect stands for, on a server that answers by redirects.
    fn redirected(&self, _head: &Head) -> Option<String> {
        None
    }
    /// A refusal that came with the status of a success in answer to `request`.
    fn disguised(&self, _request: &Request, _body: &str) -> Option<Error> {
        None
    }
    /// Whether a refusal changed nothing and passes by itself, as while an agent is still starting.
    fn settles(&self, _error: &Error) -> bool {
        false
    }
    /// The request for what must be known before `request` can be made, as long as it is not known.
    fn asks_first(&self, _request: &Request) -> Option<Request> {
        None
    }
    /// Reads the answer to that.
    fn learn(&self, _body: &str) -> Result<(), Error> {
        Ok(())
    }
    /// Puts what was learned into a request that was made without it.
    fn complete(&self, _request: &mut Request) {}

    /// Opens an account.
    fn sign_in(&self, _email: &str, _password: &str) -> Finds {
        Err(unsupported("signIn"))
    }
    /// Makes a session.
    fn create_session(&self, input: &CreateSession) -> Finds;
    /// Finds a session.
    fn get_session(&self, id: &str) -> Finds;
    /// Finds all sessions.
    fn list_sessions(&self, _query: &ListSessions) -> Finds {
        Err(unsupported("listSessions"))
    }
    /// Removes a session.
    fn delete_session(&self, _id: &str) -> Finds {
        Err(unsupported("deleteSession"))
    }
    /// Stops a session.
    fn cancel_session(&self, _id: &str) -> Finds {
        Err(unsupported("cancelSession"))
    }
    /// Gives a session more time.
    fn renew_session(&self, _id: &str) -> Finds {
        Err(unsupported("renewSession"))
    }
    /// Wakes a session's agent.
    fn start_session(&self, _id: &str) -> Finds {
        Err(unsupported("startSession"))
    }
    /// Sets a session's variables: a JSON object of strings.
    fn set_variables(&self, _id: &str, _variables: &Json) -> Finds {
        Err(unsupported("setVariables"))
    }

    /// Sends a message, whose answer shall come as it grows or whole.
    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Sending, Error>;
    /// Reads an answer in a session that was asked for by somebody else, or earlier.
    fn answering(&self, session: &str) -> Result<Box<dyn Decoder>, Error>;
    /// Whether a row of the history may be a message with this text that this client sent.
    fn may_be(&self, row: &Message, text: &Text<'_>) -> bool {
        row.role == Role::User && row.text == *text
    }
    /// Finds the pages of a range of a history. Where a page ends in a message that still grows, its cursor `after` lies
    /// before that message.
    fn pages(&self, session: &str, range: &Range, direction: Direction) -> Finds<Page>;
}

/// The error of an operation that a backend does not have.
pub fn unsupported(operation: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this backend has no such operation: {operation}"),
    )
}
