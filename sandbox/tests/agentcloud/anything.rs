//! Whatever is asked, there is an answer that can be carried: never a panic.

use crate::world::{T0, World, team};
use agentline_sandbox::agentcloud::{
    API_KEY, APP_ID, Asked, Carrier, Listing, Options, SHARE_LINK, TEAM_ID,
};
use agentline_sandbox::{End, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

const SESSION: &str = "6b01ee7011f2e31b0c34e7fb";

fn path() -> impl Strategy<Value = String> {
    let fixed = [
        "/account.json".to_owned(),
        "/apikeys.json".into(),
        "/login".into(),
        "/forms/account/login".into(),
        "/forms/account/register".into(),
        "/forms/account/onboard".into(),
        "/forms/account/switch".into(),
        "/forms/account/apikey/add".into(),
        format!("/s/{TEAM_ID}/{SHARE_LINK}"),
        format!("/s/{TEAM_ID}/session/{SESSION}/messages.json"),
        team("sessions.json"),
        team("forms/session/add"),
        team("forms/sharelink/add"),
        team(&format!("forms/session/{SESSION}/edit")),
        team(&format!("forms/session/{SESSION}/start")),
        team(&format!("forms/session/{SESSION}/cancel")),
        team(&format!("session/{SESSION}.json")),
        team(&format!("session/{SESSION}/messages.json")),
    ];
    let send = Just(team(&format!("session/{SESSION}/send-message")));
    let cursor = "[0-9a-fz]{24}|.{0,26}|%[0-9a-f]{2}";
    prop_oneof![
        4 => proptest::sample::select(fixed.to_vec()),
        6 => send,
        2 => cursor.prop_map(|id| team(&format!("session/{SESSION}/messages.json?messageId={id}"))),
        1 => cursor.prop_map(|id| team(&format!("sessions.json?before={id}"))),
        1 => ".{0,40}".prop_map(|rest| team(&rest)),
        1 => "[/%?&=a-fA-F0-9é]{0,40}".prop_map(|rest| format!("/forms/account/{rest}")),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let words = "(say|stream|repeat|wait|cutwait|ignore|silent|empty|throw|throwmid|act|acts|double|nochunkid|old|timeout)( -?[0-9a-z.]{0,9}){0,3} .{0,20}";
    prop_oneof![4 => words, 1 => ".{0,30}", 1 => "say [\\[{}\\]1,:\"]{0,12}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        Just(json!({"topic": "dogs"})),
        Just(json!(SESSION)),
        Just(json!(APP_ID)),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let keys = "messageText|id|sessionId|variables|email|password|name|expirationDays|ownerId|type";
    prop_oneof![
        6 => text().prop_map(|text| json!({"messageText": text}).to_string().into_bytes()),
        3 => prop::collection::btree_map(keys, value(), 0..4).prop_map(|fields| json!(fields).to_string().into_bytes()),
        1 => text().prop_map(|text| format!("messageText={text}&id={text}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}

fn packet() -> impl Strategy<Value = String> {
    let event = (
        proptest::sample::select(vec![
            "join_room",
            "leave_room",
            "message",
            "stop_generating",
            "x",
        ]),
        text(),
        value(),
        value(),
    )
        .prop_map(|(name, text, stamp, other)| {
            let message =
                json!({"type": "text", "text": text, "timestamp": stamp, "chunkId": other});
            format!(
                "42{}",
                json!([name, {"room": SESSION, "message": message, "event": other}])
            )
        });
    let room = proptest::sample::select(vec!["join_room", "leave_room"])
        .prop_map(|name| format!("42{}", json!([name, SESSION])));
    prop_oneof![
        4 => event,
        2 => room,
        1 => "[0-6]{0,2}(/[a-z]{0,3},?)?[0-9]{0,2}.{0,10}",
        1 => proptest::sample::select(vec!["2probe", "5", "3", "41", "1", "40/admin,"]).prop_map(str::to_owned),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![
        6 => proptest::sample::select(vec!["GET", "POST", "DELETE", "HEAD", "OPTIONS"]).prop_map(str::to_owned),
        1 => "[A-Z]{0,6}",
    ];
    let kind = proptest::sample::select(vec![
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ]);
    let odd = (
        "content-type|authorization|cookie|if-none-match|x-csrf-token",
        ".{0,30}|Bearer .{0,20}|connect.sid=s%3A.{0,9}",
    );
    let headers = (
        kind,
        prop::option::weighted(0.9, Just(API_KEY)),
        prop::collection::vec(odd, 0..2),
    )
        .prop_map(|(kind, key, odd)| {
            let key = key.map(|key| ("authorization".to_owned(), format!("Bearer {key}")));
            let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
            headers.extend(key);
            headers.extend(odd);
            headers
        });
    (method, path(), headers, body()).prop_map(|(method, path_and_query, headers, body)| Request {
        method,
        path_and_query,
        headers,
        body,
    })
}

/// What a carrier relies on.
fn check(response: &Response) {
    if response.end == End::Never {
        assert!(response.body.is_empty());
        return;
    }
    assert!((200..600).contains(&response.status), "{response:?}");
    assert!(response.after_ms.is_finite());
    let json = response
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if json && !response.body.is_empty() {
        serde_json::from_slice::<Value>(&response.bytes()).unwrap();
    }
    if !response.body.is_empty() {
        assert_eq!(
            response.header("content-length"),
            Some(&*response.bytes().len().to_string())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_give_an_answer_that_can_be_carried(
        requests in prop::collection::vec((request(), 0.0..3000.0_f64), 1..12),
        wake_ms in prop::option::of(any::<f64>()),
        documented in any::<bool>(),
    ) {
        let mut world = World::with(Options {
            wake_ms,
            listing: if documented { Listing::Documented } else { Listing::Real },
            ..Options::default()
        });
        world.sandbox.plan_ids([SESSION.to_owned()]);
        world.session();
        world.now = T0;
        for (request, pause) in &requests {
            world.pass(*pause);
            let response = world.sandbox.handle(request, world.now);
            check(&response);
        }
        world.pass(1e9);
        check(&world.get(&team(&format!("session/{SESSION}/messages.json"))));
    }
    #[test]
    fn any_packets_and_polls_leave_the_sockets_standing(
        packets in prop::collection::vec((packet(), any::<bool>(), 0.0..30_000.0_f64), 1..20),
        query in "((EIO=[34]|transport=(polling|websocket|x)|sid=.{0,4})&?){0,4}",
        method in "GET|POST|OPTIONS",
    ) {
        let mut world = World::new();
        world.sandbox.plan_ids([SESSION.to_owned()]);
        world.session();
        let request = |query: &str| Request {
            method: method.clone(),
            path_and_query: format!("/socket.io/?{query}"),
            headers: Vec::new(),
            body: packets.iter().map(|(packet, ..)| packet.as_str()).collect::<Vec<_>>().join("\u{1e}").into_bytes(),
        };
        let mut sockets = world.sandbox.sockets(world.now);
        let sid = sockets.upgrade(&request("EIO=4&transport=websocket")).unwrap();
        let polling = match sockets.ask(&request("EIO=4&transport=polling")) {
            Asked::Poll(sid) => sid,
            Asked::Answered(refused) => {
                check(&refused);
                "none".to_owned()
            }
        };
        sockets.receive(&sid, Carrier::WebSocket, "40");
        for (packet, over_polling, pause) in &packets {
            world.now += pause;
            let mut sockets = world.sandbox.sockets(world.now);
            let (sid, carrier) = if *over_polling { (&polling, Carrier::Polling) } else { (&sid, Carrier::WebSocket) };
            sockets.receive(sid, carrier, packet);
            for packet in sockets.take(sid, carrier).packets {
                prop_assert!(packet.starts_with(|letter: char| letter.is_ascii_digit()));
            }
            let _ = sockets.upgrade(&request(&query));
            if let Asked::Answered(response) = sockets.ask(&request(&query)) {
                check(&response);
            }
            if let Asked::Answered(response) = sockets.ask(&request(&format!("transport=polling&sid={polling}"))) {
                check(&response);
            }
        }
    }
}
