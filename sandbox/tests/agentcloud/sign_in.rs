//! Who may ask, and what the others are told.

use crate::world::{World, bearer, json_of, team, text_of};
use agentline_sandbox::agentcloud::{EMAIL, Options, PASSWORD, PUBLIC_APP_ID, SHARE_LINK, TEAM_ID};
use agentline_sandbox::{Response, Sandbox};
use serde_json::{Value, json};

fn sign_in(world: &mut World, content_type: &str) -> Response {
    world.credentials.clear();
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    world.ask("POST", "/forms/account/login", content_type, &body)
}

fn cookie(response: &Response) -> Option<String> {
    let cookie = response.header("set-cookie")?;
    Some(cookie.split(';').next().unwrap().to_owned())
}

fn register(world: &mut World) -> Value {
    world.credentials.clear();
    let person = json!({"name": "Bob", "email": "bob@example.com", "password": "Passw0rd!y"});
    assert_eq!(world.post("/forms/account/register", &person).status, 200);
    assert_eq!(world.post("/forms/account/register", &person).status, 409);
    let told = json_of(&world.post("/forms/account/login", &person));
    world.credentials = bearer(told["token"].as_str().unwrap());
    json_of(&world.get("/account.json"))["account"].clone()
}

#[test]
fn only_the_bare_json_type_gets_the_token_at_sign_in() {
    let mut world = World::new();
    let told = sign_in(&mut world, "application/json");
    let token = json_of(&told)["token"].as_str().unwrap().to_owned();
    assert!(cookie(&told).is_some());
    for kind in ["application/json; charset=utf-8", "application/JSON"] {
        let sent = sign_in(&mut world, kind);
        assert_eq!(
            (sent.status, sent.bytes(), sent.header("location")),
            (302, Vec::new(), Some(&*team("apps")))
        );
        assert!(cookie(&sent).is_some());
    }
    world.credentials = bearer(&token);
    let account = json_of(&world.get("/account.json"))["account"].clone();
    assert_eq!(account["email"], EMAIL);
    assert_eq!(account["orgs"][0]["teams"][0]["id"], TEAM_ID);
    assert_eq!(world.get(&team("sessions.json")).status, 200);
}

#[test]
fn a_wrong_password_and_missing_fields_are_told_apart() {
    let mut world = World::new();
    for (body, status, error) in [
        (
            json!({"email": EMAIL, "password": "nope"}),
            403,
            "Incorrect email or password",
        ),
        (json!({"password": "x"}), 400, "Email is empty"),
        (json!({"email": "x"}), 400, "Password is empty"),
    ] {
        let refused = world.post("/forms/account/login", &body);
        assert_eq!(
            (refused.status, json_of(&refused)),
            (status, json!({"error": error}))
        );
    }
}

#[test]
fn a_cookie_wants_a_token_against_forgery_and_comes_before_the_header() {
    let mut world = World::new();
    let cookie = cookie(&sign_in(&mut world, "application/json")).unwrap();
    world.credentials = vec![("Cookie".into(), cookie)];
    let csrf = json_of(&world.get("/account.json"))["csrf"]
        .as_str()
        .unwrap()
        .to_owned();
    let add = |world: &mut World, more: Value| {
        let mut body = json!({"id": PUBLIC_APP_ID});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        world.post(&team("forms/session/add"), &body)
    };
    let refused = add(&mut world, json!({}));
    assert_eq!(refused.status, 400);
    let reason = json_of(&refused)["error"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("An error occurred. Please contact support with code: "));
    assert_eq!(add(&mut world, json!({"_csrf": csrf})).status, 200);
    world.credentials.push(("X-CSRF-Token".into(), csrf));
    assert_eq!(add(&mut world, json!({})).status, 200);
    world.credentials.pop();
    world
        .credentials
        .extend(bearer(agentline_sandbox::agentcloud::API_KEY));
    assert_eq!(add(&mut world, json!({})).status, 400);
}

#[test]
fn a_cookie_ends_with_the_sign_out_and_the_token_does_not() {
    let mut world = World::new();
    let told = sign_in(&mut world, "application/json");
    let token = json_of(&told)["token"].as_str().unwrap().to_owned();
    world.credentials = vec![("Cookie".into(), cookie(&told).unwrap())];
    assert_eq!(world.get("/account.json").status, 200);
    assert_eq!(
        json_of(&world.post("/forms/account/logout", &json!({}))),
        json!({"redirect": "/login"})
    );
    assert_eq!(world.get("/account.json").status, 302);
    world.credentials = bearer(&token);
    assert_eq!(world.get("/account.json").status, 200);
}

#[test]
fn nobody_is_sent_to_the_sign_in_and_a_stranger_to_the_welcome_page() {
    let mut world = World::new();
    let id = world.session();
    let path = team(&format!("session/{id}/messages.json?messageId=zz"));
    let own = world.credentials.clone();
    for credentials in [vec![], bearer("not.a.token"), bearer("")] {
        world.credentials = credentials;
        let sent = world.get(&path);
        assert_eq!(sent.status, 302);
        assert_eq!(
            sent.header("location").unwrap(),
            format!("/login?goto=%2F{TEAM_ID}%2Fsession%2F{id}%2Fmessages.json%3FmessageId%3Dzz")
        );
        assert_eq!(world.ask("OPTIONS", &path, "", "").status, 302);
    }
    world.credentials = own;
    let elsewhere = format!("/{}/sessions.json", "a".repeat(24));
    let sent = world.get(&elsewhere);
    assert_eq!(
        (sent.status, sent.header("location")),
        (302, Some("/welcome?noaccess=true"))
    );
    let told = world.ask("GET", &elsewhere, "application/json", "");
    assert_eq!(
        (told.status, json_of(&told)),
        (200, json!({"redirect": "/welcome?noaccess=true"}))
    );
}

#[test]
fn first_steps_come_before_everything_but_the_account() {
    let mut world = World::new();
    let account = register(&mut world);
    assert_eq!(account["onboarded"], false);
    let own = account["currentTeam"].as_str().unwrap().to_owned();
    let sessions = format!("/{own}/sessions.json");
    let sent = world.get(&sessions);
    assert_eq!(
        sent.header("location"),
        Some(&*format!("/{own}/onboarding"))
    );
    let switch = json!({"orgId": account["currentOrg"], "teamId": own});
    assert_eq!(
        json_of(&world.post("/forms/account/switch", &switch)),
        json!({})
    );
    assert_eq!(world.post("/forms/account/switch", &json!({})).status, 400);
    assert_eq!(
        json_of(&world.post("/forms/account/onboard", &json!({}))),
        json!({})
    );
    assert_eq!(json_of(&world.get(&sessions))["sessions"], json!([]));
    let mut world = World::with(Options {
        onboarded: false,
        ..Options::default()
    });
    assert_eq!(world.get(&team("sessions.json")).status, 302);
}

#[test]
fn a_member_of_another_team_sees_nothing_of_a_session_and_may_write_into_it() {
    let mut world = World::new();
    let id = world.ready_session();
    let alice = world.credentials.clone();
    let account = register(&mut world);
    world.post("/forms/account/onboard", &json!({}));
    let own = account["currentTeam"].as_str().unwrap().to_owned();
    assert_eq!(
        json_of(&world.get(&format!("/{own}/session/{id}/messages.json"))),
        json!([])
    );
    let shown = json_of(&world.get(&format!("/{own}/session/{id}.json")));
    assert_eq!(
        (&shown["session"], &shown["app"]),
        (&Value::Null, &Value::Null)
    );
    let sent = world.post(
        &format!("/{own}/session/{id}/send-message"),
        &json!({"messageText": "say x"}),
    );
    assert_eq!(sent.status, 200);
    world.credentials = alice;
    let rows = world.rows(&id);
    assert_eq!(
        (text_of(&rows[1]).as_str(), &rows[1]["authorName"]),
        ("say x", &json!("Bob"))
    );
}

#[test]
fn api_keys_work_after_they_were_deleted_and_not_once_they_were_rotated() {
    let mut world = World::new();
    let own = world.credentials.clone();
    let owner = json_of(&world.get("/account.json"))["account"]["_id"].clone();
    let add = |world: &mut World, days: Value| {
        let body =
            json!({"name": "k", "description": "", "expirationDays": days, "ownerId": owner});
        world.post("/forms/account/apikey/add", &body)
    };
    assert_eq!(add(&mut world, json!(30)).status, 400);
    let thirty = json_of(&add(&mut world, json!("30")));
    let never = json_of(&add(&mut world, json!("never")));
    let works = |world: &mut World, token: &Value| {
        world.credentials = bearer(token.as_str().unwrap());
        world.get("/account.json").status
    };
    let rotated = |world: &mut World, key: &Value| {
        world.credentials = own.clone();
        let id = key["keyId"].as_str().unwrap();
        let path = format!("/forms/account/apikey/{id}/increment");
        assert_eq!(world.post(&path, &json!({})).status, 200);
        let keys = json_of(&world.get("/apikeys.json"))["keys"].clone();
        let keys = keys.as_array().unwrap();
        keys.iter().find(|shown| shown["_id"] == id).unwrap()["token"].clone()
    };
    let new = rotated(&mut world, &thirty);
    assert_eq!(
        (works(&mut world, &new), works(&mut world, &thirty["token"])),
        (302, 200)
    );
    let new = rotated(&mut world, &never);
    assert_eq!(
        (works(&mut world, &new), works(&mut world, &never["token"])),
        (400, 200)
    );
    world.credentials = own.clone();
    let path = format!(
        "/forms/account/apikey/{}",
        thirty["keyId"].as_str().unwrap()
    );
    assert_eq!(
        world.ask("DELETE", &path, "application/json", "{}").status,
        200
    );
    assert_eq!(works(&mut world, &thirty["token"]), 200);
    world.pass(31.0 * 24.0 * 3600.0 * 1000.0);
    assert_eq!(works(&mut world, &thirty["token"]), 302);
}

#[test]
fn the_given_keys_replace_the_sandbox_s_own() {
    let mut world = World::new();
    world.sandbox = Sandbox::new(agentline_sandbox::Options {
        keys: vec!["one".into(), "two".into()],
        ..agentline_sandbox::Options::default()
    });
    assert_eq!(world.get("/account.json").status, 302);
    for key in ["one", "two"] {
        world.credentials = bearer(key);
        assert_eq!(world.get("/account.json").status, 200);
    }
}

#[test]
fn a_share_link_opens_a_session_for_everybody() {
    let mut world = World::new();
    let private = world.ready_session();
    world.credentials.clear();
    let shared = |rest: &str| format!("/s/{TEAM_ID}/{rest}");
    let opened = world.get(&shared(SHARE_LINK));
    let to = opened.header("location").unwrap().to_owned();
    let id = to.strip_prefix(&shared("session/")).unwrap().to_owned();
    assert_eq!(
        world.get(&shared("app_other")).header("location"),
        Some("/")
    );
    world.pass(1000.0);
    let messages = world.get(&shared(&format!("session/{id}/messages.json")));
    assert_eq!(text_of(&json_of(&messages)[0]), "How can I help?");
    let closed = world.get(&shared(&format!("session/{private}/messages.json")));
    assert_eq!(closed.status, 404);
    assert!(
        closed
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    // Of the session itself everybody may know.
    let shown = world.get(&shared(&format!("session/{private}.json")));
    assert_eq!(json_of(&shown)["session"]["_id"], private);
    let start = |world: &mut World, id: &str| {
        let body = json!({"sessionId": id, "appType": "chat"});
        world.post(&shared(&format!("forms/session/{id}/start")), &body)
    };
    assert_eq!(start(&mut world, &id).status, 200);
    let refused = start(&mut world, &private);
    assert_eq!(
        (refused.status, json_of(&refused)),
        (400, json!({"error": "No permission"}))
    );
    let body = json!({"messageText": "x"});
    let path = shared(&format!("session/{id}/send-message"));
    assert_eq!(world.post(&path, &body).status, 404);
}

#[test]
fn what_the_client_has_already_is_not_sent_again() {
    let mut world = World::new();
    let id = world.ready_session();
    let path = team(&format!("session/{id}/messages.json"));
    let first = world.get(&path);
    let etag = first.header("etag").unwrap().to_owned();
    world.credentials.push(("If-None-Match".into(), etag));
    let second = world.get(&path);
    assert_eq!((second.status, second.bytes()), (304, Vec::new()));
    world.send(&id, "say x");
    assert_eq!(world.get(&path).status, 200);
}

#[test]
fn no_answer_has_a_header_for_pages_of_another_origin() {
    let mut world = World::new();
    world
        .credentials
        .push(("Origin".into(), "https://example.com".into()));
    for path in ["/account.json", "/login", &team("sessions.json")] {
        for method in ["GET", "OPTIONS"] {
            let response = world.ask(method, path, "", "");
            let allows = |(name, _): &(String, String)| name.starts_with("access-control");
            assert!(!response.headers.iter().any(allows), "{method} {path}");
        }
    }
}

#[test]
fn pages_of_ten_go_back_to_the_first_session() {
    let mut world = World::new();
    let mut made: Vec<String> = (0..23)
        .map(|_| {
            world.pass(1.0);
            world.session()
        })
        .collect();
    made.reverse();
    let mut seen: Vec<String> = Vec::new();
    let mut sizes = Vec::new();
    let mut before = "null".to_owned();
    loop {
        let page = json_of(&world.get(&team(&format!("sessions.json?before={before}"))));
        let page = page["sessions"].as_array().unwrap().clone();
        sizes.push(page.len());
        let Some(last) = page.last() else { break };
        assert_eq!(last["app"]["name"], "Team Chat");
        before = last["_id"].as_str().unwrap().to_owned();
        seen.extend(
            page.iter()
                .map(|session| session["_id"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(sizes, [10, 10, 3, 0]);
    assert_eq!(seen, made);
}
