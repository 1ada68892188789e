//! The boundary itself, in Node and in Chromium: what JavaScript hands in, and what it reads out of the table with the
//! same `memory.js` that the package has.

use js_sys::{Array, Function, JSON, Object, Reflect};
use tsify::Ts;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use super::connection::Connection;
use super::events::read_events;
use super::input;
use super::machine::Machine;
use super::table::Table;
use crate::backend::{Direction, Edge};
use crate::error::ErrorKind;
use crate::json::pieces::Pieces;
use crate::json::skim::Alike;
use crate::json::{Json, shared, write};
use crate::model::{Author, Message, PageEnd, Reply, ReplyEvent, Role, ToolCall, ToolResult};
use crate::operation::{Outcome, Sink};
use crate::text::Text;
use crate::word::Word;

// `memory.js` imports it, and only what is named here is there.
#[wasm_bindgen(module = "/src/js/message.js")]
extern "C" {
    #[wasm_bindgen(js_name = message)]
    #[allow(dead_code)]
    fn message_of(pieces: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/memory.js")]
extern "C" {
    type Memory;

    #[wasm_bindgen(constructor)]
    fn new(memory: JsValue) -> Memory;

    type Window;

    #[wasm_bindgen(constructor)]
    fn new(memory: &Memory, address: *const u32) -> Window;

    #[wasm_bindgen(method)]
    fn take(this: &Window, into: &JsValue);

    #[wasm_bindgen(method)]
    fn put(this: &Window, chunk: &[u8]) -> bool;
}

fn window(address: *const u32) -> Window {
    Window::new(&Memory::new(wasm_bindgen::memory()), address)
}

/// Where JavaScript looks for what is in a table.
fn place(table: &Table) -> [u32; 9] {
    let mut place = [0; 9];
    place[2..8].copy_from_slice(&table.place());
    place
}

/// Everything that JavaScript reads out of a table, as JSON: a list of [method, arguments…].
fn taken(window: &Window) -> String {
    let into = JSON::parse("{}").unwrap();
    let calls = Array::new();
    for method in ["value", "page", "event", "comment", "resume"] {
        let push = Function::new_with_args(
            "calls",
            &format!("return (...given) => calls.push([{method:?}, ...given])"),
        );
        let push = push.call1(&JsValue::NULL, &calls).unwrap();
        Reflect::set(&into, &method.into(), &push).unwrap();
    }
    window.take(&into);
    JSON::stringify(&calls).unwrap().into()
}

fn object(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

fn script(code: &str) -> JsValue {
    Function::new_no_args(code).call0(&JsValue::NULL).unwrap()
}

fn message() -> Message {
    let mut half = Text::from("x");
    half.push_unit(0xD83D);
    Message {
        id: "é😀".into(),
        role: Role::Assistant,
        text: half,
        created_at: Some("2026-11-21T19:26:24.581Z".into()),
        timestamp: Some(1795289184581.5),
        author: Some(Author {
            id: Some("a".into()),
            name: None,
        }),
        tool_call: None,
        tool_result: None,
        citations: Some(Json::parse("[1.50]").unwrap()),
        sources: None,
        complete: true,
        client_message_id: Some("mine".into()),
        metadata: Some(Json::parse(r#"{"__proto__":{"x":1},"n":null}"#).unwrap()),
        raw: Json::parse(r#"{"id":1}"#).unwrap(),
    }
}

#[wasm_bindgen_test]
fn a_message_arrives_with_every_field_in_its_place() {
    let mut table = Table::default();
    table.put(Outcome::Message(message()));
    table.put(Outcome::Page(PageEnd::default()));
    let expected = concat!(
        r#"[["value",{"id":"é😀","role":"assistant","text":"x\ud83d","#,
        r#""createdAt":"2026-11-21T19:26:24.581Z","timestamp":1795289184581.5,"author":{"id":"a"},"#,
        r#""complete":true,"citations":[1.5],"clientMessageId":"mine","metadata":{"__proto__":{"x":1},"n":null},"raw":{"id":1}}],"#,
        r#"["page",{"hasMore":false,"cursors":{}}]]"#
    );
    assert_eq!(taken(&window(place(&table).as_ptr())), expected);
}

#[wasm_bindgen_test]
fn a_message_through_the_table_is_the_same_as_one_through_json() {
    let mut table = Table::default();
    table.put(Outcome::Message(message()));
    let JsonOrder(through_table) = JsonOrder::of(&taken(&window(place(&table).as_ptr())));
    let JsonOrder(through_json) =
        JsonOrder::of(&format!("[[\"value\",{}]]", write::text(&message())));
    assert_eq!(through_table, through_json);
}

#[wasm_bindgen_test]
fn a_reply_through_the_table_is_the_same_as_one_through_json() {
    let mut half = Text::from("x");
    half.push_unit(0xD83D);
    let other = Json::parse(r#"{"id":2}"#).unwrap();
    let none = None::<Json>;
    let list = Json::parse("[1.50]").ok();
    for (raw, citations, thinking) in [(message().raw, &none, None), (other, &list, Some(half))] {
        let reply = Reply {
            message: message(),
            citations: citations.clone(),
            sources: None,
            usage: citations.clone(),
            thinking,
            raw,
        };
        let written = write::text(&reply);
        let mut table = Table::default();
        table.put(Outcome::Event(ReplyEvent::Done {
            reply: Box::new(reply.clone()),
        }));
        table.put(Outcome::Reply(Box::new(reply)));
        let JsonOrder(through_table) = JsonOrder::of(&taken(&window(place(&table).as_ptr())));
        let expected =
            format!(r#"[["value",{{"type":"done","reply":{written}}}],["value",{written}]]"#);
        assert_eq!(through_table, JsonOrder::of(&expected).0);
    }
}

#[wasm_bindgen_test]
fn every_message_of_a_page_has_the_arguments_and_the_result_of_its_own_tool() {
    let half = r#""\ud83d""#;
    let values = [r#"{"n":1}"#, "\"a b\"", half, "[]", "7", "null", "\"é\""].map(Json::parse);
    let all = [None].into_iter().chain(values.map(Result::ok));
    let message = |given: Option<Json>, found: Option<Json>| Message {
        tool_call: given.map(|arguments| ToolCall {
            id: None,
            name: None,
            arguments: Some(arguments),
        }),
        tool_result: Some(ToolResult {
            id: None,
            name: None,
            result: found,
        }),
        ..message()
    };
    let messages: Vec<Message> = all
        .clone()
        .flat_map(|given| all.clone().map(move |found| message(given.clone(), found)))
        .collect();
    let written: Vec<String> = messages
        .iter()
        .map(|message| format!("[\"value\",{}]", write::text(message)))
        .collect();
    let expected = JsonOrder::of(&format!("[{}]", written.join(","))).0;
    let mut page = Table::default();
    page.messages(messages.clone());
    let mut single = Table::default();
    for message in messages {
        single.put(Outcome::Message(message));
    }
    for table in [page, single] {
        let JsonOrder(told) = JsonOrder::of(&taken(&window(place(&table).as_ptr())));
        assert_eq!(told, expected);
    }
}

/// A JSON text with the fields of its objects sorted.
struct JsonOrder(String);

impl JsonOrder {
    fn of(json: &str) -> Self {
        let sort = "const sort = (v) => Array.isArray(v) ? v.map(sort) : v && typeof v === 'object' \
                    ? Object.entries(v).sort().map(([k, x]) => [k, sort(x)]) : v; return JSON.stringify(sort(JSON.parse(json)));";
        let sorted = Function::new_with_args("json", sort)
            .call1(&JsValue::NULL, &json.into())
            .unwrap();
        JsonOrder(sorted.as_string().unwrap())
    }
}

#[wasm_bindgen_test]
fn half_a_character_and_its_other_half_arrive_as_javascript_has_them() {
    let mut table = Table::default();
    for unit in [0xD83D, 0xDE00] {
        let mut half = Text::default();
        half.push_unit(unit);
        table.put(Outcome::Event(ReplyEvent::Content { delta: half }));
    }
    table.put(Outcome::Event(ReplyEvent::Content {
        delta: Text::from("é😀\u{FEFF}"),
    }));
    let expected = r#"[["value",{"type":"content","delta":"\ud83d"}],["value",{"type":"content","delta":"\ude00"}],["value",{"type":"content","delta":"é😀"#;
    assert_eq!(
        taken(&window(place(&table).as_ptr())),
        format!("{expected}\u{FEFF}\"}}]]")
    );
}

#[wasm_bindgen_test]
fn metadata_and_raw_are_seen_by_spread_and_by_structured_clone() {
    let mut table = Table::default();
    table.put(Outcome::Message(message()));
    let into = script("return { value(message) { this.message = message } }");
    window(place(&table).as_ptr()).take(&into);
    let seen = Function::new_with_args(
        "into",
        "const { message } = into; const copy = structuredClone(message); \
         return JSON.stringify([{ ...message }.raw, copy.raw, Object.hasOwn(copy.metadata, '__proto__'), message.raw === message.raw]);",
    );
    let seen = seen.call1(&JsValue::NULL, &into).unwrap();
    assert_eq!(
        seen.as_string().unwrap(),
        r#"[{"id":1},{"id":1},true,true]"#
    );
}

#[wasm_bindgen_test]
fn a_message_is_a_plain_object_also_behind_a_proxy_and_as_a_prototype() {
    let into = given(&message());
    let seen = Function::new_with_args(
        "into",
        "const { message } = into; const reactive = new Proxy(message, { get: Reflect.get }); \
         return JSON.stringify([Object.getPrototypeOf(message) === Object.prototype, Object.keys(message).at(-1), \
         reactive.raw, reactive.metadata.n, Object.create(message).raw === message.raw]);",
    );
    let seen = seen.call1(&JsValue::NULL, &into).unwrap();
    assert_eq!(
        seen.as_string().unwrap(),
        r#"[true,"raw",{"id":1},null,true]"#
    );
}

#[wasm_bindgen_test]
fn what_stands_in_the_body_of_an_answer_outlives_it() {
    let body = Word::from(r#"{"messages":[{"x":"é"},{"x":2}]}"#.to_owned());
    let rows = shared(&body, |reader| {
        let mut rows = Vec::new();
        reader.object(|reader, _| {
            reader.array(|reader| {
                rows.push(reader.json()?);
                Ok(())
            })
        })?;
        Ok(rows)
    });
    drop(body);
    let [first, second] = <[Json; 2]>::try_from(rows.unwrap()).unwrap();
    let into = given(&Message {
        metadata: Some(first),
        raw: second,
        ..message()
    });
    let seen = Function::new_with_args(
        "into",
        "return JSON.stringify([into.message.metadata, into.message.raw])",
    );
    let seen = seen.call1(&JsValue::NULL, &into).unwrap();
    assert_eq!(seen.as_string().unwrap(), r#"[{"x":"é"},{"x":2}]"#);
}

/// What JavaScript is given for a message, as its `message`. The memory is written over before anybody looks at it.
fn given(message: &Message) -> JsValue {
    let mut table = Table::default();
    table.put(Outcome::Message(message.clone()));
    let into = script("return { value(message) { this.message = message } }");
    window(place(&table).as_ptr()).take(&into);
    into
}

#[wasm_bindgen_test]
fn events_are_read_out_of_bytes_that_javascript_put_in() {
    let mut machine = read_events(Some(Ts::new_unchecked(script(
        "return { onComment() {}, lastEventId: 'before' }",
    ))));
    assert_eq!(machine.begin(0.0), 1);
    let bytes = "retry: 5\n:hello\ndata: é\n\nid: 7\nevent: b\ndata: x\n\n".as_bytes();
    let window = window(machine.window());
    assert!(!window.put(bytes));
    machine.space(bytes.len());
    assert!(window.put(bytes));
    assert_eq!(machine.bytes(0.0, bytes.len()), 1);
    let expected = r#"[["comment","hello"],["event","message","é",null],["event","b","x","7"],["resume","7",5]]"#;
    assert_eq!(taken(&window), expected);
    assert_eq!(machine.end(0.0), 4);
}

#[wasm_bindgen_test]
fn a_text_of_any_length_arrives_as_it_is_wherever_it_is_not_ascii() {
    for other in ["é", "你好", "😀", "naïve 😀 你好, naïve 😀 你好"] {
        for length in [0, 1, 9, 250, 600, 5000] {
            let ascii = "a".repeat(length);
            let text = [&ascii, other, &ascii, other, other, &ascii].concat();
            let mut table = Table::default();
            table.frame(other.as_bytes(), text.as_bytes(), Some(&text));
            table.frame(b"", text.as_bytes(), None);
            let place = place(&table);
            let calls = JSON::parse(&taken(&window(place.as_ptr()))).unwrap();
            let expected = format!(
                r#"[["event","{other}","{text}","{text}"],["event","message","{text}",null]]"#
            );
            assert_eq!(JSON::stringify(&calls).unwrap(), expected);
        }
    }
}

#[wasm_bindgen_test]
fn the_pieces_of_an_answer_arrive_one_by_one() {
    let texts = [
        "a",
        "",
        "né",
        "plain and longer than sixteen",
        "b",
        "😀",
        "c",
    ];
    let (mut pieces, mut table) = (Pieces::default(), Table::default());
    for text in texts {
        let event = format!(r#"{{"chunk":"{text}","index":1}}"#);
        let (written, _) = Alike::default()
            .take(event.as_bytes(), "chunk", &|_, _, _| true)
            .unwrap();
        assert!(pieces.push(written));
    }
    table.contents(&pieces);
    let place = place(&table);
    let event = |text| format!(r#"["value",{{"type":"content","delta":"{text}"}}]"#);
    let expected = format!("[{}]", texts.map(event).join(","));
    assert_eq!(taken(&window(place.as_ptr())), expected);
}

fn connection(options: &str) -> Result<Connection, String> {
    Connection::new(
        Ts::new_unchecked(script(&format!("return {options}"))),
        None,
    )
}

fn error_of(machine: &mut Machine) -> String {
    assert_eq!(machine.begin(0.0), 5, "the operation did not fail");
    machine.error().unwrap()
}

#[wasm_bindgen_test]
fn options_that_cannot_work_are_named_and_the_key_is_not() {
    for (options, word) in [
        ("{}", "backend"),
        ("undefined", "connect"),
        ("{ backend: 'other' }", "other"),
        ("{ backend: 'eliza' }", "baseUrl"),
        ("{ backend: 'eliza', baseUrl: 5 }", "string"),
        (
            "{ backend: 'eliza', baseUrl: 'http://x', timeout: 'soon' }",
            "soon",
        ),
        (
            "{ backend: 'eliza', baseUrl: 'http://x', apiKey: 5 }",
            "apiKey",
        ),
        (
            "{ backend: 'eliza', baseUrl: 'http://x', fetch: {} }",
            "fetch",
        ),
        (
            "{ backend: 'eliza', baseUrl: 'http://x', apiKey: 's3cret', headers: { 'x-a': 's3cret\\n' } }",
            "x-a",
        ),
    ] {
        let error = connection(options).map(|_| ()).unwrap_err();
        assert!(
            error.contains(r#""kind":"config""#) && error.contains(word),
            "{options}: {error}"
        );
        assert!(!error.contains("s3cret"), "{error}");
        assert!(!error.contains("agentline::"), "{error}");
    }
}

#[wasm_bindgen_test]
fn a_request_is_the_one_that_the_backend_asked_for() {
    let connection =
        connection("{ backend: 'eliza', baseUrl: 'http://server/', headers: { 'X-Own': 'yes' } }")
            .unwrap();
    let message =
        script("return { text: 'half \\ud83d', metadata: { a: [1, null], date: new Date(0) } }");
    let mut machine = connection.send_message("../a".into(), message, true, None, &[0; 16]);
    assert_eq!(machine.begin(0.0), 0);
    let request = machine.request(Some("k3y".into()), true).unwrap();
    let request: web_sys::Request = request.unchecked_into();
    assert_eq!(
        request.url(),
        "http://server/api/messaging/sessions/..%2Fa/messages"
    );
    assert_eq!(request.method(), "POST");
    assert_eq!(request.redirect(), web_sys::RequestRedirect::Manual);
    assert_eq!(request.credentials(), web_sys::RequestCredentials::Omit);
    let header = |name: &str| request.headers().get(name).unwrap();
    assert_eq!(header("x-api-key").as_deref(), Some("k3y"));
    assert_eq!(header("x-own").as_deref(), Some("yes"));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
}

#[wasm_bindgen_test]
fn what_a_request_is_made_of_makes_the_same_request() {
    let connection =
        connection("{ backend: 'eliza', baseUrl: 'http://server', headers: { 'X-Own': 'yes' } }")
            .unwrap();
    let mut machine = connection.send_message("a".into(), "text".into(), true, None, &[0; 16]);
    assert_eq!(machine.begin(0.0), 0);
    let made = machine.request(Some("k3y".into()), true).unwrap();
    let made: web_sys::Request = made.unchecked_into();
    let parts = machine.request(Some("k3y".into()), false).unwrap();
    let url = Reflect::get(&parts, &"url".into()).unwrap();
    assert_eq!(url.as_string(), Some(made.url()));
    let parts = parts.unchecked_into();
    let same = web_sys::Request::new_with_str_and_init(&made.url(), &parts).unwrap();
    assert_eq!(same.method(), made.method());
    assert_eq!(same.redirect(), made.redirect());
    assert_eq!(same.credentials(), made.credentials());
    let headers = |request: &web_sys::Request| {
        let pairs = Array::from(&request.headers()).to_vec();
        let text = |pair: JsValue| String::from(Array::from(&pair).join(":"));
        pairs.into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(headers(&same), headers(&made));
}

#[wasm_bindgen_test]
fn an_address_of_which_the_platform_makes_no_request_is_told() {
    let connection = connection("{ backend: 'eliza', baseUrl: 'http://[' }").unwrap();
    for made in [true, false] {
        let mut machine = connection.get_session("a".into(), None);
        assert_eq!(machine.begin(0.0), 0);
        assert!(machine.request(None, made).is_none());
        let error = machine.error().unwrap();
        assert!(error.contains("`baseUrl` is no address"), "{error}");
    }
}

#[wasm_bindgen_test]
fn a_user_without_an_id_gets_one_of_his_own() {
    let user = || {
        let connection = connection("{ backend: 'eliza', baseUrl: 'http://server' }").unwrap();
        let input = Ts::new_unchecked(script("return { agentId: 'a' }"));
        let mut machine = connection.create_session(Some(input), None);
        assert_eq!(machine.begin(0.0), 0);
        let parts = machine.request(None, false).unwrap();
        let body = Reflect::get(&parts, &"body".into()).unwrap();
        let body = body.as_string().unwrap();
        let (_, id) = body.split_once("\"userId\":\"").unwrap();
        id.get(..36).unwrap().to_owned()
    };
    assert_ne!(user(), user());
}

#[wasm_bindgen_test]
fn half_a_character_and_free_form_json_go_out_as_json_stringify_writes_them() {
    let message = script(
        "return { text: 'half \\ud83d', metadata: { a: [1, null], date: new Date(0), u: undefined } }",
    );
    let (message, _) = input::message(message).unwrap();
    assert_eq!(Json::from(&message.text).as_str(), r#""half \ud83d""#);
    assert_eq!(
        message.metadata.unwrap().as_str(),
        r#"{"a":[1,null],"date":"1970-01-01T00:00:00.000Z"}"#
    );
    for bad in [
        "{ text: 5 }",
        "{}",
        "null",
        "undefined",
        "5",
        "{ text: 'a', metadata: [] }",
        "{ text: 'a', metadata: { n: 1n } }",
    ] {
        let error = input::message(script(&format!("return {bad}"))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{bad}");
    }
    let circular = script("const a = {}; a.a = a; return { text: 'a', metadata: a }");
    assert_eq!(
        input::message(circular).unwrap_err().kind,
        ErrorKind::Invalid
    );
}

#[wasm_bindgen_test]
fn points_in_time_and_cursors_are_told_apart() {
    let range =
        |query: &str| input::range(Some(Ts::new_unchecked(script(&format!("return {query}")))));
    for query in [
        "{ before: 1e3 }",
        "{ before: new Date(1000) }",
        "{ before: '1970-01-01T00:00:01Z' }",
    ] {
        assert_eq!(
            range(query).unwrap().0.before,
            Some(Edge::Time(1000.0)),
            "{query}"
        );
    }
    assert_eq!(
        range("{ after: 'a5:x' }").unwrap().0.after,
        Some(Edge::Cursor("a5:x".into()))
    );
    let (all, direction) = range("undefined").unwrap();
    assert_eq!((all.limit, all.before, direction), (50, None, None));
    let (_, direction) = range("{ direction: 'forward' }").unwrap();
    assert_eq!(direction, Some(Direction::Forward));
    for query in [
        "{ limit: 0 }",
        "{ limit: 1.5 }",
        "{ limit: '5' }",
        "{ before: NaN }",
        "{ before: {} }",
        "{ after: new Date('never') }",
        "{ direction: 'up' }",
    ] {
        assert_eq!(
            range(query).unwrap_err().kind,
            ErrorKind::Invalid,
            "{query}"
        );
    }
}

#[wasm_bindgen_test]
fn what_no_server_could_answer_fails_without_a_request() {
    let connection = connection("{ backend: 'eliza', baseUrl: 'http://server' }").unwrap();
    for (machine, kind) in [
        (
            &mut connection.get_session(JsValue::UNDEFINED, None),
            "invalid",
        ),
        (&mut connection.get_session("..".into(), None), "invalid"),
        (
            &mut connection.cancel_session("a".into(), None),
            "unsupported",
        ),
        (&mut connection.create_session(None, None), "invalid"),
        (
            &mut connection.create_session(
                Some(Ts::new_unchecked(object(r#"{"agentId":"a","prompt":"b"}"#))),
                None,
            ),
            "unsupported",
        ),
        (
            &mut connection.get_session(
                "a".into(),
                Some(Ts::new_unchecked(object(r#"{"timeout":-1}"#))),
            ),
            "config",
        ),
    ] {
        let error = error_of(machine);
        assert!(error.contains(&format!(r#""kind":"{kind}""#)), "{error}");
        assert!(error.contains(r#""backend":"eliza""#), "{error}");
    }
}

#[wasm_bindgen_test]
fn capabilities_are_an_object_with_every_field() {
    let connection = connection("{ backend: 'eliza', baseUrl: 'http://server' }").unwrap();
    let capabilities: Object = object(&connection.capabilities()).unchecked_into();
    assert_eq!(Object::keys(&capabilities).length(), 12);
}
