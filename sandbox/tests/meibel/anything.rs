//! Whatever is asked, there is an answer that can be carried: never a panic.

use super::world::{T0, World, options};
use agentline_sandbox::meibel::switches::Switches;
use agentline_sandbox::meibel::{AGENT_ID, AGENT_NAME, Options as MeibelOptions};
use agentline_sandbox::{Agents, End, Options, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

fn switch() -> impl Strategy<Value = String> {
    let known = [
        "style=guide",
        "style=legacy",
        "partials=delta",
        "sentinel=yes",
        "error=content",
        "error=text",
        "end=short",
        "end=cut",
        "end=late",
        "end=unfinished",
        "end=unanswered",
        "newline=crlf",
        "newline=cr",
        "bom=yes",
        "framing=tight",
        "framing=multiline",
        "pings=all",
        "pings=none",
        "ping_ms=7",
        "characters=escaped",
        "stamps=naive",
        "stamps=offset",
        "result=null",
        "result=array",
        "rows=role",
        "rows=log",
        "instead=json",
        "instead=html",
        "status=FAILED",
        "fail=307",
        "fail=429",
        "fail=500",
        "fail=422",
        "body=nested",
        "body=html",
        "body=empty",
        "retry_after=0",
    ];
    prop_oneof![
        8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-z_]{0,6}=[a-z0-9]{0,6}",
    ]
}

fn said() -> impl Strategy<Value = String> {
    let words = "(say|stream|repeat|wait|cutwait|ignore|silent|empty|throw|throwmid|act|acts|cite|files|asked|hello)( -?[0-9a-z.]{0,9}){0,3} .{0,20}";
    (
        prop::collection::vec(switch(), 0..4),
        prop_oneof![words, ".{0,30}"],
    )
        .prop_map(|(switches, text)| (switches.join(" ") + " " + &text).trim_start().to_owned())
}

fn path(id: String) -> impl Strategy<Value = String> {
    let fixed = [
        format!("/v2/agents/{AGENT_ID}/sessions"),
        format!("/v2/agents/name/{AGENT_NAME}/sessions"),
        format!("/v2/sessions/{id}"),
        format!("/v2/sessions/{id}/"),
        format!("/v2/sessions/{id}/messages"),
        format!("/v2/sessions/{id}/chat"),
        format!("/v2/sessions/{id}/chat/stream"),
        format!("/v2/sessions/{id}/chat/stream"),
    ];
    let query = "offset=-?[0-9]{0,25}|limit=[0-9a-z.]{0,25}|sort_by=(status|start_time|x)|sort_order=(asc|desc)|status=[A-Z]{0,9}|.{0,9}";
    let list = prop::collection::vec(query, 0..4)
        .prop_map(|query| format!("/v2/agents/{AGENT_ID}/sessions?{}", query.join("&")));
    prop_oneof![
        8 => proptest::sample::select(fixed.to_vec()),
        2 => list,
        1 => "/v2/[/%?&=a-fA-F0-9é]{0,40}",
        1 => Just("/v2".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!({"a": [1, "b"]})),
    ]
}

fn body() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let chat = (said(), value(), value()).prop_map(|(said, timeout, thinking)| {
        let body =
            json!({"user_message": said, "timeout_seconds": timeout, "include_thinking": thinking});
        ("application/json", body.to_string().into_bytes())
    });
    let plain = (said(), "[0-9a-z]{0,3}").prop_map(|(said, timeout)| {
        let said: String = said.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let body = format!("user_message={said}&timeout_seconds={timeout}");
        ("application/x-www-form-urlencoded", body.into_bytes())
    });
    let create = (value(), value(), value()).prop_map(|(prompt, context, wait)| {
        let body = json!({"prompt": prompt, "initial_context": context, "message_wait_timeout_seconds": wait});
        ("application/json", body.to_string().into_bytes())
    });
    let file = (said(), ".{0,12}", any::<Vec<u8>>(), any::<prop::sample::Index>()).prop_map(
        |(said, name, content, cut)| {
            let mut body = format!(
                "--B\r\nContent-Disposition: form-data; name=\"user_message\"\r\n\r\n{said}\r\n--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
            )
            .into_bytes();
            body.extend(content);
            body.extend(b"\r\n--B--\r\n");
            let cut = cut.index(body.len() * 4);
            body.truncate(cut.max(1));
            ("multipart/form-data; boundary=B", body)
        },
    );
    let kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=B",
        "multipart/form-data; boundary",
        "text/plain",
        "",
    ];
    let junk = (
        proptest::sample::select(kinds.to_vec()),
        prop::collection::vec(any::<u8>(), 0..60),
    );
    prop_oneof![3 => chat, 4 => plain, 2 => create, 3 => file, 2 => junk]
}

fn carried(response: &Response) -> Result<(), TestCaseError> {
    if response.end == End::Unanswered {
        prop_assert!(response.body.is_empty());
    }
    prop_assert!((200..600).contains(&response.status));
    let mut times = vec![0.0, response.after_ms];
    times.extend(response.body.iter().map(|piece| piece.after_ms));
    times.push(response.end_after_ms);
    prop_assert!(
        times.iter().all(|time| time.is_finite()) && times.is_sorted(),
        "{times:?}"
    );
    prop_assert!(response.body.iter().all(|piece| !piece.bytes.is_empty()));
    let visible = |text: &str| !text.contains(['\r', '\n']);
    prop_assert!(
        response
            .headers
            .iter()
            .all(|(name, value)| visible(name) && visible(value))
    );
    if response.end == End::Clean && response.header("content-type") == Some("application/json") {
        let bytes = response.bytes();
        prop_assert!(bytes.is_empty() || serde_json::from_slice::<Value>(&bytes).is_ok());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_requests_in_any_order_are_answered(
        seed in any::<u64>(),
        talks in any::<bool>(),
        words in prop::collection::vec(switch(), 0..3),
        asked in prop::collection::vec(
            ("GET|POST|POST|POST|DELETE|HEAD|OPTIONS", any::<prop::sample::Index>(), body(), 0.0..70_000.0_f64), 1..8),
        paths in prop::collection::vec(path("SESSION".into()), 8),
    ) {
        let mut switches = Switches::default();
        for word in words {
            let _ = switches.turn(&word);
        }
        // Where everything fails there is no session to begin with.
        switches.fail = None;
        let agents = if talks { Agents::Conversation } else { Agents::Echo };
        let meibel = MeibelOptions { switches, ..MeibelOptions::default() };
        let (mut world, id) = World::with_session(Options { seed, agents, meibel, ..options() });
        for (method, at, (kind, body), pause) in asked {
            world.pass(pause);
            let path = at.get(&paths).replace("SESSION", &id);
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let request = Request { method, path_and_query: path, headers, body };
            carried(&world.sandbox.handle(&request, world.now))?;
        }
        // What all this left behind can be read.
        prop_assert_eq!(world.get(&format!("/v2/sessions/{id}/messages")).status, 200);
        prop_assert_eq!(world.get(&format!("/v2/sessions/{id}")).status, 200);
    }

    #[test]
    fn any_time_is_survived(now in prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(T0)], said in said()) {
        let mut world = World::new(options());
        world.now = now;
        let id = world.create();
        carried(&world.stream(&id, &said))?;
        carried(&world.get(&format!("/v2/sessions/{id}")))?;
    }
}
