//! elizaOS 1.x sessions, servers 1.6.5 to 1.7.2: what to ask, how to read the answer.
//!
//! `transport` (1.7.2) and `mode` (1.7.0) are both sent, because each server ignores the other's word. A server up to
//! 1.6.5 ignores both: its flat answer without `success` shows that the reply will come into the history.

mod decoder;
mod pager;
mod wire;

use std::rc::Rc;

use super::{
    Backend, CreateSession, Decoder, Direction, ListSessions, OutgoingMessage, Pager, Range,
};
use crate::error::{self, Delivered, Error, ErrorKind};
use crate::http::{Head, Method, Request, segment};
use crate::json::{Flaw, Json, Kind, whole, write};
use crate::model::{Capabilities, Paging, Session, Streaming};
use crate::settings::Settings;
use crate::text::Text;

/// The elizaOS backend.
pub struct Eliza {
    settings: Rc<Settings>,
}

impl Eliza {
    /// A backend for the server that `settings` name.
    pub fn new(settings: Rc<Settings>) -> Self {
        Eliza { settings }
    }

    fn sessions(&self) -> String {
        format!("{}/api/messaging/sessions", self.settings.base_url)
    }

    fn session(&self, method: Method, id: &str, below: &str) -> Result<Request, Error> {
        // `GET /sessions/health` is another thing, and no session has this id
        if id == "health" {
            return Err(Error::new(
                ErrorKind::NotFound,
                "there is no session with the id \"health\"",
            ));
        }
        let url = format!("{}/{}{below}", self.sessions(), segment(id)?);
        let mut request = Request::new(method, url);
        request.header("accept", "application/json");
        Ok(request)
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
            files: false,
            before: Paging::Server,
            after: Paging::Server,
            // 1.7.2 stores replies only of its websocket transport; 1.7.0 stores them all
            stores_streamed_replies: false,
            exact_delivery: true,
        }
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn refused(&self, head: &Head, body: &str) -> Error {
        let refusal = wire::refusal(body);
        let kind = match (head.status, refusal.code.as_deref()) {
            (401, _) => ErrorKind::Unauthorized,
            (403, _) => ErrorKind::Forbidden,
            (404, _) => ErrorKind::NotFound,
            (410, _) => ErrorKind::Expired,
            (408, _) => ErrorKind::Timeout,
            (413, _) => ErrorKind::TooLarge,
            (429, _) => ErrorKind::RateLimited,
            (400..=499, _) => ErrorKind::Invalid,
            // the only refusal whose `error` is a bare string: the agent failed, the message is stored
            (500, _) if refusal.bare => ErrorKind::Agent,
            (500..=599, _) => ErrorKind::Server,
            _ => ErrorKind::Protocol,
        };
        let message = match refusal.message {
            Some(message) => message,
            None => format!("the server answered with the status {}", head.status),
        };
        let error = Error {
            code: refusal.code,
            body: error::body(body),
            ..Error::new(kind, message)
        };
        if kind == ErrorKind::Agent {
            error.delivered(Delivered::Yes)
        } else {
            error
        }
    }

    fn create_session(&self, input: &CreateSession) -> Result<Request, Error> {
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
        let mut request = Request::new(Method::Post, self.sessions());
        request.header("accept", "application/json");
        Ok(request.json(merged(fields, input.backend_options.as_ref())?))
    }

    fn get_session(&self, id: &str) -> Result<Request, Error> {
        self.session(Method::Get, id, "")
    }

    fn list_sessions(&self, _: &ListSessions) -> Result<Request, Error> {
        let mut request = Request::new(Method::Get, self.sessions());
        request.header("accept", "application/json");
        Ok(request)
    }

    fn delete_session(&self, id: &str) -> Result<Request, Error> {
        self.session(Method::Delete, id, "")
    }

    fn renew_session(&self, id: &str) -> Result<Request, Error> {
        self.session(Method::Post, id, "/renew")
    }

    fn read_session(&self, body: &str) -> Result<Session, Flaw> {
        whole(body, wire::session).map(|listed| listed.session)
    }

    fn read_sessions(&self, body: &str, query: &ListSessions) -> Result<Vec<Session>, Flaw> {
        let mut sessions = wire::sessions(body)?;
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        sessions.retain(|listed| {
            fits(&query.agent_id, listed.session.agent_id.as_deref())
                && fits(&query.user_id, listed.user_id.as_deref())
                && fits(&query.status, Some(listed.session.status.as_str()))
        });
        Ok(sessions.into_iter().map(|listed| listed.session).collect())
    }

    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Request, Error> {
        if message.files > 0 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "elizaOS gives no file of a message to its agent",
            ));
        }
        let (transport, mode) = if stream {
            ("sse", "stream")
        } else {
            ("http", "sync")
        };
        let word = |word: &str| Json::from(&Text::from(word));
        let mut fields = vec![("content", Json::from(&message.text))];
        // a caller who chooses one of the two words means both
        let chosen = |name: &str| {
            message
                .backend_options
                .as_ref()
                .is_some_and(|options| has_field(options, name))
        };
        if !chosen("transport") && !chosen("mode") {
            fields.extend([("transport", word(transport)), ("mode", word(mode))]);
        }
        fields.extend(
            message
                .metadata
                .clone()
                .map(|metadata| ("metadata", metadata)),
        );
        let mut request = self.session(Method::Post, session, "/messages")?;
        request.header(
            "accept",
            if stream {
                "text/event-stream, application/json"
            } else {
                "application/json"
            },
        );
        Ok(request.json(merged(fields, message.backend_options.as_ref())?))
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(decoder::ElizaDecoder::default())
    }

    fn pager(
        &self,
        session: &str,
        range: &Range,
        direction: Direction,
    ) -> Result<Box<dyn Pager>, Error> {
        pager::new(
            self.session(Method::Get, session, "/messages")?,
            range,
            direction,
        )
    }
}

/// One JSON object of `fields`, with those of `options` in it or in their place.
fn merged(fields: Vec<(&str, Json)>, options: Option<&Json>) -> Result<String, Error> {
    let mut all: Vec<(String, Json)> = fields
        .into_iter()
        .map(|(name, json)| (name.to_owned(), json))
        .collect();
    if let Some(options) = options {
        let read = whole(options.as_str(), |reader| {
            reader.object(|reader, name| {
                let json = reader.json()?;
                all.retain(|(other, _)| other != name);
                all.push((name.to_owned(), json));
                Ok(())
            })
        });
        read.map_err(|flaw| {
            Error::new(
                ErrorKind::Invalid,
                format!("`backendOptions` is no object: {flaw}"),
            )
        })?;
    }
    let mut out = String::from("{");
    for (at, (name, json)) in all.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write::string(&mut out, &Text::from(name.as_str()));
        out.push(':');
        out.push_str(json.as_str());
    }
    out.push('}');
    Ok(out)
}

fn has_field(object: &Json, name: &str) -> bool {
    let mut found = false;
    let _ = whole(object.as_str(), |reader| {
        if reader.kind() == Kind::Object {
            reader.object(|_, field| {
                found |= field == name;
                Ok(())
            })?;
        }
        Ok(())
    });
    found
}
