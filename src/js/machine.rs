//! An operation as `driver.js` runs it: every method says in one number what next.

#[cfg(feature = "request")]
use gloo_net::http::Headers;
#[cfg(feature = "client")]
use js_sys::{Array, Object};
use wasm_bindgen::prelude::*;

#[cfg(feature = "request")]
use super::request;
use super::table::Table;
use crate::error::Error;
#[cfg(feature = "request")]
use crate::error::ErrorKind;
#[cfg(feature = "events")]
use crate::http::Written;
use crate::json::write;
use crate::model::Delivery;
#[cfg(feature = "request")]
use crate::operation::HIDDEN;
use crate::operation::{Failure, Happened, Next, Now, Operation};

/// What next, as numbers. `driver.js` has the same list.
mod next {
    pub const SEND: u32 = 0;
    pub const READ: u32 = 1;
    pub const WAIT: u32 = 2;
    pub const YIELD: u32 = 3;
    pub const DONE: u32 = 4;
    pub const FAILED: u32 = 5;
    pub const LOOK: u32 = 6;
    pub const RECONNECT: u32 = 7;
    pub const OPEN: u32 = 8;
    pub const LISTEN: u32 = 9;
    pub const CLOSE: u32 = 10;
}

/// One operation under way.
#[wasm_bindgen]
pub struct Machine {
    operation: Result<Box<dyn Operation>, Error>,
    /// the files of the message
    #[cfg(feature = "client")]
    files: Array,
    /// whoever waits for the operation wants to know every header of a response
    #[cfg(feature = "request")]
    all_headers: bool,
    table: Table,
    pause: f64,
    window: Box<Window>,
}

/// What JavaScript looks at after each step, so that it need not ask.
#[derive(Default)]
#[repr(C)]
struct Window {
    /// the address of the room for the next bytes, and how many fit in
    room: [u32; 2],
    /// as [`Table::place`] says
    table: [u32; 6],
    /// how far the message is, for an operation that sends one: see [`delivery`]
    delivery: u32,
}

/// How far a message is, as a number. `memory.js` has the same list.
fn delivery(delivery: Delivery) -> u32 {
    match delivery {
        Delivery::Queued => QUEUED,
        Delivery::Sending => SENDING,
        Delivery::Delivered => 3,
        Delivery::Unknown => UNKNOWN,
        Delivery::Failed => FAILED,
    }
}

const QUEUED: u32 = 1;
const SENDING: u32 = 2;
const UNKNOWN: u32 = 4;
const FAILED: u32 = 5;

/// Room is made for as many bytes as came last, but for no more than this.
const CHUNK: usize = 16_384;

impl Machine {
    pub(super) fn new(operation: Result<Box<dyn Operation>, Error>) -> Self {
        Machine {
            operation,
            #[cfg(feature = "client")]
            files: Array::new(),
            #[cfg(feature = "request")]
            all_headers: false,
            table: Table::default(),
            pause: 0.0,
            window: Box::default(),
        }
    }

    /// A machine that sends a message, and `files` with it.
    #[cfg(feature = "client")]
    pub(super) fn sending(mut self, files: Array) -> Self {
        self.window.delivery = QUEUED;
        self.heed();
        Machine { files, ..self }
    }

    #[cfg(feature = "events")]
    pub(super) fn with_all_headers(self) -> Self {
        Machine {
            all_headers: true,
            ..self
        }
    }

    fn step(&mut self, now: Now, happened: Happened) -> u32 {
        self.table.clear();
        let next = match &mut self.operation {
            Ok(operation) => {
                let done = operation.step(now, happened, &mut self.table);
                self.number(done)
            }
            Err(_) => {
                self.given_up();
                next::FAILED
            }
        };
        self.show();
        next
    }

    /// The operation fails without a word of its own on the message.
    fn given_up(&mut self) {
        if matches!(self.window.delivery, QUEUED | SENDING) {
            self.window.delivery = FAILED;
        }
    }

    /// Lets JavaScript see what the last step left.
    fn show(&mut self) {
        self.window.room = [0, 0];
        self.window.table = self.table.place();
        self.heed();
    }

    /// Lets JavaScript see how far the message is.
    fn heed(&mut self) {
        if let Ok(operation) = &self.operation
            && let Some(now) = operation.delivery()
        {
            self.window.delivery = delivery(now);
        }
    }

    fn number(&mut self, next: Result<Next, Error>) -> u32 {
        match next {
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
            Ok(Next::Reconnect(pause)) => {
                self.pause = pause;
                next::RECONNECT
            }
            Ok(Next::Open(limit)) => {
                self.pause = limit;
                next::OPEN
            }
            Ok(Next::Listen(limit)) => {
                self.pause = limit;
                next::LISTEN
            }
            Ok(Next::Close) => next::CLOSE,
            Ok(Next::Yield) => next::YIELD,
            Ok(Next::Done) => next::DONE,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: Error) -> u32 {
        self.heed();
        self.given_up();
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

    /// The caller leaves, and hears no more of the message: what is under way may have arrived.
    pub fn left(&mut self) {
        match self.window.delivery {
            QUEUED => self.window.delivery = FAILED,
            SENDING => self.window.delivery = UNKNOWN,
            _ => {}
        }
    }

    /// Whether a text repeats what the caller's request keeps secret.
    pub fn reveals(&self, text: &str) -> bool {
        self.operation
            .as_ref()
            .is_ok_and(|operation| operation.reveals(text))
    }

    /// Milliseconds without a byte of the body.
    #[wasm_bindgen(getter, js_name = idleLimit)]
    pub fn idle_limit(&self) -> f64 {
        self.operation
            .as_ref()
            .map_or(0.0, |operation| operation.patience().idle)
    }

    /// The address of the numbers that say, after each step, where to put bytes and what there is to read: see `memory.js`.
    /// It stays the same.
    pub fn window(&self) -> *const u32 {
        (&raw const *self.window).cast()
    }

    /// Makes room for so many bytes.
    pub fn space(&mut self, at_least: usize) {
        if let Ok(operation) = &mut self.operation {
            let room = operation.space(at_least);
            self.window.room = [room.as_mut_ptr() as u32, room.len() as u32];
        }
    }

    /// So many bytes were put there. After it there is room for as many again, so that a chunk is one call.
    pub fn bytes(&mut self, now: f64, count: usize) -> u32 {
        self.table.clear();
        let done = match &mut self.operation {
            Ok(operation) => operation.bytes(now, count, &mut self.table),
            Err(_) => return self.step(now, Happened::Bytes(count)),
        };
        let reads = matches!(done, Ok(Next::Read));
        let next = if reads { next::READ } else { self.number(done) };
        self.show();
        if reads {
            self.space(count.min(CHUNK));
        }
        next
    }

    /// The body ended.
    pub fn end(&mut self, now: f64) -> u32 {
        self.step(now, Happened::End)
    }

    /// The request or the body failed, with the platform's words and code.
    pub fn broken(&mut self, now: f64, message: String, code: Option<String>) -> u32 {
        self.step(now, Happened::Failed(Failure::Network { message, code }))
    }

    /// Nothing came in the time allowed.
    pub fn silent(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Failed(Failure::Silence))
    }

    /// What `YIELD` handed out was taken, and more is wanted.
    pub fn resume(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Resumed)
    }

    /// What `FAILED` means, as JSON text.
    pub fn error(&self) -> Option<String> {
        self.operation.as_ref().err().map(write::text)
    }
}

/// For operations that make requests.
#[cfg(feature = "request")]
#[wasm_bindgen]
impl Machine {
    /// Milliseconds to the head of the response.
    #[wasm_bindgen(getter, js_name = headLimit)]
    pub fn head_limit(&self) -> f64 {
        self.operation
            .as_ref()
            .map_or(0.0, |operation| operation.patience().head)
    }

    /// The head of the response came.
    pub fn head(&mut self, now: f64, status: u16, headers: web_sys::Headers) -> u32 {
        let all = match self.all_headers {
            true => request::all(&headers),
            false => Vec::new(),
        };
        let mut head = request::head(status, &Headers::from_raw(headers));
        head.headers = all;
        self.step(now, Happened::Head(head))
    }

    /// The caller's function that fetches the key, or the headers, threw.
    #[wasm_bindgen(js_name = noKey)]
    pub fn no_key(&mut self, now: f64, message: String) -> u32 {
        self.step(now, Happened::Failed(Failure::NoKey { message }))
    }

    /// The milliseconds that `WAIT`, `LOOK`, `RECONNECT`, `OPEN` or `LISTEN` asked for; `hidden` is true in a page that
    /// nobody sees.
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
}

/// For operations whose requests the caller writes.
#[cfg(feature = "events")]
#[wasm_bindgen]
impl Machine {
    /// For a request that the caller writes: adds the headers that it must have besides. True if the platform may follow
    /// redirects.
    pub fn complete(&mut self, method: &str, url: &str, headers: web_sys::Headers) -> bool {
        let Ok(operation) = &mut self.operation else {
            return false;
        };
        let written = request::all(&headers);
        let headers = Headers::from_raw(headers);
        let follow = operation.written(Written {
            method,
            url,
            headers: &written,
        });
        match operation.request(None) {
            Ok(besides) => {
                for (name, value) in &besides.headers {
                    headers.set(name, value);
                }
            }
            Err(error) => {
                self.fail(error);
            }
        }
        follow
    }

    /// The platform makes no request of what the caller wrote.
    #[wasm_bindgen(js_name = noRequest)]
    pub fn no_request(&mut self) {
        self.fail(Error::new(
            ErrorKind::Config,
            "the platform makes no such request: look at the address, the method, the headers and the body",
        ));
    }
}

/// For operations of a client.
#[cfg(feature = "client")]
#[wasm_bindgen]
impl Machine {
    /// The request that `SEND` asked for: the platform's, or only what the platform makes one of, with the address as `url`.
    /// Throws nothing but what makes the operation fail: then ask `error`.
    pub fn request(&mut self, key: Option<String>, made: bool) -> Option<Object> {
        let operation = self.operation.as_mut().ok()?;
        let key = key.filter(|key| !key.is_empty());
        let built = operation.request(key.as_deref()).and_then(|request| {
            request::platform(request, key.is_some(), &self.files, made).map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "`baseUrl` is no address that this platform can make a request to",
                )
            })
        });
        let built = built.map_err(|error| self.fail(error)).ok();
        self.heed();
        built
    }

    /// The client's id of the message that is sent.
    #[wasm_bindgen(js_name = clientMessageId)]
    pub fn client_message_id(&self) -> Option<String> {
        let operation = self.operation.as_ref().ok()?;
        operation.client_message_id().map(str::to_owned)
    }

    /// The address of the socket that `OPEN` asked for.
    pub fn socket(&self) -> Option<String> {
        self.operation.as_ref().ok()?.socket()
    }

    /// The socket is open.
    pub fn opened(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Opened)
    }

    /// A text came over it.
    pub fn heard(&mut self, now: f64, text: String) -> u32 {
        self.step(now, Happened::Heard(text))
    }

    /// It is closed, or could not be opened.
    pub fn closed(&mut self, now: f64) -> u32 {
        self.step(now, Happened::Closed)
    }

    /// What to say over it next, if anything.
    pub fn say(&mut self) -> Option<String> {
        self.operation.as_mut().ok()?.say()
    }
}
