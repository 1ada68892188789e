//! The apps that sessions are made of. In: an id or a share link. Out: an app, and how it is shown.

use super::account::{Account, TEAM_ID};
use serde_json::{Value, json};

/// The app that is there from the start: a chat, for its team alone.
pub const APP_ID: &str = "6b01edf211f2e31b0c34e7f2";
/// A chat that everybody may use who has [`SHARE_LINK`].
pub const PUBLIC_APP_ID: &str = "6b01edf211f2e31b0c34e7f3";
/// A chat whose sessions wait for the variable `topic` before they start.
pub const VARIABLES_APP_ID: &str = "6b01edf211f2e31b0c34e7f4";
/// What the public app is shared by.
pub const SHARE_LINK: &str = "app_ae6002e0b8e1f95c0c562862ec4551862fa5a4bcc541bee00700bcbbe6fadbe5";

const AGENT_ID: &str = "6b01edf211f2e31b0c34e7f0";
const VARIABLE_ID: &str = "6b01edf211f2e31b0c34e7f6";

/// An app.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub id: &'static str,
    pub team: &'static str,
    pub name: &'static str,
    pub public: bool,
    pub has_variables: bool,
    pub share_link: Option<&'static str>,
}

impl App {
    pub fn mode(&self) -> &'static str {
        if self.public { "public" } else { "team" }
    }

    /// As the lists hold it. `owner` is the account whose team has it.
    pub fn shown(&self, owner: &Account) -> Value {
        json!({
            "_id": self.id,
            "createdBy": owner.id,
            "orgId": owner.organisation,
            "teamId": self.team,
            "name": self.name,
            "description": "d",
            "tags": [],
            "author": owner.team_name(),
            "icon": null,
            "type": "chat",
            "chatAppConfig": {"agentId": AGENT_ID, "conversationStarters": ["hi"], "maxMessages": 30},
            "sharingConfig": {"permissions": {}, "mode": self.mode()},
            "kickOffVariablesIds": self.has_variables.then(|| json!([VARIABLE_ID])),
        })
    }

    /// As a session shows it: with what must be filled in.
    pub fn shown_with_variables(&self, owner: &Account) -> Value {
        let mut shown = self.shown(owner);
        let variables = if self.has_variables {
            json!([{"name": "topic", "defaultValue": "cats", "id": VARIABLE_ID}])
        } else {
            json!([])
        };
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("variables".into(), variables);
        }
        shown
    }
}

/// The apps of the first team.
pub(super) fn apps() -> Vec<App> {
    let app = App {
        id: APP_ID,
        team: TEAM_ID,
        name: "Team Chat",
        public: false,
        has_variables: false,
        share_link: None,
    };
    vec![
        app.clone(),
        App {
            id: PUBLIC_APP_ID,
            name: "Public Chat",
            public: true,
            share_link: Some(SHARE_LINK),
            ..app.clone()
        },
        App {
            id: VARIABLES_APP_ID,
            name: "Chat About",
            has_variables: true,
            ..app
        },
    ]
}
