//! Who asks: accounts and their API keys.
//!
//! In: a request's headers, a sign-in. Out: an account, or that there is none. What its texts look like is `token`'s, what
//! an account may do `mod`'s.

use super::express::{Answer, refused};
use super::ids::Ids;
use super::token::{cookie_of, new_cookie, read_token, seconds, token};
use crate::http::Request;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The account that is there from the start.
pub const EMAIL: &str = "alice@example.com";
/// Its password.
pub const PASSWORD: &str = "Passw0rd!x";
/// Its API key, where the options name no other.
pub const API_KEY: &str = "agentcloud-sandbox-key";
/// Its team: what the server's addresses begin with.
pub const TEAM_ID: &str = "6b01edbd11f2e31b0c34e7e9";
const ACCOUNT_ID: &str = "6b01edbd11f2e31b0c34e7e7";
const ORGANISATION_ID: &str = "6b01edbd11f2e31b0c34e7e8";

/// A person with a team.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub id: String,
    pub name: String,
    pub email: String,
    password: String,
    pub organisation: String,
    pub team: String,
    pub onboarded: bool,
}

impl Account {
    pub fn team_name(&self) -> String {
        format!("{}'s Team", self.name)
    }

    /// What `account` holds in most answers.
    pub fn shown(&self) -> Value {
        json!({
            "_id": self.id,
            "name": self.name,
            "email": self.email,
            "orgs": [{
                "id": self.organisation,
                "name": format!("{}'s Org", self.name),
                "ownerId": self.id,
                "teams": [{"id": self.team, "name": self.team_name(), "ownerId": self.id}],
            }],
            "currentOrg": self.organisation,
            "currentTeam": self.team,
            "emailVerified": true,
            "stripe": {"stripePlan": "Enterprise"},
            "oauth": {},
            "permissions": "P///////////////",
            "onboarded": self.onboarded,
        })
    }
}

#[derive(Debug)]
struct ApiKey {
    id: String,
    name: String,
    description: String,
    expires: Option<f64>,
    owner: String,
    version: u32,
    token: String,
}

/// Who sent a request, and how that is known.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub account: Account,
    /// By a cookie: then every change wants a token against forgery.
    pub by_cookie: bool,
}

/// All accounts, and what proves to be one.
#[derive(Debug)]
pub(super) struct Accounts {
    accounts: Vec<Account>,
    keys: Vec<ApiKey>,
    /// The API keys that the options name; they are the first account's.
    given: Vec<String>,
    signed_in: BTreeMap<String, String>,
}

impl Accounts {
    pub fn new(keys: &[String], onboarded: bool) -> Self {
        let given = if keys.is_empty() {
            vec![API_KEY.to_owned()]
        } else {
            keys.to_vec()
        };
        let first = Account {
            id: ACCOUNT_ID.into(),
            name: "Alice".into(),
            email: EMAIL.into(),
            password: PASSWORD.into(),
            organisation: ORGANISATION_ID.into(),
            team: TEAM_ID.into(),
            onboarded,
        };
        Self {
            accounts: vec![first],
            keys: Vec::new(),
            given,
            signed_in: BTreeMap::new(),
        }
    }

    pub fn of_id(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The account whose team that is.
    pub fn of_team(&self, team: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.team == team)
    }

    /// Who asks. A cookie of somebody who signed in comes before the header.
    ///
    /// # Errors
    /// A token that the server's reader throws at.
    pub fn caller(&self, request: &Request, now: f64) -> Result<Option<Caller>, ()> {
        let by_cookie = cookie_of(request)
            .and_then(|value| self.signed_in.get(value))
            .and_then(|id| self.of_id(id));
        if let Some(account) = by_cookie {
            return Ok(Some(Caller {
                account: account.clone(),
                by_cookie: true,
            }));
        }
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = token else { return Ok(None) };
        let account = if self.given.iter().any(|key| key == token) {
            self.accounts.first()
        } else {
            match read_token(token, now)? {
                Some(id) => self.of_id(&id),
                None => None,
            }
        };
        Ok(account.map(|account| Caller {
            account: account.clone(),
            by_cookie: false,
        }))
    }

    /// `POST /forms/account/login`; with the value of the cookie that then stands for the account.
    pub fn sign_in(
        &mut self,
        ids: &mut Ids,
        body: &Map<String, Value>,
        now: f64,
    ) -> (Answer, Option<String>) {
        let (email, password) = match (filled(body, "email"), filled(body, "password")) {
            (None, _) => return (refused("Email is empty"), None),
            (_, None) => return (refused("Password is empty"), None),
            (Some(email), Some(password)) => (email, password),
        };
        let known = self
            .accounts
            .iter()
            .find(|account| account.email == email && account.password == password);
        let Some(account) = known else {
            let wrong = json!({"error": "Incorrect email or password"});
            return (Answer::Json(403, wrong), None);
        };
        let to = match filled(body, "goto") {
            _ if !account.onboarded => format!("/{}/onboarding", account.team),
            // Only an address of this server.
            Some(goto) if goto.starts_with('/') && !goto.starts_with("//") => goto.to_owned(),
            _ => format!("/{}/apps", account.team),
        };
        let token = token(&json!({"accountId": account.id, "iat": seconds(now)}));
        let cookie = new_cookie(ids);
        let id = account.id.clone();
        self.signed_in.insert(cookie.clone(), id);
        let told = json!({"redirect": to, "token": token});
        (Answer::RedirectWith(to, told), Some(cookie))
    }

    /// `POST /forms/account/register`: an account with a team of its own, which is not onboarded.
    pub fn register(&mut self, ids: &mut Ids, body: &Map<String, Value>, now: f64) -> Answer {
        let mut values = Vec::new();
        for (key, name) in [
            ("name", "Name"),
            ("email", "Email"),
            ("password", "Password"),
        ] {
            match filled(body, key) {
                Some(value) => values.push(value.to_owned()),
                None => return refused(&format!("{name} is empty")),
            }
        }
        let Ok([name, email, password]) = <[String; 3]>::try_from(values) else {
            return refused("Invalid inputs");
        };
        if self.accounts.iter().any(|account| account.email == email) {
            return Answer::Json(
                409,
                json!({"error": "Account with this email already exists"}),
            );
        }
        let mut id = || ids.object_id(now);
        let (id, organisation, team) = (id(), id(), id());
        self.accounts.push(Account {
            id,
            name,
            email,
            password,
            organisation,
            team,
            onboarded: false,
        });
        Answer::Redirect("/login".into())
    }

    pub fn sign_out(&mut self, request: &Request) -> Answer {
        if let Some(value) = cookie_of(request) {
            self.signed_in.remove(value);
        }
        Answer::Redirect("/login".into())
    }

    pub fn onboard(&mut self, caller: &Account) -> Answer {
        if let Some(account) = self
            .accounts
            .iter_mut()
            .find(|account| account.id == caller.id)
        {
            account.onboarded = true;
        }
        Answer::Json(200, json!({}))
    }

    /// `POST /forms/account/switch`: each account has one team here, so there is only this one to switch to.
    pub fn switch(&self, caller: &Account, body: &Map<String, Value>) -> Answer {
        let is = |key, wanted: &str| filled(body, key) == Some(wanted);
        if is("orgId", &caller.organisation) && is("teamId", &caller.team) {
            Answer::Json(200, json!({}))
        } else {
            refused("Invalid inputs")
        }
    }

    pub fn add_key(
        &mut self,
        ids: &mut Ids,
        caller: &Account,
        body: &Map<String, Value>,
        now: f64,
    ) -> Answer {
        let Some(name) = filled(body, "name") else {
            return refused("Name is empty");
        };
        // A number is refused: the form sends texts.
        let days = match filled(body, "expirationDays") {
            Some("never") => None,
            Some(days) => match days.parse::<u32>() {
                Ok(days) => Some(f64::from(days)),
                Err(_) => return refused("Invalid inputs"),
            },
            None => return refused("Expiration Days is empty"),
        };
        if filled(body, "ownerId") != Some(&caller.id) {
            return refused("Invalid inputs");
        }
        let id = ids.object_id(now);
        let expires = days.map(|days| now + days * 24.0 * 3600.0 * 1000.0);
        let mut claims =
            json!({"keyId": id, "accountId": caller.id, "version": 0, "iat": seconds(now)});
        if let (Some(expires), Some(claims)) = (expires, claims.as_object_mut()) {
            claims.insert("exp".into(), seconds(expires));
        }
        let token = token(&claims);
        let told =
            json!({"keyId": id, "ownerId": caller.id, "token": token, "redirect": "/apikeys"});
        self.keys.push(ApiKey {
            id,
            name: name.to_owned(),
            description: filled(body, "description").unwrap_or("").to_owned(),
            expires,
            owner: caller.id.clone(),
            version: 0,
            token,
        });
        Answer::Json(200, told)
    }

    pub fn keys(&self, caller: &Account) -> Value {
        self.keys
            .iter()
            .filter(|key| key.owner == caller.id)
            .map(|key| {
                json!({
                    "_id": key.id,
                    "name": key.name,
                    "description": key.description,
                    "expirationDate": key.expires.map(crate::clock::iso),
                    "ownerId": key.owner,
                    "version": key.version,
                    "token": key.token,
                })
            })
            .collect()
    }

    /// Upstream's bug: the new token names no account, and where the key never expires its `exp` is `null`, at which the
    /// reader throws. The old token still works.
    pub fn rotate_key(&mut self, caller: &Account, id: &str, now: f64) -> Answer {
        let key = self
            .keys
            .iter_mut()
            .find(|key| key.id == id && key.owner == caller.id);
        let Some(key) = key else {
            return refused("Invalid inputs");
        };
        key.version += 1;
        let exp = key.expires.map_or(Value::Null, seconds);
        key.token =
            token(&json!({"keyId": id, "version": key.version, "iat": seconds(now), "exp": exp}));
        Answer::Json(200, json!({}))
    }

    /// Upstream's bug: the key is gone from the list, and its token still works.
    pub fn delete_key(&mut self, caller: &Account, id: &str) -> Answer {
        let before = self.keys.len();
        self.keys
            .retain(|key| key.id != id || key.owner != caller.id);
        if self.keys.len() == before {
            return refused("Invalid inputs");
        }
        Answer::Json(200, json!({}))
    }
}

/// The text of a field, unless it is empty.
pub(super) fn filled<'body>(body: &'body Map<String, Value>, key: &str) -> Option<&'body str> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}
