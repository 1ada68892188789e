//! Reads what is handed to `readEvents` and `openEvents`.

use tsify::Ts;
#[cfg(feature = "events")]
use wasm_bindgen::JsValue;

use super::super::given::ReadOptions;
use super::{Fields, fields};
use crate::error::Error;
#[cfg(feature = "events")]
use crate::error::ErrorKind;
use crate::operation::events::Events;
#[cfg(feature = "events")]
use crate::operation::open::{Open, Opening};
use crate::settings;
use crate::sse::Framer;

/// The largest event unless the caller says so, in bytes.
const MAX_EVENT_BYTES: f64 = 8_388_608.0;

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

#[cfg(feature = "events")]
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
