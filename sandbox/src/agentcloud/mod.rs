//! The Agent Cloud dialect: what comes in over HTTP at a team's addresses and the account's, and what the webapp answers.
//!
//! In: a request and the time. Out: a response. This file holds the way through the server's middlewares and the routes;
//! who asks is `account`'s, a team's sessions are `team`'s. Live messages are `socket`'s: a poll's
//! answer is not determined when it arrives, so they have a way of their own.
//!
//! Not here: crews, tasks, tools, files, teams of several people, and everything else that a chat does not need.

mod account;
mod app;
mod engine;
mod express;
mod ids;
mod options;
mod route;
mod row;
mod script;
mod session;
mod sessions;
mod socket;
mod team;
mod token;

use crate::Common;
use crate::dialect::Operation;
use crate::fault::Bookkeeping;
use crate::http::{Request, Response};
use account::{Account, Accounts, Caller};
use app::App;
use engine::Connections;
use express::{Answer, conditional, encoded, opaque, wants_json, written};
use ids::Ids;
use route::{Route, Shared, Team};
use serde_json::{Map, Value, json};
use sessions::Sessions;

pub use account::{API_KEY, EMAIL, PASSWORD, TEAM_ID};
pub use app::{APP_ID, PUBLIC_APP_ID, SHARE_LINK, VARIABLES_APP_ID};
pub use engine::{Asked, Carrier, MOST_PAYLOAD, Taken, poll};
pub use options::{Listing, Options};
pub use socket::Sockets;

/// One Agent Cloud server.
#[derive(Debug)]
pub(crate) struct AgentCloud {
    options: Options,
    latency_ms: f64,
    ids: Ids,
    accounts: Accounts,
    apps: Vec<App>,
    sessions: Sessions,
    connections: Connections,
}

/// What a request asks for, and of which session.
pub(crate) fn meant(method: &str, path: &str) -> Option<(Operation, Option<String>)> {
    if path.starts_with("/socket.io") {
        return Some((Operation::Listen, None));
    }
    let id = |id: &str| Some(id.to_owned());
    Some(match (method, route::of(path)) {
        ("POST", Route::Account(rest)) if rest == ["login"] => (Operation::SignIn, None),
        ("GET", Route::Team(_, Team::Sessions)) => (Operation::ListSessions, None),
        ("POST", Route::Team(_, Team::Add)) => (Operation::CreateSession, None),
        ("GET", Route::Team(_, Team::Session(s)) | Route::Shared(_, Shared::Session(s))) => {
            (Operation::GetSession, id(s))
        }
        ("GET", Route::Team(_, Team::Messages(s)) | Route::Shared(_, Shared::Messages(s))) => {
            (Operation::GetMessages, id(s))
        }
        ("POST", Route::Team(_, Team::Send(s))) => (Operation::SendMessage, id(s)),
        ("POST", Route::Team(_, Team::Edit(s)) | Route::Shared(_, Shared::Edit(s))) => {
            (Operation::SetVariables, id(s))
        }
        ("POST", Route::Team(_, Team::Start(s)) | Route::Shared(_, Shared::Start(s))) => {
            (Operation::StartSession, id(s))
        }
        ("POST", Route::Team(_, Team::Cancel(s))) => (Operation::CancelSession, id(s)),
        ("DELETE", Route::Team(_, Team::Remove(s))) => (Operation::DeleteSession, id(s)),
        _ => return None,
    })
}

/// What the middlewares found out before the routes.
struct Call<'request> {
    request: &'request Request,
    method: &'request str,
    now: f64,
    body: Map<String, Value>,
    cookies: Vec<(String, String)>,
}

impl AgentCloud {
    pub fn new(common: Common, options: Options) -> Self {
        Self {
            ids: Ids::new(common.seed),
            accounts: Accounts::new(&common.keys, options.onboarded),
            apps: app::apps(),
            sessions: Sessions::new(
                common.agents,
                common.seed,
                options.wake_ms.filter(|ms| ms.is_finite() && *ms >= 0.0),
            ),
            connections: Connections::default(),
            latency_ms: common.latency_ms,
            options,
        }
    }

    pub fn plan_ids(&mut self, ids: impl IntoIterator<Item = String>) {
        self.ids.plan(ids);
    }

    pub fn handle(&mut self, request: &Request, now: f64, book: Bookkeeping) -> Response {
        let now = now.floor();
        self.pass(now);
        self.sessions.book = book;
        let mut cookies = Vec::new();
        let answer = self.answer(request, now, &mut cookies);
        let answer = match answer {
            Answer::Never if !self.options.hang => {
                Answer::Json(500, json!({"error": "the server would never answer this"}))
            }
            other => other,
        };
        let mut response = written(answer, wants_json(request), self.latency_ms);
        response.headers.append(&mut cookies);
        conditional(request, &mut response);
        if request.method == "HEAD" {
            response.body.clear();
        }
        response
    }

    fn answer(
        &mut self,
        request: &Request,
        now: f64,
        cookies: &mut Vec<(String, String)>,
    ) -> Answer {
        let Ok(body) = express::body(request) else {
            return opaque(&mut self.ids);
        };
        let Ok(caller) = self.accounts.caller(request, now) else {
            return opaque(&mut self.ids);
        };
        let method = match request.method.as_str() {
            "HEAD" => "GET",
            method => method,
        };
        let mut call = Call {
            request,
            method,
            now,
            body,
            cookies: Vec::new(),
        };
        let answer = match route::of(request.path()) {
            Route::Account(rest) if method == "POST" && rest == ["login"] => {
                self.sign_in(&mut call)
            }
            Route::Account(rest) if method == "POST" && rest == ["register"] => {
                self.accounts.register(&mut self.ids, &call.body, now)
            }
            Route::Account(rest) if method == "POST" && rest == ["logout"] => {
                self.accounts.sign_out(request)
            }
            Route::Page if method == "GET" => Answer::Page,
            Route::Page | Route::NoPage => Answer::NoPage,
            Route::Shared(team, shared) => self.shared(&mut call, team, &shared),
            route => self.authenticated(&mut call, caller, &route),
        };
        cookies.append(&mut call.cookies);
        answer
    }

    fn sign_in(&mut self, call: &mut Call) -> Answer {
        let (answer, cookie) = self.accounts.sign_in(&mut self.ids, &call.body, call.now);
        if let Some(cookie) = cookie {
            call.cookies.push(token::set_cookie(&cookie, call.now));
        }
        answer
    }

    /// The chain of middlewares before everything that wants an account: who asks, forgery, the first steps, the team.
    fn authenticated(&mut self, call: &mut Call, caller: Option<Caller>, route: &Route) -> Answer {
        let request = call.request;
        let Some(Caller { account, by_cookie }) = caller else {
            let goto = encoded(&request.path_and_query);
            return self.not_permitted(format!("/login?goto={goto}"));
        };
        let reads = call.method == "GET";
        let exempt = matches!(route, Route::AccountJson | Route::Account(_));
        if reads && !account.onboarded && !exempt {
            return Answer::Redirect(format!("/{}/onboarding", account.team));
        }
        let cookie = token::cookie(&mut self.ids, request);
        // Reading leaves the secret of the protection against forgery behind; a cookie that came is prolonged.
        if by_cookie || (reads && cookie.fresh) {
            call.cookies
                .push(token::set_cookie(&cookie.value, call.now));
        }
        let safe = ["GET", "OPTIONS"].contains(&call.method);
        if by_cookie && !safe && !token::proves_origin(request, &call.body) {
            return opaque(&mut self.ids);
        }
        match route {
            Route::AccountJson if reads => {
                let csrf = token::csrf(&mut self.ids, &cookie);
                Answer::Json(200, json!({"csrf": csrf, "account": account.shown()}))
            }
            Route::ApiKeysJson if reads => {
                let csrf = token::csrf(&mut self.ids, &cookie);
                let keys = self.accounts.keys(&account);
                Answer::Json(
                    200,
                    json!({"keys": keys, "csrf": csrf, "account": account.shown()}),
                )
            }
            Route::Account(rest) => self.account(call, &account, rest),
            Route::Team(team, _) if *team != account.team => {
                self.not_permitted("/welcome?noaccess=true".into())
            }
            Route::Team(_, route) => self.team(call, &account, &cookie, route),
            _ => Answer::NoPage,
        }
    }

    /// Where nobody is signed in, or somebody who may not.
    fn not_permitted(&self, to: String) -> Answer {
        match self.options.listing {
            Listing::Real => Answer::Redirect(to),
            Listing::Documented => {
                Answer::Json(403, json!({"message": "No permission", "code": 403}))
            }
        }
    }

    fn account(&mut self, call: &Call, account: &Account, rest: &[&str]) -> Answer {
        match (call.method, rest) {
            ("POST", ["onboard"]) => self.accounts.onboard(account),
            ("POST", ["switch"]) => self.accounts.switch(account, &call.body),
            ("POST", ["apikey", "add"]) => {
                self.accounts
                    .add_key(&mut self.ids, account, &call.body, call.now)
            }
            ("POST", ["apikey", id, "increment"]) => {
                self.accounts.rotate_key(account, id, call.now)
            }
            ("DELETE", ["apikey", id]) => self.accounts.delete_key(account, id),
            _ => Answer::NoPage,
        }
    }
}
