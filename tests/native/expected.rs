//! What each recorded exchange means, as `expected.jsonl` says it: one line for each, written from the servers' contract.
//! An exchange whose `operation` is `null` is none that a client of ours makes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use agentline::json::write;
use serde_json::Value;

use crate::support::client::{Client, Made, message, range};
use crate::support::drive::{Answer, Run, Seen, run_with_key};
use crate::support::recorded::{Exchange, exchanges};
use crate::support::script::Script;
use crate::support::units::{self, parse};

pub const SESSION: &str = "da1c4047-5da1-4f19-a7d8-d976d3cccd03";

/// A recorded exchange of ours, and what it means.
pub struct Case {
    pub exchange: Exchange,
    pub expected: Value,
}

/// All recorded exchanges that an operation of ours makes.
pub fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(read)
}

fn read() -> Vec<Case> {
    let lines = include_str!("expected.jsonl").lines();
    let mut expected: BTreeMap<String, Value> = lines
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (line["name"].as_str().unwrap().to_owned(), line)
        })
        .collect();
    let mut cases = Vec::new();
    for exchange in exchanges() {
        let Some(expected) = expected.remove(&exchange.name) else {
            panic!("nothing is expected of {}", exchange.name);
        };
        if !expected["operation"].is_null() {
            cases.push(Case { exchange, expected });
        }
    }
    assert!(expected.is_empty(), "no such exchanges: {expected:?}");
    cases
}

/// What the history holds where the answer to a message is looked for there.
const LATER: &str = r#"{"messages":[{"id":"found","content":"it came later","authorId":"11111111-2222-4333-8444-555555555555","isAgent":true,"createdAt":"2026-12-01T00:00:00.000Z","metadata":{}}],"hasMore":false,"cursors":{"before":1796083200000,"after":1796083200000}}"#;
const EMPTY: &str = r#"{"messages":[],"hasMore":false}"#;

impl Case {
    pub fn name(&self) -> &str {
        &self.exchange.name
    }

    pub fn is_stream(&self) -> bool {
        self.word("operation") == "stream" && self.expected.get("start").is_some()
    }

    pub fn word(&self, name: &str) -> &str {
        self.expected[name].as_str().unwrap_or_default()
    }

    /// The recorded answer.
    pub fn answer(&self) -> Answer {
        let unanswered = || {
            Answer::none(crate::support::drive::End::Broken(Some("UND_ERR_SOCKET"))).late(30_000.0)
        };
        self.exchange.answer.clone().unwrap_or_else(unanswered)
    }

    fn operation(&self) -> Made {
        let client = Client::default();
        match self.word("operation") {
            "create" => client.create_for_agent(),
            "get" => client.get(SESSION),
            "list" => client.list(Default::default()),
            "delete" => client.delete(SESSION),
            "renew" => client.renew(SESSION),
            "history" => client.page(SESSION, &range(150, None, None)),
            "send" => client.send(SESSION, &message(&self.exchange.content)),
            "stream" => client.stream(SESSION, &message(&self.exchange.content)),
            other => panic!("the operation {other:?}"),
        }
    }

    /// Runs the operation against this answer. Where a history is paged further, or an answer looked for in it, the rest
    /// is there.
    pub fn run(&self, answer: Answer) -> Run {
        self.run_with_key(answer, None)
    }

    pub fn run_with_key(&self, answer: Answer, key: Option<&str>) -> Run {
        let history = self.word("operation") == "history";
        let taken = answer
            .head
            .as_ref()
            .is_some_and(agentline::http::Head::is_success);
        let whole = answer.end == crate::support::drive::End::Clean;
        let mut script = Script::new(|request, count| match count {
            0 => answer.clone(),
            // what is repeated fails again
            _ if !history && request.body.is_none() && request.url.contains('?') => {
                Answer::json(200, LATER)
            }
            _ if history && taken && whole => Answer::json(200, EMPTY),
            _ => answer.clone(),
        });
        run_with_key(&mut script, self.operation(), key)
    }

    /// Holds a run against the line of the table.
    pub fn check(&self, run: &Run) {
        let name = self.name();
        let expected = &self.expected;
        let (kinds, error) = (run.kinds(), error(run));
        assert_eq!(error, expected.get("error").cloned(), "{name}");
        if let Some(says) = expected.get("says") {
            let message = &run.failed().message;
            assert!(
                message.contains(says.as_str().unwrap()),
                "{name}: {message}"
            );
        }
        if self.is_stream() {
            return self.check_stream(run);
        }
        if error.is_some() {
            assert_eq!(kinds, [""; 0], "{name}");
            return;
        }
        let json: Vec<units::Value> = run.seen.iter().map(|seen| parse(&seen.json())).collect();
        if let Some(id) = expected.get("session") {
            assert_eq!(kinds, ["session"], "{name}");
            assert_eq!(json[0].at("id").text(), *id, "{name}");
            assert_eq!(
                json[0].at("expiresAt").text(),
                expected["expiresAt"],
                "{name}"
            );
            assert_eq!(json[0].at("status").text(), "active", "{name}");
            assert_eq!(json[0].at("raw"), &self.body(), "{name}");
        } else if let Some(rows) = expected.get("rows") {
            let messages = run.messages();
            let oldest = messages.first().map_or("", |message| &message.id);
            let newest = messages.last().map_or("", |message| &message.id);
            assert_eq!(messages.len() as u64, *rows, "{name}");
            assert_eq!(
                (oldest, newest),
                (self.word("oldest"), self.word("newest")),
                "{name}"
            );
            let agents = json.iter().filter(|row| {
                row.get("role") == Some(&units::Value::String(units::units("assistant")))
            });
            assert_eq!(agents.count() as u64, expected["byAgent"], "{name}");
            assert_eq!(kinds.last(), Some(&"page"), "{name}");
        } else if expected.get("nothing").is_some() {
            assert_eq!(kinds, [""; 0], "{name}");
        } else if let Some(id) = expected.get("reply") {
            assert_eq!(kinds, ["reply"], "{name}");
            assert_eq!(json[0].at("message.id").text(), *id, "{name}");
            assert_eq!(json[0].at("message.text").string(), self.text(), "{name}");
            assert_eq!(json[0].at("raw"), self.body().at("agentResponse"), "{name}");
        } else {
            let started = kinds.first() == Some(&"start");
            let found = json.last().unwrap();
            let reply = if started { found.at("reply") } else { found };
            assert_eq!(reply.at("message.id").text(), "found", "{name}");
            if started {
                assert_eq!(json[0].at("messageId").text(), self.word("later"), "{name}");
                assert_eq!(kinds, ["start", "content", "done"], "{name}");
            }
        }
    }

    fn check_stream(&self, run: &Run) {
        let (name, kinds) = (self.name(), run.kinds());
        let count = |kind: &str| kinds.iter().filter(|other| **other == kind).count();
        let first = parse(&run.seen[0].json());
        assert_eq!(kinds[0], "start", "{name}");
        assert_eq!(first.at("messageId").text(), self.word("start"), "{name}");
        assert_eq!(count("content") as u64, self.expected["deltas"], "{name}");
        assert_eq!(count("start"), 1, "{name}");
        let done = usize::from(self.expected.get("reply").is_some());
        assert_eq!(count("done"), done, "{name}");
        let replaced = self.expected["replaced"] == true;
        assert_eq!(count("replace"), usize::from(replaced), "{name}");
        if done == 0 {
            let partial = self
                .expected
                .get("partial")
                .map(|text| text.as_str().unwrap());
            let partial = partial.filter(|text| !text.is_empty()).map(units::units);
            assert_eq!(partial_text(run), partial, "{name}");
            return;
        }
        assert_eq!(kinds.last(), Some(&"done"), "{name}");
        let last = parse(&run.seen.last().unwrap().json());
        assert_eq!(
            last.at("reply.message.id").text(),
            self.word("reply"),
            "{name}"
        );
        assert_eq!(
            last.at("reply.message.text").string(),
            self.text(),
            "{name}"
        );
        assert_eq!(shown(&run.seen), self.text(), "{name}");
    }

    /// The text that the table gives, as units: itself, or what stands before something that is repeated so many times;
    /// the server trims the end.
    fn text(&self) -> Vec<u16> {
        let text = match &self.expected["text"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let times = usize::try_from(parts[2].as_u64().unwrap()).unwrap();
                parts[0].as_str().unwrap().to_owned() + &parts[1].as_str().unwrap().repeat(times)
            }
            other => panic!("the text {other}"),
        };
        units::units(text.trim_end())
    }

    fn body(&self) -> units::Value {
        parse(std::str::from_utf8(&self.exchange.body).unwrap())
    }
}

/// What a person sees in the end: the deltas joined, with each `replace` applied.
pub fn shown(seen: &[Seen]) -> Vec<u16> {
    let mut shown = Vec::new();
    for seen in seen {
        match seen {
            Seen::Event("content", json) => shown.extend(parse(json).at("delta").string()),
            Seen::Event("replace", json) => shown = parse(json).at("text").string().to_vec(),
            _ => {}
        }
    }
    shown
}

/// The text of an error's partial reply.
pub fn partial_text(run: &Run) -> Option<Vec<u16>> {
    let error = parse(&write::text(run.failed()));
    let partial = error.get("partial")?;
    assert_eq!(
        partial.at("message.complete"),
        &units::Value::Boolean(false)
    );
    Some(partial.at("message.text").string().to_vec())
}

/// The fields of an error that programs decide by.
pub fn error(run: &Run) -> Option<Value> {
    let error = parse(&write::text(run.error.as_ref()?));
    let mut kept = serde_json::Map::new();
    for name in [
        "kind",
        "status",
        "code",
        "retryable",
        "retryAfter",
        "delivered",
    ] {
        let value = match error.get(name) {
            Some(units::Value::String(text)) => String::from_utf16(text).unwrap().into(),
            Some(units::Value::Number(number)) => serde_json::from_str(number).unwrap(),
            Some(units::Value::Boolean(value)) => (*value).into(),
            _ => continue,
        };
        kept.insert(name.to_owned(), value);
    }
    assert_eq!(error.at("backend").text(), "eliza");
    Some(kept.into())
}
