//! An operation as `driver.js` runs it: every method says in one number what next.

use gloo_net::http::Headers;
use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::request;
use super::table::Table;
use crate::error::{Error, ErrorKind};
use crate::json::write;
use crate::operation::{Failure, HIDDEN, Happened, Next, Now, Operation};

/// What next, as numbers. `driver.js` has the same list.
mod next {
    pub const SEND: u32 = 0;
    pub const READ: u32 = 1;
    pub const WAIT: u32 = 2;
    pub const YIELD: u32 = 3;
    pub const DONE: u32 = 4;
    pub const FAILED: u32 = 5;
    pub const LOOK: u32 = 6;
}

/// One operation under way.
#[wasm_bindgen]
pub struct Machine {
    operation: Result<Box<dyn Operation>, Error>,
    /// the files of the message
    files: Array,
    table: Table,
    pause: f64,
}

impl Machine {
    pub(super) fn new(operation: Result<Box<dyn Operation>, Error>) -> Self {
        Machine {
            operation,
            files: Array::new(),
            table: Table::default(),
            pause: 0.0,
        }
    }

    pub(super) fn with_files(self, files: Array) -> Self {
        Machine { files, ..self }
    }

    fn step(&mut self, now: Now, happened: Happened) -> u32 {
        self.table.clear();
        let Ok(operation) = &mut self.operation else {
            return next::FAILED;
        };
        match operation.step(now, happened, &mut self.table) {
            Ok(Next::Send) => next::SEND,
            Ok(Next::Read) => next::READ,
            Ok(Next::Wait(pause)) => {
                self.pause = pause;
                next::WAIT
            }
            Ok(Next::Look(pause)) => {
                self.pause = pause;
                next::LOOK
            }
            Ok(Next::Yield) => next::YIELD,
            Ok(Next::Done) => next::DONE,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: Error) -> u32 {
        self.operation = Err(error);
        next::FAILED
    }
}

#[wasm_bindgen]
impl Machine {
    /// The operation begins.
    pub fn begin(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Begin)
    }

    /// The request that `SEND` asked for. Throws nothing but what makes the operation fail: then ask `error`.
    pub fn request(&mut self, key: Option<String>) -> Option<web_sys::Request> {
        let operation = self.operation.as_mut().ok()?;
        let key = key.filter(|key| !key.is_empty());
        let built = operation.request(key.as_deref()).and_then(|request| {
            request::platform(request, key.is_some(), &self.files).map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "`baseUrl` is no address that this platform can make a request to",
                )
            })
        });
        built.map_err(|error| self.fail(error)).ok()
    }

    /// Milliseconds to the head of the response.
    #[wasm_bindgen(getter, js_name = headLimit)]
    pub fn head_limit(&self) -> f64 {
        self.operation
            .as_ref()
            .map_or(0.0, |operation| operation.patience().head)
    }

    /// Milliseconds without a byte of the body.
    #[wasm_bindgen(getter, js_name = idleLimit)]
    pub fn idle_limit(&self) -> f64 {
        self.operation
            .as_ref()
            .map_or(0.0, |operation| operation.patience().idle)
    }

    /// The head of the response came.
    pub fn head(&mut self, now: f64, status: u16, headers: web_sys::Headers) -> u32 {
        self.step(
            now,
            Happened::Head(request::head(status, &Headers::from_raw(headers))),
        )
    }

    /// The address of room for so many bytes.
    pub fn space(&mut self, at_least: usize) -> *mut u8 {
        match &mut self.operation {
            Ok(operation) => operation.space(at_least).as_mut_ptr(),
            Err(_) => std::ptr::null_mut(),
        }
    }

    /// So many bytes were put there.
    pub fn bytes(&mut self, now: f64, count: usize) -> u32 {
        self.step(now, Happened::Bytes(count))
    }

    /// The body ended.
    pub fn end(&mut self, now: f64) -> u32 {
        self.step(now, Happened::End)
    }

    /// The request or the body failed, with the platform's words and code.
    pub fn broken(&mut self, now: f64, message: String, code: Option<String>) -> u32 {
        self.step(now, Happened::Failed(Failure::Network { message, code }))
    }

    /// The caller's function that fetches the key threw.
    #[wasm_bindgen(js_name = noKey)]
    pub fn no_key(&mut self, now: f64, message: String) -> u32 {
        self.step(now, Happened::Failed(Failure::NoKey { message }))
    }

    /// Nothing came in the time allowed.
    pub fn silent(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Failed(Failure::Silence))
    }

    /// The milliseconds that `WAIT` asked for, or `LOOK`; `hidden` is true in a page that nobody sees.
    pub fn pause(&self, hidden: bool) -> f64 {
        if hidden {
            self.pause * HIDDEN
        } else {
            self.pause
        }
    }

    /// They are over.
    pub fn waited(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Waited)
    }

    /// What `YIELD` handed out was taken, and more is wanted.
    pub fn resume(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Resumed)
    }

    /// Where the table is, if the last step put something into it; else 0.
    pub fn place(&mut self) -> *const u32 {
        self.table.place()
    }

    /// What `FAILED` means, as JSON text.
    pub fn error(&self) -> Option<String> {
        self.operation.as_ref().err().map(write::text)
    }
}
