//! Reads what is handed to a client: its options, and those of each call. Free-form JSON goes through `JSON.stringify`, so
//! that it reaches the server as any other client would send it.

use js_sys::{Array, Date, JSON, Math, Object, Reflect, Symbol};
use tsify::Ts;
use wasm_bindgen::{JsCast, JsValue};

use super::super::given::{
    CallOptions, ConnectOptions, CreateSession, ListSessions, MessageQuery, ResumeQuery,
};
use super::{Fields, GLOBAL, field, fields, fill, invalid, is_nothing};
use crate::backend::{self, Direction, Edge, Range};
use crate::error::{Error, ErrorKind};
use crate::json::{Json, Reader, whole};
use crate::model::Backend;
use crate::settings::{self, Options};

/// How many messages make a page unless the caller says so.
const PAGE: f64 = 50.0;

impl Fields {
    /// A JSON object.
    fn json(&self, name: &str) -> Result<Option<Json>, Error> {
        object(name, &self.get(name)?)
    }

    /// The headers of a record, or of whatever gives pairs of strings, such as `Headers`.
    fn headers(&self) -> Result<Vec<(String, String)>, Error> {
        let given = self.get("headers")?;
        if is_nothing(&given) {
            return Ok(Vec::new());
        }
        self.checked("headers", &given, "an object", given.is_object())?;
        let iterates = Reflect::get(&given, &Symbol::iterator());
        let pairs = match iterates.is_ok_and(|found| found.is_function()) {
            true => Array::from(&given),
            false => Object::entries(given.unchecked_ref()),
        };
        super::pairs(&pairs)
            .ok_or_else(|| self.wrong("`headers` holds a value that is no string".to_owned()))
    }
}

pub fn options(given: Ts<ConnectOptions>, page_origin: Option<String>) -> Result<Options, Error> {
    let config = |message: &str| Error::new(ErrorKind::Config, message);
    let object = JsValue::from(given);
    if !object.is_object() {
        return Err(config("the options of `connect` are no object"));
    }
    let given = Fields {
        object,
        kind: ErrorKind::Config,
    };
    let backend = match given.text("backend")? {
        None => None,
        Some(name) => Some(Backend::named(&name).ok_or_else(|| {
            config(&format!(
                "`backend` is \"{name}\", and must be \"meibel\", \"agentcloud\" or \"eliza\""
            ))
        })?),
    };
    let key = given.get("apiKey")?;
    if !(is_nothing(&key) || key.is_string() || key.is_function()) {
        return Err(config("`apiKey` is neither a string nor a function"));
    }
    let live = given.boolean("live")?;
    let own_fetch = given.function("fetch")?;
    let user_id = given.text("userId")?;
    Ok(Options {
        live: live.unwrap_or(!own_fetch) && has_web_socket(),
        backend,
        raw_key: key.is_string(),
        base_url: given.text("baseUrl")?,
        team: given.text("team")?,
        random: random(user_id.is_none() && backend == Some(Backend::Eliza)),
        user_id,
        transport: given.text("transport")?,
        headers: given.headers()?,
        timeout: given.number("timeout")?,
        idle_timeout: given.number("idleTimeout")?,
        max_retries: given.number("maxRetries")?,
        max_event_bytes: given.number("maxEventBytes")?,
        max_body_bytes: given.number("maxBodyBytes")?,
        allow_browser_key: given.boolean("allowBrowserKey")?.unwrap_or_default(),
        page_origin,
    })
}

/// What tells clients apart, or makes a user of one, whose id nobody should guess. For that Node loads a part of itself, which
/// takes 2 ms the first time.
fn random(secret: bool) -> [u8; 16] {
    let mut bytes = [0; 16];
    if secret {
        fill(&mut bytes);
        return bytes;
    }
    for (place, byte) in bytes.iter_mut().zip(Math::random().to_ne_bytes()) {
        *place = byte;
    }
    bytes
}

/// Node has one from version 22 on.
fn has_web_socket() -> bool {
    GLOBAL.with(|global| field(global, "WebSocket").is_ok_and(|found| found.is_function()))
}

type CallSettings = (Option<f64>, Vec<(String, String)>);

/// A call's own limit and headers, if it has any.
pub fn call(given: Option<Ts<CallOptions>>) -> Result<Option<CallSettings>, Error> {
    let given = fields(given, "the options of the call")?;
    let own = (given.number("timeout")?, given.headers()?);
    Ok((own.0.is_some() || !own.1.is_empty()).then_some(own))
}

pub fn session_id(id: &JsValue) -> Result<String, Error> {
    id.as_string()
        .ok_or_else(|| invalid("the id of a session is no string"))
}

pub fn create_session(given: Option<Ts<CreateSession>>) -> Result<backend::CreateSession, Error> {
    let given = fields(given, "a new session")?;
    Ok(backend::CreateSession {
        agent_id: given.text("agentId")?,
        agent_name: given.text("agentName")?,
        user_id: given.text("userId")?,
        metadata: given.json("metadata")?,
        prompt: given.text("prompt")?,
        variables: given.json("variables")?,
        backend_options: given.json("backendOptions")?,
    })
}

/// A message, and the files that go with it.
pub fn message(given: JsValue) -> Result<(backend::OutgoingMessage, Array), Error> {
    if given.is_string() {
        let message = backend::OutgoingMessage {
            text: text(&given)?,
            ..backend::OutgoingMessage::default()
        };
        return Ok((message, Array::new()));
    }
    if given.is_undefined() {
        return Err(invalid("the message is missing"));
    }
    let given = Fields::of(given, "the message")?;
    let said = given.get("text")?;
    if !said.is_string() {
        return Err(invalid(
            "the message has no `text`, or one that is no string",
        ));
    }
    let answer_timeout = answer_timeout(&given)?;
    let files = files(&given.get("files")?)?;
    let message = backend::OutgoingMessage {
        text: text(&said)?,
        files: files.length() as usize,
        metadata: given.json("metadata")?,
        answer_timeout,
        include_thinking: given.boolean("includeThinking")?,
        include_tool_activity: given.boolean("includeToolActivity")?,
        backend_options: given.json("backendOptions")?,
        ..backend::OutgoingMessage::default()
    };
    Ok((message, files))
}

fn answer_timeout(given: &Fields) -> Result<Option<f64>, Error> {
    let limit = given.number("answerTimeout")?;
    match limit.is_some_and(|limit| limit.is_nan() || limit <= 0.0) {
        true => Err(invalid(
            "`answerTimeout` is a time limit: more than 0 milliseconds",
        )),
        false => Ok(limit),
    }
}

/// How surely a message is to arrive, out of the options of its call.
pub fn delivery(
    options: Option<JsValue>,
    random: &[u8],
    message: &mut backend::OutgoingMessage,
) -> Result<(), Error> {
    let given = Fields::of(
        options.unwrap_or(JsValue::UNDEFINED),
        "the options of the call",
    )?;
    message.redeliver = match given.text("redeliver")?.as_deref() {
        None | Some("never") => false,
        Some("when-absent") => true,
        Some(_) => {
            return Err(invalid(
                "`redeliver` is neither \"never\" nor \"when-absent\"",
            ));
        }
    };
    message.resume = given.boolean("resume")?.unwrap_or(true);
    given.function("onDelivery").map_err(|mut error| {
        error.kind = ErrorKind::Invalid;
        error
    })?;
    let id = given.text("clientMessageId")?.filter(|id| !id.is_empty());
    let made = || settings::uuid(random.try_into().unwrap_or_default());
    message.client_message_id = Some(id.unwrap_or_else(made));
    Ok(())
}

/// Which answer is to be found.
pub fn resume(given: Option<Ts<ResumeQuery>>) -> Result<backend::Resume, Error> {
    let given = fields(given, "which answer")?;
    let shown = given.get("shown")?;
    Ok(backend::Resume {
        after: edge("after", &given.get("after")?)?,
        client_message_id: given.text("clientMessageId")?,
        shown: match shown.is_string() {
            true => text(&shown)?,
            false => {
                given.checked("shown", &shown, "a string", false)?;
                crate::text::Text::default()
            }
        },
        answer_timeout: answer_timeout(&given)?,
    })
}

/// Blobs and Files, also those of another realm.
fn files(given: &JsValue) -> Result<Array, Error> {
    if is_nothing(given) {
        return Ok(Array::new());
    }
    let is_file = |file: &JsValue| {
        // null has no `toString`
        file.is_object() && {
            let kind = String::from(file.unchecked_ref::<js_sys::Object>().to_string());
            kind == "[object Blob]" || kind == "[object File]"
        }
    };
    match given.dyn_ref::<Array>() {
        Some(files) if files.iter().all(|file| is_file(&file)) => {
            Ok(files.slice(0, files.length()))
        }
        _ => Err(invalid("`files` is no array of Blobs and Files")),
    }
}

pub fn variables(given: &JsValue) -> Result<Json, Error> {
    object("variables", given)?.ok_or_else(|| invalid("`variables` is missing"))
}

/// What `signIn` takes: the options of a client, and who signs in.
pub fn sign_in(given: &JsValue) -> Result<(String, String), Error> {
    let given = Fields::of(given.clone(), "who signs in")?;
    let word = |name: &str| {
        given
            .get(name)?
            .as_string()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| invalid(format!("`{name}` is missing, or no string")))
    };
    Ok((word("email")?, word("password")?))
}

/// A string with its lone surrogates: the way through `JSON.stringify` keeps them, the one through UTF-8 does not.
fn text(value: &JsValue) -> Result<crate::text::Text<'static>, Error> {
    let literal = JSON::stringify(value)
        .map(String::from)
        .map_err(|_| invalid("the text cannot be read"))?;
    whole(&literal, Reader::string)
        .map(|text| text.into_owned())
        .map_err(Error::from)
}

fn object(name: &str, value: &JsValue) -> Result<Option<Json>, Error> {
    if is_nothing(value) {
        return Ok(None);
    }
    // circular values and BigInts throw here; functions and symbols give undefined
    let json = JSON::stringify(value)
        .ok()
        .and_then(|json| json.as_string());
    let json = json.and_then(|json| Json::parse(json).ok());
    match json {
        Some(json) if json.as_str().starts_with('{') => Ok(Some(json)),
        _ => Err(invalid(format!("`{name}` is no object that JSON can hold"))),
    }
}

pub fn list_sessions(given: Option<Ts<ListSessions>>) -> Result<backend::ListSessions, Error> {
    let given = fields(given, "which sessions")?;
    Ok(backend::ListSessions {
        agent_id: given.text("agentId")?,
        user_id: given.text("userId")?,
        status: given.text("status")?,
        limit: match given.number("limit")? {
            None => None,
            limit => Some(count(limit)? as u32),
        },
    })
}

pub fn range(given: Option<Ts<MessageQuery>>) -> Result<(Range, Option<Direction>), Error> {
    let given = fields(given, "which messages")?;
    let direction = match given.text("direction")?.as_deref() {
        None => None,
        Some("backward") => Some(Direction::Backward),
        Some("forward") => Some(Direction::Forward),
        Some(_) => {
            return Err(invalid(
                "`direction` is neither \"backward\" nor \"forward\"",
            ));
        }
    };
    let edge = |name: &str| edge(name, &given.get(name)?);
    Ok((
        Range {
            before: edge("before")?,
            after: edge("after")?,
            limit: count(given.number("limit")?)? as usize,
        },
        direction,
    ))
}

fn count(limit: Option<f64>) -> Result<f64, Error> {
    settings::whole("limit", limit, PAGE, 1.0).map_err(|mut error| {
        error.kind = ErrorKind::Invalid;
        error
    })
}

fn edge(name: &str, value: &JsValue) -> Result<Option<Edge>, Error> {
    if is_nothing(value) {
        return Ok(None);
    }
    let time = value
        .as_f64()
        .or_else(|| value.dyn_ref::<Date>().map(Date::get_time));
    match (time, value.as_string()) {
        (Some(time), _) if time.is_finite() => Ok(Some(Edge::Time(time))),
        (None, Some(text)) => Ok(Some(Edge::read(text))),
        _ => Err(invalid(format!(
            "`{name}` is no point in time and no cursor"
        ))),
    }
}
