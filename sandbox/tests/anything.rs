//! Whatever is asked, there is an answer that can be carried: never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use agentline_sandbox::eliza::{self, Version};
use agentline_sandbox::{Agents, End, Options, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{AGENT, SESSIONS, T0, USER, World};

const SESSION: &str = "da1c4047-5da1-4f19-a7d8-d976d3cccd03";

fn path() -> impl Strategy<Value = String> {
    let own = format!("{SESSIONS}/{SESSION}");
    let fixed = [
        String::new(),
        "/".into(),
        "/api".into(),
        "/health".into(),
        "/__fixture/messages".into(),
        SESSIONS.into(),
        format!("{SESSIONS}/health"),
        own.clone(),
        format!("{own}/renew"),
        format!("{own}/heartbeat"),
        format!("{own}/timeout"),
        format!("{own}/messages"),
    ];
    let history = (
        "-?[0-9]{0,18}|[a-z]{0,4}|1e[0-9]{1,3}",
        "-?[0-9]{0,18}",
        "-?[0-9]{0,30}",
    )
        .prop_map(move |(limit, before, after)| {
            format!("{own}/messages?limit={limit}&before={before}&after={after}")
        });
    prop_oneof![
        4 => proptest::sample::select(fixed.to_vec()),
        2 => history,
        1 => ".{0,40}",
        1 => "[/%?&=a-fA-F0-9é]{0,40}".prop_map(|rest| format!("{SESSIONS}/{rest}")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("\0")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z0-9_]{0,5}|sessionId|autoRenew", inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn content() -> impl Strategy<Value = String> {
    let words = "(say|stream|repeat|wait|cutwait|ignore|silent|empty|throw|throwmid|act|acts|stayout|hello)( -?[0-9a-z.]{0,9}){0,3} .{0,20}";
    prop_oneof![4 => words, 1 => ".{0,30}", 1 => "[</>a-z ]{0,40}|say (<text>|</text>|</response>|a|<b>){0,6}"]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let message = (content(), value(), value(), proptest::sample::select(vec!["http", "sse", "websocket", "sync", "x"]))
        .prop_map(|(content, metadata, attachments, transport)| {
            json!({"content": content, "transport": transport, "mode": transport, "metadata": metadata, "attachments": attachments})
        });
    let session = (value(), value(), value()).prop_map(|(metadata, config, minutes)| {
        json!({"agentId": AGENT, "userId": USER, "metadata": metadata, "timeoutConfig": config, "timeoutMinutes": minutes})
    });
    let rows = (value(), any::<f64>(), value()).prop_map(|(metadata, stamp, raw)| {
        json!({"channelId": support::CHANNEL, "rows": [{"content": "x", "authorId": USER, "createdAt": stamp, "metadata": metadata, "rawMessage": raw}]})
    });
    let text = prop_oneof![4 => message, 2 => session, 1 => rows, 1 => value()]
        .prop_map(|value| value.to_string());
    // A cut and an escape put in anywhere make most kinds of malformed text.
    let broken = (
        text,
        any::<prop::sample::Index>(),
        proptest::sample::select(vec!["", "\\ud83d", "\\", "\"", "\u{0}", "é"]),
    );
    prop_oneof![
        6 => broken.prop_map(|(text, at, put)| {
            let at = (0..=text.len()).rev().find(|end| *end <= at.index(text.len() + 1) && text.is_char_boundary(*end));
            let (head, tail) = text.split_at(at.unwrap_or(0));
            if put.is_empty() { text.clone().into_bytes() } else { format!("{head}{put}{tail}").into_bytes() }
        }),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => Just(Vec::new()),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof![
        6 => proptest::sample::select(vec!["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"]).prop_map(str::to_owned),
        1 => "[A-Z]{0,6}",
    ];
    let header = prop_oneof![
        6 => Just(("Content-Type".to_owned(), "application/json".to_owned())),
        1 => ("content-type|content-length|transfer-encoding|origin|if-none-match|cache-control|x-api-key", ".{0,20}"),
        1 => Just(("content-type".to_owned(), "application/json; charset=utf-16".to_owned())),
        1 => (".{0,8}", ".{0,8}"),
    ];
    (method, path(), prop::collection::vec(header, 0..3), body()).prop_map(
        |(method, path_and_query, headers, body)| Request {
            method,
            path_and_query,
            headers,
            body,
        },
    )
}

fn options() -> impl Strategy<Value = Options> {
    let version = proptest::sample::select(vec![Version::V1_6_5, Version::V1_7_0, Version::V1_7_2]);
    (
        version,
        any::<u64>(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(0.0), Just(250.0), Just(f64::NAN)],
    )
        .prop_map(
            |(version, seed, stock_actions, talks, latency_ms)| Options {
                seed,
                eliza: eliza::Options {
                    version,
                    stock_actions,
                    ..eliza::Options::default()
                },
                latency_ms,
                agents: if talks {
                    Agents::Conversation
                } else {
                    Agents::Echo
                },
                ..Options::default()
            },
        )
}

fn can_be_carried(response: &Response) -> Result<(), TestCaseError> {
    if response.end == End::Unanswered {
        prop_assert!(response.body.is_empty());
    } else {
        prop_assert!((200..600).contains(&response.status), "{}", response.status);
    }
    let mut times = vec![0.0, response.after_ms];
    times.extend(response.body.iter().map(|piece| piece.after_ms));
    times.push(response.end_after_ms);
    prop_assert!(
        times.iter().all(|time| time.is_finite()) && times.is_sorted(),
        "{times:?}"
    );
    prop_assert!(response.body.iter().all(|piece| !piece.bytes.is_empty()));
    let text = String::from_utf8(response.bytes());
    prop_assert!(text.is_ok(), "a server writes UTF-8");
    match response.header("content-type") {
        Some("application/json; charset=utf-8") if !response.body.is_empty() => {
            prop_assert!(serde_json::from_str::<Value>(&text.unwrap()).is_ok());
            let length = response
                .header("content-length")
                .and_then(|length| length.parse().ok());
            prop_assert_eq!(length, Some(response.bytes().len()));
        }
        Some("text/event-stream") => prop_assert!(text.unwrap().ends_with("\n\n")),
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_requests_in_any_order_are_answered(
        options in options(),
        requests in prop::collection::vec((request(), 0.0..70_000.0_f64), 1..8),
    ) {
        let mut world = World::new(options);
        world.session(SESSION, &json!({}), &json!({}));
        let mut turns = Vec::new();
        for (request, pause) in requests {
            world.pass(pause);
            let response = world.sandbox.handle(&request, world.now);
            can_be_carried(&response)?;
            turns.extend(response.turn.map(|turn| (turn, response, world.now)));
            for (turn, promised, arrived) in &turns {
                let Some(instead) = world.sandbox.overtaken(*turn) else { continue };
                can_be_carried(&instead)?;
                // What has happened already must have happened in both.
                let passed = world.now - arrived;
                let past = |response: &Response| {
                    response.body.iter().filter(|piece| piece.after_ms < passed).cloned().collect::<Vec<_>>()
                };
                prop_assert_eq!(past(promised), past(&instead));
            }
        }
    }

    #[test]
    fn any_time_is_survived(now in prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(T0)], request in request()) {
        let mut world = World::new(support::echo());
        can_be_carried(&world.sandbox.handle(&request, now))?;
    }
}
