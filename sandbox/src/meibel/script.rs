//! What the scripted agent's answer comes to on this server: steps with their times, and how the turn came out.
//!
//! In: a message. Out: a [`Script`]. Nothing here knows how a stream, a synchronous answer or a history row is written.
//! Beside the words of [`crate::agent`] it knows three of its own:
//!
//! | text | what the agent does |
//! | --- | --- |
//! | `cite <text>` | says it with a citation, a source and all that an answer can carry |
//! | `files` | lists the files that came with the message, as JSON |
//! | `asked` | repeats the message's other fields and what the session was created with, as JSON |

use super::form::File;
use super::switches::{Switches, ToolResult};
use crate::Common;
use crate::agent::{self, Conduct, Delivery};
use serde_json::{Value, json};

/// A message as it was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// Nothing, where the form had no such field.
    pub text: Option<String>,
    pub timeout_seconds: Option<f64>,
    pub include_thinking: Option<bool>,
    pub include_tool_activity: Option<bool>,
    pub files: Vec<File>,
}

/// Something that happens while the agent works.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    ToolCall {
        tool: usize,
        name: &'static str,
        arguments: Value,
    },
    ToolResult {
        tool: usize,
        name: &'static str,
        result: Value,
    },
    /// More of the text.
    Piece(String),
}

/// How a turn came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// With this text; nothing, where the agent chose to be silent.
    Said(Option<String>),
    /// Not at all.
    Failed(String),
}

/// A turn.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Milliseconds after the turn began.
    pub steps: Vec<(f64, Step)>,
    pub outcome: Outcome,
    pub ends_after: f64,
    pub thought: String,
    /// Whether the text ends with a citation's mark.
    pub cites: bool,
}

/// The mark that [`Script::cites`] speaks of.
pub(super) const MARK: &str = " [1]";
/// A snapshot repeats all that was said, so a long text comes in few pieces: no message may exhaust the memory.
const MOST_SNAPSHOTS: usize = 16 * 1024 * 1024;
/// What the tool of `act` reports at most.
const MOST_REPORTS: u32 = 1000;

/// Plays a message. `text` is what is left of it after its switches, `created` what the session was created with.
pub(super) fn play(
    common: &Common,
    switches: &Switches,
    message: &Message,
    text: &str,
    created: &Value,
) -> Script {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (text, cites) = match word {
        "cite" => (format!("stream 2 20 {rest}"), true),
        "files" => (format!("say {}", listed(&message.files)), false),
        "asked" => (format!("say {}", asked(message, created)), false),
        _ => (text.to_owned(), false),
    };
    let answer = agent::answer(common.agents, common.seed, &text);
    let mut script = Script {
        steps: Vec::new(),
        outcome: Outcome::Said(Some(answer.text.clone())),
        ends_after: 0.0,
        thought: answer.thought.clone(),
        cites,
    };
    if cites {
        let arguments = json!({"userQuery": rest, "top_k": 5});
        script.uses_tool(1, "rag_search", arguments, [result(switches, "found", 0)]);
    }
    match answer.conduct {
        Conduct::Speak => script.speak(&answer.text, answer.delivery),
        Conduct::Ignore | Conduct::Silent => script.outcome = Outcome::Said(None),
        Conduct::Act { times, text } => {
            let reports: Vec<String> = (1..=MOST_REPORTS)
                .take_while(|index| f64::from(*index) <= times)
                .map(|index| format!("{text} ({index}/{times})"))
                .collect();
            let results = reports.iter().zip(1..);
            let results = results.map(|(report, index)| result(switches, report, index));
            let arguments = json!({"text": text, "topK": 5});
            script.uses_tool(1, "scripted_act", arguments, results);
            script.say_at_the_end(reports.last().unwrap_or(&answer.text));
        }
        Conduct::TwoActs { text } => {
            let first = result(switches, "first step done", 1);
            script.uses_tool(1, "first_step", json!({}), [first]);
            let second = result(switches, &text, 1);
            script.uses_tool(2, "scripted_act", json!({"text": text}), [second]);
            script.say_at_the_end(&text);
        }
    }
    if cites {
        script.put_the_mark();
    }
    script
}

impl Script {
    fn uses_tool(
        &mut self,
        tool: usize,
        name: &'static str,
        arguments: Value,
        results: impl IntoIterator<Item = Value>,
    ) {
        self.steps.push((
            self.ends_after,
            Step::ToolCall {
                tool,
                name,
                arguments,
            },
        ));
        for result in results {
            self.ends_after += 5.0;
            self.steps
                .push((self.ends_after, Step::ToolResult { tool, name, result }));
        }
    }

    /// Whole, so that no piece holds a part of it.
    fn put_the_mark(&mut self) {
        match self.steps.last_mut() {
            Some((_, Step::Piece(piece))) => piece.push_str(MARK),
            _ => self.steps.push((self.ends_after, Step::Piece(MARK.into()))),
        }
        if let Outcome::Said(Some(text)) = &mut self.outcome {
            text.push_str(MARK);
        }
    }

    fn say_at_the_end(&mut self, text: &str) {
        self.ends_after += 5.0;
        self.steps.push((self.ends_after, Step::Piece(text.into())));
        self.outcome = Outcome::Said(Some(text.into()));
    }

    fn speak(&mut self, text: &str, delivery: Delivery) {
        let mut at = self.ends_after;
        let mut piece = |at: f64, piece: &str| {
            if !piece.is_empty() {
                self.steps.push((at, Step::Piece(piece.to_owned())));
            }
        };
        match delivery {
            Delivery::After(ms) => {
                at += ms;
                piece(at, text);
            }
            Delivery::Pieces { count, pause_ms } => {
                for part in cut(text, count) {
                    at += pause_ms;
                    piece(at, part);
                }
            }
            Delivery::Burst => {
                for part in cut(text, 7.0) {
                    piece(at, part);
                }
            }
            Delivery::Halves { pause_ms } => {
                let (first, second) = halves(text);
                piece(at, first);
                at += pause_ms;
                piece(at, second);
            }
            Delivery::Words(words) => {
                for (pause_ms, word) in words {
                    at += pause_ms;
                    piece(at, &word);
                }
            }
            Delivery::Fails(reason) => self.outcome = Outcome::Failed(reason),
            Delivery::FailsHalfway(reason) => {
                piece(at, halves(text).0);
                at += 20.0;
                self.outcome = Outcome::Failed(reason);
            }
        }
        self.ends_after = at;
    }
}

fn result(switches: &Switches, report: &str, index: u32) -> Value {
    match switches.result {
        ToolResult::Object => {
            json!({"report": report, "hits": index, "rows": [{"a": 1, "userId": null}]})
        }
        ToolResult::Text => json!(report),
        ToolResult::Number => json!(index),
        ToolResult::Array => json!([report, index]),
        ToolResult::Null => Value::Null,
    }
}

/// Cuts into `count` parts of one size, between characters; one part where the count is no number.
fn cut(text: &str, count: f64) -> Vec<&str> {
    let most = (MOST_SNAPSHOTS / text.len().max(1)).max(1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = (count.max(1.0) as usize).min(most);
    let size = text.chars().count().div_ceil(count).max(1);
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest
            .char_indices()
            .nth(size)
            .map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts
}

fn halves(text: &str) -> (&str, &str) {
    let half = text.chars().count().div_ceil(2);
    let at = text
        .char_indices()
        .nth(half)
        .map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

/// Name, type and size of each file, and its text where it is short.
fn listed(files: &[File]) -> Value {
    let short = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).ok();
        text.filter(|text| text.len() <= 256)
    };
    files
        .iter()
        .map(|file| {
            json!({
                "name": file.name, "type": file.content_type, "size": file.bytes.len(), "text": short(&file.bytes),
            })
        })
        .collect()
}

fn asked(message: &Message, created: &Value) -> Value {
    json!({
        "timeout_seconds": message.timeout_seconds,
        "include_thinking": message.include_thinking,
        "include_tool_activity": message.include_tool_activity,
        "files": message.files.len(),
        "created": created,
    })
}

#[cfg(test)]
mod tests {
    use super::{Message, Outcome, Script, Step, play};
    use crate::meibel::switches::Switches;
    use crate::{Agents, Common};
    use serde_json::Value;

    fn played(text: &str) -> Script {
        let common = Common {
            seed: 0,
            latency_ms: 0.0,
            agents: Agents::Echo,
            keys: Vec::new(),
        };
        play(
            &common,
            &Switches::default(),
            &Message::default(),
            text,
            &Value::Null,
        )
    }

    fn pieces(script: &Script) -> Vec<(f64, &str)> {
        let piece = |(at, step): &'_ (f64, Step)| match step {
            Step::Piece(text) => Some((*at, text.clone())),
            _ => None,
        };
        let pieces: Vec<(f64, String)> = script.steps.iter().filter_map(piece).collect();
        pieces
            .into_iter()
            .map(|(at, text)| (at, &*Box::leak(text.into_boxed_str())))
            .collect()
    }

    #[test]
    fn the_rhythm_is_the_words() {
        assert_eq!(
            pieces(&played("stream 3 40 añb😀cd")),
            [(40.0, "añ"), (80.0, "b😀"), (120.0, "cd")]
        );
        assert_eq!(
            pieces(&played("cutwait 500 abc")),
            [(0.0, "ab"), (500.0, "c")]
        );
        assert_eq!(pieces(&played("wait 500 abc")), [(500.0, "abc")]);
        assert_eq!(pieces(&played("throwmid abcd")), [(0.0, "ab")]);
        assert_eq!(
            played("throw").outcome,
            Outcome::Failed("scripted model failure".into())
        );
        assert_eq!(played("ignore").outcome, Outcome::Said(None));
        assert_eq!(played("empty").outcome, Outcome::Said(Some(String::new())));
    }

    #[test]
    fn a_tool_is_called_and_reports() {
        let script = played("act 2 dig");
        let kinds: Vec<&str> = script
            .steps
            .iter()
            .map(|(_, step)| match step {
                Step::ToolCall { .. } => "call",
                Step::ToolResult { .. } => "result",
                Step::Piece(_) => "piece",
            })
            .collect();
        assert_eq!(kinds, ["call", "result", "result", "piece"]);
        assert_eq!(script.outcome, Outcome::Said(Some("dig (2/2)".into())));
        assert_eq!(
            played("act 0 dig").outcome,
            Outcome::Said(Some("planned text".into()))
        );
    }

    #[test]
    fn a_long_text_in_many_pieces_stays_bounded() {
        let text = "x".repeat(4 * 1024 * 1024);
        assert_eq!(
            pieces(&played(&format!("stream 1000000 1 {text}"))).len(),
            4
        );
    }
}
