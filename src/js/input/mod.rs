//! Reads what callers hand in, field by field; a field that is wrong is named in the error. What they may hand in is declared
//! in [`super::given`]. Here is what everything is read with; the options of event streams are in `events`, those of a
//! client in `client`.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "read")]
mod events;

#[cfg(feature = "request")]
use js_sys::{Array, Reflect};
use tsify::Ts;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "client")]
pub use client::*;
#[cfg(feature = "read")]
pub use events::*;

use crate::error::{Error, ErrorKind};

#[wasm_bindgen]
extern "C" {
    /// The same as `js_sys::Reflect::get`, but that the name comes as text.
    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    fn field(object: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    /// Every runtime that the package is for has this name for it; js-sys looks for three others.
    #[cfg(feature = "client")]
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;

    /// Fills `bytes` with what nobody can guess.
    #[cfg(feature = "client")]
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &mut [u8]);
}

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
    #[cfg(feature = "request")]
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
#[cfg(feature = "request")]
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
