//! Reads what callers hand in: plain values field by field; free-form JSON goes through `JSON.stringify`, so that it
//! reaches the server as any other client would send it. What they may hand in is declared in [`super::given`].

use js_sys::{Array, Date, JSON, Object, Reflect, Symbol};
use tsify::Ts;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::given::{
    CallOptions, ConnectOptions, CreateSession, ListSessions, MessageQuery, ReadOptions,
};
use crate::backend::{self, Direction, Edge, Range};
use crate::error::{Error, ErrorKind};
use crate::json::{Json, Reader, whole};
use crate::model::Backend;
use crate::operation::events::Events;
use crate::operation::open::{Open, Opening};
use crate::settings::{self, Options};
use crate::sse::Framer;

#[wasm_bindgen]
extern "C" {
    /// The same as `js_sys::Reflect::get`, but that the name comes as text.
    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    fn field(object: &JsValue, name: &str) -> Result<JsValue, JsValue>;
}

/// The largest event unless the caller says so, in bytes.
const MAX_EVENT_BYTES: f64 = 8_388_608.0;
/// How many messages make a page unless the caller says so.
const PAGE: f64 = 50.0;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// The fields of an object that a caller may have handed in.
struct Fields {
    object: JsValue,
    /// of the errors for those that are wrong
    kind: ErrorKind,
}

impl Fields {
    /// Those of `object`; `what` it is.
    fn of(object: JsValue, what: &str) -> Result<Self, Error> {
        if object.is_undefined() || object.is_object() || object.is_function() {
            return Ok(Fields {
                object,
                kind: ErrorKind::Invalid,
            });
        }
        let found = kind_of(&object);
        Err(invalid(format!(
            "{what} must be an object, and found is {found}"
        )))
    }

    fn wrong(&self, message: String) -> Error {
        Error::new(self.kind, message)
    }

    /// What is not there is undefined.
    fn get(&self, name: &str) -> Result<JsValue, Error> {
        if self.object.is_undefined() {
            return Ok(JsValue::UNDEFINED);
        }
        field(&self.object, name).map_err(|_| self.wrong(format!("`{name}` cannot be read")))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let value = self.get(name)?;
        let text = value.as_string();
        self.checked(name, &value, "a string", text.is_some())?;
        Ok(text)
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let value = self.get(name)?;
        let number = value.as_f64();
        self.checked(name, &value, "a number", number.is_some())?;
        Ok(number)
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, Error> {
        let value = self.get(name)?;
        let boolean = value.as_bool();
        self.checked(name, &value, "true or false", boolean.is_some())?;
        Ok(boolean)
    }

    /// Whether the caller gave a function.
    fn function(&self, name: &str) -> Result<bool, Error> {
        let value = self.get(name)?;
        match value.is_function() {
            false if !value.is_undefined() => Err(Error::new(
                ErrorKind::Config,
                format!("`{name}` is no function"),
            )),
            found => Ok(found),
        }
    }

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
        let pair = |pair: JsValue| {
            let part = |at: u32| Reflect::get_u32(&pair, at).ok()?.as_string();
            Some((part(0)?, part(1)?))
        };
        let headers: Option<Vec<_>> = pairs.iter().map(pair).collect();
        headers.ok_or_else(|| self.wrong("`headers` holds a value that is no string".to_owned()))
    }

    /// What is neither `wanted` nor left out is an error. Values are not repeated in it, with one exception: where a number
    /// should be, a text is no secret.
    fn checked(&self, name: &str, value: &JsValue, wanted: &str, fits: bool) -> Result<(), Error> {
        if fits || is_nothing(value) {
            return Ok(());
        }
        let found = match value.as_string() {
            Some(text) => format!("\"{text}\""),
            None => kind_of(value),
        };
        Err(self.wrong(format!("`{name}` must be {wanted}, and is {found}")))
    }
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// JavaScript's own word.
fn kind_of(value: &JsValue) -> String {
    match value.is_null() {
        true => "null".to_owned(),
        false => value.js_typeof().as_string().unwrap_or_default(),
    }
}

/// Those of an object that may be left out.
fn fields<T: tsify::Tsify>(given: Option<Ts<T>>, what: &str) -> Result<Fields, Error> {
    Fields::of(given.map_or(JsValue::UNDEFINED, JsValue::from), what)
}

pub fn options(
    given: Ts<ConnectOptions>,
    random: &[u8],
    page_origin: Option<String>,
) -> Result<Options, Error> {
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
    Ok(Options {
        live: live.unwrap_or(!own_fetch) && has_web_socket(),
        backend,
        raw_key: key.is_string(),
        base_url: given.text("baseUrl")?,
        team: given.text("team")?,
        user_id: given.text("userId")?,
        headers: given.headers()?,
        timeout: given.number("timeout")?,
        idle_timeout: given.number("idleTimeout")?,
        max_retries: given.number("maxRetries")?,
        max_event_bytes: given.number("maxEventBytes")?,
        max_body_bytes: given.number("maxBodyBytes")?,
        allow_browser_key: given.boolean("allowBrowserKey")?.unwrap_or_default(),
        page_origin,
        random: random.try_into().unwrap_or_default(),
    })
}

/// Node has one from version 22 on.
fn has_web_socket() -> bool {
    field(&js_sys::global(), "WebSocket").is_ok_and(|found| found.is_function())
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
    let answer_timeout = given.number("answerTimeout")?;
    if answer_timeout.is_some_and(|limit| limit.is_nan() || limit <= 0.0) {
        return Err(invalid(
            "`answerTimeout` is a time limit: more than 0 milliseconds",
        ));
    }
    let files = files(&given.get("files")?)?;
    let message = backend::OutgoingMessage {
        text: text(&said)?,
        files: files.length() as usize,
        metadata: given.json("metadata")?,
        answer_timeout,
        include_thinking: given.boolean("includeThinking")?,
        include_tool_activity: given.boolean("includeToolActivity")?,
        backend_options: given.json("backendOptions")?,
    };
    Ok((message, files))
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

pub fn read_options(given: Option<Ts<ReadOptions>>) -> Result<Events, Error> {
    let (framer, idle_timeout, dispatch_unfinished) = reading(&fields(given, "how to read")?)?;
    Ok(Events::new(framer, idle_timeout, dispatch_unfinished))
}

fn reading(given: &Fields) -> Result<(Framer, f64, bool), Error> {
    let most = given.number("maxEventBytes")?;
    let most = settings::whole("maxEventBytes", most, MAX_EVENT_BYTES, 1.0)?;
    let idle_timeout = given.number("idleTimeout")?;
    let idle_timeout = settings::milliseconds("idleTimeout", idle_timeout, f64::INFINITY)?;
    let last_event_id = given.text("lastEventId")?.unwrap_or_default();
    let mut framer = Framer::with_last_event_id(most as usize, last_event_id);
    framer.keep_comments(given.get("onComment")?.is_function());
    let dispatch_unfinished = given.boolean("dispatchUnfinished")?.unwrap_or_default();
    Ok((framer, idle_timeout, dispatch_unfinished))
}

pub fn open_options(given: JsValue, method: &str, once: bool, seed: u32) -> Result<Open, Error> {
    let given = Fields::of(given, "how to open")?;
    let (framer, idle_timeout, dispatch_unfinished) = reading(&given)?;
    given.function("fetch")?;
    let limits = given.get("reconnect")?;
    let asked = limits.as_bool();
    let reconnect = asked.or((!limits.is_undefined()).then_some(true));
    let limits = match asked {
        None => limits,
        Some(_) => JsValue::UNDEFINED,
    };
    let limits = Fields::of(limits, "`reconnect`")?;
    if once && reconnect == Some(true) {
        return Err(Error::new(
            ErrorKind::Config,
            "`body` is a stream, which can be sent only once, and `reconnect` would send it again",
        ));
    }
    let attempts = settings::whole(
        "maxAttempts",
        limits
            .number("maxAttempts")?
            .filter(|most| *most != f64::INFINITY),
        f64::INFINITY,
        0.0,
    )?;
    let max_delay = match limits.number("maxDelay")? {
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
