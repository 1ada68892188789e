//! The gateway's side of the boundary: it decides nothing. `gateway.js` carries what [`crate::gateway`] decides; answers
//! cross as JSON text.

use std::rc::Rc;

use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::error::{Error, ErrorKind};
use crate::gateway::answer::{Answer, Refusal};
use crate::gateway::passage::Course;
use crate::gateway::{self, Incoming, Shared, passage, relay};
use crate::http::Head;
use crate::json::write;
use crate::model::Backend;

/// What `createGateway` was given: `gateway.js` has looked at the types.
#[wasm_bindgen(getter_with_clone)]
#[derive(Default)]
pub struct Options {
    /// "meibel", "agentcloud" or "eliza"
    pub backend: String,
    #[wasm_bindgen(js_name = baseUrl)]
    /// where the server is
    pub base_url: Option<String>,
    /// Agent Cloud's resource slug
    pub team: Option<String>,
    /// where the gateway is mounted
    pub path: Option<String>,
    #[wasm_bindgen(js_name = allowOrigins)]
    /// the origins of other pages
    pub allow_origins: Vec<String>,
    /// milliseconds
    pub timeout: Option<f64>,
    #[wasm_bindgen(js_name = idleTimeout)]
    /// milliseconds
    pub idle_timeout: Option<f64>,
    /// milliseconds
    pub heartbeat: Option<f64>,
    #[wasm_bindgen(js_name = maxBodyBytes)]
    /// bytes
    pub max_body_bytes: Option<f64>,
    #[wasm_bindgen(js_name = requestsPerMinute)]
    /// of one client
    pub requests_per_minute: Option<f64>,
}

#[wasm_bindgen]
impl Options {
    /// Nothing but defaults.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Options {
        Options::default()
    }
}

/// A gateway in front of one server.
#[wasm_bindgen]
pub struct Gateway(Rc<gateway::Gateway>);

#[wasm_bindgen]
impl Gateway {
    /// Checks the options of `createGateway`. Throws the JSON text of an error.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Options) -> Result<Gateway, String> {
        let backend = Backend::named(&options.backend);
        let made = gateway::Gateway::new(gateway::Options {
            backend,
            base_url: options.base_url,
            team: options.team,
            path: options.path,
            allow_origins: options.allow_origins,
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
            heartbeat: options.heartbeat,
            max_body_bytes: options.max_body_bytes,
            requests_per_minute: options.requests_per_minute,
        });
        // the model's own serializer would be as large as all of this
        #[derive(Serialize)]
        struct Failed<'a> {
            kind: ErrorKind,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            backend: Option<Backend>,
            retryable: bool,
        }
        let told = |error: Error| {
            write::text(&Failed {
                kind: error.kind,
                message: &error.message,
                backend,
                retryable: false,
            })
        };
        made.map(|gateway| Gateway(Rc::new(gateway))).map_err(told)
    }

    /// Milliseconds between the comments on a stream.
    #[wasm_bindgen(getter)]
    pub fn heartbeat(&self) -> f64 {
        self.0.heartbeat()
    }

    /// Milliseconds without a byte of an answer.
    #[wasm_bindgen(getter, js_name = idleTimeout)]
    pub fn idle_timeout(&self) -> f64 {
        self.0.idle_timeout()
    }

    /// How large the body of a request may be.
    #[wasm_bindgen(getter, js_name = maxBodyBytes)]
    pub fn max_body_bytes(&self) -> f64 {
        self.0.max_body_bytes()
    }

    /// The way of a request, by its head.
    pub fn judge(&self, method: &str, url: &str, headers: &Headers) -> Passage {
        let header = |name: &str| headers.get(name).ok().flatten();
        let (shared, state) = self.0.judge(&Incoming {
            method,
            url,
            header: &header,
        });
        Passage {
            gateway: self.0.clone(),
            shared,
            state,
        }
    }

    /// The request by which the server tells the team, if that has to be asked before anything else.
    #[wasm_bindgen(js_name = asksFirst)]
    pub fn asks_first(&self) -> Option<Passage> {
        let asked = self.0.lacks_team().then(|| self.0.find_team()).flatten()?;
        Some(Passage {
            gateway: self.0.clone(),
            shared: Shared::default(),
            state: Ok(asked),
        })
    }
}

/// Why something that JavaScript did failed.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Failure {
    /// `authorize` said no
    Forbidden,
    /// `authorize`, or the function that gives the key, threw
    Broken,
    /// the body of the request is larger than the limit
    TooLarge,
    /// the body of the request did not come in time
    Slow,
    /// the server could not be reached, or its answer broke off
    Unreachable,
    /// the server did not answer in time
    Silent,
}

/// One request on its way.
#[wasm_bindgen]
pub struct Passage {
    gateway: Rc<gateway::Gateway>,
    shared: Shared,
    state: Result<passage::Passage, Answer>,
}

/// What `head` says, for `gateway.js`.
#[derive(Default, Serialize)]
struct Told {
    /// the answer, or its head
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    /// its body passes: as a stream of events, or as it is
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<bool>,
    /// its body has to be read first, up to so many bytes
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
}

impl Passage {
    fn told(&self, answer: impl Into<Answer>) -> String {
        write::text(&self.completed(answer.into()))
    }

    fn completed(&self, mut answer: Answer) -> Answer {
        self.shared.complete(&mut answer);
        answer
    }
}

#[wasm_bindgen]
impl Passage {
    /// The answer, where the head alone decides.
    pub fn answer(&self) -> Option<String> {
        let answer = self.state.as_ref().err()?;
        Some(self.told(answer.clone()))
    }

    /// Counts the request; the answer, if it is one too many.
    pub fn admit(&self, client: &str, now: f64) -> Option<String> {
        let refusal = self.gateway.admit(client, now).err()?;
        Some(self.told(refusal))
    }

    /// The operation that it belongs to.
    #[wasm_bindgen(getter)]
    pub fn operation(&self) -> Option<String> {
        Some(self.state.as_ref().ok()?.operation().to_owned())
    }

    /// The session that it is about.
    #[wasm_bindgen(getter)]
    pub fn session(&self) -> Option<String> {
        self.state.as_ref().ok()?.session().map(str::to_owned)
    }

    /// Whether a body goes with it.
    #[wasm_bindgen(getter, js_name = takesBody)]
    pub fn takes_body(&self) -> bool {
        self.state.as_ref().is_ok_and(passage::Passage::takes_body)
    }

    /// The answer, where the server need not be asked.
    pub fn here(&self) -> Option<String> {
        let answer = self.state.as_ref().ok()?.here()?;
        Some(self.told(answer))
    }

    /// Milliseconds to the head of the answer.
    #[wasm_bindgen(getter, js_name = headLimit)]
    pub fn head_limit(&self) -> f64 {
        self.state
            .as_ref()
            .map_or(0.0, passage::Passage::head_limit)
    }

    /// What to ask the server, as JSON text; without it `answer` says why.
    pub fn request(&mut self, key: &str, body: &[u8]) -> Option<String> {
        #[derive(Serialize)]
        struct Outgoing {
            method: &'static str,
            url: String,
            headers: Vec<(String, String)>,
        }
        match self.state.as_mut().ok()?.request(key, body) {
            Ok(passage::Outgoing {
                method,
                url,
                headers,
            }) => Some(write::text(&Outgoing {
                method,
                url,
                headers,
            })),
            Err(refusal) => {
                self.state = Err(refusal.into());
                None
            }
        }
    }

    /// What becomes of the answer: JSON text.
    pub fn head(&mut self, status: u16, headers: &Headers) -> Option<String> {
        let header = |name: &str| headers.get(name).ok().flatten();
        let head = Head {
            status,
            content_type: header("content-type"),
            location: header("location"),
            ..Head::default()
        };
        let course = self.state.as_mut().ok()?.head(head, &header);
        Some(write::text(&match course {
            Course::Relay { head, events } => Told {
                answer: Some(self.completed(head)),
                events: Some(events),
                ..Told::default()
            },
            Course::Whole(most) => Told {
                most: Some(most),
                ..Told::default()
            },
            Course::Answer(answer) => Told {
                answer: Some(self.completed(answer)),
                ..Told::default()
            },
        }))
    }

    /// The answer whose body is this; without one, it was larger than the limit.
    pub fn whole(&mut self, body: Option<Vec<u8>>) -> Option<String> {
        let answer = self.state.as_mut().ok()?.whole(body.as_deref());
        Some(self.told(answer))
    }

    /// For a body that passes as it comes in.
    pub fn body(&self, events: bool) -> Option<Relay> {
        Some(Relay(self.state.as_ref().ok()?.body(events)))
    }

    /// The answer to a page, where the server refused what had to be known first.
    pub fn instead(&self, status: u16, body: String) -> String {
        self.told(Answer::json(status, body))
    }

    /// The answer to what failed on the way.
    pub fn failed(&self, failure: Failure) -> String {
        self.told(match failure {
            Failure::Forbidden => Refusal::Forbidden,
            Failure::Broken => Refusal::Broken,
            Failure::TooLarge => Refusal::TooLarge,
            Failure::Slow => Refusal::Slow,
            Failure::Unreachable => Refusal::Unreachable,
            Failure::Silent => Refusal::Silent,
        })
    }
}

/// The body of an answer on its way through.
#[wasm_bindgen]
pub struct Relay(relay::Relay);

#[wasm_bindgen]
impl Relay {
    /// What may go out once `bytes` came in; nothing once the body is too large.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0.push(bytes).ok()
    }

    /// The rest, once the body ended.
    pub fn end(&mut self) -> Vec<u8> {
        self.0.end()
    }

    /// Whether what went out ends between two events.
    #[wasm_bindgen(getter, js_name = isBetweenEvents)]
    pub fn is_between_events(&self) -> bool {
        self.0.is_between_events()
    }
}
