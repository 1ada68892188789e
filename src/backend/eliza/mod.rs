//! elizaOS 1.x sessions, servers 1.6.5 to 1.7.2: what to ask, how to read the answer.
//!
//! `transport` (1.7.2) and `mode` (1.7.0) are both sent, because each server ignores the other's word. A server up to
//! 1.6.5 ignores both: its flat answer without `success` shows that the reply will come into the history.

mod awaiting;
mod decoder;
mod pager;
pub(super) mod routes;

use std::rc::Rc;

use super::object::{field, has_field, merged, with};
use super::route::Route;
use super::{
    Backend, CreateSession, Decoder, Direction, Finds, ListSessions, Once, OutgoingMessage, Page,
    Range, Sending, Sessions, Thing,
};
use crate::error::{self, Delivered, Error, ErrorKind};
use crate::http::{Head, Request};
use crate::json::{Json, whole};
use crate::model::{Capabilities, Paging, Streaming};
use crate::settings::Settings;
use crate::text::Text;
use crate::wire::eliza as wire;

/// What the head of a whole answer may take longer than the answer itself, in milliseconds.
const MARGIN: f64 = 5_000.0;

/// How long a message's metadata may be, in UTF-16 units of their JSON.
const MOST_METADATA: usize = 10_240;

/// The elizaOS backend.
pub struct Eliza {
    settings: Rc<Settings>,
}

impl Eliza {
    /// A backend for the server that `settings` name.
    pub fn new(settings: Rc<Settings>) -> Self {
        Eliza { settings }
    }

    #[inline(never)]
    fn request(&self, route: &Route, id: Option<&str>) -> Result<Request, Error> {
        let mut request = route.request(&self.settings.base_url, id)?;
        request.header("accept", "application/json");
        Ok(request)
    }

    fn session(&self, route: &Route, id: &str) -> Result<Request, Error> {
        if !routes::ID.takes(id) {
            // the printer of quoted texts (`{:?}`) is 8 KB of tables
            let message = format!("there is no session with the id \"{id}\"");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        self.request(route, Some(id))
    }
}

impl Backend for Eliza {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            stream: Streaming::Sse,
            list: true,
            delete: true,
            cancel: false,
            renew: true,
            start: false,
            variables: false,
            files: false,
            before: Paging::Server,
            after: Paging::Server,
            // 1.7.2 stores replies only of its websocket transport; 1.7.0 stores them all
            stores_streamed_replies: self.settings.stored,
            exact_delivery: true,
        }
    }

    fn time_left(&self, raw: &str) -> Option<f64> {
        let left = whole(raw, wire::session).ok()?.left?;
        (left > 0.0).then_some(left)
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        routes::KEY.header(key)
    }

    fn refused(&self, head: &Head, body: &str) -> Error {
        let refusal = wire::refusal(body);
        let kind = match (head.status, refusal.code.as_deref()) {
            (401, _) => ErrorKind::Unauthorized,
            (403, _) => ErrorKind::Forbidden,
            (404, _) => ErrorKind::NotFound,
            (410, _) => ErrorKind::Expired,
            (408 | 504, _) => ErrorKind::Timeout,
            (413, _) => ErrorKind::TooLarge,
            (429, _) => ErrorKind::RateLimited,
            (400..=499, _) => ErrorKind::Invalid,
            // the server's only refusal without a word beside its text: the agent failed, the message is stored
            (500, _) if refusal.bare => ErrorKind::Agent,
            (500..=599, _) => ErrorKind::Server,
            _ => ErrorKind::Protocol,
        };
        let message = match refusal.message {
            Some(message) => message,
            None => format!("the server answered with the status {}", head.status),
        };
        let mut error = Error::new(kind, message);
        error.code = refusal.code;
        error.body = error::body(body);
        if kind == ErrorKind::Agent {
            error.delivered(Delivered::Yes)
        } else {
            error
        }
    }

    fn create_session(&self, input: &CreateSession) -> Finds {
        for (name, given) in [
            ("agentName", input.agent_name.is_some()),
            ("prompt", input.prompt.is_some()),
            ("variables", input.variables.is_some()),
        ] {
            if given {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("elizaOS has no `{name}` of a session"),
                ));
            }
        }
        let Some(agent_id) = &input.agent_id else {
            return Err(Error::new(
                ErrorKind::Invalid,
                "`agentId` is missing: elizaOS needs the uuid of an agent",
            ));
        };
        let user_id = input.user_id.as_ref().unwrap_or(&self.settings.user_id);
        let mut fields = vec![("agentId", Json::from(&Text::from(agent_id.as_str())))];
        fields.push(("userId", Json::from(&Text::from(user_id.as_str()))));
        fields.extend(
            input
                .metadata
                .clone()
                .map(|metadata| ("metadata", metadata)),
        );
        let request = self.request(&routes::CREATE, None)?;
        let request = request.json(merged(fields, input.backend_options.as_ref())?);
        Ok(Once::new(request, read_session))
    }

    fn get_session(&self, id: &str) -> Finds {
        Ok(Once::new(self.session(&routes::GET, id)?, read_session))
    }

    fn list_sessions(&self, query: &ListSessions) -> Finds {
        let request = self.request(&routes::LIST, None)?;
        let query = query.clone();
        Ok(Once::new(request, move |body| {
            let mut sessions = wire::sessions(body)?;
            let fits = |wanted: &Option<String>, found: Option<&str>| {
                wanted.is_none() || wanted.as_deref() == found
            };
            sessions.retain(|listed| {
                fits(&query.agent_id, listed.session.agent_id.as_deref())
                    && fits(&query.user_id, listed.user_id.as_deref())
                    && fits(&query.status, Some(listed.session.status.as_str()))
            });
            Ok(Thing::Sessions(Sessions {
                sessions: sessions.into_iter().map(|listed| listed.session).collect(),
                more: false,
            }))
        }))
    }

    fn delete_session(&self, id: &str) -> Finds {
        Ok(Once::done(self.session(&routes::DELETE, id)?))
    }

    fn renew_session(&self, id: &str) -> Finds {
        let request = self.session(&routes::RENEW, id)?;
        Ok(Once::new(request, read_session))
    }

    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Sending, Error> {
        if message.files > 0 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "elizaOS gives no file of a message to its agent",
            ));
        }
        let (transport, mode) = match (self.settings.stored, stream) {
            (true, _) => ("websocket", "websocket"),
            (false, true) => ("sse", "stream"),
            (false, false) => ("http", "sync"),
        };
        let word = |word: &str| Json::from(&Text::from(word));
        let mut fields = vec![("content", Json::from(&message.text))];
        let given = message.backend_options.as_ref();
        // a caller who chooses one of the two words means both
        let chosen = |name: &str| given.is_some_and(|options| has_field(options, name));
        let stored = match given.and_then(|options| field(options, "transport")) {
            Some(transport) => transport.as_str() == "\"websocket\"",
            None => self.settings.stored,
        };
        if !chosen("transport") && !chosen("mode") {
            fields.extend([("transport", word(transport)), ("mode", word(mode))]);
        }
        let metadata = given.and_then(|options| field(options, "metadata"));
        let metadata = metadata.or_else(|| message.metadata.clone());
        let mark = message.client_message_id.as_deref();
        let marked = mark.and_then(|mark| marked(metadata.as_ref(), mark));
        let options = match &marked {
            Some(marked) => with(given, "metadata", marked.clone()),
            None => given.cloned(),
        };
        fields.extend(metadata.map(|metadata| ("metadata", metadata)));
        let mut request = self.session(&routes::SEND, session)?;
        request.header(
            "accept",
            if stream {
                "text/event-stream, application/json"
            } else {
                "application/json"
            },
        );
        let history = self.session(&routes::HISTORY, session)?;
        Ok(Sending {
            before: None,
            request: request.json(merged(fields, options.as_ref().or(given))?),
            streams: stream,
            patience: message
                .answer_timeout
                .filter(|_| !stream)
                .map(|limit| limit + MARGIN),
            decoder: Box::new(decoder::ElizaDecoder::new(
                history,
                marked.and(mark.map(str::to_owned)),
                stored,
            )),
        })
    }

    fn answering(&self, session: &str) -> Result<Box<dyn Decoder>, Error> {
        let history = self.session(&routes::HISTORY, session)?;
        let stored = self.settings.stored;
        Ok(Box::new(decoder::ElizaDecoder::new(history, None, stored)))
    }

    fn pages(&self, session: &str, range: &Range, direction: Direction) -> Finds<Page> {
        pager::new(self.session(&routes::HISTORY, session)?, range, direction)
    }
}

/// The metadata of a message with its mark; nothing where the server would not take them, or where they are no object.
fn marked(metadata: Option<&Json>, mark: &str) -> Option<Json> {
    let marked = with(metadata, wire::MARK, Json::from(&Text::from(mark)))?;
    (marked.as_str().encode_utf16().count() <= MOST_METADATA).then_some(marked)
}

fn read_session(body: &str) -> Result<Thing, Error> {
    Ok(Thing::Session(whole(body, wire::session)?.session))
}
