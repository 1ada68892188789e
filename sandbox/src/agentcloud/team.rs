//! What a team's addresses answer: its sessions, their messages, and what of them is shared with everybody.
//!
//! In: a call that `mod` let through. Out: an answer. What a session holds and when it grows is left to `session`.

use super::account::{Account, filled};
use super::app::App;
use super::express::{Answer, parameter, refused};
use super::ids::is_object_id;
use super::options::Listing;
use super::route::{Shared, Team};
use super::token::{self, Cookie};
use super::{AgentCloud, Call, row};
use crate::json;
use serde_json::{Map, Value, json};

impl AgentCloud {
    pub(super) fn team(
        &mut self,
        call: &Call,
        account: &Account,
        cookie: &Cookie,
        route: &Team,
    ) -> Answer {
        match (call.method, route) {
            ("GET", Team::Sessions) => self.list(call, account, cookie),
            ("GET", Team::Session(id)) => {
                let csrf = token::csrf(&mut self.ids, cookie);
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
        let csrf = token::csrf(&mut self.ids, cookie);
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
        let (wake_ms, book) = (self.sessions.wake_ms, self.sessions.book);
        if let Some(session) = self.sessions.get(id) {
            session.book = book;
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
    pub(super) fn shared(&mut self, call: &mut Call, team: &str, route: &Shared) -> Answer {
        if call.method == "GET" {
            let cookie = token::cookie(&mut self.ids, call.request);
            if cookie.fresh {
                call.cookies
                    .push(token::set_cookie(&cookie.value, call.now));
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
