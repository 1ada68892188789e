//! Reads what callers hand in. Plain values are read by serde; free-form JSON goes through `JSON.stringify`, so that it
//! reaches the server as any other client would send it. What they may hand in is declared in [`super::given`].

use std::collections::BTreeMap;

use js_sys::{Array, Date, JSON, Reflect};
use serde::de::DeserializeOwned;
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsCast, JsValue};

use super::given::{
    CallOptions, ConnectOptions, CreateSession, ListSessions, MessageQuery, OutgoingMessage,
    ReadOptions, ReconnectOptions, RequestOptions,
};
use crate::backend::{self, Direction, Edge, Range};
use crate::error::{Error, ErrorKind};
use crate::json::{Json, Reader, whole};
use crate::operation::events::Events;
use crate::operation::open::{Open, Opening};
use crate::settings::{self, Options};
use crate::sse::Framer;

/// The largest event unless the caller says so, in bytes.
const MAX_EVENT_BYTES: f64 = 8_388_608.0;
/// How many messages make a page unless the caller says so.
const PAGE: f64 = 50.0;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

fn read<T>(value: &Ts<T>, what: &str) -> Result<T, Error>
where
    T: Tsify + DeserializeOwned,
{
    serde_wasm_bindgen::from_value(value.js_value())
        .map_err(|error| invalid(format!("{what}: {}", words(&error.to_string()))))
}

/// serde's words without the `Error: ` that JavaScript puts in front.
fn words(message: &str) -> &str {
    message.strip_prefix("Error: ").unwrap_or(message)
}

fn read_or_default<T>(value: Option<Ts<T>>, what: &str) -> Result<T, Error>
where
    T: Tsify + DeserializeOwned + Default,
{
    match value.filter(|value| !value.js_value().is_undefined()) {
        Some(value) => read(&value, what),
        None => Ok(T::default()),
    }
}

pub fn options(
    given: Ts<ConnectOptions>,
    random: &[u8],
    page_origin: Option<String>,
) -> Result<Options, Error> {
    let given: ConnectOptions =
        read(&given, "the options of `connect`").map_err(|error| Error {
            kind: ErrorKind::Config,
            ..error
        })?;
    let key = &given.api_key;
    if !(key.is_undefined() || key.is_null() || key.is_string() || key.is_function()) {
        return Err(Error::new(
            ErrorKind::Config,
            "`apiKey` is neither a string nor a function",
        ));
    }
    if !given.fetch.is_undefined() && !given.fetch.is_function() {
        return Err(Error::new(ErrorKind::Config, "`fetch` is no function"));
    }
    let live = given.live.unwrap_or(given.fetch.is_undefined());
    Ok(Options {
        live: live && has_web_socket(),
        backend: Some(given.backend),
        raw_key: key.is_string(),
        base_url: given.base_url,
        team: given.team,
        user_id: given.user_id,
        headers: given.headers.unwrap_or_default().into_iter().collect(),
        timeout: given.timeout,
        idle_timeout: given.idle_timeout,
        max_retries: given.max_retries,
        max_event_bytes: given.max_event_bytes,
        max_body_bytes: given.max_body_bytes,
        allow_browser_key: given.allow_browser_key.unwrap_or_default(),
        page_origin,
        random: random.try_into().unwrap_or_default(),
    })
}

/// Node has one from version 22 on.
fn has_web_socket() -> bool {
    Reflect::get(&js_sys::global(), &JsValue::from_str("WebSocket"))
        .is_ok_and(|found| found.is_function())
}

type CallSettings = (Option<f64>, BTreeMap<String, String>);

/// A call's own limit and headers, if it has any.
pub fn call(given: Option<Ts<CallOptions>>) -> Result<Option<CallSettings>, Error> {
    let given = read_or_default(given, "the options of the call")?;
    let own = (given.timeout, given.headers.unwrap_or_default());
    Ok((own.0.is_some() || !own.1.is_empty()).then_some(own))
}

pub fn session_id(id: &JsValue) -> Result<String, Error> {
    id.as_string()
        .ok_or_else(|| invalid("the id of a session is no string"))
}

pub fn create_session(given: Option<Ts<CreateSession>>) -> Result<backend::CreateSession, Error> {
    let given = read_or_default(given, "a new session")?;
    Ok(backend::CreateSession {
        agent_id: given.agent_id,
        agent_name: given.agent_name,
        user_id: given.user_id,
        metadata: object("metadata", &given.metadata)?,
        prompt: given.prompt,
        variables: object("variables", &given.variables)?,
        backend_options: object("backendOptions", &given.backend_options)?,
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
    let given: OutgoingMessage = read(&Ts::new_unchecked(given), "the message")?;
    if !given.text.is_string() {
        return Err(invalid(
            "the message has no `text`, or one that is no string",
        ));
    }
    if given
        .answer_timeout
        .is_some_and(|limit| limit.is_nan() || limit <= 0.0)
    {
        return Err(invalid(
            "`answerTimeout` is a time limit: more than 0 milliseconds",
        ));
    }
    let files = files(&given.files)?;
    let message = backend::OutgoingMessage {
        text: text(&given.text)?,
        files: files.length() as usize,
        metadata: object("metadata", &given.metadata)?,
        answer_timeout: given.answer_timeout,
        include_thinking: given.include_thinking,
        include_tool_activity: given.include_tool_activity,
        backend_options: object("backendOptions", &given.backend_options)?,
    };
    Ok((message, files))
}

/// Blobs and Files, also those of another realm.
fn files(given: &JsValue) -> Result<Array, Error> {
    if given.is_undefined() || given.is_null() {
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
    let field = |name: &str| {
        js_sys::Reflect::get(given, &name.into())
            .ok()
            .and_then(|value| value.as_string())
            .filter(|text| !text.is_empty())
            .ok_or_else(|| invalid(format!("`{name}` is missing, or no string")))
    };
    Ok((field("email")?, field("password")?))
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
    if value.is_undefined() || value.is_null() {
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
    let given = read_or_default(given, "which sessions")?;
    Ok(backend::ListSessions {
        agent_id: given.agent_id,
        user_id: given.user_id,
        status: given.status,
        limit: match given.limit {
            None => None,
            limit => Some(count(limit)? as u32),
        },
    })
}

pub fn range(given: Option<Ts<MessageQuery>>) -> Result<(Range, Option<Direction>), Error> {
    let given = read_or_default(given, "which messages")?;
    let direction = match given.direction.as_deref() {
        None => None,
        Some("backward") => Some(Direction::Backward),
        Some("forward") => Some(Direction::Forward),
        Some(_) => {
            return Err(invalid(
                "`direction` is neither \"backward\" nor \"forward\"",
            ));
        }
    };
    let (before, after) = (edge("before", &given.before)?, edge("after", &given.after)?);
    Ok((
        Range {
            before,
            after,
            limit: count(given.limit)? as usize,
        },
        direction,
    ))
}

pub fn read_options(given: Option<Ts<ReadOptions>>) -> Result<Events, Error> {
    let (framer, idle_timeout, dispatch_unfinished) = reading(given)?;
    Ok(Events::new(framer, idle_timeout, dispatch_unfinished))
}

fn reading(given: Option<Ts<ReadOptions>>) -> Result<(Framer, f64, bool), Error> {
    let given = read_or_default(given, "how to read")?;
    let most = settings::whole("maxEventBytes", given.max_event_bytes, MAX_EVENT_BYTES, 1.0)?;
    let idle_timeout = settings::milliseconds("idleTimeout", given.idle_timeout, f64::INFINITY)?;
    let mut framer =
        Framer::with_last_event_id(most as usize, given.last_event_id.unwrap_or_default());
    framer.keep_comments(given.on_comment.is_function());
    Ok((
        framer,
        idle_timeout,
        given.dispatch_unfinished.unwrap_or_default(),
    ))
}

pub fn open_options(given: JsValue, method: &str, once: bool, seed: u32) -> Result<Open, Error> {
    let (framer, idle_timeout, dispatch_unfinished) =
        reading(Some(Ts::new_unchecked(given.clone())))?;
    let given: RequestOptions = read_or_default(Some(Ts::new_unchecked(given)), "how to open")?;
    let config = |message: &str| Error::new(ErrorKind::Config, message);
    if !given.fetch.is_undefined() && !given.fetch.is_function() {
        return Err(config("`fetch` is no function"));
    }
    let limits = match given.reconnect.as_bool() {
        None => read_or_default(
            Some(Ts::<ReconnectOptions>::new_unchecked(
                given.reconnect.clone(),
            )),
            "`reconnect`",
        )?,
        Some(_) => ReconnectOptions::default(),
    };
    let asked = given.reconnect.as_bool();
    let reconnect = asked.or((!given.reconnect.is_undefined()).then_some(true));
    if once && reconnect == Some(true) {
        return Err(config(
            "`body` is a stream, which can be sent only once, and `reconnect` would send it again",
        ));
    }
    let attempts = settings::whole(
        "maxAttempts",
        limits.max_attempts.filter(|most| *most != f64::INFINITY),
        f64::INFINITY,
        0.0,
    )?;
    let max_delay = match limits.max_delay {
        Some(most) => Some(settings::milliseconds("maxDelay", Some(most), most)?),
        None => None,
    };
    Ok(Open::new(
        framer,
        Opening {
            method: method.to_owned(),
            reconnect,
            max_attempts: attempts,
            max_delay,
            idle_timeout,
            dispatch_unfinished,
            seed: u64::from(seed),
        },
    ))
}

fn count(limit: Option<f64>) -> Result<f64, Error> {
    settings::whole("limit", limit, PAGE, 1.0).map_err(|error| Error {
        kind: ErrorKind::Invalid,
        ..error
    })
}

fn edge(name: &str, value: &JsValue) -> Result<Option<Edge>, Error> {
    if value.is_undefined() || value.is_null() {
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
