//! The Agent Cloud dialect: what comes in over HTTP at a team's addresses and the account's, and what the webapp answers.
//!
//! In: a request and the time. Out: a response. This file holds the way through the server's middlewares and the routes;
//! who asks is `account`'s, what a session holds and when it grows `session`'s. Live messages are `socket`'s: a poll's
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
mod socket;

use crate::Common;
use crate::http::{Request, Response};
use crate::json;
use account::{Account, Accounts, Caller, Cookie, filled};
use app::App;
use engine::Connections;
use express::{Answer, conditional, encoded, opaque, parameter, refused, wants_json, written};
use ids::{Ids, is_object_id};
use route::{Route, Shared, Team};
use serde_json::{Map, Value, json};
use session::Sessions;

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

    pub fn handle(&mut self, request: &Request, now: f64) -> Response {
        let now = now.floor();
        self.pass(now);
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
            call.cookies.push(account::set_cookie(&cookie, call.now));
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
        let cookie = account::cookie(&mut self.ids, request);
        // Reading leaves the secret of the protection against forgery behind; a cookie that came is prolonged.
        if by_cookie || (reads && cookie.fresh) {
            call.cookies
                .push(account::set_cookie(&cookie.value, call.now));
        }
        let safe = ["GET", "OPTIONS"].contains(&call.method);
        if by_cookie && !safe && !account::proves_origin(request, &call.body) {
            return opaque(&mut self.ids);
        }
        match route {
            Route::AccountJson if reads => {
                let csrf = account::csrf(&mut self.ids, &cookie);
                Answer::Json(200, json!({"csrf": csrf, "account": account.shown()}))
            }
            Route::ApiKeysJson if reads => {
                let csrf = account::csrf(&mut self.ids, &cookie);
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

    fn team(&mut self, call: &Call, account: &Account, cookie: &Cookie, route: &Team) -> Answer {
        match (call.method, route) {
            ("GET", Team::Sessions) => self.list(call, account, cookie),
            ("GET", Team::Session(id)) => {
                let csrf = account::csrf(&mut self.ids, cookie);
                let mut shown = self.shown(&account.team, id);
                shown.shift_insert(0, "csrf".into(), json!(csrf));
                shown.insert("account".into(), account.shown());
                Answer::Json(200, Value::Object(shown))
            }
            ("GET", Team::Messages(id)) => self.messages(call, account, id),
            ("POST", Team::Send(id)) => self.send(call, account, id),
            ("POST", Team::Add) => self.add(call, account),
            ("POST", Team::Edit(id)) => self.edit(call, &account.team, id, false),
            ("POST", Team::Start(_)) => self.start(call, &account.team, false),
            ("POST", Team::Cancel(_)) => self.cancel(call, account),
            ("DELETE", Team::Remove(_)) => self.remove(call, account),
            ("DELETE", Team::RemoveApp(id)) => {
                let before = self.apps.len();
                self.apps
                    .retain(|app| app.id != *id || app.team != account.team);
                if self.apps.len() == before {
                    return refused("Invalid inputs");
                }
                Answer::Json(200, json!({}))
            }
            ("POST", Team::AddShareLink) => match filled(&call.body, "type") {
                Some("app") => {
                    let link: String = (0..4)
                        .map(|_| format!("{:016x}", self.ids.random.number()))
                        .collect();
                    Answer::Json(200, json!({"shareLinkId": format!("app_{link}")}))
                }
                _ => refused("Invalid inputs"),
            },
            ("GET", Team::Task) => Answer::Json(404, json!({"error": "Task not found"})),
            ("GET", Team::Page) => Answer::Page,
            _ => Answer::NoPage,
        }
    }

    fn app_of(&self, team: &str, id: &str) -> Option<App> {
        self.apps
            .iter()
            .find(|app| app.id == id && app.team == team)
            .cloned()
    }

    fn list(&mut self, call: &Call, account: &Account, cookie: &Cookie) -> Answer {
        let before = parameter(call.request.query(), "before")
            .filter(|before| !before.is_empty() && before != "null");
        if before.as_ref().is_some_and(|before| !is_object_id(before)) {
            return Answer::Never;
        }
        let csrf = account::csrf(&mut self.ids, cookie);
        let mut shown = Vec::new();
        for session in self.sessions.page(&account.team, before.as_deref()) {
            let mut one = session.shown();
            if let (Some(app), Some(fields)) = (
                self.app_of(&account.team, session.app_id),
                one.as_object_mut(),
            ) {
                fields.insert("app".into(), app.shown(account));
            }
            shown.push(one);
        }
        Answer::Json(
            200,
            json!({"csrf": csrf, "sessions": shown, "account": account.shown()}),
        )
    }

    /// A session and its app; `null` for what is not there.
    fn shown(&mut self, team: &str, id: &str) -> Map<String, Value> {
        let session = self
            .sessions
            .of_team(team, id)
            .map(|session| (session.shown(), session.app_id));
        let (session, app) = match session {
            Some((session, app_id)) => (session, self.app_of(team, app_id)),
            None => (Value::Null, None),
        };
        let app = app
            .zip(self.accounts.of_team(team))
            .map(|(app, owner)| app.shown_with_variables(owner));
        json::spread(&json!({"session": session, "app": app, "avatarMap": {}}))
    }

    fn messages(&mut self, call: &Call, account: &Account, id: &str) -> Answer {
        let after = parameter(call.request.query(), "messageId").filter(|id| !id.is_empty());
        match &after {
            Some(after) if after.encode_utf16().count() != 24 => {
                return refused("Message ID is not of the right length");
            }
            Some(after) if !is_object_id(after) => return Answer::Never,
            Some(_) => {}
            None => {
                let Some(session) = self.sessions.get(id) else {
                    return Answer::Never;
                };
                let app = self.apps.iter().find(|app| app.id == session.app_id);
                let Some(app) = app else {
                    return Answer::Never;
                };
                if !app.has_variables {
                    self.call_agent(id, call.now);
                }
            }
        }
        let rows = self.sessions.rows(&account.team, id).filter(|row| {
            let id = row.get("_id").and_then(Value::as_str).unwrap_or("");
            after
                .as_ref()
                .is_none_or(|after| id > after.to_ascii_lowercase().as_str())
        });
        match self.options.listing {
            Listing::Real => Answer::Json(200, rows.cloned().map(Value::Object).collect()),
            Listing::Documented => {
                let rows: Vec<Value> = rows.map(row::documented).collect();
                let status = if after.is_some() { 201 } else { 200 };
                Answer::Json(status, json!({"messages": rows}))
            }
        }
    }

    fn call_agent(&mut self, id: &str, now: f64) {
        let wake_ms = self.sessions.wake_ms;
        if let Some(session) = self.sessions.get(id) {
            session.wake(now, wake_ms);
        }
    }

    fn send(&mut self, call: &Call, account: &Account, id: &str) -> Answer {
        let Some(text) = filled(&call.body, "messageText") else {
            return refused("Message Text is empty");
        };
        // Nobody asks whose session it is.
        let Some(session) = self.sessions.get(id) else {
            return refused("Session not found");
        };
        if !session.is_active() {
            return refused("Attempting to send message to inactive session.");
        }
        self.sessions
            .send(&mut self.ids, id, &account.name, text, call.now);
        Answer::Json(200, json!({"message": "Message sent successfully"}))
    }

    fn add(&mut self, call: &Call, account: &Account) -> Answer {
        let id = match call.body.get("id") {
            Some(id) if json::truthy(id) => id,
            _ => return refused("Id is empty"),
        };
        let Some(id) = id.as_str() else {
            return refused("Invalid inputs");
        };
        if !is_object_id(id) {
            return Answer::Never;
        }
        let Some(app) = self.app_of(&account.team, id) else {
            return refused("Invalid inputs");
        };
        let skips = call.body.get("skipRun").is_some_and(json::truthy);
        let session = self.sessions.add(&mut self.ids, &app, account, call.now);
        let id = session.id.clone();
        if !skips && !app.has_variables {
            self.call_agent(&id, call.now);
        }
        Answer::Redirect(format!("/{}/session/{id}", account.team))
    }

    fn edit(&mut self, call: &Call, team: &str, id: &str, public: bool) -> Answer {
        if filled(&call.body, "sessionId").is_none() {
            return refused("Session ID is empty");
        }
        let Some(variables @ Value::Object(_)) = call.body.get("variables") else {
            return refused("Variables is empty");
        };
        let session = self
            .sessions
            .of_team(team, id)
            .filter(|session| !public || session.is_public());
        let Some(session) = session else {
            return refused("No permission");
        };
        let modified = u8::from(session.edit(variables));
        let told = json!({
            "acknowledged": true,
            "modifiedCount": modified,
            "upsertedId": null,
            "upsertedCount": 0,
            "matchedCount": 1,
        });
        Answer::Json(
            200,
            json!({"message": "Session updated successfully", "session": told}),
        )
    }

    /// The body names the session, not the path; without one there is nothing to start, and that is fine for a member.
    fn start(&mut self, call: &Call, team: &str, public: bool) -> Answer {
        let id = filled(&call.body, "sessionId");
        let session = id.and_then(|id| self.sessions.of_team(team, id));
        let may = match (&session, id) {
            (Some(session), _) => !public || session.is_public(),
            (None, Some(_)) => false,
            (None, None) => !public,
        };
        if !may {
            return refused("No permission");
        }
        if let Some(id) = id {
            self.call_agent(id, call.now);
        }
        Answer::Json(200, json!({"message": "Session started successfully"}))
    }

    fn cancel(&mut self, call: &Call, account: &Account) -> Answer {
        let id = filled(&call.body, "sessionId").unwrap_or("");
        if id.len() < 24 {
            return refused("Session ID is too short");
        }
        let Some(session) = self.sessions.of_team(&account.team, id) else {
            return refused("Invalid inputs");
        };
        session.stop(&mut self.ids);
        Answer::Json(200, json!({}))
    }

    fn remove(&mut self, call: &Call, account: &Account) -> Answer {
        let Some(id) = filled(&call.body, "sessionId") else {
            return refused("Session ID is empty");
        };
        if !self.sessions.remove(&account.team, id) {
            return refused("Invalid inputs");
        }
        Answer::Json(200, json!({}))
    }

    /// What everybody may ask for, and what of it is not public after all.
    fn shared(&mut self, call: &mut Call, team: &str, route: &Shared) -> Answer {
        if call.method == "GET" {
            let cookie = account::cookie(&mut self.ids, call.request);
            if cookie.fresh {
                call.cookies
                    .push(account::set_cookie(&cookie.value, call.now));
            }
        }
        match (call.method, route) {
            ("GET", Shared::Link(link)) => {
                let app = self
                    .apps
                    .iter()
                    .find(|app| app.team == team && app.share_link == Some(link))
                    .cloned();
                let (Some(app), Some(owner)) = (app, self.accounts.of_team(team)) else {
                    return Answer::Redirect("/".into());
                };
                let session = self.sessions.add(&mut self.ids, &app, owner, call.now);
                let id = session.id.clone();
                self.call_agent(&id, call.now);
                Answer::Redirect(format!("/s/{team}/session/{id}"))
            }
            // It asks for nothing but the team.
            ("GET", Shared::Session(id)) => Answer::Json(200, Value::Object(self.shown(team, id))),
            ("GET", Shared::Messages(id)) => {
                let session = self.sessions.of_team(team, id);
                if !session.is_some_and(|session| session.is_public()) {
                    return Answer::NoPage;
                }
                self.call_agent(id, call.now);
                let rows = self.sessions.rows(team, id);
                Answer::Json(200, rows.cloned().map(Value::Object).collect())
            }
            ("POST", Shared::Edit(id)) => self.edit(call, team, id, true),
            ("POST", Shared::Start(_)) => self.start(call, team, true),
            ("GET", Shared::Page) => Answer::Page,
            _ => Answer::NoPage,
        }
    }
}
