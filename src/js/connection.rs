//! A client's side of the boundary: what its caller asks for becomes machines.

use std::rc::Rc;

use js_sys::Array;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use super::machine::Machine;
use super::{given, input};
use crate::backend::{self, Backend, Direction, Finds};
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

impl Tools {
    fn single(self, finds: Finds) -> Machined {
        self.expecting(finds, Expect::Json)
    }

    /// Only its success counts.
    fn done(self, finds: Finds) -> Machined {
        self.expecting(finds, Expect::Nothing)
    }

    fn expecting(self, finds: Finds, expect: Expect) -> Machined {
        let single = Single::new(self.settings, self.backend, finds?, expect);
        Ok(Box::new(single))
    }
}

type Machined = Result<Box<dyn Operation>, Error>;

#[wasm_bindgen]
impl Connection {
    /// Checks the options of `connect`. `random` are 16 random bytes, `page_origin` is where the page came from, if this
    /// is a page. Throws the JSON text of an error.
    #[wasm_bindgen(constructor)]
    pub fn new(
        options: Ts<given::ConnectOptions>,
        random: &[u8],
        page_origin: Option<String>,
    ) -> Result<Connection, String> {
        let options =
            input::options(options, random, page_origin).map_err(|error| write::text(&error))?;
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

    /// What the backend can do, as JSON text.
    pub fn capabilities(&self) -> String {
        write::text(&self.backend.capabilities())
    }

    /// `createSession`
    #[wasm_bindgen(js_name = createSession)]
    pub fn create_session(
        &self,
        input: Option<Ts<given::CreateSession>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.create_session(&input::create_session(input)?);
            tools.single(finds)
        };
        self.machine(make())
    }

    /// `getSession`
    #[wasm_bindgen(js_name = getSession)]
    pub fn get_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.get_session(&input::session_id(&id)?);
            tools.single(finds)
        };
        self.machine(make())
    }

    /// `listSessions`
    #[wasm_bindgen(js_name = listSessions)]
    pub fn list_sessions(
        &self,
        query: Option<Ts<given::ListSessions>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let query = input::list_sessions(query)?;
            let finds = tools.backend.list_sessions(&query);
            tools.single(finds)
        };
        self.machine(make())
    }

    /// `deleteSession`
    #[wasm_bindgen(js_name = deleteSession)]
    pub fn delete_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.delete_session(&input::session_id(&id)?);
            tools.done(finds)
        };
        self.machine(make())
    }

    /// `cancelSession`
    #[wasm_bindgen(js_name = cancelSession)]
    pub fn cancel_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.cancel_session(&input::session_id(&id)?);
            tools.done(finds)
        };
        self.machine(make())
    }

    /// `renewSession`
    #[wasm_bindgen(js_name = renewSession)]
    pub fn renew_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.renew_session(&input::session_id(&id)?);
            tools.single(finds)
        };
        self.machine(make())
    }

    /// `startSession`
    #[wasm_bindgen(js_name = startSession)]
    pub fn start_session(&self, id: JsValue, call: Option<Ts<given::CallOptions>>) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let finds = tools.backend.start_session(&input::session_id(&id)?);
            tools.done(finds)
        };
        self.machine(make())
    }

    /// `setVariables`
    #[wasm_bindgen(js_name = setVariables)]
    pub fn set_variables(
        &self,
        id: JsValue,
        variables: JsValue,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let (id, variables) = (input::session_id(&id)?, input::variables(&variables)?);
            let finds = tools.backend.set_variables(&id, &variables);
            tools.done(finds)
        };
        self.machine(make())
    }

    /// `signIn`
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&self, who: JsValue) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(None)?;
            let (email, password) = input::sign_in(&who)?;
            let finds = tools.backend.sign_in(&email, &password);
            tools.single(finds)
        };
        self.machine(make())
    }

    /// `sendMessage` and `streamMessage`
    #[wasm_bindgen(js_name = sendMessage)]
    pub fn send_message(
        &self,
        id: JsValue,
        message: JsValue,
        stream: bool,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let mut files = Array::new();
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let id = input::session_id(&id)?;
            let (message, given) = input::message(message)?;
            files = given;
            Ok(Box::new(Turn::new(
                tools.settings,
                tools.backend,
                &id,
                &message,
                stream,
            )?))
        };
        self.machine(make()).with_files(files)
    }

    /// `getMessages`
    #[wasm_bindgen(js_name = getMessages)]
    pub fn get_messages(
        &self,
        id: JsValue,
        query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let (id, (range, direction)) = (input::session_id(&id)?, input::range(query)?);
            // with `after` alone the page that follows it is meant, else the newest one of the range
            let follows = range.after.is_some() && range.before.is_none();
            let usual = if follows {
                Direction::Forward
            } else {
                Direction::Backward
            };
            let direction = direction.unwrap_or(usual);
            let pages = tools.backend.pages(&id, &range, direction)?;
            Ok(Box::new(History::new(
                tools.settings,
                tools.backend,
                pages,
                Extent::Page,
            )))
        };
        self.machine(make())
    }

    /// `messages`
    pub fn messages(
        &self,
        id: JsValue,
        query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let (id, (range, direction)) = (input::session_id(&id)?, input::range(query)?);
            let direction = direction.unwrap_or(Direction::Backward);
            let pages = tools.backend.pages(&id, &range, direction)?;
            Ok(Box::new(History::new(
                tools.settings,
                tools.backend,
                pages,
                Extent::All(direction),
            )))
        };
        self.machine(make())
    }

    /// `followMessages`
    #[wasm_bindgen(js_name = followMessages)]
    pub fn follow_messages(
        &self,
        id: JsValue,
        query: Option<Ts<given::MessageQuery>>,
        call: Option<Ts<given::CallOptions>>,
    ) -> Machine {
        let make = || -> Machined {
            let tools = self.tools(call)?;
            let (id, (range, _)) = (input::session_id(&id)?, input::range(query)?);
            Ok(Box::new(Follow::new(
                tools.settings,
                tools.backend,
                &id,
                range.after,
            )?))
        };
        self.machine(make())
    }
}

impl Connection {
    /// A machine for an operation. What is wrong with its input becomes the machine's first and last word, so that a caller
    /// hears of it in the one way that failures have: the promise rejects.
    fn machine(&self, made: Machined) -> Machine {
        Machine::new(made.map_err(|mut error| {
            error.backend = Some(self.settings.backend);
            error
        }))
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
