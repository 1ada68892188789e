//! Rules as JSON: a list of them, or `{rules, seed}`.
//!
//! In: bytes. Out: [`Faults`], or one sentence that names the first field that is wrong. The same sentences are in
//! `pkg-template/sandbox.js`, which must say them before the module is there; a test holds the two together.

use super::{Faults, Rule};
use serde_json::{Map, Value};

/// What a field may hold.
enum Kind {
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any text but the empty one.
    Text,
    Flag,
    /// A whole number from here on.
    Whole(u64),
    /// A whole number between two others.
    Between(u64, u64),
    Chance,
    /// A time, up to a day.
    Milliseconds,
    /// A distance of two clocks, up to 31 years.
    Distance,
}

type Fields = &'static [(&'static str, Kind)];

const MOST_WHOLE: u64 = 9_007_199_254_740_991;
const DAY: f64 = 86_400_000.0;
const MOST_DISTANCE: f64 = 1e12;

const RULE: Fields = &[
    ("backend", Kind::Word(&["meibel", "agentcloud", "eliza"])),
    (
        "operation",
        Kind::Word(&[
            "createSession",
            "getSession",
            "listSessions",
            "deleteSession",
            "cancelSession",
            "renewSession",
            "startSession",
            "setVariables",
            "sendMessage",
            "getMessages",
            "signIn",
            "listen",
        ]),
    ),
    ("method", Kind::Text),
    ("path", Kind::Text),
    ("session", Kind::Text),
    ("chance", Kind::Chance),
    ("nth", Kind::Whole(1)),
    ("from", Kind::Whole(1)),
    ("times", Kind::Whole(0)),
];

/// What each fault has, and which of it must be there.
const FAULTS: &[(&str, Fields, &[&str])] = &[
    ("refuse", &[("after", Kind::Milliseconds)], &[]),
    ("lose", &[("after", Kind::Milliseconds)], &[]),
    ("hang", &[("taken", Kind::Flag)], &[]),
    (
        "status",
        &[
            ("status", Kind::Between(400, 599)),
            ("retryAfter", Kind::Between(0, 86_400)),
            ("date", Kind::Flag),
            ("taken", Kind::Flag),
        ],
        &["status"],
    ),
    (
        "html",
        &[("status", Kind::Between(200, 599)), ("taken", Kind::Flag)],
        &[],
    ),
    ("stall", &[("at", Kind::Whole(0))], &[]),
    ("cut", &[("at", Kind::Whole(0)), ("clean", Kind::Flag)], &[]),
    (
        "drip",
        &[("bytes", Kind::Whole(1)), ("every", Kind::Milliseconds)],
        &["every"],
    ),
    ("duplicate", &[("frame", Kind::Whole(1))], &[]),
    ("reorder", &[("frame", Kind::Whole(1))], &[]),
    (
        "newline",
        &[("newline", Kind::Word(&["crlf", "cr"]))],
        &["newline"],
    ),
    ("bom", &[], &[]),
    ("split", &[("pause", Kind::Milliseconds)], &[]),
    (
        "store",
        &[("message", Kind::Flag), ("answer", Kind::Flag)],
        &[],
    ),
    (
        "skew",
        &[("ms", Kind::Distance), ("jitter", Kind::Milliseconds)],
        &["ms"],
    ),
];

impl Faults {
    /// Reads rules: a list, or `{rules, seed}`.
    ///
    /// # Errors
    /// What is wrong, in one sentence that names the field.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let value =
            serde_json::from_slice(json).map_err(|error| format!("faults is no JSON: {error}"))?;
        Self::of(&value)
    }

    fn of(value: &Value) -> Result<Self, String> {
        let (rules, at, seed) = match value {
            Value::Array(rules) => (rules, "faults", None),
            Value::Object(fields) => {
                if let Some(name) = fields
                    .keys()
                    .find(|name| !["rules", "seed"].contains(&name.as_str()))
                {
                    return Err(format!(
                        "faults.{name} is not known; faults takes rules, seed"
                    ));
                }
                let seed = present(fields, "seed");
                if let Some(seed) = seed {
                    Kind::Whole(0).check("faults.seed", seed)?;
                }
                let rules = present(fields, "rules");
                let rules = rules
                    .and_then(Value::as_array)
                    .ok_or_else(|| wants("faults.rules", "a list of rules", rules))?;
                (rules, "faults.rules", seed.and_then(Value::as_u64))
            }
            other => {
                return Err(wants(
                    "faults",
                    "a list of rules, or {rules, seed}",
                    Some(other),
                ));
            }
        };
        let rules = rules.iter().enumerate();
        let rules = rules.map(|(index, rule)| read_rule(&format!("{at}[{index}]"), rule));
        Ok(Self {
            seed,
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

/// A field; one that is `null` is none, as one that is `undefined` never comes here.
fn present<'value>(fields: &'value Map<String, Value>, name: &str) -> Option<&'value Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn wants(name: &str, wanted: &str, found: Option<&Value>) -> String {
    match found {
        Some(found) => format!("{name} wants {wanted}, not {found}"),
        None => format!("{name} is missing: it wants {wanted}"),
    }
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}

fn read_rule(at: &str, rule: &Value) -> Result<Rule, String> {
    let Value::Object(fields) = rule else {
        return Err(wants(at, "a rule", Some(rule)));
    };
    let name = present(fields, "fault");
    let known = FAULTS
        .iter()
        .find(|(fault, ..)| name.and_then(Value::as_str) == Some(fault));
    let Some((fault, own, needed)) = known else {
        let words: Vec<&str> = FAULTS.iter().map(|(fault, ..)| *fault).collect();
        let wanted = format!("one of {}", quoted(&words));
        return Err(wants(&format!("{at}.fault"), &wanted, name));
    };
    for (field, value) in fields.iter().filter(|(field, _)| *field != "fault") {
        let kind = RULE.iter().chain(*own).find(|(name, _)| name == field);
        let Some((_, kind)) = kind else {
            let names = |fields: Fields| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>();
            let all = [names(own), names(RULE)].concat().join(", ");
            return Err(format!(
                "{at}.{field} is not known; \"{fault}\" takes {all}"
            ));
        };
        if !value.is_null() {
            kind.check(&format!("{at}.{field}"), value)?;
        }
    }
    for field in *needed {
        if present(fields, field).is_none() {
            let kind = own.iter().find(|(name, _)| name == field);
            let wanted = kind.map(|(_, kind)| kind.wanted()).unwrap_or_default();
            return Err(wants(&format!("{at}.{field}"), &wanted, None));
        }
    }
    let present = fields.iter().filter(|(_, value)| !value.is_null());
    let present: Map<String, Value> = present
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    serde_json::from_value(Value::Object(present)).map_err(|error| format!("{at}: {error}"))
}

impl Kind {
    fn wanted(&self) -> String {
        match self {
            Self::Word(words) => format!("one of {}", quoted(words)),
            Self::Text => "a text that is not empty".into(),
            Self::Flag => "true or false".into(),
            Self::Whole(least) => format!("a whole number, {least} or more"),
            Self::Between(least, most) => format!("a whole number from {least} to {most}"),
            Self::Chance => "a number from 0 to 1".into(),
            Self::Milliseconds => format!("a number of milliseconds from 0 to {DAY}"),
            Self::Distance => {
                format!("a number of milliseconds from -{MOST_DISTANCE} to {MOST_DISTANCE}")
            }
        }
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let whole = value.as_u64();
        let number = value.as_f64();
        let fine = match self {
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Text => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::Flag => value.is_boolean(),
            Self::Whole(least) => whole.is_some_and(|whole| (*least..=MOST_WHOLE).contains(&whole)),
            Self::Between(least, most) => {
                whole.is_some_and(|whole| (*least..=*most).contains(&whole))
            }
            Self::Chance => number.is_some_and(|number| (0.0..=1.0).contains(&number)),
            Self::Milliseconds => number.is_some_and(|number| (0.0..=DAY).contains(&number)),
            Self::Distance => number.is_some_and(|number| number.abs() <= MOST_DISTANCE),
        };
        if fine {
            return Ok(());
        }
        Err(wants(name, &self.wanted(), Some(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::{FAULTS, Faults, RULE};
    use crate::dialect::{Dialect, Operation};
    use crate::fault::{Fault, Newline, Rule};
    use serde_json::{Value, json};

    #[test]
    fn what_is_wrong_is_said_in_one_sentence_that_names_the_field() {
        for (json, said) in [
            (
                "[",
                "faults is no JSON: EOF while parsing a list at line 1 column 1",
            ),
            ("7", "faults wants a list of rules, or {rules, seed}, not 7"),
            ("{}", "faults.rules is missing: it wants a list of rules"),
            (
                r#"{"rules":[],"sed":1}"#,
                "faults.sed is not known; faults takes rules, seed",
            ),
            (
                r#"{"rules":[],"seed":-1}"#,
                "faults.seed wants a whole number, 0 or more, not -1",
            ),
            ("[7]", "faults[0] wants a rule, not 7"),
            (
                r#"{"rules":[{"fault":"bom"},{"fault":"bom","nth":0}]}"#,
                "faults.rules[1].nth wants a whole number, 1 or more, not 0",
            ),
            (
                r#"[{"fault":"bom","chance":1.5}]"#,
                "faults[0].chance wants a number from 0 to 1, not 1.5",
            ),
            (
                r#"[{"fault":"cut","at":-3}]"#,
                "faults[0].at wants a whole number, 0 or more, not -3",
            ),
            (
                r#"[{"fault":"cut","at":1.5}]"#,
                "faults[0].at wants a whole number, 0 or more, not 1.5",
            ),
            (
                r#"[{"fault":"cut","clean":"yes"}]"#,
                "faults[0].clean wants true or false, not \"yes\"",
            ),
            (
                r#"[{"fault":"drip","every":-1}]"#,
                "faults[0].every wants a number of milliseconds from 0 to 86400000, not -1",
            ),
            (
                r#"[{"fault":"drip"}]"#,
                "faults[0].every is missing: it wants a number of milliseconds from 0 to 86400000",
            ),
            (
                r#"[{"fault":"status","status":200}]"#,
                "faults[0].status wants a whole number from 400 to 599, not 200",
            ),
            (
                r#"[{"fault":"newline","newline":"lf"}]"#,
                "faults[0].newline wants one of \"crlf\", \"cr\", not \"lf\"",
            ),
            (
                r#"[{"fault":"bom","backend":"openai"}]"#,
                "faults[0].backend wants one of \"meibel\", \"agentcloud\", \"eliza\", not \"openai\"",
            ),
            (
                r#"[{"fault":"bom","path":""}]"#,
                "faults[0].path wants a text that is not empty, not \"\"",
            ),
            (
                r#"[{"fault":"skew","ms":2e12}]"#,
                "faults[0].ms wants a number of milliseconds from -1000000000000 to 1000000000000, not 2000000000000.0",
            ),
            (
                r#"[{"fault":"bom","at":1}]"#,
                "faults[0].at is not known; \"bom\" takes backend, operation, method, path, session, chance, nth, from, times",
            ),
        ] {
            assert_eq!(
                Faults::read(json.as_bytes()),
                Err(said.to_owned()),
                "{json}"
            );
        }
        for json in [r#"[{"fault":"explode"}]"#, "[{}]", r#"[{"fault":null}]"#] {
            let said = Faults::read(json.as_bytes()).unwrap_err();
            assert!(said.starts_with("faults[0].fault "), "{said}");
            assert!(
                said.contains("one of \"refuse\", \"lose\", \"hang\", "),
                "{said}"
            );
        }
    }

    #[test]
    fn a_rule_is_read_with_all_that_it_names() {
        let json = json!({"seed": 9, "rules": [
            {"fault": "cut", "at": 12, "clean": true, "backend": "meibel", "operation": "sendMessage", "method": "POST",
             "path": "/v2/*", "session": "s", "chance": 0.5, "nth": 1, "from": 2, "times": 3},
            {"fault": "newline", "newline": "cr"},
            {"fault": "drip", "every": 0, "bytes": null},
        ]});
        let rules = vec![
            Rule {
                backend: Some(Dialect::Meibel),
                operation: Some(Operation::SendMessage),
                method: Some("POST".into()),
                path: Some("/v2/*".into()),
                session: Some("s".into()),
                chance: Some(0.5),
                nth: Some(1),
                from: Some(2),
                times: Some(3),
                ..Rule::new(Fault::Cut {
                    at: Some(12),
                    clean: true,
                })
            },
            Rule::new(Fault::Newline {
                newline: Newline::Cr,
            }),
            Rule::new(Fault::Drip {
                bytes: 1,
                every_ms: 0.0,
            }),
        ];
        let read = Faults::read(json.to_string().as_bytes());
        assert_eq!(
            read,
            Ok(Faults {
                seed: Some(9),
                rules
            })
        );
    }

    #[test]
    fn every_word_of_the_tables_makes_a_rule_and_is_written_as_it_is_read() {
        for (fault, ..) in FAULTS {
            let mut json = json!([{
                "fault": fault, "status": 503, "every": 1, "newline": "cr", "ms": -1.0,
            }]);
            let rule = json[0].as_object_mut().unwrap();
            let own = FAULTS.iter().find(|(name, ..)| name == fault).unwrap().1;
            rule.retain(|name, _| name == "fault" || own.iter().any(|(field, _)| field == name));
            let read = Faults::read(json.to_string().as_bytes()).unwrap();
            let written = serde_json::to_value(&read.rules).unwrap();
            assert_eq!(Faults::of(&written), Ok(read), "{written}");
        }
        let operations = RULE.iter().find_map(|(name, kind)| match kind {
            super::Kind::Word(words) if *name == "operation" => Some(*words),
            _ => None,
        });
        for word in operations.unwrap() {
            let operation: Operation = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(serde_json::to_value(operation).unwrap(), Value::from(*word));
        }
    }
}
