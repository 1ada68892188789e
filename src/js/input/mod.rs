//! Reads what callers hand in, field by field; a field that is wrong is named in the error. What they may hand in is declared
//! in [`super::given`]. Here is what everything is read with, and the options of event streams; those of a client are in
//! `client`.

#[cfg(feature = "client")]
mod client;

use js_sys::{Array, Reflect};
use tsify::Ts;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "client")]
pub use client::*;

use super::given::ReadOptions;
use crate::error::{Error, ErrorKind};
use crate::operation::events::Events;
use crate::operation::open::{Open, Opening};
use crate::settings;
use crate::sse::Framer;

#[wasm_bindgen]
extern "C" {
    /// The same as `js_sys::Reflect::get`, but that the name comes as text.
    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    fn field(object: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    /// Every runtime that the package is for has this name for it; js-sys looks for three others.
    #[cfg(feature = "client")]
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;
}

/// The largest event unless the caller says so, in bytes.
const MAX_EVENT_BYTES: f64 = 8_388_608.0;

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

    /// What is neither `wanted` nor left out is an error. Values are not repeated in it, with one exception: where a number
    /// should be, a text is no secret.
    fn checked(&self, name: &str, value: &JsValue, wanted: &str, fits: bool) -> Result<(), Error> {
        if fits || is_nothing(value) {
            return Ok(());
        }
        let found = match value.as_string() {
            Some(text) if wanted == "a number" => format!("\"{text}\""),
            _ => kind_of(value),
        };
        Err(self.wrong(format!("`{name}` must be {wanted}, and is {found}")))
    }
}

/// The pairs of strings in an array, unless it holds something else.
pub fn pairs(array: &Array) -> Option<Vec<(String, String)>> {
    let pair = |pair: JsValue| {
        let part = |at: u32| Reflect::get_u32(&pair, at).ok()?.as_string();
        Some((part(0)?, part(1)?))
    };
    array.iter().map(pair).collect()
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
