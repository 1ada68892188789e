//! A client's side of the boundary: what its caller asks for becomes machines.

use std::rc::Rc;

use js_sys::Array;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use super::conversation::Conversation;
use super::machine::Machine;
use super::{given, input};
use crate::backend::{self, Backend, Direction, Finds, Range};
use crate::error::{Error, ErrorKind};
use crate::json::write;
use crate::operation::Operation;
use crate::operation::call::Expect;
use crate::operation::follow::Follow;
use crate::operation::history::{Extent, History};
use crate::operation::single::Single;
use crate::operation::turn::Turn;
use crate::settings::{self, Settings};

/// One client's side of the boundary.
#[wasm_bindgen]
pub struct Connection {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
}

/// What an operation needs: the settings with the call's own, and the backend that was made with them.
struct Tools {
    settings: Rc<Settings>,
    backend: Rc<dyn Backend>,
}

type Machined = Result<Box<dyn Operation>, Error>;

#[wasm_bindgen]
impl Connection {
    /// Checks the options of `connect`. `page_origin` is where the page came from, if this is a page. Throws the JSON text of
    /// an error.
    #[wasm_bindgen(constructor)]
    pub fn new(
        options: Ts<given::ConnectOptions>,
        page_origin: Option<String>,
    ) -> Result<Connection, String> {
        let options = input::options(options, page_origin).map_err(|error| write::text(&error))?;
        let name = options.backend;
        let settings = Settings::new(options).map(Rc::new);
        let connection = settings.and_then(|settings| {
            let missing = || {
                Error::new(
                    ErrorKind::Unsupported,
                    "this version of agentline lacks that backend",
                )
            };
            Ok(Connection {
                backend: backend::of(settings.clone()).ok_or_else(missing)?,
                settings,
            })
        });
        connection.map_err(|mut error| {
            error.backend = name;
            write::text(&error)
        })
    }

    /// A conversation in a session, or one that has none yet. `renews`: it is to be renewed where it ends.
    pub fn conversation(&self, begun: bool, renews: bool) -> Conversation {
        Conversation::new(self.backend.clone(), begun, renews)
    }

    /// What the backend can do, as JSON text.
    pub fn capabilities(&self) -> String {
        write::text(&self.backend.capabilities())
    }

    /// `createSession`
    #[wasm_bindgen(js_name = createSession)]
    pub fn create_session(
        &self,
        mut input: Option<Ts<given::CreateSession>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.finding(call, Expect::Json, &mut |backend| {
            backend.create_session(&input::create_session(input.take())?)
        })
    }

    /// `getSession`
    #[wasm_bindgen(js_name = getSession)]
    pub fn get_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        self.about(id, call, Expect::Json, |backend, id| {
            backend.get_session(id)
        })
    }

    /// `listSessions`
    #[wasm_bindgen(js_name = listSessions)]
    pub fn list_sessions(
        &self,
        mut query: Option<Ts<given::ListSessions>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.finding(call, Expect::Json, &mut |backend| {
            backend.list_sessions(&input::list_sessions(query.take())?)
        })
    }

    /// `deleteSession`
    #[wasm_bindgen(js_name = deleteSession)]
    pub fn delete_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        self.about(id, call, Expect::Nothing, |backend, id| {
            backend.delete_session(id)
        })
    }

    /// `cancelSession`
    #[wasm_bindgen(js_name = cancelSession)]
    pub fn cancel_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        self.about(id, call, Expect::Nothing, |backend, id| {
            backend.cancel_session(id)
        })
    }

    /// `renewSession`
    #[wasm_bindgen(js_name = renewSession)]
    pub fn renew_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        self.about(id, call, Expect::Json, |backend, id| {
            backend.renew_session(id)
        })
    }

    /// `startSession`
    #[wasm_bindgen(js_name = startSession)]
    pub fn start_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        self.about(id, call, Expect::Nothing, |backend, id| {
            backend.start_session(id)
        })
    }

    /// `setVariables`
    #[wasm_bindgen(js_name = setVariables)]
    pub fn set_variables(
        &self,
        id: JsValue,
        variables: JsValue,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.finding(call, Expect::Nothing, &mut |backend| {
            backend.set_variables(&input::session_id(&id)?, &input::variables(&variables)?)
        })
    }

    /// `signIn`
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self, who: JsValue) -> Machine {
        self.finding(None, Expect::Json, &mut |backend| {
            let (email, password) = input::sign_in(&who)?;
            backend.sign_in(&email, &password)
        })
    }

    /// `sendMessage` and `streamMessage`; `random` are 16 random bytes.
    #[wasm_bindgen(js_name = sendMessage)]
    pub fn send_message(
        &self,
        id: JsValue,
        message: JsValue,
        stream: bool,
        call: Option<Ts<given::CallOptions>>,
        random: &[u8],
    ) -> Machine {
        let mut files = Array::new();
        let options = call.as_ref().map(Ts::js_value);
        let machine = self.machine(call, &mut |tools| {
            let id = input::session_id(&id)?;
            let (mut message, given) = input::message(message.clone())?;
            input::delivery(options.clone(), random, &mut message)?;
            files = given;
            Ok(Box::new(Turn::new(
                tools.settings,
                tools.backend,
                &id,
                &message,
                stream,
            )?))
        });
        machine.sending(files)
    }

    /// `resumeReply`
    #[wasm_bindgen(js_name = resumeReply)]
    pub fn resume_reply(
        &self,
        id: JsValue,
        mut query: Option<Ts<given::ResumeQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let machine = self.machine(call, &mut |tools| {
            let id = input::session_id(&id)?;
            let query = input::resume(query.take())?;
            Ok(Box::new(Turn::resume(
                tools.settings,
                tools.backend,
                &id,
                query,
            )?))
        });
        machine.sending(Array::new())
    }

    /// `getMessages`
    #[wasm_bindgen(js_name = getMessages)]
    pub fn get_messages(
        &self,
        id: JsValue,
        query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.history(id, query, call, |range, direction| {
            // with `after` alone the page that follows it is meant, else the newest one of the range
            let follows = range.after.is_some() && range.before.is_none();
            let usual = if follows {
                Direction::Forward
            } else {
                Direction::Backward
            };
            (direction.unwrap_or(usual), Extent::Page)
        })
    }

    /// `messages`
    pub fn messages(
        &self,
        id: JsValue,
        query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.history(id, query, call, |_, direction| {
            let direction = direction.unwrap_or(Direction::Backward);
            (direction, Extent::All(direction))
        })
    }

    /// `followMessages`
    #[wasm_bindgen(js_name = followMessages)]
    pub fn follow_messages(
        &self,
        id: JsValue,
        mut query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        self.machine(call, &mut |tools| {
            let (id, (range, _)) = (input::session_id(&id)?, input::range(query.take())?);
            Ok(Box::new(Follow::new(
                tools.settings,
                tools.backend,
                &id,
                range.after,
            )?))
        })
    }
}

impl Connection {
    // These four are compiled once, and not into each method that JavaScript calls.

    /// A machine for an operation. What is wrong with its input becomes the machine's first and last word, so that a caller
    /// hears of it in the one way that failures have: the promise rejects.
    #[inline(never)]
    fn machine(
        &self,
        call: Option<Ts<given::CallOptions>>,
        make: &mut dyn FnMut(Tools) -> Machined,
    ) -> Machine {
        let made = self.tools(call).and_then(make);
        Machine::new(made.map_err(|mut error| {
            error.backend = Some(self.settings.backend);
            error
        }))
    }

    /// A machine for an operation that is one errand.
    #[inline(never)]
    fn finding(
        &self,
        call: Option<Ts<given::CallOptions>>,
        expect: Expect,
        find: &mut dyn FnMut(&dyn Backend) -> Finds,
    ) -> Machine {
        self.machine(call, &mut |Tools { settings, backend }| {
            let errand = find(&*backend)?;
            Ok(Box::new(Single::new(settings, backend, errand, expect)))
        })
    }

    /// The same about a session.
    #[inline(never)]
    fn about(
        &self,
        id: JsValue,
        call: Option<Ts<given::CallOptions>>,
        expect: Expect,
        find: fn(&dyn Backend, &str) -> Finds,
    ) -> Machine {
        self.finding(call, expect, &mut |backend| {
            find(backend, &input::session_id(&id)?)
        })
    }

    /// A machine that reads a history; `how` says in which direction, and how much of it.
    #[inline(never)]
    fn history(
        &self,
        id: JsValue,
        mut query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
        how: fn(&Range, Option<Direction>) -> (Direction, Extent),
    ) -> Machine {
        self.machine(call, &mut |Tools { settings, backend }| {
            let (id, (range, direction)) = (input::session_id(&id)?, input::range(query.take())?);
            let (direction, extent) = how(&range, direction);
            let pages = backend.pages(&id, &range, direction)?;
            Ok(Box::new(History::new(settings, backend, pages, extent)))
        })
    }

    /// With the call's own settings.
    fn tools(&self, call: Option<Ts<given::CallOptions>>) -> Result<Tools, Error> {
        let Some((timeout, headers)) = input::call(call)? else {
            return Ok(Tools {
                settings: self.settings.clone(),
                backend: self.backend.clone(),
            });
        };
        let mut own = Settings::clone(&self.settings);
        own.timeout = settings::milliseconds("timeout", timeout, own.timeout)?;
        own.own_timeout = timeout.is_some();
        for (name, value) in headers {
            crate::http::checked_header(&name, &value)?;
            own.headers.push((name.to_ascii_lowercase(), value));
        }
        Ok(Tools {
            settings: Rc::new(own),
            backend: self.backend.clone(),
        })
    }
}
