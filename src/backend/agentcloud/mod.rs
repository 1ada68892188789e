//! Agent Cloud, as its webapp of July 2025 answers: what to ask, how to read the answer.
//!
//! Every request says `content-type: application/json`, those without a body too, because that is how the server tells a
//! program from a browser: without it, its refusals are redirects to pages. Every id is checked here, because the server
//! throws on another text and never answers. Nothing but `startSession` wakes an agent.

mod behind;
mod decoder;
mod elsewhere;
mod errands;
mod heard;
mod pages;
pub(super) mod routes;
mod rows;
mod team;
mod told;
mod turns;
mod watch;
mod wire;

use std::cell::OnceCell;
use std::rc::Rc;

use super::object::{has_field, merged};
use super::route::Route;
use super::{
    Backend, CreateSession, Decoder, Direction, Finds, ListSessions, Once, OutgoingMessage, Page,
    Range, Room, Sending, Thing,
};
use crate::error::{self, Error, ErrorKind};
use crate::http::{Head, Method, Request};
use crate::json::{Json, write};
use crate::model::{Capabilities, Message, Paging, Role, Streaming};
use crate::order::Names;
use crate::settings::{Settings, is_object_id};
use crate::text::{Text, contains};
use crate::word::Word;

/// Stands where the team will be. No path of ours has braces: what comes from outside is checked or percent-encoded.
const TEAM: &str = "{team}";
/// The code of the refusal of a message whose agent is not there, or not yet.
const INACTIVE: &str = "SESSION_INACTIVE";

/// The Agent Cloud backend.
pub struct AgentCloud {
    settings: Rc<Settings>,
    /// the team that the account works in, once the server said so
    team: OnceCell<String>,
    rooms_from: watch::RoomsFrom,
}

/// Where the sessions of a team are: makes the requests. Every id was checked before, so none needs encoding.
#[derive(Clone)]
struct Place {
    base: String,
    team: String,
}

impl Place {
    fn request(&self, route: &Route, words: &[&str]) -> Request {
        let mut request = route.filled(&self.base, words);
        request.header("accept", "application/json");
        request.header("content-type", "application/json");
        request
    }

    #[inline(never)]
    fn sessions(&self, route: &Route) -> Request {
        self.request(route, &[&self.team])
    }

    #[inline(never)]
    fn session(&self, route: &Route, id: &str) -> Request {
        self.request(route, &[&self.team, id])
    }

    fn look_up(&self, id: &str) -> Request {
        self.session(&routes::GET, id)
    }

    fn history(&self, id: &str) -> Request {
        self.session(&routes::HISTORY, id)
    }

    /// A request of a form, whose body names the session that its path names: the server reads now one, now the other.
    fn form(&self, route: &Route, id: &str, field: Option<(&str, Json)>) -> Request {
        let mut fields = vec![(routes::SESSION_FIELD, string(id))];
        fields.extend(field);
        self.session(route, id).json(object(&fields))
    }

    fn edit(&self, id: &str, variables: &Json) -> Request {
        let variables = ("variables", variables.clone());
        self.form(&routes::EDIT, id, Some(variables))
    }

    fn start(&self, id: &str, kind: &str) -> Request {
        let kind = ("appType", string(kind));
        self.form(&routes::START, id, Some(kind))
    }
}

fn string(text: &str) -> Json {
    Json::from(&Text::from(text))
}

fn object(fields: &[(&str, Json)]) -> String {
    let mut out = String::from("{");
    for (at, (name, json)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write::string(&mut out, &Text::from(*name));
        out.push(':');
        out.push_str(json.as_str());
    }
    out.push('}');
    out
}

/// `id`, if the server will answer where it stands.
fn checked<'a>(what: &str, id: &'a str) -> Result<&'a str, Error> {
    match is_object_id(id) {
        true => Ok(id),
        false => {
            let message =
                format!("{what} is no id of Agent Cloud: 24 hexadecimal digits in lower case");
            Err(Error::new(ErrorKind::Invalid, message))
        }
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("Agent Cloud has no {what}"))
}

impl AgentCloud {
    /// A backend for the server that `settings` name.
    pub fn new(settings: Rc<Settings>) -> Self {
        AgentCloud {
            settings,
            team: OnceCell::new(),
            rooms_from: watch::RoomsFrom::default(),
        }
    }

    fn known_team(&self) -> Option<&str> {
        let given = self.settings.team.as_deref();
        given.or_else(|| self.team.get().map(String::as_str))
    }

    #[inline(never)]
    fn place(&self) -> Place {
        let team = match self.known_team() {
            Some(team) => team,
            None => TEAM,
        };
        Place {
            base: self.settings.base_url.clone(),
            team: team.to_owned(),
        }
    }

    /// What stands behind the server's address, if the team is still to come there.
    fn without_team<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let path = request.url.strip_prefix(&self.settings.base_url)?;
        path.strip_prefix('/')?.strip_prefix(TEAM)
    }
}

impl AgentCloud {
    fn decoder(&self, session: &str, text: Text<'static>) -> Box<dyn Decoder> {
        let place = self.place();
        let room = self.settings.live.then(|| Room {
            url: format!("{}/socket.io/", self.settings.base_url),
            enter: "join_room",
            name: string(session).as_str().to_owned(),
            entered: "joined",
        });
        Box::new(decoder::AgentCloudDecoder::new(watch::Exchange {
            history: place.history(session),
            session: place.look_up(session),
            question: text,
            after: pages::FIRST.to_owned(),
            known: Names::default(),
            earlier: turns::Earlier::default(),
            latest: watch::Latest::default(),
            room,
            rooms_from: self.rooms_from.clone(),
        }))
    }
}

impl Backend for AgentCloud {
    fn answer_rows(&self, raw: &dyn Fn() -> String) -> Vec<String> {
        // an answer of one bubble has that row itself, whose id is the message's
        let rows = wire::rows(&Word::from(raw())).unwrap_or_default();
        rows.into_iter().map(|row| row.id).collect()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            stream: Streaming::Poll,
            list: true,
            delete: true,
            cancel: true,
            renew: false,
            start: true,
            variables: true,
            files: false,
            before: Paging::Client,
            after: Paging::Server,
            stores_streamed_replies: true,
            // a sent message has no mark of ours: two with the same text are alike
            exact_delivery: false,
        }
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        routes::KEY.header(key)
    }

    fn refused(&self, head: &Head, body: &str) -> Error {
        let wire::Refusal { code, message } = wire::refusal(body);
        // most refusals have the status 400, whatever they mean
        let words = message.as_deref().unwrap_or_default();
        let kind = match (head.status, words) {
            (400, "Session not found") => ErrorKind::NotFound,
            (400, "No permission") => ErrorKind::Forbidden,
            (403, "Incorrect email or password") => ErrorKind::Unauthorized,
            (401, _) => ErrorKind::Unauthorized,
            (403, _) => ErrorKind::Forbidden,
            (404, _) => ErrorKind::NotFound,
            (408 | 504, _) => ErrorKind::Timeout,
            (413, _) => ErrorKind::TooLarge,
            (429, _) => ErrorKind::RateLimited,
            (400..=499, _) => ErrorKind::Invalid,
            (500..=599, _) => ErrorKind::Server,
            _ => ErrorKind::Protocol,
        };
        let inactive = head.status == 400 && contains(words, "inactive session");
        let text = match &message {
            _ if inactive => "the session's agent is not there: wake it by startSession".to_owned(),
            Some(message) => message.clone(),
            None => format!("the server answered with the status {}", head.status),
        };
        let mut error = Error::new(kind, text);
        error.code = if inactive {
            Some(INACTIVE.to_owned())
        } else {
            code
        };
        error.body = error::body(body);
        // the same call succeeds as soon as the agent has come
        error.retryable |= inactive;
        error
    }

    fn redirected(&self, head: &Head) -> Option<String> {
        elsewhere::redirected(head)
    }

    fn disguised(&self, request: &Request, body: &str) -> Option<Error> {
        elsewhere::disguised(&request.url, body)
    }

    fn settles(&self, error: &Error) -> bool {
        error.code.as_deref() == Some(INACTIVE)
    }

    fn asks_first(&self, request: &Request) -> Option<Request> {
        let unknown = self.known_team().is_none() && self.without_team(request).is_some();
        unknown.then(|| self.place().request(&routes::ACCOUNT, &[]))
    }

    fn learn(&self, body: &str) -> Result<(), Error> {
        let team = team::read(body)?;
        // whoever asked at the same time learned the same
        let _ = self.team.set(team);
        Ok(())
    }

    fn complete(&self, request: &mut Request) {
        if let (Some(team), Some(path)) = (self.known_team(), self.without_team(request)) {
            request.url = format!("{}/{team}{path}", self.settings.base_url);
        }
    }

    fn sign_in(&self, email: &str, password: &str) -> Finds {
        let body = object(&[("email", string(email)), ("password", string(password))]);
        let mut request = self.place().request(&LOGIN, &[]).json(body);
        request.secrets.push(password.to_owned());
        Ok(Once::new(request, |body| {
            match wire::instead(body)?.token {
                Some(token) if !token.is_empty() => Ok(Thing::Token(token)),
                _ => {
                    let message = "the server signed in and gave no token";
                    Err(Error::new(ErrorKind::Protocol, message).code("NO_TOKEN"))
                }
            }
        }))
    }

    fn create_session(&self, input: &CreateSession) -> Finds {
        for (name, given) in [
            ("agentName", input.agent_name.is_some()),
            ("userId", input.user_id.is_some()),
            ("metadata", input.metadata.is_some()),
            ("prompt", input.prompt.is_some()),
        ] {
            if given {
                return Err(unsupported(&format!("`{name}` of a session")));
            }
        }
        let Some(agent_id) = &input.agent_id else {
            return Err(Error::new(
                ErrorKind::Invalid,
                "`agentId` is missing: Agent Cloud needs the id of an app",
            ));
        };
        checked("`agentId`", agent_id)?;
        // a caller who says whether the agent runs has said it
        let start = input.variables.is_some()
            && !input
                .backend_options
                .as_ref()
                .is_some_and(|options| has_field(options, "skipRun"));
        let mut fields = vec![("id", string(agent_id))];
        if start {
            fields.push(("skipRun", Json::parse("true")?));
        }
        let body = merged(fields, input.backend_options.as_ref())?;
        let place = self.place();
        let add = place.sessions(&routes::ADD).json(body);
        let variables = input.variables.clone();
        Ok(errands::Creating::new(
            place,
            agent_id.clone(),
            add,
            variables,
            start,
        ))
    }

    fn get_session(&self, id: &str) -> Finds {
        let request = self.place().look_up(checked("the session's id", id)?);
        Ok(Once::new(request, |body| {
            let (session, _) = wire::looked_up(body)?.ok_or_else(errands::no_session)?;
            Ok(Thing::Session(session))
        }))
    }

    fn list_sessions(&self, query: &ListSessions) -> Finds {
        if query.user_id.is_some() {
            return Err(unsupported("`userId` of a session"));
        }
        if let Some(agent_id) = &query.agent_id {
            checked("`agentId`", agent_id)?;
        }
        Ok(errands::Listing::new(self.place(), query))
    }

    fn delete_session(&self, id: &str) -> Finds {
        let id = checked("the session's id", id)?;
        let request = self.place().form(&routes::DELETE, id, None);
        Ok(Once::done(request))
    }

    fn cancel_session(&self, id: &str) -> Finds {
        let id = checked("the session's id", id)?;
        let request = self.place().form(&routes::CANCEL, id, None);
        Ok(Once::done(request))
    }

    fn start_session(&self, id: &str) -> Finds {
        let id = checked("the session's id", id)?;
        Ok(Box::new(errands::Starting::new(self.place(), id)))
    }

    fn set_variables(&self, id: &str, variables: &Json) -> Finds {
        let id = checked("the session's id", id)?;
        let request = self.place().edit(id, variables);
        Ok(Once::done(request))
    }

    fn send_message(
        &self,
        session: &str,
        message: &OutgoingMessage,
        _: bool,
    ) -> Result<Sending, Error> {
        let session = checked("the session's id", session)?;
        if message.files > 0 {
            return Err(unsupported("files of a message"));
        }
        if message.metadata.is_some() {
            return Err(unsupported("`metadata` of a message"));
        }
        let place = self.place();
        let fields = vec![("messageText", Json::from(&message.text))];
        let body = merged(fields, message.backend_options.as_ref())?;
        let history = place.history(session);
        Ok(Sending {
            before: Some(pages::behind(&history, pages::FIRST)),
            request: place.session(&routes::SEND, session).json(body),
            streams: false,
            patience: None,
            decoder: self.decoder(session, message.text.clone()),
        })
    }

    fn answering(&self, session: &str) -> Result<Box<dyn Decoder>, Error> {
        let session = checked("the session's id", session)?;
        Ok(self.decoder(session, Text::default()))
    }

    fn may_be(&self, row: &Message, text: &Text<'_>) -> bool {
        // rows of this route have no author's id, only those that came over a socket have
        let by_id = row
            .author
            .as_ref()
            .is_some_and(|author| author.id.is_some());
        let same = || row.text == *text || rows::is_rewritten(text, &row.text);
        row.role == Role::User && !by_id && same()
    }

    fn pages(&self, session: &str, range: &Range, direction: Direction) -> Finds<Page> {
        let session = checked("the session's id", session)?;
        pages::new(self.place().history(session), range, direction)
    }
}

/// Opens an account, and is therefore not in the table.
const LOGIN: Route = Route::new("signIn", Method::Post, elsewhere::LOGIN);
