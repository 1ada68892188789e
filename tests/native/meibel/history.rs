//! Histories: every form of a row, ids that stay, pages cut by the client.

use agentline::backend::{Direction, Edge};
use agentline::error::ErrorKind;
use agentline::model::{Message, Role};

use super::{SESSION, client, fixture};
use crate::support::client::range;
use crate::support::drive::{Answer, Run, run};
use crate::support::script::Script;
use crate::support::units::parse;

fn page(body: &str) -> Run {
    let answer = Answer::json(200, body);
    run(
        &mut Script::of([answer]),
        client().page(SESSION, &range(100, None, None)),
    )
}

#[track_caller]
fn rows(body: &str) -> Vec<Message> {
    let page = page(body);
    assert_eq!(page.error, None, "{body}");
    page.messages().into_iter().cloned().collect()
}

/// One row, as the only one of a history.
#[track_caller]
fn row(row: &str) -> Message {
    rows(&format!("{{\"messages\":[{row}]}}")).remove(0)
}

fn ids(rows: &[Message]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

#[test]
fn f12_a_history_has_its_turns_and_its_tools_in_order() {
    let rows = rows(&fixture("r05_messages.json"));
    assert_eq!(
        ids(&rows),
        [
            "9f1c",
            "call_1:tool_call",
            "call_1:tool_result",
            "9f1c:assistant"
        ]
    );
    let roles: Vec<Role> = rows.iter().map(|row| row.role).collect();
    assert_eq!(roles, [Role::User, Role::Tool, Role::Tool, Role::Assistant]);
    assert_eq!(rows[0].text.as_str(), Some("hi"));
    assert_eq!(rows[0].timestamp, Some(1_784_714_400_000.0));
    assert_eq!(rows[0].created_at.as_deref(), Some("2026-07-22T10:00:00Z"));
    let call = rows[1].tool_call.as_ref().unwrap();
    assert_eq!(
        (call.id.as_deref(), call.name.as_deref()),
        (Some("call_1"), Some("rag_search"))
    );
    assert!(
        call.arguments
            .as_ref()
            .unwrap()
            .as_str()
            .contains("\"top_k\": 5")
    );
    assert_eq!(rows[1].tool_result, None);
    assert_eq!(
        (rows[2].text.as_str(), &rows[2].tool_call),
        (Some(""), &None)
    );
    let result = rows[2].tool_result.as_ref().unwrap();
    assert_eq!(result.result.as_ref().unwrap().as_str(), "\"3 hits\"");
    assert_eq!(rows[3].text.as_str(), Some("Revenue grew 12% [1]."));
}

#[test]
fn row_11_a_result_is_any_json() {
    let rows = rows(&fixture("r06_messages_result_object.json"));
    let result = rows[2]
        .tool_result
        .as_ref()
        .unwrap()
        .result
        .as_ref()
        .unwrap();
    let compact: String = result.as_str().split_whitespace().collect();
    assert_eq!(compact, r#"{"hits":3,"rows":[{"a":1}]}"#);
    for json in [
        "7",
        "1.50",
        "true",
        "[null]",
        "\"\"",
        "12345678901234567890",
    ] {
        let row = row(&format!(
            r#"{{"type":"tool_result","tool_id":"t","result":{json}}}"#
        ));
        assert_eq!(row.tool_result.unwrap().result.unwrap().as_str(), json);
    }
}

#[test]
fn a_result_that_is_null_is_told_from_one_that_is_not_there() {
    let result = |json: &str| row(json).tool_result.unwrap().result;
    let null = result(r#"{"type":"tool_result","tool_id":"t","result":null}"#);
    assert_eq!(null.unwrap().as_str(), "null");
    assert_eq!(result(r#"{"type":"tool_result","tool_id":"t"}"#), None);
}

#[test]
fn row_12_arguments_in_a_string_are_read_and_what_is_no_json_stays_a_string() {
    for (given, wanted) in [
        (r#"{"a": 1.50}"#, r#"{"a": 1.50}"#),
        (r#""{\"a\":[1,\"\\ud83d\"]}""#, r#"{"a":[1,"\ud83d"]}"#),
        (r#"" [1] ""#, "[1]"),
        (r#""{broken""#, r#""{broken""#),
        (r#""5""#, r#""5""#),
        (r#""\ud83d""#, r#""\ud83d""#),
    ] {
        let row = row(&format!(
            r#"{{"type":"tool_call","tool_id":"t","arguments":{given}}}"#
        ));
        assert!(row.raw.as_str().contains(given), "what came stays in raw");
        let call = row.tool_call.unwrap();
        assert_eq!(call.arguments.unwrap().as_str(), wanted);
    }
}

#[test]
fn row_10_every_alias_of_a_type_is_known_and_role_stands_in_for_it() {
    let classes = [
        (Role::User, "user human user_message user_input input"),
        (
            Role::Assistant,
            "assistant agent ai model assistant_message assistant_response agent_output completion message",
        ),
        (
            Role::Tool,
            "tool_call tool_use function_call tool_result tool_response function_result tool",
        ),
        (Role::System, "system"),
        (Role::Unknown, "agent_thinking note"),
    ];
    for (role, words) in classes {
        for word in words.split(' ') {
            for word in [word.to_owned(), word.to_ascii_uppercase()] {
                for key in ["type", "role"] {
                    let found = row(&format!(r#"{{"{key}":"{word}","message":"m"}}"#));
                    assert_eq!(
                        (found.role, found.text.as_str()),
                        (role, Some("m")),
                        "{key} {word}"
                    );
                }
            }
        }
    }
    assert_eq!(
        row(r#"{"type":"user","role":"assistant"}"#).role,
        Role::User
    );
    assert_eq!(
        row(r#"{"type":null,"role":"assistant"}"#).role,
        Role::Assistant
    );
}

#[test]
fn a_row_of_an_unknown_type_is_known_by_its_fields() {
    let parts = |json: &str| {
        let row = row(json);
        (row.role, row.tool_call.is_some(), row.tool_result.is_some())
    };
    let tool = Role::Tool;
    assert_eq!(
        parts(r#"{"type":"agent_tool_usage","tool_id":"t","result":"x"}"#),
        (tool, false, true)
    );
    assert_eq!(
        parts(r#"{"tool_id":"t","tool_name":"n","result":{"a":1}}"#),
        (tool, false, true)
    );
    assert_eq!(
        parts(r#"{"type":"new","tool_name":"n"}"#),
        (tool, true, false)
    );
    assert_eq!(
        parts(r#"{"type":"new","arguments":{}}"#),
        (tool, true, false)
    );
    assert_eq!(
        parts(r#"{"tool_id":"t","result":null,"message":"m"}"#),
        (Role::Unknown, false, false)
    );
    assert_eq!(parts(r#"{"type":7}"#), (Role::Unknown, false, false));
    assert_eq!(parts("{}"), (Role::Unknown, false, false));
}

#[test]
fn a_row_that_is_a_call_and_its_result_is_both() {
    for sort in [r#""type":"tool_call","#, r#""type":"tool","#, ""] {
        let row = row(&format!(
            r#"{{{sort}"tool_id":"t","tool_name":"n","arguments":{{"q":1}},"result":[2]}}"#
        ));
        assert_eq!(row.role, Role::Tool);
        assert_eq!(
            row.tool_call.unwrap().arguments.unwrap().as_str(),
            r#"{"q":1}"#
        );
        assert_eq!(row.tool_result.unwrap().result.unwrap().as_str(), "[2]");
    }
}

#[test]
fn f14_row_25_a_row_of_nothing_but_a_type_is_a_row_and_null_is_nothing() {
    let smallest = rows(&fixture("r07_messages_minimal.json")).remove(0);
    let nulls = row(
        r#"{"type":"user","timestamp":null,"message":null,"signal_id":null,"tool_id":null,"tool_name":null,"arguments":null,"result":null}"#,
    );
    for row in [smallest, nulls] {
        assert_eq!((row.role, row.text.as_str()), (Role::User, Some("")));
        assert_eq!((row.created_at, row.timestamp), (None, None));
        assert_eq!((row.tool_call, row.tool_result), (None, None));
        assert_eq!(row.id, "1:user");
    }
}

#[test]
fn row_13_a_stamp_stays_as_it_is_and_is_a_point_in_time_only_with_a_zone() {
    for (stamp, time) in [
        (
            "2026-07-22T10:00:03.123456+00:00",
            Some(1_784_714_403_123.456),
        ),
        ("2026-07-22T10:00:03Z", Some(1_784_714_403_000.0)),
        ("2026-07-22T10:00:00.123456", None),
        ("yesterday", None),
    ] {
        let row = row(&format!(r#"{{"type":"user","timestamp":"{stamp}"}}"#));
        assert_eq!(
            (row.created_at.as_deref(), row.timestamp),
            (Some(stamp), time)
        );
    }
    assert_eq!(
        row(r#"{"type":"user","timestamp":1784714400}"#).created_at,
        None
    );
}

#[test]
fn row_9_a_history_is_an_object_with_messages_or_a_bare_list() {
    let list = r#"[{"role":"user","message":"a"},{"role":"assistant","message":"b"}]"#;
    assert_eq!(ids(&rows(list)), ["1:user", "2:assistant"]);
    assert_eq!(rows(&format!("{{\"messages\":{list}}}")), rows(list));
    for (body, path) in [
        ("{}", "messages"),
        (r#"{"messages":null}"#, "messages"),
        (r#"{"messages":[7]}"#, "messages[0]"),
        (
            r#"{"messages":[{"type":"user","message":{}}]}"#,
            "messages[0].message",
        ),
        ("7", "the top"),
    ] {
        let page = page(body);
        assert_eq!(page.failed().kind, ErrorKind::Protocol);
        assert!(
            page.failed().message.contains(path),
            "{}",
            page.failed().message
        );
    }
}

/// Rows of which several share whatever they have.
fn many() -> Vec<String> {
    let rows = r#"
        {"type":"user","signal_id":"s","message":"a"}
        {"type":"tool_call","tool_id":"t","signal_id":"s"}
        {"type":"tool_call","tool_id":"t","signal_id":"s"}
        {"type":"assistant","signal_id":"s"}
        {"type":"assistant","signal_id":"s"}
        {"type":"user","signal_id":"s~2"}
        {"type":"user","signal_id":"s"}
        {"type":"user","signal_id":"s"}
        {"type":"user","signal_id":"s:assistant"}
        {"type":"note","timestamp":"2026-07-22T10:00:00Z"}
        {"type":"note","timestamp":"2026-07-22T10:00:00Z"}
        {"type":"user","signal_id":"2026-07-22T10:00:00Z"}
        {"type":"note"}
        {}
        {}
    "#;
    rows.lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_row_has_an_id_of_its_own_that_no_later_row_changes() {
    let many = many();
    let history = |count: usize| rows(&format!("[{}]", many[..count].join(",")));
    let all = history(many.len());
    let mut unique = ids(&all);
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), many.len(), "{:?}", ids(&all));
    for count in 0..many.len() {
        assert_eq!(ids(&history(count)), &ids(&all)[..count]);
    }
}

#[test]
fn every_id_leads_back_to_its_row_as_a_cursor() {
    let body = format!("[{}]", many().join(","));
    let all = rows(&body);
    for (at, row) in all.iter().enumerate() {
        let after = Some(Edge::read(row.id.to_string()));
        let answer = Answer::json(200, &body);
        let newer = run(
            &mut Script::of([answer]),
            client().page(SESSION, &range(100, None, after)),
        );
        assert_eq!(newer.messages().len(), all.len() - at - 1, "{}", row.id);
    }
}

#[test]
fn pages_are_cut_by_the_client_from_one_answer() {
    let body = fixture("r05_messages.json");
    let page = |limit, before: Option<&str>, after: Option<&str>| {
        let edge = |id: Option<&str>| id.map(|id| Edge::read(id.to_owned()));
        let range = range(limit, edge(before), edge(after));
        let answer = Answer::json(200, &body);
        let run = run(&mut Script::of([answer]), client().page(SESSION, &range));
        let ids: Vec<String> = run
            .messages()
            .iter()
            .map(|row| row.id.to_string())
            .collect();
        (ids, run.page().has_more)
    };
    assert_eq!(
        page(2, None, None),
        (
            vec!["call_1:tool_result".into(), "9f1c:assistant".into()],
            true
        )
    );
    assert_eq!(
        page(9, Some("call_1:tool_result"), None),
        (vec!["9f1c".into(), "call_1:tool_call".into()], false)
    );
    assert_eq!(
        page(9, None, Some("2026-07-22T10:00:01Z")),
        (
            vec!["call_1:tool_result".into(), "9f1c:assistant".into()],
            false
        )
    );
    let script = &mut Script::of([Answer::json(200, &body)]);
    let all = client().messages(SESSION, &range(1, None, None), Direction::Backward);
    let run = run(script, all);
    assert_eq!((run.messages().len(), run.requests.len()), (4, 1));
}

#[test]
fn the_answer_to_a_message_has_the_id_of_its_row() {
    let sent = super::sent(Answer::json(200, fixture("r03_chat_response.json")));
    let streamed = super::streamed(Answer::stream(fixture("s_canon.sse")));
    let rows = rows(&fixture("r05_messages.json"));
    for run in [sent, streamed] {
        let last = parse(&run.seen.last().unwrap().json());
        let reply = last.get("reply").unwrap_or(&last);
        assert_eq!(reply.at("message.id").text(), rows[3].id);
    }
}
