//! Meibel's AI API v2, sessions and chat: what to ask, how to read the answer.
//!
//! The text of an answer is the server's `message`, with the marks that `citations` refer to: a synchronous answer has
//! no other. What the server sends beside it (`clean_message`, follow-up questions, artifacts) is in `raw`.

mod decoder;
mod frame;
mod growth;
mod list;
mod refusal;
pub(super) mod routes;
mod said;
mod skimmed;
mod watch;

use std::rc::Rc;

use super::object::{merged, number_field};
use super::route::Route;
use super::{
    Backend, CreateSession, Decoder, Direction, Finds, ListSessions, Once, OutgoingMessage, Page,
    Range, Sending, Thing, whole,
};
use crate::error::{self, Error, ErrorKind};
use crate::http::{Body, Head, Request};
use crate::json::{self, Json, Kind};
use crate::model::{Capabilities, Paging, Session, Streaming};
use crate::settings::Settings;
use crate::text::Text;
use crate::wire::meibel as wire;

/// How long the head of a whole answer may take at least, and how much longer than the answer itself, in milliseconds:
/// the server holds it back until the agent has finished.
const PATIENCE: f64 = 300_000.0;
const MARGIN: f64 = 10_000.0;

/// The Meibel backend.
pub struct Meibel {
    settings: Rc<Settings>,
    known: watch::Known,
}

impl Meibel {
    /// A backend for the server that `settings` name.
    pub fn new(settings: Rc<Settings>) -> Self {
        Meibel {
            settings,
            known: watch::Known::default(),
        }
    }

    #[inline(never)]
    fn request(&self, route: &Route, word: &str) -> Result<Request, Error> {
        let mut request = route.request(&self.settings.base_url, Some(word))?;
        request.header("accept", "application/json");
        Ok(request)
    }
}

impl Meibel {
    fn exchange(&self, session: &str, text: Text<'static>) -> Result<decoder::Exchange, Error> {
        Ok(decoder::Exchange {
            history: self.request(&routes::HISTORY, session)?,
            session: session.to_owned(),
            text,
            after: None,
            alike: false,
            known: self.known.clone(),
        })
    }
}

impl Backend for Meibel {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            stream: Streaming::Sse,
            list: true,
            delete: false,
            cancel: false,
            renew: false,
            start: false,
            variables: false,
            files: true,
            before: Paging::Client,
            after: Paging::Client,
            // inferred: one `signal_id` is that of a stream and that of the rows of its exchange
            stores_streamed_replies: true,
            // no id of the client's own goes with a message
            exact_delivery: false,
        }
    }

    fn answer_id(&self, message: &str) -> Option<String> {
        Some(wire::answer_id(message))
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        routes::KEY.header(key)
    }

    fn refused(&self, head: &Head, body: &str) -> Error {
        let refusal = refusal::read(body);
        let kind = match head.status {
            401 => ErrorKind::Unauthorized,
            // what older versions of the server's framework say where the key is missing
            403 if refusal.detail.as_deref() == Some("Not authenticated") => {
                ErrorKind::Unauthorized
            }
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            408 | 504 => ErrorKind::Timeout,
            410 => ErrorKind::Expired,
            413 => ErrorKind::TooLarge,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::Invalid,
            500..=599 => ErrorKind::Server,
            _ => ErrorKind::Protocol,
        };
        let plain = (head.media_type() == "text/plain").then(|| body.trim());
        let message = refusal
            .message()
            .or_else(|| plain.filter(|text| !text.is_empty()).map(str::to_owned))
            .unwrap_or_else(|| format!("the server answered with the status {}", head.status));
        let mut error = Error::new(kind, message);
        error.code = refusal.code;
        error.request_id = refusal.request_id;
        error.issues = refusal.issues;
        error.body = error::body(body);
        error
    }

    fn create_session(&self, input: &CreateSession) -> Finds {
        for (name, given) in [
            ("userId", input.user_id.is_some()),
            ("variables", input.variables.is_some()),
        ] {
            if given {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("Meibel has no `{name}` of a session"),
                ));
            }
        }
        let request = match (&input.agent_id, &input.agent_name) {
            (Some(id), None) => self.request(&routes::CREATE, id)?,
            (None, Some(name)) => self.request(&routes::CREATE_BY_NAME, name)?,
            _ => {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    "a session of Meibel needs either the `agentId` or the `agentName` of its agent",
                ));
            }
        };
        let mut fields = Vec::new();
        if let Some(prompt) = &input.prompt {
            fields.push(("prompt", Json::from(&Text::from(prompt.as_str()))));
        }
        if let Some(metadata) = &input.metadata {
            fields.push(("initial_context", metadata.clone()));
        }
        let body = merged(fields, input.backend_options.as_ref())?;
        let request = match body.as_str() {
            "{}" => request,
            _ => request.json(body),
        };
        let (agent_id, agent_name) = (input.agent_id.clone(), input.agent_name.clone());
        Ok(Once::new(request, move |body| {
            let session = json::whole(body, wire::created)?;
            Ok(Thing::Session(Session {
                agent_id: agent_id.clone().or(session.agent_id),
                agent_name: agent_name.clone().or(session.agent_name),
                ..session
            }))
        }))
    }

    fn get_session(&self, id: &str) -> Finds {
        let request = self.request(&routes::GET, id)?;
        let id = id.to_owned();
        Ok(Once::new(request, move |body| {
            let session = json::whole(body, |reader| wire::details(reader, &id))?;
            Ok(Thing::Session(session))
        }))
    }

    fn list_sessions(&self, query: &ListSessions) -> Finds {
        if query.user_id.is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "Meibel cannot list the sessions of one user",
            ));
        }
        let Some(agent_id) = &query.agent_id else {
            return Err(Error::new(
                ErrorKind::Invalid,
                "`agentId` is missing: Meibel lists the sessions of one agent",
            ));
        };
        let request = self.request(&routes::LIST, agent_id)?;
        Ok(Box::new(list::Listing::new(request, agent_id, query)))
    }

    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        stream: bool,
    ) -> Result<Sending, Error> {
        if message.metadata.is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "Meibel keeps no `metadata` of a message",
            ));
        }
        let seconds = message.answer_timeout.filter(|limit| limit.is_finite());
        let options = [
            ("timeout_seconds", seconds.map(whole_seconds)),
            (
                "include_thinking",
                message.include_thinking.map(|yes| yes.to_string()),
            ),
            (
                "include_tool_activity",
                message.include_tool_activity.map(|yes| yes.to_string()),
            ),
        ];
        let options = options
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let text = Json::from(&message.text);
        let mut fields = vec![("user_message", text)];
        for (name, value) in options {
            fields.push((name, Json::parse(value)?));
        }
        let object = merged(fields, message.backend_options.as_ref())?;
        // only the endpoint that streams takes files, so it gives the whole answer as well
        let streams = stream || message.files > 0;
        let request = match streams {
            false => self.request(&routes::CHAT, session)?.json(object),
            true => {
                let mut request = self.request(&routes::STREAM, session)?;
                request.header("accept", "text/event-stream");
                let fields = form_fields(&object)?;
                match message.files {
                    0 => request.form(&fields),
                    _ => {
                        request.body = Some(Body::Multipart {
                            fields,
                            files: "files",
                        });
                        request
                    }
                }
            }
        };
        let patience = match &request.body {
            _ if stream && message.files == 0 => None,
            Some(Body::Text(object)) => {
                let seconds = number_field(object, "timeout_seconds");
                let unlimited = message.answer_timeout.is_some_and(f64::is_infinite);
                Some(match seconds {
                    Some(seconds) => (seconds * 1e3 + MARGIN).max(PATIENCE),
                    None if unlimited => f64::INFINITY,
                    None => PATIENCE,
                })
            }
            // the files have to go out first
            _ => Some(PATIENCE),
        };
        let mut exchange = self.exchange(session, message.text.clone())?;
        (exchange.after, exchange.alike) = self.known.send(session, &message.text);
        Ok(Sending {
            // whoever sends twice must know for certain what was there before
            before: message.redeliver.then(|| exchange.history.clone()),
            request,
            streams,
            patience,
            decoder: Box::new(decoder::MeibelDecoder::new(exchange, streams)),
        })
    }

    fn answering(&self, session: &str) -> Result<Box<dyn Decoder>, Error> {
        let exchange = self.exchange(session, Text::default())?;
        Ok(Box::new(decoder::MeibelDecoder::new(exchange, true)))
    }

    fn pages(&self, session: &str, range: &Range, direction: Direction) -> Finds<Page> {
        let request = self.request(&routes::HISTORY, session)?;
        let (session, known) = (session.to_owned(), self.known.clone());
        whole::pages(request, range, direction, move |body| {
            let rows = wire::messages(body)?;
            known.read(&session, &rows);
            Ok(rows)
        })
    }
}

/// Milliseconds as the server counts them.
fn whole_seconds(milliseconds: f64) -> String {
    let seconds = (milliseconds / 1e3).ceil().max(1.0);
    (seconds as u64).to_string()
}

/// The fields of an object as those of a form, which has no `null`: such a field is left out.
fn form_fields(object: &str) -> Result<Vec<(String, String)>, Error> {
    let mut fields: Vec<(String, String)> = Vec::new();
    json::whole(object, |reader| {
        reader.object(|reader, name| {
            let value = match reader.kind() {
                Kind::Null => return Ok(()),
                Kind::String => reader.word()?,
                _ => reader.raw()?.to_owned(),
            };
            fields.push((name.to_owned(), value));
            Ok(())
        })
    })?;
    Ok(fields)
}
